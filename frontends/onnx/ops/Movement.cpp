//===- Movement.cpp - elements change places, not values ----------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

LogicalResult importReshape(NodeImporter &node) {
  bool allowZero = node.intAttr("allowzero", 0) != 0;
  node.setOutput(0, node.create<nn::ReshapeOp>(node.elementType(0), node.input(0), node.input(1), allowZero));
  return node.status();
}

/// The list that an attribute held until an opset, and an input since; nothing where the node has neither.
std::optional<SmallVector<int64_t>> axesOf(NodeImporter &node, int64_t inputSince, unsigned input) {
  if (node.opset() < inputSince) {
    if (!node.hasAttr("axes"))
      return std::nullopt;
    return node.intsAttr("axes");
  }
  if (!node.hasInput(input))
    return std::nullopt;
  std::optional<SmallVector<int64_t>> axes = node.constantInts(input);
  if (!axes)
    (void)node.error("unsupported: axes that are not constant");
  return axes;
}

void normalizeAxes(NodeImporter &node, SmallVector<int64_t> &axes, int64_t rank) {
  for (int64_t &axis : axes)
    axis = node.normalizeAxis(axis, rank);
}

LogicalResult importSqueeze(NodeImporter &node) {
  Value x = node.input(0);
  std::optional<SmallVector<int64_t>> axes = axesOf(node, 13, 1);
  if (failed(node.status()))
    return failure();
  if (axes) {
    normalizeAxes(node, *axes, NodeImporter::rankOf(x));
  } else {
    axes.emplace();
    for (auto [i, extent] : llvm::enumerate(NodeImporter::shapeOf(x))) {
      if (ShapedType::isDynamic(extent))
        return node.error("unsupported: without axes, and dim " + Twine(i) + " is only known at run time");
      if (extent == 1)
        axes->push_back(i);
    }
  }
  llvm::sort(*axes);
  node.setOutput(0, node.create<nn::SqueezeOp>(node.elementType(0), x, *axes));
  return node.status();
}

LogicalResult importUnsqueeze(NodeImporter &node) {
  std::optional<SmallVector<int64_t>> axes = axesOf(node, 13, 1);
  if (failed(node.status()))
    return failure();
  if (!axes)
    return node.error("has no axes");
  normalizeAxes(node, *axes, NodeImporter::rankOf(node.input(0)) + axes->size());
  llvm::sort(*axes);
  node.setOutput(0, node.create<nn::UnsqueezeOp>(node.elementType(0), node.input(0), *axes));
  return node.status();
}

LogicalResult importFlatten(NodeImporter &node) {
  int64_t rank = NodeImporter::rankOf(node.input(0)), axis = node.intAttr("axis", 1);
  if (axis < 0)
    axis = node.normalizeAxis(axis, rank);
  node.setOutput(0, node.create<nn::FlattenOp>(node.elementType(0), node.input(0), axis));
  return node.status();
}

LogicalResult importTranspose(NodeImporter &node) {
  SmallVector<int64_t> perm = node.intsAttr("perm");
  if (!node.hasAttr("perm"))
    for (int64_t i = NodeImporter::rankOf(node.input(0)); i-- > 0;)
      perm.push_back(i);
  node.setOutput(0, node.create<nn::TransposeOp>(node.elementType(0), node.input(0), perm));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

LogicalResult importConcat(NodeImporter &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 1), NodeImporter::rankOf(node.input(0)));
  node.setOutput(0, node.create<nn::ConcatOp>(node.elementType(0), node.allInputs(), axis));
  return node.status();
}

