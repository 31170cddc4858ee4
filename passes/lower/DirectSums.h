//===- DirectSums.h - convolutions summed tap by tap --------------------------===//
//
// The register tile of a direct convolution (MicroKernel) over all channels and taps: scalars are pixels of the input,
// broadcast, and vectors are filters, whose weights lie in panels. Pixels are read in place or, where windows reach
// into padding, from a copy with the padding around it.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_DIRECTSUMS_H
#define NNC_PASSES_LOWER_DIRECTSUMS_H

#include "passes/cpu/MicroKernel.h"
#include "passes/lower/BlockedGeometry.h"

namespace nnc {

/// Where pixels are read, a 1-D memref of units (channels, or four bytes of neighbouring ones), and the units from one
/// pixel, one row and one channel (or block of them) to the next.
struct PixelSource {
  mlir::Value memory;
  int64_t pixel;
  mlir::Value row, channel;

  /// The input of a convolution where it lies.
  static PixelSource inPlace(KernelBuilder &k, const BlockedGeometry &g, mlir::Value memory, int64_t pixel);
};

/// The inputs under the outputs of an item, copied into the workspace with padding around them.
class PaddedRows {
public:
  /// `x` is read in place; room is for the `channels` channels (or blocks) under `rows` x `columns` outputs. Of the units
  /// of a pixel the first `kept` are copied, and lie side by side; 0: all of them.
  PaddedRows(KernelBuilder &k, const BlockedGeometry &g, const PixelSource &x, int64_t channels, int64_t rows,
             int64_t columns, int64_t kept = 0);

  static bool areNeeded(const BlockedGeometry &g) {
    return g.rows.padBegin || g.rows.padEnd || g.columns.padBegin || g.columns.padEnd;
  }
  const PixelSource &source() const { return copied; }

  /// Copies for the outputs from (row, column) on; `start` is where the first channel (or block) begins in x, `padding`
  /// a unit of it. Rows of padding are left alone where nothing `readsPadding`. Where there are fewer outputs than
  /// there is room for, only what the `outputRows` x `outputColumns` read is copied.
  void copy(mlir::Value start, mlir::Value row, mlir::Value column, mlir::Value padding, bool readsPadding,
            mlir::Value outputRows = nullptr, mlir::Value outputColumns = nullptr) const;

private:
  KernelBuilder &k;
  const BlockedGeometry &g;
  PixelSource x, copied;
  int64_t channels, rows, columns;
};

/// What the sums of one convolution have in common.
struct DirectSums {
  const BlockedGeometry &g;
  PixelSource source;
  /// Whether the input has no blocks; units of a block, of all channels that a sum takes, of a sum.
  bool plain;
  int64_t perBlock, channels, depth;
  /// [panels, depth, 16] units, and what is added to the sums: [panels, 16] or null; both flat.
  mlir::Value panels, bias;
  /// A vector of sums.
  mlir::VectorType vector;
  /// Whether tiles leave out the half of their last panel that is empty (BlockedConvPlan).
  bool omitsHalf = false;
  MicroKernel::Factors factors = MicroKernel::Factors::elements;

  struct Tile {
    /// Outputs, and how many of them are in a row.
    int64_t pixels, columns;
    /// Neighbouring panels from `panel` on.
    int64_t width;
    mlir::Value panel;
    /// Where in the source the first output's first tap reads.
    mlir::Value origin;
    /// The taps [first, end) that are summed.
    std::pair<mlir::Value, mlir::Value> tapRows, tapColumns;
    NextPanels following{};
    /// The blocks of channels [first, end) that are summed, and what is added to their sums; null: all, and the bias.
    std::pair<mlir::Value, mlir::Value> blocks{};
    llvm::SmallVector<mlir::Value> before{};
  };

  int64_t perPanel() const { return 16 / vector.getNumElements(); }
  /// Panels that a tile multiplies, even if by a half.
  int64_t multiplied(int64_t width) const { return llvm::divideCeilSigned(vectors(width), perPanel()); }
  std::pair<mlir::Value, mlir::Value> allTaps(KernelBuilder &k, const SpatialWindow &window) const {
    return {k.index(0), k.index(window.kernel)};
  }

  /// The sums of a tile, `width` * perPanel() vectors for each output. `unit` makes of a unit of the source what is
  /// multiplied.
  llvm::SmallVector<mlir::Value> emit(KernelBuilder &k, const Tile &tile,
                                      llvm::function_ref<mlir::Value(mlir::Value)> unit = nullptr) const;

  /// What the sums of a panel start with, vector by vector.
  mlir::Value biasOf(KernelBuilder &k, mlir::Value panel, int64_t j) const;

private:
  /// Vectors of a tile of so many panels that are multiplied.
  int64_t vectors(int64_t width) const { return width * perPanel() - (omitsHalf && perPanel() > 1); }
  llvm::SmallVector<mlir::Value> products(KernelBuilder &k, const MicroKernel &kernel, const Tile &tile,
                                          mlir::ValueRange initial,
                                          llvm::function_ref<mlir::Value(mlir::Value)> unit) const;
  llvm::SmallVector<mlir::Value> run(KernelBuilder &k, const MicroKernel &kernel, const Tile &tile, mlir::Value from,
                                     mlir::Value weight, int64_t steps, int64_t stride, mlir::ValueRange sums,
                                     llvm::function_ref<mlir::Value(mlir::Value)> unit) const;
};

} // namespace nnc

#endif
