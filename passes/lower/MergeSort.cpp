#include "passes/lower/MergeSort.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace nnc {

namespace {

Value loadNumber(KernelBuilder &k, Place place, Value i) {
  return k.toIndex(loadStored(k, {place.memref, k.add(place.offset, i)}));
}

/// Merges the sorted [low, middle) and [middle, high) of `from` into `to`.
void merge(KernelBuilder &k, Place from, Place to, Value low, Value middle, Value high,
           llvm::function_ref<Value(Value, Value)> less) {
  k.loop(low, high, k.index(1), {low, middle}, [&](Value out, ValueRange next) -> SmallVector<Value> {
    Value left = next[0], right = next[1];
    Value hasLeft = k.compare(arith::CmpIPredicate::slt, left, middle);
    Value hasRight = k.compare(arith::CmpIPredicate::slt, right, high);
    // The right one goes first only if it is less, which keeps equal ones in order.
    Value takesRight = k.ifElse(
        k.both(hasLeft, hasRight),
        [&] { return less(loadNumber(k, from, right), loadNumber(k, from, left)); }, [&] { return hasRight; });
    Value taken = k.select(takesRight, right, left);
    storeStored(k, loadStored(k, {from.memref, k.add(from.offset, taken)}), {to.memref, k.add(to.offset, out)});
    Value one = k.index(1);
    return {k.select(takesRight, left, k.add(left, one)), k.select(takesRight, k.add(right, one), right)};
  });
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
