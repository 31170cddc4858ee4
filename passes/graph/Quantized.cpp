#include "passes/graph/Quantized.h"

#include "dialects/nn/Blocked.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

static bool isMove(Operation *op) { return op && (isa<nn::TransposeOp>(op) || isView(op)); }

std::optional<Quantized> Quantized::find(Value value) {
  Quantized found;
  Operation *op = value.getDefiningOp();
  while (isMove(op)) {
    found.moves.push_back(op);
    op = op->getOperand(0).getDefiningOp();
  }
  found.source = dyn_cast_or_null<nn::DequantizeOp>(op);
  RankedTensorType x = found.source ? typeOf(found.source.getX()) : nullptr, end = typeOf(value);
  RankedTensorType scale = found.source ? typeOf(found.source.getScale()) : nullptr;
  if (!x || !end || !scale || !nn::isByte(x.getElementType()) || !end.getElementType().isF32() ||
      !scale.getElementType().isF32() || !scale.hasStaticShape() || scale.getRank() > 1)
    return std::nullopt;
  bool isSingle = scale.getNumElements() == 1;
  found.axis = isSingle ? -1 : found.source.getAxis();
  if (!isSingle && found.source.getBlockSize() != 0)
    return std::nullopt;
  for (Operation *move : llvm::reverse(found.moves)) {
    if (!typeOf(move->getResult(0)))
      return std::nullopt;
    if (isSingle)
      continue;
    auto transpose = dyn_cast<nn::TransposeOp>(move);
    if (!transpose)
      return std::nullopt;
    found.axis = llvm::find(transpose.getPerm(), found.axis) - transpose.getPerm().begin();
  }
  return found;
}

bool Quantized::isConstant() {
  Value x = source.getX();
  while (isMove(x.getDefiningOp()))
    x = x.getDefiningOp()->getOperand(0);
  return bool(constantValue(x));
}

Value movedLike(OpBuilder &b, Operation *move, Value value) {
  Operation *moved = b.clone(*move);
  moved->setOperand(0, value);
  moved->getResult(0).setType(typeOf(move->getResult(0)).clone(typeOf(value).getElementType()));
  return moved->getResult(0);
}

Value Quantized::moved(OpBuilder &b, Value bytes) const {
  for (Operation *move : llvm::reverse(moves))
    bytes = movedLike(b, move, bytes);
  return bytes;
}

bool isZeroPoint(Value zero) {
  // Exporters write scalars as lists of one.
  while (zero && zero.getDefiningOp() && isView(zero.getDefiningOp()))
    zero = zero.getDefiningOp()->getOperand(0);
  return !zero || uniformNumber(zero) == 0.0;
}

Value scalarOf(OpBuilder &b, Location loc, Value x) {
  if (typeOf(x).getRank() == 0 || typeOf(x).getNumElements() != 1)
    return x;
  auto type = RankedTensorType::get({}, typeOf(x).getElementType());
  return nn::SqueezeOp::create(b, loc, type, x, ArrayRef<int64_t>{0});
}

} // namespace nnc
