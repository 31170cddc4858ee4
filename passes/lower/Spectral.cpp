// The lowerings of nn.dft and nn.stft: one item per transformed signal. What differs between the variants is where the
// samples come from and which bins are kept.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Fourier.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

using Complex = FourierTransform::Complex;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

LogicalResult checkElement(Operation *op, Type element) {
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() >= 16)
    return success();
  return op->emitOpError("unsupported element type ") << element;
}

/// A transform's length that comes from the model's data: at least 1, after a failure too.
Value positiveLength(KernelBuilder &k, Value length) {
  if (auto known = getConstantIntValue(length); known && *known > 0)
    return length;
  Value isPositive = k.compare(arith::CmpIPredicate::sgt, length, k.index(0));
  Value isBad = k.compare(arith::CmpIPredicate::sle, length, k.index(0));
  k.ifThen(isBad, [&] { k.fail("the length of a Fourier transform is %0", length); });
  return k.select(isPositive, length, k.index(1));
}

/// The one element of an integer scalar, whether it is written [] or [1].
Value loadScalar(KernelBuilder &k, Value tensor) {
  return k.loadIndex(tensor, SmallVector<Value>(typeOf(tensor).getRank(), k.index(0)));
}

/// The fewest signals worth a thread, where one of `length` samples is some 20 n operations.
int64_t grainFor(Value length) { return std::max<int64_t>(1, 1500 / getConstantIntValue(length).value_or(512)); }

AffineMap dftItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::DftOp>(root);
  int64_t rank = typeOf(op.getY()).getRank(), axis = op.getAxis();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i + 1 < rank; ++i)
    if (i != axis)
      exprs.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, exprs, group.getContext());
}

LogicalResult emitDft(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::DftOp>(root);
  // The forward sums grow with the length while bins that cancel stay near zero, so they are formed in f64; the inverse
  // divides by the length again.
  Type element = typeOf(op.getX()).getElementType();
  Type compute = op.getInverse() ? computeType(element) : k.b.getF64Type();
  if (failed(checkElement(root, element)))
    return failure();
  int64_t rank = typeOf(op.getX()).getRank(), axis = op.getAxis();
  bool isComplex = typeOf(op.getX()).getDimSize(rank - 1) == 2;
  bool toReal = op.getInverse() && op.getOnesided();
  Value given = k.dimOf(op.getX(), axis), bins = k.dimOf(op.getY(), axis);
  Value length = !op.getOnesided() || toReal ? bins : op.getLength() ? loadScalar(k, op.getLength()) : given;
  length = positiveLength(k, length);
  k.grain = grainFor(length);
  FourierTransform transform(k, compute, length, op.getInverse());
  Value zero = constantLike(k.b, k.loc, compute, 0.0);
  k.forEachItem([&](ValueRange point) {
    auto at = [&](Value i, int64_t part) {
      SmallVector<Value> indices(point);
      indices.insert(indices.begin() + axis, i);
      indices.push_back(k.index(part));
      return indices;
    };
    // Sample t of the input, zero past its end. Loads stay in bounds: an empty input is never read.
    auto sample = [&](Value t, bool imaginary) -> Value {
      if (imaginary && !isComplex)
        return zero;
      Value inside = k.compare(arith::CmpIPredicate::slt, t, given);
      auto load = [&] { return convertElement(k.b, k.loc, k.load(op.getX(), at(t, imaginary)), element, compute); };
      return k.ifElse(inside, load, [&] { return zero; });
    };
    auto fetch = [&](Value t) -> Complex {
      if (!toReal)
        return {sample(t, false), sample(t, true)};
      // The upper half of a real signal's spectrum mirrors the lower.
      Value mirrored = k.sub(length, t);
      Value isUpper = k.compare(arith::CmpIPredicate::slt, mirrored, t);
      Value i = k.select(isUpper, mirrored, t), im = sample(i, true);
      Value negative = arith::NegFOp::create(k.b, k.loc, im);
      return {sample(i, false), k.select(isUpper, negative, im)};
    };
    auto store = [&](Value value, Value bin, int64_t part) {
      k.store(convertElement(k.b, k.loc, value, compute, element), op.getY(), at(bin, part));
    };
    transform.run(bins, fetch, [&](Value bin, Complex value) {
      store(value.first, bin, 0);
      if (!toReal)
        store(value.second, bin, 1);
    });
  });
  return success();
}

