// A row waits for its maximum, then for its total, and a short one does little in between. Four rows at once
// hide that, as long as they stay in the first-level cache; long rows are done one by one, four vectors at a
// time.
//
//     maximum of x  ->  y = exp(x - maximum) and its sum  ->  y = y / sum
//
// What does not fill a vector at the end of a row is a vector under a mask.
#include "passes/lower/SoftmaxRows.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

class SoftmaxRows {
public:
  SoftmaxRows(KernelBuilder &k, nn::SoftmaxOp op)
      : k(k), isLog(op.getKind() == nn::SoftmaxKind::log_softmax),
        vector(VectorType::get({k.lanes()}, k.b.getF32Type())), x(k.flat(k.memref(op.getX()))),
        y(k.flat(k.output(0))), length(k.dimOf(op.getX(), op.getAxis())) {
    RankedTensorType type = rankedType(op.getX());
    if (!type.isDynamicDim(op.getAxis()))
      known = type.getDimSize(op.getAxis());
  }

  void emit() {
    SoftmaxPlan plan = planSoftmax(known);
    k.grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, known.value_or(64)));
    Value step = k.index(plan.rows), end = k.end;
    if (plan.rows > 1) {
      end = k.add(k.begin, k.mul(k.div(k.sub(k.end, k.begin), step), step));
      k.loop(k.begin, end, step, [&](Value row) { emitRows(row, plan.rows, 1); });
    } else {
      end = k.begin;
    }
    k.loop(end, k.end, k.index(1), [&](Value row) { emitRows(row, 1, plan.vectors); });
  }

private:
  /// One vector of a row; without a mask all of its lanes exist.
  struct Piece {
    int64_t row;
    Value offset, mask;
  };
  using Join = llvm::function_ref<Value(Value, Value)>;
  using Body = llvm::function_ref<Value(Piece, Value carried)>;

  Value load(Value from, Piece at) {
    if (!at.mask)
      return vector::LoadOp::create(k.b, k.loc, vector, from, at.offset);
    return vector::MaskedLoadOp::create(k.b, k.loc, vector, from, at.offset, at.mask, zeroOf(k, vector));
  }
  void store(Value value, Piece at) {
    if (at.mask)
      vector::MaskedStoreOp::create(k.b, k.loc, y, at.offset, at.mask, value);
    else
      vector::StoreOp::create(k.b, k.loc, value, y, at.offset);
  }
  void prefetch(Value offset) {
    for (auto [memref, isWrite] : {std::pair(x, false), std::pair(y, true)})
      memref::PrefetchOp::create(k.b, k.loc, memref, offset, isWrite, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
  Value splat(Value scalar) { return vector::BroadcastOp::create(k.b, k.loc, vector, scalar); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(k.b, k.loc, a, b); }

  /// Visits `rows` rows from offset `base` on, `width` vectors of each at once. Every row carries a vector.
  SmallVector<Value> walk(Value base, int64_t rows, int64_t width, ValueRange initial, Join join, Body body) {
    int64_t lanes = k.lanes();
    Value from = k.index(0);
    SmallVector<Value> state(initial);
    auto visit = [&](int64_t vectors) {
      Value step = k.index(vectors * lanes),
            stop = k.add(from, k.mul(k.div(k.sub(length, from), step), step));
      // Every vector of a step carries a value of its own until the end.
      SmallVector<Value> carried;
      for (int64_t v = 0; v < vectors; ++v)
        llvm::append_range(carried, v == 0 ? ValueRange(state) : initial);
      carried = k.loop(from, stop, step, carried, [&](Value i, ValueRange now) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < vectors; ++v)
          for (int64_t r = 0; r < rows; ++r)
            next.push_back(body({r, k.add(k.add(k.add(base, k.mul(length, r)), i), v * lanes), Value()},
                                now[v * rows + r]));
        return next;
      });
      for (int64_t r = 0; r < rows; ++r) {
        state[r] = carried[r];
        for (int64_t v = 1; v < vectors; ++v)
          state[r] = join(state[r], carried[v * rows + r]);
      }
      from = stop;
    };
    if (width > 1)
      visit(width);
    visit(1);
    if (known && *known % lanes == 0)
      return state;
    Value mask = firstLanes(k, k.sub(length, from), lanes);
    return k.loop(from, length, k.index(lanes), state, [&](Value i, ValueRange now) {
      SmallVector<Value> next;
      for (int64_t r = 0; r < rows; ++r)
        next.push_back(body({r, k.add(k.add(base, k.mul(length, r)), i), mask}, now[r]));
      return next;
    });
  }

  void emitRows(Value row, int64_t rows, int64_t width) {
    Value base = k.mul(row, length), lowest = constantLike(k.b, k.loc, vector, -INFINITY);
    // A NaN is passed over here and shows in the sum.
    auto larger = [&](Value a, Value b) -> Value {
      Value isLarger = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, a, b);
      return arith::SelectOp::create(k.b, k.loc, isLarger, a, b);
    };
    auto plus = [&](Value a, Value b) -> Value { return arith::AddFOp::create(k.b, k.loc, a, b); };
    auto onlyWhere = [&](Value mask, Value value, Value other) -> Value {
      return mask ? arith::SelectOp::create(k.b, k.loc, mask, value, other).getResult() : value;
    };
    SmallVector<Value> tops =
        walk(base, rows, width, SmallVector<Value>(rows, lowest), larger,
             [&](Piece at, Value top) { return larger(onlyWhere(at.mask, load(x, at), lowest), top); });
    for (Value &top : tops)
      top = splat(vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXNUMF, top,
                                              arith::FastMathFlags::nnan));
    Value zero = zeroOf(k, vector);
    SmallVector<Value> totals =
        walk(base, rows, width, SmallVector<Value>(rows, zero), plus, [&](Piece at, Value total) {
          Value e = expOfNegative(k, sub(load(x, at), tops[at.row]));
          // The arithmetic of these rows hides the way of the next ones from memory.
          if (rows > 1)
            prefetch(k.add(at.offset, k.mul(length, rows)));
          if (!isLog)
            store(e, at);
          return plus(total, onlyWhere(at.mask, e, zero));
        });
    for (Value &total : totals) {
      Value sum = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, total,
                                              arith::FastMathFlags::reassoc);
      total =
          splat(isLog ? floatFunction(k.b, k.loc, nn::UnaryKind::log, sum, 0, 0)
                      : arith::DivFOp::create(k.b, k.loc, constantLike(k.b, k.loc, sum.getType(), 1.0), sum));
    }
    walk(base, rows, width, SmallVector<Value>(rows, zero), plus, [&](Piece at, Value unused) {
      if (isLog)
        store(sub(sub(load(x, at), tops[at.row]), totals[at.row]), at);
      else
        store(arith::MulFOp::create(k.b, k.loc, load(y, at), totals[at.row]), at);
      return unused;
    });
  }

  KernelBuilder &k;
  bool isLog;
  VectorType vector;
  Value x, y, length;
  std::optional<int64_t> known;
};

} // namespace

bool hasSoftmaxRows(nn::SoftmaxOp op) {
  RankedTensorType type = rankedType(op.getX());
  return type.getElementType().isF32() && op.getKind() != nn::SoftmaxKind::hardmax &&
         llvm::all_of(type.getShape().drop_front(op.getAxis() + 1),
                      [](int64_t extent) { return extent == 1; });
}

void emitSoftmaxRows(KernelBuilder &k, nn::SoftmaxOp op) { SoftmaxRows(k, op).emit(); }

} // namespace nnc
