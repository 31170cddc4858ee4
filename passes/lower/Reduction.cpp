// Lowerings of nn.reduce and nn.arg_reduce.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/LanePlaces.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

//===----------------------------------------------------------------------===//
// nn.reduce
//===----------------------------------------------------------------------===//

/// One nn.reduce: what it folds, in which type, and what it makes of the fold.
class Reduction {
public:
  Reduction(KernelBuilder &k, nn::ReduceOp op)
      : k(k), op(op), kind(op.getKind()), element(getElementTypeOrSelf(op.getX().getType())), work(workType()),
        isFloat(isa<FloatType>(work)), x(k, k.memref(op.getX()), element), y(k, k.output(0), element) {}

  void emit() {
    bool isHeavy = kind == nn::ReduceKind::log_sum_exp;
    Lanes lanes(k, op.getX(), op.getAxes(), work, isHeavy ? 2 : 8);
    k.grain = lanes.grain(isHeavy ? 8 : 1);
    Value length = lanes.length();
    lanes.forEach([&](Lane &lane) { y.store(finish(lane, length), lane.item); });
  }

private:
  /// Integers are folded as they are, modulo 2^n, unless a root or a logarithm follows; a mean needs the whole sum.
  Type workType() const {
    Type compute = computeType(element);
    if (isa<FloatType>(compute))
      return compute;
    switch (kind) {
    case nn::ReduceKind::l2:
    case nn::ReduceKind::log_sum:
    case nn::ReduceKind::log_sum_exp: return k.b.getF64Type();
    case nn::ReduceKind::mean:
      return k.b.getIntegerType(64);
    default: return compute;
    }
  }

  Value load(Spot at) {
    Value value = x.load(at.shape, at.offset);
    Type shaped = withShapeOf(at.shape, work);
    if (value.getType() == shaped)
      return value;
    bool isUnsigned = isUnsignedElement(element);
    if (isFloat)
      return isUnsigned ? arith::UIToFPOp::create(k.b, k.loc, shaped, value).getResult()
                        : arith::SIToFPOp::create(k.b, k.loc, shaped, value).getResult();
    return isUnsigned ? arith::ExtUIOp::create(k.b, k.loc, shaped, value).getResult()
                      : arith::ExtSIOp::create(k.b, k.loc, shaped, value).getResult();
  }
  Value fold(Lane &lane, Join join, llvm::function_ref<Value(Spot)> body) {
    return lane.fold(accumulator(join, work, isUnsignedElement(element)), body);
  }
  Value mul(Value a, Value b) {
    return isFloat ? arith::MulFOp::create(k.b, k.loc, a, b).getResult() : arith::MulIOp::create(k.b, k.loc, a, b).getResult();
  }
  Value abs(Value v) {
    if (isFloat)
      return math::AbsFOp::create(k.b, k.loc, v);
    return isUnsignedElement(element) ? v : math::AbsIOp::create(k.b, k.loc, v).getResult();
  }
  Value sum(Lane &lane) {
    return fold(lane, Join::add, [&](Spot at) { return load(at); });
  }
  Value sumOfSquares(Lane &lane) {
    return fold(lane, Join::add, [&](Spot at) {
      Value v = load(at);
      return mul(v, v);
    });
  }

  Value mean(Lane &lane, Value length) {
    Value total = sum(lane), count = k.fromIndex(length, k.b.getI64Type());
    if (isFloat)
      return arith::DivFOp::create(k.b, k.loc, total, spread(k, arith::SIToFPOp::create(k.b, k.loc, work, count), lane.shape));
    Value one = arith::ConstantOp::create(k.b, k.loc, k.b.getI64IntegerAttr(1));
    count = spread(k, arith::MaxSIOp::create(k.b, k.loc, count, one), lane.shape);
    Value quotient = isUnsignedElement(element) ? arith::DivUIOp::create(k.b, k.loc, total, count).getResult()
                                                : arith::DivSIOp::create(k.b, k.loc, total, count).getResult();
    Type narrow = withShapeOf(lane.shape, computeType(element));
    return quotient.getType() == narrow ? quotient : Value(arith::TruncIOp::create(k.b, k.loc, narrow, quotient));
  }

