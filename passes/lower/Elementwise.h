//===- Elementwise.h - groups of elementwise ops only -------------------------===//
#ifndef NNC_PASSES_LOWER_ELEMENTWISE_H
#define NNC_PASSES_LOWER_ELEMENTWISE_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// The iteration space of a group without a root: its outer dims, where the inner ones, along which every operand is
/// dense or constant, make one vector loop; or single elements where that is all dims.
mlir::AffineMap elementwiseItems(nn::GroupOp group);

/// Writes the kernel: a vector loop over the inner dims with a scalar tail, in one pass for all ops of the group.
/// The result may lie where an operand does (inPlaceOperand): an element is loaded before the same one is stored, and none
/// is computed twice, as a last vector that overlaps the one before would.
llvm::LogicalResult emitElementwise(KernelBuilder &k);

} // namespace nnc

#endif
