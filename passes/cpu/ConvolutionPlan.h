//===- ConvolutionPlan.h - which algorithm computes a convolution -------------===//
#ifndef NNC_PASSES_CPU_CONVOLUTIONPLAN_H
#define NNC_PASSES_CPU_CONVOLUTIONPLAN_H

#include "dialects/nn/NNDialect.h"
#include "passes/cpu/Filtering.h"

namespace nnc {

/// The minimal filtering with which Winograd's algorithm is expected to be fastest and clearly faster than summing
/// directly, with an estimated error below 1e-5 of the largest output. Nothing where there is none.
std::optional<winograd::ImageFiltering> winogradFiltering(nn::ConvOp op);

/// Whether so many filters are worth a block, most of whose lanes may be empty. What else there is needs long rows
/// of outputs.
bool fillsBlocks(int64_t filters, int64_t taps, int64_t columns, bool byWinograd);

/// Whether a convolution and the depthwise one that reads its result, so many bytes, should be one kernel.
bool fusesExpansion(int64_t bytes);

/// Whether such a kernel should have a 1 x 1 convolution after it, too, that reads so many bytes of results and
/// weights. The kernel keeps so many of the tensor in between the first two.
bool fusesProjection(int64_t bytes, int64_t weightBytes, int64_t keptBytes);

/// Begins and ends of the padding of an nn.conv or nn.pool of static extents, in numbers.
template <typename OpTy> llvm::SmallVector<int64_t> explicitPads(OpTy op, llvm::ArrayRef<int64_t> kernel) {
  if (op.getAutoPad() == nn::AutoPad::explicit_pads)
    return llvm::SmallVector<int64_t>(op.getPads());
  auto extent = [](mlir::Value v, int64_t i) { return llvm::cast<mlir::RankedTensorType>(v.getType()).getDimSize(i); };
  size_t n = kernel.size();
  llvm::SmallVector<int64_t> pads(2 * n);
  for (size_t i = 0; i < n; ++i) {
    int64_t in = extent(op.getX(), 2 + i), out = extent(op.getY(), 2 + i);
    int64_t span = (kernel[i] - 1) * op.getDilations()[i] + 1;
    int64_t total = std::max<int64_t>((out - 1) * op.getStrides()[i] + span - in, 0);
    bool lower = op.getAutoPad() == nn::AutoPad::same_lower;
    pads[i] = (total + lower) / 2;
    pads[n + i] = total - pads[i];
  }
  return pads;
}

} // namespace nnc

#endif
