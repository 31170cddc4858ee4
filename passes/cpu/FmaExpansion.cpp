#include "passes/cpu/MathExpansions.h"
#include "passes/cpu/Reals.h"

using namespace mlir;

namespace nnc {

namespace {

/// The upper half of a double's digits (Veltkamp): products of halves are exact.
Real upperHalf(const Reals &m, Real x) {
  Real scaled = m.c(134217729.0) * x;
  return scaled - (scaled - x);
}

/// x y + z in f64: the product and its error (Dekker), the sum and its error.
Real fmaOfDoubles(const Reals &m, Real x, Real y, Real z) {
  Real product = x * y, xh = upperHalf(m, x), yh = upperHalf(m, y), xl = x - xh, yl = y - yh;
  Real productError = xl * yl - (((product - xh * yh) - xl * yh) - xh * yl);
  auto [sum, sumError] = m.addExactly(product, z);
  Real exact = sum + (sumError + productError);
  // Infinities and numbers too large to be halved have no errors to add.
  return m.select(exact.compare(Real::P::UNO, exact), sum, exact);
}

} // namespace

Value expandFma(OpBuilder &b, Location loc, Value x, Value y, Value z) {
  Type type = x.getType(), wide = withShapeOf(type, b.getF64Type());
  Reals m(b, loc, wide);
  if (type == wide)
    return fmaOfDoubles(m, m.of(x), m.of(y), m.of(z)).v;
  auto extended = [&](Value value) { return m.of(arith::ExtFOp::create(b, loc, wide, value)); };
  return arith::TruncFOp::create(b, loc, type, (extended(x) * extended(y) + extended(z)).v);
}

} // namespace nnc
