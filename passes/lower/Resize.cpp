// Lowering of nn.resize. Interpolation is separable: along each dim a result element has a few taps, input positions
// with weights, and the result is the sum over the taps of the first dim of sums over those of the second, and so on.
// An item is a row of the result. The taps of all dims but the last are found once for a row; along the row, positions
// and weights are vectors and the elements are gathered. Of rows of known extents
//
//     interpolated ones are first summed over the other dims, for all of a row of the input, into a row in the
//     workspace, of which then the taps along the row are gathered; their positions and weights are found once;
//     ones whose elements are repeated are written by vectors (RepeatedRows.h).
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/RepeatedRows.h"
#include "passes/lower/RowVectors.h"
#include "passes/lower/Sampling.h"

using namespace mlir;

namespace nnc {

namespace {

/// One dim of x and y. The numbers are scalars of the real type.
struct Axis {
  bool isIdentity;
  Value in, out;            // extents, index
  Value scale;              // output extent over input extent
  Value scaledExtent;       // input extent times scale: not always a whole number
  Value roiStart, roiEnd;   // of tf_crop_and_resize
};

/// The taps of one result position (or a vector of them) along a dim.
struct Taps {
  SmallVector<Value> positions, weights; // nearest: one position without a weight
  Value isOutside;                       // extrapolated: no tap counts
  // Antialiasing visits as many positions as the scale says, from `first` on.
  Value first, count, ratio, narrowing, sum;
};

class Resizer {
public:
  Resizer(KernelBuilder &k, nn::ResizeOp op)
      : k(k), op(op), element(getElementTypeOrSelf(op.getX().getType())), real(realTypeFor(element)),
        rank(cast<RankedTensorType>(op.getX().getType()).getRank()) {
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(axisOf(i));
    for (const Axis &axis : ArrayRef(axes).take_front(2))
      leadingKnown.push_back(axis.isIdentity);
    if (!hasKnownRows())
      return;
    if (sumsRows())
      summed = k.workspace(MemRefType::get({lastIn()}, real));
    // What is visited by a loop, or may lie outside, is found again for every row.
    if (op.getAntialias() || op.getCoordinates() == nn::ResizeCoordinates::tf_crop_and_resize)
      return;
    int64_t count = isCubic() ? 4 : 2;
    positions = k.workspace(MemRefType::get({count, lastOut()}, k.b.getI32Type()));
    weights = k.workspace(MemRefType::get({count, lastOut()}, real));
  }

  /// Before the first row: the taps along all rows.
  void prepare() {
    if (!positions)
      return;
    overVectors(lastOut(), [&](Reals f, Value x) {
      Taps taps = tapsOf(f, axes[rank - 1], columns(f, x));
      for (auto [i, position] : llvm::enumerate(taps.positions)) {
        vector::StoreOp::create(k.b, k.loc, position, positions, ValueRange{k.index(i), x});
        vector::StoreOp::create(k.b, k.loc, taps.weights[i], weights, ValueRange{k.index(i), x});
      }
    });
  }

  /// Batch and channels are hardly ever resized, but with dynamic extents or scales that takes a check at run time:
  /// whether those dims that may turn out untouched are, or null if there are none.
  Value leavesLeadingDims() {
    if (rank < 3 || op.getCoordinates() == nn::ResizeCoordinates::tf_crop_and_resize)
      return {};
    Value all;
    Reals f{k, real};
    for (const Axis &axis : ArrayRef(axes).take_front(2)) {
      if (axis.isIdentity)
        continue;
      Value same = k.both(k.compare(arith::CmpIPredicate::eq, axis.in, axis.out),
                          f.compare(arith::CmpFPredicate::OEQ, axis.scale, f.c(1)));
      all = all ? k.both(all, same) : same;
    }
    return all;
  }

  /// From here on the two leading dims count as untouched, or not.
  void assumeLeadingDims(bool areIdentity) {
    for (auto [axis, isKnown] : llvm::zip(axes, leadingKnown))
      axis.isIdentity = areIdentity || isKnown;
  }

