//===- Pooling.cpp - windows, resampling, regions of interest -----------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Pools.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// The attributes that all pools share.
struct Window {
  SmallVector<int64_t> kernel, strides, pads, dilations;
  nn::AutoPad autoPad = nn::AutoPad::explicit_pads;
  bool ceilMode = false;
};

Window windowOf(NodeImporter &node, int64_t rank) {
  Window window;
  if (rank < 3) {
    (void)node.error("the input has rank " + Twine(rank) + ", not 3 or more");
    return window;
  }
  window.kernel = node.intsAttr("kernel_shape");
  SmallVector<int64_t> ones(rank - 2, 1), zeros(2 * (rank - 2), 0);
  window.strides = node.intsAttr("strides", ones);
  window.pads = node.intsAttr("pads", zeros);
  window.dilations = node.intsAttr("dilations", ones);
  window.ceilMode = node.intAttr("ceil_mode", 0) != 0;
  std::string autoPad = node.stringAttr("auto_pad", "NOTSET");
  if (autoPad == "SAME_UPPER")
    window.autoPad = nn::AutoPad::same_upper;
  else if (autoPad == "SAME_LOWER")
    window.autoPad = nn::AutoPad::same_lower;
  else if (autoPad != "NOTSET" && autoPad != "VALID")
    (void)node.error("auto_pad is '" + autoPad + "'");
  if (autoPad != "NOTSET")
    window.pads = zeros;
  return window;
}

Value pool(NodeImporter &node, nn::PoolKind kind, Value x, bool countIncludePad, int64_t p) {
  Window window = windowOf(node, NodeImporter::rankOf(x));
  if (failed(node.status()))
    return {};
  return node.create<nn::PoolOp>(NodeImporter::elementTypeOf(x), kind, x, countIncludePad, p, window.kernel,
                                 window.strides, window.pads, window.dilations, window.autoPad, window.ceilMode);
}

LogicalResult importMaxPool(NodeImporter &node) {
  bool columnMajor = node.intAttr("storage_order", 0) != 0;
  if (!node.hasOutput(1)) {
    node.setOutput(0, pool(node, nn::PoolKind::max, node.input(0), false, 2));
    return node.status();
  }
  Window window = windowOf(node, NodeImporter::rankOf(node.input(0)));
  if (failed(node.status()))
    return failure();
  ResultRange results = node.createMany<nn::MaxPoolWithIndicesOp>(
      {node.elementType(0), node.builder().getI64Type()}, node.input(0), columnMajor, window.kernel, window.strides,
      window.pads, window.dilations, window.autoPad, window.ceilMode);
  node.setOutput(0, results[0]);
  node.setOutput(1, results[1]);
  return node.status();
}

LogicalResult importAveragePool(NodeImporter &node) {
  node.setOutput(0, averagePool(node, node.input(0)));
  return node.status();
}

LogicalResult importLpPool(NodeImporter &node) {
  int64_t p = node.intAttr("p", 2);
  if (p < 1)
    return node.error("p is " + Twine(p) + ", not 1 or more");
  node.setOutput(0, pool(node, nn::PoolKind::lp, node.input(0), false, p));
  return node.status();
}

