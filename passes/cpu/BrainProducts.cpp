// The micro-kernel's step for bf16: every lane of i32 holds two elements of a factor that follow each other along the
// depth, and the lane of f32 beside it gains the sum of their products.
//
// AVX-512 BF16 does it in one instruction, which takes denormals for zeros. Other machines take the pairs apart: the
// upper half of a lane is an f32 whose lower bits are not its own, the lower half is one when it is shifted up.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

Value retyped(KernelBuilder &k, Value v, VectorType type) {
  return vector::BitCastOp::create(k.b, k.loc, type, v);
}

/// The elements that come first in their pairs, or second, as f32.
Value halfOf(KernelBuilder &k, Value pairs, bool second, VectorType type) {
  Value half = second ? arith::AndIOp::create(k.b, k.loc, pairs,
                                              integerLike(k.b, k.loc, pairs.getType(), int32_t(0xffff0000)))
                            .getResult()
                      : arith::ShLIOp::create(k.b, k.loc, pairs, integerLike(k.b, k.loc, pairs.getType(), 16))
                            .getResult();
  return retyped(k, half, type);
}

} // namespace

SmallVector<Value> MicroKernel::pairStep(KernelBuilder &k, Value at, ValueRange accumulators, Operand left,
                                         Operand right) const {
  int64_t lanes = type.getNumElements();
  auto lanesType = VectorType::get({lanes}, k.b.getI32Type());
  SmallVector<Value> sums(accumulators), b;
  for (int64_t j = 0; j < vectors; ++j)
    b.push_back(right(j, at));
  auto a = [&](int64_t i) -> Value { return vector::BroadcastOp::create(k.b, k.loc, lanesType, left(i, at)); };
  // The instruction is that of whole registers.
  if (k.target.brainPairs && lanes == k.target.lanes()) {
    auto pairs = VectorType::get({2 * lanes}, k.b.getBF16Type());
    for (Value &v : b)
      v = retyped(k, v, pairs);
    for (int64_t i = 0; i < rows; ++i) {
      Value l = retyped(k, a(i), pairs);
      for (int64_t j = 0; j < vectors; ++j) {
        Value &sum = sums[i * vectors + j];
        sum = LLVM::CallIntrinsicOp::create(k.b, k.loc, type, k.b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
                                            ValueRange{sum, l, b[j]})
                  .getResults();
      }
    }
    return sums;
  }
  SmallVector<Value> halves[2];
  for (Value v : b)
    for (bool second : {false, true})
      halves[second].push_back(halfOf(k, v, second, type));
  // Row by row: registers hold one broadcast at a time.
  for (int64_t i = 0; i < rows; ++i) {
    Value pairs = a(i);
    for (bool second : {false, true}) {
      Value l = halfOf(k, pairs, second, type);
      for (int64_t j = 0; j < vectors; ++j)
        sums[i * vectors + j] = multiplyAdd(k, l, halves[second][j], sums[i * vectors + j]);
    }
  }
  return sums;
}

} // namespace nnc
