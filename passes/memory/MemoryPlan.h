//===- MemoryPlan.h - one arena for all tensors of static size ----------------===//
//
// Every tensor of static size that a kernel writes gets an offset into one arena; tensors whose lifetimes do
// not overlap share bytes. Lifetimes are intervals of op positions in program order: from the op that writes
// the tensor to the last one that reads it, through views, and to the end of a loop for what a loop reads
// from outside.
//
// ArenaPacking.h finds the places.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_MEMORYPLAN_H
#define NNC_PASSES_MEMORY_MEMORYPLAN_H

#include "dialects/nn/NNDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/memory/ArenaPacking.h"

namespace nnc {

/// Where each planned tensor lies, and how long the others live.
struct MemoryPlan {
  llvm::DenseMap<mlir::Value, int64_t> offsets;
  int64_t arenaBytes = 0;
  /// No arena is smaller: the most bytes that live at one time.
  int64_t mostLiveBytes = 0;
  /// What was planned, in program order; times are positions of ops.
  llvm::SmallVector<ArenaBlock> blocks;
  /// The positions of all groups, ascending.
  llvm::SmallVector<int64_t> groupBegins;
  /// For a value of dynamic size: the op after which nobody reads it, in the block that defines it. Absent
  /// where it escapes through a yield or return.
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> freeAfter;
};

/// Plans the function; values in `elsewhere` (model outputs) have memory of their own.
MemoryPlan planMemory(mlir::func::FuncOp function, const llvm::DenseSet<mlir::Value> &elsewhere);

/// Results of groups that are returned, perhaps through views, so that their kernels write the caller's
/// memory: the output's number and the returned value.
llvm::DenseMap<mlir::Value, std::pair<int64_t, mlir::Value>> findDirectOutputs(mlir::func::FuncOp model);

/// Tensors in the arena, and the pieces of one, start at multiples of so many bytes.
inline constexpr int64_t kPlaceAlignment = 64;

/// Bytes of a tensor of static shape.
int64_t tensorBytes(mlir::RankedTensorType type);

} // namespace nnc

#endif
