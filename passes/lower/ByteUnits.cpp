#include "passes/lower/ByteUnits.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

Value asUnits(KernelBuilder &k, Value bytes) {
  Value count = k.div(k.dim(bytes, 0), k.index(nn::kByteStep));
  auto type = MemRefType::get({ShapedType::kDynamic}, k.b.getI32Type());
  return memref::ViewOp::create(k.b, k.loc, type, bytes, k.index(0), ValueRange{count});
}

Value unitOf(KernelBuilder &k, Value zeroPoint) {
  Type type = k.b.getI32Type();
  if (!zeroPoint)
    return integerLike(k.b, k.loc, type, 0);
  Value byte = memref::LoadOp::create(k.b, k.loc, k.flat(k.memref(zeroPoint)), k.index(0));
  byte = arith::ExtUIOp::create(k.b, k.loc, type, byte);
  return arith::MulIOp::create(k.b, k.loc, byte, integerLike(k.b, k.loc, type, 0x01010101));
}

} // namespace nnc
