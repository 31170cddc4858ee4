#include "passes/lower/GatheredPixels.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Exponential.h"

using namespace mlir;

namespace nnc {

GatheredPixels::GatheredPixels(KernelBuilder &k, nn::PackedConvOp op, const PackedConvShape &shape,
                               const ConvPlan &plan, PixelSpace &space)
    : k(k), shape(shape), plan(plan), space(space), xElement(getElementTypeOrSelf(op.getX().getType())),
      outElement(getElementTypeOrSelf(op.getY().getType())),
      vector(VectorType::get({plan.lanes}, computeType(outElement))) {}

void GatheredPixels::fill(Value to, Value ofImage, Value first, Value from, Value count, const Part &what) {
  panel = to;
  image = ofImage;
  firstChannel = k.add(first, what.channel);
  base = from;
  filled = count;
  part = what;
  channels = k.sub(what.channelEnd, what.channel);
  taps = k.sub(what.tapEnd, what.tap);
  Value vectors = k.div(k.add(filled, plan.lanes - 1), k.index(plan.lanes));
  auto vectorByVector = [&] { k.loop(vectors, [&](Value v) { vectorOf(v); }); };
  if (!space.isPointwise)
    return vectorByVector();
  // All vectors of a channel, which lies on another page than the next one.
  Value isWhole = k.compare(arith::CmpIPredicate::sle, k.add(base, plan.vectors * plan.lanes), space.count);
  Value isPartial = k.negated(isWhole);
  k.ifThen(isWhole, [&] {
    k.loop(channels, [&](Value c) {
      for (int64_t v = 0; v < plan.vectors; ++v)
        put(load(c, k.add(base, v * plan.lanes), vector), c, k.index(v * plan.lanes));
    });
  });
  k.ifThen(isPartial, vectorByVector);
}

Value GatheredPixels::load(Value channel, ArrayRef<Value> from, Type type) {
  SmallVector<Value> indices = {image, k.add(firstChannel, channel)};
  indices.append(from.begin(), from.end());
  return loadWidened(k, space.input, indices, type, xElement, outElement, space.window.back().stride);
}

void GatheredPixels::put(Value value, Value row, Value to) {
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(k.b, k.loc, value, panel, ValueRange{row, to});
  else
    memref::StoreOp::create(k.b, k.loc, value, panel, ValueRange{row, to});
}

Value GatheredPixels::rowOf(Value channel, Value tap) { return k.add(k.mul(channel, taps), k.sub(tap, part.tap)); }

/// One vector of pixels.
void GatheredPixels::vectorOf(Value v) {
  column = k.mul(v, plan.lanes);
  pixel = k.add(base, column);
  const WindowDim &inner = space.window.back();
  Value lanes = k.index(plan.lanes), end = k.min(lanes, k.sub(space.count, pixel));
  Segment first = segment(k.index(0), end);
  if (inner.stride > 2 || plan.lanes == 1)
    return byTap(first);
  // Where no tap of any lane leaves the input.
  Value inside = k.compare(arith::CmpIPredicate::eq, first.to, lanes);
  for (auto [i, origin] : llvm::enumerate(first.origins)) {
    const WindowDim &dim = space.window[i];
    bool isInner = i + 1 == first.origins.size();
    int64_t span = (dim.kernel - 1) * dim.dilation + (isInner ? (plan.lanes - 1) * dim.stride : 0);
    inside = k.both(inside, k.both(k.compare(arith::CmpIPredicate::sge, origin, k.index(0)),
                                   k.compare(arith::CmpIPredicate::slt, k.add(origin, span), dim.in)));
  }
  // All taps at once, or those of the part.
  bool hasAllTaps = plan.tapBlock == shape.taps;
  auto elsewhere = [&](llvm::function_ref<void()> body) {
    if (!hasAllTaps)
      return body();
    Value leaves = k.negated(inside);
    k.ifThen(inside, [&] { byChannel(first.origins); });
    k.ifThen(leaves, body);
  };
  // A masked load takes elements of a register's lanes as they are.
  bool isMaskable = inner.stride == 1 && computeType(xElement) == storageType(xElement) && xElement == outElement &&
                    xElement.getIntOrFloatBitWidth() >= 32;
  if (!isMaskable)
    return elsewhere([&] { byTap(first); });
  elsewhere([&] {
    Segment second = segment(first.to, end);
    Value areTwo = k.compare(arith::CmpIPredicate::sge, second.to, end);
    Value areMore = k.negated(areTwo);
    k.ifThen(areTwo, [&] { bySegments({first, second}); });
    k.ifThen(areMore, [&] { byTap(first); });
  });
}

/// Whole vectors.
void GatheredPixels::byChannel(ArrayRef<Value> origins) {
  k.loop(channels, [&](Value c) {
    SmallVector<Value> from;
    overTaps(0, k.mul(c, taps), origins, from, [&](Value row) { put(load(c, from, vector), row, column); });
  });
}

/// The loops over the taps of the dims from `dim` on; `row` is that of the first one.
void GatheredPixels::overTaps(size_t dim, Value row, ArrayRef<Value> origins, SmallVectorImpl<Value> &from,
                              llvm::function_ref<void(Value row)> body) {
  if (dim == origins.size())
    return body(row);
  int64_t below = 1;
  for (const WindowDim &inner : ArrayRef(space.window).drop_front(dim + 1))
    below *= inner.kernel;
  k.loop(k.index(space.window[dim].kernel), [&](Value tap) {
    from.push_back(k.add(origins[dim], k.mul(tap, space.window[dim].dilation)));
    overTaps(dim + 1, k.add(row, k.mul(tap, below)), origins, from, body);
    from.pop_back();
  });
}

/// The lanes from `lane` on that lie in its row, up to `end`.
GatheredPixels::Segment GatheredPixels::segment(Value lane, Value end) {
  SmallVector<Value> at = space.coordinates(k.add(pixel, lane));
  Segment result{lane, k.min(end, k.add(lane, k.sub(space.window.back().out, at.back()))), {}};
  at.back() = k.sub(at.back(), lane);
  for (auto [i, o] : llvm::enumerate(at))
    result.origins.push_back(space.window[i].origin(k, o));
  return result;
}

/// Which lanes of a segment read inside at a tap.
Value GatheredPixels::laneMask(const Segment &segment, ArrayRef<Value> offsets) {
  Value from = segment.from, to = segment.to, inRange;
  for (auto [i, origin] : llvm::enumerate(segment.origins)) {
    Value at = k.add(origin, offsets[i]), extent = space.window[i].in;
    if (i + 1 == segment.origins.size()) {
      from = k.max(from, k.sub(k.index(0), at));
      to = k.min(to, k.sub(extent, at));
    } else {
      Value isHere = k.inRange(at, extent);
      inRange = inRange ? k.both(inRange, isHere) : isHere;
    }
  }
  if (inRange)
    to = k.select(inRange, to, from);
  Value above = firstLanes(k, from, plan.lanes);
  Value ones = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(cast<VectorType>(above.getType()), true));
  return arith::AndIOp::create(k.b, k.loc, firstLanes(k, to, plan.lanes),
                               arith::XOrIOp::create(k.b, k.loc, above, ones));
}

