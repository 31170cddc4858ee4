// Ops whose elements follow from their place: nn.fill, nn.range, nn.eye_like, nn.one_hot, nn.trilu,
// nn.reverse_sequence.
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Indices.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

Value clamp(KernelBuilder &k, Value value, Value low, Value high) { return k.min(k.max(value, low), high); }

LogicalResult emitFill(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::FillOp>(root);
  k.grain = 32768;
  Value element = loadStored(k, {k.flat(k.memref(op.getValue())), k.index(0)});
  fillRun(k, element, {k.flat(k.memref(op.getY())), k.begin}, k.sub(k.end, k.begin));
  return success();
}

LogicalResult emitRange(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::RangeOp>(root);
  Type element = rankedType(op.getY()).getElementType(), compute = computeType(element);
  if (!element.isIntOrFloat())
    return op.emitOpError("unsupported element type ") << element;
  Value y = k.memref(op.getY());
  auto scalar = [&](Value tensor) {
    return toCompute(k.b, k.loc, loadStored(k, {k.flat(k.memref(tensor)), k.index(0)}), element);
  };
  Value start = scalar(op.getStart()), delta = scalar(op.getDelta());
  k.grain = 16384;
  k.loop(k.begin, k.end, k.index(1), [&](Value i) {
    Value number = convertElement(k.b, k.loc, k.fromIndex(i, k.b.getI64Type()), k.b.getI64Type(), element), value;
    if (isa<FloatType>(compute))
      value = arith::AddFOp::create(k.b, k.loc, start, arith::MulFOp::create(k.b, k.loc, number, delta));
    else
      value = arith::AddIOp::create(k.b, k.loc, start, arith::MulIOp::create(k.b, k.loc, number, delta));
    storeStored(k, toStorage(k.b, k.loc, value, element), {y, i});
  });
  return success();
}

