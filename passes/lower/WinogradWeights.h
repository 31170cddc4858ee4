//===- WinogradWeights.h - what Winograd's products read beside the inputs ------===//
//
// The weights of an nn.winograd_conv are constants, which come from memory where they are large: 4 times as many bytes
// as the filters have for F(4,3). With `from_taps` an item reads the filters and computes the weights itself, for a group
// of panels and as many channels at a time as stay in the second-level cache; the products of these add up in memory.
// While they run, the taps of the next channels are asked for.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_WINOGRADWEIGHTS_H
#define NNC_PASSES_LOWER_WINOGRADWEIGHTS_H

#include "passes/lower/WinogradShape.h"

namespace nnc {

class WinogradWeights {
public:
  WinogradWeights(KernelBuilder &k, nn::WinogradConvOp op, const WinogradShape &s);

  /// The panels [panel, end) of a group of the convolution.
  struct Panels {
    mlir::Value group, panel, end;
  };
  /// Calls `body` for the channels whose weights are there at a time, of the blocks [first, end), as far as these are
  /// whole. Their products, but those of the first ones, are added to those before.
  void forEachChannels(const Panels &panels, llvm::function_ref<void(mlir::Value first, mlir::Value end)> body);

  /// Where the weights at a point start in `memref`, those of a panel from block `first` on; and the elements from a
  /// panel to the next.
  mlir::Value start(mlir::Value weight, const Panels &panels, mlir::Value panel) const;
  mlir::Value memref() const { return computed ? computed : u; }
  int64_t panelStride() const { return channels * nn::kBlock; }
  bool areComputed() const { return bool(computed); }

  /// Asks for what the next channels are computed from, for the panels [own, +count) of the group: the share of register
  /// tile `number` of `tiles`, with its channels of block `block`.
  void fetchTaps(mlir::Value own, int64_t count, mlir::Value number, int64_t tiles, mlir::Value block) const;

private:
  /// Cache lines from a weight to the next in `computed`: an odd number, since those of a channel are written together
  /// and would otherwise share a few sets.
  int64_t rows() const { return s.plan.groupPanels * channels | 1; }
  void compute(const Panels &panels, mlir::Value first, mlir::Value end);

  KernelBuilder &k;
  const WinogradShape &s;
  mlir::VectorType vector;
  mlir::Value u, computed;
  /// The channels at a time, and the taps of each.
  int64_t channels, taps;
  /// In `u`, for the channels at hand: the taps of the next ones, and the first block.
  mlir::Value nextTaps, firstBlock;
};

} // namespace nnc

#endif
