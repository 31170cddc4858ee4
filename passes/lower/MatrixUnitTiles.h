//===- MatrixUnitTiles.h - the tiles of an item, one after the other -----------===//
//
// What follows the sums of a tile is done while the matrix unit is busy with the next tile, a few rows in each
// slot of its instructions: the unit's instructions are few and take long, and a core does not look ahead far enough to find the
// epilogue behind them.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_MATRIXUNITTILES_H
#define NNC_PASSES_LOWER_MATRIXUNITTILES_H

#include "passes/cpu/MatrixUnit.h"

namespace nnc {

class MatrixUnitTiles {
public:
  /// Tiles of `rowTiles` x `panels` tiles of the unit.
  MatrixUnitTiles(KernelBuilder &k, const MatrixUnit &unit, int64_t rowTiles, int64_t panels);

  /// Where a tile is: its first panel, its first row, and how many rows it has.
  struct Place {
    mlir::Value panel, row, rows;
  };
  /// Sums [16] of row `row` in the tile and panel `panel`: `count` neighbouring rows, as a vector.
  mlir::Value load(mlir::Value row, int64_t panel, int64_t count, mlir::Value start) const;

  /// Forms the tiles 0 .. count - 1. `placeOf` says where one is, `operandsOf` what is multiplied there; `finish` writes
  /// what is done with its rows [from, to), whose sums start at `start`.
  void forEach(mlir::Value count, llvm::function_ref<Place(mlir::Value tile)> placeOf,
               llvm::function_ref<MatrixUnit::Operands(const Place &)> operandsOf,
               llvm::function_ref<void(const Place &, mlir::Value from, mlir::Value to, mlir::Value start)> finish) const;

  int64_t rows() const { return rowTiles * MatrixUnit::kRows; }
  int64_t panels() const { return panelCount; }

private:
  KernelBuilder &k;
  const MatrixUnit &unit;
  int64_t rowTiles, panelCount;
  /// Of this tile and of the one before.
  mlir::Value sums;
};

} // namespace nnc

#endif
