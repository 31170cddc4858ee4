#include "passes/cpu/MicroKernel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/graph/Group.h"
#include "passes/lower/Contraction.h"

using namespace mlir;

namespace nnc {

SmallVector<Value> MicroKernel::zeros(KernelBuilder &k) const {
  return SmallVector<Value>(rows * vectors, zeroOf(k, type));
}

SmallVector<Value> MicroKernel::emit(KernelBuilder &k, Value from, Value to, ValueRange accumulators, Operand left,
                                     Operand right) const {
  return k.loop(from, to, k.index(1), accumulators,
                [&](Value at, ValueRange carried) { return step(k, at, carried, left, right); });
}

SmallVector<Value> MicroKernel::step(KernelBuilder &k, Value at, ValueRange accumulators, Operand left,
                                     Operand right) const {
  SmallVector<Value> sums(accumulators), b;
  for (int64_t j = 0; j < vectors; ++j)
    b.push_back(right(j, at));
  for (int64_t i = 0; i < rows; ++i) {
    Value a = vector::BroadcastOp::create(k.b, k.loc, type, left(i, at));
    for (int64_t j = 0; j < vectors; ++j)
      sums[i * vectors + j] = multiplyAdd(k, a, b[j], sums[i * vectors + j]);
  }
  return sums;
}

bool hasShortEpilogue(nn::GroupOp group) {
  int64_t ops = 0;
  for (Operation &op : group.getBody().front().without_terminator()) {
    if (!isElementwiseOp(&op))
      continue;
    // What is one instruction or two; functions such as exp are polynomials.
    auto unary = dyn_cast<nn::UnaryOp>(op);
    bool isCheap = unary ? unary.getKind() == nn::UnaryKind::relu || unary.getKind() == nn::UnaryKind::neg
                         : !isa<nn::BinaryOp>(op) || cast<nn::BinaryOp>(op).getKind() != nn::BinaryKind::pow;
    ops += isCheap ? 1 : 100;
  }
  return ops <= 4;
}

} // namespace nnc
