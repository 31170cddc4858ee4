//===- Transpose.h - transposes that move the last dim ------------------------===//
//
// Where the last dim stays in place, a transpose copies contiguous runs. Where it moves, one of reading and writing
// strides; so squares of 8 by 8 elements are read and written as vectors and transposed in registers.
//
// The sides of the squares may count through several dims: with x of [4, 64, 56, 56] turned round to [56, 56, 64, 4]
// the four images and the channels are one side of 256. Where no dim is left to count through, as between pixels of
// three colours and planes of them, vectors are interleaved instead.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_TRANSPOSE_H
#define NNC_PASSES_LOWER_TRANSPOSE_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

class TransposeShape {
public:
  explicit TransposeShape(nn::TransposeOp op);

  /// The side of the squares.
  static constexpr int64_t kSide = 8;
  /// Transposes a square of kSide vectors of as many elements, by three perfect shuffles.
  static void transposeSquare(KernelBuilder &k, llvm::SmallVector<mlir::Value> &vectors);

  /// The first of y's dims from which on it has x's order; dims of extent 1 do not count.
  int64_t contiguousFrom;

  bool isTiled() const { return !rows.empty(); }
  /// The iteration space of the tiles: strips of rows over all columns, or of columns over all rows, at each point of
  /// the other dims.
  mlir::AffineMap tiledItems(nn::GroupOp group);
  /// Copies the strips; `strides` are x's in the order of y's dims.
  void copyTiles(KernelBuilder &k, mlir::ArrayRef<mlir::Value> strides);

private:
  /// Dims [first, last] of y that follow each other in x, too. At most one of their extents is unknown.
  struct Run {
    int64_t first, last;
    int64_t extent;
  };
  /// Runs counted through as one, the outermost first. Only the outermost may be of unknown extent.
  using Side = llvm::SmallVector<Run>;
  static int64_t extentOf(llvm::ArrayRef<Run> side);
  static bool isThin(llvm::ArrayRef<Run> side);
  /// The extent of a run or side in terms of y's dims.
  static mlir::AffineExpr extentExpr(mlir::RankedTensorType y, llvm::ArrayRef<Run> side);

  /// Rows or columns to a strip.
  int64_t stripLength() const;

  nn::TransposeOp op;
  /// What makes squares: x is contiguous along `rows`, y along `columns`.
  Side rows, columns;
  /// Whether strips are cut from the columns.
  bool cutsColumns = false;
  /// Whether strips of rows are long, too.
  bool isLong = false;
  /// Whether one side is thin and lies, in one of x and y, within the steps of the other.
  bool interleaves = false;
  llvm::SmallVector<Run> others;
};

} // namespace nnc

#endif
