//===- Resize.cpp - Resize and Upsample ---------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

/// The elements of a constant tensor of floats.
std::optional<SmallVector<double>> constantFloats(Value value) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(NodeImporter::constantOf(value));
  if (!dense || !isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  SmallVector<double> numbers;
  for (APFloat number : dense.getValues<APFloat>()) {
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    numbers.push_back(number.convertToDouble());
  }
  return numbers;
}

/// Inputs that some exporters leave empty rather than out.
Value presentInput(NodeImporter &node, unsigned i) {
  Value value = node.input(i);
  bool isEmpty = value && NodeImporter::shapeOf(value) == ArrayRef<int64_t>{0};
  return isEmpty ? Value() : value;
}

/// What nn.resize takes, with one entry for every dim.
struct Plan {
  Value sizes;
  SmallVector<double> scales, roi;
  nn::ResizeMode mode = nn::ResizeMode::nearest;
  nn::ResizeCoordinates coordinates = nn::ResizeCoordinates::half_pixel;
  nn::ResizeNearest nearest = nn::ResizeNearest::round_prefer_floor;
  double cubicA = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

Value build(NodeImporter &node, const Plan &plan) {
  OpBuilder &b = node.builder();
  auto attribute = [&](ArrayRef<double> numbers) { return numbers.empty() ? DenseF64ArrayAttr() : b.getDenseF64ArrayAttr(numbers); };
  return node.create<nn::ResizeOp>(node.elementType(0), plan.mode, node.input(0), plan.sizes, attribute(plan.scales),
                                   attribute(plan.roi), plan.coordinates, plan.nearest, APFloat(plan.cubicA),
                                   plan.excludeOutside, plan.antialias, APFloat(plan.extrapolation));
}

/// The scales of all dims from those of the axes.
LogicalResult readScales(NodeImporter &node, Value input, ArrayRef<int64_t> axes, Plan &plan) {
  std::optional<SmallVector<double>> scales = constantFloats(input);
  if (!scales)
    return node.error("unsupported: the scales are computed at run time");
  if (scales->size() != axes.size())
    return node.error("there are " + Twine(scales->size()) + " scales for " + Twine(axes.size()) + " dims");
  plan.scales.assign(NodeImporter::rankOf(node.input(0)), 1.0);
  for (auto [axis, scale] : llvm::zip(axes, *scales)) {
    if (!(scale > 0 && scale < 1e9))
      return node.error("the scales must be positive");
    plan.scales[axis] = scale;
  }
  return success();
}

/// Sizes that keep the ratio between the axes: one scale, the smallest or the largest of those asked for.
LogicalResult keepRatio(NodeImporter &node, ArrayRef<int64_t> sizes, ArrayRef<int64_t> axes, bool notLarger, Plan &plan) {
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(node.input(0));
  std::optional<double> scale;
  for (auto [axis, size] : llvm::zip(axes, sizes)) {
    if (ShapedType::isDynamic(shape[axis]))
      return node.error("unsupported: keep_aspect_ratio_policy for a dynamic shape");
    if (shape[axis] == 0)
      return node.error("an extent of 0 has no aspect ratio");
    double own = static_cast<double>(size) / shape[axis];
    scale = !scale ? own : notLarger ? std::min(*scale, own) : std::max(*scale, own);
  }
  SmallVector<int64_t> all(shape);
  plan.scales.assign(shape.size(), 1.0);
  for (int64_t axis : axes) {
    plan.scales[axis] = *scale;
    all[axis] = static_cast<int64_t>(std::floor(*scale * shape[axis] + 0.5));
  }
  if (llvm::any_of(all, ShapedType::isDynamic))
    return node.error("unsupported: keep_aspect_ratio_policy for a dynamic shape");
  plan.sizes = node.intsConstant(all);
  return success();
}

/// The sizes of all dims from those of the axes.
LogicalResult readSizes(NodeImporter &node, Value input, ArrayRef<int64_t> axes, Plan &plan) {
  Value x = node.input(0);
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(x);
  Type i64 = node.builder().getI64Type();
  if (NodeImporter::shapeOf(input) != ArrayRef<int64_t>{static_cast<int64_t>(axes.size())})
    return node.error("there must be a size for each of " + Twine(axes.size()) + " dims");
  std::optional<SmallVector<int64_t>> known = node.integersOf(input);
  if (known && llvm::any_of(*known, [](int64_t size) { return size < 0; }))
    return node.error("the sizes must not be negative");
  std::string policy = node.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller") {
    if (!known)
      return node.error("unsupported: keep_aspect_ratio_policy for sizes computed at run time");
    return keepRatio(node, *known, axes, policy == "not_larger", plan);
  }
  if (policy != "stretch")
    return node.error("keep_aspect_ratio_policy is '" + policy + "'");
  if (axes.size() == shape.size() && llvm::is_sorted(axes)) {
    plan.sizes = input;
    return success();
  }
  SmallVector<Value> parts;
  for (int64_t i = 0, rank = shape.size(); i < rank; ++i) {
    const int64_t *found = llvm::find(axes, i);
    if (found == axes.end()) {
      parts.push_back(node.create<nn::ShapeOfOp>(i64, x, i, i + 1));
      continue;
    }
    int64_t at = found - axes.begin();
    if (known)
      parts.push_back(node.intsConstant({(*known)[at]}));
    else
      parts.push_back(node.create<nn::SliceOp>(i64, input, node.intsConstant({at}), node.intsConstant({at + 1}),
                                               ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1}));
  }
  plan.sizes = node.create<nn::ConcatOp>(i64, parts, 0);
  return node.status();
}

