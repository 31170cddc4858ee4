#include "passes/lower/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

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
  if (auto type = dyn_cast<FloatType>(element); type && type.getWidth() < 32) {
    if (type.getWidth() <= 8) {
      Type narrow = IntegerType::get(b.getContext(), type.getWidth());
      if (type.getWidth() < 8)
        stored = arith::TruncIOp::create(b, loc, withShapeOf(stored.getType(), narrow), stored);
      stored = arith::BitcastOp::create(b, loc, withShapeOf(stored.getType(), type), stored);
    }
    return arith::ExtFOp::create(b, loc, withShapeOf(stored.getType(), b.getF32Type()), stored);
  }
  return stored;
}

Value toStorage(OpBuilder &b, Location loc, Value computed, Type element) {
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, loc, withShapeOf(computed.getType(), b.getI8Type()), computed);
  if (auto type = dyn_cast<FloatType>(element); type && type.getWidth() < 32) {
    Value narrow = arith::TruncFOp::create(b, loc, withShapeOf(computed.getType(), type), computed);
    if (type.getWidth() > 8)
      return narrow;
    Type bits = IntegerType::get(b.getContext(), type.getWidth());
    narrow = arith::BitcastOp::create(b, loc, withShapeOf(computed.getType(), bits), narrow);
    if (type.getWidth() < 8)
      narrow = arith::ExtUIOp::create(b, loc, withShapeOf(computed.getType(), b.getI8Type()), narrow);
    return narrow;
  }
  return computed;
}

namespace {

/// Float to integer as C does on x86 for values in range; out of range gives the nearest end, NaN gives 0, so that no
/// input is undefined.
Value floatToInteger(OpBuilder &b, Location loc, Value value, Type to, Type resultType) {
  auto type = cast<FloatType>(getElementTypeOrSelf(value.getType()));
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
  (void)type;
  if (wide > width)
    number = arith::TruncIOp::create(b, loc, resultType, number);
  return number;
}

} // namespace

Value convertElement(OpBuilder &b, Location loc, Value value, Type from, Type to, bool saturate) {
  Type computeFrom = getElementTypeOrSelf(value.getType()), computeTo = computeType(to);
  Type result = withShapeOf(value.getType(), computeTo);
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (computeFrom.getIntOrFloatBitWidth() < computeTo.getIntOrFloatBitWidth())
      value = arith::ExtFOp::create(b, loc, result, value);
    else if (computeFrom.getIntOrFloatBitWidth() > computeTo.getIntOrFloatBitWidth())
      value = arith::TruncFOp::create(b, loc, result, value);
    // Held in f32 or not, a value cast to a narrow float has that float's precision from here on.
    if (to != computeTo && from != to) {
      if (to.getIntOrFloatBitWidth() >= 16)
        value = toCompute(b, loc, toStorage(b, loc, value, to), to);
    }
    return value;
  }
  if (to.isInteger(1)) {
    if (isa<FloatType>(from))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value, constantLike(b, loc, value.getType(), 0.0));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, integerLike(b, loc, value.getType(), 0));
  }
  if (isa<FloatType>(from))
    return floatToInteger(b, loc, value, to, result);
  if (isa<FloatType>(to)) {
    if (isUnsignedElement(from))
      return arith::UIToFPOp::create(b, loc, result, value);
    return arith::SIToFPOp::create(b, loc, result, value);
  }
  unsigned widthFrom = computeFrom.getIntOrFloatBitWidth(), widthTo = computeTo.getIntOrFloatBitWidth();
  if (widthFrom < widthTo)
    return isUnsignedElement(from) ? arith::ExtUIOp::create(b, loc, result, value).getResult()
                                   : arith::ExtSIOp::create(b, loc, result, value).getResult();
  if (widthFrom > widthTo)
    return arith::TruncIOp::create(b, loc, result, value);
  return value;
}

} // namespace nnc
