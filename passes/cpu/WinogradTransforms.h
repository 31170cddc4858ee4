//===- WinogradTransforms.h - the matrices of F(4,3) and F(2,3) ---------------===//
//
// Minimal filtering in one dimension (Winograd 1980, Lavin and Gray 2015): 4 outputs of a filter with 3 taps
// from 6 inputs by 6 products. The polynomials of inputs and filter are multiplied by their values at 6
// points and interpolated. Which points decides how much of the precision is lost: 0, 1, -1, 2, -2 and
// infinity, the usual ones, lose 5 times as much as 0, 3/4, -3/4, 3/2, -3/2 and infinity (measured on random
// data of 64 and 512 channels: 7e-6 and 2e-5 of the largest output against 2e-6 and 4e-6; summing directly
// 1e-6 and 2e-6). All factors but those of the filter are exact in binary.
//
// F(2,3), with the points 0, 1, -1 and infinity, saves less, but its weights are 16/9 of the filter's and not
// 4 times as large, and images whose extent is no multiple of 4 fill its pieces better.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_WINOGRADTRANSFORMS_H
#define NNC_PASSES_CPU_WINOGRADTRANSFORMS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc::winograd {

/// B^T d for 6 or 4 vectors.
llvm::SmallVector<mlir::Value> transformInput(KernelBuilder &k, mlir::ValueRange d);

/// A^T m for 6 or 4 vectors: 4 or 2 of them.
llvm::SmallVector<mlir::Value> transformOutput(KernelBuilder &k, mlir::ValueRange m);

/// G g for 3 taps, in double precision, at `outputs` + 2 points.
void transformFilter(int64_t outputs, const double taps[3], double *points);

/// What the largest error of an output is expected to be, relative to the largest output, in single
/// precision.
double estimatedError(int64_t outputs, int64_t channels);

} // namespace nnc::winograd

#endif
