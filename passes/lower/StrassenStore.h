//===- StrassenStore.h - finished sums of Strassen's products go to the result -===//
#ifndef NNC_PASSES_LOWER_STRASSENSTORE_H
#define NNC_PASSES_LOWER_STRASSENSTORE_H

#include "passes/lower/Strassen.h"
#include "passes/lower/StrassenSums.h"

namespace nnc::strassen {

/// Where a round's sums belong in the result: the matrix among several, where the upper and the lower half of the rows
/// begin, and the first panel in the left half of the columns.
struct Place {
  mlir::Value matrix, rows[2], panel;
};

/// Stores finished sums of tiles, each element once: halves of an odd number of rows share one, and so may tiles.
class SumStore {
public:
  SumStore(KernelBuilder &k, const StrassenProduct &product, const StrassenPlan &plan, Sums c)
      : k(k), p(product), plan(plan), c(c) {}

  /// Whether tiles are stored from registers, as soon as a quadrant is finished: where columns are whole, and the
  /// epilogue, of which each quadrant has its own, is short.
  bool isAtOnce() const;

  /// Stores the sums of a tile in one quadrant.
  void store(const Place &place, const Tile &tile, int64_t quadrant, mlir::ValueRange values);
  /// Stores those in all quadrants, from memory.
  void storeAll(const Place &place, const Tile &tile);

  llvm::LogicalResult status = llvm::success();

private:
  void storeVector(mlir::Value sums, const Place &place, mlir::Value row, mlir::Value column);

  KernelBuilder &k;
  const StrassenProduct &p;
  const StrassenPlan &plan;
  /// The quadrants of C, of which this is the first.
  Sums c;
};

} // namespace nnc::strassen

#endif