  void row(ValueRange point) {
    SmallVector<Taps> taps(rank);
    Reals scalar{k, real};
    for (int64_t i = 0; i < rank - 1; ++i)
      if (!axes[i].isIdentity)
        taps[i] = tapsOf(scalar, axes[i], scalar.spread(point[i]));
    if (std::optional<int64_t> times = repetitionOf(op)) {
      SmallVector<Value> from(point);
      for (int64_t i = 0; i < rank - 1; ++i)
        if (!axes[i].isIdentity)
          from[i] = taps[i].positions[0];
      return repeatRow(k, op, *times, from, point);
    }
    if (summed)
      return sumThenGather(taps, point);
    if (positions)
      return overVectors(lastOut(), [&](Reals f, Value x) { elements(f, taps, point, x); });
    Value count = axes[rank - 1].out, width = k.index(k.lanes());
    Value vectorEnd = k.mul(k.div(count, width), width);
    k.loop(k.index(0), vectorEnd, width,
           [&](Value x) { elements(Reals{k, VectorType::get({k.lanes()}, real)}, taps, point, x); });
    k.loop(vectorEnd, count, k.index(1), [&](Value x) { elements(scalar, taps, point, x); });
  }

  /// Whether x has elements at all.
  Value hasElements() {
    Value product = k.index(1);
    for (const Axis &axis : axes)
      product = k.mul(product, axis.in);
    return k.compare(arith::CmpIPredicate::ne, product, k.index(0));
  }

private:
  bool isNearest() { return op.getKind() == nn::ResizeMode::nearest; }
  bool isCubic() { return op.getKind() == nn::ResizeMode::cubic; }
  double cubicA() { return op.getCubicA().convertToDouble(); }

  Axis axisOf(int64_t i) {
    Reals f{k, real};
    Axis axis;
    axis.in = k.dimOf(op.getX(), i);
    axis.out = k.dim(k.output(0), i);
    auto x = cast<RankedTensorType>(op.getX().getType()), y = cast<RankedTensorType>(op.getY().getType());
    bool crops = op.getCoordinates() == nn::ResizeCoordinates::tf_crop_and_resize;
    double start = op.getRoi() ? (*op.getRoi())[i] : 0, end = op.getRoi() ? (*op.getRoi())[rank + i] : 1;
    bool sameExtent = !x.isDynamicDim(i) && x.getDimSize(i) == y.getDimSize(i);
    bool isScaled = op.getScales() && (*op.getScales())[i] != 1;
    axis.isIdentity = !op.getScaleValues() &&
                      (op.getScales() ? !isScaled && (sameExtent || !op.getSizes()) : sameExtent) &&
                      (!crops || (start == 0 && end == 1 && !op.getRoiValues()));
    auto loadNumber = [&](Value tensor, int64_t at) {
      return f.fromElement(k.load(tensor, {k.index(at)}), getElementTypeOrSelf(tensor.getType()));
    };
    if (op.getScales() || op.getScaleValues()) {
      axis.scale = op.getScales() ? f.c((*op.getScales())[i]) : loadNumber(op.getScaleValues(), i);
      axis.scaledExtent = f.mul(f.spread(axis.in), axis.scale);
    } else {
      axis.scaledExtent = f.spread(axis.out);
      axis.scale = f.div(axis.scaledExtent, f.spread(axis.in));
    }
    axis.roiStart = op.getRoiValues() ? loadNumber(op.getRoiValues(), i) : f.c(start);
    axis.roiEnd = op.getRoiValues() ? loadNumber(op.getRoiValues(), rank + i) : f.c(end);
    return axis;
  }

  int64_t lastIn() { return cast<RankedTensorType>(op.getX().getType()).getShape().back(); }
  int64_t lastOut() { return cast<RankedTensorType>(op.getY().getType()).getShape().back(); }

  /// Whether rows are interpolated, of extents known and not too large for the workspace.
  bool hasKnownRows() {
    constexpr int64_t mostElements = 1 << 14;
    auto isKnown = [&](int64_t extent) {
      return !ShapedType::isDynamic(extent) && extent > 0 && extent <= mostElements;
    };
    return !isNearest() && !axes[rank - 1].isIdentity && isKnown(lastIn()) && isKnown(lastOut());
  }

