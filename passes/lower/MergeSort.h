//===- MergeSort.h - sorting inside a kernel ----------------------------------===//
#ifndef NNC_PASSES_LOWER_MERGESORT_H
#define NNC_PASSES_LOWER_MERGESORT_H

#include "passes/lower/Runs.h"

namespace nnc {

/// Sorts `count` i64 numbers at `numbers` stably, with room for as many at `scratch`. `less` compares two numbers,
/// given as indices, and returns an i1.
void mergeSort(KernelBuilder &k, Place numbers, Place scratch, mlir::Value count,
               llvm::function_ref<mlir::Value(mlir::Value a, mlir::Value b)> less);

} // namespace nnc

#endif
