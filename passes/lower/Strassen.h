//===- Strassen.h - products with seven of eight multiplications --------------===//
#ifndef NNC_PASSES_LOWER_STRASSEN_H
#define NNC_PASSES_LOWER_STRASSEN_H

#include "passes/cpu/StrassenPlan.h"

namespace nnc {

/// What Strassen's algorithm multiplies, however it lies in memory: matrices of `size`, each of rows in steps of 16
/// that lie together, with the same panels.
struct StrassenProduct {
  StrassenSize size;
  /// The left factor, flat; where a row of the first matrix starts, and elements from one 16 steps of it to the next.
  mlir::Value left;
  std::function<mlir::Value(mlir::Value row)> rowStart = nullptr;
  int64_t stepsStride = 0;
  /// Whether rows do not lie evenly: quadrants of the left factor that are factors themselves are then copied.
  bool isUneven = false;
  /// From one matrix to the next; 0 where there is but one.
  int64_t matrixStride = 0;
  /// [columns / 16, depth, 16]
  mlir::Value panels = nullptr;
  /// Takes a vector of sums: a part of a row, which starts at a column.
  std::function<llvm::LogicalResult(mlir::Value sums, mlir::Value matrix, mlir::Value row, mlir::Value column)> store =
      nullptr;
};

/// The kernel. Its items are those of `plan`: of each matrix blocks of panels, of each of those blocks of rows.
llvm::LogicalResult emitStrassen(KernelBuilder &k, const StrassenProduct &product);

/// Whether an nn.packed_matmul with `strassen` takes it on such a machine; the iteration space and the kernel of one
/// that does.
bool takesStrassen(nn::PackedMatMulOp op, KernelTarget target);
mlir::AffineMap strassenItems(nn::PackedMatMulOp op, KernelTarget target);
llvm::LogicalResult emitStrassen(KernelBuilder &k, nn::PackedMatMulOp op);

/// The same for nn.blocked_conv.
bool takesStrassen(nn::BlockedConvOp op, KernelTarget target);
mlir::AffineMap strassenItems(nn::BlockedConvOp op, KernelTarget target);
llvm::LogicalResult emitStrassen(KernelBuilder &k, nn::BlockedConvOp op);

} // namespace nnc

#endif
