//===- Reals.h - arithmetic on float values in infix --------------------------===//
//
// Formulas read like formulas: `r * r + c(0.5)` builds the ops. Values are scalars or vectors of f32 or f64; bit
// patterns are integers of the same width and shape.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_REALS_H
#define NNC_PASSES_CPU_REALS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/lower/ElementTypes.h"

namespace nnc {

/// A value with operators. All operands of an operator have one type.
struct Real {
  mlir::OpBuilder *b;
  mlir::Location loc;
  mlir::Value v;

  Real with(mlir::Value value) const { return {b, loc, value}; }
  Real operator+(Real y) const { return with(mlir::arith::AddFOp::create(*b, loc, v, y.v)); }
  Real operator-(Real y) const { return with(mlir::arith::SubFOp::create(*b, loc, v, y.v)); }
  Real operator*(Real y) const { return with(mlir::arith::MulFOp::create(*b, loc, v, y.v)); }
  Real operator/(Real y) const { return with(mlir::arith::DivFOp::create(*b, loc, v, y.v)); }
  Real operator-() const { return with(mlir::arith::NegFOp::create(*b, loc, v)); }
  using P = mlir::arith::CmpFPredicate;
  mlir::Value compare(P predicate, Real y) const { return mlir::arith::CmpFOp::create(*b, loc, predicate, v, y.v); }
  mlir::Value operator<(Real y) const { return compare(P::OLT, y); }
  mlir::Value operator>(Real y) const { return compare(P::OGT, y); }
  mlir::Value operator==(Real y) const { return compare(P::OEQ, y); }
};

/// Constants, functions and bit patterns for one type.
class Reals {
public:
  Reals(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type)
      : b(b), loc(loc), type(type), isDouble(mlir::getElementTypeOrSelf(type).isF64()) {}

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
  bool isDouble;

  // What f32 and f64 differ in.
  int mantissaBits() const { return isDouble ? 52 : 23; }
  int64_t exponentBias() const { return isDouble ? 1023 : 127; }
  double pick(double narrow, double wide) const { return isDouble ? wide : narrow; }
  /// Adding it rounds to an integer, whose low bits are then the low bits of the sum.
  double magic() const { return std::ldexp(1.5, mantissaBits()); }

  Real of(mlir::Value v) const { return {&b, loc, v}; }
  Real c(double value) const { return of(constantLike(b, loc, type, value)); }
  Real fma(Real x, Real y, Real z) const { return of(mlir::math::FmaOp::create(b, loc, x.v, y.v, z.v)); }
  Real abs(Real x) const { return of(mlir::math::AbsFOp::create(b, loc, x.v)); }
  Real sqrt(Real x) const { return of(mlir::math::SqrtOp::create(b, loc, x.v)); }
  Real copySign(Real magnitude, Real sign) const {
    return of(mlir::math::CopySignOp::create(b, loc, magnitude.v, sign.v));
  }
  Real roundEven(Real x) const { return of(mlir::math::RoundEvenOp::create(b, loc, x.v)); }
  Real select(mlir::Value condition, Real x, Real y) const {
    return of(mlir::arith::SelectOp::create(b, loc, condition, x.v, y.v));
  }
  /// The bounds applied; NaN stays.
  Real atMost(Real x, double bound) const { return select(x > c(bound), c(bound), x); }
  Real atLeast(Real x, double bound) const { return select(x < c(bound), c(bound), x); }
  /// c0 + c1 x + c2 x^2 + ..., of the coefficients for this type. Functions wait for chains of dependent
  /// instructions: long ones go by Estrin's scheme, neighbours first, which is a logarithm as deep as Horner's.
  /// (Measured with AVX2: erf takes .91 of the time. Short ones gain nothing, since what lives meanwhile takes more
  /// registers.)
  Real polynomial(Real x, llvm::ArrayRef<double> narrow, llvm::ArrayRef<double> wide) const {
    constexpr size_t isLong = 7;
    llvm::ArrayRef<double> coefficients = isDouble ? wide : narrow;
    if (coefficients.size() < isLong) {
      Real sum = c(coefficients.back());
      for (double coefficient : llvm::reverse(coefficients.drop_back()))
        sum = fma(sum, x, c(coefficient));
      return sum;
    }
    llvm::SmallVector<Real> terms;
    for (double coefficient : coefficients)
      terms.push_back(c(coefficient));
    for (Real power = x; terms.size() > 1; power = power * power) {
      for (size_t i = 0; i < terms.size() / 2; ++i)
        terms[i] = fma(terms[2 * i + 1], power, terms[2 * i]);
      if (terms.size() % 2 != 0)
        terms[terms.size() / 2] = terms.back();
      terms.truncate((terms.size() + 1) / 2);
    }
    return terms[0];
  }

  /// The rounded sum and what rounding took from it.
  std::pair<Real, Real> addExactly(Real x, Real y) const {
    Real sum = x + y, part = sum - x;
    return {sum, (x - (sum - part)) + (y - part)};
  }

  // Conditions.
  mlir::Value both(mlir::Value x, mlir::Value y) const { return mlir::arith::AndIOp::create(b, loc, x, y); }
  mlir::Value either(mlir::Value x, mlir::Value y) const { return mlir::arith::OrIOp::create(b, loc, x, y); }
  mlir::Value differs(mlir::Value x, mlir::Value y) const { return mlir::arith::XOrIOp::create(b, loc, x, y); }

  // Bits.
  mlir::Type integerType() const { return withShapeOf(type, b.getIntegerType(isDouble ? 64 : 32)); }
  mlir::Value bits(Real x) const { return mlir::arith::BitcastOp::create(b, loc, integerType(), x.v); }
  Real fromBits(mlir::Value bits) const { return of(mlir::arith::BitcastOp::create(b, loc, type, bits)); }
  mlir::Value i(int64_t value) const { return integerLike(b, loc, integerType(), value); }
  mlir::Value addBits(mlir::Value x, mlir::Value y) const { return mlir::arith::AddIOp::create(b, loc, x, y); }
  mlir::Value subBits(mlir::Value x, mlir::Value y) const { return mlir::arith::SubIOp::create(b, loc, x, y); }
  mlir::Value shiftLeft(mlir::Value x, int64_t n) const { return mlir::arith::ShLIOp::create(b, loc, x, i(n)); }
  mlir::Value shiftRight(mlir::Value x, int64_t n) const { return mlir::arith::ShRUIOp::create(b, loc, x, i(n)); }
  /// The bit pattern of a constant.
  mlir::Value bitsOf(double value) const {
    if (isDouble)
      return i(llvm::bit_cast<int64_t>(value));
    return i(llvm::bit_cast<int32_t>(static_cast<float>(value)));
  }
};

} // namespace nnc

#endif
