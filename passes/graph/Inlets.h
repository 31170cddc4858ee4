//===- Inlets.h - boxes of tensors that elementwise kernels read where they lie ===//
//
// An elementwise kernel computes where its operands' elements lie anyway, so a slice in front of it costs nothing: the
// slice moves into the group and reads the whole tensor, which the group takes as an argument of its own. A gated unit
// reads both halves of its rows in one pass, where two copies took as long as the arithmetic.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_GRAPH_INLETS_H
#define NNC_PASSES_GRAPH_INLETS_H

#include "dialects/nn/NNDialect.h"

#include <optional>

namespace nnc {

/// The first element and the step, which may be negative, along every dim of a tensor.
struct Box {
  mlir::Value source;
  llvm::SmallVector<int64_t> starts, steps;
};

/// The box that a slice, or a piece of a split, is of its operand. None unless starts, and the extents along the dims that
/// it narrows, are known, and neighbours along the last dim stay neighbours.
std::optional<Box> directBoxOf(mlir::Value value);
/// The same of what is no box itself: a box of a box is one of what that is a box of.
std::optional<Box> boxOf(mlir::Value value);

/// Whether dim `i` of `value` is not all of the box's source.
bool isNarrowed(const Box &box, mlir::Value value, int64_t i);

/// Whether elements that lie next to each other make loops over a result of this type worth while: a copy of a box
/// that is a few elements wide is read faster.
bool isWideFor(const Box &box, mlir::Value value, mlir::RankedTensorType result);

/// The nn.slice of `argument` that is this box, with the type of `value`.
mlir::Value createInlet(mlir::OpBuilder &b, const Box &box, mlir::Value value, mlir::Value argument);

} // namespace nnc

#endif
