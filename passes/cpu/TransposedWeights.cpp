#include "passes/cpu/TransposedWeights.h"

#include "passes/cpu/ConstantElements.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The taps of a kernel, row-major, that one remainder's filters have; -1 for those beyond it.
static SmallVector<int64_t> pickedTaps(ArrayRef<TapRange> taps, ArrayRef<int64_t> kernel) {
  SmallVector<int64_t> picked = {0};
  for (auto [range, extent] : llvm::zip_equal(taps, kernel)) {
    SmallVector<int64_t> outer = std::move(picked);
    picked.clear();
    for (int64_t before : outer)
      for (int64_t j = 0; j < range.count; ++j) {
        int64_t tap = range.first + (range.count - 1 - j) * range.stride;
        picked.push_back(before < 0 || tap >= extent ? -1 : before * extent + tap);
      }
  }
  return picked;
}

bool TransposedWeights::arePickable(nn::ConvTransposeOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getW().getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0)
    return false;
  return llvm::all_of(op->getOperands().drop_front(), [](Value operand) {
    ElementsAttr value = constantValue(operand);
    return !value || elementsOf(value);
  });
}

TransposedWeights::TransposedWeights(OpBuilder &b, nn::ConvTransposeOp op)
    : b(b), op(op), type(typeOf(op.getW())), groups(op.getGroups()), channels(type.getDimSize(0) / groups),
      filters(type.getDimSize(1)) {}

bool TransposedWeights::isConstant() { return bool(constantValue(op.getW())); }

Value TransposedWeights::ofRemainder(ArrayRef<TapRange> taps) {
  if (isConstant())
    return constant(Remainder(taps));
  SmallVector<int64_t> shape(type.getShape()), counts, starts, ends, axes, steps, ones(taps.size(), 1);
  for (auto [i, range] : llvm::enumerate(taps)) {
    int64_t &extent = shape[2 + i];
    starts.push_back(range.first + (range.count - 1) * range.stride);
    ends.push_back(-extent - 1); // to the very first
    axes.push_back(2 + i);
    steps.push_back(-range.stride);
    counts.push_back(extent = range.count);
  }
  Value picked =
      nn::SliceOp::create(b, op.getLoc(), type.clone(shape), op.getW(), createIndexList(b, op.getLoc(), starts),
                          createIndexList(b, op.getLoc(), ends), axes, steps);
  return turned(picked, counts, ones);
}

Value TransposedWeights::ofAll(ArrayRef<TapRange> taps) {
  if (isConstant()) {
    SmallVector<Remainder> remainders = {{}};
    for (const TapRange &range : taps) {
      SmallVector<Remainder> outer = std::move(remainders);
      remainders.clear();
      for (const Remainder &before : outer)
        for (int64_t r = 0; r < range.stride; ++r) {
          remainders.push_back(before);
          remainders.back().push_back({r, range.count, range.stride});
        }
    }
    return constant(remainders);
  }
  // Remainder r of tap t is tap t * stride + r: first zeros up to whole strides, then the taps backwards.
  Location loc = op.getLoc();
  size_t rank = type.getRank();
  SmallVector<int64_t> shape(type.getShape()), pads(2 * rank), apart = {groups, channels, filters}, counts, strides,
                       starts, ends, axes;
  for (auto [i, range] : llvm::enumerate(taps)) {
    int64_t extent = range.count * range.stride;
    pads[rank + 2 + i] = extent - shape[2 + i];
    shape[2 + i] = extent;
    apart.append({range.count, range.stride});
    counts.push_back(range.count);
    strides.push_back(range.stride);
    if (range.count == 1)
      continue;
    axes.push_back(3 + 2 * i);
    starts.push_back(-1);
    ends.push_back(-range.count - 1);
  }
  Value w = op.getW();
  if (type.getShape() != ArrayRef(shape))
    w = nn::PadOp::create(b, loc, type.clone(shape), nn::PadMode::constant, w, createIndexList(b, loc, pads),
                          /*value=*/Value());
  w = reshaped(w, apart);
  if (!axes.empty())
    w = nn::SliceOp::create(b, loc, w.getType(), w, createIndexList(b, loc, starts), createIndexList(b, loc, ends),
                            axes, SmallVector<int64_t>(axes.size(), -1));
  return turned(w, counts, strides);
}

