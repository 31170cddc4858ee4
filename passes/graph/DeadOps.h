//===- DeadOps.h - erasing what a pass has left without uses ------------------===//
#ifndef NNC_PASSES_GRAPH_DEADOPS_H
#define NNC_PASSES_GRAPH_DEADOPS_H

#include "mlir/IR/Operation.h"

namespace nnc {

/// Erases the ops inside `root` that nothing uses and that do nothing else, each after its users, so that they do not look
/// like work to the passes that follow. Ops with regions stay, and those that are not `among` the ones meant.
void eraseDeadOps(
    mlir::Operation *root,
    llvm::function_ref<bool(mlir::Operation *)> among = [](mlir::Operation *) { return true; });

} // namespace nnc

#endif
