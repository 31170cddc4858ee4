// The reference lowering of nn.conv: right for every rank, element type, padding, grouping and dynamic extent. An item
// is one row of the outputs of a filter, or of up to four of one group, which share what is loaded; where no tap of the
// window leaves the input the row is computed in vectors, straight from the input's rows. That is also the fast path of
// depthwise convolutions, which reuse nothing across channels, and of those with very few filters.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Window.h"

using namespace mlir;

namespace nnc {

namespace {

/// Filters of an item.
int64_t filtersOf(nn::ConvOp op, KernelTarget target) {
  int64_t filters = cast<RankedTensorType>(op.getW().getType()).getDimSize(0);
  if (ShapedType::isDynamic(filters))
    return 1;
  int64_t perGroup = filters / op.getGroups();
  // Each has four vectors of sums in registers.
  for (int64_t together : {target.vectorBits == 256 ? 3 : 4, 3, 2})
    if (perGroup % together == 0)
      return together;
  return 1;
}

AffineMap convItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::ConvOp>(root);
  int64_t rank = cast<RankedTensorType>(op.getY().getType()).getRank();
  SmallVector<AffineExpr> items;
  for (int64_t i = 0; i < rank - 1; ++i)
    items.push_back(getAffineDimExpr(i, group.getContext()));
  items[1] = items[1].floorDiv(filtersOf(op, target));
  return AffineMap::get(rank, 0, items, group.getContext());
}

class ConvRows {
public:
  ConvRows(KernelBuilder &k, nn::ConvOp op)
      : k(k), op(op), x(k.memref(op.getX())), w(k.memref(op.getW())), window(windowOf(k, op)), n(window.size()),
        xElement(getElementTypeOrSelf(op.getX().getType())), wElement(getElementTypeOrSelf(op.getW().getType())),
        outElement(getElementTypeOrSelf(op.getY().getType())), channels(k.dim(w, 1)), filters(filtersOf(op, k.target)) {
  }

  LogicalResult emit() {
    if (!isa<FloatType, IntegerType>(xElement))
      return op.emitOpError("unsupported element type ") << xElement;
    int64_t work = filters;
    auto shape = cast<RankedTensorType>(op.getW().getType()).getShape();
    for (int64_t extent : shape.drop_front())
      work *= ShapedType::isDynamic(extent) ? 16 : extent;
    int64_t width = cast<RankedTensorType>(op.getY().getType()).getShape().back();
    work *= ShapedType::isDynamic(width) ? 64 : width;
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    k.forEachItem([&](ValueRange point) { row(point); });
    return status;
  }

private:
  /// Lanes of vectors of outputs, descending: fewer than the machine's where a row is shorter, and several where its
  /// length is not known.
  SmallVector<int64_t> widths() {
    constexpr int64_t least = 4;
    int64_t out = cast<RankedTensorType>(op.getY().getType()).getShape().back();
    if (!ShapedType::isDynamic(out))
      return {out < least ? k.lanes() : std::min<int64_t>(k.lanes(), llvm::bit_floor<uint64_t>(out))};
    SmallVector<int64_t> all;
    for (int64_t lanes = k.lanes(); lanes >= least; lanes /= 2)
      all.push_back(lanes);
    return all;
  }

  /// The outputs (point, *) of the item's filters.
  void row(ValueRange at) {
    point.assign(at.begin(), at.end());
    Value filter = point[1] = k.mul(point[1], filters);
    Value groupSize = k.div(k.dim(w, 0), k.index(op.getGroups()));
    firstChannel = op.getGroups() == 1 ? k.index(0) : k.mul(k.div(filter, groupSize), channels);
    bias.clear();
    for (int64_t f = 0; op.getBias() && f < filters; ++f)
      bias.push_back(widen(k, memref::LoadOp::create(k.b, k.loc, k.memref(op.getBias()), k.add(filter, f)), outElement,
                           outElement));
    // Which taps of the outer dims read inside the input is the same for the whole row.
    outerOrigins.clear();
    outerTaps.clear();
    for (int64_t i = 0; i + 1 < n; ++i) {
      outerOrigins.push_back(window[i].origin(k, point[2 + i]));
      outerTaps.push_back(window[i].taps(k, outerOrigins.back()));
    }

    const WindowDim &inner = window.back();
    std::pair<Value, Value> bounds = inner.interior(k);
    Value first = bounds.first, last = bounds.second;
    auto scalars = [&](Value from, Value to) {
      k.loop(from, to, k.index(1), [&](Value o) { outputs(o, k.b.getF32Type(), /*isInterior=*/false); });
    };
    scalars(k.index(0), first);
    Value o = first;
    auto vectors = [&](int64_t lanes) {
      Value step = k.index(lanes), to = k.add(o, k.mul(k.div(k.sub(last, o), step), step));
      k.loop(o, to, step, [&](Value at) { outputs(at, VectorType::get({lanes}, k.b.getF32Type()), true); });
      o = to;
    };
    if (inner.stride <= 2) {
      vectors(4 * widths().front());
      for (int64_t width : widths()) {
        vectors(width);
        // The rest once more with what is before it, where that makes a vector.
        Value lanes = k.index(width), isWide = k.compare(arith::CmpIPredicate::sle, k.add(first, lanes), last);
        k.ifThen(k.both(isWide, k.compare(arith::CmpIPredicate::slt, o, last)),
                 [&] { outputs(k.sub(last, lanes), VectorType::get({width}, k.b.getF32Type()), true); });
        o = k.select(isWide, last, o);
      }
    }
    k.loop(o, last, k.index(1), [&](Value at) { outputs(at, k.b.getF32Type(), true); });
    scalars(last, inner.out);
  }

