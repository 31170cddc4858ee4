// Matrix products whose factors are transposed: the kernels read either order. Convolutions with taps that meet nothing
// but padding, or whose window is the whole image.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Movement.h"
#include "passes/graph/Simplify.h"
#include "passes/graph/WindowPads.h"

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

/// A kernel whose outer taps lie beyond the input at every output loses them: one of 3 x 3 with a dilation of 24 is one
/// of 1 x 1 over 16 x 16 pixels.
struct CropKernel : OpRewritePattern<nn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConvOp op, PatternRewriter &rewriter) const override {
    auto x = dyn_cast<RankedTensorType>(op.getX().getType()), w = dyn_cast<RankedTensorType>(op.getW().getType()),
         y = dyn_cast<RankedTensorType>(op.getY().getType());
    if (!x || !w || !y)
      return failure();
    for (RankedTensorType type : {x, w, y})
      if (ShapedType::isDynamicShape(type.getShape().drop_front(2)))
        return failure();
    size_t n = x.getRank() - 2;
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    SmallVector<int64_t> pads = explicitPads(op, kernel), shape(w.getShape()), starts, ends, axes;
    for (size_t i = 0; i < n; ++i) {
      auto [before, after] = unread(x.getDimSize(2 + i), y.getDimSize(2 + i), kernel[i], op.getStrides()[i],
                                    op.getDilations()[i], pads[i], pads[n + i]);
      starts.push_back(before);
      ends.push_back(kernel[i] - after);
      axes.push_back(2 + i);
      shape[2 + i] -= before + after;
      pads[i] -= before * op.getDilations()[i];
      pads[n + i] -= after * op.getDilations()[i];
    }
    if (ArrayRef(shape) == w.getShape())
      return failure();
    Location loc = op.getLoc();
    Value from = createIndexList(rewriter, loc, starts), to = createIndexList(rewriter, loc, ends);
    Value cropped = nn::SliceOp::create(rewriter, loc, w.clone(shape), op.getW(), from, to, axes,
                                        SmallVector<int64_t>(n, 1));
    rewriter.modifyOpInPlace(op, [&] {
      op.getWMutable().assign(cropped);
      op.setPads(pads);
      op.setAutoPad(nn::AutoPad::explicit_pads);
    });
    return success();
  }

private:
  /// How many taps at either end of a dim of the kernel read nothing but padding that can go with them. One tap stays.
  static std::pair<int64_t, int64_t> unread(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t dilation,
                                            int64_t begin, int64_t end) {
    // Tap `tap` reads from -begin + tap * dilation to as far as the outputs go.
    int64_t before = 0, after = 0, reach = (out - 1) * stride;
    while (before + 1 < kernel && (before + 1) * dilation <= begin && reach - begin + before * dilation < 0)
      ++before;
    while (before + after + 1 < kernel && (after + 1) * dilation <= end &&
           -begin + (kernel - 1 - after) * dilation >= in)
      ++after;
    return {before, after};
  }
};

/// A convolution whose only window is the whole image is a matrix product, as the last layers of fully convolutional
/// networks are. It reads each weight once, which the kernels of products do as fast as memory is, and for all images of
/// a batch together. Few weights stay a convolution between the others, whose layout it shares.
struct WholeWindowToMatMul : OpRewritePattern<nn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConvOp op, PatternRewriter &rewriter) const override {
    auto x = dyn_cast<RankedTensorType>(op.getX().getType()), w = dyn_cast<RankedTensorType>(op.getW().getType()),
         y = dyn_cast<RankedTensorType>(op.getY().getType());
    if (!x || !w || !y || op.getGroups() != 1 || !w.hasStaticShape() || !isa<FloatType>(w.getElementType()) ||
        x.getElementType() != w.getElementType())
      return failure();
    constexpr int64_t leastBits = 8 << 20;
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    if (w.getNumElements() * w.getElementTypeBitWidth() < leastBits || x.getShape().drop_front(2) != kernel ||
        ShapedType::isDynamicShape(y.getShape().drop_front(2)) || !hasKnownPads(op) ||
        llvm::any_of(explicitPads(op, kernel), [](int64_t pad) { return pad != 0; }))
      return failure();
    // Without padding a window that is apart, or a second one, would not fit.
    int64_t filters = w.getDimSize(0), inputs = w.getNumElements() / filters;
    Location loc = op.getLoc();
    Value rows = nn::FlattenOp::create(rewriter, loc, x.clone({x.getDimSize(0), inputs}), op.getX(), 1);
    Value taps = createReshape(rewriter, loc, op.getW(), {filters, inputs});
    auto type = y.clone({y.getDimSize(0), filters});
    auto product = nn::MatMulOp::create(rewriter, loc, type, rows, taps);
    product.setTransposeB(true);
    Value sum = product;
    if (op.getBias())
      sum = nn::BinaryOp::create(rewriter, loc, type, nn::BinaryKind::add, sum, op.getBias());
    rewriter.replaceOpWithNewOp<nn::UnsqueezeOp>(op, y, sum,
                                                 llvm::to_vector(llvm::seq<int64_t>(2, y.getRank())));
    return success();
  }
};

} // namespace

void populateSimplifyContraction(RewritePatternSet &patterns) {
  patterns.add<TransposeIntoMatMul, CropKernel, WholeWindowToMatMul>(patterns.getContext());
}

} // namespace nnc
