//===- WinogradPlan.h - tiles and items of Winograd's convolutions ------------===//
#ifndef NNC_PASSES_CPU_WINOGRADPLAN_H
#define NNC_PASSES_CPU_WINOGRADPLAN_H

#include "dialects/nn/Blocked.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A nn.winograd_conv: its pieces, with `points` products each for a channel and a filter, by `weights` different
/// weights, which are computed from so many taps in every run unless there are 0; the products of all pieces if one
/// item has them, where those at the ends may be short; channels and panels of a group.
struct WinogradSize {
  int64_t points, weights, taps, pieces, products, channels, panels, groups;

  /// Of the constants of a group: its weights, or what they are computed from.
  int64_t weightBytes() const { return 4 * (taps ? taps : weights) * channels * panels * nn::kBlock; }
};

/// Larger weights come from memory in every run, not from a cache that kept them since the last one.
inline constexpr int64_t kMostCachedWeights = 2 << 20;

/// Cycles for computing the weights of a channel and 16 filters from their taps, with AVX-512.
inline double weightCycles(int64_t weights) { return 2.0 * weights; }

/// An item is some panels of filters for some of the pieces.
struct WinogradPlan {
  int64_t lanes;
  /// The register tile of the products.
  int64_t rows, panels;
  /// The panels whose products are there at a time: those of a register tile, or of two where their weights are
  /// computed.
  int64_t groupPanels;
  /// The channels whose weights are computed at a time; all of them where they are constants.
  int64_t channels;
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