AffineMap stftItems(nn::GroupOp group, Operation *) { return itemPerLeadingDims(group, 2); }

LogicalResult emitStft(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::StftOp>(root);
  auto signalType = typeOf(op.getSignal());
  Type element = signalType.getElementType(), compute = computeType(element);
  if (failed(checkElement(root, element)))
    return failure();
  bool isComplex = signalType.getRank() == 3 && signalType.getDimSize(2) == 2;
  if (signalType.getRank() == 3 && !isComplex && signalType.getDimSize(2) != 1)
    return op.emitOpError("unsupported: the last dim of the signal is neither 1 nor 2");

  Value bins = k.dimOf(op.getY(), 2), samples = k.dimOf(op.getSignal(), 1), step = loadScalar(k, op.getFrameStep());
  Value length = op.getWindow() ? k.dimOf(op.getWindow(), 0) : op.getOnesided() ? loadScalar(k, op.getFrameLength()) : bins;
  if (op.getWindow() && op.getFrameLength()) {
    Value frameLength = loadScalar(k, op.getFrameLength());
    Value differs = k.compare(arith::CmpIPredicate::ne, frameLength, length);
    k.ifThen(differs, [&] { k.fail("the window has %0 elements, a frame %1", length, frameLength); });
    // The output was sized for frames of the one length: both must fit it.
    length = k.select(differs, k.min(length, k.max(frameLength, k.index(1))), length);
    bins = k.min(bins, length);
  }
  length = positiveLength(k, length);
  k.grain = grainFor(length);
  FourierTransform transform(k, compute, length, /*inverse=*/false);
  Value zero = constantLike(k.b, k.loc, compute, 0.0);
  k.forEachItem([&](ValueRange point) {
    Value start = k.mul(point[1], step);
    Value isInside = k.both(k.compare(arith::CmpIPredicate::sge, start, k.index(0)),
                            k.compare(arith::CmpIPredicate::sle, k.add(start, length), samples));
    auto sample = [&](Value t, int64_t part) -> Value {
      SmallVector<Value> at = {point[0], k.add(start, t)};
      if (signalType.getRank() == 3)
        at.push_back(k.index(part));
      return k.load(op.getSignal(), at);
    };
    auto fetch = [&](Value t) -> Complex {
      Value re = sample(t, 0), im = isComplex ? sample(t, 1) : zero;
      if (op.getWindow()) {
        Value weight = k.load(op.getWindow(), t);
        re = arith::MulFOp::create(k.b, k.loc, re, weight);
        im = isComplex ? Value(arith::MulFOp::create(k.b, k.loc, im, weight)) : zero;
      }
      return {re, im};
    };
    k.ifThen(isInside, [&] {
      transform.run(bins, fetch, [&](Value bin, Complex value) {
        k.store(value.first, op.getY(), {point[0], point[1], bin, k.index(0)});
        k.store(value.second, op.getY(), {point[0], point[1], bin, k.index(1)});
      });
    });
    Value isOutside = arith::XOrIOp::create(k.b, k.loc, isInside, constantLike(k.b, k.loc, k.b.getI1Type(), 1));
    k.ifThen(isOutside, [&] { k.fail("frame %0 of a signal starts at sample %1", point[1], start); });
  });
  return success();
}

} // namespace

void registerSpectralLowerings(LoweringRegistry &registry) {
  registry.add<nn::DftOp>({dftItems, emitDft});
  registry.add<nn::StftOp>({stftItems, emitStft});
}

} // namespace nnc