LogicalResult importMaxUnpool(NodeImporter &node) {
  int64_t rank = NodeImporter::rankOf(node.input(0));
  if (rank < 3)
    return node.error("the input has rank " + Twine(rank) + ", not 3 or more");
  SmallVector<int64_t> ones(rank - 2, 1), zeros(2 * (rank - 2), 0);
  node.setOutput(0, node.create<nn::MaxUnpoolOp>(node.elementType(0), node.input(0), node.input(1), node.input(2),
                                                 node.intsAttr("kernel_shape"), node.intsAttr("strides", ones),
                                                 node.intsAttr("pads", zeros)));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Regions of interest, grids
//===----------------------------------------------------------------------===//

LogicalResult importRoiAlign(NodeImporter &node) {
  std::string mode = node.stringAttr("mode", "avg");
  if (mode != "avg" && mode != "max")
    return node.error("mode is '" + mode + "' instead of 'avg' or 'max'");
  // Opset 10 had no half pixels.
  std::string coordinates =
      node.stringAttr("coordinate_transformation_mode", node.opset() < 16 ? "output_half_pixel" : "half_pixel");
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel")
    return node.error("coordinate_transformation_mode is '" + coordinates + "'");
  int64_t height = node.intAttr("output_height", 1), width = node.intAttr("output_width", 1);
  int64_t samplingRatio = node.intAttr("sampling_ratio", 0);
  constexpr int64_t limit = 1 << 20;
  if (height < 1 || width < 1 || height > limit || width > limit || samplingRatio < 0 || samplingRatio > limit)
    return node.error("output_height, output_width or sampling_ratio is out of range");
  node.setOutput(0, node.create<nn::RoiAlignOp>(node.elementType(0), node.input(0), node.input(1), node.input(2), height,
                                                width, samplingRatio,
                                                APFloat(node.floatAttr("spatial_scale", 1)), mode == "max",
                                                coordinates == "half_pixel"));
  return node.status();
}

LogicalResult importGridSample(NodeImporter &node) {
  std::string mode = node.stringAttr("mode", node.opset() < 20 ? "bilinear" : "linear");
  std::string padding = node.stringAttr("padding_mode", "zeros");
  nn::ResizeMode kind;
  if (mode == "bilinear" || mode == "linear")
    kind = nn::ResizeMode::linear;
  else if (mode == "bicubic" || mode == "cubic")
    kind = nn::ResizeMode::cubic;
  else if (mode == "nearest")
    kind = nn::ResizeMode::nearest;
  else
    return node.error("mode is '" + mode + "'");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return node.error("padding_mode is '" + padding + "'");
  node.setOutput(0, node.create<nn::GridSampleOp>(node.elementType(0), kind, node.input(0), node.input(1), Value(), padding,
                                                  node.intAttr("align_corners", 0) != 0));
  return node.status();
}

/// AffineGrid: the places, in [-1, 1], that an affine map gives the points of a regular grid. Every coordinate is a sum
/// over the grid's dims of products that broadcast.
LogicalResult importAffineGrid(NodeImporter &node) {
  Value theta = node.input(0), size = node.input(1);
  bool alignCorners = node.intAttr("align_corners", 0) != 0;
  ArrayRef<int64_t> sizeShape = NodeImporter::shapeOf(size);
  if (sizeShape.size() != 1 || (sizeShape[0] != 4 && sizeShape[0] != 5))
    return node.error(sizeShape == ArrayRef<int64_t>{ShapedType::kDynamic} ? "unsupported: a size of unknown length"
                                                                          : "the size must have 4 or 5 entries");
  int64_t n = sizeShape[0] - 2;
  if (NodeImporter::rankOf(theta) != 3 || NodeImporter::shapeOf(theta)[1] != n || NodeImporter::shapeOf(theta)[2] != n + 1)
    return node.error("theta must have the shape [N, " + Twine(n) + ", " + Twine(n + 1) + "]");
  Type type = node.elementType(0), i64 = node.builder().getI64Type();
  auto binary = [&](nn::BinaryKind kind, Value a, Value b) {
    return node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b);
  };
  /// Column j of theta: [N, n, 1] as [N, 1..., n].
  auto column = [&](int64_t j) {
    Value picked = node.create<nn::SqueezeOp>(type, sliceAt(node, theta, j, 2), ArrayRef<int64_t>{2});
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(1, n + 1));
    return node.create<nn::UnsqueezeOp>(type, picked, axes);
  };
  Value sum = column(n);
  for (int64_t j = 0; j < n; ++j) {
    // Column j goes with the last dim but j of the grid.
    Value extent = node.create<nn::SqueezeOp>(i64, sliceAt(node, size, n + 1 - j), ArrayRef<int64_t>{0});
    Value steps = node.create<nn::RangeOp>(i64, node.intScalarConstant(i64, 0), extent, node.intScalarConstant(i64, 1));
    Value place = node.castTo(steps, type), two = node.scalarConstant(type, 2), one = node.scalarConstant(type, 1);
    if (alignCorners) { // from -1 to 1, or -1 alone
      Value gaps = binary(nn::BinaryKind::max, binary(nn::BinaryKind::sub, extent, node.intScalarConstant(i64, 1)),
                          node.intScalarConstant(i64, 1));
      place = binary(nn::BinaryKind::div, binary(nn::BinaryKind::mul, place, two), node.castTo(gaps, type));
    } else { // the centers of cells that fill [-1, 1]
      Value odd = binary(nn::BinaryKind::add, binary(nn::BinaryKind::mul, place, two), one);
      place = binary(nn::BinaryKind::div, odd, node.castTo(extent, type));
    }
    place = binary(nn::BinaryKind::sub, place, one);
    SmallVector<int64_t> trailing = llvm::to_vector(llvm::seq<int64_t>(1, j + 2));
    place = node.create<nn::UnsqueezeOp>(type, place, trailing);
    sum = binary(nn::BinaryKind::add, sum, binary(nn::BinaryKind::mul, column(j), place));
  }
  node.setOutput(0, sum);
  return node.status();
}

} // namespace

Value averagePool(NodeImporter &node, Value x) {
  return pool(node, nn::PoolKind::average, x, node.intAttr("count_include_pad", 0) != 0, 2);
}

void registerPoolingImporters(Registry &registry) {
  registry.add("MaxPool", importMaxPool);
  registry.add("AveragePool", importAveragePool);
  registry.add("LpPool", importLpPool, 2);
  registry.add("MaxUnpool", importMaxUnpool);
  registry.add("RoiAlign", importRoiAlign);
  registry.add("GridSample", importGridSample);
  registry.add("AffineGrid", importAffineGrid);
}

} // namespace nnc::onnx
