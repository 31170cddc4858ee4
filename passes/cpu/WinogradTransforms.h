//===- WinogradTransforms.h - minimal filtering in one dimension ---------------===//
//
// F(4,3) (Winograd 1980, Lavin and Gray 2015): 4 outputs of a filter with 3 taps from 6 inputs by 6 products. The
// polynomials of inputs and filter are multiplied by their values at 6 points and interpolated. Which points decides
// how much of the precision is lost: 0, 1, -1, 2, -2 and infinity, the usual ones, lose 5 times as much as 0, 3/4,
// -3/4, 3/2, -3/2 and infinity (measured on random data of 64 and 512 channels: 7e-6 and 2e-5 of the largest output
// against 2e-6 and 4e-6; summing directly 1e-6 and 2e-6). What the interpolation divides by, the products of the
// differences of the points, is part of the outputs' factors, so that those of the inputs and of the filter are few and
// exact in binary.
//
// F(2,3), with the points 0, 1, -1 and infinity, saves less, but its weights are 16/9 of the filter's and not
// 4 times as large, and images whose extent is no multiple of 4 fill its pieces better.
//
// F(2,5) has the six points of F(4,3) and loses as much: 2e-6 with 256 channels, 3e-6 with 512.
//
// With a stride of 2 the even inputs meet the outer taps alone, a filter of 2 taps and stride 1: F(2,2) at the
// points 0, 1 and infinity gives their part of 2 outputs. The odd inputs meet the middle tap, one each. Those are 5
// products where summing directly takes 6, of which two are by the same weight, and as precise. For 4 outputs F(4,2)
// takes the points 0, 3/4, -3/4, 3/2 and infinity: 9 products for 12, with less error than F(4,3). Filters of 2
// taps, as transposed convolutions have, take F(4,2) or F(2,2) alone.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_WINOGRADTRANSFORMS_H
#define NNC_PASSES_CPU_WINOGRADTRANSFORMS_H

#include "passes/cpu/Filtering.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc::winograd {

/// B^T d for the vectors of a piece.
llvm::SmallVector<mlir::Value> transformInput(KernelBuilder &k, Filtering f, mlir::ValueRange d);

/// A^T m for the products at its points.
llvm::SmallVector<mlir::Value> transformOutput(KernelBuilder &k, Filtering f, mlir::ValueRange m);

/// What the inputs of a short piece must be at its points so that the weights of whole ones give the right products,
/// and the outputs from those.
llvm::SmallVector<mlir::Value> transformShortInput(KernelBuilder &k, Filtering f, mlir::ValueRange d);
llvm::SmallVector<mlir::Value> transformShortOutput(KernelBuilder &k, Filtering f, mlir::ValueRange m);

/// G g, in double precision: the weights.
void transformFilter(Filtering f, llvm::ArrayRef<double> taps, double *weights);

/// G, for each tap its part of all the weights.
llvm::SmallVector<llvm::SmallVector<double>> weightsOfTaps(Filtering f);

/// G g for the vectors of taps, in single precision.
llvm::SmallVector<mlir::Value> transformFilter(KernelBuilder &k, Filtering f, mlir::ValueRange taps);

/// One dim of the result cut into pieces of up to `outputs` outputs. Those of a piece lie `dilation` apart, so that
/// they share inputs as neighbours do without dilation: all pieces of output 0 modulo the dilation, then of 1, and so
/// on.
struct Pieces {
  int64_t extent;
  Filtering filtering;
  int64_t dilation;
  int64_t count() const { return longer() * perLonger() + (remainders() - longer()) * perShorter(); }
  /// Whether the last of several pieces needs so few of its outputs that it may be short.
  bool endsShort() const {
    int64_t rest = extent % filtering.outputs;
    return dilation == 1 && extent > filtering.outputs && rest > 0 && rest <= filtering.shortOutputs();
  }
  /// The points at which all pieces have products, if the last one may be short.
  int64_t points() const {
    return count() * filtering.points() - (endsShort() ? int64_t(filtering.otherPoints().size()) : 0);
  }
  /// The first output of piece `t`.
  mlir::Value start(KernelBuilder &k, mlir::Value t) const;

private:
  int64_t remainders() const { return std::min(extent, dilation); }
  /// Remainders that have an output more than the others; pieces of the former and of the latter.
  int64_t longer() const { return extent % remainders(); }
  int64_t perLonger() const { return llvm::divideCeilSigned(extent / remainders() + 1, filtering.outputs); }
  int64_t perShorter() const { return llvm::divideCeilSigned(extent / remainders(), filtering.outputs); }
};

} // namespace nnc::winograd

#endif