LogicalResult importSplit(NodeImporter &node) {
  Value x = node.input(0), sizes = node.input(1);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(x)), count = node.numOutputs();
  if (node.hasAttr("split"))
    sizes = node.intsConstant(node.intsAttr("split"));
  if (node.intAttr("num_outputs", count) != count)
    return node.error("num_outputs is " + Twine(node.intAttr("num_outputs", count)) + ", the node has " +
                      Twine(count) + " outputs");
  if (node.hasAttr("num_outputs") && sizes)
    return node.error("has num_outputs and sizes");
  if (failed(node.status()))
    return failure();
  // Since opset 18 the last piece may be smaller; before, all were equal.
  int64_t extent = NodeImporter::shapeOf(x)[axis];
  if (!sizes && node.opset() < 18 && !ShapedType::isDynamic(extent) && extent % count != 0)
    return node.error(Twine(extent) + " elements do not make " + Twine(count) + " equal pieces");
  SmallVector<Type> types(count, node.elementType(0));
  for (auto [i, piece] : llvm::enumerate(node.createMany<nn::SplitOp>(types, x, sizes, axis)))
    node.setOutput(i, piece);
  return node.status();
}

LogicalResult importSlice(NodeImporter &node) {
  Value x = node.input(0), starts = node.input(1), ends = node.input(2);
  SmallVector<int64_t> axes, steps;
  bool hasAxes;
  if (node.opset() < 10) {
    starts = node.intsConstant(node.intsAttr("starts"));
    ends = node.intsConstant(node.intsAttr("ends"));
    hasAxes = node.hasAttr("axes");
    axes = node.intsAttr("axes");
  } else {
    if ((hasAxes = node.hasInput(3))) {
      std::optional<SmallVector<int64_t>> known = node.constantInts(3);
      if (!known)
        return node.error("unsupported: axes that are not constant");
      axes = *known;
    }
    if (node.hasInput(4)) {
      std::optional<SmallVector<int64_t>> known = node.constantInts(4);
      if (!known)
        return node.error("unsupported: steps that are not constant");
      steps = *known;
    }
  }
  if (failed(node.status()))
    return failure();
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(starts);
  if (shape.size() != 1 || ShapedType::isDynamic(shape[0]))
    return node.error("unsupported: starts without a static length");
  if (!hasAxes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, shape[0]));
  normalizeAxes(node, axes, NodeImporter::rankOf(x));
  if (!node.hasInput(4))
    steps.assign(axes.size(), 1);
  node.setOutput(0, node.create<nn::SliceOp>(node.elementType(0), x, starts, ends, axes, steps));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Repetition and padding
//===----------------------------------------------------------------------===//

LogicalResult importExpand(NodeImporter &node) {
  node.setOutput(0, node.create<nn::BroadcastToOp>(node.elementType(0), node.input(0), node.input(1)));
  return node.status();
}

LogicalResult importTile(NodeImporter &node) {
  node.setOutput(0, node.create<nn::TileOp>(node.elementType(0), node.input(0), node.input(1)));
  return node.status();
}

/// Pads of some axes as pads of all of them.
Value padsOfAllAxes(NodeImporter &node, Value pads, ArrayRef<int64_t> axes, int64_t rank) {
  int64_t count = axes.size();
  if (NodeImporter::shapeOf(pads) != ArrayRef<int64_t>{2 * count}) {
    (void)node.error("pads needs two entries per axis, " + Twine(2 * count));
    return pads;
  }
  std::optional<SmallVector<int64_t>> known = node.integersOf(pads);
  SmallVector<int64_t> all(2 * rank, 0), places(2 * rank, 2 * count);
  for (auto [i, axis] : llvm::enumerate(axes))
    for (int64_t side : {0, 1}) {
      places[side * rank + axis] = side * count + i;
      if (known)
        all[side * rank + axis] = (*known)[side * count + i];
    }
  if (known)
    return node.intsConstant(all);
  Type i64 = node.builder().getI64Type();
  Value withZero = node.create<nn::ConcatOp>(i64, ValueRange{node.castTo(pads, i64), node.intsConstant({0})}, 0);
  return node.create<nn::GatherOp>(i64, withZero, node.intsConstant(places), 0);
}

