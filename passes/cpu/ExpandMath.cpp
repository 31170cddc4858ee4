#include "passes/Passes.h"
#include "passes/cpu/MathExpansions.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Passes.h.inc"

namespace {

bool isExpandable(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32() || element.isF64();
}

template <typename OpTy, Value (*expand)(OpBuilder &, Location, Value)>
struct ExpandUnary : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType()))
      return failure();
    rewriter.replaceOp(op, expand(rewriter, op.getLoc(), op.getOperand()));
    return success();
  }
};

struct ExpandExp : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context, bool scales) : OpRewritePattern(context), scales(scales) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType()))
      return failure();
    rewriter.replaceOp(op, expandExp(rewriter, op.getLoc(), op.getOperand(), scales));
    return success();
  }
  bool scales;
};

struct ExpandPower : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType()))
      return failure();
    rewriter.replaceOp(op, expandPow(rewriter, op.getLoc(), op.getLhs(), op.getRhs()));
    return success();
  }
};

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp>(&getContext(), scales);
    patterns.add<ExpandUnary<math::ExpM1Op, expandExpM1>,
                 ExpandUnary<math::LogOp, expandLog>, ExpandUnary<math::Log1pOp, expandLog1p>,
                 ExpandUnary<math::TanhOp, expandTanh>, ExpandUnary<math::ErfOp, expandErf>,
                 ExpandUnary<math::SinOp, expandSin>, ExpandUnary<math::CosOp, expandCos>,
                 ExpandUnary<math::TanOp, expandTan>, ExpandUnary<math::AsinOp, expandAsin>,
                 ExpandUnary<math::AcosOp, expandAcos>, ExpandUnary<math::AtanOp, expandAtan>, ExpandPower>(
        &getContext());
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace nnc