LogicalResult readRoi(NodeImporter &node, ArrayRef<int64_t> axes, Plan &plan) {
  std::optional<SmallVector<double>> roi = constantFloats(node.input(1));
  if (!roi)
    return node.error("unsupported: the region of interest is computed at run time");
  int64_t rank = NodeImporter::rankOf(node.input(0)), n = axes.size();
  if (static_cast<int64_t>(roi->size()) != 2 * n)
    return node.error("the region of interest must have two numbers for each of " + Twine(n) + " dims");
  plan.roi.assign(2 * rank, 0.0);
  std::fill(plan.roi.begin() + rank, plan.roi.end(), 1.0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    plan.roi[axis] = (*roi)[i];
    plan.roi[rank + axis] = (*roi)[n + i];
  }
  return success();
}

std::optional<nn::ResizeMode> modeOf(StringRef name) {
  if (name == "bilinear") // Upsample 1
    return nn::ResizeMode::linear;
  return nn::symbolizeResizeMode(name);
}

/// Upsample, and Resize of opset 10: corner-aligned positions without a choice. Shrinking, the nearest position is the
/// next, as the runtimes of the time had it; enlarging, the previous.
LogicalResult importUpsample(NodeImporter &node) {
  Plan plan;
  std::string mode = node.stringAttr("mode", "nearest");
  std::optional<nn::ResizeMode> kind = modeOf(mode);
  if (!kind || *kind == nn::ResizeMode::cubic)
    return node.error("mode is '" + mode + "' instead of 'nearest' or 'linear'");
  plan.mode = *kind;
  plan.coordinates = nn::ResizeCoordinates::asymmetric;
  int64_t rank = NodeImporter::rankOf(node.input(0));
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (node.numInputs() > 1) {
    if (failed(readScales(node, node.input(1), axes, plan)))
      return failure();
  } else {
    SmallVector<float> scales = node.floatsAttr("scales");
    if (static_cast<int64_t>(scales.size()) != rank || llvm::any_of(scales, [](float s) { return !(s > 0 && s < 1e9f); }))
      return node.error("there must be a positive scale for each of " + Twine(rank) + " dims");
    plan.scales.assign(scales.begin(), scales.end());
  }
  bool shrinks = llvm::any_of(plan.scales, [](double s) { return s < 1; });
  bool enlarges = llvm::any_of(plan.scales, [](double s) { return s > 1; });
  if (shrinks && enlarges && plan.mode == nn::ResizeMode::nearest)
    return node.error("unsupported: nearest positions both shrinking and enlarging");
  plan.nearest = shrinks ? nn::ResizeNearest::ceil : nn::ResizeNearest::floor;
  node.setOutput(0, build(node, plan));
  return node.status();
}

LogicalResult importResize(NodeImporter &node) {
  if (node.opset() < 11)
    return importUpsample(node);
  Plan plan;
  std::string mode = node.stringAttr("mode", "nearest");
  std::string coordinates = node.stringAttr("coordinate_transformation_mode", "half_pixel");
  std::string nearest = node.stringAttr("nearest_mode", "round_prefer_floor");
  auto kind = nn::symbolizeResizeMode(mode);
  auto transformation = nn::symbolizeResizeCoordinates(coordinates);
  auto rounding = nn::symbolizeResizeNearest(nearest);
  if (!kind || !rounding)
    return node.error("mode is '" + mode + "' and nearest_mode '" + nearest + "'");
  if (!transformation)
    return node.error((coordinates == "tf_half_pixel_for_nn" ? "unsupported " : "") +
                      Twine("coordinate_transformation_mode '") + coordinates + "'");
  plan.mode = *kind;
  plan.coordinates = *transformation;
  plan.nearest = *rounding;
  plan.cubicA = node.floatAttr("cubic_coeff_a", -0.75);
  plan.extrapolation = node.floatAttr("extrapolation_value", 0);
  plan.excludeOutside = node.intAttr("exclude_outside", 0) != 0;
  plan.antialias = node.intAttr("antialias", 0) != 0 && plan.mode != nn::ResizeMode::nearest;
  node.ignoreAttr("keep_aspect_ratio_policy"); // without meaning for scales

  int64_t rank = NodeImporter::rankOf(node.input(0));
  SmallVector<int64_t> axes;
  if (node.hasAttr("axes")) {
    for (int64_t axis : node.intsAttr("axes")) {
      axis = node.normalizeAxis(axis, rank);
      if (llvm::is_contained(axes, axis))
        return node.error("an axis is given twice");
      axes.push_back(axis);
    }
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  if (failed(node.status()))
    return failure();
  Value scales = presentInput(node, 2), sizes = presentInput(node, 3);
  if (!scales == !sizes)
    return node.error("exactly one of the scales and the sizes must be given");
  if (failed(scales ? readScales(node, scales, axes, plan) : readSizes(node, sizes, axes, plan)))
    return failure();
  if (plan.coordinates == nn::ResizeCoordinates::tf_crop_and_resize && failed(readRoi(node, axes, plan)))
    return failure();
  node.setOutput(0, build(node, plan));
  return node.status();
}

} // namespace

void registerResizeImporters(Registry &registry) {
  registry.add("Resize", importResize);
  registry.add("Upsample", importUpsample);
}

} // namespace nnc::onnx