/// Tap by tap, lanes of two rows, and zeros where neither reads inside.
void GatheredPixels::bySegments(ArrayRef<Segment> segments) {
  k.loop(part.tap, part.tapEnd, k.index(1), [&](Value t) {
    SmallVector<Value> offsets = space.tapOffsets(t), masks;
    for (const Segment &segment : segments)
      masks.push_back(laneMask(segment, offsets));
    k.loop(channels, [&](Value c) {
      Value value = zeroOf(k, vector);
      for (auto [segment, mask] : llvm::zip(segments, masks)) {
        SmallVector<Value> indices = {image, k.add(firstChannel, c)};
        for (auto [origin, offset] : llvm::zip(segment.origins, offsets))
          indices.push_back(k.add(origin, offset));
        value = vector::MaskedLoadOp::create(k.b, k.loc, vector, space.input, indices, mask, value);
      }
      put(value, rowOf(c, t), column);
    });
  });
}

/// Tap by tap: whole vectors where all lanes lie in one row and the first and the last, hence all, read inside; else pixel
/// by pixel.
void GatheredPixels::byTap(const Segment &first) {
  const WindowDim &inner = space.window.back();
  k.loop(part.tap, part.tapEnd, k.index(1), [&](Value t) {
    SmallVector<Value> offsets = space.tapOffsets(t);
    if (inner.stride > 2 || plan.lanes == 1)
      return byPixel(t, offsets);
    SmallVector<Value> from;
    Value whole = k.compare(arith::CmpIPredicate::eq, first.to, k.index(plan.lanes));
    for (auto [i, origin] : llvm::enumerate(first.origins)) {
      from.push_back(k.add(origin, offsets[i]));
      whole = k.both(whole, k.inRange(from.back(), space.window[i].in));
    }
    Value last = k.add(from.back(), (plan.lanes - 1) * inner.stride);
    whole = k.both(whole, k.compare(arith::CmpIPredicate::slt, last, inner.in));
    Value isPartial = k.negated(whole);
    k.ifThen(whole, [&] { k.loop(channels, [&](Value c) { put(load(c, from, vector), rowOf(c, t), column); }); });
    k.ifThen(isPartial, [&] { byPixel(t, offsets); });
  });
}

void GatheredPixels::byPixel(Value tap, ArrayRef<Value> offsets) {
  k.loop(k.min(k.index(plan.lanes), k.sub(filled, column)), [&](Value lane) {
    Value own = k.add(pixel, lane), to = k.add(column, lane);
    Value inside = k.compare(arith::CmpIPredicate::slt, own, space.count);
    SmallVector<Value> from;
    for (auto [i, o] : llvm::enumerate(space.coordinates(own))) {
      from.push_back(k.add(space.window[i].origin(k, o), offsets[i]));
      inside = k.both(inside, k.inRange(from.back(), space.window[i].in));
    }
    Value outside = k.negated(inside);
    Type element = vector.getElementType();
    k.ifThen(inside, [&] { k.loop(channels, [&](Value c) { put(load(c, from, element), rowOf(c, tap), to); }); });
    k.ifThen(outside, [&] { k.loop(channels, [&](Value c) { put(zeroOf(k, element), rowOf(c, tap), to); }); });
  });
}

} // namespace nnc
