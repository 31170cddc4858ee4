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

} // namespace nnc
