#include "passes/lower/PoolWindow.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/MathFunctions.h"

using namespace mlir;

namespace nnc::pool {

Value tapsBefore(KernelBuilder &k, const Axis &axis, Value start, Value limit) {
  Value room = k.max(k.sub(limit, start), k.index(0));
  return k.min(k.index(axis.kernel), k.div(k.add(room, axis.dilation - 1), k.index(axis.dilation)));
}

Taps tapsOf(KernelBuilder &k, const Axis &axis, Value out) {
  Value start = k.sub(k.mul(out, axis.stride), axis.padBegin);
  return {start, tapsBefore(k, axis, start, k.index(0)), tapsBefore(k, axis, start, axis.in)};
}

Value countOf(KernelBuilder &k, nn::PoolOp op, const Axis &axis, const Taps &taps) {
  if (op.getCountIncludePad())
    return tapsBefore(k, axis, taps.start, k.add(axis.in, axis.padEnd));
  return k.sub(taps.last, taps.first);
}

Value position(KernelBuilder &k, const Axis &axis, Value start, Value tap) {
  return k.add(start, k.mul(tap, axis.dilation));
}

/// The elements of a stretch from `first` on that are a stride apart.
static Value elementsOf(KernelBuilder &k, Value stretch, int64_t first, int64_t stride) {
  if (stride == 1)
    return stretch;
  SmallVector<int64_t> picked;
  for (int64_t i = 0; i < cast<VectorType>(stretch.getType()).getNumElements() / stride; ++i)
    picked.push_back(first + stride * i);
  return vector::ShuffleOp::create(k.b, k.loc, stretch, stretch, picked);
}

Value overRowTaps(KernelBuilder &k, const Axis &axis, int64_t stride, Value acc,
                  llvm::function_ref<Value(Value ahead)> stretchAt,
                  llvm::function_ref<Value(Value acc, Value elements)> join) {
  // Taps that have code of their own.
  constexpr int64_t mostUnrolled = 16;
  if (axis.kernel > mostUnrolled)
    return k.loop(k.index(0), k.index(axis.kernel), k.index(1), acc, [&](Value t, ValueRange carried) {
      Value stretch = stretchAt(k.mul(t, axis.dilation));
      return SmallVector<Value>{join(carried[0], elementsOf(k, stretch, 0, stride))};
    })[0];
  Value stretch;
  for (int64_t t = 0, loaded = -1; t < axis.kernel; ++t) {
    int64_t ahead = t * axis.dilation, first = ahead / stride * stride;
    if (std::exchange(loaded, first) != first)
      stretch = stretchAt(k.index(first));
    acc = join(acc, elementsOf(k, stretch, ahead - first, stride));
  }
  return acc;
}

Value Reduction::initial(Type shape) {
  Type type = withShapeOf(shape, computeType(element));
  if (op.getKind() != nn::PoolKind::max)
    return constantLike(k.b, k.loc, type, 0.0);
  if (isa<FloatType>(element))
    return constantLike(k.b, k.loc, type, -std::numeric_limits<double>::infinity());
  unsigned width = computeType(element).getIntOrFloatBitWidth();
  return integerLike(k.b, k.loc, type,
                     isUnsignedElement(element) ? 0 : APInt::getSignedMinValue(width).getSExtValue());
}

Value Reduction::joined(Value acc, Value x) {
  if (op.getKind() != nn::PoolKind::max)
    return arith::AddFOp::create(k.b, k.loc, acc, x);
  if (isa<FloatType>(element))
    return arith::MaximumFOp::create(k.b, k.loc, acc, x);
  return isUnsignedElement(element) ? arith::MaxUIOp::create(k.b, k.loc, acc, x).getResult()
                                    : arith::MaxSIOp::create(k.b, k.loc, acc, x).getResult();
}

/// |x| to the power p by repeated multiplication.
static Value magnitudePower(KernelBuilder &k, Value x, uint64_t p) {
  Value base = math::AbsFOp::create(k.b, k.loc, x), result;
  for (; p; p >>= 1) {
    if (p & 1)
      result = result ? arith::MulFOp::create(k.b, k.loc, result, base).getResult() : base;
    if (p > 1)
      base = arith::MulFOp::create(k.b, k.loc, base, base);
  }
  return result;
}

Value Reduction::prepared(Value x) {
  return op.getKind() == nn::PoolKind::lp ? magnitudePower(k, x, static_cast<uint64_t>(op.getP())) : x;
}

Value Reduction::asCount(Value number, Type shape) {
  Value count = arith::SIToFPOp::create(k.b, k.loc, computeType(element), k.fromIndex(number, k.b.getI64Type()));
  if (auto vector = dyn_cast<VectorType>(shape))
    count = vector::BroadcastOp::create(k.b, k.loc, withShapeOf(vector, computeType(element)), count);
  return count;
}

Value Reduction::finish(Value acc, Value count) {
  if (op.getKind() == nn::PoolKind::average)
    return arith::DivFOp::create(k.b, k.loc, acc, count);
  if (op.getKind() == nn::PoolKind::max || op.getP() == 1)
    return acc;
  if (op.getP() == 2)
    return math::SqrtOp::create(k.b, k.loc, acc);
  return power(k.b, k.loc, acc, constantLike(k.b, k.loc, acc.getType(), 1.0 / op.getP()));
}

} // namespace nnc::pool
