//===- PanelRows.h - results of products with panels, cut into tiles ---------===//
//
// What the kernels of products with packed factors share: which dims of the result count as rows, and how rows
// and panels of 16 columns are visited by register tiles.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_PANELROWS_H
#define NNC_PASSES_LOWER_PANELROWS_H

#include "passes/lower/KernelBuilder.h"

#include <optional>

namespace nnc {

/// The dims [first, end) of a result count as one dim of rows, the last dim is that of the columns, and the
/// dims before are walked apart.
struct PanelRows {
  static constexpr int64_t kColumns = 16;

  /// Rows begin at dim `least` at the earliest.
  PanelRows(mlir::RankedTensorType result, int64_t least, int64_t columns);

  int64_t panels() const { return llvm::divideCeil(columns, kColumns); }
  /// Whether the last panel has columns that the result has not.
  bool hasPadding() const { return columns % kColumns != 0; }

  /// Items of blocks of so many panels and rows. Those that follow each other have the same panels, or the same rows. An
  /// affine map cannot multiply two dynamic extents: items then have all rows (`isProduct`).
  mlir::AffineMap items(mlir::RankedTensorType result, int64_t panelBlock, int64_t rowBlock,
                        bool rowsFirst = false) const;

  /// The number of rows at one point of the dims before.
  mlir::Value total(KernelBuilder &k) const;
  /// Visits the blocks of rows of an item, its number among `total` rows being `item`.
  void overBlocks(KernelBuilder &k, mlir::Value item, int64_t rowBlock, mlir::Value total,
                  llvm::function_ref<void(mlir::Value first, mlir::Value last)> body) const;
  /// Visits the panels [from, to) by tiles of `width` of them, and what is left one by one.
  void overPanels(KernelBuilder &k, int64_t width, mlir::Value from, mlir::Value to,
                  llvm::function_ref<void(int64_t width, mlir::Value panel)> body) const;
  /// Visits the rows [from, to) by tiles of `height` of them, and what is left by lower ones.
  void overRows(KernelBuilder &k, int64_t height, mlir::Value from, mlir::Value to,
                llvm::function_ref<void(int64_t height, mlir::Value row)> body) const;
  /// The indices in the kernel's first output of an element at a point of the dims before the rows.
  llvm::SmallVector<mlir::Value> indices(KernelBuilder &k, mlir::ValueRange batch, mlir::Value row,
                                         mlir::Value column) const;

  int64_t first, end, columns;
  /// The number of rows at one point of the dims before.
  std::optional<int64_t> known = 1;
  /// How many there are at least.
  int64_t atLeast = 1;
  /// Whether several of the rows' dims are dynamic.
  bool isProduct = false;
};

} // namespace nnc

#endif
