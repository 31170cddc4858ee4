// Results as long as the data says: nn.non_zero, nn.compress, nn.unique. The outputs have room for the largest
// result; the kernel, a single item, lays the real one out densely and stores its length.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/MergeSort.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

void storeCount(KernelBuilder &k, Value count) { storeNumber(k, count, {k.counts(), k.index(0)}); }

/// The loop over [0, count) that carries a number: how many were kept so far. Returns how many were in the end.
Value filter(KernelBuilder &k, Value count, llvm::function_ref<Value(Value i)> keeps,
             llvm::function_ref<void(Value i, Value place)> keep) {
  return k.loop(k.index(0), count, k.index(1), k.index(0), [&](Value i, ValueRange kept) -> SmallVector<Value> {
    Value condition = keeps(i);
    k.ifThen(condition, [&] { keep(i, kept[0]); });
    return {k.select(condition, k.add(kept[0], 1), kept[0])};
  })[0];
}

/// Whether the stored element is not zero.
Value isNonZero(KernelBuilder &k, Place place, Type element) {
  Value value = toCompute(k.b, k.loc, loadStored(k, place), element);
  return convertElement(k.b, k.loc, value, element, k.b.getI1Type());
}

//===----------------------------------------------------------------------===//
// nn.non_zero
//===----------------------------------------------------------------------===//

LogicalResult emitNonZero(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::NonZeroOp>(root);
  auto type = rankedType(op.getX());
  Type element = type.getElementType();
  if (!element.isIntOrFloat())
    return op.emitOpError("unsupported element type ") << element;
  Value x = k.flat(k.memref(op.getX())), y = k.output(0);
  SmallVector<Value> dims = k.dimsOf(op.getX());
  Value size = productOf(k, dims);
  auto keeps = [&](Value i) { return isNonZero(k, {x, i}, element); };
  // The rows of the result are as long as the count, so that comes first.
  Value count = filter(k, size, keeps, [](Value, Value) {});
  filter(k, size, keeps, [&](Value i, Value place) {
    for (int64_t d = type.getRank(); d-- > 0;) {
      storeNumber(k, d ? k.rem(i, dims[d]) : i, {y, k.add(k.mul(count, d), place)});
      i = k.div(i, dims[d]);
    }
  });
  storeCount(k, count);
  return success();
}

//===----------------------------------------------------------------------===//
// nn.compress
//===----------------------------------------------------------------------===//

LogicalResult emitCompress(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::CompressOp>(root);
  Value x = k.flat(k.memref(op.getX())), y = k.output(0), condition = k.memref(op.getCondition());
  SmallVector<Value> dims = k.dimsOf(op.getX());
  // Without an axis x is flat: [1, size, 1].
  Value outer = k.index(1), extent = productOf(k, dims), inner = k.index(1);
  if (auto axis = op.getAxis()) {
    outer = productOf(k, ArrayRef(dims).take_front(*axis));
    extent = dims[*axis];
    inner = productOf(k, ArrayRef(dims).drop_front(*axis + 1));
  }
  // A short condition leaves out the rest.
  Value most = k.min(k.dim(condition, 0), extent);
  auto keeps = [&](Value i) { return isNonZero(k, {condition, i}, k.b.getI1Type()); };
  Value count = filter(k, most, keeps, [](Value, Value) {});
  k.loop(outer, [&](Value o) {
    filter(k, most, keeps, [&](Value i, Value place) {
      Value from = k.mul(k.add(k.mul(o, extent), i), inner), to = k.mul(k.add(k.mul(o, count), place), inner);
      copyRun(k, {x, from}, {y, to}, inner);
    });
  });
  storeCount(k, count);
  return success();
}

//===----------------------------------------------------------------------===//
// nn.unique
//===----------------------------------------------------------------------===//

/// x as [outer, extent, inner], whose slices along the middle are compared.
class UniqueKernel {
public:
  UniqueKernel(KernelBuilder &k, nn::UniqueOp op)
      : k(k), op(op), element(rankedType(op.getX()).getElementType()), x(k.flat(k.memref(op.getX()))),
        first(k.output(1)), inverse(k.output(2)), counts(k.output(3)) {
    SmallVector<Value> dims = k.dimsOf(op.getX());
    outer = inner = k.index(1);
    extent = productOf(k, dims);
    if (auto axis = op.getAxis()) {
      outer = productOf(k, ArrayRef(dims).take_front(*axis));
      extent = dims[*axis];
      inner = productOf(k, ArrayRef(dims).drop_front(*axis + 1));
    }
  }

