//===- WindowPads.h - the padding of convolutions and pools in numbers --------===//
#ifndef NNC_PASSES_GRAPH_WINDOWPADS_H
#define NNC_PASSES_GRAPH_WINDOWPADS_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Whether begins and ends of the padding of an nn.conv or nn.pool are numbers whatever the run finds.
template <typename OpTy> bool hasKnownPads(OpTy op) {
  if (op.getAutoPad() == nn::AutoPad::explicit_pads)
    return true;
  auto x = llvm::cast<mlir::RankedTensorType>(op.getX().getType()),
       y = llvm::cast<mlir::RankedTensorType>(op.getY().getType());
  for (auto [i, stride] : llvm::enumerate(op.getStrides()))
    if (stride != 1 && (x.isDynamicDim(2 + i) || y.isDynamicDim(2 + i)))
      return false;
  return true;
}

/// These numbers, where they are known.
template <typename OpTy> llvm::SmallVector<int64_t> explicitPads(OpTy op, llvm::ArrayRef<int64_t> kernel) {
  if (op.getAutoPad() == nn::AutoPad::explicit_pads)
    return llvm::SmallVector<int64_t>(op.getPads());
  auto extent = [](mlir::Value v, int64_t i) { return llvm::cast<mlir::RankedTensorType>(v.getType()).getDimSize(i); };
  size_t n = kernel.size();
  llvm::SmallVector<int64_t> pads(2 * n);
  for (size_t i = 0; i < n; ++i) {
    int64_t in = extent(op.getX(), 2 + i), out = extent(op.getY(), 2 + i), stride = op.getStrides()[i];
    int64_t span = (kernel[i] - 1) * op.getDilations()[i] + 1;
    // As many outputs as inputs.
    int64_t total = stride == 1 ? span - 1 : std::max<int64_t>((out - 1) * stride + span - in, 0);
    bool lower = op.getAutoPad() == nn::AutoPad::same_lower;
    pads[i] = (total + lower) / 2;
    pads[n + i] = total - pads[i];
  }
  return pads;
}

} // namespace nnc

#endif
