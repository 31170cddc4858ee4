// (qa - za) sa * (qb - zb) sb summed is sa sb times a sum of integers, whose zero points enter through sums
// of columns of b, which are constants, and of rows of a, which are one more column of the product.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/graph/Quantized.h"
#include "passes/graph/ScaledSums.h"
#include "passes/graph/WindowPads.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMBYTEPRODUCTS
#include "passes/Passes.h.inc"

namespace {

/// Sums of so many products of bytes fit into 32 bits.
constexpr int64_t kMostDepth = 1 << 15;

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

struct FormByteProducts : impl::FormByteProductsBase<FormByteProducts> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      if (auto product = dyn_cast<nn::MatMulOp>(op))
        form(product);
      else if (auto convolution = dyn_cast<nn::ConvOp>(op))
        form(convolution);
    }
    getOperation().walk([&](nn::QuantizeOp op) { divideConstants(op); });
  }

private:
  static Value binary(OpBuilder &b, Location loc, Type type, nn::BinaryKind kind, Value x, Value y) {
    return nn::BinaryOp::create(b, loc, type, kind, x, y);
  }
  static Value cast(OpBuilder &b, Location loc, Value x, Type element) {
    return nn::CastOp::create(b, loc, typeOf(x).clone(element), x);
  }
  /// One value for each filter, ready to broadcast over [N,M,D1..Dn].
  static Value perFilter(OpBuilder &b, Location loc, Value x, int64_t spatial) {
    if (typeOf(x).getNumElements() == 1)
      return scalarOf(b, loc, x);
    SmallVector<int64_t> shape(typeOf(x).getShape()), axes;
    for (int64_t i = 0; i < spatial; ++i) {
      shape.push_back(1);
      axes.push_back(1 + i);
    }
    return nn::UnsqueezeOp::create(b, loc, RankedTensorType::get(shape, typeOf(x).getElementType()), x, axes);
  }

  void form(nn::MatMulOp op) {
    auto a = Quantized::find(op.getA()), w = Quantized::find(op.getB());
    RankedTensorType aType = typeOf(op.getA()), wType = typeOf(op.getB()), y = typeOf(op.getY());
    if (!a || !w || !y || !y.getElementType().isF32() || a->axis >= 0 || !w->isConstant() ||
        aType.getRank() < 2 || wType.getRank() != 2 || !wType.hasStaticShape() || op.getTransposeA())
      return;
    int64_t columnDim = op.getTransposeB() ? 0 : 1, depth = wType.getDimSize(1 - columnDim),
            columns = wType.getDimSize(columnDim);
    if ((w->axis >= 0 && w->axis != columnDim) || depth == 0 || depth > kMostDepth)
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Type i32 = b.getI32Type();
    Value left = a->bytes(b), right = w->bytes(b), zeroA = a->source.getZeroPoint(),
          zeroW = w->source.getZeroPoint();
    RankedTensorType sums = y.clone(i32);
    auto multiply = [&](Type type, Value factor, bool transposed) -> Value {
      return nn::MatMulOp::create(b, loc, type, left, factor, /*transpose_a=*/false, transposed);
    };
    Value product = multiply(sums, right, op.getTransposeB());
    auto subtract = [&](Value part, Value zero, ArrayRef<int64_t> shape) {
      Value wide = cast(b, loc, scalarOf(b, loc, zero), i32);
      part = binary(b, loc, RankedTensorType::get(shape, i32), nn::BinaryKind::mul, part, wide);
      product = binary(b, loc, sums, nn::BinaryKind::sub, product, part);
    };
    if (!isZeroPoint(zeroA)) {
      Value centered = cast(b, loc, right, i32);
      if (!isZeroPoint(zeroW)) {
        Value wide = scalarOf(b, loc, cast(b, loc, zeroW, i32));
        if (typeOf(wide).getRank() == 1 && columnDim == 0)
          wide = perFilter(b, loc, wide, 1);
        centered = binary(b, loc, centered.getType(), nn::BinaryKind::sub, centered, wide);
      }
      auto type = RankedTensorType::get({columns}, i32);
      Value columnSums = nn::ReduceOp::create(b, loc, type, nn::ReduceKind::sum, centered,
                                              ArrayRef<int64_t>{1 - columnDim}, /*keepdims=*/false);
      subtract(columnSums, zeroA, {columns});
    }
    if (!isZeroPoint(zeroW)) {
      auto ones = RankedTensorType::get({depth, 1}, b.getI8Type());
      Value column = nn::ConstantOp::create(b, loc, ones, DenseElementsAttr::get(ones, int8_t(1)));
      SmallVector<int64_t> shape(y.getShape());
      shape.back() = 1;
      Value rowSums = multiply(RankedTensorType::get(shape, i32), column, false);
      if (typeOf(zeroW).getNumElements() != 1)
        shape.back() = columns;
      subtract(rowSums, zeroW, shape);
    }
    Value scale = scalarOf(b, loc, w->source.getScale());
    scale = binary(b, loc, scale.getType(), nn::BinaryKind::mul, scale, scalarOf(b, loc, a->source.getScale()));
    Value result = binary(b, loc, y, nn::BinaryKind::mul, cast(b, loc, product, b.getF32Type()), scale);
    op.getY().replaceAllUsesWith(result);
    op.erase();
  }

  /// Where nn-block-channels will find a convolution of bytes.
  void form(nn::ConvOp op) {
    auto x = Quantized::find(op.getX()), w = Quantized::find(op.getW());
    RankedTensorType xType = typeOf(op.getX()), wType = typeOf(op.getW()), y = typeOf(op.getY());
    if (!x || !w || !y || !y.getElementType().isF32() || x->axis >= 0 || !w->isConstant() || w->axis > 0 ||
        !wType.hasStaticShape() || xType.getRank() < 3 || xType.getRank() > 4 || xType.isDynamicDim(1) ||
        !hasKnownPads(op))
      return;
    int64_t spatial = xType.getRank() - 2, groups = op.getGroups(), filters = wType.getDimSize(0);
    if (filters <= 4 || wType.getNumElements() / filters > kMostDepth ||
        (groups > 1 && (wType.getDimSize(1) % nn::kBlock || filters / groups % nn::kBlock)) ||
        (!isZeroPoint(x->source.getZeroPoint()) && !knownConstant(x->source.getZeroPoint())))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Type i32 = b.getI32Type();
    auto centered = [&](Value bytes, Value zero) {
      Value wide = cast(b, loc, bytes, i32);
      return isZeroPoint(zero) ? wide
                          : binary(b, loc, wide.getType(), nn::BinaryKind::sub, wide,
                                   perFilter(b, loc, cast(b, loc, zero, i32), spatial + 1));
    };
    Value input = centered(x->bytes(b), x->source.getZeroPoint()), weight = w->bytes(b);
    if (!isZeroPoint(w->source.getZeroPoint()))
      weight = centered(weight, w->source.getZeroPoint());
    Value product = nn::ConvOp::create(b, loc, y.clone(i32), input, weight, Value(), op.getStrides(),
                                       op.getPads(), op.getDilations(), groups, op.getAutoPad());
    Value scale = perFilter(b, loc, w->source.getScale(), spatial);
    scale = binary(b, loc, scale.getType(), nn::BinaryKind::mul, scale, scalarOf(b, loc, x->source.getScale()));
    Value result = binary(b, loc, y, nn::BinaryKind::mul, cast(b, loc, product, b.getF32Type()), scale);
    if (op.getBias())
      result = binary(b, loc, y, nn::BinaryKind::add, result, perFilter(b, loc, op.getBias(), spatial));
    op.getY().replaceAllUsesWith(result);
    op.erase();
  }

  static bool knownConstant(Value zero) {
    while (zero.getDefiningOp() && isView(zero.getDefiningOp()))
      zero = zero.getDefiningOp()->getOperand(0);
    return bool(constantValue(zero));
  }
};

} // namespace
} // namespace nnc
