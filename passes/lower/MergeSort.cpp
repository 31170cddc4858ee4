#include "passes/lower/MergeSort.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace nnc {

namespace {

/// The place of the number `i` of a list.
Place at(KernelBuilder &k, Place list, Value i) { return {list.memref, k.add(list.offset, i)}; }

/// Merges the sorted [low, middle) and [middle, high) of `from` into `to`.
void merge(KernelBuilder &k, Place from, Place to, Value low, Value middle, Value high,
           llvm::function_ref<Value(Value, Value)> less) {
  Value one = k.index(1), none[] = {low, middle, low};
  // Which one goes first is anybody's guess: it is selected, not branched on.
  auto loop = scf::WhileOp::create(
      k.b, k.loc, TypeRange(ValueRange(none)), ValueRange(none),
      [&](OpBuilder &, Location, ValueRange next) {
        Value hasLeft = k.compare(arith::CmpIPredicate::slt, next[0], middle);
        Value hasRight = k.compare(arith::CmpIPredicate::slt, next[1], high);
        scf::ConditionOp::create(k.b, k.loc, k.both(hasLeft, hasRight), next);
      },
      [&](OpBuilder &, Location, ValueRange next) {
        Value left = loadNumber(k, at(k, from, next[0])), right = loadNumber(k, at(k, from, next[1]));
        // The right one goes first only if it is less, which keeps equal ones in order.
        Value takesRight = less(right, left);
        storeNumber(k, k.select(takesRight, right, left), at(k, to, next[2]));
        Value zero = k.index(0), following[] = {k.add(next[0], k.select(takesRight, zero, one)),
                                                k.add(next[1], k.select(takesRight, one, zero)), k.add(next[2], one)};
        scf::YieldOp::create(k.b, k.loc, ValueRange(following));
      });
  k.b.setInsertionPointAfter(loop);
  Value left = loop.getResult(0), right = loop.getResult(1), out = loop.getResult(2);
  auto copyRest = [&](Value first, Value end) {
    k.loop(first, end, one, [&](Value i) {
      storeNumber(k, loadNumber(k, at(k, from, i)), at(k, to, k.add(out, k.sub(i, first))));
    });
  };
  copyRest(left, middle);
  copyRest(right, high);
}

} // namespace

void mergeSort(KernelBuilder &k, Place numbers, Place scratch, Value count,
               llvm::function_ref<Value(Value, Value)> less) {
  // Runs of 1, 2, 4, ... are merged to `scratch` and copied back.
  auto loop = scf::WhileOp::create(
      k.b, k.loc, TypeRange{k.b.getIndexType()}, ValueRange{k.index(1)},
      [&](OpBuilder &, Location, ValueRange width) {
        scf::ConditionOp::create(k.b, k.loc, k.compare(arith::CmpIPredicate::slt, width[0], count), width);
      },
      [&](OpBuilder &, Location, ValueRange width) {
        Value pair = k.mul(width[0], 2);
        k.loop(k.index(0), count, pair, [&](Value low) {
          Value middle = k.min(k.add(low, width[0]), count), high = k.min(k.add(low, pair), count);
          merge(k, numbers, scratch, low, middle, high, less);
        });
        copyRun(k, scratch, numbers, count);
        scf::YieldOp::create(k.b, k.loc, pair);
      });
  k.b.setInsertionPointAfter(loop);
}

} // namespace nnc
