#include "passes/lower/Epilogue.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/ElementwiseBody.h"

using namespace mlir;

namespace nnc {

LogicalResult storeThroughEpilogue(KernelBuilder &k, Operation *root, Value value, ValueRange indices) {
  return storeThroughEpilogue(k, root, value, indices, llvm::DenseMap<Value, Value>());
}

LogicalResult storeThroughEpilogue(KernelBuilder &k, Operation *root, Value value, ValueRange indices,
                                   const llvm::DenseMap<Value, Value> &memrefs) {
  auto seen = [&](Value memref) {
    Value other = memrefs.lookup(memref);
    return other ? other : memref;
  };
  Type shape = value.getType();
  int64_t rank = indices.size();
  auto leaf = [&](Value operand) -> Value {
    Value memref = seen(k.memref(operand));
    auto type = cast<MemRefType>(memref.getType());
    Type element = getElementTypeOrSelf(operand.getType());
    SmallVector<Value> at;
    bool splat = type.getRank() == 0;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t out = d + rank - type.getRank();
      bool one = type.getDimSize(d) == 1;
      at.push_back(one ? k.index(0) : indices[out]);
      splat |= one && out == rank - 1;
    }
    Value stored;
    if (isa<VectorType>(shape) && !splat)
      stored = vector::LoadOp::create(k.b, k.loc, cast<VectorType>(withShapeOf(shape, type.getElementType())), memref, at);
    else
      stored = memref::LoadOp::create(k.b, k.loc, memref, at);
    return toCompute(k.b, k.loc, stored, element);
  };
  auto yields = evaluateBody(k, {{root->getResult(0), roundToElement(k.b, k.loc, value, getElementTypeOrSelf(root->getResult(0).getType()))}}, shape, leaf);
  if (failed(yields))
    return failure();
  for (auto [i, yielded] : llvm::enumerate(*yields)) {
    Value stored = toStorage(k.b, k.loc, yielded, getElementTypeOrSelf(k.group.getResult(i).getType()));
    if (isa<VectorType>(stored.getType()))
      vector::StoreOp::create(k.b, k.loc, stored, seen(k.output(i)), indices);
    else
      memref::StoreOp::create(k.b, k.loc, stored, seen(k.output(i)), indices);
  }
  return success();
}

} // namespace nnc
