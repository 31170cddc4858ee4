#include "passes/Passes.h"
#include "passes/cpu/MathExpansions.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
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

/// Whether all that is made of it is 1 + exp(x).
bool isAddedToOne(math::ExpOp op) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    auto sum = dyn_cast<arith::AddFOp>(user);
    return sum && (matchPattern(sum.getLhs(), m_OneFloat()) || matchPattern(sum.getRhs(), m_OneFloat()));
  });
}

struct ExpandExp : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context, bool scales) : OpRewritePattern(context), scales(scales) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType()))
      return failure();
    bool flushes = arith::bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn);
    if (flushes && getElementTypeOrSelf(op.getType()).isF32() && isAddedToOne(op)) {
      rewriter.replaceOp(op, expandExpPlusOne(rewriter, op.getLoc(), op.getOperand(), scales));
      return success();
    }
    rewriter.replaceOp(op, expandExp(rewriter, op.getLoc(), op.getOperand(), scales, flushes));
    return success();
  }
  bool scales;
};

struct ExpandFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType()))
      return failure();
    rewriter.replaceOp(op, expandFma(rewriter, op.getLoc(), op.getA(), op.getB(), op.getC()));
    return success();
  }
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

/// A number that is not NaN, or a vector of it.
bool isNumber(Value value) {
  APFloat number(0.0);
  return matchPattern(value, m_ConstantFloat(&number)) && !number.isNaN();
}

/// Maxima and minima with a number are a comparison and a choice that keeps NaN, which x86 does in one
/// instruction; in general it needs three.
template <typename OpTy, arith::CmpFPredicate replaces>
struct CompareWithNumber : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    Value x = op.getLhs(), number = op.getRhs();
    if (isNumber(x))
      std::swap(x, number);
    if (!isNumber(number))
      return failure();
    Value condition = arith::CmpFOp::create(rewriter, op.getLoc(), replaces, number, x);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, condition, number, x);
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
    if (!fuses)
      patterns.add<ExpandFma>(&getContext());
    if (comparesNumbers)
      patterns.add<CompareWithNumber<arith::MaximumFOp, arith::CmpFPredicate::OGT>,
                   CompareWithNumber<arith::MinimumFOp, arith::CmpFPredicate::OLT>>(&getContext());
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace nnc
