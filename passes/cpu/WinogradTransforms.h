//===- WinogradTransforms.h - the matrices of F(4,3) --------------------------===//
//
// Minimal filtering in one dimension: 4 outputs of a filter with 3 taps from 6 inputs by 6 products. The points of
// interpolation are 0, 1, -1, 2, -2 and infinity; the matrices are those of Lavin and Gray (2015).
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_WINOGRADTRANSFORMS_H
#define NNC_PASSES_CPU_WINOGRADTRANSFORMS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc::winograd {

/// Inputs and outputs of a piece along one dim.
inline constexpr int64_t kIn = 6, kOut = 4;

/// B^T d for 6 vectors.
llvm::SmallVector<mlir::Value> transformInput(KernelBuilder &k, mlir::ValueRange d);

/// A^T m for 6 vectors: 4 of them.
llvm::SmallVector<mlir::Value> transformOutput(KernelBuilder &k, mlir::ValueRange m);

/// G g for 3 taps, in double precision.
void transformFilter(const double taps[3], double points[kIn]);

} // namespace nnc::winograd

#endif
