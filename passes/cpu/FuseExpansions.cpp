#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/cpu/ConvolutionPlan.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FUSEEXPANSIONS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What lies between the two convolutions.
struct Activation {
  nn::BlockedConvOp conv;
  llvm::SmallSetVector<Operation *, 8> ops;
};

/// A constant of one element, which every place of the tensor may use.
bool isSingle(Value value) {
  auto constant = value.getDefiningOp<nn::ConstantOp>();
  return constant && constant.getValue().getNumElements() == 1 &&
         isa<DenseElementsAttr>(constant.getValue());
}

/// Every pixel from the pixel of x at the same place: 1 x 1, no stride, no padding, one group, from blocks.
bool isExpansion(nn::BlockedConvOp conv) {
  auto isOne = [](int64_t v) { return v == 1; };
  return conv.getKernel().size() == 2 && llvm::all_of(conv.getKernel(), isOne) &&
         llvm::all_of(conv.getStrides(), isOne) &&
         llvm::all_of(conv.getPads(), [](int64_t v) { return v == 0; }) && conv.getGroups() == 1 &&
         typeOf(conv.getX()).getRank() == 5;
}

/// The elementwise ops that lead from an expansion to x, if nobody else sees anything of it.
std::optional<Activation> activationBefore(nn::BlockedDepthwiseOp depthwise) {
  Activation found;
  SmallVector<Value> open = {depthwise.getX()};
  auto shape = typeOf(depthwise.getX()).getShape();
  while (!open.empty()) {
    Value value = open.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != depthwise->getBlock() || typeOf(value).getShape() != shape)
      return std::nullopt;
    if (auto conv = dyn_cast<nn::BlockedConvOp>(op)) {
      if (!isExpansion(conv) || (found.conv && found.conv != conv))
        return std::nullopt;
      found.conv = conv;
    } else if (!isElementwiseOp(op)) {
      return std::nullopt;
    } else if (found.ops.insert(op)) {
      for (Value operand : op->getOperands())
        if (!isSingle(operand))
          open.push_back(operand);
    }
  }
  auto isInside = [&](Operation *user) { return user == depthwise || found.ops.contains(user); };
  if (!found.conv || !llvm::all_of(found.conv->getUsers(), isInside))
    return std::nullopt;
  for (Operation *op : found.ops)
    if (!llvm::all_of(op->getUsers(), isInside))
      return std::nullopt;
  return found;
}

struct FuseExpansions : impl::FuseExpansionsBase<FuseExpansions> {
  void runOnOperation() override {
    SmallVector<nn::BlockedDepthwiseOp> ops;
    getOperation().walk([&](nn::BlockedDepthwiseOp op) { ops.push_back(op); });
    for (nn::BlockedDepthwiseOp op : ops)
      if (isCandidate(op))
        if (std::optional<Activation> activation = activationBefore(op))
          fuse(op, *activation);
  }

private:
  /// Whether its input is large, and all of it is read.
  static bool isCandidate(nn::BlockedDepthwiseOp op) {
    RankedTensorType x = typeOf(op.getX());
    if (op.getKernel().size() != 2 || op.getPerGroup() != 1 ||
        ShapedType::isDynamicShape(x.getShape().drop_front()))
      return false;
    for (size_t i = 0; i < 2; ++i)
      if (op.getStrides()[i] > (op.getKernel()[i] - 1) * op.getDilations()[i] + 1)
        return false;
    int64_t images = x.isDynamicDim(0) ? 1 : x.getDimSize(0);
    return fusesExpansion(images * ShapedType::getNumElements(x.getShape().drop_front()));
  }

  static Value biasOrZeros(OpBuilder &b, Location loc, Value bias, int64_t blocks) {
    if (bias)
      return bias;
    auto type = RankedTensorType::get({blocks, nn::kBlock}, b.getF32Type());
    return nn::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, b.getF32FloatAttr(0)));
  }

  static void fuse(nn::BlockedDepthwiseOp op, const Activation &activation) {
    nn::BlockedConvOp conv = activation.conv;
    OpBuilder b(op);
    Location loc = b.getFusedLoc({conv.getLoc(), op.getLoc()});
    RankedTensorType expanded = typeOf(op.getX());
    int64_t blocks = expanded.getDimSize(1);
    auto fused = nn::BlockedExpandDepthwiseOp::create(
        b, loc, op.getType(), conv.getX(), conv.getPanels(), biasOrZeros(b, loc, conv.getBias(), blocks),
        op.getW(), biasOrZeros(b, loc, op.getBias(), blocks), op.getKernel(), op.getStrides(), op.getPads(),
        op.getDilations(), conv.getChannels(), conv.getFilters());
    Block *block = b.createBlock(&fused.getActivation());
    IRMapping map;
    map.map(conv.getY(), block->addArgument(expanded, loc));
    SmallVector<Operation *> ordered(activation.ops.begin(), activation.ops.end());
    llvm::sort(ordered, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
    for (Operation *inner : ordered) {
      for (Value operand : inner->getOperands())
        if (!map.contains(operand))
          map.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
      b.clone(*inner, map);
    }
    nn::YieldOp::create(b, loc, map.lookup(op.getX()));
    op.replaceAllUsesWith(fused.getY());
    op.erase();
    for (Operation *inner : llvm::reverse(ordered))
      inner->erase();
    conv.erase();
  }
};

} // namespace
} // namespace nnc
