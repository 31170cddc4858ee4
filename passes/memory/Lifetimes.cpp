#include "passes/memory/Lifetimes.h"

#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

int64_t Lifetimes::lastRead(Value value, Block *home, bool &escapes) const {
  int64_t last = 0;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    last = std::max(last, liftOutOfLoops(user, home));
    if (isView(user))
      last = std::max(last, lastRead(user->getResult(0), home, escapes));
    if (!user->hasTrait<OpTrait::IsTerminator>())
      continue;
    // A branch's yield renames the bytes as a result of the nn.if; a loop copies what its body yields.
    if (auto parent = dyn_cast<nn::IfOp>(user->getParentOp())) {
      escapes = true;
      last = std::max(last, lastRead(parent.getResult(use.getOperandNumber()), home, escapes));
    } else if (isa<func::FuncOp>(user->getParentOp())) {
      escapes = true;
    }
  }
  return last;
}

Operation *Lifetimes::lastReader(Value value, Block *home) const {
  Operation *last = nullptr;
  auto consider = [&](Operation *op) {
    op = home->findAncestorOpInBlock(*op);
    if (op && (!last || last->isBeforeInBlock(op)))
      last = op;
  };
  for (OpOperand &use : value.getUses()) {
    consider(use.getOwner());
    if (isView(use.getOwner()))
      if (Operation *op = lastReader(use.getOwner()->getResult(0), home))
        consider(op);
  }
  return last;
}

void Lifetimes::number(Region &region) {
  for (Block &block : region)
    for (Operation &op : block) {
      first[&op] = next++;
      if (!isa<nn::GroupOp>(op))
        for (Region &nested : op.getRegions())
          number(nested);
      last[&op] = next++;
    }
}

/// A read inside a loop of what was written outside happens until the loop's last iteration, and so do reads
/// of the loop's own operands: the body sees them as its arguments.
int64_t Lifetimes::liftOutOfLoops(Operation *op, Block *home) const {
  int64_t position = isa<nn::LoopOp, nn::ScanOp>(op) ? last.lookup(op) : first.lookup(op);
  for (Operation *at = op; at->getBlock() != home;) {
    at = at->getParentOp();
    if (!at || isa<func::FuncOp>(at))
      break;
    if (isa<nn::LoopOp, nn::ScanOp>(at))
      position = last.lookup(at);
  }
  return position;
}

Value viewedValue(Value value) {
  while (value.getDefiningOp() && isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

} // namespace nnc
