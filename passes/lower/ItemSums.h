//===- ItemSums.h - sums that wait from one round over the channels to the next ------------===//
//
// Where all channels under an item's outputs are more than the second-level cache keeps, the item goes over its outputs
// in rounds, a part of the channels each; between them the sums of all its panels of filters wait in the workspace.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_ITEMSUMS_H
#define NNC_PASSES_LOWER_ITEMSUMS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// [panels][rows][columns][16] f32 in the workspace.
class ItemSums {
public:
  /// Neighbouring outputs of a panel, the first of them at a row and a column of the item.
  struct Tile {
    mlir::Value panel, row, column;
    int64_t height, columns;
  };

  ItemSums(KernelBuilder &k, int64_t panels, int64_t rows, int64_t columns, mlir::VectorType vector);

  mlir::Value memory() const { return sums; }
  /// Elements from one row to the next.
  int64_t perRow() const { return columns * 16; }
  /// Where the first sum of an output lies.
  mlir::Value at(mlir::Value panel, mlir::Value row, mlir::Value column) const;

  /// The sums of a tile, all vectors of one output after the other.
  llvm::SmallVector<mlir::Value> load(const Tile &tile) const;
  void store(const Tile &tile, mlir::ValueRange values) const;
  /// Sets the sums of `height` rows of `columns` outputs of a panel to the vectors of one.
  void fill(mlir::Value panel, mlir::Value height, mlir::Value columns, mlir::ValueRange values) const;

private:
  mlir::Value placeOf(const Tile &tile, int64_t i) const;

  KernelBuilder &k;
  int64_t rows, columns;
  mlir::VectorType vector;
  mlir::Value sums;
};

} // namespace nnc

#endif
