//===- WinogradTransforms.h - the matrices of F(4,3), F(2,3) and F(2,5) -------===//
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
// F(2,5) has the six points of F(4,3) and loses as much: 2e-6 with 256 channels, 3e-6 with 512.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_WINOGRADTRANSFORMS_H
#define NNC_PASSES_CPU_WINOGRADTRANSFORMS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc::winograd {

/// B^T d for 6 or 4 vectors.
llvm::SmallVector<mlir::Value> transformInput(KernelBuilder &k, mlir::ValueRange d);

/// A^T m for 6 or 4 vectors: 4 or 2 of them.
llvm::SmallVector<mlir::Value> transformOutput(KernelBuilder &k, mlir::ValueRange m, int64_t outputs);

/// The points of F(4,3) that F(2,3) does with: 0, 3/4, -3/4 and infinity.
inline constexpr int64_t shortPoints[] = {0, 1, 2, 5};
/// What 4 inputs must be at these points so that the weights of F(4,3) give the right products, and 2 outputs from
/// those.
llvm::SmallVector<mlir::Value> transformShortInput(KernelBuilder &k, mlir::ValueRange d);
llvm::SmallVector<mlir::Value> transformShortOutput(KernelBuilder &k, mlir::ValueRange m);

/// G g for 3 or 5 taps, in double precision, at `outputs` + taps - 1 points.
void transformFilter(int64_t outputs, llvm::ArrayRef<double> taps, double *points);

/// What the largest error of an output is expected to be, relative to the largest output, in single
/// precision, with so many points along one dim.
double estimatedError(int64_t points, int64_t channels);

/// One dim of the result cut into pieces of up to `outputs` outputs. Those of a piece lie `dilation` apart, so that
/// they share inputs as neighbours do without dilation: all pieces of output 0 modulo the dilation, then of 1, and so on.
struct Pieces {
  int64_t extent, outputs, dilation;
  int64_t count() const { return longer() * perLonger() + (remainders() - longer()) * perShorter(); }
  /// Whether the last of several pieces of F(4,3) needs no more than two of its outputs: it may be of F(2,3).
  bool endsShort() const {
    return outputs == 4 && dilation == 1 && extent > outputs && (extent % outputs == 1 || extent % outputs == 2);
  }
  /// The first output of piece `t`.
  mlir::Value start(KernelBuilder &k, mlir::Value t) const;

private:
  int64_t remainders() const { return std::min(extent, dilation); }
  /// Remainders that have an output more than the others; pieces of the former and of the latter.
  int64_t longer() const { return extent % remainders(); }
  int64_t perLonger() const { return llvm::divideCeilSigned(extent / remainders() + 1, outputs); }
  int64_t perShorter() const { return llvm::divideCeilSigned(extent / remainders(), outputs); }
};

} // namespace nnc::winograd

#endif
