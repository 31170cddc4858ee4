// Movements of elements that move nothing, cancel, or can be left to the op that follows.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

bool isZero(Value constant) {
  auto number = uniformNumber(constant);
  return number && *number == 0;
}

/// Transposes compose.
struct MergeTransposes : OpRewritePattern<nn::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::TransposeOp op, PatternRewriter &rewriter) const override {
    if (llvm::equal(op.getPerm(), llvm::seq<int64_t>(0, op.getPerm().size())) && refines(op.getX().getType(), op.getType())) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto inner = op.getX().getDefiningOp<nn::TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> perm;
    for (int64_t axis : op.getPerm())
      perm.push_back(inner.getPerm()[axis]);
    rewriter.replaceOpWithNewOp<nn::TransposeOp>(op, op.getType(), inner.getX(), perm);
    return success();
  }
};

/// A function of two tensors transposed in the same way is one transpose later, where it may meet what undoes it: a
/// residual sum of ConvNeXt's then stays where its channels are last.
struct SinkTransposes : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<nn::TransposeOp>(), b = op.getB().getDefiningOp<nn::TransposeOp>();
    // Otherwise it would be a third one.
    if (!a || !b || a == b || a.getPerm() != b.getPerm() || (!a->hasOneUse() && !b->hasOneUse()))
      return failure();
    auto type = dyn_cast<RankedTensorType>(a.getX().getType());
    if (!type || type != b.getX().getType() || a.getType() != b.getType() ||
        !refines(a.getType(), cast<RankedTensorType>(op.getType()).clone(type.getElementType())))
      return failure();
    Type element = cast<RankedTensorType>(op.getType()).getElementType();
    Value y = nn::BinaryOp::create(rewriter, op.getLoc(), type.clone(element), op.getKind(), a.getX(), b.getX());
    rewriter.replaceOpWithNewOp<nn::TransposeOp>(op, op.getType(), y, a.getPerm());
    return success();
  }
};

/// Bytes are transposed as bytes, and become numbers in the kernel that follows: a camera's picture, say, with channels
/// last.
struct TransposeBeforeCast : OpRewritePattern<nn::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::TransposeOp op, PatternRewriter &rewriter) const override {
    auto cast = op.getX().getDefiningOp<nn::CastOp>();
    if (!cast || !cast->hasOneUse())
      return failure();
    auto narrow = dyn_cast<RankedTensorType>(cast.getX().getType()), wide = dyn_cast<RankedTensorType>(op.getType());
    if (!narrow || !wide || !narrow.getElementType().isInteger(8) || wide.getElementTypeBitWidth() <= 8)
      return failure();
    Value bytes = nn::TransposeOp::create(rewriter, op.getLoc(), wide.clone(narrow.getElementType()), cast.getX(), op.getPerm());
    rewriter.replaceOpWithNewOp<nn::CastOp>(op, op.getType(), bytes, cast.getSaturateAttr(), cast.getRoundingAttr());
    return success();
  }
};

/// Ops whose result has the operand's type and that keep the elements in order.
template <typename OpTy>
struct DropIdentity : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getX().getType());
    if (!type || !type.hasStaticShape() || op->getResult(0).getType() != type)
      return failure();
    if constexpr (std::is_same_v<OpTy, nn::SliceOp>)
      if (!llvm::all_of(op.getSteps(), [](int64_t step) { return step == 1; }))
        return failure();
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

/// Operands without elements go; a concatenation of one is that one; nested ones along the same axis are one.
struct FlattenConcat : OpRewritePattern<nn::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    bool changed = false;
    for (Value input : op.getInputs()) {
      auto type = dyn_cast<RankedTensorType>(input.getType());
      if (!type)
        return failure();
      auto inner = input.getDefiningOp<nn::ConcatOp>();
      if (type.getDimSize(op.getAxis()) == 0 && op.getInputs().size() > 1) {
        changed = true;
      } else if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse()) {
        inputs.append(inner.getInputs().begin(), inner.getInputs().end());
        changed = true;
      } else {
        inputs.push_back(input);
      }
    }
    if (inputs.empty())
      inputs.push_back(op.getInputs().front());
    if (inputs.size() == 1 && refines(inputs[0].getType(), op.getType())) {
      rewriter.replaceOp(op, inputs[0]);
      return success();
    }
    if (!changed || inputs.size() == op.getInputs().size())
      return failure();
    rewriter.replaceOpWithNewOp<nn::ConcatOp>(op, op.getType(), inputs, op.getAxis());
    return success();
  }
};

