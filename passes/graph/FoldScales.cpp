#include "dialects/nn/NNDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FOLDSCALES
#include "passes/Passes.h.inc"

namespace {

using nn::BinaryKind;
using Channels = std::vector<double>;

/// Bigger weights are left alone: they pass through memory in double precision.
constexpr int64_t kMaxWeightElements = int64_t(1) << 26;

/// A contraction with constant float weights, seen as a map from a weight's index to its input and output channel.
struct Contraction {
  Operation *op;
  Value weights;
  Value bias; // null where the op has none
  bool takesBias;
  int64_t channelAxis; // of the result
  int64_t channels;
  std::function<int64_t(int64_t)> outputChannel;

  static std::optional<Contraction> match(Value y);
};

std::optional<Contraction> Contraction::match(Value y) {
  Operation *op = y.getDefiningOp();
  if (!op || !op->hasOneUse() || !isa<nn::ConvOp, nn::ConvTransposeOp, nn::MatMulOp>(op))
    return std::nullopt;
  Value weights = op->getOperand(1);
  ElementsAttr value = constantValue(weights);
  auto type = dyn_cast<RankedTensorType>(weights.getType());
  if (!value || type.getRank() < 2 || type.getNumElements() == 0 || type.getNumElements() > kMaxWeightElements ||
      type.getElementType() != getElementTypeOrSelf(y.getType()))
    return std::nullopt;
  if (auto matmul = dyn_cast<nn::MatMulOp>(op)) {
    int64_t rank = type.getRank(), columns = type.getDimSize(rank - 1), rows = type.getDimSize(rank - 2);
    int64_t axis = cast<RankedTensorType>(y.getType()).getRank() - 1;
    if (matmul.getTransposeB())
      return Contraction{op, weights, {}, false, axis, rows, [=](int64_t i) { return i / columns % rows; }};
    return Contraction{op, weights, {}, false, axis, columns, [=](int64_t i) { return i % columns; }};
  }
  Value bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  if (bias && !constantValue(bias))
    return std::nullopt;
  int64_t first = type.getDimSize(0), second = type.getDimSize(1), total = type.getNumElements();
  if (isa<nn::ConvOp>(op))
    return Contraction{op, weights, bias, true, 1, first, [=](int64_t i) { return i / (total / first); }};
  int64_t groups = cast<nn::ConvTransposeOp>(op).getGroups(), points = total / (first * second);
  return Contraction{op, weights, bias, true, 1, second * groups, [=](int64_t i) {
                       int64_t row = i / (second * points), column = i / points % second;
                       return row / (first / groups) * second + column;
                     }};
}

/// The numbers of a constant that varies along one dim of `result` at most, one per channel.
std::optional<Channels> perChannel(Value constant, Type result, int64_t axis, int64_t channels) {
  ElementsAttr value = constantValue(constant);
  auto type = cast<RankedTensorType>(constant.getType()), shape = cast<RankedTensorType>(result);
  int64_t lead = shape.getRank() - type.getRank();
  if (!value || lead < 0)
    return std::nullopt;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.getDimSize(i) != 1 && (lead + i != axis || type.getDimSize(i) != channels))
      return std::nullopt;
  auto numbers = floatElements(value);
  if (!numbers || !llvm::all_of(*numbers, [](double number) { return std::isfinite(number); }))
    return std::nullopt;
  if (numbers->size() == 1)
    numbers->resize(channels, numbers->front());
  return numbers;
}

/// The weights with every element times `factor(index)`; null where one would overflow.
ElementsAttr scaled(ElementsAttr weights, llvm::function_ref<double(int64_t)> factor) {
  auto numbers = floatElements(weights);
  if (!numbers)
    return nullptr;
  for (auto [i, number] : llvm::enumerate(*numbers))
    number *= factor(i);
  return constantFromDoubles(cast<RankedTensorType>(weights.getType()), *numbers);
}

/// y * s + t as a pair of vectors; either may be empty.
struct ScaleAndShift {
  Channels scale, shift;
};

/// Reads `op` as a scale or shift per channel of its operand `y`.
std::optional<ScaleAndShift> readAffine(nn::BinaryOp op, Value y, int64_t axis, int64_t channels) {
  bool isLeft = op.getA() == y;
  if (op.getType() != y.getType() || op.getA() == op.getB())
    return std::nullopt;
  auto numbers = perChannel(isLeft ? op.getB() : op.getA(), op.getType(), axis, channels);
  if (!numbers)
    return std::nullopt;
  auto map = [&](auto function) {
    Channels out(*numbers);
    for (double &number : out)
      number = function(number);
    return out;
  };
  switch (op.getKind()) {
  case BinaryKind::mul: return ScaleAndShift{*numbers, {}};
  case BinaryKind::div:
    if (!isLeft || llvm::is_contained(*numbers, 0.0))
      return std::nullopt;
    return ScaleAndShift{map([](double number) { return 1 / number; }), {}};
  case BinaryKind::add: return ScaleAndShift{{}, *numbers};
  case BinaryKind::sub:
    if (isLeft)
      return ScaleAndShift{{}, map([](double number) { return -number; })};
    return ScaleAndShift{Channels(channels, -1.0), *numbers};
  default: return std::nullopt;
  }
}

Value createConstant(PatternRewriter &rewriter, Location loc, ElementsAttr value) {
  return nn::ConstantOp::create(rewriter, loc, value.getType(), value);
}

