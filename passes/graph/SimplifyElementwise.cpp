// Elementwise ops that do nothing, cancel, or have a cheaper equal. Floats keep their values: x + 0 is x only where x
// cannot be -0, so it stays elsewhere.
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Simplify.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::BinaryKind;
using nn::UnaryKind;

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

/// Whether broadcasting `constant` against x gives x's shape.
bool keepsShape(Value x, Value constant, Value result) {
  auto a = dyn_cast<RankedTensorType>(x.getType()), b = dyn_cast<RankedTensorType>(constant.getType());
  if (!a || !b || a != result.getType() || b.getRank() > a.getRank())
    return false;
  for (int64_t i = 0; i < b.getRank(); ++i) {
    int64_t extent = a.getDimSize(a.getRank() - b.getRank() + i);
    if (b.getDimSize(i) != 1 && (ShapedType::isDynamic(extent) || extent != b.getDimSize(i)))
      return false;
  }
  return true;
}

/// Whether no element of the value can be -0.
bool isNeverNegativeZero(Value value) {
  if (!isFloat(value))
    return true;
  if (auto unary = value.getDefiningOp<nn::UnaryOp>())
    return unary.getKind() == UnaryKind::exp || unary.getKind() == UnaryKind::abs ||
           unary.getKind() == UnaryKind::sigmoid;
  if (auto cast = value.getDefiningOp<nn::CastOp>())
    return !isFloat(cast.getX());
  // A number less itself is +0; that a difference vanishes takes denormals beside deviations of 1e7 and more.
  if (auto normalize = value.getDefiningOp<nn::NormalizeOp>())
    return normalize.getKind() == nn::NormalizeKind::standard;
  return false;
}

/// Whether x `kind` c is x, c standing on the right.
bool isRightNeutral(BinaryKind kind, Value x, double c) {
  bool isNegativeZero = c == 0 && std::signbit(c);
  switch (kind) {
  case BinaryKind::mul:
  case BinaryKind::div:
  case BinaryKind::pow: return c == 1;
  case BinaryKind::add: return c == 0 && (isNegativeZero || isNeverNegativeZero(x));
  case BinaryKind::sub: return c == 0 && (!isNegativeZero || isNeverNegativeZero(x));
  case BinaryKind::bitwise_or:
  case BinaryKind::bitwise_xor:
  case BinaryKind::shift_left:
  case BinaryKind::shift_right:
  case BinaryKind::logical_or:
  case BinaryKind::logical_xor: return c == 0;
  case BinaryKind::logical_and: return c == 1;
  default: return false;
  }
}

bool isCommutative(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::add:
  case BinaryKind::mul:
  case BinaryKind::bitwise_or:
  case BinaryKind::bitwise_xor:
  case BinaryKind::logical_or:
  case BinaryKind::logical_xor:
  case BinaryKind::logical_and: return true;
  default: return false;
  }
}

/// x * 1, x / 1, x - 0, x ^ 1 and kin.
struct DropNeutral : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    for (bool swapped : {false, true}) {
      if (swapped && !isCommutative(op.getKind()))
        return failure();
      Value x = swapped ? op.getB() : op.getA(), c = swapped ? op.getA() : op.getB();
      auto number = uniformNumber(c);
      if (number && keepsShape(x, c, op.getY()) && isRightNeutral(op.getKind(), x, *number)) {
        rewriter.replaceOp(op, x);
        return success();
      }
    }
    return failure();
  }
};

/// Powers by small whole exponents are products, which every exact power function agrees with.
struct PowerToProduct : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    auto exponent = op.getKind() == BinaryKind::pow ? uniformNumber(op.getB()) : std::nullopt;
    if (!exponent || (*exponent != 2 && *exponent != 3) || !keepsShape(op.getA(), op.getB(), op.getY()))
      return failure();
    Value x = op.getA();
    Value product = nn::BinaryOp::create(rewriter, op.getLoc(), op.getType(), BinaryKind::mul, x, x);
    if (*exponent == 3)
      product = nn::BinaryOp::create(rewriter, op.getLoc(), op.getType(), BinaryKind::mul, product, x);
    rewriter.replaceOp(op, product);
    return success();
  }
};

