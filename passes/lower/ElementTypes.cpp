#include "passes/lower/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/lower/NarrowFloats.h"

using namespace mlir;

namespace nnc {

Type storageType(Type element) {
  MLIRContext *context = element.getContext();
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(context, std::max(8u, integer.getWidth()));
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() <= 8)
    return IntegerType::get(context, 8);
  return element;
}

Type computeType(Type element) {
  MLIRContext *context = element.getContext();
  if (element.isInteger(1))
    return element;
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(context, std::max(8u, integer.getWidth()));
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(context);
  return element;
}

int64_t elementBytes(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * elementBytes(complex.getElementType());
  return llvm::divideCeil(storageType(element).getIntOrFloatBitWidth(), 8);
}

MemRefType memRefOf(RankedTensorType tensor) {
  return MemRefType::get(tensor.getShape(), storageType(tensor.getElementType()));
}

Type withShapeOf(Type like, Type scalar) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), scalar, vector.getScalableDims());
  return scalar;
}

Value constantLike(OpBuilder &b, Location loc, Type like, double value) {
  Type element = getElementTypeOrSelf(like);
  TypedAttr attr;
  if (auto type = dyn_cast<FloatType>(element))
    attr = FloatAttr::get(type, value);
  else
    attr = IntegerAttr::get(element, static_cast<int64_t>(value));
  if (auto vector = dyn_cast<VectorType>(like))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value integerLike(OpBuilder &b, Location loc, Type like, int64_t value) {
  TypedAttr attr = IntegerAttr::get(getElementTypeOrSelf(like), value);
  if (auto vector = dyn_cast<VectorType>(like))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value toCompute(OpBuilder &b, Location loc, Value stored, Type element) {
  if (element.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, stored, integerLike(b, loc, stored.getType(), 0));
  auto type = dyn_cast<FloatType>(element);
  if (!type || type.getWidth() >= 32)
    return stored;
  if (type.getWidth() <= 8)
    return decodeNarrowFloat(b, loc, stored, type);
  if (type.isBF16())
    return decodeBFloat16(b, loc, stored);
  return arith::ExtFOp::create(b, loc, withShapeOf(stored.getType(), b.getF32Type()), stored);
}

Value toStorage(OpBuilder &b, Location loc, Value computed, Type element) {
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, loc, withShapeOf(computed.getType(), b.getI8Type()), computed);
  auto type = dyn_cast<FloatType>(element);
  if (!type || type.getWidth() >= 32)
    return computed;
  if (type.getWidth() <= 8)
    return encodeNarrowFloat(b, loc, computed, type);
  if (type.isBF16())
    return encodeBFloat16(b, loc, computed);
  return arith::TruncFOp::create(b, loc, withShapeOf(computed.getType(), type), computed);
}

namespace {

/// f64 to f32 such that a second rounding, to 16 bits or less, gives what a single one would: what is not exact gets an
/// odd last bit.
Value roundToOdd(OpBuilder &b, Location loc, Value value) {
  Type f32 = withShapeOf(value.getType(), b.getF32Type()), i32 = withShapeOf(value.getType(), b.getI32Type());
  Value near = arith::TruncFOp::create(b, loc, f32, value);
  Value back = arith::ExtFOp::create(b, loc, value.getType(), near);
  Value nearSize = math::AbsFOp::create(b, loc, back), size = math::AbsFOp::create(b, loc, value);
  Value isExact = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, back, value);
  Value isLarger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, nearSize, size);
  Value bits = arith::BitcastOp::create(b, loc, i32, near), one = integerLike(b, loc, i32, 1);
  Value down = arith::SelectOp::create(b, loc, isLarger, arith::SubIOp::create(b, loc, bits, one), bits);
  Value odd = arith::OrIOp::create(b, loc, down, one);
  bits = arith::SelectOp::create(b, loc, isExact, bits, odd);
  return arith::BitcastOp::create(b, loc, f32, bits);
}

/// An f32 with the precision and the range of a narrower float type.
Value roundTo(OpBuilder &b, Location loc, Value value, FloatType to, bool saturate, nn::CastRounding rounding) {
  if (isa<Float8E8M0FNUType>(to)) {
    static constexpr ExponentRounding modes[] = {ExponentRounding::up, ExponentRounding::down, ExponentRounding::nearest};
    return roundToPowerOfTwo(b, loc, value, saturate, modes[static_cast<unsigned>(rounding)]);
  }
  if (saturate && to.getWidth() <= 8)
    value = clampToRange(b, loc, value, to);
  return toCompute(b, loc, toStorage(b, loc, value, to), to);
}

/// The low bits of an integer type narrower than the byte that holds it, extended to that byte.
Value wrapTo(OpBuilder &b, Location loc, Value value, Type to) {
  unsigned width = to.getIntOrFloatBitWidth();
  if (width >= 8 || to.isInteger(1))
    return value;
  if (to.isUnsignedInteger())
    return arith::AndIOp::create(b, loc, value, integerLike(b, loc, value.getType(), (1 << width) - 1));
  Value shift = integerLike(b, loc, value.getType(), 8 - width);
  return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, value, shift), shift);
}

