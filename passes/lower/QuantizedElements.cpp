#include "passes/lower/QuantizedElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

/// The smallest and the largest number of an integer type.
std::pair<double, double> rangeOf(Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (element.isUnsignedInteger())
    return {0, std::ldexp(1.0, width) - 1};
  return {-std::ldexp(1.0, width - 1), std::ldexp(1.0, width - 1) - 1};
}

/// A narrow integer as i32.
Value widen(OpBuilder &b, Location loc, Value v, Type element) {
  Type wide = withShapeOf(v.getType(), b.getI32Type());
  if (v.getType() == wide)
    return v;
  return isUnsignedElement(element) ? arith::ExtUIOp::create(b, loc, wide, v).getResult()
                                    : arith::ExtSIOp::create(b, loc, wide, v).getResult();
}

} // namespace

Value scaledElement(OpBuilder &b, Location loc, nn::QuantizeOp op, Value x, Value scale, Value zero) {
  Type xType = getElementTypeOrSelf(op.getX().getType()), scaleType = getElementTypeOrSelf(op.getScale().getType());
  Type yType = getElementTypeOrSelf(op.getY().getType());
  // The division has the precision of the scale's type.
  x = convertElement(b, loc, x, xType, scaleType);
  Value quotient = arith::DivFOp::create(b, loc, x, scale);
  quotient = toCompute(b, loc, toStorage(b, loc, quotient, scaleType), scaleType);
  Type real = quotient.getType();
  if (isa<FloatType>(yType)) {
    if (zero && yType.getIntOrFloatBitWidth() < 8)
      quotient = arith::AddFOp::create(b, loc, quotient, zero);
    return convertElement(b, loc, quotient, scaleType, yType, op.getSaturate());
  }
  // Saturating before the conversion keeps the conversion in range; a NaN becomes the lowest number.
  Value rounded = math::RoundEvenOp::create(b, loc, quotient);
  auto [low, high] = rangeOf(yType);
  Value least = constantLike(b, loc, real, low), most = constantLike(b, loc, real, high);
  if (zero) {
    zero = widen(b, loc, zero, yType);
    Value shift = arith::SIToFPOp::create(b, loc, real, zero);
    least = arith::SubFOp::create(b, loc, least, shift);
    most = arith::SubFOp::create(b, loc, most, shift);
  }
  auto select = [&](arith::CmpFPredicate predicate, Value v, Value bound) -> Value {
    return arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, predicate, v, bound), v, bound);
  };
  rounded = select(arith::CmpFPredicate::OGT, rounded, least);
  rounded = select(arith::CmpFPredicate::OLT, rounded, most);
  Value number = arith::FPToSIOp::create(b, loc, withShapeOf(real, b.getI32Type()), rounded);
  if (zero)
    number = arith::AddIOp::create(b, loc, number, zero);
  return arith::TruncIOp::create(b, loc, withShapeOf(real, computeType(yType)), number);
}

Value scaledElement(OpBuilder &b, Location loc, nn::DequantizeOp op, Value x, Value scale, Value zero) {
  Type xType = getElementTypeOrSelf(op.getX().getType()), yType = getElementTypeOrSelf(op.getY().getType());
  Type work = getElementTypeOrSelf(scale.getType());
  if (isa<IntegerType>(xType) && xType.getIntOrFloatBitWidth() <= 16) {
    x = widen(b, loc, x, xType);
    if (zero)
      x = arith::SubIOp::create(b, loc, x, widen(b, loc, zero, xType));
    x = arith::SIToFPOp::create(b, loc, withShapeOf(x.getType(), work), x);
  } else {
    // A float's zero point is 0.
    if (isa<IntegerType>(xType) && zero)
      zero = convertElement(b, loc, zero, xType, work);
    else
      zero = Value();
    x = convertElement(b, loc, x, xType, work);
    if (zero)
      x = arith::SubFOp::create(b, loc, x, zero);
  }
  return convertElement(b, loc, arith::MulFOp::create(b, loc, x, scale), work, yType);
}

LogicalResult checkQuantizedTypes(nn::QuantizeOp op) {
  Type x = getElementTypeOrSelf(op.getX().getType()), y = getElementTypeOrSelf(op.getY().getType());
  Type scale = getElementTypeOrSelf(op.getScale().getType());
  bool isNarrow = isa<FloatType>(y) ? y.getIntOrFloatBitWidth() <= 8
                                    : isa<IntegerType>(y) && y.getIntOrFloatBitWidth() <= 16 && !y.isInteger(1);
  if (!isa<FloatType, IntegerType>(x) || !isa<FloatType>(scale) || !isNarrow)
    return op.emitOpError("unsupported types: ") << x << " by " << scale << " to " << y;
  return success();
}
LogicalResult checkQuantizedTypes(nn::DequantizeOp op) {
  Type x = getElementTypeOrSelf(op.getX().getType()), y = getElementTypeOrSelf(op.getY().getType());
  Type scale = getElementTypeOrSelf(op.getScale().getType());
  if (!isa<FloatType, IntegerType>(x) || x.isInteger(1) || !isa<FloatType>(scale) || !isa<FloatType>(y))
    return op.emitOpError("unsupported types: ") << x << " by " << scale << " to " << y;
  return success();
}

} // namespace nnc