/// What begins with the operands of an earlier concatenation begins with its result: lists of features that
/// grow layer by layer need not be put together anew.
struct ShareConcatPrefix : OpRewritePattern<nn::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    nn::ConcatOp longest;
    for (Operation *user : op.getInputs().front().getUsers()) {
      auto other = dyn_cast<nn::ConcatOp>(user);
      size_t size = other ? other.getInputs().size() : 0;
      if (size < 2 || size >= op.getInputs().size() || other.getAxis() != op.getAxis() ||
          other->use_empty() || other->getBlock() != op->getBlock() || !other->isBeforeInBlock(op) ||
          !isa<RankedTensorType>(other.getType()) ||
          !llvm::equal(other.getInputs(), op.getInputs().take_front(size)))
        continue;
      if (!longest || longest.getInputs().size() < size)
        longest = other;
    }
    if (!longest)
      return failure();
    SmallVector<Value> inputs = {longest.getY()};
    llvm::append_range(inputs, op.getInputs().drop_front(longest.getInputs().size()));
    rewriter.replaceOpWithNewOp<nn::ConcatOp>(op, op.getType(), inputs, op.getAxis());
    return success();
  }
};

struct DropSingleSplit : OpRewritePattern<nn::SplitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::SplitOp op, PatternRewriter &rewriter) const override {
    if (op.getNumResults() != 1 || !refines(op.getX().getType(), op.getResult(0).getType()))
      return failure();
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

struct DropZeroPad : OpRewritePattern<nn::PadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::PadOp op, PatternRewriter &rewriter) const override {
    if (!isZero(op.getPads()) || !refines(op.getX().getType(), op.getType()))
      return failure();
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

/// Zeros around the spatial dims are what a convolution's own padding is.
struct PadIntoConv : OpRewritePattern<nn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConvOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<nn::PadOp>();
    if (!pad || pad.getKind() != nn::PadMode::constant || op.getAutoPad() != nn::AutoPad::explicit_pads ||
        (pad.getValue() && !isZero(pad.getValue())))
      return failure();
    auto counts = nn::constantIntegers(pad.getPads());
    size_t rank = cast<RankedTensorType>(op.getX().getType()).getRank(), n = rank - 2;
    if (!counts || counts->size() != 2 * rank)
      return failure();
    SmallVector<int64_t> pads(op.getPads());
    for (size_t i = 0; i < 2 * rank; ++i) {
      size_t dim = i % rank;
      int64_t count = (*counts)[i];
      if (count < 0 || count > INT32_MAX || (dim < 2 && count != 0))
        return failure();
      if (dim >= 2)
        pads[(i < rank ? 0 : n) + dim - 2] += count;
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(pad.getX());
      op.setPads(pads);
    });
    return success();
  }
};

/// A reduction of dims that all are 1 changes the shape at most.
struct DropTrivialReduce : OpRewritePattern<nn::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ReduceOp op, PatternRewriter &rewriter) const override {
    using Kind = nn::ReduceKind;
    Kind kind = op.getKind();
    auto type = dyn_cast<RankedTensorType>(op.getX().getType());
    bool keepsValue = kind == Kind::sum || kind == Kind::mean || kind == Kind::max || kind == Kind::min || kind == Kind::prod;
    if (!type || !keepsValue || !llvm::all_of(op.getAxes(), [&](int64_t axis) { return type.getDimSize(axis) == 1; }))
      return failure();
    if (op.getKeepdims() || op.getAxes().empty()) {
      if (!refines(type, op.getType()))
        return failure();
      rewriter.replaceOp(op, op.getX());
    } else {
      rewriter.replaceOpWithNewOp<nn::SqueezeOp>(op, op.getType(), op.getX(), op.getAxes());
    }
    return success();
  }
};

} // namespace

void populateSimplifyMovement(RewritePatternSet &patterns) {
  patterns.add<MergeTransposes, SinkTransposes, TransposeBeforeCast, DropIdentity<nn::BroadcastToOp>, DropIdentity<nn::TileOp>,
               DropIdentity<nn::SliceOp>, FlattenConcat, ShareConcatPrefix, DropSingleSplit, DropZeroPad,
               PadIntoConv, DropTrivialReduce>(patterns.getContext());
}

} // namespace nnc
