// A product with weights that were stored as bytes reads them as bytes: where a run takes every weight once, as a decoder
// does for a token, it takes as long as memory takes to give them. The kernel makes numbers of them on their way into
// registers, and scales apply to sums of columns: x ((q - z) s) = (x q - x z) s. Where the scales of a column change along
// the sum, the kernel knows of them, and numbers of four bits lie eight in a word.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/BlockScaledWeights.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/graph/Quantized.h"
#include "passes/graph/SpentConstants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMBYTEWEIGHTS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// The numbers q - z as a constant of bytes where they fit, in the order of `x`, a constant or what is moved of one. Null
/// where they do not, or that is not known. `axis` is the dim along which several zero points vary.
Value centered(OpBuilder &b, Location loc, Value x, Value zero, int64_t axis) {
  RankedTensorType type = typeOf(x), zeroType = typeOf(zero);
  auto zeros = elementsOf(constantValue(zero));
  if (!zeros || !zeroType.hasStaticShape())
    return {};
  int64_t count = type.getNumElements(), several = zeroType.getNumElements(), inner = 1;
  if (!constantValue(x)) {
    Operation *move = x.getDefiningOp();
    Value before = several == 1 ? centered(b, loc, move->getOperand(0), zero, axis) : Value();
    return before ? movedLike(b, move, before) : Value();
  }
  auto bytes = elementsOf(constantValue(x));
  if (!bytes)
    return {};
  if (several > 1)
    for (int64_t extent : type.getShape().drop_front(axis + 1))
      inner *= extent;
  std::vector<int32_t> points = zeros->integers(several, zeroType.getElementType());
  std::vector<char> narrow(count);
  for (int64_t i = 0; i < count; ++i) {
    int32_t number = bytes->integer(i, type.getElementType()) - points[i / inner % several];
    if (number < INT8_MIN || number > INT8_MAX)
      return {};
    narrow[i] = static_cast<char>(number);
  }
  return createConstant(b, loc, constantFromBytes(type.clone(b.getI8Type()), std::move(narrow)));
}

/// A product of f32 with a left factor that only the run knows.
bool isOfReals(nn::MatMulOp op) {
  RankedTensorType a = typeOf(op.getA()), y = typeOf(op.getY());
  return a && y && a.getElementType().isF32() && y.getElementType().isF32() && a.getRank() >= 2 &&
         !constantValue(op.getA());
}

struct FormByteWeights : impl::FormByteWeightsBase<FormByteWeights> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<nn::MatMulOp, nn::GatherOp>(op))
        ops.push_back(op);
    });
    spent.emplace(getOperation());
    for (Operation *op : ops) {
      if (auto product = dyn_cast<nn::MatMulOp>(op))
        form(product);
      else
        form(cast<nn::GatherOp>(op));
    }
  }

private:
  void form(nn::MatMulOp op) {
    if (!isOfReals(op))
      return;
    if (auto blocked = BlockScaledWeights::find(op); blocked && form(op, *blocked))
      return;
    auto w = Quantized::find(op.getB());
    RankedTensorType a = typeOf(op.getA()), type = typeOf(op.getB()), y = typeOf(op.getY());
    if (!w || !w->isConstant() || type.getRank() != 2 || !type.hasStaticShape() || type.getNumElements() == 0)
      return;
    int64_t columnDim = op.getTransposeB() ? 0 : 1;
    if (w->axis >= 0 && w->axis != columnDim)
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto multiply = [&](Value bytes) -> Value {
      return nn::MatMulOp::create(b, loc, y, op.getA(), w->moved(b, bytes), op.getTransposeA(), op.getTransposeB());
    };
    Value q = w->source.getX(), zero = w->source.getZeroPoint(), sums;
    if (isZeroPoint(zero)) {
      sums = multiply(q);
    } else if (Value numbers = centered(b, loc, q, zero, w->source.getAxis())) {
      sums = multiply(numbers);
    } else if (op.getTransposeA()) {
      return;
    } else {
      // x (q - z) is x q less z times the sum of a row of x.
      int64_t rank = a.getRank();
      SmallVector<int64_t> shape(y.getShape());
      shape.back() = 1;
      Value rowSums = nn::ReduceOp::create(b, loc, y.clone(shape), nn::ReduceKind::sum, op.getA(),
                                           ArrayRef<int64_t>{rank - 1}, /*keepdims=*/true);
      Value points = scalarOf(b, loc, zero);
      points = nn::CastOp::create(b, loc, typeOf(points).clone(b.getF32Type()), points);
      shape.back() = typeOf(points).getRank() == 0 ? 1 : y.getShape().back();
      Value part = nn::BinaryOp::create(b, loc, y.clone(shape), nn::BinaryKind::mul, rowSums, points);
      sums = nn::BinaryOp::create(b, loc, y, nn::BinaryKind::sub, multiply(q), part);
    }
    Value scale = scalarOf(b, loc, w->source.getScale());
    replace(op, nn::BinaryOp::create(b, loc, y, nn::BinaryKind::mul, sums, scale));
  }

  /// Weights and scales in panels: of no other form are the products of each block scaled.
  bool form(nn::MatMulOp op, const BlockScaledWeights &w) {
    auto packed = op.getTransposeA() ? std::nullopt : w.pack();
    if (!packed)
      return false;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value panels = createConstant(b, loc, packed->panels), scales = createConstant(b, loc, packed->scales);
    replace(op, nn::PackedMatMulOp::create(b, loc, op.getY().getType(), op.getA(), panels, scales, w.columns));
    return true;
  }

  void replace(nn::MatMulOp op, Value y) {
    Operation *before = op.getB().getDefiningOp();
    op.getY().replaceAllUsesWith(y);
    op.erase();
    release(before);
  }

  /// Erases what made a factor that nobody reads any more, and gives back its constants.
  void release(Operation *op) {
    if (auto constant = dyn_cast_or_null<nn::ConstantOp>(op))
      return spent->release(constant);
    if (!op || !op->use_empty() || !(isa<nn::DequantizeOp, nn::TransposeOp, nn::CastOp>(op) || isView(op)))
      return;
    llvm::SmallSetVector<Operation *, 4> before;
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        before.insert(producer);
    op->erase();
    for (Operation *producer : before)
      release(producer);
  }

  /// Of a table of words only the rows that are looked up become reals.
  void form(nn::GatherOp op) {
    auto source = op.getX().getDefiningOp<nn::DequantizeOp>();
    RankedTensorType y = typeOf(op.getY()), scale = source ? typeOf(source.getScale()) : nullptr;
    if (!source || !y || !constantValue(source.getX()) || !scale || !scale.hasStaticShape() ||
        scale.getNumElements() != 1)
      return;
    OpBuilder b(op);
    Type element = typeOf(source.getX()).getElementType();
    Value bytes = nn::GatherOp::create(b, op.getLoc(), y.clone(element), source.getX(), op.getIndices(), op.getAxis());
    op.getY().replaceAllUsesWith(nn::DequantizeOp::create(b, source.getLoc(), y, bytes, source.getScale(),
                                                          source.getZeroPoint(), /*axis=*/0, /*block_size=*/0,
                                                          source.getSaturate()));
    op.erase();
  }

  std::optional<SpentConstants> spent;
};

} // namespace
} // namespace nnc
