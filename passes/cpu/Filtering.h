//===- Filtering.h - which minimal filtering computes a convolution ------------===//
#ifndef NNC_PASSES_CPU_FILTERING_H
#define NNC_PASSES_CPU_FILTERING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>

namespace nnc::winograd {

/// Minimal filtering in one dimension: `outputs` of a filter of `taps`, from as many inputs as they read
/// (WinogradTransforms.h). A single output is the sum of its inputs, each by its own tap, and saves nothing.
struct Filtering {
  int64_t outputs, taps, stride = 1;

  /// The inputs of a piece, and as many points at which they are multiplied.
  int64_t points() const { return (outputs - 1) * stride + taps; }
  /// The weights by which they are. Of stride 2, the last one is that of all points behind.
  int64_t weights() const { return outputs + taps - 1; }

  /// The last outputs of an image, if they are so few and not a piece of their own, take some of the points only, with
  /// the same weights. None where it is 0.
  int64_t shortOutputs() const {
    if (outputs == 1)
      return 0;
    return taps == 2 || stride == 2 ? 1 : taps == 3 && outputs == 4 ? 2 : 0;
  }
  int64_t shortInputs() const { return (shortOutputs() - 1) * stride + taps; }
  /// Of F(4,3) those that F(2,3) does with: 0, 3/4, -3/4 and infinity. Of 2 taps, and with a stride of 2, those at
  /// which the weights are the taps themselves.
  llvm::SmallVector<int64_t> shortPoints() const;
  llvm::SmallVector<int64_t> otherPoints() const;

  /// What the largest error of an output is expected to be, relative to the largest output, in single precision.
  double estimatedError(int64_t channels) const;
};

/// The minimal filtering of each dim of an image. A signal is one row of an image; a dim without taps is left as it is.
struct ImageFiltering {
  Filtering down{1, 1}, across{1, 1};

  /// Pieces of so many `outputs` along each dim of a kernel of one or two dims.
  ImageFiltering(llvm::ArrayRef<int64_t> outputs, llvm::ArrayRef<int64_t> kernel, int64_t stride) {
    if (kernel.size() == 2 && kernel.front() > 1)
      down = {outputs.front(), kernel.front(), stride};
    if (kernel.back() > 1)
      across = {outputs.back(), kernel.back(), stride};
  }

  /// Along each of `dims` dims, one or two.
  llvm::SmallVector<int64_t> outputs(int64_t dims) const {
    return dims == 1 ? llvm::SmallVector<int64_t>{across.outputs}
                     : llvm::SmallVector<int64_t>{down.outputs, across.outputs};
  }
  int64_t stride() const { return std::max(down.stride, across.stride); }
  int64_t points() const { return down.points() * across.points(); }
  int64_t weights() const { return down.weights() * across.weights(); }
  double estimatedError(int64_t channels) const {
    return std::max(down.estimatedError(channels), across.estimatedError(channels));
  }
};

} // namespace nnc::winograd

#endif
