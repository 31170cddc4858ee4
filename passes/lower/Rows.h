//===- Rows.h - several rows, or several vectors of one, at once --------------===//
//
// What softmax and normalizations have in common: they walk along a row of f32 several times, and what one
// walk gives (a maximum, a sum) the next one waits for. Several rows at once hide that. What does not fill a
// vector at the end of a row is a vector under a mask.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_ROWS_H
#define NNC_PASSES_LOWER_ROWS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

class Rows {
public:
  /// The rows along the last dim of a tensor that is longer than 1, which are this kernel's items.
  Rows(KernelBuilder &k, mlir::Value tensor);
  /// Rows of `length` elements.
  Rows(KernelBuilder &k, int64_t length);

  /// Some neighbouring rows, `width` vectors of each at once: the first row's number, and where it starts.
  struct Block {
    mlir::Value row, base;
    int64_t rows, width;
  };
  /// One vector of a row; without a mask all of its lanes exist.
  struct Piece {
    int64_t row;
    mlir::Value column, offset, mask;
  };
  using Join = llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)>;
  using Body = llvm::function_ref<mlir::Value(Piece, mlir::Value carried)>;

  /// Calls `body` for the blocks of this call's items.
  void forEach(llvm::function_ref<void(Block)> body);
  /// `rows` rows of a block from its `first` on, `width` vectors at once.
  Block part(Block block, int64_t first, int64_t rows, int64_t width);
  /// Visits the pieces of a block's rows. Every row carries a vector, `neutral` at first; where vectors of
  /// one row go side by side they are joined at the end.
  llvm::SmallVector<mlir::Value> walk(Block block, mlir::Value neutral, Join join, Body body);
  /// The sum of what `body` gives, as a scalar for each row.
  llvm::SmallVector<mlir::Value> sum(Block block, llvm::function_ref<mlir::Value(Piece)> body);
  /// Visits vectors, then single elements: `shape` is a vector type or f32.
  void map(Block block, llvm::function_ref<void(mlir::Type shape, Piece at)> body) { map(block, k.index(0), length, known, body); }
  /// The same of the columns [from, to), where it is known how many.
  void map(Block block, mlir::Value from, mlir::Value to, std::optional<int64_t> columns,
           llvm::function_ref<void(mlir::Type shape, Piece at)> body);

  mlir::Value load(mlir::Value flat, Piece at);
  void store(mlir::Value value, mlir::Value flat, Piece at);
  /// Asks for the same piece of the next block.
  void prefetchNext(mlir::Value flat, Block block, Piece at, bool isWrite);
  mlir::Value splat(mlir::Value scalar);
  /// `value` where the piece has elements, `other` elsewhere.
  mlir::Value where(Piece at, mlir::Value value, mlir::Value other);

  KernelBuilder &k;
  mlir::VectorType vector;
  mlir::Value length;
  std::optional<int64_t> known;

private:
  /// From the work of a row.
  void setGrain();
  mlir::Value offsetOf(Block block, int64_t row, mlir::Value column);
};

/// The dim that rows lie along: the last one that is not certainly 1, or the last one.
int64_t rowDim(mlir::RankedTensorType type);

} // namespace nnc

#endif
