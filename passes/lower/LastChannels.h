//===- LastChannels.h - blocks of tensors whose channels are last -------------===//
//
// A pixel's channels are contiguous on one side, [N,D1..Dn,C], and a vector in each block on the other,
// [N,ceil(C/16),D1..Dn,16]: nothing is transposed, vectors are copied.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_LASTCHANNELS_H
#define NNC_PASSES_LOWER_LASTCHANNELS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// The two sides, and by what threads share them: blocks, or pixels of all blocks.
struct LastChannels {
  mlir::RankedTensorType last;
  bool byBlock;

  /// The iteration space of a group: the images, groups of blocks, and parts of their pixels.
  mlir::AffineMap items(mlir::MLIRContext *context, int64_t rank) const;
  /// Copies this call's items from `last` to `blocked`, lanes that no channel has being zeros, or the other way.
  void copy(KernelBuilder &k, bool toBlocks, mlir::Value last, mlir::Value blocked) const;

private:
  int64_t channels() const { return last.getShape().back(); }
  int64_t groupSize() const;
  int64_t groups() const;
  int64_t parts() const;
};

} // namespace nnc

#endif