/// contraction(x, w) * s + t.
struct FoldBehind : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    for (Value y : {op.getA(), op.getB()})
      if (auto contraction = Contraction::match(y))
        if (auto affine = readAffine(op, y, contraction->channelAxis, contraction->channels))
          return fold(op, *contraction, *affine, rewriter);
    return failure();
  }

private:
  static LogicalResult fold(nn::BinaryOp op, Contraction &c, ScaleAndShift &affine, PatternRewriter &rewriter) {
    if (!affine.shift.empty() && !c.takesBias)
      return failure();
    ElementsAttr weights, bias;
    if (!affine.scale.empty()) {
      weights = scaled(constantValue(c.weights), [&](int64_t i) { return affine.scale[c.outputChannel(i)]; });
      if (!weights)
        return failure();
    }
    if (c.bias || !affine.shift.empty()) {
      Channels numbers(c.channels, 0.0);
      if (c.bias) {
        auto old = floatElements(constantValue(c.bias));
        if (!old)
          return failure();
        numbers = *old;
      }
      for (int64_t i = 0; i < c.channels; ++i)
        numbers[i] = numbers[i] * (affine.scale.empty() ? 1 : affine.scale[i]) + (affine.shift.empty() ? 0 : affine.shift[i]);
      Type element = getElementTypeOrSelf(op.getType());
      bias = constantFromDoubles(RankedTensorType::get(c.channels, element), numbers);
      if (!bias)
        return failure();
    }
    rewriter.setInsertionPoint(c.op);
    Value newWeights = weights ? createConstant(rewriter, op.getLoc(), weights) : c.weights;
    Value newBias = bias ? createConstant(rewriter, op.getLoc(), bias) : Value();
    rewriter.modifyOpInPlace(c.op, [&] {
      c.op->setOperand(1, newWeights);
      if (newBias && c.bias)
        c.op->setOperand(2, newBias);
      else if (newBias)
        c.op->insertOperands(2, newBias);
    });
    rewriter.replaceOp(op, c.op->getResult(0));
    return success();
  }
};

/// conv(x * s, w): a padded zero stays zero, so the factors belong to the weights' input channels.
struct FoldBefore : OpRewritePattern<nn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConvOp conv, PatternRewriter &rewriter) const override {
    auto mul = conv.getX().getDefiningOp<nn::BinaryOp>();
    ElementsAttr old = constantValue(conv.getW());
    auto type = dyn_cast<RankedTensorType>(conv.getW().getType());
    if (!mul || !mul->hasOneUse() || !old || type.getNumElements() == 0 || type.getNumElements() > kMaxWeightElements ||
        type.getElementType() != getElementTypeOrSelf(conv.getType()))
      return failure();
    int64_t filters = type.getDimSize(0), perGroup = type.getDimSize(1), groups = conv.getGroups();
    int64_t points = type.getNumElements() / (filters * perGroup);
    for (Value x : {mul.getA(), mul.getB()}) {
      auto affine = readAffine(mul, x, 1, perGroup * groups);
      if (!affine || affine->scale.empty() || !affine->shift.empty())
        continue;
      ElementsAttr weights = scaled(old, [&](int64_t i) {
        int64_t filter = i / (perGroup * points), channel = i / points % perGroup;
        return affine->scale[filter / (filters / groups) * perGroup + channel];
      });
      if (!weights)
        return failure();
      Value newWeights = createConstant(rewriter, mul.getLoc(), weights);
      rewriter.modifyOpInPlace(conv, [&] {
        conv.getXMutable().assign(x);
        conv.getWMutable().assign(newWeights);
      });
      return success();
    }
    return failure();
  }
};

/// (matmul(x, w) + b) * s = matmul(x, w) * s + b * s, whose first half folds.
struct DistributeOverBias : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    for (Value sum : {op.getA(), op.getB()}) {
      auto add = sum.getDefiningOp<nn::BinaryOp>();
      if (!add || !add->hasOneUse())
        continue;
      for (Value y : {add.getA(), add.getB()}) {
        auto contraction = Contraction::match(y);
        if (!contraction || contraction->takesBias)
          continue;
        auto inner = readAffine(add, y, contraction->channelAxis, contraction->channels);
        auto outer = readAffine(op, sum, contraction->channelAxis, contraction->channels);
        if (!inner || !outer || !inner->scale.empty() || outer->scale.empty() || !outer->shift.empty())
          continue;
        Channels shift;
        for (auto [t, s] : llvm::zip(inner->shift, outer->scale))
          shift.push_back(t * s);
        auto type = RankedTensorType::get(contraction->channels, getElementTypeOrSelf(op.getType()));
        ElementsAttr factor = constantFromDoubles(type, outer->scale), bias = constantFromDoubles(type, shift);
        if (!factor || !bias)
          return failure();
        Location loc = op.getLoc();
        Value product = nn::BinaryOp::create(rewriter, loc, op.getType(), BinaryKind::mul, y,
                                             createConstant(rewriter, loc, factor));
        rewriter.replaceOpWithNewOp<nn::BinaryOp>(op, op.getType(), BinaryKind::add, product,
                                                  createConstant(rewriter, loc, bias));
        return success();
      }
    }
    return failure();
  }
};

struct FoldScales : impl::FoldScalesBase<FoldScales> {
  using FoldScalesBase::FoldScalesBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldBehind>(&getContext(), /*benefit=*/2);
    patterns.add<FoldBefore, DistributeOverBias>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace nnc
