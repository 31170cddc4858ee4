//===- NarrowFloats.h - bfloat16 and the floats of 4 to 8 bits as integers ----===//
//
// No CPU that nnc compiles for converts these types, so their conversions are integer arithmetic, on scalars and
// vectors alike.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_NARROWFLOATS_H
#define NNC_PASSES_LOWER_NARROWFLOATS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace nnc {

/// The f32 that the bits of a bfloat16 stand for, and the bfloat16 nearest to an f32 (ties to even).
mlir::Value decodeBFloat16(mlir::OpBuilder &b, mlir::Location loc, mlir::Value stored);
mlir::Value encodeBFloat16(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value);

/// The f32 that the bits (i8) of a float of 8 bits or less stand for.
mlir::Value decodeNarrowFloat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value stored, mlir::FloatType type);

/// The bits (i8) of the number nearest to an f32, ties to even. What is out of range becomes infinity, NaN where the
/// type has none, and the largest number where it has neither.
mlir::Value encodeNarrowFloat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::FloatType type);

/// An f32 cut to the finite range of the type; NaN stays.
mlir::Value clampToRange(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::FloatType type);

/// Conversions to float8e8m0 choose how to round.
enum class ExponentRounding { up, down, nearest };
/// An f32 as the power of two that it is rounded to. Saturating, what is too small becomes the smallest and what is
/// too large the largest power; else both become NaN.
mlir::Value roundToPowerOfTwo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, bool saturate,
                              ExponentRounding rounding);

} // namespace nnc

#endif
