// Softmax along rows of f32:
//
//     maximum of x  ->  y = exp(x - maximum) and its sum  ->  y = y / sum
#include "passes/lower/SoftmaxRows.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Rows.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

bool hasSoftmaxRows(nn::SoftmaxOp op) {
  RankedTensorType type = rankedType(op.getX());
  int64_t axis = op.getAxis();
  return type.getElementType().isF32() && op.getKind() != nn::SoftmaxKind::hardmax && rowDim(type) == axis;
}

void emitSoftmaxRows(KernelBuilder &k, nn::SoftmaxOp op) {
  bool isLog = op.getKind() == nn::SoftmaxKind::log_softmax;
  Rows rows(k, op.getX());
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.output(0));
  Value lowest = constantLike(k.b, k.loc, rows.vector, -INFINITY);
  auto sub = [&](Value a, Value b) -> Value { return arith::SubFOp::create(k.b, k.loc, a, b); };
  // A NaN is passed over here and shows in the sum.
  auto larger = [&](Value a, Value b) -> Value {
    Value isLarger = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, a, b);
    return arith::SelectOp::create(k.b, k.loc, isLarger, a, b);
  };
  rows.forEach([&](Rows::Block block) {
    SmallVector<Value> tops = rows.walk(block, lowest, larger, [&](Rows::Piece at, Value top) {
      return larger(rows.where(at, rows.load(x, at), lowest), top);
    });
    for (Value &top : tops)
      top = rows.splat(vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXNUMF, top,
                                                   arith::FastMathFlags::nnan));
    SmallVector<Value> totals;
    int64_t together = exponentialsAtOnce(k, block.rows), width = exponentialsAtOnce(k, block.width);
    for (int64_t first = 0; first < block.rows; first += together)
      totals.append(rows.sum(rows.part(block, first, together, width), [&](Rows::Piece at) {
        Value e = expOfNegative(k, sub(rows.load(x, at), tops[first + at.row]));
        // The arithmetic of these rows hides the way of the next ones from memory.
        if (block.rows > 1) {
          rows.prefetchNext(x, block, at, /*isWrite=*/false);
          rows.prefetchNext(y, block, at, /*isWrite=*/true);
        }
        if (!isLog)
          rows.store(e, y, at);
        return e;
      }));
    for (Value &total : totals) {
      Value one = constantLike(k.b, k.loc, total.getType(), 1.0);
      total = rows.splat(isLog ? floatFunction(k.b, k.loc, nn::UnaryKind::log, total, 0, 0)
                               : arith::DivFOp::create(k.b, k.loc, one, total));
    }
    rows.walk(block, lowest, larger, [&](Rows::Piece at, Value unused) {
      Value value = isLog ? sub(sub(rows.load(x, at), tops[at.row]), totals[at.row])
                          : arith::MulFOp::create(k.b, k.loc, rows.load(y, at), totals[at.row]).getResult();
      rows.store(value, y, at);
      return unused;
    });
  });
}

} // namespace nnc
