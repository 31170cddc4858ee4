#include "passes/lower/Sampling.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

Type realTypeFor(Type element) {
  return element.isF64() ? element : Type(Float32Type::get(element.getContext()));
}

Value Reals::c(double value) const { return constantLike(k.b, k.loc, type, value); }

Value Reals::spread(Value scalar) const {
  Type element = getElementTypeOrSelf(type);
  if (scalar.getType().isIndex())
    scalar = arith::SIToFPOp::create(k.b, k.loc, element, k.fromIndex(scalar, k.b.getI64Type()));
  return isa<VectorType>(type) ? vector::BroadcastOp::create(k.b, k.loc, type, scalar).getResult() : scalar;
}

Value Reals::add(Value x, Value y) const { return arith::AddFOp::create(k.b, k.loc, x, y); }
Value Reals::sub(Value x, Value y) const { return arith::SubFOp::create(k.b, k.loc, x, y); }
Value Reals::mul(Value x, Value y) const { return arith::MulFOp::create(k.b, k.loc, x, y); }
Value Reals::div(Value x, Value y) const { return arith::DivFOp::create(k.b, k.loc, x, y); }
Value Reals::floor(Value x) const { return math::FloorOp::create(k.b, k.loc, x); }
Value Reals::ceil(Value x) const { return math::CeilOp::create(k.b, k.loc, x); }
Value Reals::roundEven(Value x) const { return math::RoundEvenOp::create(k.b, k.loc, x); }
Value Reals::abs(Value x) const { return math::AbsFOp::create(k.b, k.loc, x); }

Value Reals::compare(arith::CmpFPredicate predicate, Value x, Value y) const {
  return arith::CmpFOp::create(k.b, k.loc, predicate, x, y);
}
Value Reals::select(Value condition, Value x, Value y) const {
  return arith::SelectOp::create(k.b, k.loc, condition, x, y);
}
Value Reals::min(Value x, Value y) const { return select(compare(arith::CmpFPredicate::OLT, x, y), x, y); }
Value Reals::max(Value x, Value y) const { return select(compare(arith::CmpFPredicate::OGT, x, y), x, y); }

Value Reals::toIndex(Value x, Value low, Value high) const {
  x = min(max(x, low), high);
  // CPUs convert vectors to i32, not to i64; no row is so long that this cuts it.
  if (isa<VectorType>(type))
    return arith::FPToSIOp::create(k.b, k.loc, withShapeOf(type, k.b.getI32Type()), min(x, c(2147483520.0)));
  Value number = arith::FPToSIOp::create(k.b, k.loc, withShapeOf(type, k.b.getI64Type()), x);
  return arith::IndexCastOp::create(k.b, k.loc, withShapeOf(type, k.b.getIndexType()), number);
}

Value Reals::cubicInner(Value x, double a) const {
  return add(mul(mul(sub(mul(x, a + 2), a + 3), x), x), 1);
}
Value Reals::cubicOuter(Value x, double a) const {
  return sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a);
}

SmallVector<Value> Reals::cubicWeights(Value ratio, double a) const {
  Value rest = sub(c(1), ratio);
  return {cubicOuter(add(ratio, 1), a), cubicInner(ratio, a), cubicInner(rest, a), cubicOuter(add(rest, 1), a)};
}

Value Reals::fromElement(Value value, Type element) const {
  return convertElement(k.b, k.loc, value, element, getElementTypeOrSelf(type));
}

Value Reals::toElement(Value value, Type element) const {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return convertElement(k.b, k.loc, value, getElementTypeOrSelf(type), element);
  // The wide types saturate when they are converted.
  value = roundEven(value);
  unsigned width = integer.getWidth();
  if (width < 32) {
    bool isUnsigned = integer.isUnsigned();
    value = max(value, c(isUnsigned ? 0 : -std::ldexp(1.0, width - 1)));
    value = min(value, c(std::ldexp(1.0, isUnsigned ? width : width - 1) - 1));
  }
  return convertElement(k.b, k.loc, value, getElementTypeOrSelf(type), element);
}

} // namespace nnc