  /// Whether rows are summed over the other dims first: not where few results come of a long row.
  bool sumsRows() {
    constexpr int64_t mostShrinking = 4;
    return op.getAntialias() || lastIn() <= mostShrinking * lastOut();
  }

  /// Calls `body` for the vectors of a row.
  void overVectors(int64_t count, llvm::function_ref<void(Reals f, Value first)> body) {
    int64_t lanes = rowLanes(k, count);
    Reals f{k, VectorType::get({lanes}, real)};
    overRowVectors(k, count, lanes, [&](Value first) { body(f, first); });
  }

  /// A row by way of `summed`.
  void sumThenGather(SmallVector<Taps> taps, ValueRange point) {
    Axis &last = axes[rank - 1];
    last.isIdentity = true;
    overVectors(lastIn(), [&](Reals f, Value x) {
      SmallVector<Value> at;
      vector::StoreOp::create(k.b, k.loc, sumFrom(f, taps, point, x, at), summed, x);
    });
    last.isIdentity = false;
    overVectors(lastOut(), [&](Reals f, Value x) {
      Taps &own = taps[rank - 1];
      if (positions)
        own = loadTaps(f, x);
      else
        own = tapsOf(f, last, columns(f, x));
      Value result = sumOver(f, last, own, [&](Value position) { return gather(f, summed, k.index(0), position); });
      store(f, result, taps, point, x);
    });
  }

  /// What prepare has found for a vector of results.
  Taps loadTaps(Reals f, Value x) {
    Taps taps;
    auto type = cast<VectorType>(f.type);
    for (int64_t i = 0; i < cast<MemRefType>(positions.getType()).getDimSize(0); ++i) {
      Value at[] = {k.index(i), x};
      taps.positions.push_back(
          vector::LoadOp::create(k.b, k.loc, withShapeOf(type, k.b.getI32Type()), positions, at));
      taps.weights.push_back(vector::LoadOp::create(k.b, k.loc, type, weights, at));
    }
    return taps;
  }

  /// Where in the input the output position `x` lies.
  Value coordinate(Reals f, const Axis &axis, Value x, Value &isOutside) {
    Value scale = f.spread(axis.scale), extent = f.spread(axis.scaledExtent), last = f.sub(f.spread(axis.in), 1);
    Value isOne = f.compare(arith::CmpFPredicate::OEQ, extent, f.c(1));
    auto halfPixel = [&] { return f.sub(f.div(f.add(x, 0.5), scale), 0.5); };
    switch (op.getCoordinates()) {
    case nn::ResizeCoordinates::half_pixel: return halfPixel();
    case nn::ResizeCoordinates::pytorch_half_pixel: return f.select(isOne, f.c(0), halfPixel());
    case nn::ResizeCoordinates::asymmetric: return f.div(x, scale);
    case nn::ResizeCoordinates::align_corners:
      return f.select(isOne, f.c(0), f.div(f.mul(x, last), f.sub(extent, 1)));
    case nn::ResizeCoordinates::half_pixel_symmetric: {
      Value adjustment = f.div(f.spread(axis.out), extent);
      Value offset = f.mul(f.mul(f.spread(axis.in), 0.5), f.sub(f.c(1), adjustment));
      return f.add(offset, halfPixel());
    }
    case nn::ResizeCoordinates::tf_crop_and_resize: {
      Value span = f.mul(f.sub(f.spread(axis.roiEnd), f.spread(axis.roiStart)), last);
      Value place = f.select(isOne, f.mul(span, 0.5), f.div(f.mul(x, span), f.sub(extent, 1)));
      place = f.add(place, f.mul(f.spread(axis.roiStart), last));
      Value before = f.compare(arith::CmpFPredicate::OLT, place, f.c(0));
      isOutside = arith::OrIOp::create(k.b, k.loc, before, f.compare(arith::CmpFPredicate::OGT, place, last));
      return place;
    }
    }
    llvm_unreachable("unknown coordinates");
  }

