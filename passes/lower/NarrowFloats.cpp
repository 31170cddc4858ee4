#include "passes/lower/NarrowFloats.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t infinityBits = 0x7f800000, magnitudeMask = 0x7fffffff;

/// i32 arithmetic on the bits of f32, of one shape.
struct Bits {
  OpBuilder &b;
  Location loc;
  Type shape; // any type of the shape

  Type i32() { return withShapeOf(shape, b.getI32Type()); }
  Type f32() { return withShapeOf(shape, b.getF32Type()); }
  Value c(int64_t value) { return integerLike(b, loc, i32(), value); }
  Value real(double value) { return constantLike(b, loc, f32(), value); }
  Value bits(Value f) { return arith::BitcastOp::create(b, loc, i32(), f); }
  Value number(Value bits) { return arith::BitcastOp::create(b, loc, f32(), bits); }
  Value widen(Value narrow) { return arith::ExtUIOp::create(b, loc, i32(), narrow); }
  Value narrow(Value wide, Type to) { return arith::TruncIOp::create(b, loc, withShapeOf(shape, to), wide); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, loc, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, loc, x, y); }
  Value left(Value x, int64_t by) { return arith::ShLIOp::create(b, loc, x, c(by)); }
  Value right(Value x, int64_t by) { return arith::ShRUIOp::create(b, loc, x, c(by)); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value is(arith::CmpIPredicate p, Value x, int64_t y) { return arith::CmpIOp::create(b, loc, p, x, c(y)); }
  Value above(Value x, int64_t y) { return is(arith::CmpIPredicate::ugt, x, y); }
  Value below(Value x, int64_t y) { return is(arith::CmpIPredicate::ult, x, y); }
  Value equals(Value x, int64_t y) { return is(arith::CmpIPredicate::eq, x, y); }

  /// The bits rounded to a multiple of 2^shift, ties to even, and shifted down.
  Value roundedRight(Value x, int64_t shift) {
    Value half = add(c((int64_t(1) << (shift - 1)) - 1), both(right(x, shift), c(1)));
    return right(add(x, half), shift);
  }
};

/// A format with a sign, `mantissa` explicit bits and exponents of this bias.
struct Format {
  explicit Format(FloatType type) {
    const llvm::fltSemantics &semantics = type.getFloatSemantics();
    mantissa = APFloat::semanticsPrecision(semantics) - 1;
    bias = 1 - APFloat::semanticsMinExponent(semantics);
    signBit = type.getWidth() - 1;
    APFloat largestValue = APFloat::getLargest(semantics);
    largest = largestValue.bitcastToAPInt().getZExtValue();
    maximum = largestValue.convertToDouble();
    hasInfinity = APFloat::semanticsHasInf(semantics);
    hasNan = APFloat::semanticsHasNaN(semantics);
    // In the FNUZ formats the bits of -0 are the one NaN.
    isFnuz = isa<Float8E4M3FNUZType, Float8E5M2FNUZType>(type);
  }

  int64_t mantissa, bias, signBit, largest;
  double maximum;
  bool hasInfinity, hasNan, isFnuz;
};

} // namespace

Value decodeBFloat16(OpBuilder &b, Location loc, Value stored) {
  Bits f{b, loc, stored.getType()};
  Value bits = arith::BitcastOp::create(b, loc, withShapeOf(stored.getType(), b.getI16Type()), stored);
  return f.number(f.left(f.widen(bits), 16));
}

Value encodeBFloat16(OpBuilder &b, Location loc, Value value) {
  Bits f{b, loc, value.getType()};
  Value bits = f.bits(value), rounded = f.roundedRight(bits, 16);
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
  rounded = f.select(isNan, f.either(f.right(bits, 16), f.c(0x40)), rounded);
  return arith::BitcastOp::create(b, loc, withShapeOf(value.getType(), b.getBF16Type()),
                                  f.narrow(rounded, b.getI16Type()));
}

Value decodeNarrowFloat(OpBuilder &b, Location loc, Value stored, FloatType type) {
  Bits f{b, loc, stored.getType()};
  Value byte = f.widen(stored);
  if (isa<Float8E8M0FNUType>(type)) {
    // Exponents alone: 0 is the subnormal 2^-127, 255 is NaN.
    Value normal = f.select(f.equals(byte, 0), f.c(0x400000), f.left(byte, 23));
    return f.number(f.select(f.equals(byte, 255), f.c(0x7fc00000), normal));
  }
  Format format(type);
  Value magnitude = f.both(byte, f.c((int64_t(1) << format.signBit) - 1));
  Value normal = f.add(f.left(magnitude, 23 - format.mantissa), f.c((127 - format.bias) << 23));
  Value subnormal = arith::MulFOp::create(b, loc, arith::UIToFPOp::create(b, loc, f.f32(), magnitude),
                                          f.real(std::ldexp(1.0, 1 - format.bias - format.mantissa)));
  Value bits = f.select(f.below(magnitude, int64_t(1) << format.mantissa), f.bits(subnormal), normal);
  Value sign = f.left(f.right(byte, format.signBit), 31);
  if (format.isFnuz)
    return f.number(f.select(f.equals(byte, 0x80), f.c(0x7fc00000), f.either(bits, sign)));
  if (format.hasInfinity)
    bits = f.select(f.equals(magnitude, format.largest + 1), f.c(infinityBits), bits);
  if (format.hasNan)
    bits = f.select(f.above(magnitude, format.largest + (format.hasInfinity ? 1 : 0)), f.c(0x7fc00000), bits);
  return f.number(f.either(bits, sign));
}

