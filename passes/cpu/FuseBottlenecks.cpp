#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/cpu/ConvolutionPlan.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FUSEBOTTLENECKS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

int64_t bytesOf(RankedTensorType type) {
  int64_t images = type.isDynamicDim(0) ? 1 : type.getDimSize(0);
  return images * ShapedType::getNumElements(type.getShape().drop_front()) * 4;
}

/// The elementwise ops that lead from a result to its only reader.
struct Activation {
  Value from;
  llvm::SmallSetVector<Operation *, 8> ops;
};

/// A constant of one element, which every place of the tensor may use.
bool isSingle(Value value) {
  auto constant = value.getDefiningOp<nn::ConstantOp>();
  return constant && constant.getValue().getNumElements() == 1 && isa<DenseElementsAttr>(constant.getValue());
}

/// What leads from the result of a `Producer` to the operand x of `reader`, if nobody else sees anything of it.
template <typename Producer> std::optional<Activation> activationBefore(Operation *reader, Value x) {
  Activation found;
  SmallVector<Value> open = {x};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != reader->getBlock() || typeOf(value).getShape() != typeOf(x).getShape())
      return std::nullopt;
    if (isa<Producer>(op)) {
      if (found.from && found.from != value)
        return std::nullopt;
      found.from = value;
    } else if (!isElementwiseOp(op)) {
      return std::nullopt;
    } else if (found.ops.insert(op)) {
      for (Value operand : op->getOperands())
        if (!isSingle(operand))
          open.push_back(operand);
    }
  }
  auto isInside = [&](Operation *user) { return user == reader || found.ops.contains(user); };
  if (!found.from || !llvm::all_of(found.from.getUsers(), isInside))
    return std::nullopt;
  for (Operation *op : found.ops)
    if (!llvm::all_of(op->getUsers(), isInside))
      return std::nullopt;
  return found;
}

/// Fills a region with the ops of an activation, which end in `result`.
void moveInto(Region &region, OpBuilder &b, Location loc, const Activation &activation, Value result) {
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&region);
  IRMapping map;
  map.map(activation.from, block->addArgument(activation.from.getType(), loc));
  SmallVector<Operation *> ordered(activation.ops.begin(), activation.ops.end());
  llvm::sort(ordered, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
  for (Operation *op : ordered) {
    for (Value operand : op->getOperands())
      if (!map.contains(operand))
        map.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
    b.clone(*op, map);
  }
  nn::YieldOp::create(b, loc, map.lookup(result));
}

void eraseUnread(const Activation &activation) {
  SmallVector<Operation *> ordered(activation.ops.begin(), activation.ops.end());
  llvm::sort(ordered, [](Operation *x, Operation *y) { return y->isBeforeInBlock(x); });
  for (Operation *op : ordered)
    op->erase();
  activation.from.getDefiningOp()->erase();
}

Value biasOrZeros(OpBuilder &b, Location loc, Value bias, int64_t filters) {
  if (bias)
    return bias;
  auto type = RankedTensorType::get({nn::blocksOf(filters), nn::kBlock}, b.getF32Type());
  return nn::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, b.getF32FloatAttr(0)));
}

struct FuseBottlenecks : impl::FuseBottlenecksBase<FuseBottlenecks> {
  void runOnOperation() override {
    // What is before a depthwise convolution is larger than what is behind it: all of the first come first.
    for (nn::BlockedDepthwiseOp op : opsOf<nn::BlockedDepthwiseOp>())
      if (isCandidate(op))
        expandBefore(op);
    for (nn::BlockedConvOp op : opsOf<nn::BlockedConvOp>())
      if (isProjection(op))
        projectAfter(op);
  }

private:
  template <typename OpTy> SmallVector<OpTy> opsOf() {
    SmallVector<OpTy> ops;
    getOperation().walk([&](OpTy op) { ops.push_back(op); });
    return ops;
  }

