//===- AttentionParts.cpp - what operators of attention have in common --------===//
#include "frontends/onnx/ops/AttentionParts.h"

#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

Value headsOfRows(NodeImporter &node, Value rows, int64_t heads) { return reshape(node, rows, {0, 0, heads, -1}); }

Value headsFirst(NodeImporter &node, Value heads) { return transpose(node, heads, {0, 2, 1, 3}); }

Value rowsOfHeads(NodeImporter &node, Value x) { return reshape(node, transpose(node, x, {0, 2, 1, 3}), {0, 0, -1}); }

/// Heads of keys or values repeated for the query heads that share them.
static Value repeatHeads(NodeImporter &node, Value x, int64_t heads) {
  int64_t repeats = heads / NodeImporter::shapeOf(x)[1];
  if (repeats == 1)
    return x;
  Type element = NodeImporter::elementTypeOf(x), i64 = node.builder().getI64Type();
  Value repeated = node.create<nn::BroadcastToOp>(element, unsqueeze(node, x, {2}),
                                                  node.intsConstant({1, 1, repeats, 1, 1}));
  Value shape =
      concat(node, {extent(node, x, 0), node.intsConstant({heads}), node.create<nn::ShapeOfOp>(i64, x, 2, 4)}, 0);
  return node.create<nn::ReshapeOp>(element, repeated, shape, /*allow_zero=*/true);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

Value maskUnless(NodeImporter &node, Value allowed, Type type, double masked) {
  return select(node, allowed, node.scalarConstant(type, 0), node.scalarConstant(type, masked));
}

Value forKeys(NodeImporter &node, Value mask, Value k) {
  int64_t last = NodeImporter::rankOf(mask) - 1;
  if (failed(node.status()) || isSameDim(node, mask, last, k, 2))
    return mask;
  Type i64 = node.builder().getI64Type();
  Value shape = concat(node, {node.create<nn::ShapeOfOp>(i64, mask, 0, last), extent(node, k, 2)}, 0);
  return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(mask), mask, shape, /*allow_zero=*/true);
}

Value plus(NodeImporter &node, Value bias, Value part) {
  return bias ? binary(node, BinaryKind::add, bias, part) : part;
}

Value rowPositions(NodeImporter &node, Value q) { return unsqueeze(node, countTo(node, extent(node, q, 2)), {1}); }

Value keyPositions(NodeImporter &node, Value k) { return countTo(node, extent(node, k, 2)); }

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult checkHeads(NodeImporter &node, Value q, Value k) {
  if (failed(node.status()))
    return failure();
  int64_t heads = NodeImporter::shapeOf(q)[1], sharing = NodeImporter::shapeOf(k)[1];
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(sharing))
    return node.error("unsupported: a dynamic number of heads");
  if (sharing < 1 || heads % sharing != 0)
    return node.error("the " + Twine(heads) + " heads of Q are no multiple of K's " + Twine(sharing));
  return success();
}

FailureOr<double> scaleOf(NodeImporter &node, Value q, bool zeroIsNone) {
  int64_t size = NodeImporter::shapeOf(q)[3];
  double scale = node.floatAttr("scale", 0);
  if (!node.hasAttr("scale") || (zeroIsNone && scale == 0)) {
    if (ShapedType::isDynamic(size))
      return node.error("unsupported: a dynamic head size without a scale");
    scale = size > 0 ? 1 / std::sqrt(static_cast<double>(size)) : 1;
  }
  if (scale < 0)
    return node.error("unsupported: a negative scale");
  return scale;
}

