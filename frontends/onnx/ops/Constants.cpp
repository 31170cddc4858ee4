//===- Constants.cpp - constants, shapes and ranges ---------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

/// Constant gives its value in one of several attributes.
LogicalResult importConstant(NodeImporter &node) {
  OpBuilder &builder = node.builder();
  auto vector = [](int64_t size, Type element) { return RankedTensorType::get({size}, element); };
  SmallVector<ElementsAttr, 1> values;
  for (StringRef name : {"value", "sparse_value"})
    if (node.hasAttr(name))
      values.push_back(node.tensorAttr(name));
  if (node.hasAttr("value_float"))
    values.push_back(DenseElementsAttr::get(RankedTensorType::get({}, builder.getF32Type()),
                                            static_cast<float>(node.floatAttr("value_float", 0))));
  if (node.hasAttr("value_int"))
    values.push_back(
        DenseElementsAttr::get(RankedTensorType::get({}, builder.getI64Type()), node.intAttr("value_int", 0)));
  if (node.hasAttr("value_floats")) {
    SmallVector<float> floats = node.floatsAttr("value_floats");
    values.push_back(DenseElementsAttr::get(vector(floats.size(), builder.getF32Type()), ArrayRef<float>(floats)));
  }
  if (node.hasAttr("value_ints")) {
    SmallVector<int64_t> ints = node.intsAttr("value_ints");
    values.push_back(DenseElementsAttr::get(vector(ints.size(), builder.getI64Type()), ArrayRef<int64_t>(ints)));
  }
  if (node.hasAttr("value_string") || node.hasAttr("value_strings"))
    return node.error("unsupported: a constant of strings");
  if (failed(node.status()))
    return failure();
  if (values.size() != 1)
    return node.error("has " + Twine(values.size()) + " values instead of one");
  node.setOutput(0, node.constant(values.front()));
  return node.status();
}

LogicalResult importConstantOfShape(NodeImporter &node) {
  ElementsAttr value = node.hasAttr("value") ? node.tensorAttr("value") : ElementsAttr();
  if (failed(node.status()))
    return failure();
  if (value && value.getNumElements() != 1)
    return node.error("the value has " + Twine(value.getNumElements()) + " elements instead of one");
  Value element = value ? node.constant(value) : node.scalarConstant(node.builder().getF32Type(), 0);
  node.setOutput(0, node.create<nn::FillOp>(NodeImporter::elementTypeOf(element), node.input(0), element));
  return node.status();
}

/// The dims `begin` to `end` of a value as i64.
Value shapeOf(NodeImporter &node, Value x, int64_t begin, int64_t end) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, begin, end);
}

LogicalResult importShape(NodeImporter &node) {
  int64_t rank = NodeImporter::rankOf(node.input(0));
  auto clampAxis = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  int64_t begin = clampAxis(node.intAttr("start", 0)), end = clampAxis(node.intAttr("end", rank));
  node.setOutput(0, shapeOf(node, node.input(0), begin, std::max(begin, end)));
  return node.status();
}

LogicalResult importSize(NodeImporter &node) {
  Value x = node.input(0);
  Type i64 = node.builder().getI64Type();
  auto type = cast<RankedTensorType>(x.getType());
  Value size = type.hasStaticShape()
                   ? node.intScalarConstant(i64, type.getNumElements())
                   : node.create<nn::ReduceOp>(i64, nn::ReduceKind::prod, shapeOf(node, x, 0, type.getRank()),
                                               ArrayRef<int64_t>{0}, /*keepdims=*/false);
  node.setOutput(0, size);
  return node.status();
}

LogicalResult importRange(NodeImporter &node) {
  SmallVector<Value, 3> scalars;
  for (Value input : node.allInputs()) {
    // Exporters write [1] where a scalar is meant.
    if (NodeImporter::shapeOf(input) == ArrayRef<int64_t>{1})
      input = node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(input), input, ArrayRef<int64_t>{0});
    scalars.push_back(input);
  }
  node.setOutput(0, node.create<nn::RangeOp>(node.elementType(0), scalars[0], scalars[1], scalars[2]));
  return node.status();
}

} // namespace

void registerConstantImporters(Registry &registry) {
  registry.add("Constant", importConstant);
  registry.add("ConstantOfShape", importConstantOfShape);
  registry.add("Shape", importShape);
  registry.add("Size", importSize);
  registry.add("Range", importRange);
}

} // namespace nnc::onnx
