#include "passes/memory/MemoryPlan.h"

#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/memory/Lifetimes.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kAlignment = 64;

} // namespace

int64_t tensorBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

llvm::DenseMap<Value, std::pair<int64_t, Value>> findDirectOutputs(func::FuncOp model) {
  llvm::DenseMap<Value, std::pair<int64_t, Value>> direct;
  Block &body = model.getBody().front();
  for (auto [i, returned] : llvm::enumerate(body.getTerminator()->getOperands())) {
    Value base = viewedValue(returned);
    auto group = base.getDefiningOp<nn::GroupOp>();
    if (!group || group->getBlock() != &body || dataDependentExtents(group) || direct.contains(base))
      continue;
    if (base != returned && !cast<RankedTensorType>(returned.getType()).hasStaticShape())
      continue;
    direct[base] = {i, returned};
  }
  return direct;
}

MemoryPlan planMemory(func::FuncOp function, const llvm::DenseSet<Value> &elsewhere) {
  Lifetimes lifetimes(function);
  MemoryPlan plan;
  SmallVector<Value> values;
  SmallVector<ArenaBlock> blocks;
  // The result of a group that works in place takes over the memory of that operand.
  llvm::DenseMap<Value, size_t> blockOf;
  llvm::DenseSet<Value> takenOver;
  function.walk([&](nn::GroupOp group) {
    if (std::optional<unsigned> operand = inPlaceOperand(group))
      takenOver.insert(viewedValue(group.getInputs()[*operand]));
  });
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
      int64_t begin = lifetimes.position(op),
              end = std::max(begin, lifetimes.lastRead(result, op->getBlock(), escapes));
      // What a repetition leaves lies in memory that its rounds took, whatever its shape.
      if (type.hasStaticShape() && !isRepetition) {
        int64_t bytes = llvm::alignTo(std::max<int64_t>(tensorBytes(type), 1), kAlignment);
        size_t block = blocks.size();
        auto group = dyn_cast<nn::GroupOp>(op);
        if (std::optional<unsigned> operand = group ? inPlaceOperand(group) : std::nullopt) {
          block = blockOf.lookup(viewedValue(group.getInputs()[*operand]));
          blocks[block].end = std::max(blocks[block].end, end);
        } else {
          blocks.push_back({bytes, begin, end});
        }
        blockOf[result] = block;
        values.push_back(result);
      } else if (!escapes && !takenOver.contains(result)) {
        Operation *reader = lifetimes.lastReader(result, op->getBlock());
        plan.freeAfter[reader ? reader : op].push_back(result);
      }
    }
    return isa<nn::GroupOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  plan.arenaBytes = packArena(blocks);
  plan.mostLiveBytes = mostLiveBytes(blocks);
  for (Value value : values)
    plan.offsets[value] = blocks[blockOf.lookup(value)].offset;
  plan.blocks = std::move(blocks);
  return plan;
}

} // namespace nnc
