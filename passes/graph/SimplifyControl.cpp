// Branches whose condition is known.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

struct InlineKnownBranch : OpRewritePattern<nn::IfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::IfOp op, PatternRewriter &rewriter) const override {
    auto condition = uniformNumber(op.getCondition());
    if (!condition)
      return failure();
    Block &block = (*condition != 0 ? op.getThenRegion() : op.getElseRegion()).front();
    Operation *yield = block.getTerminator();
    for (auto [value, result] : llvm::zip(yield->getOperands(), op.getResults()))
      if (!refines(value.getType(), result.getType()))
        return failure();
    rewriter.inlineBlockBefore(&block, op);
    rewriter.replaceOp(op, SmallVector<Value>(yield->getOperands()));
    rewriter.eraseOp(yield);
    return success();
  }
};

} // namespace

void populateSimplifyControl(RewritePatternSet &patterns) { patterns.add<InlineKnownBranch>(patterns.getContext()); }

} // namespace nnc
