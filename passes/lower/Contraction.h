//===- Contraction.h - what sums of products share ----------------------------===//
#ifndef NNC_PASSES_LOWER_CONTRACTION_H
#define NNC_PASSES_LOWER_CONTRACTION_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A loaded element (or vector) of type `element`, converted to the compute type of `outElement`.
mlir::Value widen(KernelBuilder &k, mlir::Value stored, mlir::Type element, mlir::Type outElement);

/// x * y + acc, for scalars and vectors of floats or integers.
mlir::Value multiplyAdd(KernelBuilder &k, mlir::Value x, mlir::Value y, mlir::Value acc);

/// Zero of a scalar or vector type.
mlir::Value zeroOf(KernelBuilder &k, mlir::Type type);

/// `value`, or as many copies of it as `like` has lanes.
mlir::Value broadcastTo(KernelBuilder &k, mlir::Type like, mlir::Value value);

/// Loads the `shape`-like element or vector of the compute type of `outElement` at `indices` of a memref that holds
/// elements of type `element`; the lanes of a vector are `stride` (1 or 2) elements apart.
mlir::Value loadWidened(KernelBuilder &k, mlir::Value memref, mlir::ValueRange indices, mlir::Type shape,
                        mlir::Type element, mlir::Type outElement, int64_t stride = 1);

} // namespace nnc

#endif