  /// max + log(sum(exp(x - max))), which does not overflow; an infinite maximum is the result itself.
  Value logSumExp(Lane &lane) {
    Value top = fold(lane, Join::max, [&](Spot at) { return load(at); });
    Value infinity = constantLike(k.b, k.loc, top.getType(), INFINITY);
    Value isInfinite = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OEQ, abs(top), infinity);
    Value shift = arith::SelectOp::create(k.b, k.loc, isInfinite, constantLike(k.b, k.loc, top.getType(), 0.0), top);
    Value total = fold(lane, Join::add, [&](Spot at) -> Value {
      Value difference = arith::SubFOp::create(k.b, k.loc, load(at), spread(k, shift, at.shape));
      return floatFunction(k.b, k.loc, nn::UnaryKind::exp, difference, 0, 0);
    });
    Value result = arith::AddFOp::create(k.b, k.loc, log(total), shift);
    return arith::SelectOp::create(k.b, k.loc, isInfinite, top, result);
  }
  Value log(Value v) { return floatFunction(k.b, k.loc, nn::UnaryKind::log, v, 0, 0); }
  /// Back from the f64 that integers were computed in.
  Value narrow(Value v) {
    return isa<FloatType>(element) ? v : convertElement(k.b, k.loc, v, k.b.getF64Type(), element);
  }

  Value finish(Lane &lane, Value length) {
    switch (kind) {
    case nn::ReduceKind::sum: return sum(lane);
    case nn::ReduceKind::mean: return mean(lane, length);
    case nn::ReduceKind::max: return fold(lane, Join::max, [&](Spot at) { return load(at); });
    case nn::ReduceKind::min: return fold(lane, Join::min, [&](Spot at) { return load(at); });
    case nn::ReduceKind::prod: return fold(lane, Join::mul, [&](Spot at) { return load(at); });
    case nn::ReduceKind::l1: return fold(lane, Join::add, [&](Spot at) { return abs(load(at)); });
    case nn::ReduceKind::l2: return narrow(math::SqrtOp::create(k.b, k.loc, sumOfSquares(lane)));
    case nn::ReduceKind::log_sum: return narrow(log(sum(lane)));
    case nn::ReduceKind::log_sum_exp: return narrow(logSumExp(lane));
    case nn::ReduceKind::sum_square: return sumOfSquares(lane);
    }
    llvm_unreachable("unknown kind");
  }

  KernelBuilder &k;
  nn::ReduceOp op;
  nn::ReduceKind kind;
  Type element, work;
  bool isFloat;
  FlatTensor x, y;
};

LogicalResult emitReduce(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ReduceOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  bool isExtreme = op.getKind() == nn::ReduceKind::max || op.getKind() == nn::ReduceKind::min;
  if (!isa<FloatType, IntegerType>(element) || (element.isInteger(1) && !isExtreme))
    return op.emitOpError("unsupported element type ") << element;
  Reduction(k, op).emit();
  return success();
}

//===----------------------------------------------------------------------===//
// nn.arg_reduce
//===----------------------------------------------------------------------===//

/// Two folds: the extreme, then the first (or last) index of an element equal to it. A NaN is the extreme of its lane.
LogicalResult emitArgReduce(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ArgReduceOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!isa<FloatType, IntegerType>(element))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element), i64 = k.b.getI64Type();
  FlatTensor x(k, k.memref(op.getX()), element), y(k, k.output(0), i64);
  int64_t axis = op.getAxis();
  Lanes lanes(k, op.getX(), axis, type, 2);
  k.grain = lanes.grain(2);

  // A reduction over nothing has no answer.
  Value extent = k.dimOf(op.getX(), axis);
  k.ifThen(k.compare(arith::CmpIPredicate::eq, extent, k.index(0)),
           [&] { k.fail("the axis of an ArgMax or ArgMin is empty"); });
  Join join = op.getKind() == nn::ArgKind::max ? Join::max : Join::min;
  lanes.forEach([&](Lane &lane) {
    Value extreme = lane.fold(accumulator(join, type, isUnsignedElement(element)),
                              [&](Spot at) { return x.load(at.shape, at.offset); });
    y.store(placeOf(k, lane, x, extreme, op.getSelectLast()), lane.item);
  });
  return success();
}

} // namespace

void registerReductionLowerings(LoweringRegistry &registry) {
  registry.add<nn::ReduceOp>({itemPerElement, emitReduce});
  registry.add<nn::ArgReduceOp>({itemPerElement, emitArgReduce});
}

} // namespace nnc