  Value nearest(Reals f, Value place) {
    switch (op.getNearest()) {
    case nn::ResizeNearest::round_prefer_floor: return f.ceil(f.sub(place, 0.5));
    case nn::ResizeNearest::round_prefer_ceil: return f.floor(f.add(place, 0.5));
    case nn::ResizeNearest::floor: return f.floor(place);
    case nn::ResizeNearest::ceil: return f.ceil(place);
    }
    llvm_unreachable("unknown mode");
  }

  Value clampedIndex(Reals f, const Axis &axis, Value position) {
    return f.toIndex(position, f.c(0), f.sub(f.spread(axis.in), 1));
  }

  Value isInside(Reals f, const Axis &axis, Value position) {
    Value notBefore = f.compare(arith::CmpFPredicate::OGE, position, f.c(0));
    return k.both(notBefore, f.compare(arith::CmpFPredicate::OLT, position, f.spread(axis.in)));
  }

  Taps tapsOf(Reals f, const Axis &axis, Value x) {
    Taps taps;
    Value place = coordinate(f, axis, x, taps.isOutside);
    if (isNearest()) {
      taps.positions.push_back(clampedIndex(f, axis, nearest(f, place)));
      return taps;
    }
    Value base = f.floor(place), ratio = f.sub(place, base);
    if (op.getAntialias()) {
      antialiasTaps(f, axis, base, ratio, taps);
      return taps;
    }
    SmallVector<Value> weights =
        isCubic() ? f.cubicWeights(ratio, cubicA()) : SmallVector<Value>{f.sub(f.c(1), ratio), ratio};
    Value sum;
    for (auto [i, weight] : llvm::enumerate(weights)) {
      Value position = f.add(base, static_cast<double>(i) - (isCubic() ? 1 : 0));
      if (op.getExcludeOutside())
        weight = f.select(isInside(f, axis, position), weight, f.c(0));
      sum = sum ? f.add(sum, weight) : weight;
      taps.positions.push_back(clampedIndex(f, axis, position));
      taps.weights.push_back(weight);
    }
    if (op.getExcludeOutside()) {
      sum = f.select(f.compare(arith::CmpFPredicate::OEQ, sum, f.c(0)), f.c(1), sum);
      for (Value &weight : taps.weights)
        weight = f.div(weight, sum);
    }
    return taps;
  }

  /// Shrinking, the kernel is as much wider as the image is smaller.
  void antialiasTaps(Reals f, const Axis &axis, Value base, Value ratio, Taps &taps) {
    Reals s{k, real};
    Value narrowing = s.min(axis.scale, s.c(1));
    Value from = s.add(s.floor(s.div(s.c(isCubic() ? -2 : -1), narrowing)), 1);
    Value count = s.sub(s.c(2), s.mul(from, 2));
    taps.narrowing = f.spread(narrowing);
    taps.ratio = f.sub(f.spread(from), ratio); // the first tap's distance
    taps.first = f.add(base, f.spread(from));
    taps.count = s.toIndex(count, s.c(0), s.c(std::ldexp(1.0, 30)));
    taps.sum = k.loop(k.index(0), taps.count, k.index(1), f.c(0), [&](Value t, ValueRange sum) -> SmallVector<Value> {
      return {f.add(sum[0], antialiasWeight(f, axis, taps, t))};
    })[0];
    taps.sum = f.select(f.compare(arith::CmpFPredicate::OEQ, taps.sum, f.c(0)), f.c(1), taps.sum);
  }

  Value antialiasWeight(Reals f, const Axis &axis, const Taps &taps, Value t) {
    Value distance = f.abs(f.mul(f.add(taps.ratio, f.spread(t)), taps.narrowing)), weight;
    if (isCubic()) {
      Value outer = f.select(f.compare(arith::CmpFPredicate::OLT, distance, f.c(2)), f.cubicOuter(distance, cubicA()), f.c(0));
      weight = f.select(f.compare(arith::CmpFPredicate::OLE, distance, f.c(1)), f.cubicInner(distance, cubicA()), outer);
    } else {
      weight = f.max(f.sub(f.c(1), distance), f.c(0));
    }
    if (op.getExcludeOutside())
      weight = f.select(isInside(f, axis, f.add(taps.first, f.spread(t))), weight, f.c(0));
    return weight;
  }

