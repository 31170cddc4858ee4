// Chains of views: one nn.reshape at most is left between two ops that touch elements.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

/// What nn.reshape needs as its second operand to give this type from any x with the right number of elements.
std::optional<SmallVector<int64_t>> shapeList(RankedTensorType type) {
  if (type.getNumDynamicDims() > 1 || (type.getNumDynamicDims() == 1 && llvm::is_contained(type.getShape(), 0)))
    return std::nullopt;
  SmallVector<int64_t> list(type.getShape());
  for (int64_t &extent : list)
    if (ShapedType::isDynamic(extent))
      extent = -1;
  return list;
}

Value createReshape(PatternRewriter &rewriter, Location loc, Value x, RankedTensorType type, ArrayRef<int64_t> list) {
  return nn::ReshapeOp::create(rewriter, loc, type, x, createIndexList(rewriter, loc, list),
                               llvm::is_contained(list, 0));
}

/// view(x) with x's own shape is x; view(view(x)) is one reshape of x.
struct MergeViews : RewritePattern {
  explicit MergeViews(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isView(op))
      return failure();
    Value x = op->getOperand(0);
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return failure();
    if (provesSameShape(x.getType(), type)) {
      rewriter.replaceOp(op, x);
      return success();
    }
    Operation *inner = x.getDefiningOp();
    if (inner && isView(inner)) {
      Value base = inner->getOperand(0);
      bool inverse = (isa<nn::SqueezeOp>(op) && isa<nn::UnsqueezeOp>(inner)) ||
                     (isa<nn::UnsqueezeOp>(op) && isa<nn::SqueezeOp>(inner));
      if (inverse && base.getType() == type && op->getAttr("axes") == inner->getAttr("axes")) {
        rewriter.replaceOp(op, base);
        return success();
      }
      auto list = shapeList(type);
      if (!list)
        return failure();
      rewriter.replaceOp(op, createReshape(rewriter, op->getLoc(), base, type, *list));
      return success();
    }
    return failure();
  }
};

/// A reshape whose result type says it all does not need the computation of its shape.
struct ReshapeToKnownShape : OpRewritePattern<nn::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getY().getType());
    auto list = type ? shapeList(type) : std::nullopt;
    if (!list || constantValue(op.getShape()))
      return failure();
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), op.getX(), type, *list));
    return success();
  }
};

/// A transpose that moves only dims of size 1 moves no element.
struct TransposeToReshape : OpRewritePattern<nn::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::TransposeOp op, PatternRewriter &rewriter) const override {
    auto x = dyn_cast<RankedTensorType>(op.getX().getType()), y = dyn_cast<RankedTensorType>(op.getY().getType());
    if (!x || !y)
      return failure();
    int64_t last = -1;
    for (int64_t axis : op.getPerm()) {
      if (x.getDimSize(axis) == 1)
        continue;
      if (axis < last)
        return failure();
      last = axis;
    }
    auto list = shapeList(y);
    if (!list)
      return failure();
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), op.getX(), y, *list));
    return success();
  }
};

} // namespace

void populateSimplifyViews(RewritePatternSet &patterns) {
  patterns.add<MergeViews, ReshapeToKnownShape, TransposeToReshape>(patterns.getContext());
}

} // namespace nnc