  void emit() {
    // The places of the slices in sorted order. `first` and `counts` have room for all and are free as yet.
    k.loop(extent, [&](Value i) { storeNumber(k, i, {first, i}); });
    Value zero = k.index(0);
    mergeSort(k, {first, zero}, {counts, zero}, extent, [&](Value a, Value b) { return less(a, b); });
    Value count = op.getSorted() ? numberInOrder() : numberByAppearance();
    k.loop(outer, [&](Value o) {
      k.loop(count, [&](Value i) {
        Value to = k.mul(k.add(k.mul(o, count), i), inner);
        copyRun(k, {x, k.mul(k.add(k.mul(o, extent), loadNumber(k, {first, i})), inner)}, {k.output(0), to}, inner);
      });
    });
    storeCount(k, count);
  }

private:
  /// -1, 0 or 1 as slice `a` is less, equal or greater. NaN is equal to itself and greater than all else.
  Value order(Value a, Value b) {
    auto lessElement = [&](Value p, Value q) -> Value {
      if (!isa<FloatType>(element))
        return arith::CmpIOp::create(
            k.b, k.loc, isUnsignedElement(element) ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, p, q);
      Value isLess = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OLT, p, q);
      Value pIsNumber = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::ORD, p, p);
      Value qIsNan = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UNO, q, q);
      return arith::OrIOp::create(k.b, k.loc, isLess, k.both(pIsNumber, qIsNan));
    };
    auto elementAt = [&](Value o, Value slice, Value i) {
      Value at = k.add(k.mul(k.add(k.mul(o, extent), slice), inner), i);
      return toCompute(k.b, k.loc, loadStored(k, {x, at}), element);
    };
    Value zero = k.index(0), one = k.index(1);
    return k.loop(zero, k.mul(outer, inner), one, zero, [&](Value j, ValueRange decided) -> SmallVector<Value> {
      Value isOpen = k.compare(arith::CmpIPredicate::eq, decided[0], zero);
      return {k.ifElse(
          isOpen,
          [&] {
            Value o = k.div(j, inner), i = k.rem(j, inner), p = elementAt(o, a, i), q = elementAt(o, b, i);
            return k.select(lessElement(p, q), k.index(-1), k.select(lessElement(q, p), one, zero));
          },
          [&] { return Value(decided[0]); })};
    })[0];
  }

  Value less(Value a, Value b) { return k.compare(arith::CmpIPredicate::slt, order(a, b), k.index(0)); }

  /// Whether place `i` of the sorted order starts a new group of equal slices; `leader` is the last group's first.
  Value startsGroup(Value i, Value slice, Value leader) {
    return k.ifElse(
        k.compare(arith::CmpIPredicate::eq, i, k.index(0)), [&] { return constantBool(k, true); },
        [&] { return k.compare(arith::CmpIPredicate::ne, order(leader, slice), k.index(0)); });
  }

  void countOneMore(Value group) {
    storeNumber(k, k.add(loadNumber(k, {counts, group}), 1), {counts, group});
  }

  /// Groups numbered as sorted. Group numbers never pass the place that is read, so `first` is written on the way.
  Value numberInOrder() {
    Value zero = k.index(0), minusOne = k.index(-1);
    // Carried: the last group and its first slice.
    Value last = k.loop(zero, extent, k.index(1), {minusOne, zero}, [&](Value i, ValueRange c) -> SmallVector<Value> {
      Value slice = loadNumber(k, {first, i}), isNew = startsGroup(i, slice, c[1]);
      Value group = k.select(isNew, k.add(c[0], 1), c[0]);
      k.ifThen(isNew, [&] {
        storeNumber(k, slice, {first, group});
        storeNumber(k, zero, {counts, group});
      });
      countOneMore(group);
      storeNumber(k, group, {inverse, slice});
      return {group, k.select(isNew, slice, c[1])};
    })[0];
    return k.add(last, 1);
  }

  /// Groups numbered by their first slices.
  Value numberByAppearance() {
    Value zero = k.index(0), minusOne = k.index(-1);
    // Every slice learns its group's first one, which since the sort is stable comes first in the group.
    k.loop(zero, extent, k.index(1), zero, [&](Value i, ValueRange leader) -> SmallVector<Value> {
      Value slice = loadNumber(k, {first, i}), isNew = startsGroup(i, slice, leader[0]);
      Value next = k.select(isNew, slice, leader[0]);
      storeNumber(k, next, {inverse, slice});
      return {next};
    });
    // Then, in order of appearance, the first ones get numbers, kept as -1 - number to tell them from slices.
    Value count = k.loop(zero, extent, k.index(1), zero, [&](Value i, ValueRange found) -> SmallVector<Value> {
      Value leader = loadNumber(k, {inverse, i}), isNew = k.compare(arith::CmpIPredicate::eq, leader, i);
      k.ifThen(isNew, [&] {
        storeNumber(k, i, {first, found[0]});
        storeNumber(k, zero, {counts, found[0]});
        storeNumber(k, k.sub(minusOne, found[0]), {inverse, i});
      });
      Value code = loadNumber(k, {inverse, leader});
      storeStored(k, k.fromIndex(code, k.b.getI64Type()), {inverse, i});
      countOneMore(k.sub(minusOne, code));
      return {k.select(isNew, k.add(found[0], 1), found[0])};
    })[0];
    k.loop(extent, [&](Value i) { storeNumber(k, k.sub(minusOne, loadNumber(k, {inverse, i})), {inverse, i}); });
    return count;
  }

  KernelBuilder &k;
  nn::UniqueOp op;
  Type element;
  Value x, first, inverse, counts, outer, extent, inner;
};

LogicalResult emitUnique(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::UniqueOp>(root);
  Type element = rankedType(op.getX()).getElementType();
  if (!element.isIntOrFloat())
    return op.emitOpError("unsupported element type ") << element;
  UniqueKernel(k, op).emit();
  return success();
}

} // namespace

void registerDataDependentLowerings(LoweringRegistry &registry) {
  registry.add<nn::NonZeroOp>({singleItem, emitNonZero});
  registry.add<nn::CompressOp>({singleItem, emitCompress});
  registry.add<nn::UniqueOp>({singleItem, emitUnique});
}

} // namespace nnc
