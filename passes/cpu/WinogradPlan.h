//===- WinogradPlan.h - tiles and items of Winograd's convolutions ------------===//
#ifndef NNC_PASSES_CPU_WINOGRADPLAN_H
#define NNC_PASSES_CPU_WINOGRADPLAN_H

#include "dialects/nn/Blocked.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A nn.winograd_conv: its pieces, with `points` products each for a channel and a filter, by `weights` different
/// weights; the products of all pieces if one item has them, where those at the ends may be short; channels and panels of
/// a group.
struct WinogradSize {
  int64_t points, weights, pieces, products, channels, panels, groups;

  /// Of the weights of a group.
  int64_t weightBytes() const { return 4 * weights * channels * panels * nn::kBlock; }
};

/// An item is some panels of filters for some of the pieces.
struct WinogradPlan {
  int64_t lanes;
  /// The register tile of the products.
  int64_t rows, panels;
  /// Into how many items the pieces and the panels of a group are cut.
  int64_t tileItems, panelItems;
  /// Whether the weights come from beyond the second-level cache, so that they are asked for ahead of time.
  bool streamsWeights;
};

WinogradPlan planWinograd(const KernelTarget &target, const WinogradSize &size);

/// The most pieces of a patch of which only the run knows how many there are, each an item or two: of an image or of a
/// single row.
struct WinogradPatch {
  int64_t rows, columns;
};
WinogradPatch planWinogradPatch(const WinogradSize &size, bool isRow);

} // namespace nnc

#endif
