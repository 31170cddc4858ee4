#include "frontends/onnx/ops/Builders.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {

Value binary(NodeImporter &node, BinaryKind kind, Value a, Value b) {
  return node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b);
}

Value compare(NodeImporter &node, CompareKind kind, Value a, Value b) {
  return node.create<nn::CompareOp>(node.builder().getI1Type(), kind, a, b);
}

Value select(NodeImporter &node, Value condition, Value a, Value b) {
  return node.create<nn::SelectOp>(NodeImporter::elementTypeOf(a), condition, a, b);
}

Value unsqueeze(NodeImporter &node, Value x, ArrayRef<int64_t> axes) {
  return node.create<nn::UnsqueezeOp>(NodeImporter::elementTypeOf(x), x, axes);
}

Value reshape(NodeImporter &node, Value x, ArrayRef<int64_t> shape) {
  return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(x), x, node.intsConstant(shape), /*allow_zero=*/false);
}

Value transpose(NodeImporter &node, Value x, ArrayRef<int64_t> perm) {
  return node.create<nn::TransposeOp>(NodeImporter::elementTypeOf(x), x, perm);
}

Value concat(NodeImporter &node, ArrayRef<Value> parts, int64_t axis) {
  return node.create<nn::ConcatOp>(NodeImporter::elementTypeOf(parts.front()), parts, axis);
}

Value extent(NodeImporter &node, Value x, int64_t i) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, i, i + 1);
}

Value slice(NodeImporter &node, Value x, int64_t axis, int64_t from, int64_t to, int64_t step) {
  return node.create<nn::SliceOp>(NodeImporter::elementTypeOf(x), x, node.intsConstant({from}), node.intsConstant({to}),
                                  ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{step});
}

SmallVector<Value> splitLast(NodeImporter &node, Value x, ArrayRef<int64_t> extents) {
  SmallVector<Type> types(extents.size(), NodeImporter::elementTypeOf(x));
  return llvm::to_vector_of<Value>(
      node.createMany<nn::SplitOp>(types, x, node.intsConstant(extents), NodeImporter::rankOf(x) - 1));
}

} // namespace nnc::onnx
