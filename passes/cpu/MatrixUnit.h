//===- MatrixUnit.h - products of small matrices of bytes ---------------------===//
//
// x86's AMX has eight registers ("tiles") of 16 rows of 64 bytes. One instruction multiplies the 16 x 64 bytes of a left
// tile by a right one, whose row s holds the bytes 4s .. 4s + 3 of the depth for 16 columns, which is how panels lie, and
// adds the products to a tile of 16 x 16 sums. That takes 16 cycles, an eighth of what vpdpbusd needs. Loading a tile
// takes half as long, so that two by two tiles of sums keep the unit busy:
//
//     tiles 0 .. 3: sums      tiles 4, 5: 32 rows of the left factor      tiles 6, 7: two panels of the right one
//
// Rows of the left factor lie 64 bytes of depth ("chunks") after each other, the last chunk a step from the end: where
// the depth is no multiple of 16 steps, it begins among those of the chunk before, with zeros for them, so that nothing
// behind the panels is read. Sources: Intel's Optimization Reference Manual, chapter 20.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_MATRIXUNIT_H
#define NNC_PASSES_CPU_MATRIXUNIT_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

class MatrixUnit {
public:
  /// Rows of a tile, columns of a panel and steps of a chunk.
  static constexpr int64_t kRows = 16;
  /// Bytes of a row of a tile.
  static constexpr int64_t kRowBytes = 64;
  /// Rows and panels that are multiplied at once.
  static constexpr int64_t kMostRows = 2 * kRows, kMostPanels = 2;

  /// For sums of `steps` steps. `leftIsSigned`: which factor's bytes have a sign, the other one's have none.
  MatrixUnit(KernelBuilder &k, int64_t steps, bool leftIsSigned);

  /// Bytes from one row of the left factor to the next: whole chunks, an odd number of them, so that rows do not meet in
  /// a few sets of the first-level cache.
  static int64_t leftStride(int64_t steps);

  /// Prepares the tiles; between it and release() the thread's tiles are this kernel's.
  void configure();
  void release();

  /// Moves the last steps of a row of the left factor to where their chunk is: the row has been written from `offset`
  /// in `left`, bytes, step after step.
  void completeRow(mlir::Value left, mlir::Value offset) const;

  struct Operands {
    /// The left factor's rows (leftStride), bytes, and where they start; rows past the last one may hold anything.
    mlir::Value left, leftOffset;
    /// The right factor's panels, bytes, and what is added to the sums: i32 for each column of them, or null.
    mlir::Value panels, start;
    /// Where the panels start, and where `start` does. Those behind the last one are the last one again.
    llvm::SmallVector<mlir::Value, 2> panelOffsets{}, startOffsets{};
  };
  /// Lets the operands have the panel `first` and the next one, of panels of which `last` is the last.
  void setPanels(Operands &operands, mlir::Value first, mlir::Value last) const;
  /// Writes `rowTiles` x `panels` tiles of sums, one or two of each, to `sums`, i32, from `sumsStart` on: the tile (i, j)
  /// is [16][16] numbers from element sumsOffset(i, j) on. `beside` writes what else shall be done while the unit is
  /// busy, in slots() parts.
  void multiply(int64_t rowTiles, int64_t panels, const Operands &operands, mlir::Value sums, mlir::Value sumsStart,
                llvm::function_ref<void(mlir::Value slot)> beside) const;
  static int64_t sumsOffset(int64_t rowTile, int64_t panel) { return (panel * 2 + rowTile) * kRows * kRows; }
  static constexpr int64_t kSums = 4 * kRows * kRows;
  int64_t slots(int64_t rowTiles, int64_t panels) const { return chunks() * slotsOfChunk(rowTiles, panels); }

private:
  mlir::Value address(mlir::Value memref, mlir::Value offset) const;
  void call(mlir::StringRef intrinsic, mlir::ValueRange operands) const;
  mlir::Value byte(int64_t value) const;
  mlir::Value quad(int64_t value) const;
  void load(int64_t tile, mlir::Value memref, mlir::Value offset, int64_t stride) const;
  int64_t chunks() const { return llvm::divideCeil(steps, chunkSteps); }
  /// A short sum has a few slots, too.
  int64_t slotsOfChunk(int64_t rowTiles, int64_t panels) const {
    constexpr int64_t fewest = 4;
    return std::clamp<int64_t>(fewest / chunks(), 1, rowTiles * panels);
  }
  void addChunk(int64_t rowTiles, int64_t panels, const Operands &operands, mlir::Value chunk, mlir::Value firstStep,
                llvm::function_ref<void(mlir::Value slot)> beside) const;

  KernelBuilder &k;
  /// Of a sum, and of a chunk.
  int64_t steps, chunkSteps;
  bool leftIsSigned;
};

} // namespace nnc

#endif