  /// Whether all of its input is read.
  static bool isCandidate(nn::BlockedDepthwiseOp op) {
    if (op.getKernel().size() != 2 || op.getPerGroup() != 1 || op.getDepth() ||
        ShapedType::isDynamicShape(typeOf(op.getX()).getShape().drop_front()))
      return false;
    for (size_t i = 0; i < 2; ++i)
      if (op.getStrides()[i] > (op.getKernel()[i] - 1) * op.getDilations()[i] + 1)
        return false;
    return true;
  }

  static void expandBefore(nn::BlockedDepthwiseOp op) {
    auto activation = activationBefore<nn::BlockedConvOp>(op, op.getX());
    if (!activation)
      return;
    auto conv = activation->from.getDefiningOp<nn::BlockedConvOp>();
    if (conv.getGroups() != 1 || !fusesExpansion(bytesOf(typeOf(op.getX())), bytesOf(typeOf(conv.getPanels()))))
      return;
    OpBuilder b(op);
    Location loc = b.getFusedLoc({conv.getLoc(), op.getLoc()});
    auto fused = nn::BlockedBottleneckOp::create(
        b, loc, op.getType(), conv.getX(), conv.getPanels(), biasOrZeros(b, loc, conv.getBias(), conv.getFilters()),
        op.getW(), biasOrZeros(b, loc, op.getBias(), conv.getFilters()), /*project=*/ValueRange(), op.getKernel(),
        op.getStrides(), op.getPads(), op.getDilations(), conv.getChannels(), conv.getFilters(), conv.getKernel(),
        conv.getStrides(), conv.getPads(), conv.getDilations(), /*project_filters=*/IntegerAttr());
    moveInto(fused.getExpanded(), b, loc, *activation, op.getX());
    op.replaceAllUsesWith(fused.getY());
    op.erase();
    eraseUnread(*activation);
  }

  /// Whether every pixel comes from the pixel of x at the same place, by filters of all channels.
  static bool isProjection(nn::BlockedConvOp op) {
    auto isOne = [](int64_t v) { return v == 1; };
    return op.getKernel().size() == 2 && llvm::all_of(op.getKernel(), isOne) && llvm::all_of(op.getStrides(), isOne) &&
           llvm::all_of(op.getPads(), [](int64_t v) { return v == 0; }) && op.getGroups() == 1 &&
           typeOf(op.getX()).getRank() == 5;
  }

  static void projectAfter(nn::BlockedConvOp op) {
    auto activation = activationBefore<nn::BlockedBottleneckOp>(op, op.getX());
    if (!activation)
      return;
    auto before = activation->from.getDefiningOp<nn::BlockedBottleneckOp>();
    auto expanded = cast<RankedTensorType>(before.getExpanded().front().getArgument(0).getType());
    int64_t rows = (before.getKernel()[0] - 1) * before.getDilations()[0] + 1,
            kept = expanded.getDimSize(1) * rows * expanded.getDimSize(3) * nn::kBlock * 4;
    if (!before.getProject().empty() ||
        !fusesProjection(bytesOf(typeOf(op.getX())), bytesOf(typeOf(op.getPanels())), kept))
      return;
    OpBuilder b(op);
    Location loc = b.getFusedLoc({before.getLoc(), op.getLoc()});
    SmallVector<Value> project = {op.getPanels(), biasOrZeros(b, loc, op.getBias(), op.getFilters())};
    auto fused = nn::BlockedBottleneckOp::create(
        b, loc, op.getType(), before.getX(), before.getPanels(), before.getExpandBias(), before.getW(),
        before.getBias(), project, before.getKernel(), before.getStrides(), before.getPads(), before.getDilations(),
        before.getChannels(), before.getFilters(), before.getExpandKernel(), before.getExpandStrides(),
        before.getExpandPads(), before.getExpandDilations(), b.getI64IntegerAttr(op.getFilters()));
    fused.getExpanded().takeBody(before.getExpanded());
    moveInto(fused.getFiltered(), b, loc, *activation, op.getX());
    op.replaceAllUsesWith(fused.getY());
    op.erase();
    eraseUnread(*activation);
  }
};

} // namespace
} // namespace nnc
