// A view between a product and the elementwise ops that follow keeps them out of the product's kernel. Views
// cost nothing anywhere, so this one moves behind the elementwise ops, and the other operands are seen in the
// product's shape.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_SINKVIEWS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType staticType(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.hasStaticShape() ? type : nullptr;
}

struct SinkViews : impl::SinkViewsBase<SinkViews> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isElementwiseOp(op) && !op->getParentOfType<nn::AttentionOp>() &&
          !op->getParentOfType<nn::BlockedBottleneckOp>())
        ops.push_back(op);
    });
    // In program order, so that a view passes one op after the other.
    for (Operation *op : ops)
      for (Value operand : op->getOperands())
        if (sink(op, operand))
          break;
  }

private:
  bool sink(Operation *op, Value operand) {
    Operation *view = operand.getDefiningOp();
    RankedTensorType result = staticType(op->getResult(0));
    if (!view || !isView(view) || !isReadBy(op, view) || !result || result.getNumElements() == 0)
      return false;
    Value x = view->getOperand(0);
    RankedTensorType type = staticType(x), viewed = staticType(operand);
    Operation *producer = x.getDefiningOp();
    if (!type || !viewed || viewed.getShape() != result.getShape() || !producer || !isReadThrough(view, x, op) ||
        type.getRank() == 0 || (!takesEpilogue(producer) && !isElementwiseOp(producer)))
      return false;
    // Only what ends in a product has a kernel to join.
    if (isElementwiseOp(producer) && !followsProduct(producer))
      return false;
    SmallVector<std::optional<SmallVector<int64_t>>> shapes;
    for (Value other : op->getOperands()) {
      shapes.push_back(other == operand ? SmallVector<int64_t>(type.getShape())
                                        : shapeFor(other, result, type));
      if (!shapes.back())
        return false;
    }
    OpBuilder b(op);
    SmallVector<Value> operands;
    for (auto [other, shape] : llvm::zip(op->getOperands(), shapes))
      operands.push_back(other == operand ? x : viewOf(b, op->getLoc(), other, *shape));
    Operation *moved = b.clone(*op);
    moved->setOperands(operands);
    moved->getResult(0).setType(RankedTensorType::get(type.getShape(), result.getElementType()));
    op->getResult(0).replaceAllUsesWith(viewOf(b, op->getLoc(), moved->getResult(0), result.getShape()));
    op->erase();
    if (view->use_empty())
      view->erase();
    return true;
  }

  /// Whether an op is all that reads a view; or all but an op that multiplies the view by what this one makes of it, as
  /// x * sigmoid(x) does.
  static bool isReadBy(Operation *op, Operation *view) {
    return llvm::all_of(view->getUsers(), [&](Operation *user) {
      return user == op || (isElementwiseOp(user) && op->hasOneUse() && *op->user_begin() == user &&
                            llvm::all_of(user->getOperands(), [&](Value v) {
                              return v.getDefiningOp() == view || v.getDefiningOp() == op;
                            }));
    });
  }

  /// Whether an op reads all that is made of `x`: by the view, and by views of ops that have sunk before.
  static bool isReadThrough(Operation *view, Value x, Operation *op) {
    return llvm::all_of(x.getUsers(), [&](Operation *user) {
      if (user == view)
        return true;
      Operation *sunk = isElementwiseOp(user) && user->hasOneUse() ? *user->user_begin() : nullptr;
      return sunk && isView(sunk) && sunk->hasOneUse() && *sunk->user_begin() == op;
    });
  }

  static bool followsProduct(Operation *op) {
    for (int depth = 0; op && depth < 8; ++depth) {
      if (takesEpilogue(op))
        return true;
      if (!isElementwiseOp(op))
        return false;
      Operation *next = nullptr;
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          if (operand.getType() == op->getResult(0).getType() && llvm::all_of(operand.getUsers(), isElementwiseOp) &&
              (takesEpilogue(producer) || isElementwiseOp(producer)))
            next = producer;
      op = next;
    }
    return false;
  }

  /// The shape of an operand in which every dim of `type` has all of what the view makes of it, or is the same along it.
  static std::optional<SmallVector<int64_t>> regrouped(ArrayRef<int64_t> own, ArrayRef<int64_t> result,
                                                       ArrayRef<int64_t> type) {
    if (own.size() > result.size())
      return std::nullopt;
    SmallVector<int64_t> padded(result.size() - own.size(), 1), shape;
    padded.append(own.begin(), own.end());
    // Both shapes are cut where either is, from the end on: `left` and `seen` of the dims at hand lie before the last cut.
    size_t dim = result.size();
    int64_t seen = 1;
    for (int64_t whole : llvm::reverse(type)) {
      std::optional<bool> isWhole;
      for (int64_t left = whole, extent = 1; left > 1; left /= extent) {
        while (seen == 1 && dim > 0)
          seen = result[--dim];
        extent = std::min(left, seen);
        if (left % extent != 0 || seen % extent != 0 || isWhole.value_or(padded[dim] != 1) != (padded[dim] != 1))
          return std::nullopt;
        isWhole = padded[dim] != 1;
        seen /= extent;
      }
      shape.push_back(isWhole.value_or(false) ? whole : 1);
    }
    std::reverse(shape.begin(), shape.end());
    return shape;
  }

  /// The shape in which an operand of the result's shape, or that is the same for all its rows, meets `type`.
  static std::optional<SmallVector<int64_t>> shapeFor(Value other, RankedTensorType result,
                                                      RankedTensorType type) {
    RankedTensorType own = staticType(other);
    if (!own)
      return std::nullopt;
    if (own.getShape() == result.getShape())
      return SmallVector<int64_t>(type.getShape());
    if (own.getNumElements() == 1)
      return own.getRank() <= type.getRank() ? SmallVector<int64_t>(own.getShape()) : SmallVector<int64_t>();
    int64_t last = own.getShape().back();
    if (own.getNumElements() == last && result.getRank() > 0 && last == result.getShape().back() &&
        last == type.getShape().back())
      return SmallVector<int64_t>{last};
    return regrouped(own.getShape(), result.getShape(), type.getShape());
  }
};

} // namespace
} // namespace nnc