  /// Column x, or those of the vector from there on, as reals.
  Value columns(Reals f, Value x) {
    auto vectorType = dyn_cast<VectorType>(f.type);
    if (!vectorType)
      return f.spread(x);
    SmallVector<Attribute> steps;
    for (int64_t i = 0; i < vectorType.getNumElements(); ++i)
      steps.push_back(FloatAttr::get(real, i));
    Value ramp = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(vectorType, steps));
    return f.add(f.spread(x), ramp);
  }

  /// The result at column x of the row, or the vector from there on.
  void elements(Reals f, SmallVector<Taps> taps, ValueRange point, Value x) {
    if (!axes[rank - 1].isIdentity)
      taps[rank - 1] = positions ? loadTaps(f, x) : tapsOf(f, axes[rank - 1], columns(f, x));
    SmallVector<Value> at;
    store(f, sumFrom(f, taps, point, x, at), taps, point, x);
  }

  /// Stores what is the result where all dims have taps.
  void store(Reals f, Value result, ArrayRef<Taps> taps, ValueRange point, Value x) {
    for (int64_t i = 0; i < rank; ++i)
      if (taps[i].isOutside)
        result = extrapolate(f, taps[i].isOutside, result);
    if (!isNearest())
      result = f.toElement(result, element);
    result = toStorage(k.b, k.loc, result, element);
    SmallVector<Value> target(point);
    target.push_back(x);
    if (isa<VectorType>(f.type))
      vector::StoreOp::create(k.b, k.loc, result, k.output(0), target);
    else
      memref::StoreOp::create(k.b, k.loc, result, k.output(0), target);
  }

  Value extrapolate(Reals f, Value isOutside, Value result) {
    double value = op.getExtrapolation().convertToDouble();
    Value other = isa<FloatType>(getElementTypeOrSelf(result.getType()))
                      ? constantLike(k.b, k.loc, result.getType(), value)
                      : integerLike(k.b, k.loc, result.getType(), static_cast<int64_t>(value));
    if (isa<VectorType>(f.type) && !isa<VectorType>(isOutside.getType()))
      isOutside = vector::BroadcastOp::create(k.b, k.loc, withShapeOf(f.type, k.b.getI1Type()), isOutside);
    return f.select(isOutside, other, result);
  }

  /// The sum over the taps of the dims from `at.size()` on.
  Value sumFrom(Reals f, ArrayRef<Taps> taps, ValueRange point, Value x, SmallVectorImpl<Value> &at) {
    int64_t d = at.size();
    if (d == rank)
      return loadElement(f, at);
    auto through = [&](Value position) {
      at.push_back(position);
      Value value = sumFrom(f, taps, point, x, at);
      at.pop_back();
      return value;
    };
    if (axes[d].isIdentity)
      return through(d == rank - 1 ? x : point[d]);
    return sumOver(f, axes[d], taps[d], through);
  }

  /// The sum over the taps of a dim of what `through` gives for their positions.
  Value sumOver(Reals f, const Axis &axis, const Taps &taps, llvm::function_ref<Value(Value position)> through) {
    auto shaped = [&](Value weight) { return weight.getType() == f.type ? weight : f.spread(weight); };
    if (isNearest())
      return through(taps.positions[0]);
    if (!taps.count) {
      Value sum;
      for (auto [position, weight] : llvm::zip(taps.positions, taps.weights)) {
        Value term = f.mul(through(position), shaped(weight));
        sum = sum ? f.add(sum, term) : term;
      }
      return sum;
    }
    Reals own{k, taps.first.getType()};
    Value sum = k.loop(k.index(0), taps.count, k.index(1), f.c(0), [&](Value t, ValueRange sum) -> SmallVector<Value> {
      Value position = clampedIndex(own, axis, own.add(taps.first, own.spread(t)));
      return {f.add(sum[0], f.mul(through(position), shaped(antialiasWeight(own, axis, taps, t))))};
    })[0];
    return f.div(sum, shaped(taps.sum));
  }

