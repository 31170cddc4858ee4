//===- StrassenPlan.h - products of matrices with seven of eight multiplications //
//
// Which products take Strassen's algorithm, and how they are cut into blocks.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_STRASSENPLAN_H
#define NNC_PASSES_CPU_STRASSENPLAN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// nn.packed_matmul with `strassen`: an item is a block of rows times some panels, cut in halves both ways.
/// Sums are cut in halves, too.
struct StrassenPlan {
  int64_t lanes;
  /// The register tile, in a quadrant of the item: rows times neighbouring panels.
  int64_t rows, panels;
  /// The quadrant: half the rows, and half the panels, of an item. The last item along the rows has fewer.
  int64_t halfRows, halfPanels;
  /// The part of half a sum that one round over the item adds: all of a short sum.
  int64_t depthBlock;
  /// Rows of an item. The two halves share one where their number is odd.
  int64_t rowBlock;

  /// Register tiles of a quadrant's rows, and vectors of a row of one.
  int64_t tiles() const { return llvm::divideCeil(halfRows, rows); }
  int64_t vectors() const { return panels * nn::PackedMatMulOp::kPanelColumns / lanes; }
};

/// A product of rows x depth by depth x columns.
struct StrassenSize {
  int64_t rows, depth, columns;
  /// From a row of the left factor to the next.
  int64_t rowBytes = 0;
};

/// The size of a product whose op has extents and types that `strassen` asks for; of a convolution the product of an
/// image's pixels with the filters.
StrassenSize strassenSizeOf(nn::PackedMatMulOp op);
StrassenSize strassenSizeOf(nn::BlockedConvOp op);

/// Whether a product takes less time so with AVX-512, and has extents that nn.packed_matmul's `strassen` asks for.
bool paysStrassen(const StrassenSize &size);

/// Whether any product does on such a machine. A register tile of AVX2 holds half as many sums, and reads and forms twice
/// as much for each: what the algorithm adds is then more than it saves. (Measured on Zen 2, of peak, directly and so: 512
/// x 512 x 512 95% and 82%, 1024 92% and 84%, 2048 91% and 86%; ViT-B/16 takes 2%, ConvNeXt 5% longer.)
inline bool mayPayStrassen(const KernelTarget &target) { return target.vectorBits > 256; }

StrassenPlan planStrassen(const KernelTarget &target, const StrassenSize &size);

} // namespace nnc

#endif
