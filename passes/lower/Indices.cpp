#include "passes/lower/Indices.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

Value loadIndexOf(KernelBuilder &k, Value tensor, Value flat, Value offset) {
  Type element = getElementTypeOrSelf(tensor.getType()), i64 = k.b.getI64Type();
  Value stored = memref::LoadOp::create(k.b, k.loc, flat, offset);
  Value number = toCompute(k.b, k.loc, stored, element);
  return k.toIndex(convertElement(k.b, k.loc, number, element, i64));
}

Value wrapIndex(KernelBuilder &k, Value index, Value extent) {
  Value isNegative = k.compare(arith::CmpIPredicate::slt, index, k.index(0));
  return k.select(isNegative, k.add(index, extent), index);
}

void withIndex(KernelBuilder &k, StringRef op, Value index, Value extent, KernelBuilder::Body body) {
  Value wrapped = wrapIndex(k, index, extent);
  auto branch = scf::IfOp::create(k.b, k.loc, k.inRange(wrapped, extent), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(branch.thenBlock());
  body(wrapped);
  k.b.setInsertionPointToStart(branch.elseBlock());
  k.fail((op + ": index %0 is out of range for a dim of %1").str(), index, extent);
}

void forEachIndex(KernelBuilder &k, StringRef op, Value tensor, Value indices, Value at, Value begin, Value end,
                  Value extent, llvm::function_ref<void(Value i, Value index)> pick) {
  auto indexOf = [&](Value i) { return loadIndexOf(k, tensor, indices, k.add(at, i)); };
  // An index out of range makes one of these negative: its distance from the least one, or that to the greatest.
  Value zero = k.index(0), one = k.index(1), greatest = k.sub(extent, one);
  Value signs = k.loop(begin, end, one, zero, [&](Value i, ValueRange carried) -> SmallVector<Value> {
    Value index = indexOf(i);
    Value outside = arith::OrIOp::create(k.b, k.loc, k.add(index, extent), k.sub(greatest, index));
    return {arith::OrIOp::create(k.b, k.loc, carried[0], outside)};
  })[0];
  Value isFine = k.compare(arith::CmpIPredicate::sge, signs, zero);
  k.scalarLoop(k.select(isFine, k.sub(end, begin), zero), [&](Value step) {
    Value i = k.add(begin, step);
    pick(i, wrapIndex(k, indexOf(i), extent));
  });
  k.loop(begin, k.select(isFine, begin, end), one, [&](Value i) {
    withIndex(k, op, indexOf(i), extent, [&](Value index) { pick(i, index); });
  });
}

} // namespace nnc
