//===- Transpose.h - transposes that move the last dim ------------------------===//
//
// Where the last dim stays in place, a transpose copies contiguous runs. Where it moves, one of reading and writing
// strides; so squares of 8 by 8 elements are read and written as vectors and transposed in registers.
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

  bool isTiled() const { return rows >= 0; }
  /// The iteration space of the tiles: strips of y's dim `rows`, at each point of the other dims.
  mlir::AffineMap tiledItems(nn::GroupOp group);
  /// Copies the strips; `strides` are x's in the order of y's dims.
  void copyTiles(KernelBuilder &k, mlir::ArrayRef<mlir::Value> strides);

private:
  nn::TransposeOp op;
  /// The dims of y that make squares: x is contiguous along `rows`, y along `columns`.
  int64_t rows = -1, columns = -1;
  llvm::SmallVector<int64_t> others;
};

} // namespace nnc

#endif
