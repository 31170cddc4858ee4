//===- PixelPatches.h - images whose extents only the run knows ----------------===//
//
// The outputs of an image whose height or width only the run knows are cut into patches of nearly equal size, none of
// which is larger than what a kernel has room for. Each is an item, and there may be an even number of them, for two
// threads to share.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_PIXELPATCHES_H
#define NNC_PASSES_LOWER_PIXELPATCHES_H

#include "passes/lower/BlockedGeometry.h"

namespace nnc {

struct PixelPatches {
  /// One dim of a unit: so many outputs, each `apart` from the next; as many units lie between each other.
  struct Unit {
    int64_t outputs = 1, apart = 1;
    /// How many units there are, and the first output of number `i`.
    mlir::Value count(KernelBuilder &k, mlir::Value extent) const;
    mlir::Value start(KernelBuilder &k, mlir::Value i) const;
  };
  /// The most of a patch, in units.
  int64_t rows, columns;
  Unit unitRows, unitColumns;
  /// Bytes of the inputs under one with the padding around them, where a kernel copies them.
  int64_t copiedBytes = 0;

  /// Of an image or of a signal, which counts as one row.
  PixelPatches(bool isSignal, int64_t rows, int64_t columns, Unit unitRows, Unit unitColumns)
      : rows(rows), columns(columns), unitRows(unitRows), unitColumns(unitColumns), isSignal(isSignal) {}
  /// For a kernel that copies the inputs of a patch, so many bytes a pixel, and reads them again and again. Where all
  /// pixels count as one row a patch is a part of that, no longer than the product of `rows` and `columns`.
  PixelPatches(const BlockedGeometry &g, int64_t pixelBytes);

  /// The part of the iteration space that is over patches.
  void appendItems(llvm::SmallVectorImpl<mlir::AffineExpr> &items, mlir::MLIRContext *context) const;

  /// Where a patch starts and what it has, in units.
  struct Patch {
    mlir::Value row, column, height, width;
  };
  /// The patch that `point` of that part is.
  Patch at(KernelBuilder &k, mlir::ValueRange point) const;

  /// Calls `body` for the outputs of a row of the patch in runs of up to `most`.
  void forEachRunOfRow(KernelBuilder &k, const Patch &patch, int64_t most,
                       llvm::function_ref<void(mlir::Value column, int64_t size)> body) const;

  std::string describe() const;

private:
  BoundedParts partsAlong(KernelBuilder &k, int64_t dim) const;

  bool isSignal, isFlat = false;
  /// The dim of the result along which there is an even number of patches, or -1.
  int64_t evenDim = -1;
  /// Whether a row has a known extent and is in one patch.
  bool hasKnownRows = false;
};

} // namespace nnc

#endif
