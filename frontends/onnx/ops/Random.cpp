//===- Random.cpp - random numbers --------------------------------------------===//
//
// A node without a seed is seeded by its name: a compiled model is a function, and two nodes draw different numbers.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using nnc::nn::RandomKind;

namespace nnc::onnx {
namespace {

int64_t seedOf(NodeImporter &node) {
  if (node.hasAttr("seed"))
    return llvm::bit_cast<int64_t>(node.floatAttr("seed", 0));
  return static_cast<int64_t>(llvm::xxh3_64bits(describeLocation(node.getLoc())));
}

Value random(NodeImporter &node, Type type, RandomKind kind, Value shape, double low, double high) {
  return node.create<nn::RandomOp>(type, kind, shape, llvm::APFloat(low), llvm::APFloat(high),
                                   static_cast<uint64_t>(seedOf(node)));
}

Value shapeOf(NodeImporter &node, Value x) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, int64_t(0), NodeImporter::rankOf(x));
}

LogicalResult checkFloat(NodeImporter &node, Type type) {
  return isa<FloatType>(type) ? success() : node.error("the result is no tensor of floats");
}

/// RandomUniform, RandomNormal and their Like forms, which take shape and type from an input.
LogicalResult importRandom(NodeImporter &node, RandomKind kind, bool isLike) {
  Type type = node.builder().getF32Type();
  if (isLike && isa<FloatType>(node.elementType(0)))
    type = node.elementType(0);
  type = node.typeAttr("dtype", type);
  bool isUniform = kind == RandomKind::uniform;
  double low = isUniform ? node.floatAttr("low", 0) : node.floatAttr("mean", 0);
  double high = isUniform ? node.floatAttr("high", 1) : node.floatAttr("scale", 1);
  Value shape = isLike ? shapeOf(node, node.input(0)) : node.intsConstant(node.intsAttr("shape"));
  if (failed(node.status()) || failed(checkFloat(node, type)))
    return failure();
  node.setOutput(0, random(node, type, kind, shape, low, high));
  return node.status();
}

/// Operators whose only test of rightness is numpy's own stream of random numbers, which nnc does not draw.
LogicalResult refuseRandom(NodeImporter &node) {
  return node.error("unsupported: ONNX leaves its random numbers open, and nnc's would differ from every other runtime's");
}

/// Draws classes from unnormalized log-probabilities [batch, classes]: the class with the largest sum of its logarithm
/// and Gumbel noise, -log(-log(u)), has the wanted distribution.
LogicalResult importMultinomial(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.typeAttr("dtype", node.builder().getI32Type()), i64 = node.builder().getI64Type();
  int64_t samples = node.intAttr("sample_size", 1);
  if (NodeImporter::rankOf(x) != 2)
    return node.error("the input needs rank 2, it has " + Twine(NodeImporter::rankOf(x)));
  if (samples < 1)
    return node.error("sample_size is " + Twine(samples));
  Type f32 = node.builder().getF32Type();
  Value logits = node.create<nn::UnsqueezeOp>(f32, node.castTo(x, f32), ArrayRef<int64_t>{1});
  auto extent = [&](int64_t i) { return node.create<nn::ShapeOfOp>(i64, x, i, i + 1); };
  Value parts[] = {extent(0), node.intsConstant({samples}), extent(1)};
  Value shape = node.create<nn::ConcatOp>(i64, ValueRange(parts), int64_t(0));
  // Away from 0, whose logarithm is infinite.
  Value noise = random(node, f32, RandomKind::uniform, shape, 0x1p-25, 1);
  auto minusLog = [&](Value value) {
    value = node.create<nn::UnaryOp>(f32, nn::UnaryKind::log, value, FloatAttr(), FloatAttr());
    return node.create<nn::UnaryOp>(f32, nn::UnaryKind::neg, value, FloatAttr(), FloatAttr());
  };
  Value gumbel = minusLog(minusLog(noise));
  Value score = node.create<nn::BinaryOp>(f32, nn::BinaryKind::add, logits, gumbel);
  Value drawn = node.create<nn::ArgReduceOp>(i64, nn::ArgKind::max, score, int64_t(2), /*keepdims=*/false,
                                             /*select_last=*/false);
  node.setOutput(0, node.castTo(drawn, type));
  return node.status();
}

} // namespace

void registerRandomImporters(Registry &registry) {
  registry.add("RandomUniform", [](NodeImporter &node) { return importRandom(node, RandomKind::uniform, false); });
  registry.add("RandomNormal", [](NodeImporter &node) { return importRandom(node, RandomKind::normal, false); });
  registry.add("RandomUniformLike", refuseRandom);
  registry.add("RandomNormalLike", [](NodeImporter &node) { return importRandom(node, RandomKind::normal, true); });
  registry.add("Bernoulli", refuseRandom);
  registry.add("Multinomial", importMultinomial);
}

} // namespace nnc::onnx
