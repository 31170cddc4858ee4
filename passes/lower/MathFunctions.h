//===- MathFunctions.h - functions of floats as arithmetic --------------------===//
//
// The functions that neither arith nor math's polynomial approximations have, composed on scalars and vectors of f32
// or f64. Never a libm call per element.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_MATHFUNCTIONS_H
#define NNC_PASSES_LOWER_MATHFUNCTIONS_H

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// f(x) for a kind that takes and gives a float; alpha and beta are the activation's parameters (0 where it has none).
mlir::Value floatFunction(mlir::OpBuilder &b, mlir::Location loc, nn::UnaryKind kind, mlir::Value x, double alpha,
                          double beta);

/// x to the power y.
mlir::Value power(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);

} // namespace nnc

#endif
