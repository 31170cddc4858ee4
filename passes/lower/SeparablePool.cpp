// An item is a few rows of the result: read back at once, and shifted, what has just been stored would have to wait for
// the first-level cache.
#include "passes/lower/SeparablePool.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/RowVectors.h"

using namespace mlir;

namespace nnc::pool {

namespace {

/// Rows of an item.
constexpr int64_t kRows = 8;
/// Taps along a dim that have code of their own.
constexpr int64_t kMostUnrolled = 16;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

class SeparablePool {
public:
  SeparablePool(KernelBuilder &k, nn::PoolOp op, ArrayRef<Axis> axes)
      : k(k), op(op), axes(axes), row(axes.back()), in(typeOf(op.getX()).getShape().back()),
        out(typeOf(op.getY()).getShape().back()), front((row.kernel - 1) * row.dilation),
        element(getElementTypeOrSelf(op.getX().getType())), compute(computeType(element)),
        reduction{k, op, element} {
    // Behind the last window's end the last vector of outputs may read some more.
    length = front + std::max(in, (out + k.lanes()) * row.stride) + front;
    reduced = k.workspace(MemRefType::get({kRows, length}, compute));
    if (op.getKind() == nn::PoolKind::average)
      counts = k.workspace(MemRefType::get({out}, compute));
  }

  void emit() {
    k.loops({k.index(kRows), k.index(length)}, [&](ValueRange at) {
      memref::StoreOp::create(k.b, k.loc, reduction.initial(k.b.getF32Type()), reduced, at);
    });
    if (counts)
      k.loop(k.index(out), [&](Value x) {
        Value number = countOf(k, op, row, tapsOf(k, row, x));
        memref::StoreOp::create(k.b, k.loc, reduction.asCount(number, compute), counts, x);
      });
    k.forEachItem([&](ValueRange item) {
      SmallVector<Value> point(item);
      Value first = k.mul(item.back(), kRows), left = k.sub(k.dim(k.output(0), item.size() - 1), first);
      auto forEachRow = [&](llvm::function_ref<void()> body) {
        k.loop(k.min(left, k.index(kRows)), [&](Value i) {
          number = i;
          point.back() = k.add(first, i);
          body();
        });
      };
      forEachRow([&] { across(point); });
      forEachRow([&] { along(point); });
    });
  }

private:
  /// Reduces a row of the input over the taps of all other dims.
  void across(ValueRange point) {
    SmallVector<Taps> taps;
    for (auto [axis, at] : llvm::zip(axes.drop_back(), point.drop_front(2)))
      taps.push_back(tapsOf(k, axis, at));
    auto rowAt = [&](ValueRange tap, Value x, Value acc) {
      SmallVector<Value> indices = {point[0], point[1]};
      for (auto [axis, of, t] : llvm::zip(axes, taps, tap))
        indices.push_back(position(k, axis, of.start, t));
      indices.push_back(x);
      auto shape = cast<VectorType>(acc.getType());
      Value loaded = vector::LoadOp::create(k.b, k.loc, VectorType::get(shape.getShape(), storageType(element)),
                                            k.memref(op.getX()), indices);
      return reduction.combine(acc, toCompute(k.b, k.loc, loaded, element));
    };
    auto shape = VectorType::get({rowLanes(k, in)}, compute);
    auto reduce = [&](llvm::function_ref<Value(Value x, Value acc)> sum) {
      overRowVectors(k, in, shape.getNumElements(), [&](Value x) {
        vector::StoreOp::create(k.b, k.loc, sum(x, reduction.initial(shape)), reduced,
                                ValueRange{number, k.add(x, front)});
      });
    };
    auto tapByTap = [&] {
      reduce([&](Value x, Value acc) {
        SmallVector<Value> tap;
        std::function<Value(Value)> nest = [&](Value acc) -> Value {
          size_t d = tap.size();
          if (d == taps.size())
            return rowAt(tap, x, acc);
          return k.loop(taps[d].first, taps[d].last, k.index(1), acc,
                        [&](Value t, ValueRange carried) -> SmallVector<Value> {
                          tap.push_back(t);
                          Value next = nest(carried[0]);
                          tap.pop_back();
                          return {next};
                        })[0];
        };
        return nest(acc);
      });
    };
    // Of two dims: windows that lie inside have code without a loop.
    int64_t kernel = axes[0].kernel;
    if (taps.size() > 1 || kernel > kMostUnrolled)
      return tapByTap();
    Value inside = k.compare(arith::CmpIPredicate::eq, k.sub(taps[0].last, taps[0].first), k.index(kernel));
    Value leaves = k.negated(inside);
    k.ifThen(inside, [&] {
      reduce([&](Value x, Value acc) {
        for (int64_t t = 0; t < kernel; ++t)
          acc = rowAt(k.index(t), x, acc);
        return acc;
      });
    });
    k.ifThen(leaves, tapByTap);
  }

