#include "passes/graph/ScaledSums.h"

#include "mlir/IR/IRMapping.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

namespace {

/// How far back the operands of a quantized value are followed.
constexpr int kMostOps = 16;

bool isF32(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.getElementType().isF32();
}

/// Whether folding will make a constant of it.
bool isConstant(Value v, int depth = 0) {
  Operation *op = v.getDefiningOp();
  if (!op || depth > kMostOps || isa<nn::ConstantOp>(op))
    return op && depth <= kMostOps;
  return (isa<nn::DequantizeOp>(op) || isElementwiseOp(op) || isView(op)) &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return isConstant(operand, depth + 1); });
}

bool isBinary(Operation *op, ArrayRef<nn::BinaryKind> kinds) {
  auto binary = dyn_cast<nn::BinaryOp>(op);
  return binary && llvm::is_contained(kinds, binary.getKind());
}

/// The number of a constant of one element, views of it included.
std::optional<double> numberOf(Value v) {
  while (v.getDefiningOp() && isView(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return uniformNumber(v);
}

class Division {
public:
  explicit Division(nn::QuantizeOp op) : op(op), b(op), loc(op.getLoc()) {}

  void run() {
    auto type = dyn_cast<RankedTensorType>(op.getScale().getType());
    auto number = type && type.hasStaticShape() && type.getNumElements() == 1 && type.getRank() <= 1 &&
                          isF32(op.getScale())
                      ? numberOf(op.getScale())
                      : std::nullopt;
    if (!number || !(*number > 0) || *number == 1 || !std::isfinite(*number) || !isElementwiseOp(op) ||
        isConstant(op.getX()) || !commutes(op.getX(), 0) || !hasSum)
      return;
    auto scalar = RankedTensorType::get({}, b.getF32Type());
    auto constant = [&](float value) -> Value {
      return nn::ConstantOp::create(b, loc, scalar, DenseElementsAttr::get(scalar, value));
    };
    scale = constant(static_cast<float>(*number));
    Value x = divided(op.getX());
    op.getXMutable().assign(x);
    op.getScaleMutable().assign(constant(1.0f));
    if (op.getZeroPoint()) {
      auto zero = cast<RankedTensorType>(op.getZeroPoint().getType());
      if (zero.getRank() == 1)
        op.getZeroPointMutable().assign(
            nn::SqueezeOp::create(b, loc, RankedTensorType::get({}, zero.getElementType()), op.getZeroPoint(),
                                  ArrayRef<int64_t>{0}));
    }
  }

private:
  /// Whether dividing what `x` is made from gives x divided. Sets hasSum.
  bool commutes(Value x, int depth) {
    Operation *producer = x.getDefiningOp();
    if (!producer || depth > kMostOps || !isF32(x))
      return false;
    if (isConstant(x))
      return true;
    if (auto dequantize = dyn_cast<nn::DequantizeOp>(producer))
      return isElementwiseOp(dequantize) && isF32(dequantize.getScale()) && isConstant(dequantize.getScale());
    if (!x.hasOneUse())
      return false;
    if (isBinary(producer, {nn::BinaryKind::mul})) {
      auto other = llvm::find_if(producer->getOperands(), [](Value v) { return !isConstant(v); });
      hasSum |= isa_and_nonnull<nn::CastOp>((*other).getDefiningOp());
      return isConstant(producer->getOperand(0)) || isConstant(producer->getOperand(1));
    }
    auto unary = dyn_cast<nn::UnaryOp>(producer);
    if (isBinary(producer,
                 {nn::BinaryKind::add, nn::BinaryKind::sub, nn::BinaryKind::min, nn::BinaryKind::max}))
      return commutes(producer->getOperand(0), depth + 1) && commutes(producer->getOperand(1), depth + 1);
    return (isView(producer) || (unary && unary.getKind() == nn::UnaryKind::relu)) &&
           commutes(producer->getOperand(0), depth + 1);
  }

  Value divided(Value x) {
    Operation *producer = x.getDefiningOp();
    if (isConstant(x))
      return nn::BinaryOp::create(b, loc, x.getType(), nn::BinaryKind::div, x, scale);
    IRMapping map;
    if (isa<nn::DequantizeOp>(producer)) {
      Value own = producer->getOperand(1);
      map.map(own, divided(own));
    } else if (isBinary(producer, {nn::BinaryKind::mul})) {
      Value factor = producer->getOperand(isConstant(producer->getOperand(0)) ? 0 : 1);
      map.map(factor, divided(factor));
    } else {
      for (Value operand : isView(producer) ? producer->getOperands().take_front(1) : producer->getOperands())
        if (!map.contains(operand))
          map.map(operand, divided(operand));
    }
    return b.clone(*producer, map)->getResult(0);
  }

  nn::QuantizeOp op;
  OpBuilder b;
  Location loc;
  Value scale;
  bool hasSum = false;
};

} // namespace

void divideConstants(nn::QuantizeOp op) { Division(op).run(); }

} // namespace nnc
