#include "passes/memory/MemoryPlan.h"

#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kAlignment = 64;

struct Interval {
  Value value;
  int64_t bytes, begin, end;
  int64_t offset = -1;
};

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

/// Greedy by size. Returns the arena's size.
int64_t place(SmallVectorImpl<Interval> &intervals) {
  SmallVector<Interval *> order;
  for (Interval &interval : intervals)
    order.push_back(&interval);
  // Ties keep program order, so that the plan does not depend on the sort.
  llvm::sort(order, [](Interval *a, Interval *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  SmallVector<Interval *> placed; // by offset
  int64_t size = 0;
  for (Interval *interval : order) {
    int64_t offset = 0;
    for (Interval *other : placed) {
      if (other->end < interval->begin || interval->end < other->begin)
        continue;
      if (other->offset >= offset + interval->bytes)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    interval->offset = offset;
    size = std::max(size, offset + interval->bytes);
    auto *where = llvm::upper_bound(placed, offset, [](int64_t o, Interval *other) { return o < other->offset; });
    placed.insert(where, interval);
  }
  return size;
}

} // namespace

int64_t tensorBytes(RankedTensorType type) { return type.getNumElements() * elementBytes(type.getElementType()); }

MemoryPlan planMemory(func::FuncOp function, const llvm::DenseSet<Value> &elsewhere) {
  Lifetimes lifetimes(function);
  MemoryPlan plan;
  SmallVector<Interval> intervals;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool isRepetition = isa<nn::LoopOp, nn::ScanOp>(op);
    if (!isRepetition && !isa<nn::GroupOp, nn::ShapeOfOp>(op))
      return WalkResult::advance();
    for (Value result : op->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      if (elsewhere.contains(result))
        continue;
      bool escapes = false;
      int64_t begin = lifetimes.position(op), end = std::max(begin, lifetimes.lastRead(result, op->getBlock(), escapes));
      // What a repetition leaves lies in memory that its rounds took, whatever its shape.
      if (type.hasStaticShape() && !isRepetition) {
        int64_t bytes = llvm::alignTo(std::max<int64_t>(tensorBytes(type), 1), kAlignment);
        intervals.push_back({result, bytes, begin, end});
      } else if (!escapes) {
        Operation *reader = lifetimes.lastReader(result, op->getBlock());
        plan.freeAfter[reader ? reader : op].push_back(result);
      }
    }
    return isa<nn::GroupOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  plan.arenaBytes = place(intervals);
  for (const Interval &interval : intervals)
    plan.offsets[interval.value] = interval.offset;
  return plan;
}

} // namespace nnc
