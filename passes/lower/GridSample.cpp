// Lowering of nn.grid_sample. An item is a row of locations of the result, in all channels: what is found for a
// location, input positions and weights, serves every channel.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Sampling.h"

using namespace mlir;

namespace nnc {

namespace {

/// A position along one dim, whether it counts, and its weight.
struct Tap {
  Value position, counts, weight;
};

class Sampler {
public:
  Sampler(KernelBuilder &k, nn::GridSampleOp op)
      : k(k), op(op), element(getElementTypeOrSelf(op.getX().getType())), f{k, realTypeFor(element)},
        n(cast<RankedTensorType>(op.getX().getType()).getRank() - 2) {}

  /// All channels at the output location (of n dims) of image `image`.
  void location(Value image, ValueRange out) {
    SmallVector<SmallVector<Tap>> taps;
    for (int64_t d = 0; d < n; ++d) {
      SmallVector<Value> at = {image};
      at.append(out.begin(), out.end());
      at.push_back(k.index(n - 1 - d)); // the grid names the last dim first
      Value coordinate = k.load(op.getGrid(), at);
      coordinate = f.fromElement(coordinate, getElementTypeOrSelf(op.getGrid().getType()));
      taps.push_back(tapsOf(coordinate, k.dimOf(op.getX(), 2 + d)));
    }
    k.loop(k.dimOf(op.getX(), 1), [&](Value channel) {
      SmallVector<Value> at = {image, channel};
      Value result = sumFrom(taps, at);
      SmallVector<Value> target = {image, channel};
      target.append(out.begin(), out.end());
      k.store(op.getKind() == nn::ResizeMode::nearest ? result : f.toElement(result, element), op.getY(), target);
    });
  }

private:
  bool isReflecting() { return op.getPadding() == "reflection"; }

  /// x mirrored at the borders until it lies between them.
  Value reflect(Value x, Value low, Value high) {
    // With one position in a dim there is nothing but that position.
    Value range = f.sub(high, low), isPoint = f.compare(arith::CmpFPredicate::OLE, range, f.c(0));
    Value safe = f.select(isPoint, f.c(1), range);
    Value distance = f.abs(f.sub(x, low)), times = f.floor(f.div(distance, safe));
    Value rest = f.sub(distance, f.mul(times, safe));
    Value half = f.mul(times, 0.5);
    Value isEven = f.compare(arith::CmpFPredicate::OEQ, f.floor(half), half);
    Value mirrored = f.select(isEven, f.add(low, rest), f.sub(high, rest));
    return f.select(isPoint, low, mirrored);
  }

  SmallVector<Tap> tapsOf(Value coordinate, Value extent) {
    Value size = f.spread(extent), last = f.sub(size, 1), one = f.add(coordinate, 1);
    bool corners = op.getAlignCorners();
    Value x = corners ? f.mul(f.mul(one, 0.5), last) : f.mul(f.sub(f.mul(one, size), 1), 0.5);
    Value low = f.c(corners ? 0 : -0.5), high = corners ? last : f.sub(size, 0.5);
    if (op.getKind() == nn::ResizeMode::nearest)
      x = f.roundEven(x);
    if (op.getPadding() == "border") {
      Value isOut = arith::OrIOp::create(k.b, k.loc, f.compare(arith::CmpFPredicate::OLT, x, low),
                                         f.compare(arith::CmpFPredicate::OGT, x, high));
      x = f.select(isOut, f.min(f.max(x, f.c(0)), last), x);
    } else if (isReflecting()) {
      x = reflect(x, low, high);
    }
    if (op.getKind() == nn::ResizeMode::nearest)
      return {tapAt(truncated(x), size, low, high, Value())};
    Value base = f.floor(x), ratio = f.sub(x, base);
    bool isCubic = op.getKind() == nn::ResizeMode::cubic;
    SmallVector<Value> weights =
        isCubic ? f.cubicWeights(ratio, -0.75) : SmallVector<Value>{f.sub(f.c(1), ratio), ratio};
    SmallVector<Tap> taps;
    for (auto [i, weight] : llvm::enumerate(weights))
      taps.push_back(tapAt(f.add(base, static_cast<double>(i) - (isCubic ? 1 : 0)), size, low, high, weight));
    return taps;
  }

