//===- DataDependent.cpp - results as long as the data says -------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

LogicalResult importNonZero(NodeImporter &node) {
  node.setOutput(0, node.create<nn::NonZeroOp>(node.builder().getI64Type(), node.input(0)));
  return node.status();
}

/// The axis if the node has one.
IntegerAttr optionalAxis(NodeImporter &node) {
  if (!node.hasAttr("axis"))
    return {};
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(node.input(0)));
  return node.builder().getI64IntegerAttr(axis);
}

LogicalResult importCompress(NodeImporter &node) {
  IntegerAttr axis = optionalAxis(node);
  node.setOutput(0, node.create<nn::CompressOp>(node.elementType(0), node.input(0), node.input(1), axis));
  return node.status();
}

LogicalResult importUnique(NodeImporter &node) {
  IntegerAttr axis = optionalAxis(node);
  BoolAttr sorted = node.builder().getBoolAttr(node.intAttr("sorted", 1) != 0);
  Type i64 = node.builder().getI64Type();
  auto results = node.createMany<nn::UniqueOp>({node.elementType(0), i64, i64, i64}, node.input(0), axis, sorted);
  for (auto [i, result] : llvm::enumerate(results))
    node.setOutput(i, result);
  return node.status();
}

LogicalResult importNonMaxSuppression(NodeImporter &node) {
  OpBuilder &b = node.builder();
  Value limit = node.input(2), iou = node.input(3), score = node.input(4);
  if (!limit)
    limit = node.intScalarConstant(b.getI64Type(), 0);
  if (!iou)
    iou = node.scalarConstant(b.getF32Type(), 0);
  // Without a threshold every score counts.
  if (!score)
    score = node.scalarConstant(b.getF32Type(), -std::numeric_limits<double>::infinity());
  bool centerPointBox = node.intAttr("center_point_box", 0) != 0;
  node.setOutput(0, node.create<nn::NonMaxSuppressionOp>(b.getI64Type(), node.input(0), node.input(1), limit, iou,
                                                         score, centerPointBox));
  return node.status();
}

} // namespace

void registerDataDependentImporters(Registry &registry) {
  registry.add("NonZero", importNonZero);
  registry.add("Compress", importCompress);
  registry.add("Unique", importUnique);
  registry.add("NonMaxSuppression", importNonMaxSuppression);
}

} // namespace nnc::onnx
