//===- Window.h - extents of sliding windows ----------------------------------===//
#ifndef NNC_DIALECTS_NN_SHAPES_WINDOW_H
#define NNC_DIALECTS_NN_SHAPES_WINDOW_H

#include "dialects/nn/NNDialect.h"

namespace nnc::nn {

/// The number of windows along one dim.
Dim windowExtent(ShapeRule &rule, Dim in, int64_t kernel, int64_t stride, int64_t dilation, int64_t begin, int64_t end,
                 AutoPad autoPad, bool ceilMode);

/// Checks the lengths and signs of a window's attributes over n spatial dims; the error starts with the constraint.
llvm::LogicalResult checkWindow(ShapeRule &rule, llvm::StringRef constraint, size_t n, llvm::ArrayRef<int64_t> kernel,
                                llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                                llvm::ArrayRef<int64_t> pads);

} // namespace nnc::nn

#endif
