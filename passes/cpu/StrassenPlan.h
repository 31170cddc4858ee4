//===- StrassenPlan.h - products of matrices with seven of eight multiplications //
//
// Which products take Strassen's algorithm, and how they are cut into blocks.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_STRASSENPLAN_H
#define NNC_PASSES_CPU_STRASSENPLAN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A product of rows x depth by depth x columns.
struct StrassenSize {
  int64_t rows, depth, columns;
  /// From a row of the left factor to the next.
  int64_t rowBytes = 0;
};

/// nn.packed_matmul with `strassen`: an item is a block of rows times some panels, cut in halves both ways.
/// Sums are cut in halves, too.
struct StrassenPlan {
  int64_t lanes;
  /// The register tile, in a quadrant of the item: rows times neighbouring panels.
  int64_t rows, tilePanels;
  /// Panels of a round in either half: those of one register tile, or of several side by side.
  int64_t panels;
  /// The quadrant: half the rows, and half the panels, of an item. The last item along the rows has fewer.
  int64_t halfRows, halfPanels;
  /// The part of half a sum that one round over the item adds: all of a short sum.
  int64_t depthBlock;
  /// Rows of an item. The two halves share one where their number is odd.
  int64_t rowBlock;

  /// Register tiles of a quadrant's rows, and of a round's panels; vectors of a row of a tile.
  int64_t tiles() const { return llvm::divideCeil(halfRows, rows); }
  int64_t tilesAlongPanels() const { return panels / tilePanels; }
  int64_t vectors() const { return tilePanels * nn::PackedMatMulOp::kPanelColumns / lanes; }
  /// Whether one round adds a part of half a sum only.
  bool isCut(const StrassenSize &size) const { return depthBlock < size.depth / 2; }
  /// Whether the last tile shares rows with the one before, so that all are of one height: code for another height is
  /// as long again. Both compute them, which may cost a 64th.
  bool hasOverlap() const {
    int64_t shared = tiles() * rows - halfRows;
    return shared > 0 && shared * 64 <= halfRows;
  }
  /// Whether the last item has panels, or columns of a panel, that the product has not.
  bool isFilledUp(const StrassenSize &size) const {
    return size.columns % (2 * halfPanels * nn::PackedMatMulOp::kPanelColumns) != 0;
  }
};

/// The size of a product whose op has extents and types that `strassen` asks for; of a convolution the product of an
/// image's pixels with the filters.
StrassenSize strassenSizeOf(nn::PackedMatMulOp op);
StrassenSize strassenSizeOf(nn::BlockedConvOp op);

/// Whether a product takes less time so on any machine, and has extents that nn.packed_matmul's `strassen` asks for.
bool paysStrassen(const StrassenSize &size);

/// Whether one takes less time so on such a machine. With AVX2 S must serve `leastColumns`.
bool paysStrassen(const StrassenSize &size, const KernelTarget &target, int64_t leastColumns);

StrassenPlan planStrassen(const KernelTarget &target, const StrassenSize &size);

} // namespace nnc

#endif