LogicalResult emitEyeLike(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::EyeLikeOp>(root);
  Type element = rankedType(op.getY()).getElementType();
  if (!element.isIntOrFloat())
    return op.emitOpError("unsupported element type ") << element;
  Value y = k.flat(k.memref(op.getY())), columns = k.dimOf(op.getY(), 1), zero = zeroStored(k, y);
  Type compute = computeType(element);
  Value one = isa<FloatType>(compute) ? constantLike(k.b, k.loc, compute, 1.0) : integerLike(k.b, k.loc, compute, 1);
  one = toStorage(k.b, k.loc, one, element);
  k.grain = grainOfRuns(rankedType(op.getY()), 1);
  k.forEachItem([&](ValueRange point) {
    Value row = k.mul(point[0], columns), diagonal = k.add(point[0], op.getK());
    fillRun(k, zero, {y, row}, columns);
    k.ifThen(k.inRange(diagonal, columns), [&] { storeStored(k, one, {y, k.add(row, diagonal)}); });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.one_hot
//===----------------------------------------------------------------------===//

LogicalResult emitOneHot(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::OneHotOp>(root);
  int64_t axis = op.getAxis();
  Value y = k.flat(k.memref(op.getY())), indices = k.flat(k.memref(op.getIndices())), depth = k.dimOf(op.getY(), axis);
  Value values = k.memref(op.getValues());
  Value off = loadStored(k, {values, k.index(0)}), on = loadStored(k, {values, k.index(1)});
  SmallVector<Value> strides = stridesOf(k, op.getY()), indexStrides = stridesOf(k, op.getIndices());
  k.grain = std::max<int64_t>(1, 16384 / estimatedSize(rankedType(op.getY()), axis, axis + 1));
  k.forEachItem([&](ValueRange point) {
    // The column along the axis: off but for the place that the index names, if there is one.
    Value base = k.index(0);
    for (auto [i, at] : llvm::enumerate(point))
      base = k.add(base, k.mul(at, strides[static_cast<int64_t>(i) < axis ? i : i + 1]));
    auto place = [&](Value i) { return Place{y, k.add(base, k.mul(i, strides[axis]))}; };
    k.loop(depth, [&](Value i) { storeStored(k, off, place(i)); });
    Value index = loadIndexOf(k, op.getIndices(), indices, dotProduct(k, point, indexStrides));
    index = wrapIndex(k, index, depth);
    k.ifThen(k.inRange(index, depth), [&] { storeStored(k, on, place(index)); });
  });
  return success();
}

AffineMap oneHotItems(nn::GroupOp group, Operation *root) {
  return itemPerRow(group, cast<nn::OneHotOp>(root).getAxis());
}

//===----------------------------------------------------------------------===//
// nn.trilu
//===----------------------------------------------------------------------===//

AffineMap triluItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, rankedType(cast<nn::TriluOp>(root).getY()).getRank() - 1);
}

LogicalResult emitTrilu(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::TriluOp>(root);
  int64_t rank = rankedType(op.getY()).getRank();
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY())), zero = zeroStored(k, y);
  Value rows = k.dimOf(op.getY(), rank - 2), columns = k.dimOf(op.getY(), rank - 1), shift = k.index(0);
  // A shift beyond the matrix is as good as one to its edge, and does not overflow.
  if (op.getK())
    shift = clamp(k, loadIndexOf(k, op.getK(), k.flat(k.memref(op.getK())), k.index(0)), k.sub(k.index(0), rows), columns);
  SmallVector<Value> strides = stridesOf(k, op.getY());
  k.grain = grainOfRuns(rankedType(op.getY()), rank - 1);
  k.forEachItem([&](ValueRange point) {
    Value base = dotProduct(k, point, strides), diagonal = k.add(point.back(), shift);
    Value cut = clamp(k, op.getUpper() ? diagonal : k.add(diagonal, 1), k.index(0), columns);
    Value at = k.add(base, cut), rest = k.sub(columns, cut);
    if (op.getUpper()) {
      fillRun(k, zero, {y, base}, cut);
      copyRun(k, {x, at}, {y, at}, rest);
    } else {
      copyRun(k, {x, base}, {y, base}, cut);
      fillRun(k, zero, {y, at}, rest);
    }
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.reverse_sequence
//===----------------------------------------------------------------------===//

AffineMap reverseItems(nn::GroupOp group, Operation *) { return itemPerLeadingDims(group, 2); }

LogicalResult emitReverse(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ReverseSequenceOp>(root);
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY())), lengths = k.memref(op.getLengths());
  SmallVector<Value> dims = k.dimsOf(op.getX()), strides = stridesOf(k, op.getX());
  int64_t batchAxis = op.getBatchAxis(), timeAxis = op.getTimeAxis();
  Value count = strides[1];
  k.grain = grainOfRuns(rankedType(op.getY()), 2);
  k.forEachItem([&](ValueRange point) {
    Value time = point[timeAxis], length = loadIndexOf(k, op.getLengths(), lengths, point[batchAxis]);
    Value isValid = k.inRange(length, k.add(dims[timeAxis], 1));
    k.ifThen(k.negated(isValid), [&] {
      k.fail("reverse_sequence: the length %0 is not within the %1 steps", length, dims[timeAxis]);
    });
    Value isReversed = k.both(isValid, k.compare(arith::CmpIPredicate::slt, time, length));
    Value from = k.select(isReversed, k.sub(k.sub(length, k.index(1)), time), time);
    Value batch = k.mul(point[batchAxis], strides[batchAxis]);
    copyRun(k, {x, k.add(batch, k.mul(from, strides[timeAxis]))}, {y, dotProduct(k, point, strides)}, count);
  });
  return success();
}

} // namespace

void registerGenerateLowerings(LoweringRegistry &registry) {
  registry.add<nn::FillOp>({itemPerElement, emitFill});
  registry.add<nn::RangeOp>({itemPerElement, emitRange});
  registry.add<nn::EyeLikeOp>({[](nn::GroupOp group, Operation *) { return itemPerLeadingDims(group, 1); }, emitEyeLike});
  registry.add<nn::OneHotOp>({oneHotItems, emitOneHot});
  registry.add<nn::TriluOp>({triluItems, emitTrilu});
  registry.add<nn::ReverseSequenceOp>({reverseItems, emitReverse});
}

} // namespace nnc