/// x / 2^k = x * 2^-k, to the bit.
struct DivisionToProduct : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    auto divisor = op.getKind() == BinaryKind::div && isFloat(op.getA()) ? uniformNumber(op.getB()) : std::nullopt;
    int exponent;
    if (!divisor || std::frexp(std::abs(*divisor), &exponent) != 0.5 || std::abs(exponent) > 12)
      return failure();
    auto type = cast<RankedTensorType>(op.getB().getType());
    ElementsAttr inverse = DenseElementsAttr::get(type, Attribute(FloatAttr::get(type.getElementType(), 1 / *divisor)));
    Value factor = nn::ConstantOp::create(rewriter, op.getLoc(), type, inverse);
    rewriter.replaceOpWithNewOp<nn::BinaryOp>(op, op.getType(), BinaryKind::mul, op.getA(), factor);
    return success();
  }
};

/// f(f(x)) where that is x or f(x), and rounding of integers.
struct DropUnary : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    UnaryKind kind = op.getKind();
    bool rounds = kind == UnaryKind::floor || kind == UnaryKind::ceil || kind == UnaryKind::round;
    if (rounds && !isFloat(op.getX())) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto inner = op.getX().getDefiningOp<nn::UnaryOp>();
    if (!inner || inner.getKind() != kind)
      return failure();
    switch (kind) {
    case UnaryKind::neg:
    case UnaryKind::logical_not:
    case UnaryKind::bitwise_not: rewriter.replaceOp(op, inner.getX()); return success();
    case UnaryKind::relu:
    case UnaryKind::abs:
    case UnaryKind::floor:
    case UnaryKind::ceil:
    case UnaryKind::round: rewriter.replaceOp(op, inner.getY()); return success();
    default: return failure();
    }
  }
};

/// Whether every value of type `from` is one of type `to`.
bool holds(Type to, Type from) {
  if (from.isInteger(1))
    return to.isIntOrFloat();
  auto a = dyn_cast<FloatType>(from), b = dyn_cast<FloatType>(to);
  if (a && b)
    return (a.isF16() || a.isBF16() || a.isF32()) && (b.isF32() || b.isF64()) && a.getWidth() < b.getWidth();
  auto i = dyn_cast<IntegerType>(from), j = dyn_cast<IntegerType>(to);
  if (i && j)
    return i.getWidth() < j.getWidth() && (i.isUnsigned() || !j.isUnsigned());
  return i && b && i.getWidth() < b.getFPMantissaWidth();
}

/// A cast to the same type, or there and back through a type that holds every value.
struct DropCast : OpRewritePattern<nn::CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::CastOp op, PatternRewriter &rewriter) const override {
    Value x = op.getX();
    if (auto inner = x.getDefiningOp<nn::CastOp>();
        inner && holds(getElementTypeOrSelf(x.getType()), getElementTypeOrSelf(inner.getX().getType())) &&
        inner.getX().getType() == op.getType())
      x = inner.getX();
    if (x.getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, x);
    return success();
  }
};

/// A choice that is known, or between equals.
struct KnownSelect : OpRewritePattern<nn::SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::SelectOp op, PatternRewriter &rewriter) const override {
    auto condition = uniformNumber(op.getCond());
    if (!condition && op.getA() != op.getB())
      return failure();
    Value chosen = condition && *condition == 0 ? op.getB() : op.getA();
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type)
      return failure();
    if (chosen.getType() == type && provesSameShape(chosen.getType(), type)) {
      rewriter.replaceOp(op, chosen);
      return success();
    }
    if (!type.hasStaticShape())
      return failure();
    Value shape = createIndexList(rewriter, op.getLoc(), type.getShape());
    rewriter.replaceOpWithNewOp<nn::BroadcastToOp>(op, type, chosen, shape);
    return success();
  }
};

} // namespace

void populateSimplifyElementwise(RewritePatternSet &patterns) {
  patterns.add<DropNeutral, PowerToProduct, DivisionToProduct, DropUnary, DropCast, KnownSelect>(patterns.getContext());
}

} // namespace nnc
