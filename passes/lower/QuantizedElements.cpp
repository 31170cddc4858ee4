#include "passes/lower/QuantizedElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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

/// A constant f32, as it is or spread over a vector.
std::optional<float> constantF32(Value v) {
  if (auto broadcast = v.getDefiningOp<vector::BroadcastOp>())
    v = broadcast.getSource();
  auto constant = v.getDefiningOp<arith::ConstantOp>();
  auto number = constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
  if (!number || !number.getType().isF32())
    return std::nullopt;
  return number.getValue().convertToFloat();
}

/// Whether quotients by a constant can be computed as products: of these the method below finds the nearest
/// floats.
bool hasReciprocal(float scale) {
  uint32_t bits;
  memcpy(&bits, &scale, sizeof bits);
  return scale > 1e-30f && scale < 1e30f && (bits & 0x7fffff) != 0x7fffff;
}

/// saturate(round(x / scale) + zero) for a constant scale and bytes, without a division: a product by the
/// reciprocal is corrected by its remainder, which gives the nearest float to the quotient (Markstein 1990).
/// Bounds are applied before, so that infinities have no part in that, and a NaN becomes the lowest number.
/// Adding 1.5 * 2^23 rounds halves to even.
Value quantizedByReciprocal(OpBuilder &b, Location loc, Value x, Value scale, float number, Value zero,
                            double low, double high) {
  Type real = x.getType(), wide = withShapeOf(real, b.getI32Type());
  Value least = constantLike(b, loc, real, low), most = constantLike(b, loc, real, high);
  if (zero) {
    Value shift = arith::SIToFPOp::create(b, loc, real, zero);
    least = arith::SubFOp::create(b, loc, least, shift);
    most = arith::SubFOp::create(b, loc, most, shift);
  }
  auto bounded = [&](Value v, arith::CmpFPredicate predicate, Value bound) -> Value {
    bound = arith::MulFOp::create(b, loc, bound, scale);
    return arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, predicate, v, bound), v, bound);
  };
  x = bounded(x, arith::CmpFPredicate::OGT, least);
  x = bounded(x, arith::CmpFPredicate::OLT, most);
  if (number != 1) {
    Value reciprocal = constantLike(b, loc, real, static_cast<float>(1.0 / number));
    Value quotient = arith::MulFOp::create(b, loc, x, reciprocal);
    Value rest = math::FmaOp::create(b, loc, arith::NegFOp::create(b, loc, quotient), scale, x);
    x = math::FmaOp::create(b, loc, rest, reciprocal, quotient);
  }
  constexpr float magic = 12582912.0f;
  constexpr int32_t magicBits = 0x4b400000;
  Value rounded = arith::AddFOp::create(b, loc, x, constantLike(b, loc, real, magic));
  Value bits = arith::BitcastOp::create(b, loc, wide, rounded);
  Value base = integerLike(b, loc, wide, magicBits);
  if (zero)
    base = arith::SubIOp::create(b, loc, base, zero);
  return arith::SubIOp::create(b, loc, bits, base);
}

} // namespace

Value scaledElement(OpBuilder &b, Location loc, nn::QuantizeOp op, Value x, Value scale, Value zero) {
  Type xType = getElementTypeOrSelf(op.getX().getType()),
       scaleType = getElementTypeOrSelf(op.getScale().getType());
  Type yType = getElementTypeOrSelf(op.getY().getType());
  // The division has the precision of the scale's type.
  x = convertElement(b, loc, x, xType, scaleType);
  if (auto number = constantF32(scale); number && hasReciprocal(*number) && isa<IntegerType>(yType)) {
    auto [low, high] = rangeOf(yType);
    Value sum = quantizedByReciprocal(b, loc, x, scale, *number, zero ? widen(b, loc, zero, yType) : Value(),
                                      low, high);
    return arith::TruncIOp::create(b, loc, withShapeOf(sum.getType(), computeType(yType)), sum);
  }
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
    // What has just been quantized was in range when it was wider.
    auto narrowed = x.getDefiningOp<arith::TruncIOp>();
    bool isFresh = narrowed && op.getX().getDefiningOp<nn::QuantizeOp>() &&
                   narrowed.getIn().getType() == withShapeOf(x.getType(), b.getI32Type());
    x = isFresh ? narrowed.getIn() : widen(b, loc, x, xType);
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
  bool isNarrow = isa<FloatType>(y)
                      ? y.getIntOrFloatBitWidth() <= 8
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
