//===- Indices.h - indices that come from data --------------------------------===//
#ifndef NNC_PASSES_LOWER_INDICES_H
#define NNC_PASSES_LOWER_INDICES_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// The element of a tensor of numbers as an index; floats are truncated, those beyond i64 clamped.
mlir::Value loadIndexOf(KernelBuilder &k, mlir::Value tensor, mlir::Value flat, mlir::Value offset);

/// An index that may count from the end, made to count from the start; what is out of range stays so.
mlir::Value wrapIndex(KernelBuilder &k, mlir::Value index, mlir::Value extent);

/// Writes `body` for the case that the wrapped index is in range; else the run fails with `op`'s name.
void withIndex(KernelBuilder &k, llvm::StringRef op, mlir::Value index, mlir::Value extent,
               KernelBuilder::Body body);

/// Calls `pick` with i and the wrapped index `indices[at + i]` for all i of [begin, end) with an index in range; the run
/// fails for the others. All are looked at first, by vectors, so that the loop of a row without errors has no branch.
void forEachIndex(KernelBuilder &k, llvm::StringRef op, mlir::Value tensor, mlir::Value indices, mlir::Value at,
                  mlir::Value begin, mlir::Value end, mlir::Value extent,
                  llvm::function_ref<void(mlir::Value i, mlir::Value index)> pick);

} // namespace nnc

#endif
