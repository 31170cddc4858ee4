//===- ElementTypes.h - how elements lie in memory and in registers -----------===//
//
// A tensor's element type has a storage type, as it lies in memory (bool and everything narrower than a byte take a
// byte, unsigned integers are signless), and a compute type, as kernels hold it (i1 for bool; f32 for f16, bf16 and
// float8, which are widened when loaded and narrowed when stored).
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_ELEMENTTYPES_H
#define NNC_PASSES_LOWER_ELEMENTTYPES_H

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace nnc {

/// The type of an element in memory.
mlir::Type storageType(mlir::Type element);

/// The type of an element in a kernel's registers.
mlir::Type computeType(mlir::Type element);

/// Bytes that an element takes in memory.
int64_t elementBytes(mlir::Type element);

/// The memref of a tensor: its shape, row-major, with the storage type.
mlir::MemRefType memRefOf(mlir::RankedTensorType tensor);

inline bool isUnsignedElement(mlir::Type element) { return element.isUnsignedInteger() || element.isInteger(1); }

/// Converts a loaded scalar or vector of the storage type to the compute type, and back for storing.
mlir::Value toCompute(mlir::OpBuilder &b, mlir::Location loc, mlir::Value stored, mlir::Type element);
mlir::Value toStorage(mlir::OpBuilder &b, mlir::Location loc, mlir::Value computed, mlir::Type element);

/// Converts a value held in the compute type of `from` to that of `to`, as ONNX Cast does.
mlir::Value convertElement(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::Type from, mlir::Type to,
                           bool saturate = true, nn::CastRounding rounding = nn::CastRounding::up);

/// The value in the compute type of `to` whose stored bits are those of a value of `from`.
mlir::Value reinterpretElement(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::Type from,
                               mlir::Type to);

/// The value as a tensor of that element type would hold it: what is computed in f32 for a narrower float is rounded to
/// that float, so that results do not depend on what was fused with what.
mlir::Value roundToElement(mlir::OpBuilder &b, mlir::Location loc, mlir::Value computed, mlir::Type element);

/// `scalar`, or the vector of `like`'s shape with that element type if `like` is a vector type.
mlir::Type withShapeOf(mlir::Type like, mlir::Type scalar);

/// A constant of a compute type, splat over `like`'s shape.
mlir::Value constantLike(mlir::OpBuilder &b, mlir::Location loc, mlir::Type like, double value);
mlir::Value integerLike(mlir::OpBuilder &b, mlir::Location loc, mlir::Type like, int64_t value);

} // namespace nnc

#endif
