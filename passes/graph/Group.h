//===- Group.h - the central abstraction --------------------------------------===//
//
// A model, from the end of the graph stage on, is a short list of groups.
//
// A group is what one kernel computes: an isolated region of nn ops with at most one root (a contraction, a reduction,
// a recurrence, a data movement) and elementwise ops around it that cost nothing extra because their operands are in
// registers when the root's result is. A group without a root is a chain of elementwise work done in one pass.
//
//     %y = nn.group %x, %w, %b {
//     ^bb0(%0: tensor<8x64xf32>, %1: tensor<64x32xf32>, %2: tensor<32xf32>):
//       %3 = nn.matmul %0, %1 : ...
//       %4 = nn.binary add %3, %2 : ...
//       %5 = nn.unary relu %4 : ...
//       nn.yield %5
//     }
//
// Why regions and not, say, a fusion decision taken while loops are built: every later stage wants the same list. The
// loops stage writes one function per distinct group, so the twelve layers of a transformer compile once. The memory
// stage plans one arena for the list: a value inside a group has no memory at all. Threads take ranges of a group's
// parallel iteration space; the profile and the report count time per group; a GPU backend would launch them.
//
// Slices in front of a chain of elementwise work are in its group as well (Inlets.h): its kernel computes the places of
// its operands' elements anyway, and reads those of a slice where they lie.
//
// What is not in a group: constants, views (reshape and kin, which only rename the bytes they are given), the shapes of
// tensors, and control flow, whose regions hold lists of groups in turn.
//
// Two rules keep groups simple. Operands that decide a shape (the second operand of nn.reshape, of nn.slice) come from
// outside the group, since the memory stage evaluates result shapes before the kernel runs. And fusion never
// recomputes: an op joins a group only if all its uses are inside.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_GRAPH_GROUP_H
#define NNC_PASSES_GRAPH_GROUP_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// The one op of the group's region that is neither elementwise nor constant nor an inlet, or nullptr.
mlir::Operation *groupRoot(nn::GroupOp group);

/// The slice through which elementwise ops of a group read this argument of it (passes/graph/Inlets.h), or null.
nn::SliceOp inletOf(mlir::BlockArgument argument);

/// Whether the op computes each result element from one element of each operand.
bool isElementwiseOp(mlir::Operation *op);

/// Whether the result is the operand's bytes under another shape.
bool isView(mlir::Operation *op);

/// Whether the op needs no kernel: constants, views, shapes, control flow, terminators.
bool isHostOp(mlir::Operation *op);

/// Whether elementwise ops may follow this root in its group.
bool takesEpilogue(mlir::Operation *root);

/// The last `count` of `rank` dims.
llvm::SmallVector<int64_t> lastDims(int64_t rank, int64_t count);

/// Elements of a row's part along the last dim, where rows have several dims: fewer are not worth a loop of their own.
inline constexpr int64_t kLeastRowPart = 64;

/// Whether a normalization goes along rows of f32 whose elements lie next to each other, over the last dim or several
/// known ones: its kernel then takes an epilogue.
bool isAlongRows(nn::NormalizeOp op);

/// How many extents of the group's results only its kernel's run decides (nn.non_zero and kin).
unsigned dataDependentExtents(nn::GroupOp group);

/// The operand whose memory the group's result takes over: `nn.in_place`, set by nn-reuse-operands. Its kernel reads that
/// operand where it writes the result, each element before it is overwritten.
std::optional<unsigned> inPlaceOperand(nn::GroupOp group);

/// For a group that is an nn.concat: which of that op's operands already lie where they shall, `nn.placed` of
/// nn-place-operands. Empty where none does.
llvm::ArrayRef<bool> placedOperands(nn::GroupOp group);

/// What a value inside the group is outside: the operand that an argument stands for.
mlir::Value outerValue(nn::GroupOp group, mlir::Value inner);

} // namespace nnc

#endif
