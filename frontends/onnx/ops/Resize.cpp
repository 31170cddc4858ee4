//===- Resize.cpp - Resize and Upsample ---------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"

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
  Value sizes, scaleValues, roiValues; // the latter for what is computed at run time
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
  return node.create<nn::ResizeOp>(node.elementType(0), plan.mode, node.input(0), plan.sizes, plan.scaleValues,
                                   plan.roiValues, attribute(plan.scales), attribute(plan.roi), plan.coordinates, plan.nearest, APFloat(plan.cubicA),
                                   plan.excludeOutside, plan.antialias, APFloat(plan.extrapolation));
}

//===----------------------------------------------------------------------===//
// Shape arithmetic, on 1-D tensors with one entry for every dim or every axis
//===----------------------------------------------------------------------===//

Value concat(NodeImporter &node, ArrayRef<Value> parts) {
  return node.create<nn::ConcatOp>(NodeImporter::elementTypeOf(parts.front()), parts, 0);
}

Value extent(NodeImporter &node, int64_t dim) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), node.input(0), dim, dim + 1);
}

/// Entries for all dims: those of the axes from `list`, from its entry `start` on, the others from `other`.
SmallVector<Value> forAllDims(NodeImporter &node, Value list, ArrayRef<int64_t> axes,
                              llvm::function_ref<Value(int64_t dim)> other, int64_t start = 0) {
  SmallVector<Value> parts;
  for (int64_t i = 0, rank = NodeImporter::rankOf(node.input(0)); i < rank; ++i) {
    const int64_t *found = llvm::find(axes, i);
    parts.push_back(found == axes.end() ? other(i) : sliceAt(node, list, start + (found - axes.begin())));
  }
  return parts;
}

/// One number as a 1-D tensor.
Value number(NodeImporter &node, Type type, double value) {
  return node.create<nn::UnsqueezeOp>(type, node.scalarConstant(type, value), ArrayRef<int64_t>{0});
}

Value arithmetic(NodeImporter &node, nn::BinaryKind kind, Value a, Value b) {
  return node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b);
}

