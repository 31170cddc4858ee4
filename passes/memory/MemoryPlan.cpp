#include "passes/memory/MemoryPlan.h"

#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/memory/Lifetimes.h"

using namespace mlir;

namespace nnc {

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

namespace {

/// Where a block lies in another one, or itself.
struct Piece {
  size_t whole;
  int64_t offset = 0;
};

/// Makes the blocks of what nn-place-operands marked pieces of their concatenation's block, which lives as
/// long as any of them.
SmallVector<Piece> mergePieces(func::FuncOp function, const llvm::DenseMap<Value, size_t> &blockOf,
                               MutableArrayRef<ArenaBlock> blocks) {
  SmallVector<Piece> pieces;
  for (size_t i = 0; i < blocks.size(); ++i)
    pieces.push_back({i});
  function.walk([&](nn::GroupOp group) {
    ArrayRef<bool> placed = placedOperands(group);
    if (placed.empty())
      return;
    size_t whole = blockOf.lookup(group.getResult(0));
    int64_t offset = 0;
    for (auto [input, isPlaced] : llvm::zip(cast<nn::ConcatOp>(groupRoot(group)).getInputs(), placed)) {
      if (isPlaced) {
        size_t piece = blockOf.lookup(viewedValue(outerValue(group, input)));
        pieces[piece] = {whole, offset};
        blocks[whole].begin = std::min(blocks[whole].begin, blocks[piece].begin);
        blocks[whole].end = std::max(blocks[whole].end, blocks[piece].end);
      }
      offset += tensorBytes(cast<RankedTensorType>(input.getType()));
    }
  });
  return pieces;
}

} // namespace

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
        int64_t bytes = llvm::alignTo(std::max<int64_t>(tensorBytes(type), 1), kPlaceAlignment);
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
  SmallVector<Piece> pieces = mergePieces(function, blockOf, blocks);
  SmallVector<size_t> position(blocks.size());
  for (auto [i, block] : llvm::enumerate(blocks))
    if (pieces[i].whole == i) {
      position[i] = plan.blocks.size();
      plan.blocks.push_back(block);
    }
  plan.arenaBytes = packArena(plan.blocks);
  plan.mostLiveBytes = mostLiveBytes(plan.blocks);
  for (Value value : values) {
    size_t block = blockOf.lookup(value);
    int64_t offset = 0;
    for (; pieces[block].whole != block; block = pieces[block].whole)
      offset += pieces[block].offset;
    plan.offsets[value] = plan.blocks[position[block]].offset + offset;
  }
  return plan;
}

} // namespace nnc
