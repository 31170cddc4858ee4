// Indices that are known: what picks by them is known, too, or no more than a view.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

/// Indices that become a constant at most.
constexpr int64_t kMostIndices = 1 << 16;

/// The elements of a tensor of numbers that is small and known.
std::optional<std::vector<double>> knownElements(Value x) {
  auto type = dyn_cast<RankedTensorType>(x.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > kMostIndices)
    return std::nullopt;
  if (auto fill = x.getDefiningOp<nn::FillOp>())
    if (std::optional<double> number = uniformNumber(fill.getValue()))
      return std::vector<double>(type.getNumElements(), *number);
  ElementsAttr constant = constantValue(x);
  return constant ? numberElements(constant) : std::nullopt;
}

/// The places in a known tensor that are not zero. Exporters write the numbers below n as those of n ones; what is
/// gathered by them has a shape that only the run knows until they are a constant.
struct NonZeroOfKnown : OpRewritePattern<nn::NonZeroOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::NonZeroOp op, PatternRewriter &rewriter) const override {
    std::optional<std::vector<double>> elements = knownElements(op.getX());
    auto x = dyn_cast<RankedTensorType>(op.getX().getType());
    if (!elements || x.getRank() == 0)
      return failure();
    SmallVector<int64_t> places;
    for (auto [place, element] : llvm::enumerate(*elements))
      if (element != 0)
        places.push_back(place);
    int64_t rank = x.getRank(), count = places.size();
    if (count * rank > kMostIndices)
      return failure();
    SmallVector<int64_t> indices(rank * count);
    for (int64_t d = rank; d-- > 0;) {
      int64_t extent = x.getDimSize(d);
      for (int64_t i = 0; i < count; ++i) {
        indices[d * count + i] = places[i] % extent;
        places[i] /= extent;
      }
    }
    auto type = RankedTensorType::get({rank, count}, rewriter.getI64Type());
    rewriter.replaceOp(op, createConstant(rewriter, op.getLoc(), DenseElementsAttr::get(type, ArrayRef(indices))));
    return success();
  }
};

/// The only element of a dim of extent 1, whose place in the shape the extents of the index take.
struct GatherOfUnitDim : OpRewritePattern<nn::GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::GatherOp op, PatternRewriter &rewriter) const override {
    auto x = dyn_cast<RankedTensorType>(op.getX().getType()), y = dyn_cast<RankedTensorType>(op.getType());
    auto indexType = dyn_cast<RankedTensorType>(op.getIndices().getType());
    if (!x || !y || !indexType || x.getDimSize(op.getAxis()) != 1)
      return failure();
    auto indices = nn::constantIntegers(op.getIndices());
    if (!indices || indices->size() != 1)
      return failure();
    int64_t axis = op.getAxis(), rank = indexType.getRank();
    if (rank == 0)
      rewriter.replaceOpWithNewOp<nn::SqueezeOp>(op, y, op.getX(), ArrayRef<int64_t>{axis});
    else if (rank == 1)
      rewriter.replaceOp(op, op.getX());
    else
      rewriter.replaceOpWithNewOp<nn::UnsqueezeOp>(op, y, op.getX(), llvm::to_vector(llvm::seq(axis + 1, axis + rank)));
    return success();
  }
};

} // namespace

void populateSimplifyIndices(RewritePatternSet &patterns) {
  patterns.add<NonZeroOfKnown, GatherOfUnitDim>(patterns.getContext());
}

} // namespace nnc
