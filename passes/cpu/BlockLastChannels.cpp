// Transformers over images, and heads that detect, keep a pixel's channels together and bring them in front for a
// convolution alone. Between blocks and channels that are last only vectors move, so the transpose becomes a part of
// nn.block_channels and nn.unblock_channels; elementwise ops that follow it join the convolution's kernel first.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/BlockedTypes.h"
#include "passes/graph/DeadOps.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_BLOCKLASTCHANNELS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// Whether `perm` brings the last dim to the place after the first, or with `back` that one to the end.
bool movesChannels(ArrayRef<int64_t> perm, bool back) {
  SmallVector<int64_t> expected = llvm::to_vector(llvm::seq<int64_t>(0, perm.size()));
  if (perm.size() < 3)
    return false;
  if (back)
    std::rotate(expected.begin() + 1, expected.begin() + 2, expected.end());
  else
    std::rotate(expected.begin() + 1, expected.end() - 1, expected.end());
  return perm == ArrayRef(expected);
}

/// Whether a view changes only how the pixels of [N,C,D1..Dn] are numbered.
bool renumbersPixels(Operation *view) {
  RankedTensorType x = typeOf(view->getOperand(0)), y = typeOf(view->getResult(0));
  return x && y && x.hasStaticShape() && y.hasStaticShape() && x.getRank() > 2 && y.getRank() > 2 &&
         x.getShape().take_front(2) == y.getShape().take_front(2);
}

/// [N,C,D1..Dn] as [N,D1..Dn,C].
RankedTensorType lastType(RankedTensorType image) {
  SmallVector<int64_t> shape(image.getShape());
  std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  return RankedTensorType::get(shape, image.getElementType());
}

struct BlockLastChannels : impl::BlockLastChannelsBase<BlockLastChannels> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    // In program order, so that one elementwise op follows the other.
    for (Operation *op : ops)
      if (isElementwiseOp(op))
        hoist(op);
    SmallVector<nn::BlockChannelsOp> entries;
    SmallVector<nn::UnblockChannelsOp> exits;
    getOperation().walk([&](nn::BlockChannelsOp op) { entries.push_back(op); });
    getOperation().walk([&](nn::UnblockChannelsOp op) { exits.push_back(op); });
    llvm::for_each(entries, fromLast);
    llvm::for_each(exits, leaveLast);
    eraseDeadOps(getOperation());
  }

private:
  /// Applies an elementwise op of one tensor to the blocks that its operand comes from by way of views and transposes.
  static void hoist(Operation *op) {
    RankedTensorType y = typeOf(op->getResult(0));
    OpOperand *moved = nullptr;
    for (OpOperand &operand : op->getOpOperands()) {
      RankedTensorType type = typeOf(operand.get());
      if (!type || !y)
        return;
      if (llvm::all_of(type.getShape(), [](int64_t extent) { return extent == 1; }) && type.getRank() <= 1)
        continue;
      if (moved || type.getShape() != y.getShape())
        return;
      moved = &operand;
    }
    if (!moved)
      return;
    SmallVector<Operation *> way;
    Operation *source = moved->get().getDefiningOp();
    while (source && source->hasOneUse() && (isView(source) || isa<nn::TransposeOp>(source))) {
      way.push_back(source);
      source = source->getOperand(0).getDefiningOp();
    }
    auto unblock = dyn_cast_or_null<nn::UnblockChannelsOp>(source);
    if (way.empty() || !unblock || !unblock->hasOneUse())
      return;
    OpBuilder b(op);
    auto retyped = [&](Value like) { return typeOf(like).clone(y.getElementType()); };
    Operation *blocked = b.clone(*op);
    blocked->setOperand(moved->getOperandNumber(), unblock.getX());
    blocked->getResult(0).setType(retyped(unblock.getX()));
    Value result = nn::UnblockChannelsOp::create(b, op->getLoc(), retyped(unblock.getY()), blocked->getResult(0),
                                                 unblock.getChannels());
    for (Operation *step : llvm::reverse(way)) {
      Operation *copy = b.clone(*step);
      copy->setOperand(0, result);
      copy->getResult(0).setType(retyped(step->getResult(0)));
      result = copy->getResult(0);
    }
    op->replaceAllUsesWith(ValueRange{result});
    op->erase();
    for (Operation *step : way)
      step->erase();
    unblock.erase();
  }

  static void fromLast(nn::BlockChannelsOp op) {
    Value image = op.getX();
    if (Operation *view = image.getDefiningOp(); view && isView(view) && renumbersPixels(view))
      image = view->getOperand(0);
    auto transpose = image.getDefiningOp<nn::TransposeOp>();
    if (op.getChannelsLast() || !transpose || !movesChannels(transpose.getPerm(), /*back=*/false))
      return;
    OpBuilder b(op);
    Value last = viewOf(b, op.getLoc(), transpose.getX(), lastType(typeOf(op.getX())).getShape());
    op.replaceAllUsesWith(nn::BlockChannelsOp::create(b, op.getLoc(), op.getType(), last, op.getByBlock(),
                                                      /*channels_last=*/true).getResult());
    op.erase();
  }

  static void leaveLast(nn::UnblockChannelsOp op) {
    if (op.getChannelsLast())
      return;
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      if (auto transpose = dyn_cast<nn::TransposeOp>(user))
        toLast(op, transpose);
      else if (isView(user) && user->getOperand(0) == op.getY() && renumbersPixels(user))
        for (Operation *next : llvm::make_early_inc_range(user->getUsers()))
          if (auto transpose = dyn_cast<nn::TransposeOp>(next))
            toLast(op, transpose);
    }
  }

  static void toLast(nn::UnblockChannelsOp op, nn::TransposeOp transpose) {
    if (!movesChannels(transpose.getPerm(), /*back=*/true))
      return;
    OpBuilder b(transpose);
    Value last = nn::UnblockChannelsOp::create(b, op.getLoc(), lastType(typeOf(op.getY())), op.getX(), op.getChannels(),
                                               op.getByBlock(), /*channels_last=*/true);
    transpose.replaceAllUsesWith(viewOf(b, transpose.getLoc(), last, typeOf(transpose.getY()).getShape()));
    transpose.erase();
  }
};

} // namespace
} // namespace nnc
