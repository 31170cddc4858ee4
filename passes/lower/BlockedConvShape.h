//===- BlockedConvShape.h - how a direct convolution over blocks is cut ----------------===//
//
// What is known of an nn.blocked_conv or nn.blocked_byte_conv before its kernel is written: its windows, how many channels
// and panels of filters it has, and the plan of its tiles and items.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_BLOCKEDCONVSHAPE_H
#define NNC_PASSES_LOWER_BLOCKEDCONVSHAPE_H

#include "dialects/nn/Blocked.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/DirectSums.h"
#include "passes/lower/PixelPatches.h"
#include "passes/lower/TapStretches.h"

namespace nnc {

/// Channels of a unit: what a step of the micro-kernel takes of each factor.
template <typename OpTy>
inline constexpr int64_t kConvUnit = std::is_same_v<OpTy, nn::BlockedByteConvOp> ? nn::kByteStep : 1;

/// What is known of the op before its kernel is written. Channels and depth are counted in units.
struct BlockedConvShape {
  template <typename OpTy>
  BlockedConvShape(nn::GroupOp group, OpTy op, const KernelTarget &target)
      : geometry(group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                 typeOf(op.getX()).getRank() == static_cast<int64_t>(op.getKernel().size()) + 3),
        plain(typeOf(op.getX()).getRank() == geometry.n + 2), perBlock(plain ? 1 : nn::kBlock / kConvUnit<OpTy>),
        channels(llvm::divideCeil(op.getChannels() / op.getGroups(), kConvUnit<OpTy>)),
        panels(typeOf(op.getPanels()).getDimSize(1)), depth(typeOf(op.getPanels()).getDimSize(2)) {
    int64_t images = typeOf(op.getY()).isDynamicDim(0) ? 1 : typeOf(op.getY()).getDimSize(0);
    constexpr bool isBytes = kConvUnit<OpTy> > 1;
    // With several groups panels are full.
    int64_t lanes = op.getFilters() % nn::kBlock;
    bool endsHalfEmpty = !isBytes && lanes > 0 && lanes <= nn::kBlock / 2;
    int64_t outerItems = std::max<int64_t>(1, images * op.getGroups());
    BlockedConvSize size{panels,     depth,   geometry.rows.out, geometry.columns.out, /*inputBytes=*/0,
                         outerItems, isBytes, endsHalfEmpty};
    if (!geometry.isKnown()) {
      patches = PixelPatches(geometry, llvm::divideCeil(channels, perBlock) * perBlock * 4);
      size.rows = 1;
      size.columns = geometry.isFlat ? patches->rows * patches->columns : patches->columns;
      plan = planBlockedConvOfPatches(target, size);
      return;
    }
    size.inputBytes = geometry.rows.in * geometry.columns.in * channels * 4;
    bool isPixel = geometry.rows.kernel * geometry.columns.kernel == 1 && !PaddedRows::areNeeded(geometry);
    size.mayCut = isPixel && !isBytes && !plain && !endsHalfEmpty && channels % nn::kBlock == 0;
    // A zero point is no zero: its products count.
    if (!isBytes && !plain)
      stretches = TapStretches::of(geometry);
    if (stretches) {
      BlockedConvSize cut = size;
      cut.rows = TapStretches::longest(stretches->rows);
      cut.columns = TapStretches::longest(stretches->columns);
      plan = planBlockedConvByPanels(target, cut);
      if (outerItems * plan.panelItems > 1)
        return;
      // Few filters of one image are cut along the pixels.
      stretches.reset();
    }
    plan = planBlockedConv(target, size);
    tiles = tilesOf(plan.pixels, geometry.rows.out, geometry.columns.out);
  }

  BlockedGeometry geometry;
  bool plain;
  /// Units of a block, of a group of channels, of a sum; panels of a group of filters.
  int64_t perBlock, channels, panels, depth;
  BlockedConvPlan plan;
  PixelTiles tiles{1, 1};
  /// How images are cut of which only the run knows an extent.
  std::optional<PixelPatches> patches;
  /// How they are cut where taps are far apart.
  std::optional<TapStretches> stretches;

  /// Items go along rows of tiles, or along the tiles of the only row.
  bool itemsAlongRows() const { return geometry.rows.out > 1; }
  int64_t itemTiles() const {
    return llvm::divideCeil(itemsAlongRows() ? tiles.rowParts : tiles.columnParts, plan.pixelItems);
  }
  /// The most rows, and columns, of outputs of an item.
  int64_t itemRows() const { return itemsAlongRows() ? itemExtent() : 1; }
  int64_t itemColumns() const { return itemsAlongRows() ? geometry.columns.out : itemExtent(); }
  PanelGroups panelGroups() const { return {panels, plan.panels, plan.panelItems}; }

private:
  static mlir::RankedTensorType typeOf(mlir::Value v) { return mlir::cast<mlir::RankedTensorType>(v.getType()); }
  /// The most outputs along the items' dim that one of them has.
  int64_t itemExtent() const {
    EvenParts cut{itemsAlongRows() ? geometry.rows.out : geometry.columns.out,
                  itemsAlongRows() ? tiles.rowParts : tiles.columnParts};
    return std::min(cut.largest() * itemTiles(), cut.extent);
  }
};

} // namespace nnc

#endif
