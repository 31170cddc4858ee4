//===- StrassenSums.h - where the seven products are added --------------------===//
#ifndef NNC_PASSES_LOWER_STRASSENSUMS_H
#define NNC_PASSES_LOWER_STRASSENSUMS_H

#include "passes/cpu/StrassenPlan.h"

namespace nnc::strassen {

/// A register tile of a quadrant.
struct Tile {
  int64_t height;
  /// Its number along the rows, its first row in the quadrant, and how many of its rows the tile before has, too; its
  /// first panel in the round.
  mlir::Value number, row, overlap, panel;
  /// Where its sums begin in those of C, and in U2 and U3, which have a round's columns.
  mlir::Value sumRow, sumColumn, partColumn;
};

/// Sums of tiles between two products: one of the quadrants of C, or U2 (and M1 before it) or U3.
struct Sums {
  mlir::Value memref;
  int64_t number;
};

/// The sums of an item's products. Those of a round lie in the cache from one product to the next; where sums are cut,
/// quadrants of C have room for all rounds of an item.
class ProductSums {
public:
  ProductSums(KernelBuilder &k, const StrassenPlan &plan, mlir::VectorType vector, bool isCut);

  /// C, row by row, and U2 and U3.
  llvm::SmallVector<Sums> c;
  Sums u2, u3;

  /// Makes the sums of C of a round zero, which begin at a column of the item's.
  void clear(mlir::Value column);
  /// The vectors of a tile, row by row: the total of several sums, of none zeros.
  llvm::SmallVector<mlir::Value> load(const Tile &tile, llvm::ArrayRef<Sums> of);
  void store(const Tile &tile, mlir::ValueRange values, Sums of);
  llvm::SmallVector<mlir::Value> added(mlir::ValueRange x, mlir::ValueRange y);
  /// Fetches part `at` of `parts` of the sums of the next tile: products begin with them.
  void fetchNext(const Tile &tile, llvm::ArrayRef<Sums> of, mlir::Value at, int64_t parts);

private:
  /// The column of a tile's first sums, and where its vector i is.
  mlir::Value columnOf(const Tile &tile, Sums of);
  llvm::SmallVector<mlir::Value> placeOf(const Tile &tile, Sums of, int64_t i);

  KernelBuilder &k;
  StrassenPlan plan;
  mlir::VectorType vector;
};

} // namespace nnc::strassen

#endif