Value encodeNarrowFloat(OpBuilder &b, Location loc, Value value, FloatType type) {
  Bits f{b, loc, value.getType()};
  Value bits = f.bits(value), absolute = f.both(bits, f.c(magnitudeMask));
  Value isNan = f.above(absolute, infinityBits);
  if (isa<Float8E8M0FNUType>(type)) {
    Value rounded = f.bits(roundToPowerOfTwo(b, loc, value, /*saturate=*/false, ExponentRounding::up));
    return f.narrow(f.right(f.both(rounded, f.c(magnitudeMask)), 23), b.getI8Type());
  }
  Format format(type);
  int64_t dropped = 23 - format.mantissa;
  Value normal = f.sub(f.roundedRight(absolute, dropped), f.c((127 - format.bias) << format.mantissa));
  // Adding a number whose last place is the smallest subnormal rounds to subnormals.
  double step = std::ldexp(1.0, 23 + 1 - format.bias - format.mantissa);
  Value shifted = arith::AddFOp::create(b, loc, f.number(absolute), f.real(step));
  Value subnormal = f.sub(f.bits(shifted), f.bits(f.real(step)));
  Value magnitude = f.select(f.below(absolute, (127 - format.bias + 1) << 23), subnormal, normal);
  Value tooLarge = f.above(magnitude, format.largest);
  Value sign = f.left(f.right(bits, 31), format.signBit);
  if (format.isFnuz) {
    Value isSigned = f.select(f.equals(magnitude, 0), magnitude, f.either(magnitude, sign));
    return f.narrow(f.select(f.either(isNan, tooLarge), f.c(0x80), isSigned), b.getI8Type());
  }
  // Behind the largest number come infinity, where there is one, and NaN.
  magnitude = f.select(tooLarge, f.c(format.hasInfinity || format.hasNan ? format.largest + 1 : format.largest), magnitude);
  int64_t nan = format.hasInfinity ? format.largest + 3 : format.hasNan ? format.largest + 1 : 0;
  magnitude = f.select(isNan, f.c(nan), magnitude);
  return f.narrow(f.either(magnitude, sign), b.getI8Type());
}

Value clampToRange(OpBuilder &b, Location loc, Value value, FloatType type) {
  Bits f{b, loc, value.getType()};
  double maximum = Format(type).maximum;
  auto clamp = [&](arith::CmpFPredicate predicate, Value v, Value bound) {
    return f.select(arith::CmpFOp::create(b, loc, predicate, v, bound), bound, v);
  };
  return clamp(arith::CmpFPredicate::OLT, clamp(arith::CmpFPredicate::OGT, value, f.real(maximum)), f.real(-maximum));
}

Value roundToPowerOfTwo(OpBuilder &b, Location loc, Value value, bool saturate, ExponentRounding rounding) {
  Bits f{b, loc, value.getType()};
  // Negative numbers have no meaning in the type; their magnitude is what counts.
  constexpr int64_t smallest = 0x400000, largest = int64_t(254) << 23; // 2^-127 is subnormal as an f32
  Value absolute = f.both(f.bits(value), f.c(magnitudeMask));
  Value up = f.both(f.add(absolute, f.c(0x7fffff)), f.c(infinityBits));
  Value down = f.both(absolute, f.c(infinityBits));
  Value nearest = f.both(f.add(absolute, f.c(0x400000)), f.c(infinityBits));
  Value isTiny = f.below(absolute, 0x800000), rounded, tiny;
  auto smallestUnless = [&](Value isNext) { return f.select(isNext, f.c(0x800000), f.c(smallest)); };
  switch (rounding) {
  case ExponentRounding::up:
    rounded = up;
    tiny = smallestUnless(f.above(absolute, smallest));
    break;
  case ExponentRounding::down:
    rounded = down;
    tiny = f.c(smallest);
    break;
  case ExponentRounding::nearest:
    rounded = nearest;
    tiny = smallestUnless(f.above(absolute, 0x5fffff)); // halfway to 2^-126 and beyond
    break;
  }
  rounded = f.select(isTiny, tiny, rounded);
  Value isNan = f.above(absolute, infinityBits), nan = f.c(0x7fc00000);
  if (saturate) {
    rounded = f.select(f.above(rounded, largest), f.c(largest), rounded);
  } else {
    Value tooLarge = f.above(rounded, largest), tooSmall = f.below(absolute, smallest);
    rounded = f.select(f.either(tooLarge, tooSmall), nan, rounded);
  }
  return f.number(f.select(isNan, nan, rounded));
}

} // namespace nnc
