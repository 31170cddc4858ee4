//===- MathExpansions.h - functions of floats from additions and products -----===//
//
// The transcendental functions on scalars and vectors of f32 and f64, without calls: reduction of the argument to a
// small interval, a polynomial there, and the way back. No branches but one, for the trigonometric functions of huge
// arguments. Zeros keep their signs, infinities and NaN give what C's library gives, denormals are not flushed.
//
// The polynomials are minimax fits of this project, one set per type; docs/numerics.md has the error bounds.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_MATHEXPANSIONS_H
#define NNC_PASSES_CPU_MATHEXPANSIONS_H

#include "mlir/IR/Builders.h"

namespace nnc {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Value;

/// `scales`: the machine has an instruction that multiplies by a power of two of any exponent, as AVX-512 does.
/// `flushes`: the result may be 0 where it would be a denormal.
Value expandExp(OpBuilder &b, Location loc, Value x, bool scales, bool flushes);
/// The same of f32 that is not above 0, or NaN, where what would be a denormal may be 0: half of the work. The relative
/// error is below 2.5e-7, and up to 4e-7 where x is -87. Without such an instruction results are denormals where x is
/// between -87.7 and -87.3, so rarely that asking for it costs more.
Value expandExpOfNegative(OpBuilder &b, Location loc, Value x, bool scales);
/// exp(x) of f32 or NaN to which 1 is added: below -87.3 it may be anything that does not count then, and above 87.3 it is
/// infinite, so that the quotient 1 / (1 + exp(x)) is no denormal. Half the work of exp; the relative error is that of
/// expandExpOfNegative.
Value expandExpPlusOne(OpBuilder &b, Location loc, Value x, bool scales);
/// x y + z on a machine without an instruction for it: f32 by f64, rounded once but where the sum in f64 is a tie of f32;
/// f64 with the product's rounding error added at the end.
Value expandFma(OpBuilder &b, Location loc, Value x, Value y, Value z);
Value expandExpM1(OpBuilder &b, Location loc, Value x);
Value expandLog(OpBuilder &b, Location loc, Value x);
Value expandLog1p(OpBuilder &b, Location loc, Value x);
Value expandTanh(OpBuilder &b, Location loc, Value x);
Value expandErf(OpBuilder &b, Location loc, Value x);
/// x to the power y, with the special cases of C's pow.
Value expandPow(OpBuilder &b, Location loc, Value x, Value y);

Value expandSin(OpBuilder &b, Location loc, Value x);
Value expandCos(OpBuilder &b, Location loc, Value x);
Value expandTan(OpBuilder &b, Location loc, Value x);
Value expandAsin(OpBuilder &b, Location loc, Value x);
Value expandAcos(OpBuilder &b, Location loc, Value x);
Value expandAtan(OpBuilder &b, Location loc, Value x);

} // namespace nnc

#endif
