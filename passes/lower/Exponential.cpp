#include "passes/lower/Exponential.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/Reals.h"
#include "passes/lower/Contraction.h"

#include <cmath>

using namespace mlir;

namespace nnc {

namespace {

constexpr double log2e = 1.44269504088896340736, ln2 = 0.693147180559945309417;

/// 2^n (1 + r + r^2 q(r)) with the powers of two built from bits, which must be those of a normal number.
Value byPolynomial(KernelBuilder &k, Value input) {
  constexpr double least = -87.3;
  constexpr double q[] = {0.4999999344767089, 0.1666652063045628, 0.04166838807002193, 0.008368716996255951,
                          0.0013814597487710831};
  Reals f(k.b, k.loc, input.getType());
  Real x = f.of(input);
  // Fused where the machine can: a call is not worth it.
  auto fma = [&](Real a, Real b, Real c) { return f.of(multiplyAdd(k, a.v, b.v, c.v)); };
  Value isTiny = x < f.c(least);
  Real bounded = f.select(isTiny, f.c(least), x);
  // x = n ln2 + r. The sum with the magic number holds n in its lowest bits.
  Real shifted = fma(bounded, f.c(log2e), f.c(f.magic())), n = shifted - f.c(f.magic());
  Real r = fma(n, f.c(-ln2), bounded);
  Real sum = f.c(q[4]);
  for (int i = 3; i >= 0; --i)
    sum = fma(sum, r, f.c(q[i]));
  Real tail = fma(fma(sum, r, f.c(1)), r, f.c(1));
  Value power = f.shiftLeft(f.addBits(f.bits(shifted), f.i(f.exponentBias())), f.mantissaBits());
  return f.select(isTiny, f.c(0), tail * f.fromBits(power)).v;
}

/// 2^(n/16) (1 + r + c r^2 + d r^3): the powers of 2^(1/16) lie in a register, and AVX-512 multiplies by a
/// power of two of any exponent. Lanes that would end below the normal numbers are left out: some processors take over a
/// hundred cycles for them, and masks of attention make many.
Value byTable(KernelBuilder &k, Value input) {
  constexpr int64_t entries = 16;
  constexpr double c = 0.5000161760376938, d = 0.1666678942225719, least = -87.3;
  Reals f(k.b, k.loc, input.getType());
  Real x = f.of(input);
  // n/16 is the nearest number with four bits behind the point: the lowest four of the sum's.
  Real magic = f.c(f.magic() / entries);
  Real shifted = f.fma(x, f.c(log2e), magic), n = shifted - magic;
  Real r = f.fma(n, f.c(-ln2), x);
  SmallVector<float> powers;
  for (int64_t i = 0; i < entries; ++i)
    powers.push_back(std::exp2(static_cast<double>(i) / entries));
  Value table = arith::ConstantOp::create(k.b, k.loc, k.b.getF32VectorAttr(powers));
  auto call = [&](StringRef name, ValueRange operands) {
    return f.of(LLVM::CallIntrinsicOp::create(k.b, k.loc, input.getType(), k.b.getStringAttr(name), operands)
                    .getResult(0));
  };
  Real power = call("llvm.x86.avx512.permvar.sf.512", {table, f.bits(shifted)});
  Real value = f.fma(power * r, f.fma(f.fma(r, f.c(d), f.c(c)), r, f.c(1)), power);
  Value keeps = vector::BitCastOp::create(k.b, k.loc, VectorType::get({1}, k.b.getIntegerType(16)),
                                          x.compare(Real::P::UGE, f.c(least)));
  Value mask = vector::ExtractOp::create(k.b, k.loc, keeps, 0),
        rounding = arith::ConstantIntOp::create(k.b, k.loc, 4, 32);
  // The second operand counts rounded down.
  return call("llvm.x86.avx512.mask.scalef.ps.512", {value.v, n.v, f.c(0).v, mask, rounding}).v;
}

} // namespace

Value expOfNegative(KernelBuilder &k, Value x) {
  auto vector = dyn_cast<VectorType>(x.getType());
  return k.target.vectorBits == 512 && vector && vector.getNumElements() == 16 ? byTable(k, x)
                                                                               : byPolynomial(k, x);
}

Value firstLanes(KernelBuilder &k, Value count, int64_t lanes) {
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value at = arith::ConstantOp::create(k.b, k.loc, k.b.getI32VectorAttr(numbers));
  Value limit = vector::BroadcastOp::create(k.b, k.loc, at.getType(), k.fromIndex(count, k.b.getI32Type()));
  return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::slt, at, limit);
}

} // namespace nnc