/// Float to integer as C does on x86 for values in range; out of range gives the nearest end, NaN gives 0, so that no
/// input is undefined.
Value floatToInteger(OpBuilder &b, Location loc, Value value, Type to, Type resultType) {
  unsigned width = to.getIntOrFloatBitWidth();
  bool isUnsigned = to.isUnsignedInteger();
  // Narrow targets go through i32 and wrap, as numpy and ONNX Runtime do; only the wide ones need the ends.
  unsigned wide = width < 32 || (isUnsigned && width == 32) ? (width < 32 ? 32 : 64) : width;
  Type wideType = IntegerType::get(b.getContext(), wide);
  bool wideUnsigned = isUnsigned && width == 64;
  double low = wideUnsigned ? 0.0 : -std::ldexp(1.0, wide - 1), high = std::ldexp(1.0, wideUnsigned ? 64 : wide - 1);
  Value lowValue = constantLike(b, loc, value.getType(), low), highValue = constantLike(b, loc, value.getType(), high);
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
  Value tooHigh = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, value, highValue);
  Value tooLow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, value, lowValue);
  Value zero = constantLike(b, loc, value.getType(), 0.0);
  Value bad = arith::OrIOp::create(b, loc, isNan, arith::OrIOp::create(b, loc, tooHigh, tooLow));
  Value safe = arith::SelectOp::create(b, loc, bad, zero, value);
  Type wideShaped = withShapeOf(value.getType(), wideType);
  Value number = wideUnsigned ? arith::FPToUIOp::create(b, loc, wideShaped, safe).getResult()
                              : arith::FPToSIOp::create(b, loc, wideShaped, safe).getResult();
  APInt maximum = wideUnsigned ? APInt::getMaxValue(wide) : APInt::getSignedMaxValue(wide);
  APInt minimum = wideUnsigned ? APInt::getMinValue(wide) : APInt::getSignedMinValue(wide);
  number = arith::SelectOp::create(b, loc, tooHigh, integerLike(b, loc, wideShaped, maximum.getSExtValue()), number);
  number = arith::SelectOp::create(b, loc, tooLow, integerLike(b, loc, wideShaped, minimum.getSExtValue()), number);
  if (wide > width)
    number = arith::TruncIOp::create(b, loc, resultType, number);
  return number;
}

} // namespace

Value convertElement(OpBuilder &b, Location loc, Value value, Type from, Type to, bool saturate,
                     nn::CastRounding rounding) {
  Type computeFrom = getElementTypeOrSelf(value.getType()), computeTo = computeType(to);
  Type result = withShapeOf(value.getType(), computeTo);
  if (from == to)
    return value;
  if (to.isInteger(1)) {
    if (isa<FloatType>(from))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value, constantLike(b, loc, value.getType(), 0.0));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, integerLike(b, loc, value.getType(), 0));
  }
  unsigned widthFrom = computeFrom.getIntOrFloatBitWidth(), widthTo = computeTo.getIntOrFloatBitWidth();
  if (auto type = dyn_cast<FloatType>(to)) {
    if (!isa<FloatType>(from)) {
      value = isUnsignedElement(from) ? arith::UIToFPOp::create(b, loc, result, value).getResult()
                                      : arith::SIToFPOp::create(b, loc, result, value).getResult();
    } else if (widthFrom < widthTo) {
      value = arith::ExtFOp::create(b, loc, result, value);
    } else if (widthFrom > widthTo) {
      value = to == computeTo ? arith::TruncFOp::create(b, loc, result, value).getResult() : roundToOdd(b, loc, value);
    }
    // Held in f32 or not, a value cast to a narrow float has that float's precision from here on.
    return to == computeTo ? value : roundTo(b, loc, value, type, saturate, rounding);
  }
  if (isa<FloatType>(from))
    return wrapTo(b, loc, floatToInteger(b, loc, value, to, result), to);
  if (widthFrom < widthTo)
    return isUnsignedElement(from) ? arith::ExtUIOp::create(b, loc, result, value).getResult()
                                   : arith::ExtSIOp::create(b, loc, result, value).getResult();
  if (widthFrom > widthTo)
    value = arith::TruncIOp::create(b, loc, result, value);
  return wrapTo(b, loc, value, to);
}

Value reinterpretElement(OpBuilder &b, Location loc, Value value, Type from, Type to) {
  Value stored = toStorage(b, loc, value, from);
  Type storage = withShapeOf(stored.getType(), storageType(to));
  if (stored.getType() != storage)
    stored = arith::BitcastOp::create(b, loc, storage, stored);
  // A byte that holds fewer bits is extended as its type says.
  if (isa<IntegerType>(to))
    stored = wrapTo(b, loc, stored, to);
  else if (to.getIntOrFloatBitWidth() < 8)
    stored = arith::AndIOp::create(b, loc, stored,
                                   integerLike(b, loc, stored.getType(), (1 << to.getIntOrFloatBitWidth()) - 1));
  return toCompute(b, loc, stored, to);
}

Value roundToElement(OpBuilder &b, Location loc, Value computed, Type element) {
  if (isa<FloatType>(element) && element != computeType(element))
    return toCompute(b, loc, toStorage(b, loc, computed, element), element);
  return computed;
}

} // namespace nnc
