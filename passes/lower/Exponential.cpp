#include "passes/lower/Exponential.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MathExpansions.h"

using namespace mlir;

namespace nnc {

Value expOfNegative(KernelBuilder &k, Value x) {
  return expandExpOfNegative(k.b, k.loc, x, k.target.vectorBits == 512);
}

int64_t exponentialsAtOnce(const KernelBuilder &k, int64_t most) { return k.target.vectorBits == 256 ? 1 : most; }

Value firstLanes(KernelBuilder &k, Value count, int64_t lanes) {
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value at = arith::ConstantOp::create(k.b, k.loc, k.b.getI32VectorAttr(numbers));
  Value limit = vector::BroadcastOp::create(k.b, k.loc, at.getType(), k.fromIndex(count, k.b.getI32Type()));
  return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::slt, at, limit);
}

} // namespace nnc