Value TransposedWeights::biasOfAll(int64_t remainders) {
  Value bias = op.getBias();
  if (!bias || remainders == 1)
    return bias;
  Location loc = op.getLoc();
  RankedTensorType ofFilters = typeOf(bias);
  SmallVector<int64_t> repeated = {groups, remainders, filters}, all = {groups * remainders * filters};
  if (auto elements = elementsOf(constantValue(bias))) {
    int64_t width = ofFilters.getElementTypeBitWidth() / 8;
    std::vector<char> bytes(all[0] * width);
    for (int64_t row = 0; row < all[0]; ++row) {
      int64_t from = row / filters / remainders * filters + row % filters;
      memcpy(&bytes[row * width], elements->bytes.data() + (elements->isSplat ? 0 : from * width), width);
    }
    return createConstant(b, loc, constantFromBytes(ofFilters.clone(all), bytes));
  }
  Value once = reshaped(bias, {groups, 1, filters});
  return reshaped(nn::BroadcastToOp::create(b, loc, ofFilters.clone(repeated), once,
                                            createIndexList(b, loc, repeated)),
                  all);
}

Value TransposedWeights::constant(ArrayRef<Remainder> remainders) {
  Elements elements = *elementsOf(constantValue(op.getW()));
  ArrayRef<int64_t> kernel = type.getShape().drop_front(2);
  int64_t size = type.getElementTypeBitWidth() / 8, perFilter = ShapedType::getNumElements(kernel);
  SmallVector<SmallVector<int64_t>> picked;
  for (const Remainder &remainder : remainders)
    picked.push_back(pickedTaps(remainder, kernel));
  std::vector<char> bytes(groups * remainders.size() * filters * channels * picked.front().size() * size, 0);
  char *at = bytes.data();
  for (int64_t group = 0; group < groups; ++group)
    for (ArrayRef<int64_t> taps : picked)
      for (int64_t filter = 0; filter < filters; ++filter)
        for (int64_t c = group * channels; c < (group + 1) * channels; ++c)
          for (int64_t tap : taps) {
            int64_t from = elements.isSplat ? 0 : ((c * filters + filter) * perFilter + tap) * size;
            if (tap >= 0)
              memcpy(at, elements.bytes.data() + from, size);
            at += size;
          }
  SmallVector<int64_t> shape = {groups * int64_t(remainders.size()) * filters, channels};
  for (const TapRange &range : remainders.front())
    shape.push_back(range.count);
  return createConstant(b, op.getLoc(), constantFromBytes(type.clone(shape), std::move(bytes)));
}

Value TransposedWeights::turned(Value w, ArrayRef<int64_t> taps, ArrayRef<int64_t> strides) {
  SmallVector<int64_t> apart = {groups, channels, filters}, perm = {0}, shape = {groups * filters, channels},
                       turned = {groups};
  for (auto [i, stride] : llvm::enumerate(strides)) {
    apart.append({taps[i], stride});
    perm.push_back(4 + 2 * i);
    turned.push_back(stride);
    shape[0] *= stride;
  }
  perm.append({2, 1});
  turned.append({filters, channels});
  for (auto [i, count] : llvm::enumerate(taps)) {
    perm.push_back(3 + 2 * i);
    turned.push_back(count);
    shape.push_back(count);
  }
  return reshaped(
      nn::TransposeOp::create(b, op.getLoc(), type.clone(turned), reshaped(w, apart), perm),
      shape);
}

Value TransposedWeights::reshaped(Value x, ArrayRef<int64_t> shape) {
  RankedTensorType from = typeOf(x);
  if (from.getShape() == shape)
    return x;
  return nn::ReshapeOp::create(b, op.getLoc(), from.clone(shape), x, createIndexList(b, op.getLoc(), shape),
                               /*allow_zero=*/false);
}

} // namespace nnc
