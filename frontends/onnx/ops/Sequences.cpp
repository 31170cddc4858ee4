//===- Sequences.cpp - lists of tensors -----------------------------------------===//
//
// A sequence whose length is known when the model is imported is a list of values and needs no op: exporters make such
// of Python's lists. It is a value of tuple type, the result of a cast from its elements, which nothing but these
// importers reads and importModel() removes. What only the run knows, a position or the length, is refused.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace nnc::onnx {

namespace {

Value sequenceOf(NodeImporter &node, ValueRange elements) {
  for (Value element : elements)
    if (NodeImporter::elementTypeOf(element) != NodeImporter::elementTypeOf(elements[0]))
      (void)node.error("the elements have different types");
  auto type = TupleType::get(node.getContext(), elements.getTypes());
  return UnrealizedConversionCastOp::create(node.builder(), node.getLoc(), type, elements).getResult(0);
}

/// The elements of input `i`; an error if it is no sequence.
SmallVector<Value> elementsOf(NodeImporter &node, unsigned i) {
  auto cast = node.input(i).getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || !isa<TupleType>(node.input(i).getType())) {
    (void)node.error("input " + Twine(i) + " is no sequence");
    return {};
  }
  return llvm::to_vector(cast.getInputs());
}

/// The position that input `i` gives, from -count to `last`, or `absent` without that input. Negative ones count from
/// the end.
std::optional<size_t> positionOf(NodeImporter &node, unsigned i, int64_t count, int64_t last, size_t absent) {
  if (!node.hasInput(i))
    return absent;
  std::optional<int64_t> position = node.integerOf(node.input(i));
  if (!position) {
    (void)node.error("unsupported: a position that only the run knows");
    return std::nullopt;
  }
  if (*position < -count || *position > last) {
    (void)node.error("position " + Twine(*position) + " is outside of [" + Twine(-count) + ", " + Twine(last) + "]");
    return std::nullopt;
  }
  return *position < 0 ? *position + count : *position;
}

LogicalResult importSequenceConstruct(NodeImporter &node) {
  node.setOutput(0, sequenceOf(node, node.allInputs()));
  return node.status();
}

LogicalResult importSequenceEmpty(NodeImporter &node) {
  node.ignoreAttr("dtype");
  node.setOutput(0, sequenceOf(node, {}));
  return node.status();
}

LogicalResult importSequenceInsert(NodeImporter &node) {
  SmallVector<Value> elements = elementsOf(node, 0);
  // It may be put behind the last one.
  std::optional<size_t> position = positionOf(node, 2, elements.size(), elements.size(), elements.size());
  if (failed(node.status()))
    return failure();
  elements.insert(elements.begin() + *position, node.input(1));
  node.setOutput(0, sequenceOf(node, elements));
  return node.status();
}

LogicalResult importSequenceErase(NodeImporter &node) {
  SmallVector<Value> elements = elementsOf(node, 0);
  if (succeeded(node.status()) && elements.empty())
    return node.error("the sequence is empty");
  std::optional<size_t> position = positionOf(node, 1, elements.size(), elements.size() - 1, elements.size() - 1);
  if (failed(node.status()))
    return failure();
  elements.erase(elements.begin() + *position);
  node.setOutput(0, sequenceOf(node, elements));
  return node.status();
}

LogicalResult importSequenceAt(NodeImporter &node) {
  SmallVector<Value> elements = elementsOf(node, 0);
  std::optional<size_t> position = positionOf(node, 1, elements.size(), elements.size() - 1, 0);
  if (failed(node.status()))
    return failure();
  node.setOutput(0, elements[*position]);
  return node.status();
}

LogicalResult importSequenceLength(NodeImporter &node) {
  node.setOutput(0, node.intScalarConstant(node.builder().getI64Type(), elementsOf(node, 0).size()));
  return node.status();
}

LogicalResult importSplitToSequence(NodeImporter &node) {
  Value x = node.input(0);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(x));
  bool keepsDim = node.intAttr("keepdims", 1) || node.hasInput(1);
  if (failed(node.status()))
    return failure();
  int64_t extent = NodeImporter::shapeOf(x)[axis];
  if (ShapedType::isDynamic(extent))
    return node.error("unsupported: dim " + Twine(axis) + ", whose extent only the run knows, as a sequence");
  SmallVector<int64_t> sizes;
  if (!node.hasInput(1)) {
    sizes.assign(extent, 1);
  } else {
    std::optional<SmallVector<int64_t>> split = node.constantInts(1);
    if (!split)
      return node.error("unsupported: sizes that only the run knows");
    if (NodeImporter::rankOf(node.input(1)) == 0) {
      int64_t size = split->front();
      if (size < 1)
        return node.error("there are no pieces of " + Twine(size) + " elements");
      for (int64_t from = 0; from < extent; from += size)
        sizes.push_back(std::min(size, extent - from));
    } else {
      sizes = *split;
    }
  }
  // Adding them up cannot overflow as long as each is at most what is left.
  int64_t left = extent;
  for (int64_t size : sizes) {
    if (size < 0 || size > left)
      return node.error("the sizes do not add up to " + Twine(extent));
    left -= size;
  }
  if (left)
    return node.error("the sizes do not add up to " + Twine(extent));
  SmallVector<Value> elements;
  for (int64_t size : sizes) {
    Value piece = slice(node, x, axis, left, left + size);
    left += size;
    if (!keepsDim)
      piece = node.create<nn::SqueezeOp>(node.elementType(0), piece, ArrayRef<int64_t>{axis});
    elements.push_back(piece);
  }
  node.setOutput(0, sequenceOf(node, elements));
  return node.status();
}

LogicalResult importConcatFromSequence(NodeImporter &node) {
  SmallVector<Value> elements = elementsOf(node, 0);
  int64_t axis = node.intAttr("axis", 0);
  bool isNewAxis = node.intAttr("new_axis", 0);
  if (failed(node.status()))
    return failure();
  if (elements.empty())
    return node.error("the sequence is empty");
  axis = node.normalizeAxis(axis, NodeImporter::rankOf(elements[0]) + isNewAxis);
  if (isNewAxis)
    for (Value &element : elements)
      element = unsqueeze(node, element, axis);
  if (failed(node.status()))
    return failure();
  node.setOutput(0, concat(node, elements, axis));
  return node.status();
}

} // namespace

void registerSequenceImporters(Registry &registry) {
  registry.add("SequenceConstruct", importSequenceConstruct);
  registry.add("SequenceEmpty", importSequenceEmpty);
  registry.addForSequences("SequenceInsert", importSequenceInsert);
  registry.addForSequences("SequenceErase", importSequenceErase);
  registry.addForSequences("SequenceAt", importSequenceAt);
  registry.addForSequences("SequenceLength", importSequenceLength);
  registry.add("SplitToSequence", importSplitToSequence);
  registry.addForSequences("ConcatFromSequence", importConcatFromSequence);
}

} // namespace nnc::onnx
