//===- Movement.h - making ops that move elements, with static attributes -----===//
#ifndef NNC_PASSES_GRAPH_MOVEMENT_H
#define NNC_PASSES_GRAPH_MOVEMENT_H

#include "mlir/IR/Builders.h"

namespace nnc {

/// An nn.reshape to static extents.
mlir::Value createReshape(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> shape);

/// `x` under another shape, which is static unless it is x's own; a view of a view is a view of its source.
mlir::Value viewOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> shape);

/// An nn.transpose: dim i of the result is dim perm[i] of x.
mlir::Value createTranspose(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> perm);

/// x with its last two dims exchanged.
mlir::Value exchangeLastDims(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

} // namespace nnc

#endif
