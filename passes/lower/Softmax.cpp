// Lowering of nn.softmax: softmax and its logarithm in three passes over a lane, hardmax in three as well.
// Rows of f32 have a kernel of their own (SoftmaxRows.h).
#include "passes/lower/ElementTypes.h"
#include "passes/lower/LanePlaces.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SoftmaxRows.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap softmaxItems(nn::GroupOp group, Operation *root) {
  return itemPerRow(group, cast<nn::SoftmaxOp>(root).getAxis());
}

/// exp(x - max) / sum(exp(x - max)), or x - max - log(sum(...)).
void emitExponential(KernelBuilder &k, nn::SoftmaxOp op, Type type, Lane &lane, const FlatTensor &x,
                     const FlatTensor &y, Value top) {
  // Narrow floats are rounded where the function's definition by single ops rounds them.
  auto rounded = [&](Value v) { return roundToElement(k.b, k.loc, v, y.element); };
  auto exp = [&](Value v) { return rounded(floatFunction(k.b, k.loc, nn::UnaryKind::exp, v, 0, 0)); };
  auto shifted = [&](Spot at) -> Value {
    return rounded(arith::SubFOp::create(k.b, k.loc, x.load(at.shape, at.offset), spread(k, top, at.shape)));
  };
  bool isLog = op.getKind() == nn::SoftmaxKind::log_softmax;
  // The exponentials are kept in y for the third pass.
  Value total = rounded(lane.fold(accumulator(Join::add, type, false), [&](Spot at) {
    Value e = exp(shifted(at));
    if (!isLog)
      y.store(e, at.offset);
    return e;
  }));
  if (isLog) {
    Value logTotal = floatFunction(k.b, k.loc, nn::UnaryKind::log, total, 0, 0);
    lane.map([&](Spot at) {
      y.store(arith::SubFOp::create(k.b, k.loc, shifted(at), spread(k, logTotal, at.shape)), at.offset);
    });
    return;
  }
  Value scale = arith::DivFOp::create(k.b, k.loc, constantLike(k.b, k.loc, total.getType(), 1.0), total);
  bool isNarrow = y.element != type;
  lane.map([&](Spot at) {
    Value e = y.load(at.shape, at.offset);
    // The product with the reciprocal is not always the rounded quotient, which shows in a narrow float.
    y.store(isNarrow ? arith::DivFOp::create(k.b, k.loc, e, spread(k, total, at.shape)).getResult()
                     : arith::MulFOp::create(k.b, k.loc, e, spread(k, scale, at.shape)).getResult(),
            at.offset);
  });
}

/// 1 at the first maximum (a NaN is one), 0 elsewhere.
void emitHardmax(KernelBuilder &k, Lane &lane, const FlatTensor &x, const FlatTensor &y, Value top) {
  Value place = placeOf(k, lane, x, top, /*isLast=*/false);
  lane.map([&](Spot at) {
    Type shape = withShapeOf(at.shape, computeType(x.element));
    Value isPlace = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, positionsOf(k, at),
                                          spread(k, place, at.shape));
    y.store(arith::SelectOp::create(k.b, k.loc, isPlace, constantLike(k.b, k.loc, shape, 1.0),
                                    constantLike(k.b, k.loc, shape, 0.0)),
            at.offset);
  });
}

LogicalResult emitSoftmax(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::SoftmaxOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!isa<FloatType>(element))
    return op.emitOpError("unsupported element type ") << element;
  if (hasSoftmaxRows(op)) {
    emitSoftmaxRows(k, op);
    return success();
  }
  Type type = computeType(element);
  FlatTensor x(k, k.memref(op.getX()), element), y(k, k.output(0), element);
  Lanes lanes(k, op.getX(), static_cast<int64_t>(op.getAxis()), type, 2);
  k.grain = lanes.grain(8);
  lanes.forEach([&](Lane &lane) {
    // A NaN shows in the sum of the exponentials; only hardmax must see it here.
    Join join = op.getKind() == nn::SoftmaxKind::hardmax ? Join::max : Join::maxOfNumbers;
    Value top = lane.fold(accumulator(join, type, false), [&](Spot at) { return x.load(at.shape, at.offset); });
    if (op.getKind() == nn::SoftmaxKind::hardmax)
      emitHardmax(k, lane, x, y, top);
    else
      emitExponential(k, op, type, lane, x, y, top);
  });
  return success();
}

} // namespace

void registerSoftmaxLowerings(LoweringRegistry &registry) {
  registry.add<nn::SoftmaxOp>({softmaxItems, emitSoftmax});
}

} // namespace nnc
