//===- SeparablePool.h - pools by rows: across the other dims, then along it --===//
//
// The taps of all dims but the last are reduced first, for a whole row of the input, into a row in the workspace that
// has on both sides what padding counts as; then the taps along that row. A window of 5 x 5 takes 10 steps in place of
// 25, and outputs at the borders are vectors like the others.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_SEPARABLEPOOL_H
#define NNC_PASSES_LOWER_SEPARABLEPOOL_H

#include "passes/lower/PoolWindow.h"

namespace nnc::pool {

/// Whether an nn.pool is done so: with two spatial dims or more, of which the last has known extents.
bool isSeparable(nn::PoolOp op);

/// Its iteration space, a few rows to an item, and its kernel.
mlir::AffineMap separableItems(nn::PoolOp op);
void emitSeparable(KernelBuilder &k, nn::PoolOp op, llvm::ArrayRef<Axis> axes);

} // namespace nnc::pool

#endif
