// Matrix products whose factors are transposed: the kernels read either order.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

/// Whether the transpose swaps the last two dims and keeps the others.
bool swapsLastDims(nn::TransposeOp op) {
  ArrayRef<int64_t> perm = op.getPerm();
  int64_t rank = perm.size();
  if (rank < 2 || perm[rank - 1] != rank - 2 || perm[rank - 2] != rank - 1)
    return false;
  return llvm::equal(perm.drop_back(2), llvm::seq<int64_t>(0, rank - 2));
}

/// A factor that is transposed before the product is transposed by it.
struct TransposeIntoMatMul : OpRewritePattern<nn::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::MatMulOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<nn::TransposeOp>(), b = op.getB().getDefiningOp<nn::TransposeOp>();
    bool takesA = a && swapsLastDims(a), takesB = b && swapsLastDims(b);
    if (!takesA && !takesB)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      if (takesA) {
        op.getAMutable().assign(a.getX());
        op.setTransposeA(!op.getTransposeA());
      }
      if (takesB) {
        op.getBMutable().assign(b.getX());
        op.setTransposeB(!op.getTransposeB());
      }
    });
    return success();
  }
};

} // namespace

void populateSimplifyContraction(RewritePatternSet &patterns) {
  patterns.add<TransposeIntoMatMul>(patterns.getContext());
}

} // namespace nnc
