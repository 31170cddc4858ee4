//===- ConvolutionPlan.h - which algorithm computes a convolution -------------===//
#ifndef NNC_PASSES_CPU_CONVOLUTIONPLAN_H
#define NNC_PASSES_CPU_CONVOLUTIONPLAN_H

#include "dialects/nn/NNDialect.h"
#include "passes/cpu/Filtering.h"

namespace nnc {

/// A convolution by Winograd's algorithm: its minimal filtering, and whether its kernel computes the weights from the
/// taps in every run, since they are too many to come from memory.
struct WinogradChoice {
  winograd::ImageFiltering filtering;
  bool fromTaps;
};

/// How Winograd's algorithm is expected to be fastest and clearly faster than summing directly, with an estimated error
/// below 1e-5 of the largest output. Nothing where it is not.
std::optional<WinogradChoice> planWinograd(nn::ConvOp op);

/// Whether that algorithm is clearly faster with every two neighbouring groups as one, half of whose weights are zero,
/// than groups that fill no blocks are one by one.
bool paysMergingGroups(nn::ConvOp op);

/// Whether groups of so many channels and filters lie within a vector: one filter to a channel, or a few to as many.
bool liesWithinVector(int64_t channels, int64_t filters);

/// Whether so many filters are worth a block, most of whose lanes may be empty. What else there is needs long rows
/// of outputs.
bool fillsBlocks(int64_t filters, int64_t taps, int64_t columns, bool byWinograd);

/// Whether the inputs under a patch of outputs are so few that a direct convolution can copy them, the channels of a group
/// in so many bytes a pixel: where an extent is known to the run alone, it has to.
bool fitsPatches(mlir::RankedTensorType x, mlir::RankedTensorType y, mlir::ArrayRef<int64_t> kernel,
                 mlir::ArrayRef<int64_t> strides, mlir::ArrayRef<int64_t> pads, mlir::ArrayRef<int64_t> dilations,
                 int64_t pixelBytes);

/// Whether a convolution of so many bytes of weights and the depthwise one that reads its result, so many bytes, should
/// be one kernel.
bool fusesExpansion(int64_t bytes, int64_t weightBytes);

/// Whether such a kernel should have a 1 x 1 convolution after it, too, that reads so many bytes of results and
/// weights. The kernel keeps so many of the tensor in between the first two.
bool fusesProjection(int64_t bytes, int64_t weightBytes, int64_t keptBytes);

} // namespace nnc

#endif
