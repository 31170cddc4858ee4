#include "passes/cpu/WeightPanels.h"

#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {

using nn::blocksOf;
using nn::kBlock;

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Zeros behind the elements of a dim, up to `extent`.
Value filledUp(OpBuilder &b, Location loc, Value x, int64_t dim, int64_t extent) {
  SmallVector<int64_t> shape(typeOf(x).getShape()), pads(2 * shape.size(), 0);
  if (shape[dim] == extent)
    return x;
  pads[shape.size() + dim] = extent - shape[dim];
  shape[dim] = extent;
  return nn::PadOp::create(b, loc, typeOf(x).clone(shape), nn::PadMode::constant, x, createIndexList(b, loc, pads),
                           /*value=*/Value());
}

/// Elements [from, to) of a dim.
Value sliced(OpBuilder &b, Location loc, Value x, int64_t dim, int64_t from, int64_t to) {
  SmallVector<int64_t> shape(typeOf(x).getShape());
  if (from == 0 && to == shape[dim])
    return x;
  shape[dim] = to - from;
  return nn::SliceOp::create(b, loc, typeOf(x).clone(shape), x, createIndexList(b, loc, from),
                             createIndexList(b, loc, to), ArrayRef<int64_t>{dim}, ArrayRef<int64_t>{1});
}

/// The elements of a constant weight.
std::optional<Elements> known(Value weight) { return elementsOf(constantValue(weight)); }

/// G x G, by which the taps of a filter, as a column, give its weights: [weights, taps].
Value weightsOfTaps(OpBuilder &b, Location loc, winograd::ImageFiltering f) {
  auto down = winograd::weightsOfTaps(f.down), across = winograd::weightsOfTaps(f.across);
  int64_t columns = f.across.taps, taps = f.down.taps * columns;
  std::vector<float> elements;
  for (int64_t i = 0; i < f.down.weights(); ++i)
    for (int64_t j = 0; j < f.across.weights(); ++j)
      for (int64_t tap = 0; tap < taps; ++tap)
        elements.push_back(down[tap / columns][i] * across[tap % columns][j]);
  auto type = RankedTensorType::get({f.weights(), taps}, b.getF32Type());
  return createConstant(b, loc, DenseElementsAttr::get(type, ArrayRef(elements)));
}

} // namespace

Value directPanels(OpBuilder &b, Location loc, Value weight, WeightShape s, bool plain) {
  if (auto elements = known(weight))
    return createConstant(b, loc, packDirect(*elements, s, plain, b.getContext()));
  int64_t perGroup = s.filters / s.groups, panels = blocksOf(perGroup);
  Value all = createReshape(b, loc, weight, {s.groups, perGroup, s.channels, s.taps});
  all = filledUp(b, loc, all, 1, panels * kBlock);
  // Channels by whole blocks, and those of the last one.
  int64_t whole = plain ? 0 : s.channels / kBlock * kBlock;
  SmallVector<Value> parts;
  for (auto [from, to] : {std::pair(int64_t(0), whole), std::pair(whole, s.channels)}) {
    if (from == to)
      continue;
    int64_t block = plain ? 1 : std::min(kBlock, to - from), blocks = (to - from) / block;
    Value part =
        createReshape(b, loc, sliced(b, loc, all, 2, from, to), {s.groups, panels, kBlock, blocks, block, s.taps});
    part = createTranspose(b, loc, part, {0, 1, 3, 5, 4, 2});
    parts.push_back(createReshape(b, loc, part, {s.groups, panels, (to - from) * s.taps, kBlock}));
  }
  if (parts.size() == 1)
    return parts[0];
  auto type = typeOf(parts[0]).clone({s.groups, panels, s.channels * s.taps, kBlock});
  return nn::ConcatOp::create(b, loc, type, parts, 2);
}

Value tapPanels(OpBuilder &b, Location loc, Value weight, WeightShape s) {
  if (auto elements = known(weight))
    return createConstant(b, loc, packTaps(*elements, s, b.getContext()));
  int64_t panels = blocksOf(s.filters);
  Value all = createReshape(b, loc, weight, {s.filters, s.channels, s.taps});
  all = createReshape(b, loc, filledUp(b, loc, all, 0, panels * kBlock), {panels, kBlock, s.channels, s.taps});
  return createTranspose(b, loc, all, {0, 2, 3, 1});
}

Value winogradPanels(OpBuilder &b, Location loc, Value weight, WeightShape s, winograd::ImageFiltering filtering) {
  if (auto elements = known(weight))
    return createConstant(b, loc, packWinograd(*elements, s, filtering, b.getContext()));
  Value weights = weightsOfTaps(b, loc, filtering);
  int64_t panels = blocksOf(s.filters), count = typeOf(weights).getDimSize(0), columns = panels * s.channels * kBlock;
  Value all = createReshape(b, loc, weight, {s.filters, s.channels, s.taps});
  all = createReshape(b, loc, filledUp(b, loc, all, 0, panels * kBlock), {panels, kBlock, s.channels, s.taps});
  all = createReshape(b, loc, createTranspose(b, loc, all, {3, 0, 2, 1}), {s.taps, columns});
  all = nn::MatMulOp::create(b, loc, typeOf(all).clone({count, columns}), weights, all);
  return createReshape(b, loc, all, {count, panels, s.channels, kBlock});
}

Value depthwisePanels(OpBuilder &b, Location loc, Value weight, WeightShape s) {
  if (auto elements = known(weight))
    return createConstant(b, loc, packDepthwise(*elements, s, b.getContext()));
  int64_t blocks = blocksOf(s.filters);
  Value all = createReshape(b, loc, weight, {s.filters, s.taps});
  all = createReshape(b, loc, filledUp(b, loc, all, 0, blocks * kBlock), {blocks, kBlock, s.taps});
  return createTranspose(b, loc, all, {0, 2, 1});
}

Value blockedLanes(OpBuilder &b, Location loc, Value values, int64_t channels) {
  if (auto elements = known(values))
    return createConstant(b, loc, packLanes(*elements, channels, b.getContext()));
  int64_t blocks = blocksOf(channels);
  return createReshape(b, loc, filledUp(b, loc, values, 0, blocks * kBlock), {blocks, kBlock});
}

} // namespace nnc