  /// As many outputs of each filter from o on as `shape` has lanes.
  void outputs(Value o, Type shape, bool isInterior) {
    const WindowDim &inner = window.back();
    Value origin = inner.origin(k, o);
    std::pair<Value, Value> innerTaps = {k.index(0), k.index(inner.kernel)};
    if (!isInterior)
      innerTaps = inner.taps(k, origin);
    Type type = withShapeOf(shape, computeType(outElement));
    Sums sums;
    for (int64_t f = 0; f < filters; ++f)
      sums.push_back(op.getBias() ? broadcastTo(k, shape, bias[f]) : zeroOf(k, type));
    SmallVector<Value> xAt = {point[0], Value()}, wAt = {point[1], Value()};
    sums = overChannels(sums, xAt, wAt, [&](ValueRange before) {
      return overTaps(innerTaps, before, [&](Value tap, ValueRange carried) {
        xAt.push_back(k.add(origin, k.mul(tap, inner.dilation)));
        wAt.push_back(tap);
        Value from = loadWidened(k, x, xAt, shape, xElement, outElement, inner.stride);
        Sums next;
        for (int64_t f = 0; f < filters; ++f) {
          wAt[0] = k.add(point[1], f);
          Value factor = loadWidened(k, w, wAt, k.b.getF32Type(), wElement, outElement);
          next.push_back(multiplyAdd(k, from, broadcastTo(k, shape, factor), carried[f]));
        }
        xAt.pop_back();
        wAt.pop_back();
        return next;
      });
    });
    for (int64_t f = 0; f < filters; ++f) {
      SmallVector<Value> indices(point);
      indices[1] = k.add(point[1], f);
      indices.push_back(o);
      if (failed(storeThroughEpilogue(k, op, sums[f], indices)))
        status = failure();
    }
  }

  using Sums = SmallVector<Value>;
  using Step = llvm::function_ref<Sums(ValueRange before)>;

  /// The loops over the group's channels and the taps of the outer dims.
  Sums overChannels(ValueRange before, SmallVectorImpl<Value> &xAt, SmallVectorImpl<Value> &wAt, Step body) {
    return overTaps({k.index(0), channels}, before, [&](Value channel, ValueRange carried) {
      xAt[1] = k.add(firstChannel, channel);
      wAt[1] = channel;
      return overOuterTaps(0, carried, xAt, wAt, body);
    });
  }
  Sums overOuterTaps(int64_t i, ValueRange before, SmallVectorImpl<Value> &xAt, SmallVectorImpl<Value> &wAt,
                     Step body) {
    if (i + 1 == n)
      return body(before);
    return overTaps(outerTaps[i], before, [&](Value tap, ValueRange carried) {
      xAt.push_back(k.add(outerOrigins[i], k.mul(tap, window[i].dilation)));
      wAt.push_back(tap);
      Sums next = overOuterTaps(i + 1, carried, xAt, wAt, body);
      xAt.pop_back();
      wAt.pop_back();
      return next;
    });
  }
  Sums overTaps(std::pair<Value, Value> range, ValueRange before,
                llvm::function_ref<Sums(Value tap, ValueRange carried)> body) {
    return k.loop(range.first, range.second, k.index(1), before, body);
  }

  KernelBuilder &k;
  nn::ConvOp op;
  Value x, w;
  SmallVector<WindowDim> window;
  int64_t n;
  Type xElement, wElement, outElement;
  Value channels;
  int64_t filters;
  // Of the row at hand, `point` with its first filter:
  SmallVector<Value> point, outerOrigins;
  SmallVector<std::pair<Value, Value>> outerTaps;
  Value firstChannel;
  SmallVector<Value> bias;
  LogicalResult status = success();
};

LogicalResult emitConv(KernelBuilder &k, Operation *root) { return ConvRows(k, cast<nn::ConvOp>(root)).emit(); }

} // namespace

void registerConvLowerings(LoweringRegistry &registry) { registry.add<nn::ConvOp>({nullptr, emitConv, convItems}); }

} // namespace nnc
