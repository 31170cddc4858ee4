//===- Window.h - where a sliding window lies in its input --------------------===//
#ifndef NNC_PASSES_LOWER_WINDOW_H
#define NNC_PASSES_LOWER_WINDOW_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// One spatial dim of a sliding window: output o reads the inputs o * stride - begin + k * dilation for k < kernel that
/// lie in [0, in).
struct WindowDim {
  mlir::Value in, out;
  int64_t kernel, stride, dilation;
  mlir::Value begin;

  /// The input that k = 0 meets, perhaps negative.
  mlir::Value origin(KernelBuilder &k, mlir::Value o) const;
  /// The k that read inside the input for an origin; empty where first >= last.
  std::pair<mlir::Value, mlir::Value> taps(KernelBuilder &k, mlir::Value origin) const;
  /// The o all of whose k read inside the input, first <= last.
  std::pair<mlir::Value, mlir::Value> interior(KernelBuilder &k) const;
};

/// The spatial dims of a convolution.
llvm::SmallVector<WindowDim> windowOf(KernelBuilder &k, nn::ConvOp op);
llvm::SmallVector<WindowDim> windowOf(KernelBuilder &k, nn::PackedConvOp op);

} // namespace nnc

#endif
