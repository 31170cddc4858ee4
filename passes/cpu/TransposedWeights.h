//===- TransposedWeights.h - filters of a transposed convolution, picked by tap -//
//
// The weight of nn.conv_transpose is [groups * channels, filters, taps]. The ordinary convolutions that give the same
// have filters [groups * filters, channels, taps] with some of these taps, backwards. Where the weight is constant so
// are theirs; else ops that move elements form them in each run.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_TRANSPOSEDWEIGHTS_H
#define NNC_PASSES_CPU_TRANSPOSEDWEIGHTS_H

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// In one dim, the taps of every filter for the outputs of a remainder: tap j of `count` is tap
/// first + (count - 1 - j) * stride of the transposed convolution, and zero where that is beyond its kernel.
struct TapRange {
  int64_t first, count, stride;
};

class TransposedWeights {
public:
  /// False where extents of the weight are unknown or 0, or elements have no place of their own in memory.
  static bool arePickable(nn::ConvTransposeOp op);

  /// Of an op whose weights are pickable; new ops come where `b` is.
  TransposedWeights(mlir::OpBuilder &b, nn::ConvTransposeOp op);

  /// One remainder's filters, [groups * filters, channels, taps], whose taps are all in the kernel.
  mlir::Value ofRemainder(llvm::ArrayRef<TapRange> taps);

  /// All remainders' filters, [groups, remainders, filters] x [channels, taps]. `taps` are those of the first one, as
  /// many as any has; the remainders of a dim are as many as its stride.
  mlir::Value ofAll(llvm::ArrayRef<TapRange> taps);

  /// A bias for each filter of `ofAll`; null without one.
  mlir::Value biasOfAll(int64_t remainders);

private:
  using Remainder = llvm::SmallVector<TapRange>;

  /// A constant of the filters of some remainders.
  mlir::Value constant(llvm::ArrayRef<Remainder> remainders);
  /// `w` as it comes from the run, of which dim i has taps[i] taps and, within each, strides[i] remainders.
  mlir::Value turned(mlir::Value w, llvm::ArrayRef<int64_t> taps, llvm::ArrayRef<int64_t> strides);
  mlir::Value reshaped(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  bool isConstant();

  mlir::OpBuilder &b;
  nn::ConvTransposeOp op;
  mlir::RankedTensorType type;
  int64_t groups, channels, filters;
};

} // namespace nnc

#endif
