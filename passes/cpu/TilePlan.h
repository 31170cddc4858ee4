//===- TilePlan.h - how contractions are cut into tiles -----------------------===//
//
// Every heuristic about the shape of register tiles and cache blocks is in TilePlan.cpp. A register tile is `rows`
// times `vectors` accumulators; what the micro-kernel adds to them in each step is the product of `rows` broadcast
// scalars and `vectors` vectors.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_TILEPLAN_H
#define NNC_PASSES_CPU_TILEPLAN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// nn.packed_matmul: an item is a block of rows times a few panels of 16 columns.
struct MatMulPlan {
  /// Lanes of a vector of the result's compute type.
  int64_t lanes;
  /// The register tile: rows of a times neighbouring panels.
  int64_t rows, panels;
  /// The item; multiples of the register tile.
  int64_t rowBlock, panelBlock;
};

/// `rows` is the number of rows where known, `depth` that of products in a sum.
MatMulPlan planMatMul(const KernelTarget &target, mlir::Type element, std::optional<int64_t> rows, int64_t depth,
                      int64_t columns);

/// nn.packed_conv: an item is a few vectors of neighbouring outputs ("pixels") of a block of filters.
struct ConvPlan {
  int64_t lanes;
  /// The register tile: filters (whole panels of them, or all of them if fewer) times vectors of pixels.
  int64_t filters, vectors;
  /// Filters of an item; a multiple of the tile's.
  int64_t filterBlock;
  /// The part of a sum that one round of packing covers: whole taps, or a part of the channels of one tap.
  int64_t channelBlock, tapBlock;
};

/// `filters` and `channels` are those of one group; `pixels` the number of outputs of one filter where known.
ConvPlan planConv(const KernelTarget &target, mlir::Type element, int64_t filters, int64_t channels, int64_t taps,
                  std::optional<int64_t> pixels);

} // namespace nnc

#endif