/// floor(x) as an extent.
Value wholePart(NodeImporter &node, Value x) {
  Type type = NodeImporter::elementTypeOf(x);
  return node.castTo(node.create<nn::UnaryOp>(type, nn::UnaryKind::floor, x, FloatAttr(), FloatAttr()),
                     node.builder().getI64Type());
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Whether each of the axes has an entry.
LogicalResult checkLength(NodeImporter &node, Value input, size_t expected, StringRef what) {
  if (NodeImporter::shapeOf(input) == ArrayRef<int64_t>{static_cast<int64_t>(expected)})
    return success();
  return node.error("there must be " + Twine(expected) + " " + what);
}

/// Scales that a model computes: what the sizes are is computed from them.
LogicalResult useRuntimeScales(NodeImporter &node, Value input, ArrayRef<int64_t> axes, Plan &plan) {
  Type f64 = node.builder().getF64Type();
  int64_t rank = NodeImporter::rankOf(node.input(0));
  Type type = NodeImporter::elementTypeOf(input);
  plan.scaleValues = concat(node, forAllDims(node, input, axes, [&](int64_t) { return number(node, type, 1); }));
  Value shape = node.create<nn::ShapeOfOp>(node.builder().getI64Type(), node.input(0), 0, rank);
  Value extents = arithmetic(node, nn::BinaryKind::mul, node.castTo(shape, f64), node.castTo(plan.scaleValues, f64));
  if (plan.coordinates == nn::ResizeCoordinates::tf_crop_and_resize) {
    Value roi = plan.roiValues;
    if (!roi)
      roi = node.constant(DenseElementsAttr::get(RankedTensorType::get({2 * rank}, f64), ArrayRef<double>(plan.roi)));
    auto half = [&](int64_t from) {
      return node.create<nn::SliceOp>(NodeImporter::elementTypeOf(roi), roi, node.intsConstant({from}),
                                      node.intsConstant({from + rank}), ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
    };
    Value span = arithmetic(node, nn::BinaryKind::sub, node.castTo(half(rank), f64), node.castTo(half(0), f64));
    extents = arithmetic(node, nn::BinaryKind::mul, extents, span);
  }
  plan.sizes = wholePart(node, extents);
  return node.status();
}

/// The scales of all dims from those of the axes.
LogicalResult readScales(NodeImporter &node, Value input, ArrayRef<int64_t> axes, Plan &plan) {
  if (failed(checkLength(node, input, axes.size(), "scales")))
    return failure();
  std::optional<SmallVector<double>> scales = constantFloats(input);
  // Where the region is computed at run time, so is what the scales make of it.
  if (!scales || plan.roiValues)
    return useRuntimeScales(node, input, axes, plan);
  plan.scales.assign(NodeImporter::rankOf(node.input(0)), 1.0);
  for (auto [axis, scale] : llvm::zip(axes, *scales)) {
    if (!(scale > 0 && scale < 1e9))
      return node.error("the scales must be positive");
    plan.scales[axis] = scale;
  }
  return success();
}

/// Sizes that keep the ratio between the axes: one scale, the smallest or the largest of those asked for.
LogicalResult keepRatio(NodeImporter &node, Value sizes, ArrayRef<int64_t> axes, bool notLarger, Plan &plan) {
  Type f64 = node.builder().getF64Type();
  SmallVector<Value> extents;
  for (int64_t axis : axes)
    extents.push_back(extent(node, axis));
  Value dims = node.castTo(concat(node, extents), f64);
  Value scales = arithmetic(node, nn::BinaryKind::div, node.castTo(sizes, f64), dims);
  Value scale = node.create<nn::ReduceOp>(f64, notLarger ? nn::ReduceKind::min : nn::ReduceKind::max, scales,
                                          ArrayRef<int64_t>{0}, /*keepdims=*/true);
  Value halfUp = arithmetic(node, nn::BinaryKind::add, arithmetic(node, nn::BinaryKind::mul, dims, scale),
                            node.scalarConstant(f64, 0.5));
  Value kept = wholePart(node, halfUp);
  SmallVector<Value> scaleParts, sizeParts;
  for (int64_t i = 0, rank = NodeImporter::rankOf(node.input(0)); i < rank; ++i)
    scaleParts.push_back(llvm::is_contained(axes, i) ? scale : number(node, f64, 1));
  plan.scaleValues = concat(node, scaleParts);
  plan.sizes = concat(node, forAllDims(node, kept, axes, [&](int64_t dim) { return extent(node, dim); }));
  return node.status();
}

/// The sizes of all dims from those of the axes.
LogicalResult readSizes(NodeImporter &node, Value input, ArrayRef<int64_t> axes, Plan &plan) {
  if (failed(checkLength(node, input, axes.size(), "sizes")))
    return failure();
  std::optional<SmallVector<int64_t>> known = node.integersOf(input);
  if (known && llvm::any_of(*known, [](int64_t size) { return size < 0; }))
    return node.error("the sizes must not be negative");
  std::string policy = node.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller")
    return keepRatio(node, input, axes, policy == "not_larger", plan);
  if (policy != "stretch")
    return node.error("keep_aspect_ratio_policy is '" + policy + "'");
  bool isForAll = static_cast<int64_t>(axes.size()) == NodeImporter::rankOf(node.input(0)) && llvm::is_sorted(axes);
  plan.sizes =
      isForAll ? input : concat(node, forAllDims(node, input, axes, [&](int64_t dim) { return extent(node, dim); }));
  return node.status();
}

/// The region of all dims from that of the axes.
LogicalResult readRoi(NodeImporter &node, ArrayRef<int64_t> axes, Plan &plan) {
  Value input = presentInput(node, 1);
  if (!input)
    return node.error("tf_crop_and_resize needs a region of interest");
  int64_t rank = NodeImporter::rankOf(node.input(0)), n = axes.size();
  if (failed(checkLength(node, input, 2 * n, "numbers in the region of interest")))
    return failure();
  std::optional<SmallVector<double>> roi = constantFloats(input);
  if (!roi) {
    Type type = NodeImporter::elementTypeOf(input);
    SmallVector<Value> parts = forAllDims(node, input, axes, [&](int64_t) { return number(node, type, 0); });
    parts.append(forAllDims(node, input, axes, [&](int64_t) { return number(node, type, 1); }, n));
    plan.roiValues = concat(node, parts);
    return node.status();
  }
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
    // Upsample only enlarges; what opset 10's Resize rounds to depends on the scales.
    if (plan.scaleValues && node.opType() == "Resize" && plan.mode == nn::ResizeMode::nearest)
      return node.error("unsupported: the scales are computed at run time");
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
  if (plan.coordinates == nn::ResizeCoordinates::tf_crop_and_resize && failed(readRoi(node, axes, plan)))
    return failure();
  if (failed(scales ? readScales(node, scales, axes, plan) : readSizes(node, sizes, axes, plan)))
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
