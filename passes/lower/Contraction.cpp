#include "passes/lower/Contraction.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

Value widen(KernelBuilder &k, Value stored, Type element, Type outElement) {
  return convertElement(k.b, k.loc, toCompute(k.b, k.loc, stored, element), element, outElement);
}

Value multiplyAdd(KernelBuilder &k, Value x, Value y, Value acc) {
  if (!isa<FloatType>(getElementTypeOrSelf(acc.getType())))
    return arith::AddIOp::create(k.b, k.loc, acc, arith::MulIOp::create(k.b, k.loc, x, y));
  if (isa<VectorType>(acc.getType()))
    return vector::FMAOp::create(k.b, k.loc, x, y, acc);
  return math::FmaOp::create(k.b, k.loc, x, y, acc);
}

Value zeroOf(KernelBuilder &k, Type type) {
  if (isa<FloatType>(getElementTypeOrSelf(type)))
    return constantLike(k.b, k.loc, type, 0.0);
  return integerLike(k.b, k.loc, type, 0);
}

Value broadcastTo(KernelBuilder &k, Type like, Value value) {
  Type type = withShapeOf(like, value.getType());
  return type == value.getType() ? value : vector::BroadcastOp::create(k.b, k.loc, type, value).getResult();
}

Value loadWidened(KernelBuilder &k, Value memref, ValueRange indices, Type shape, Type element, Type outElement,
                  int64_t stride) {
  auto type = dyn_cast<VectorType>(withShapeOf(shape, storageType(element)));
  if (!type)
    return widen(k, memref::LoadOp::create(k.b, k.loc, memref, indices), element, outElement);
  Value loaded = vector::LoadOp::create(k.b, k.loc, type, memref, indices);
  if (stride == 2) {
    // Lane i is element 2i; the second load ends with the last of them, so that nothing behind it is read.
    int64_t lanes = type.getNumElements();
    SmallVector<Value> further(indices);
    further.back() = k.add(further.back(), lanes - 1);
    Value second = vector::LoadOp::create(k.b, k.loc, type, memref, further);
    SmallVector<int64_t> mask;
    for (int64_t i = 0; i < lanes; ++i)
      mask.push_back(i < lanes / 2 ? 2 * i : 2 * i + 1);
    loaded = vector::ShuffleOp::create(k.b, k.loc, loaded, second, mask);
  }
  return widen(k, loaded, element, outElement);
}

} // namespace nnc
