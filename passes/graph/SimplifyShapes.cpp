// Parts of shapes: an extent that only the run knows is written by the host code, without a kernel to pick it.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

/// Dims [begin, begin + count) of what `shape` is the shape of.
Value createPart(PatternRewriter &rewriter, Location loc, nn::ShapeOfOp shape, int64_t begin, int64_t count) {
  auto type = RankedTensorType::get(count, rewriter.getI64Type());
  int64_t first = shape.getBegin() + begin;
  return nn::ShapeOfOp::create(rewriter, loc, type, shape.getX(), first, first + count);
}

int64_t lengthOf(nn::ShapeOfOp shape) { return shape.getEnd() - shape.getBegin(); }

/// shape_of(x)[i] with a known i.
struct GatherOfShape : OpRewritePattern<nn::GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::GatherOp op, PatternRewriter &rewriter) const override {
    auto shape = op.getX().getDefiningOp<nn::ShapeOfOp>();
    auto indices = shape ? nn::constantIntegers(op.getIndices()) : std::nullopt;
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!indices || indices->size() != 1 || !type || type.getRank() > 1)
      return failure();
    int64_t index = indices->front() < 0 ? indices->front() + lengthOf(shape) : indices->front();
    if (index < 0 || index >= lengthOf(shape))
      return failure();
    Value part = createPart(rewriter, op.getLoc(), shape, index, 1);
    if (type.getRank() == 0)
      part = nn::SqueezeOp::create(rewriter, op.getLoc(), type, part, ArrayRef<int64_t>{0});
    rewriter.replaceOp(op, part);
    return success();
  }
};

/// shape_of(x)[a:b] with known bounds.
struct SliceOfShape : OpRewritePattern<nn::SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::SliceOp op, PatternRewriter &rewriter) const override {
    auto shape = op.getX().getDefiningOp<nn::ShapeOfOp>();
    auto starts = shape ? nn::constantIntegers(op.getStarts()) : std::nullopt;
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!starts || starts->size() != 1 || op.getSteps()[0] != 1 || !type || !type.hasStaticShape())
      return failure();
    int64_t length = lengthOf(shape), start = starts->front() < 0 ? starts->front() + length : starts->front();
    start = std::clamp<int64_t>(start, 0, length);
    if (start + type.getNumElements() > length)
      return failure();
    rewriter.replaceOp(op, createPart(rewriter, op.getLoc(), shape, start, type.getNumElements()));
    return success();
  }
};

} // namespace

void populateSimplifyShapes(RewritePatternSet &patterns) {
  patterns.add<GatherOfShape, SliceOfShape>(patterns.getContext());
}

} // namespace nnc