  /// The elements that lie so far behind `base`.
  Value gather(Reals f, Value memref, ValueRange base, Value offsets) {
    auto type = cast<VectorType>(withShapeOf(f.type, cast<MemRefType>(memref.getType()).getElementType()));
    Value mask = integerLike(k.b, k.loc, VectorType::get(type.getShape(), k.b.getI1Type()), 1);
    Value none = isa<FloatType>(type.getElementType()) ? constantLike(k.b, k.loc, type, 0.0)
                                                       : integerLike(k.b, k.loc, type, 0);
    return vector::GatherOp::create(k.b, k.loc, type, memref, base, offsets, mask, none);
  }

  /// The element at these positions, of which the last may be a vector. Interpolated elements come as reals.
  Value loadElement(Reals f, ArrayRef<Value> at) {
    Value memref = k.memref(op.getX()), stored;
    auto vectorType = dyn_cast<VectorType>(f.type);
    if (!vectorType) {
      stored = memref::LoadOp::create(k.b, k.loc, memref, at);
    } else {
      auto type = cast<VectorType>(withShapeOf(f.type, storageType(element)));
      if (axes[rank - 1].isIdentity) {
        stored = vector::LoadOp::create(k.b, k.loc, type, memref, at);
      } else {
        SmallVector<Value> base(at.drop_back());
        base.push_back(k.index(0));
        stored = gather(f, memref, base, at.back());
      }
    }
    Value value = toCompute(k.b, k.loc, stored, element);
    return isNearest() ? value : f.fromElement(value, element);
  }

  KernelBuilder &k;
  nn::ResizeOp op;
  Type element, real;
  int64_t rank;
  SmallVector<Axis> axes;
  SmallVector<bool> leadingKnown; // of the first two
  /// Where rows are summed first: such a row, and the taps along it, [tap][column].
  Value summed, positions, weights;
};

AffineMap resizeItems(nn::GroupOp group, Operation *root) {
  int64_t rank = cast<RankedTensorType>(root->getResult(0).getType()).getRank();
  return itemPerLeadingDims(group, std::max<int64_t>(rank - 1, 0));
}

LogicalResult emitResize(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ResizeOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  bool isNearest = op.getKind() == nn::ResizeMode::nearest;
  if (!element.isIntOrFloat() || (element.isInteger(1) && !isNearest))
    return op.emitOpError("unsupported element type ") << element;
  auto type = cast<RankedTensorType>(op.getY().getType());
  if (type.getRank() == 0)
    return op.emitOpError("unsupported: x is a scalar");
  if (op.getAntialias() && isNearest)
    return op.emitOpError("unsupported: antialiasing with mode nearest");
  int64_t width = type.isDynamicDim(type.getRank() - 1) ? 64 : type.getDimSize(type.getRank() - 1);
  k.grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(width, 1));
  Resizer resizer(k, op);
  auto rows = [&] {
    resizer.prepare();
    k.forEachItem([&](ValueRange point) { resizer.row(point); });
  };
  Value hasElements = resizer.hasElements();
  auto negated = [&](Value condition) -> Value {
    return arith::XOrIOp::create(k.b, k.loc, condition, integerLike(k.b, k.loc, condition.getType(), 1));
  };
  k.ifThen(negated(hasElements), [&] { k.fail("Resize: the input has no elements to take"); });
  k.ifThen(hasElements, [&] {
    Value isEasy = resizer.leavesLeadingDims();
    if (!isEasy)
      return rows();
    k.ifThen(isEasy, [&] {
      resizer.assumeLeadingDims(true);
      rows();
    });
    k.ifThen(negated(isEasy), [&] {
      resizer.assumeLeadingDims(false);
      rows();
    });
  });
  return success();
}

} // namespace

void registerResizeLowerings(LoweringRegistry &registry) {
  registry.add<nn::ResizeOp>({resizeItems, emitResize});
}

} // namespace nnc
