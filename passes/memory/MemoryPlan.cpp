#include "passes/memory/MemoryPlan.h"

#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kAlignment = 64;

class Lifetimes {
public:
  explicit Lifetimes(func::FuncOp function) {
    number(function.getBody());
  }

  int64_t position(Operation *op) const { return first.lookup(op); }

  /// The position of the last read of the bytes that `value` names, which were written in `home`.
  int64_t lastRead(Value value, Block *home, bool &escapes) const {
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

  /// The last op of `home` that reads the bytes, itself or in a region.
  Operation *lastReader(Value value, Block *home) const {
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

private:
  void number(Region &region) {
    for (Block &block : region)
      for (Operation &op : block) {
        first[&op] = next++;
        if (!isa<nn::GroupOp>(op))
          for (Region &nested : op.getRegions())
            number(nested);
        last[&op] = next++;
      }
  }

  /// A read inside a loop of what was written outside happens until the loop's last iteration, and so do reads of the
  /// loop's own operands: the body sees them as its arguments.
  int64_t liftOutOfLoops(Operation *op, Block *home) const {
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

  llvm::DenseMap<Operation *, int64_t> first, last;
  int64_t next = 0;
};

} // namespace

int64_t tensorBytes(RankedTensorType type) { return type.getNumElements() * elementBytes(type.getElementType()); }

MemoryPlan planMemory(func::FuncOp function, const llvm::DenseSet<Value> &elsewhere) {
  Lifetimes lifetimes(function);
  MemoryPlan plan;
  SmallVector<Value> values;
  SmallVector<ArenaBlock> blocks;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool isRepetition = isa<nn::LoopOp, nn::ScanOp>(op);
    if (!isRepetition && !isa<nn::GroupOp, nn::ShapeOfOp>(op))
      return WalkResult::advance();
    if (isa<nn::GroupOp>(op))
      plan.groupBegins.push_back(lifetimes.position(op));
    for (Value result : op->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      if (elsewhere.contains(result))
        continue;
      bool escapes = false;
      int64_t begin = lifetimes.position(op), end = std::max(begin, lifetimes.lastRead(result, op->getBlock(), escapes));
      // What a repetition leaves lies in memory that its rounds took, whatever its shape.
      if (type.hasStaticShape() && !isRepetition) {
        int64_t bytes = llvm::alignTo(std::max<int64_t>(tensorBytes(type), 1), kAlignment);
        values.push_back(result);
        blocks.push_back({bytes, begin, end});
      } else if (!escapes) {
        Operation *reader = lifetimes.lastReader(result, op->getBlock());
        plan.freeAfter[reader ? reader : op].push_back(result);
      }
    }
    return isa<nn::GroupOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  plan.arenaBytes = packArena(blocks);
  plan.mostLiveBytes = mostLiveBytes(blocks);
  for (auto [value, block] : llvm::zip(values, blocks))
    plan.offsets[value] = block.offset;
  plan.blocks = std::move(blocks);
  return plan;
}

} // namespace nnc