  /// The outputs of a row, of wide strides one by one.
  void along(ValueRange point) {
    bool isVector = row.stride <= kWidestStride;
    auto shape = VectorType::get({isVector ? rowLanes(k, out) : 1}, compute);
    Value outer = k.index(1);
    for (auto [axis, at] : llvm::zip(axes.drop_back(), point.drop_front(2)))
      outer = k.mul(outer, countOf(k, op, axis, tapsOf(k, axis, at)));
    if (counts)
      outer = reduction.asCount(outer, shape);
    overRowVectors(k, out, shape.getNumElements(), [&](Value x) {
      Value start = k.add(k.sub(k.mul(x, row.stride), row.padBegin), front);
      int64_t stride = isVector ? row.stride : 1;
      auto loadStretch = [&](Value ahead) {
        auto type = VectorType::get({shape.getNumElements() * stride}, compute);
        return vector::LoadOp::create(k.b, k.loc, type, reduced, ValueRange{number, k.add(start, ahead)});
      };
      Value acc = overRowTaps(k, row, stride, reduction.initial(shape), loadStretch,
                              [&](Value sum, Value elements) { return reduction.joined(sum, elements); });
      Value count;
      if (counts)
        count = arith::MulFOp::create(k.b, k.loc, outer, vector::LoadOp::create(k.b, k.loc, shape, counts, x));
      SmallVector<Value> indices(point);
      indices.push_back(x);
      Value stored = toStorage(k.b, k.loc, reduction.finish(acc, count), getElementTypeOrSelf(op.getY().getType()));
      vector::StoreOp::create(k.b, k.loc, stored, k.output(0), indices);
    });
  }

  KernelBuilder &k;
  nn::PoolOp op;
  ArrayRef<Axis> axes;
  const Axis &row;
  /// Elements of a row of the input and of the result; how many lie before the input's first one in `reduced`.
  int64_t in, out, front, length;
  Type element, compute;
  Reduction reduction;
  /// Rows of the input, reduced, between what padding counts as; the taps that count of each output along the row.
  Value reduced, counts;
  /// Of the row at hand among them.
  Value number;
};

} // namespace

bool isSeparable(nn::PoolOp op) {
  constexpr int64_t mostElements = 1 << 14, mostReach = 1 << 10;
  ArrayRef<int64_t> x = typeOf(op.getX()).getShape(), y = typeOf(op.getY()).getShape();
  int64_t reach = (op.getKernel().back() - 1) * op.getDilations().back();
  size_t n = op.getKernel().size();
  // Padding that no window reaches across would lie before the row. Along a single dim there is nothing to do before.
  if (op.getAutoPad() == nn::AutoPad::explicit_pads && op.getPads()[n - 1] > reach)
    return false;
  auto isKnown = [](int64_t extent) {
    return !ShapedType::isDynamic(extent) && extent > 0 && extent <= mostElements;
  };
  return n > 1 && isKnown(x.back()) && isKnown(y.back()) && reach <= mostReach;
}

AffineMap separableItems(nn::PoolOp op) {
  int64_t rank = typeOf(op.getY()).getRank();
  MLIRContext *context = op.getContext();
  SmallVector<AffineExpr> items;
  for (int64_t i = 0; i < rank - 2; ++i)
    items.push_back(getAffineDimExpr(i, context));
  items.push_back(getAffineDimExpr(rank - 2, context).ceilDiv(kRows));
  return AffineMap::get(rank, 0, items, context);
}

void emitSeparable(KernelBuilder &k, nn::PoolOp op, ArrayRef<Axis> axes) {
  k.grain = llvm::divideCeil(k.grain, kRows);
  SeparablePool(k, op, axes).emit();
}

} // namespace nnc::pool
