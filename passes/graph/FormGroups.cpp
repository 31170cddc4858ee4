#include "dialects/nn/ShapeAnalysis.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/graph/Inlets.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMGROUPS
#include "passes/Passes.h.inc"

namespace {

/// An element that the group can hold as an immediate instead of loading it.
bool isImmediate(Value value) {
  auto constant = value.getDefiningOp<nn::ConstantOp>();
  return constant && constant.getValue().getNumElements() == 1 && isa<DenseElementsAttr>(constant.getValue()) &&
         isa<IntegerType, FloatType>(constant.getValue().getElementType());
}

struct FormGroups : impl::FormGroupsBase<FormGroups> {
  using FormGroupsBase::FormGroupsBase;

  void runOnOperation() override {
    ShapeAnalysis shapes(&getContext());
    getOperation().walk([&](func::FuncOp function) {
      if (function.isExternal())
        return;
      nn::declareSymbols(shapes, function);
      if (failed(shapes.inferAll(function.getBody())))
        return signalPassFailure();
      formIn(function.getBody(), shapes);
    });
  }

private:
  using ShapeAnalysis = nn::ShapeAnalysis;
  using OpSet = llvm::SmallSetVector<Operation *, 8>;

  void formIn(Region &region, ShapeAnalysis &shapes) {
    for (Block &block : region) {
      llvm::DenseSet<Operation *> done;
      SmallVector<Operation *> ops;
      for (Operation &op : block)
        ops.push_back(&op);
      for (Operation *op : llvm::reverse(ops)) {
        if (done.contains(op))
          continue; // it moved into a group
        if (isa<nn::SliceOp, nn::SplitOp>(op) && op->use_empty()) {
          op->erase(); // every user reads through it
          continue;
        }
        for (Region &nested : op->getRegions())
          if (!isa<nn::GroupOp, nn::AttentionOp, nn::BlockedBottleneckOp>(op))
            formIn(nested, shapes);
        if (isHostOp(op) || op->getDialect() != getContext().getLoadedDialect<nn::NNDialect>())
          continue;
        OpSet members = collect(op, shapes, done);
        done.insert(members.begin(), members.end());
        outline(op, members, shapes);
      }
    }
  }

  /// The ops that join `last` in its group.
  OpSet collect(Operation *last, ShapeAnalysis &shapes, const llvm::DenseSet<Operation *> &done) {
    OpSet members;
    members.insert(last);
    if (!fuse || !isElementwiseOp(last))
      return members;
    auto canJoin = [&](Operation *producer) {
      return producer && producer->getBlock() == last->getBlock() && !done.contains(producer) &&
             producer->getNumResults() == 1 && shapes.sameShape(producer->getResult(0), last->getResult(0)) &&
             llvm::all_of(producer->getUsers(), [&](Operation *user) { return members.contains(user); });
    };
    // Producers are visited from the last to the first, so that all users of one are known when its turn comes.
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < members.size(); ++i)
        for (Value operand : members[i]->getOperands()) {
          Operation *producer = operand.getDefiningOp();
          if (producer && isElementwiseOp(producer) && canJoin(producer))
            changed |= members.insert(producer);
        }
    }
    for (Operation *member : members)
      for (Value operand : member->getOperands()) {
        Operation *root = operand.getDefiningOp();
        if (root && takesEpilogue(root) && canJoin(root) && operandsFit(members, root, last, shapes)) {
          members.insert(root);
          return members;
        }
      }
    return members;
  }

  /// Whether every other operand of the epilogue certainly is dense or constant along each dim of the result.
  bool operandsFit(const OpSet &members, Operation *root, Operation *last, ShapeAnalysis &shapes) {
    Value result = last->getResult(0);
    int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
    for (Operation *member : members)
      for (Value operand : member->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if ((producer && (members.contains(producer) || producer == root)) || isImmediate(operand))
          continue;
        auto type = cast<RankedTensorType>(operand.getType());
        for (int64_t i = 0; i < type.getRank(); ++i)
          if (type.getDimSize(i) != 1 && !shapes.sameDim(operand, i, result, rank - type.getRank() + i))
            return false;
      }
    return true;
  }

  void outline(Operation *last, const OpSet &members, ShapeAnalysis &shapes) {
    SmallVector<Operation *> ordered(members.begin(), members.end());
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    bool readsBoxes = fuse && llvm::all_of(members, isElementwiseOp);
    llvm::SmallSetVector<Value, 8> inputs, immediates;
    llvm::SmallMapVector<Value, Box, 4> boxes;
    for (Operation *member : ordered)
      for (Value operand : member->getOperands()) {
        if (Operation *producer = operand.getDefiningOp(); producer && members.contains(producer))
          continue;
        if (isImmediate(operand) && isElementwiseOp(member)) {
          immediates.insert(operand);
          continue;
        }
        inputs.insert(operand);
        auto box = readsBoxes ? boxOf(operand) : std::nullopt;
        if (box && isWideFor(*box, operand, cast<RankedTensorType>(last->getResult(0).getType())))
          boxes.insert({operand, *box});
      }

    OpBuilder b(last);
    SmallVector<Value> operands;
    for (Value input : inputs)
      operands.push_back(boxes.contains(input) ? boxes.find(input)->second.source : input);
    auto group = nn::GroupOp::create(b, last->getLoc(), last->getResultTypes(), operands, FlatSymbolRefAttr(),
                                     AffineMapAttr(), IntegerAttr());
    Block *body = b.createBlock(&group.getBody());
    IRMapping map;
    for (Value immediate : immediates)
      if (!inputs.contains(immediate))
        map.map(immediate, b.clone(*immediate.getDefiningOp())->getResult(0));
    for (auto [input, operand] : llvm::zip(inputs, operands)) {
      Value argument = body->addArgument(operand.getType(), operand.getLoc());
      auto box = boxes.find(input);
      map.map(input, box == boxes.end() ? argument : createInlet(b, box->second, input, argument));
    }
    for (Operation *member : ordered)
      b.clone(*member, map);
    SmallVector<Value> yields;
    for (Value result : last->getResults())
      yields.push_back(map.lookup(result));
    nn::YieldOp::create(b, last->getLoc(), yields);

    // Where extents are dynamic, what the types cannot say: which inputs have the result's own shape.
    Value result = last->getResult(0);
    if (!cast<RankedTensorType>(result.getType()).hasStaticShape()) {
      SmallVector<bool> same;
      for (Value input : inputs)
        same.push_back(shapes.sameShape(input, result));
      group->setAttr("same_shape", b.getDenseBoolArrayAttr(same));
    }
    // What was known of the op is known of the group; the ops still to come ask for it.
    for (auto [from, to] : llvm::zip(last->getResults(), group.getResults())) {
      shapes.copy(from, to);
      from.replaceAllUsesWith(to);
    }
    for (Operation *member : llvm::reverse(ordered))
      member->erase();
  }
};

} // namespace
} // namespace nnc