  Value truncated(Value x) { return math::TruncOp::create(k.b, k.loc, x); }

  Tap tapAt(Value position, Value size, Value low, Value high, Value weight) {
    if (isReflecting())
      position = truncated(reflect(position, low, high));
    Tap tap;
    tap.weight = weight;
    if (op.getPadding() == "zeros")
      tap.counts = k.both(f.compare(arith::CmpFPredicate::OGE, position, f.c(0)),
                          f.compare(arith::CmpFPredicate::OLT, position, size));
    tap.position = f.toIndex(position, f.c(0), f.sub(size, 1));
    return tap;
  }

  Value sumFrom(ArrayRef<SmallVector<Tap>> taps, SmallVectorImpl<Value> &at, Value counts = {}) {
    int64_t d = at.size() - 2;
    if (d == n) {
      Value value = k.load(op.getX(), at);
      bool isNearest = op.getKind() == nn::ResizeMode::nearest;
      if (!isNearest)
        value = f.fromElement(value, element);
      if (!counts)
        return value;
      Value zero = isa<FloatType>(value.getType()) ? constantLike(k.b, k.loc, value.getType(), 0.0)
                                                   : integerLike(k.b, k.loc, value.getType(), 0);
      return k.select(counts, value, zero);
    }
    Value sum;
    for (const Tap &tap : taps[d]) {
      at.push_back(tap.position);
      Value both = counts && tap.counts ? k.both(counts, tap.counts) : tap.counts;
      Value value = sumFrom(taps, at, both);
      at.pop_back();
      if (tap.weight)
        value = f.mul(value, tap.weight);
      sum = sum ? f.add(sum, value) : value;
    }
    return sum;
  }

  KernelBuilder &k;
  nn::GridSampleOp op;
  Type element;
  Reals f;
  int64_t n;
};

/// All dims of the result but the channels and the last.
AffineMap gridSampleItems(nn::GroupOp group, Operation *root) {
  int64_t rank = cast<RankedTensorType>(root->getResult(0).getType()).getRank();
  SmallVector<AffineExpr> results;
  for (int64_t i = 0; i < rank - 1; ++i)
    if (i != 1)
      results.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, results, group.getContext());
}

LogicalResult emitGridSample(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::GridSampleOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!element.isIntOrFloat() || (element.isInteger(1) && op.getKind() != nn::ResizeMode::nearest))
    return op.emitOpError("unsupported element type ") << element;
  if (!isa<FloatType>(getElementTypeOrSelf(op.getGrid().getType())))
    return op.emitOpError("unsupported: the grid is no tensor of floats");
  if (op.getPadding() != "zeros" && op.getPadding() != "border" && op.getPadding() != "reflection")
    return op.emitOpError("unsupported padding '") << op.getPadding() << "'";
  int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
  Value hasPositions = k.index(1);
  for (int64_t i = 2; i < rank; ++i)
    hasPositions = k.mul(hasPositions, k.dimOf(op.getX(), i));
  Value isPossible = k.compare(arith::CmpIPredicate::ne, hasPositions, k.index(0));
  Value isImpossible = k.compare(arith::CmpIPredicate::eq, hasPositions, k.index(0));
  k.ifThen(isImpossible, [&] { k.fail("GridSample: the input has no elements to take"); });
  k.ifThen(isPossible, [&] {
    k.forEachItem([&](ValueRange point) {
      k.loop(k.dim(k.output(0), rank - 1), [&](Value x) {
        SmallVector<Value> out(point.drop_front());
        out.push_back(x);
        Sampler(k, op).location(point[0], out);
      });
    });
  });
  return success();
}

} // namespace

void registerGridSampleLowerings(LoweringRegistry &registry) {
  registry.add<nn::GridSampleOp>({gridSampleItems, emitGridSample});
}

} // namespace nnc
