// Normalization along rows of f32, with the elementwise ops that follow it in its group.
#ifndef NNC_PASSES_LOWER_NORMALIZEROWS_H
#define NNC_PASSES_LOWER_NORMALIZEROWS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Writes the kernel of an op that isAlongRows (Group.h); an item is a row.
llvm::LogicalResult emitNormalizeRows(KernelBuilder &k, nn::NormalizeOp op);

} // namespace nnc

#endif
