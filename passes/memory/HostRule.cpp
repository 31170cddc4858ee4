#include "passes/memory/HostRule.h"

#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;
using nnc::nn::Dim;

namespace nnc {

Value HostRule::value(Dim d) {
  if (auto number = d.known())
    return arith::ConstantIndexOp::create(b, loc, *number);
  return d.value;
}

Dim HostRule::fold(Value value) {
  if (auto number = getConstantIntValue(value))
    return constant(*number);
  return value;
}

Dim HostRule::dim(Value operand, int64_t i) { return dimsOf(operand)[i]; }

Dim HostRule::element(Value operand, int64_t i) {
  if (auto numbers = nn::constantIntegers(operand))
    return constant((*numbers)[i]);
  readsData = true;
  return fold(elementOf(operand, i));
}

Dim HostRule::add(Dim x, Dim y) { return fold(b.createOrFold<arith::AddIOp>(loc, value(x), value(y))); }
Dim HostRule::sub(Dim x, Dim y) { return fold(b.createOrFold<arith::SubIOp>(loc, value(x), value(y))); }
Dim HostRule::mul(Dim x, Dim y) { return fold(b.createOrFold<arith::MulIOp>(loc, value(x), value(y))); }

Dim HostRule::floorDiv(Dim x, Dim y) {
  // The divisor may come from the model's inputs; a zero must not trap.
  Value divisor = value(y);
  if (!y.known() || *y.known() == 0) {
    Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
    Value isZero = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, divisor, zero);
    divisor = b.createOrFold<arith::SelectOp>(loc, isZero, one, divisor);
  }
  return fold(b.createOrFold<arith::FloorDivSIOp>(loc, value(x), divisor));
}

Dim HostRule::ceilDiv(Dim x, Dim y) {
  // ceil(x / y) = floor((x + y - 1) / y) for positive y
  return floorDiv(add(x, sub(y, constant(1))), y);
}

Dim HostRule::min(Dim x, Dim y) { return fold(b.createOrFold<arith::MinSIOp>(loc, value(x), value(y))); }
Dim HostRule::max(Dim x, Dim y) { return fold(b.createOrFold<arith::MaxSIOp>(loc, value(x), value(y))); }

Dim HostRule::wrapNegative(Dim x, Dim extent) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value negative = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, value(x), zero);
  return fold(b.createOrFold<arith::SelectOp>(loc, negative, value(add(x, extent)), value(x)));
}

Dim HostRule::choose(Dim x, int64_t number, Dim same, Dim other) {
  Value isNumber = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, value(x),
                                                 arith::ConstantIndexOp::create(b, loc, number));
  return fold(b.createOrFold<arith::SelectOp>(loc, isNumber, value(same), value(other)));
}

Dim HostRule::broadcast(Dim x, Dim y) {
  if (x.known() == 1)
    return y;
  if (y.known() == 1 || same(x, y))
    return x;
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto equal = [&](Value p, Value q) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, p, q); };
  Value xIsOne = equal(value(x), one);
  Value fits = b.createOrFold<arith::OrIOp>(
      loc, xIsOne, b.createOrFold<arith::OrIOp>(loc, equal(value(y), one), equal(value(x), value(y))));
  check(fits, "the shapes do not broadcast: %0 and %1", value(x), value(y));
  return fold(b.createOrFold<arith::SelectOp>(loc, xIsOne, value(y), value(x)));
}

Dim HostRule::quotient(ArrayRef<Dim> total, ArrayRef<Dim> divisors) {
  Dim above = product(total), below = product(divisors), result = floorDiv(above, below);
  if (!result.known()) {
    Value exact = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, value(mul(result, below)), value(above));
    check(exact, "reshape: %0 elements do not divide by %1", value(above), value(below));
  }
  return result;
}

Dim HostRule::scale(Dim x, double factor) {
  if (auto known = x.known())
    return constant(static_cast<int64_t>(std::floor(static_cast<float>(*known) * static_cast<float>(factor))));
  Type f32 = b.getF32Type(), i64 = b.getI64Type();
  Value number = arith::SIToFPOp::create(b, loc, f32, arith::IndexCastOp::create(b, loc, i64, value(x)));
  Value product = arith::MulFOp::create(b, loc, number, arith::ConstantOp::create(b, loc, b.getF32FloatAttr(factor)));
  // The product is not negative, so truncation is the floor.
  return Value(arith::IndexCastOp::create(b, loc, b.getIndexType(), arith::FPToSIOp::create(b, loc, i64, product)));
}

Dim HostRule::rangeLength(Value start, Value limit, Value delta) {
  if (!isa<FloatType>(getElementTypeOrSelf(delta.getType()))) {
    Dim s = element(start, 0), l = element(limit, 0), d = element(delta, 0);
    // ceil((l - s) / d) for either sign of d, with a sign-free divisor.
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value negative = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, value(d), zero);
    auto flip = [&](Dim x) { return fold(b.createOrFold<arith::SelectOp>(loc, negative, value(sub(constant(0), x)), value(x))); };
    return max(constant(0), ceilDiv(flip(sub(l, s)), flip(d)));
  }
  auto load = [&](Value scalar) -> Value {
    Type element = getElementTypeOrSelf(scalar.getType());
    return toCompute(b, loc, elementOf(scalar, 0), element);
  };
  Value first = load(start), last = load(limit), step = load(delta);
  Value count = arith::DivFOp::create(b, loc, arith::SubFOp::create(b, loc, last, first), step);
  count = math::CeilOp::create(b, loc, count);
  // No number of steps (0 by 0) is none, and no integer is too small for what is left.
  auto number = [&](double n) { return constantLike(b, loc, count.getType(), n); };
  count = arith::MaxNumFOp::create(b, loc, count, number(0));
  count = arith::MinNumFOp::create(b, loc, count, number(0x1p62));
  Value integer = arith::FPToSIOp::create(b, loc, b.getI64Type(), count);
  return fold(b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), integer));
}

bool HostRule::same(Dim x, Dim y) const {
  return (x.known() && x.known() == y.known()) || (x.value && x.value == y.value);
}

bool HostRule::differ(Dim x, Dim y) {
  if (certainlyDiffer(x, y))
    return true;
  if (!same(x, y) && !(x.known() && y.known())) {
    Value equal = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, value(x), value(y));
    check(equal, "extents that must be equal are %0 and %1", value(x), value(y));
  }
  return false;
}

} // namespace nnc
