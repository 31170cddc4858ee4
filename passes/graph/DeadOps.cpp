#include "passes/graph/DeadOps.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace nnc {

void eraseDeadOps(Operation *root, llvm::function_ref<bool(Operation *)> among) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (op->getNumRegions() == 0 && among(op) && isOpTriviallyDead(op))
      op->erase();
}

} // namespace nnc
