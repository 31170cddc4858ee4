// Shape rules of the ops on blocks of channels.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Window.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;

namespace nnc::nn {

namespace {

/// Whether x is [N,blocks,D1..Dn,16].
bool isBlocked(ShapeRule &rule, Value x, int64_t n, int64_t blocks) {
  return rule.rank(x) == n + 3 && !rule.differ(rule.dim(x, 1), rule.constant(blocks)) &&
         !rule.differ(rule.dim(x, n + 2), rule.constant(kBlock));
}

bool isBias(ShapeRule &rule, Value bias, Dim blocks) {
  return !bias || (rule.rank(bias) == 2 && !rule.differ(rule.dim(bias, 0), blocks) &&
                   !rule.differ(rule.dim(bias, 1), rule.constant(kBlock)));
}

/// Takes the spatial dims of what a window slides over to those of its outputs.
LogicalResult slideOver(ShapeRule &rule, StringRef constraint, MutableArrayRef<Dim> dims, ArrayRef<int64_t> kernel,
                        ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations) {
  size_t n = kernel.size();
  for (size_t i = 0; i < n; ++i) {
    Dim extent = windowExtent(rule, dims[i], kernel[i], strides[i], dilations[i], pads[i], pads[n + i],
                              AutoPad::explicit_pads, /*ceilMode=*/false);
    if (extent.known().value_or(1) < 1)
      return rule.error(constraint + ": a kernel of " + Twine((kernel[i] - 1) * dilations[i] + 1) +
                        " does not fit into dim " + Twine(2 + i) + " of " + Twine(*dims[i].known()) +
                        " with its padding");
    dims[i] = extent;
  }
  return success();
}

/// The spatial dims of [N,C,D1..Dn] or [N,B,D1..Dn,16].
Dims spatialDims(ShapeRule &rule, Value x, size_t n) { return Dims(ArrayRef(rule.dims(x)).slice(2, n)); }

/// [images,blocks,D1..Dn,16]
void blockedResult(ShapeRule &rule, Dim images, Dim blocks, ArrayRef<Dim> spatial) {
  Dims out = {images, blocks};
  out.append(spatial.begin(), spatial.end());
  out.push_back(rule.constant(kBlock));
  rule.result(out);
}

/// The result [N,blocks,O1..On,16] of a window that slides over the spatial dims of x.
LogicalResult slide(ShapeRule &rule, StringRef constraint, Value x, Dim blocks, ArrayRef<int64_t> kernel,
                    ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations) {
  Dims spatial = spatialDims(rule, x, kernel.size());
  if (failed(slideOver(rule, constraint, spatial, kernel, strides, pads, dilations)))
    return failure();
  blockedResult(rule, rule.dim(x, 0), blocks, spatial);
  return success();
}

} // namespace

LogicalResult BlockChannelsOp::shapes(ShapeRule &rule) {
  if (rule.rank(getX()) < 2)
    return rule.error("block_channels_c1: x has rank " + Twine(rule.rank(getX())) + ", not 2 or more");
  Dims out = rule.dims(getX());
  if (getChannelsLast())
    std::rotate(out.begin() + 1, out.end() - 1, out.end());
  out[1] = rule.ceilDiv(out[1], rule.constant(kBlock));
  out.push_back(rule.constant(kBlock));
  rule.result(out);
  return success();
}

LogicalResult UnblockChannelsOp::shapes(ShapeRule &rule) {
  int64_t n = rule.rank(getX()) - 3;
  if (n < 0 || getChannels() < 1 || !isBlocked(rule, getX(), n, blocksOf(getChannels())))
    return rule.error("unblock_channels_c1: x does not hold blocks of " + Twine(getChannels()) + " channels");
  Dims out = rule.dims(getX());
  out.pop_back();
  out[1] = rule.constant(getChannels());
  if (getChannelsLast())
    std::rotate(out.begin() + 1, out.begin() + 2, out.end());
  rule.result(out);
  return success();
}

bool BlockedConvOp::fitsStrassen() {
  auto x = dyn_cast<RankedTensorType>(getX().getType()), y = dyn_cast<RankedTensorType>(getY().getType());
  int64_t n = getKernel().size();
  auto all = [](ArrayRef<int64_t> entries, int64_t number) {
    return llvm::all_of(entries, [&](int64_t entry) { return entry == number; });
  };
  if (!x || !y || x.getRank() != n + 3 || y.getRank() != n + 3 || !all(getKernel(), 1) || !all(getPads(), 0))
    return false;
  ArrayRef<int64_t> inputs = x.getShape().slice(2, n), pixels = y.getShape().slice(2, n);
  return !ShapedType::isDynamicShape(inputs) && !ShapedType::isDynamicShape(pixels) && llvm::product_of(pixels) >= 4 &&
         x.getElementType().isF32() && getGroups() == 1 && getChannels() % 32 == 0 &&
         getFilters() % (4 * kBlock) == 0;
}

LogicalResult BlockedConvOp::shapes(ShapeRule &rule) {
  int64_t n = getKernel().size(), channels = getChannels(), filters = getFilters(), groups = getGroups();
  bool plain = rule.rank(getX()) == n + 2 && !rule.differ(rule.dim(getX(), 1), rule.constant(channels));
  if (n < 1 || n > 2 || channels < 1 || !(plain || isBlocked(rule, getX(), n, blocksOf(channels))))
    return rule.error("blocked_conv_c1: x does not hold " + Twine(channels) + " channels over " + Twine(n) +
                      " dims");
  if (failed(checkWindow(rule, "blocked_conv_c2", n, getKernel(), getStrides(), getDilations(), getPads())))
    return failure();
  bool fits = groups >= 1 && filters >= 1 && filters % groups == 0 && channels % groups == 0 &&
              rule.rank(getPanels()) == 4;
  if (fits && groups > 1)
    fits = !plain && filters / groups % kBlock == 0 && channels / groups % kBlock == 0;
  if (fits) {
    int64_t expected[] = {groups, blocksOf(filters / groups), llvm::product_of(getKernel()) * channels / groups,
                          kBlock};
    for (auto [i, extent] : llvm::enumerate(expected))
      fits &= !rule.differ(rule.dim(getPanels(), i), rule.constant(extent));
  }
  if (!fits)
    return rule.error("blocked_conv_c3: the panels do not fit " + Twine(filters) + " filters in " +
                      Twine(groups) + " groups");
  Dim blocks = rule.constant(blocksOf(filters));
  if (!isBias(rule, getBias(), blocks))
    return rule.error("blocked_conv_c4: the bias needs one lane per filter");
  if (getStrassen() && !fitsStrassen())
    return rule.error("blocked_conv_c6: Strassen's algorithm takes kernels of one pixel without padding, "
                      "4 pixels or more, one group, a multiple of 32 channels and of 64 filters");
  return slide(rule, "blocked_conv_c5", getX(), blocks, getKernel(), getStrides(), getPads(), getDilations());
}

LogicalResult BlockedByteConvOp::shapes(ShapeRule &rule) {
  int64_t n = getKernel().size(), channels = getChannels(), filters = getFilters(), groups = getGroups();
  if (n < 1 || n > 2 || channels < 1 || !isBlocked(rule, getX(), n, blocksOf(channels)))
    return rule.error("blocked_byte_conv_c1: x does not hold " + Twine(channels) + " channels over " +
                      Twine(n) + " dims");
  if (failed(
          checkWindow(rule, "blocked_byte_conv_c2", n, getKernel(), getStrides(), getDilations(), getPads())))
    return failure();
  bool fits = groups >= 1 && filters >= 1 && filters % groups == 0 && channels % groups == 0 &&
              rule.rank(getPanels()) == 5;
  if (fits && groups > 1)
    fits = filters / groups % kBlock == 0 && channels / groups % kBlock == 0;
  if (fits) {
    int64_t steps = llvm::divideCeil(channels / groups, kByteStep);
    int64_t expected[] = {groups, blocksOf(filters / groups), llvm::product_of(getKernel()) * steps, kBlock,
                          kByteStep};
    for (auto [i, extent] : llvm::enumerate(expected))
      fits &= !rule.differ(rule.dim(getPanels(), i), rule.constant(extent));
  }
  if (!fits)
    return rule.error("blocked_byte_conv_c3: the panels do not fit " + Twine(filters) + " filters in " +
                      Twine(groups) + " groups");
  Type x = getElementTypeOrSelf(getX().getType()), panels = getElementTypeOrSelf(getPanels().getType());
  Dim blocks = rule.constant(blocksOf(filters));
  if (!isBias(rule, getStart(), blocks) ||
      (getZeroPoint() &&
       (getElementTypeOrSelf(getZeroPoint().getType()) != x || rule.length(getZeroPoint()) != 1)))
    return rule.error(
        "blocked_byte_conv_c4: start needs one lane per filter, zero_point one element of x's type");
  if (!areByteFactors(x, panels, getFlip()))
    return rule.error("blocked_byte_conv_c6: no product of " + debugString(x) + " by " + debugString(panels) +
                      (getFlip() ? " with flipped bits" : ""));
  return slide(rule, "blocked_byte_conv_c5", getX(), blocks, getKernel(), getStrides(), getPads(),
               getDilations());
}

LogicalResult WinogradConvOp::shapes(ShapeRule &rule) {
  int64_t channels = getChannels(), filters = getFilters();
  ArrayRef<int64_t> kernel = getKernel();
  size_t n = kernel.size();
  if (channels < 1 || n < 1 || n > 2 || !isBlocked(rule, getX(), n, blocksOf(channels)))
    return rule.error("winograd_conv_c1: x does not hold " + Twine(channels) + " channels over " + Twine(n) +
                      (n == 1 ? " dim" : " dims"));
  if (getPads().size() != 2 * n ||
      llvm::any_of(getPads(), [](int64_t v) { return v < 0 || v >= (int64_t(1) << 31); }))
    return rule.error("winograd_conv_c2: there must be " + Twine(2 * n) + " pads, not negative or huge");
  if (getDilations().size() != n ||
      llvm::any_of(getDilations(), [](int64_t v) { return v < 1 || v >= (int64_t(1) << 31); }))
    return rule.error("winograd_conv_c2: there must be " + Twine(n) + " dilations, positive and not huge");
  int64_t taps = *llvm::max_element(kernel), stride = getStride(), groups = getGroups(), weights = 1;
  bool exists = getOutputs().size() == n;
  for (size_t i = 0; exists && i < n; ++i) {
    int64_t outputs = getOutputs()[i];
    exists = outputs == 1 || (kernel[i] > 1 && (outputs == 2 || (outputs == 4 && taps < 5)));
    exists &= kernel[i] == 1 || (kernel[i] == taps && llvm::is_contained({2, 3, 5}, taps));
    weights *= outputs + kernel[i] - 1;
  }
  bool isGrouped = groups == 1 || (groups > 1 && channels % (groups * kBlock) == 0 && filters % (groups * kBlock) == 0);
  int64_t perGroup = isGrouped ? channels / groups : channels, panels = blocksOf(std::max<int64_t>(filters, 1));
  SmallVector<int64_t> expected = {weights, panels, perGroup, kBlock};
  if (getFromTaps()) {
    expected = {panels, perGroup, llvm::product_of(kernel), kBlock};
    exists &= perGroup % kBlock == 0;
  }
  bool isDilated = llvm::any_of(getDilations(), [](int64_t v) { return v != 1; });
  exists &= stride == 1 || (stride == 2 && taps == 3 && !isDilated && !llvm::is_contained(kernel, 1));
  bool fits = exists && isGrouped && filters >= 1 && rule.rank(getU()) == 4;
  for (size_t i = 0; fits && i < 4; ++i)
    fits = !rule.differ(rule.dim(getU(), i), rule.constant(expected[i]));
  if (!fits)
    return rule.error("winograd_conv_c3: u does not fit " + Twine(channels) + " channels and " +
                      Twine(filters) + " filters in " + Twine(groups) + " groups");
  Dim blocks = rule.constant(panels);
  if (!isBias(rule, getBias(), blocks))
    return rule.error("winograd_conv_c4: the bias needs one lane per filter");
  return slide(rule, "winograd_conv_c5", getX(), blocks, kernel, SmallVector<int64_t>(n, stride), getPads(),
               getDilations());
}

LogicalResult BlockedDepthwiseOp::shapes(ShapeRule &rule) {
  int64_t n = getKernel().size();
  if (n < 1 || n > 2 || rule.rank(getX()) != n + 3 ||
      rule.differ(rule.dim(getX(), n + 2), rule.constant(kBlock)))
    return rule.error("blocked_depthwise_c1: x is not blocked over " + Twine(n) + " dims");
  if (failed(
          checkWindow(rule, "blocked_depthwise_c2", n, getKernel(), getStrides(), getDilations(), getPads())))
    return failure();
  Dim blocks = rule.dim(getX(), 1), images = rule.dim(getX(), 0);
  int64_t perGroup = getPerGroup(), slicesUnder = 1;
  if (auto depth = getDepth()) {
    auto count = images.known();
    if (depth->size() != 6 || llvm::any_of(*depth, [](int64_t v) { return v < 0; }) ||
        llvm::is_contained(depth->take_front(4), 0) || getKernel().size() != 2 || !count || *count % (*depth)[0])
      return rule.error("blocked_depthwise_c5: the depth is no window over the slices of whole volumes");
    slicesUnder = (*depth)[1];
    Dim out = windowExtent(rule, rule.constant((*depth)[0]), slicesUnder, (*depth)[2], (*depth)[3], (*depth)[4],
                           (*depth)[5], AutoPad::explicit_pads, /*ceilMode=*/false);
    if (out.known().value_or(0) < 1)
      return rule.error("blocked_depthwise_c5: " + Twine(slicesUnder) + " taps do not fit " + Twine((*depth)[0]) +
                        " slices with their padding");
    images = rule.constant(*count / (*depth)[0] * *out.known());
  }
  if ((perGroup != 1 && perGroup != 2 && perGroup != 4 && perGroup != 8) || rule.rank(getW()) != 3 ||
      rule.differ(rule.dim(getW(), 0), blocks) ||
      rule.differ(rule.dim(getW(), 1), rule.constant(slicesUnder * llvm::product_of(getKernel()) * perGroup)) ||
      rule.differ(rule.dim(getW(), 2), rule.constant(kBlock)) || !isBias(rule, getBias(), blocks))
    return rule.error("blocked_depthwise_c3: the weight or the bias does not fit x's blocks, the groups of " +
                      Twine(perGroup) + " and the kernel");
  Dims spatial = spatialDims(rule, getX(), n);
  if (failed(slideOver(rule, "blocked_depthwise_c4", spatial, getKernel(), getStrides(), getPads(), getDilations())))
    return failure();
  blockedResult(rule, images, blocks, spatial);
  return success();
}

LogicalResult BlockedBottleneckOp::shapes(ShapeRule &rule) {
  int64_t channels = getChannels(), filters = getFilters();
  bool plain = rule.rank(getX()) == 4 && !rule.differ(rule.dim(getX(), 1), rule.constant(channels));
  if (channels < 1 || !(plain || isBlocked(rule, getX(), 2, blocksOf(channels))))
    return rule.error("blocked_bottleneck_c1: x does not hold " + Twine(channels) +
                      " channels over 2 dims");
  StringRef windows = "blocked_bottleneck_c2";
  if (failed(checkWindow(rule, windows, 2, getKernel(), getStrides(), getDilations(), getPads())) ||
      failed(checkWindow(rule, windows, 2, getExpandKernel(), getExpandStrides(), getExpandDilations(),
                         getExpandPads())))
    return failure();
  int64_t blocks = blocksOf(std::max<int64_t>(filters, 1));
  auto hasDims = [&](Value v, ArrayRef<int64_t> expected) {
    bool fits = rule.rank(v) == static_cast<int64_t>(expected.size());
    for (size_t i = 0; fits && i < expected.size(); ++i)
      fits = !rule.differ(rule.dim(v, i), rule.constant(expected[i]));
    return fits;
  };
  if (filters < 1 || !hasDims(getPanels(), {1, blocks, llvm::product_of(getExpandKernel()) * channels, kBlock}) ||
      !hasDims(getExpandBias(), {blocks, kBlock}) ||
      !hasDims(getW(), {blocks, llvm::product_of(getKernel()), kBlock}) || !hasDims(getBias(), {blocks, kBlock}))
    return rule.error("blocked_bottleneck_c3: the weights do not fit " + Twine(channels) +
                      " channels and " + Twine(filters) + " filters");
  StringRef fits = "blocked_bottleneck_c5";
  // A kernel takes the extents of the tensors in between from the regions.
  auto isRegionOver = [&](Region &region, ArrayRef<Dim> spatial) {
    Block *block = region.empty() ? nullptr : &region.front();
    auto *end = block && !block->empty() ? &block->back() : nullptr;
    if (!end || block->getNumArguments() != 1 || !isa<YieldOp>(end) || end->getNumOperands() != 1)
      return false;
    auto type = dyn_cast<RankedTensorType>(block->getArgument(0).getType());
    if (!type || type.getRank() != 5 || type.getDimSize(1) != blocks || type.getDimSize(4) != kBlock)
      return false;
    return llvm::all_of(llvm::zip_equal(type.getShape().slice(2, 2), spatial), [](auto pair) {
      auto [extent, dim] = pair;
      return dim.known().value_or(extent) == extent;
    });
  };
  Dims spatial = spatialDims(rule, getX(), 2);
  if (failed(slideOver(rule, fits, spatial, getExpandKernel(), getExpandStrides(), getExpandPads(),
                       getExpandDilations())))
    return failure();
  if (!isRegionOver(getExpanded(), spatial))
    return rule.error("blocked_bottleneck_c4: the region does not take the expanded tensor and yield one");
  if (failed(slideOver(rule, fits, spatial, getKernel(), getStrides(), getPads(), getDilations())))
    return failure();
  if (!getProject().empty() || getProjectFilters() || !getFiltered().empty()) {
    int64_t projected = blocksOf(std::max<int64_t>(getProjectFilters().value_or(1), 1));
    if (getProject().size() != 2 || getProjectFilters().value_or(0) < 1 ||
        !hasDims(getProject()[0], {1, projected, filters, kBlock}) ||
        !hasDims(getProject()[1], {projected, kBlock}) || !isRegionOver(getFiltered(), spatial))
      return rule.error("blocked_bottleneck_c6: the projection has no region, panels and bias that fit " +
                        Twine(filters) + " channels and " + Twine(getProjectFilters().value_or(0)) + " filters");
    blocks = projected;
  }
  blockedResult(rule, rule.dim(getX(), 0), rule.constant(blocks), spatial);
  return success();
}

LogicalResult BlockedPoolOp::shapes(ShapeRule &rule) {
  int64_t n = getKernel().size();
  if (n < 1 || n > 2 || rule.rank(getX()) != n + 3 ||
      rule.differ(rule.dim(getX(), n + 2), rule.constant(kBlock)) || getKind() == PoolKind::lp)
    return rule.error("blocked_pool_c1: x is not blocked over " + Twine(n) +
                      " dims, or the kind is neither max nor average");
  if (failed(checkWindow(rule, "blocked_pool_c2", n, getKernel(), getStrides(), getDilations(), getPads())))
    return failure();
  for (int64_t i = 0; i < n; ++i)
    if (int64_t span = (getKernel()[i] - 1) * getDilations()[i] + 1; getPads()[i] >= span)
      return rule.error("blocked_pool_c3: a pad of " + Twine(getPads()[i]) +
                        " is not smaller than a window of " + Twine(span));
  return slide(rule, "blocked_pool_c3", getX(), rule.dim(getX(), 1), getKernel(), getStrides(), getPads(),
               getDilations());
}

} // namespace nnc::nn
