// Layer and RMS normalization as exporters without an operator for them write it: moments by nn.reduce, and
// the quotient in one of several spellings. Scale and shift stay what they are, elementwise ops.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMNORMALIZATIONS
#include "passes/Passes.h.inc"

namespace {

/// The number of a constant with one element.
std::optional<double> scalar(Value value) {
  ElementsAttr constant = constantValue(value);
  return constant && constant.getNumElements() == 1 ? uniformNumber(value) : std::nullopt;
}

Value unaryOperand(Value value, nn::UnaryKind kind) {
  auto op = value.getDefiningOp<nn::UnaryOp>();
  return op && op.getKind() == kind ? op.getX() : Value();
}

nn::BinaryOp binary(Value value, nn::BinaryKind kind) {
  auto op = value.getDefiningOp<nn::BinaryOp>();
  return op && op.getKind() == kind ? op : nullptr;
}

/// v of v to the power `exponent`.
Value powerOf(Value value, double exponent) {
  auto op = binary(value, nn::BinaryKind::pow);
  return op && scalar(op.getB()) == exponent ? op.getA() : Value();
}

/// v of sqrt(v).
Value squareRootOf(Value value) {
  Value v = unaryOperand(value, nn::UnaryKind::sqrt);
  return v ? v : powerOf(value, 0.5);
}

/// v of 1 / sqrt(v).
Value inverseRootOf(Value value) {
  if (Value v = unaryOperand(value, nn::UnaryKind::rsqrt))
    return v;
  if (Value v = powerOf(value, -0.5))
    return v;
  if (Value root = unaryOperand(value, nn::UnaryKind::reciprocal))
    return squareRootOf(root);
  auto quotient = binary(value, nn::BinaryKind::div);
  return quotient && scalar(quotient.getA()) == 1 ? squareRootOf(quotient.getB()) : Value();
}

/// The mean along axes that stay as dims of 1.
nn::ReduceOp meanOf(Value value) {
  auto op = value.getDefiningOp<nn::ReduceOp>();
  return op && op.getKind() == nn::ReduceKind::mean && op.getKeepdims() ? op : nullptr;
}

struct Found {
  nn::NormalizeKind kind;
  Value x;
  ArrayRef<int64_t> axes;
  double epsilon;
};

/// `numerator` over the root of `radicand`, if that is the mean of its squares and a little more.
std::optional<Found> normalization(Value numerator, Value radicand) {
  auto sum = radicand ? binary(radicand, nn::BinaryKind::add) : nullptr;
  if (!sum)
    return std::nullopt;
  for (auto [variance, little] : {std::pair(sum.getA(), sum.getB()), std::pair(sum.getB(), sum.getA())}) {
    auto epsilon = scalar(little);
    nn::ReduceOp mean = meanOf(variance);
    if (!epsilon || *epsilon < 0 || !mean || mean.getAxes().empty())
      continue;
    auto square = binary(mean.getX(), nn::BinaryKind::mul);
    bool isSquare = (square && square.getA() == numerator && square.getB() == numerator) ||
                    powerOf(mean.getX(), 2) == numerator;
    if (!isSquare)
      continue;
    auto centered = binary(numerator, nn::BinaryKind::sub);
    nn::ReduceOp center = centered ? meanOf(centered.getB()) : nullptr;
    if (center && center.getX() == centered.getA() && center.getAxes() == mean.getAxes())
      return Found{nn::NormalizeKind::standard, centered.getA(), mean.getAxes(), *epsilon};
    return Found{nn::NormalizeKind::rms, numerator, mean.getAxes(), *epsilon};
  }
  return std::nullopt;
}

std::optional<Found> normalization(nn::BinaryOp op) {
  if (op.getKind() == nn::BinaryKind::div)
    return normalization(op.getA(), squareRootOf(op.getB()));
  if (op.getKind() != nn::BinaryKind::mul)
    return std::nullopt;
  if (auto found = normalization(op.getA(), inverseRootOf(op.getB())))
    return found;
  return normalization(op.getB(), inverseRootOf(op.getA()));
}

struct FormNormalizations : impl::FormNormalizationsBase<FormNormalizations> {
  void runOnOperation() override {
    SmallVector<nn::BinaryOp> ends;
    getOperation().walk([&](nn::BinaryOp op) {
      auto type = dyn_cast<RankedTensorType>(op.getType());
      if (type && (type.getElementType().isF32() || type.getElementType().isF64()))
        ends.push_back(op);
    });
    for (nn::BinaryOp end : ends) {
      auto found = normalization(end);
      if (!found || found->x.getType() != end.getType())
        continue;
      OpBuilder b(end);
      end.replaceAllUsesWith(nn::NormalizeOp::create(b, end.getLoc(), end.getType(), found->kind, found->x,
                                                     found->axes, APFloat(found->epsilon))
                                 .getResult());
    }
    eraseDeadOps(getOperation(), [](Operation *op) { return isa<nn::UnaryOp, nn::BinaryOp, nn::ReduceOp>(op); });
  }
};

} // namespace
} // namespace nnc