LogicalResult HeadAttention::build(NodeImporter &node) {
  Type type = NodeImporter::elementTypeOf(q);
  if (!softmaxType)
    softmaxType = type;
  int64_t heads = NodeImporter::shapeOf(q)[1];
  // Both factors take the root of the scale, which keeps products of f16 in range.
  Value root = node.scalarConstant(type, std::sqrt(scale));
  Value keys = node.castTo(repeatHeads(node, k, heads), type), values = node.castTo(repeatHeads(node, v, heads), type);
  scores = node.create<nn::MatMulOp>(type, binary(node, BinaryKind::mul, q, root),
                                     binary(node, BinaryKind::mul, keys, root), false, /*transpose_b=*/true);
  if (softcap > 0) {
    Value cap = node.scalarConstant(type, softcap);
    Value bounded = node.create<nn::UnaryOp>(type, nn::UnaryKind::tanh, binary(node, BinaryKind::div, scores, cap),
                                             FloatAttr(), FloatAttr());
    scores = binary(node, BinaryKind::mul, bounded, cap);
  }
  biased = bias ? binary(node, BinaryKind::add, scores, bias) : scores;
  if (failed(node.status()))
    return failure();
  int64_t last = NodeImporter::rankOf(biased) - 1;
  Value wide = node.castTo(biased, softmaxType);
  weights = node.create<nn::SoftmaxOp>(softmaxType, nn::SoftmaxKind::softmax, wide, last);
  if (bias && mayMaskRows) {
    Value best = node.create<nn::ReduceOp>(type, nn::ReduceKind::max, bias,
                                           ArrayRef<int64_t>{NodeImporter::rankOf(bias) - 1}, /*keepdims=*/true);
    Value isMasked = compare(node, CompareKind::eq, best, node.scalarConstant(type, -INFINITY));
    weights = select(node, isMasked, node.scalarConstant(softmaxType, 0), weights);
  }
  weights = node.castTo(weights, type);
  y = node.create<nn::MatMulOp>(type, weights, values, false, false);
  return node.status();
}

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

FailureOr<Value> rotate(NodeImporter &node, Value x, Value cosines, Value sines, int64_t rotated, int64_t headDim,
                        bool interleaved) {
  if (failed(node.status()))
    return failure();
  int64_t size = NodeImporter::shapeOf(x)[3];
  if (ShapedType::isDynamic(size))
    return node.error("unsupported: a dynamic head size");
  if (rotated == 0)
    rotated = size;
  if (rotated < 0 || rotated > size || rotated % 2 != 0)
    return node.error("rotary_embedding_dim is " + Twine(rotated) + " for heads of " + Twine(size));
  for (Value cache : {cosines, sines}) {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(cache);
    if (shape.size() != 3 || (!ShapedType::isDynamic(shape[2]) && shape[2] != rotated / 2))
      return node.error("the caches do not hold " + Twine(rotated / 2) + " angles per position");
  }
  // The angles are the same for all heads.
  cosines = unsqueeze(node, cosines, {headDim});
  sines = unsqueeze(node, sines, {headDim});

  Value first = interleaved ? slice(node, x, 3, 0, rotated, 2) : slice(node, x, 3, 0, rotated / 2);
  Value second = interleaved ? slice(node, x, 3, 1, rotated, 2) : slice(node, x, 3, rotated / 2, rotated);
  auto times = [&](Value a, Value b) { return binary(node, BinaryKind::mul, a, b); };
  Value real = binary(node, BinaryKind::sub, times(cosines, first), times(sines, second));
  Value imaginary = binary(node, BinaryKind::add, times(sines, first), times(cosines, second));
  Value turned;
  if (interleaved) {
    Value pairs = concat(node, {unsqueeze(node, real, {4}), unsqueeze(node, imaginary, {4})}, 4);
    turned = reshape(node, pairs, {0, 0, 0, -1});
  } else {
    turned = concat(node, {real, imaginary}, 3);
  }
  if (rotated < size)
    turned = concat(node, {turned, slice(node, x, 3, rotated, size)}, 3);
  if (failed(node.status()))
    return failure();
  return turned;
}

bool isSameDim(NodeImporter &node, Value x, int64_t i, Value y, int64_t j) {
  return succeeded(node.status()) && node.isExtentOf(extent(node, x, i), y, j);
}

} // namespace nnc::onnx
