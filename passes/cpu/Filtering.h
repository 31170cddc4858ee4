//===- Filtering.h - which minimal filtering computes a convolution ------------===//
#ifndef NNC_PASSES_CPU_FILTERING_H
#define NNC_PASSES_CPU_FILTERING_H

#include "llvm/ADT/ArrayRef.h"

namespace nnc::winograd {

/// Minimal filtering in one dimension: `outputs` of a filter of `taps`, from as many inputs as they read
/// (WinogradTransforms.h).
struct Filtering {
  int64_t outputs, taps, stride = 1;

  /// The inputs of a piece, and as many points at which they are multiplied.
  int64_t points() const { return (outputs - 1) * stride + taps; }
  /// The weights by which they are. Of stride 2, the last one is that of all points behind.
  int64_t weights() const { return outputs + taps - 1; }

  /// The last outputs of an image, if they are so few and not a piece of their own, take some of the points only, with
  /// the same weights. None where it is 0.
  int64_t shortOutputs() const { return stride == 2 ? (outputs == 2 ? 1 : 0) : taps == 3 && outputs == 4 ? 2 : 0; }
  int64_t shortInputs() const { return (shortOutputs() - 1) * stride + taps; }
  /// Of F(4,3) those that F(2,3) does with: 0, 3/4, -3/4 and infinity. Of F(2,3) of stride 2 the three taps themselves.
  llvm::ArrayRef<int64_t> shortPoints() const;
  llvm::ArrayRef<int64_t> otherPoints() const;

  /// What the largest error of an output is expected to be, relative to the largest output, in single precision.
  double estimatedError(int64_t channels) const;
};

} // namespace nnc::winograd

#endif
