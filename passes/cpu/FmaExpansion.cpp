#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "passes/cpu/MathExpansions.h"

using namespace mlir;

namespace nnc {

namespace {

struct Arithmetic {
  OpBuilder &b;
  Location loc;
  Value add(Value x, Value y) const { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) const { return arith::MulFOp::create(b, loc, x, y); }
  Value constant(Type type, double value) const {
    Attribute number = b.getFloatAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      number = DenseElementsAttr::get(vector, number);
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(number));
  }
};

/// The upper half of a double's digits (Veltkamp): products of halves are exact.
Value upperHalf(const Arithmetic &m, Value x) {
  Value scaled = m.mul(m.constant(x.getType(), 134217729.0), x);
  return m.sub(scaled, m.sub(scaled, x));
}

/// x y + z in f64: the product and its error (Dekker), the sum and its error (Knuth).
Value fmaOfDoubles(const Arithmetic &m, Value x, Value y, Value z) {
  Value product = m.mul(x, y), xh = upperHalf(m, x), yh = upperHalf(m, y), xl = m.sub(x, xh),
        yl = m.sub(y, yh);
  Value rest = m.sub(product, m.mul(xh, yh));
  rest = m.sub(m.sub(rest, m.mul(xl, yh)), m.mul(xh, yl));
  Value productError = m.sub(m.mul(xl, yl), rest);
  Value sum = m.add(product, z), zPart = m.sub(sum, product);
  Value sumError = m.add(m.sub(product, m.sub(sum, zPart)), m.sub(z, zPart));
  Value exact = m.add(sum, m.add(sumError, productError));
  // Infinities and numbers too large to be halved have no errors to add.
  Value isNan = arith::CmpFOp::create(m.b, m.loc, arith::CmpFPredicate::UNO, exact, exact);
  return arith::SelectOp::create(m.b, m.loc, isNan, sum, exact);
}

} // namespace

Value expandFma(OpBuilder &b, Location loc, Value x, Value y, Value z) {
  Arithmetic m{b, loc};
  Type type = x.getType();
  if (getElementTypeOrSelf(type).isF64())
    return fmaOfDoubles(m, x, y, z);
  Type wide = b.getF64Type();
  if (auto vector = dyn_cast<VectorType>(type))
    wide = vector.clone(wide);
  auto extended = [&](Value value) -> Value { return arith::ExtFOp::create(b, loc, wide, value); };
  return arith::TruncFOp::create(b, loc, type, m.add(m.mul(extended(x), extended(y)), extended(z)));
}

} // namespace nnc