LogicalResult importPad(NodeImporter &node) {
  Value x = node.input(0), pads = node.input(1), value = node.input(2);
  int64_t rank = NodeImporter::rankOf(x);
  auto mode = nn::symbolizePadMode(node.stringAttr("mode", "constant"));
  if (!mode)
    return node.error("unsupported mode '" + node.stringAttr("mode", "") + "'");
  if (node.opset() < 11) {
    pads = node.intsConstant(node.intsAttr("pads"));
    value = node.scalarConstant(node.elementType(0), node.floatAttr("value", 0));
  }
  if (std::optional<SmallVector<int64_t>> axes = axesOf(node, 18, 3)) {
    normalizeAxes(node, *axes, rank);
    for (auto [i, axis] : llvm::enumerate(*axes))
      if (llvm::is_contained(ArrayRef(*axes).take_front(i), axis))
        return node.error("axis " + Twine(axis) + " occurs twice");
    pads = padsOfAllAxes(node, pads, *axes, rank);
  }
  if (failed(node.status()))
    return failure();
  if (*mode != nn::PadMode::constant)
    value = {};
  // Some exporters write [1] where a scalar is meant.
  if (value && NodeImporter::shapeOf(value) == ArrayRef<int64_t>{1})
    value = node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(value), value, ArrayRef<int64_t>{0});
  node.setOutput(0, node.create<nn::PadOp>(node.elementType(0), *mode, x, pads, value));
  return node.status();
}

