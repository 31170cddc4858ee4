//===- Shapes.cpp - shapes that importers compute -----------------------------===//
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {

Value shapeTensor(NodeImporter &node, Value x, ArrayRef<Extent> extents) {
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(x);
  SmallVector<int64_t> numbers;
  bool hasZero = false;
  for (const Extent &extent : extents) {
    int64_t number = extent.dim < 0 ? 1 : shape[extent.dim];
    numbers.push_back(ShapedType::isDynamic(number) ? -1 : number * extent.factor / extent.divisor);
    hasZero |= numbers.back() == 0;
  }
  // Nothing can be inferred from a tensor without elements.
  if (llvm::count(numbers, -1) <= (hasZero ? 0 : 1))
    return node.intsConstant(numbers);
  Type i64 = node.builder().getI64Type();
  SmallVector<Value> parts;
  for (auto [extent, number] : llvm::zip(extents, numbers)) {
    if (number >= 0) {
      parts.push_back(node.intsConstant({number}));
      continue;
    }
    Value part = node.create<nn::ShapeOfOp>(i64, x, extent.dim, extent.dim + 1);
    if (extent.factor != 1)
      part = node.create<nn::BinaryOp>(i64, BinaryKind::mul, part, node.intsConstant({extent.factor}));
    if (extent.divisor != 1)
      part = node.create<nn::BinaryOp>(i64, BinaryKind::div, part, node.intsConstant({extent.divisor}));
    parts.push_back(part);
  }
  return node.create<nn::ConcatOp>(i64, parts, 0);
}

Value sliceAt(NodeImporter &node, Value x, int64_t at, int64_t axis) {
  return node.create<nn::SliceOp>(NodeImporter::elementTypeOf(x), x, node.intsConstant({at}), node.intsConstant({at + 1}),
                                  ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{1});
}

Value countTo(NodeImporter &node, Value limit) {
  Type i64 = node.builder().getI64Type();
  Value scalar = node.create<nn::SqueezeOp>(i64, limit, ArrayRef<int64_t>{0});
  return node.create<nn::RangeOp>(i64, node.intScalarConstant(i64, 0), scalar, node.intScalarConstant(i64, 1));
}

} // namespace nnc::onnx