/// Cut or padded to the target size on both sides of the axes, what is odd at the end.
LogicalResult importCenterCropPad(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.elementType(0), i64 = node.builder().getI64Type();
  int64_t rank = NodeImporter::rankOf(x);
  SmallVector<int64_t> axes = node.intsAttr("axes");
  if (!node.hasAttr("axes"))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  normalizeAxes(node, axes, rank);
  int64_t count = axes.size();
  if (failed(node.status()))
    return failure();
  if (NodeImporter::shapeOf(node.input(1)) != ArrayRef<int64_t>{count})
    return node.error("needs a target size for each of the " + Twine(count) + " axes");

  auto binary = [&](nn::BinaryKind kind, Value a, Value b) { return node.create<nn::BinaryOp>(i64, kind, a, b); };
  Value zero = node.intsConstant({0}), two = node.intsConstant({2}), target = node.castTo(node.input(1), i64);
  Value shape = node.create<nn::ShapeOfOp>(i64, x, 0, rank);
  Value size = node.create<nn::GatherOp>(i64, shape, node.intsConstant(axes), 0);
  auto excess = [&](Value a, Value b) {
    return binary(nn::BinaryKind::max, binary(nn::BinaryKind::sub, a, b), zero);
  };
  Value start = binary(nn::BinaryKind::div, excess(size, target), two);
  Value end = binary(nn::BinaryKind::add, start, binary(nn::BinaryKind::min, size, target));
  Value cropped = node.create<nn::SliceOp>(type, x, start, end, axes, SmallVector<int64_t>(count, 1));
  Value missing = excess(target, size), before = binary(nn::BinaryKind::div, missing, two);
  Value after = binary(nn::BinaryKind::sub, missing, before);
  Value pads = node.create<nn::ConcatOp>(i64, ValueRange{before, after}, 0);
  pads = padsOfAllAxes(node, pads, axes, rank);
  node.setOutput(0, node.create<nn::PadOp>(type, nn::PadMode::constant, cropped, pads, Value()));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// The block size; 0 after an error.
int64_t blockSizeOf(NodeImporter &node) {
  int64_t block = node.intAttr("blocksize", 0);
  if (NodeImporter::rankOf(node.input(0)) != 4)
    (void)node.error("takes rank 4, the input has rank " + Twine(NodeImporter::rankOf(node.input(0))));
  else if (block < 1 || block > INT32_MAX)
    (void)node.error("the block size is " + Twine(block));
  return failed(node.status()) ? 0 : block;
}

/// Reshapes x to `split`, permutes the dims and reshapes to `joined`.
LogicalResult shuffleBlocks(NodeImporter &node, ArrayRef<Extent> split, ArrayRef<int64_t> perm,
                            ArrayRef<Extent> joined) {
  Value x = node.input(0);
  Type type = node.elementType(0);
  Value blocks = node.create<nn::ReshapeOp>(type, x, shapeTensor(node, x, split), /*allow_zero=*/true);
  Value moved = node.create<nn::TransposeOp>(type, blocks, perm);
  node.setOutput(0, node.create<nn::ReshapeOp>(type, moved, shapeTensor(node, x, joined), /*allow_zero=*/true));
  return node.status();
}

LogicalResult importDepthToSpace(NodeImporter &node) {
  int64_t b = blockSizeOf(node);
  std::string mode = node.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.error("unsupported mode '" + mode + "'");
  if (failed(node.status()))
    return failure();
  int64_t channels = NodeImporter::shapeOf(node.input(0))[1];
  if (!ShapedType::isDynamic(channels) && channels % (b * b) != 0)
    return node.error(Twine(channels) + " channels do not make blocks of " + Twine(b) + " x " + Twine(b));
  Extent n = Extent::of(0), c = Extent::of(1).over(b * b), h = Extent::of(2), w = Extent::of(3);
  SmallVector<Extent, 4> joined = {n, c, h.times(b), w.times(b)};
  if (mode == "DCR")
    return shuffleBlocks(node, {n, b, b, c, h, w}, {0, 3, 4, 1, 5, 2}, joined);
  return shuffleBlocks(node, {n, c, b, b, h, w}, {0, 1, 4, 2, 5, 3}, joined);
}

LogicalResult importSpaceToDepth(NodeImporter &node) {
  int64_t b = blockSizeOf(node);
  std::string mode = node.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.error("unsupported mode '" + mode + "'");
  if (failed(node.status()))
    return failure();
  for (int64_t i : {2, 3})
    if (int64_t extent = NodeImporter::shapeOf(node.input(0))[i]; !ShapedType::isDynamic(extent) && extent % b != 0)
      return node.error("dim " + Twine(i) + " of " + Twine(extent) + " does not make blocks of " + Twine(b));
  Extent n = Extent::of(0), c = Extent::of(1), h = Extent::of(2).over(b), w = Extent::of(3).over(b);
  SmallVector<Extent, 6> split = {n, c, h, b, w, b};
  SmallVector<Extent, 4> joined = {n, c.times(b * b), h, w};
  if (mode == "DCR")
    return shuffleBlocks(node, split, {0, 3, 5, 1, 2, 4}, joined);
  return shuffleBlocks(node, split, {0, 1, 3, 5, 2, 4}, joined);
}

//===----------------------------------------------------------------------===//
// Matrices and sequences
//===----------------------------------------------------------------------===//

LogicalResult importTrilu(NodeImporter &node) {
  bool upper = node.intAttr("upper", 1) != 0;
  node.setOutput(0, node.create<nn::TriluOp>(node.elementType(0), node.input(0), node.input(1), upper));
  return node.status();
}

LogicalResult importEyeLike(NodeImporter &node) {
  Type type = node.typeAttr("dtype", node.elementType(0));
  node.setOutput(0, node.create<nn::EyeLikeOp>(type, node.input(0), node.intAttr("k", 0)));
  return node.status();
}

LogicalResult importReverseSequence(NodeImporter &node) {
  int64_t batch = node.intAttr("batch_axis", 1), time = node.intAttr("time_axis", 0);
  node.setOutput(0, node.create<nn::ReverseSequenceOp>(node.elementType(0), node.input(0), node.input(1), batch, time));
  return node.status();
}

} // namespace

void registerMovementImporters(Registry &registry) {
  registry.add("Reshape", importReshape, 5);
  registry.add("Squeeze", importSqueeze);
  registry.add("Unsqueeze", importUnsqueeze);
  registry.add("Flatten", importFlatten);
  registry.add("Transpose", importTranspose);
  registry.add("Concat", importConcat, 4);
  registry.add("Split", importSplit, 2);
  registry.add("Slice", importSlice);
  registry.add("Expand", importExpand);
  registry.add("Tile", importTile, 6);
  registry.add("Pad", importPad, 2);
  registry.add("CenterCropPad", importCenterCropPad);
  registry.add("DepthToSpace", importDepthToSpace);
  registry.add("SpaceToDepth", importSpaceToDepth);
  registry.add("Trilu", importTrilu);
  registry.add("EyeLike", importEyeLike);
  registry.add("ReverseSequence", importReverseSequence);
}

} // namespace nnc::onnx
