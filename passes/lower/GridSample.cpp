// Lowering of nn.grid_sample. An item is a row of locations of the result. Of a block of locations the taps are found
// first, where in an image they are and their weights; then channel after channel is sampled there. (One location after
// another in all channels would read lines of as many planes, which meet in the same sets of a cache.)
//
// The four taps of a location between four pixels are two pairs of neighbours, which a vector holds, with their weights in
// another one. Where that is so of four locations in turn, their products are added up together.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"
#include "passes/lower/Sampling.h"

using namespace mlir;

namespace nnc {

namespace {

/// A position, along one dim or in an image, whether it counts, and its weight; null: it counts, and all of it.
struct Tap {
  Value position, counts, weight;
};

/// Finds the taps of a location, or of a vector of locations.
class TapFinder {
public:
  TapFinder(KernelBuilder &k, nn::GridSampleOp op, Type type) : k(k), op(op), f{k, type} {}

  /// The taps in an image, from a location's coordinates in the order of the image's dims.
  SmallVector<Tap> ofImage(ValueRange coordinates) {
    SmallVector<Tap> all;
    for (auto [d, coordinate] : llvm::enumerate(coordinates)) {
      Value extent = k.dimOf(op.getX(), 2 + d);
      SmallVector<Tap> ofDim = tapsOf(coordinate, extent);
      if (d == 0) {
        all = std::move(ofDim);
        continue;
      }
      SmallVector<Tap> outer = std::move(all);
      all.clear();
      for (const Tap &before : outer)
        for (const Tap &tap : ofDim)
          all.push_back({inRow(before.position, extent, tap.position), both(before.counts, tap.counts),
                         before.weight ? f.mul(before.weight, tap.weight) : Value()});
    }
    return all;
  }
  /// Both conditions, of which either both or none is null.
  Value both(Value a, Value b) { return a ? arith::AndIOp::create(k.b, k.loc, a, b).getResult() : Value(); }

  Value scaled(Value weight, Value scale) { return f.mul(weight, scale); }

private:
  /// row * extent + column, as i64 or index.
  Value inRow(Value row, Value extent, Value column) {
    if (row.getType().isIndex())
      return k.add(k.mul(row, extent), column);
    Type wide = withShapeOf(row.getType(), k.b.getI64Type());
    auto widened = [&](Value v) -> Value {
      return v.getType() == wide ? v : arith::ExtSIOp::create(k.b, k.loc, wide, v).getResult();
    };
    Value factor = spread(k, k.fromIndex(extent, k.b.getI64Type()), wide);
    return arith::AddIOp::create(k.b, k.loc, arith::MulIOp::create(k.b, k.loc, widened(row), factor), widened(column));
  }
  bool isReflecting() { return op.getPadding() == "reflection"; }

  /// x mirrored at the borders until it lies between them.
  Value reflect(Value x, Value low, Value high) {
    // With one position in a dim there is nothing but that position.
    Value range = f.sub(high, low), isPoint = f.compare(arith::CmpFPredicate::OLE, range, f.c(0));
    Value safe = f.select(isPoint, f.c(1), range);
    Value distance = f.abs(f.sub(x, low)), times = f.floor(f.div(distance, safe));
    Value rest = f.sub(distance, f.mul(times, safe));
    Value half = f.mul(times, 0.5);
    Value isEven = f.compare(arith::CmpFPredicate::OEQ, f.floor(half), half);
    Value mirrored = f.select(isEven, f.add(low, rest), f.sub(high, rest));
    return f.select(isPoint, low, mirrored);
  }

  Value pixelAt(Value coordinate, Value size) {
    if (op.getPixels())
      return coordinate;
    Value fromStart = f.add(coordinate, 1);
    if (op.getAlignCorners())
      return f.mul(f.mul(fromStart, 0.5), f.sub(size, 1));
    return f.mul(f.sub(f.mul(fromStart, size), 1), 0.5);
  }

  SmallVector<Tap> tapsOf(Value coordinate, Value extent) {
    Value size = f.spread(extent), last = f.sub(size, 1), x = pixelAt(coordinate, size);
    bool corners = op.getAlignCorners() || op.getPixels();
    Value low = f.c(corners ? 0 : -0.5), high = corners ? last : f.sub(size, 0.5);
    if (op.getKind() == nn::ResizeMode::nearest)
      x = f.roundEven(x);
    // A cubic's four positions are brought to the border one by one, as exporters' frameworks do.
    if (op.getPadding() == "border" && op.getKind() != nn::ResizeMode::cubic) {
      Value isOut = arith::OrIOp::create(k.b, k.loc, f.compare(arith::CmpFPredicate::OLT, x, low),
                                         f.compare(arith::CmpFPredicate::OGT, x, high));
      x = f.select(isOut, f.min(f.max(x, f.c(0)), last), x);
    } else if (isReflecting()) {
      x = reflect(x, low, high);
    }
    if (op.getKind() == nn::ResizeMode::nearest)
      return {tapAt(truncated(x), size, low, high, Value())};
    Value base = f.floor(x), ratio = f.sub(x, base);
    bool isCubic = op.getKind() == nn::ResizeMode::cubic;
    SmallVector<Value> weights =
        isCubic ? f.cubicWeights(ratio, -0.75) : SmallVector<Value>{f.sub(f.c(1), ratio), ratio};
    SmallVector<Tap> taps;
    for (auto [i, weight] : llvm::enumerate(weights))
      taps.push_back(tapAt(f.add(base, static_cast<double>(i) - (isCubic ? 1 : 0)), size, low, high, weight));
    return taps;
  }

  Value truncated(Value x) { return math::TruncOp::create(k.b, k.loc, x); }

  Tap tapAt(Value position, Value size, Value low, Value high, Value weight) {
    if (isReflecting())
      position = truncated(reflect(position, low, high));
    Tap tap;
    tap.weight = weight;
    if (op.getPadding() == "zeros")
      tap.counts = both(f.compare(arith::CmpFPredicate::OGE, position, f.c(0)),
                        f.compare(arith::CmpFPredicate::OLT, position, size));
    tap.position = f.toIndex(position, f.c(0), f.sub(size, 1));
    return tap;
  }

  KernelBuilder &k;
  nn::GridSampleOp op;
  Reals f;
};

class Sampler {
public:
  Sampler(KernelBuilder &k, nn::GridSampleOp op)
      : k(k), op(op), element(getElementTypeOrSelf(op.getX().getType())), f{k, realTypeFor(element)},
        x(k, k.memref(op.getX()), element), y(k, k.output(0), element),
        grid(k, k.memref(op.getGrid()), getElementTypeOrSelf(op.getGrid().getType())),
        n(cast<RankedTensorType>(op.getX().getType()).getRank() - 2), plane(k.index(1)) {
    places = k.workspace(MemRefType::get({tapCount(), block()}, k.b.getI64Type()));
    weights = k.workspace(MemRefType::get({block() * tapCount()}, f.type));
    areInside = k.workspace(MemRefType::get({block()}, k.b.getI8Type()));
    if (hasSquares())
      areSquares = k.workspace(MemRefType::get({block()}, k.b.getI8Type()));
  }

  /// The locations [from, to) of all images, in all channels.
  void emit(Value from, Value to) {
    Value perImage = k.index(1);
    for (int64_t d = 0; d < n; ++d) {
      perImage = k.mul(perImage, k.dim(k.output(0), 2 + d));
      plane = k.mul(plane, k.dimOf(op.getX(), 2 + d));
    }
    forEachRow(k, from, to, perImage, [&](Value image, Value begin, Value end) {
      k.loop(begin, end, k.index(block()), [&](Value location) {
        Value count = k.min(k.sub(end, location), k.index(block()));
        findTaps(k.add(k.mul(image, perImage), location), count);
        sample(image, k.add(k.mul(k.mul(image, k.dimOf(op.getX(), 1)), perImage), location), perImage, count);
      });
    });
  }

private:
  int64_t perDim() {
    return op.getKind() == nn::ResizeMode::nearest ? 1 : op.getKind() == nn::ResizeMode::cubic ? 4 : 2;
  }
  int64_t tapCount() {
    int64_t count = 1;
    for (int64_t d = 0; d < n; ++d)
      count *= perDim();
    return count;
  }
  /// Locations whose taps are kept, so few that they leave room in the nearest cache.
  int64_t block() { return std::max<int64_t>(16, 1024 / tapCount()); }
  bool hasOutside() { return op.getPadding() == "zeros"; }
  /// Whether the taps of a location mostly are the four pixels around it.
  bool hasSquares() {
    return n == 2 && op.getKind() == nn::ResizeMode::linear && element.isF32();
  }

  /// Keeps the taps of `count` locations, the first one's number being `first`, vectors of them while there are.
  void findTaps(Value first, Value count) {
    int64_t lanes = std::max<int64_t>(1, k.target.vectorBits / f.type.getIntOrFloatBitWidth());
    Value whole = k.index(0);
    if (lanes > 1) {
      whole = k.mul(k.div(count, k.index(lanes)), lanes);
      k.loop(k.index(0), whole, k.index(lanes), [&](Value i) { keepTaps(first, i, VectorType::get({lanes}, f.type)); });
    }
    k.loop(whole, count, k.index(1), [&](Value i) { keepTaps(first, i, f.type); });
  }

  /// Keeps the taps of a location, or of a vector of them, the numbers `i` and following. A place of -1 is outside.
  void keepTaps(Value first, Value i, Type shape) {
    TapFinder finder(k, op, shape);
    Value allCount, scale;
    if (op.getScale()) {
      FlatTensor scales(k, k.memref(op.getScale()), getElementTypeOrSelf(op.getScale().getType()));
      scale = scales.load(withShapeOf(shape, computeType(scales.element)), k.add(first, i));
      scale = convertElement(k.b, k.loc, scale, scales.element, f.type);
    }
    Type numbers = withShapeOf(shape, k.b.getI64Type()), flags = withShapeOf(shape, k.b.getI8Type());
    SmallVector<Value> kept, factors;
    for (auto [t, tap] : llvm::enumerate(finder.ofImage(coordinates(k.mul(k.add(first, i), n), shape)))) {
      Value place = tap.position, number = k.index(t);
      if (place.getType().isIndex())
        place = k.fromIndex(place, k.b.getI64Type());
      else if (place.getType() != numbers) // of one dim
        place = arith::ExtSIOp::create(k.b, k.loc, numbers, place);
      if (tap.counts) {
        place = arith::SelectOp::create(k.b, k.loc, tap.counts, place, integerLike(k.b, k.loc, numbers, -1));
        allCount = allCount ? finder.both(allCount, tap.counts) : tap.counts;
      }
      keep(place, places, {number, i});
      kept.push_back(place);
      if (tap.weight)
        factors.push_back(scale ? finder.scaled(tap.weight, scale) : tap.weight);
    }
    if (!factors.empty())
      keep(inTurns(factors), weights, k.mul(i, tapCount()));
    if (allCount)
      keep(arith::ExtUIOp::create(k.b, k.loc, flags, allCount), areInside, i);
    if (hasSquares()) {
      Value width = spread(k, k.fromIndex(k.dimOf(op.getX(), 3), k.b.getI64Type()), numbers);
      Value isSquare = finder.both(isBehind(kept[1], kept[0], integerLike(k.b, k.loc, numbers, 1)),
                                   isBehind(kept[2], kept[0], width));
      if (allCount)
        isSquare = finder.both(isSquare, allCount);
      keep(arith::ExtUIOp::create(k.b, k.loc, flags, isSquare), areSquares, i);
    }
  }

  Value isBehind(Value place, Value other, Value distance) {
    Value expected = arith::AddIOp::create(k.b, k.loc, other, distance);
    return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, place, expected);
  }

  /// The weights of a location after those of the one before. Taps are a power of two.
  Value inTurns(SmallVector<Value> byTap) {
    auto type = dyn_cast<VectorType>(byTap.front().getType());
    if (!type)
      return vector::FromElementsOp::create(k.b, k.loc, VectorType::get({int64_t(byTap.size())}, f.type), byTap);
    for (size_t half = byTap.size() / 2; half > 0; half /= 2)
      for (size_t i = 0; i < half; ++i)
        byTap[i] = vector::InterleaveOp::create(k.b, k.loc, byTap[i], byTap[i + half]);
    return byTap.front();
  }

  /// The coordinates at `from` in the grid, in the order of the image's dims: the grid names the last dim first. Those
  /// of a vector of locations lie in turns.
  SmallVector<Value> coordinates(Value from, Type shape) {
    SmallVector<Value> all;
    auto type = dyn_cast<VectorType>(shape);
    Type narrow = computeType(grid.element);
    Value turns = type ? grid.load(VectorType::get({type.getNumElements() * n}, narrow), from) : Value();
    for (int64_t d = 0; d < n; ++d) {
      Value coordinate;
      if (type) {
        SmallVector<int64_t> lanes;
        for (int64_t lane = 0; lane < type.getNumElements(); ++lane)
          lanes.push_back(lane * n + n - 1 - d);
        coordinate = vector::ShuffleOp::create(k.b, k.loc, turns, turns, lanes);
      } else {
        coordinate = grid.load(narrow, k.add(from, n - 1 - d));
      }
      all.push_back(convertElement(k.b, k.loc, coordinate, grid.element, f.type));
    }
    return all;
  }

  void keep(Value value, Value memref, ValueRange at) {
    if (isa<VectorType>(value.getType()))
      vector::StoreOp::create(k.b, k.loc, value, memref, at);
    else
      memref::StoreOp::create(k.b, k.loc, value, memref, at);
  }

  /// The sums over the taps of `count` locations; those of channel 0 are in the result from `to` on.
  void sample(Value image, Value to, Value perImage, Value count) {
    Value channels = k.dimOf(op.getX(), 1);
    k.loop(channels, [&](Value channel) {
      Value from = k.mul(k.add(k.mul(image, channels), channel), plane), result = k.add(to, k.mul(channel, perImage));
      if (!hasSquares())
        return k.scalarLoop(count, [&](Value i) { sampleOne(from, i, result); });
      Value width = k.index(kSquares), whole = k.mul(k.div(count, width), width);
      k.loop(k.index(0), whole, width, [&](Value i) {
        auto type = VectorType::get({kSquares}, k.b.getI8Type());
        Value flags = vector::LoadOp::create(k.b, k.loc, type, areSquares, ValueRange{i});
        Value word = vector::BitCastOp::create(k.b, k.loc, VectorType::get({1}, k.b.getI32Type()), flags);
        word = vector::ExtractOp::create(k.b, k.loc, word, 0);
        Value areAll = k.compare(arith::CmpIPredicate::eq, word, integerLike(k.b, k.loc, word.getType(), 0x01010101));
        k.ifThen(areAll, [&] { sampleSquares(from, i, result); });
        k.ifThen(k.negated(areAll), [&] {
          k.scalarLoop(width, [&](Value j) { sampleOne(from, k.add(i, j), result); });
        });
      });
      k.scalarLoop(k.sub(count, whole), [&](Value j) { sampleOne(from, k.add(whole, j), result); });
    });
  }

  /// Location `i` in the plane at `from`, to the result's place `i` from `result` on.
  void sampleOne(Value from, Value i, Value result) {
    if (!hasOutside())
      return y.store(sumOf(from, i, /*mayBeOutside=*/false), k.add(result, i));
    Value areAll = memref::LoadOp::create(k.b, k.loc, areInside, i);
    Value sum = k.ifElse(
        k.compare(arith::CmpIPredicate::ne, areAll, integerLike(k.b, k.loc, areAll.getType(), 0)),
        [&] { return sumOf(from, i, false); }, [&] { return sumOf(from, i, true); });
    y.store(sum, k.add(result, i));
  }

  /// The same of kSquares locations between four pixels each.
  void sampleSquares(Value from, Value i, Value result) {
    Type real = k.b.getF32Type();
    auto pair = VectorType::get({2}, real), square = VectorType::get({4}, real);
    Value rowBelow = k.dimOf(op.getX(), 3);
    SmallVector<Value> products;
    for (int64_t j = 0; j < kSquares; ++j) {
      Value at = k.add(i, j), place = memref::LoadOp::create(k.b, k.loc, places, ValueRange{k.index(0), at});
      Value first = k.add(from, k.toIndex(place));
      Value above = vector::LoadOp::create(k.b, k.loc, pair, x.memref, ValueRange{first});
      Value below = vector::LoadOp::create(k.b, k.loc, pair, x.memref, ValueRange{k.add(first, rowBelow)});
      Value pixels = vector::ShuffleOp::create(k.b, k.loc, above, below, ArrayRef<int64_t>{0, 1, 2, 3});
      Value factors = vector::LoadOp::create(k.b, k.loc, square, weights, ValueRange{k.mul(at, 4)});
      products.push_back(arith::MulFOp::create(k.b, k.loc, pixels, factors));
    }
    // Neighbouring lanes, twice.
    auto fold = [&](Value a, Value b) -> Value {
      Value even = vector::ShuffleOp::create(k.b, k.loc, a, b, ArrayRef<int64_t>{0, 2, 4, 6});
      Value odd = vector::ShuffleOp::create(k.b, k.loc, a, b, ArrayRef<int64_t>{1, 3, 5, 7});
      return arith::AddFOp::create(k.b, k.loc, even, odd);
    };
    Value sums = fold(fold(products[0], products[1]), fold(products[2], products[3]));
    vector::StoreOp::create(k.b, k.loc, sums, y.memref, ValueRange{k.add(result, i)});
  }

  /// The sum over the taps of location `i` in the plane at `from`, as an element.
  Value sumOf(Value from, Value i, bool mayBeOutside) {
    bool isWeighted = op.getKind() != nn::ResizeMode::nearest;
    Value sum;
    for (int64_t t = 0; t < tapCount(); ++t) {
      Value place = k.toIndex(memref::LoadOp::create(k.b, k.loc, places, ValueRange{k.index(t), i})), isInside;
      if (mayBeOutside) {
        // It counts as zero, whatever is at the place that is read instead.
        isInside = k.compare(arith::CmpIPredicate::sge, place, k.index(0));
        place = k.max(place, k.index(0));
      }
      Value value = x.load(computeType(element), k.add(from, place));
      if (isWeighted)
        value = f.fromElement(value, element);
      if (isInside)
        value = k.select(isInside, value, zeroOf(k, value.getType()));
      if (isWeighted) {
        Value weight = memref::LoadOp::create(k.b, k.loc, weights, ValueRange{k.add(k.mul(i, tapCount()), t)});
        value = sum ? multiplyAdd(k, value, weight, sum) : f.mul(value, weight);
      }
      sum = value;
    }
    return isWeighted ? f.toElement(sum, element) : sum;
  }

  /// Locations that are sampled together.
  static constexpr int64_t kSquares = 4;

  KernelBuilder &k;
  nn::GridSampleOp op;
  Type element;
  Reals f;
  FlatTensor x, y, grid;
  int64_t n;
  /// Elements of an image's channel.
  Value plane;
  /// Of the taps of a block's locations, in the workspace: places in a plane by taps, weights by locations, whether all
  /// taps are inside, and whether they are four pixels that surround the location.
  Value places, weights, areInside, areSquares;
};

/// All dims of the result but the channels and the last.
AffineMap gridSampleItems(nn::GroupOp group, Operation *root) {
  int64_t rank = cast<RankedTensorType>(root->getResult(0).getType()).getRank();
  SmallVector<AffineExpr> results;
  for (int64_t i = 0; i < rank - 1; ++i)
    if (i != 1)
      results.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, results, group.getContext());
}

LogicalResult emitGridSample(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::GridSampleOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!element.isIntOrFloat() || (element.isInteger(1) && op.getKind() != nn::ResizeMode::nearest))
    return op.emitOpError("unsupported element type ") << element;
  if (!isa<FloatType>(getElementTypeOrSelf(op.getGrid().getType())))
    return op.emitOpError("unsupported: the grid is no tensor of floats");
  if (op.getPadding() != "zeros" && op.getPadding() != "border" && op.getPadding() != "reflection")
    return op.emitOpError("unsupported padding '") << op.getPadding() << "'";
  int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
  Value hasPositions = k.index(1);
  for (int64_t i = 2; i < rank; ++i)
    hasPositions = k.mul(hasPositions, k.dimOf(op.getX(), i));
  Value isPossible = k.compare(arith::CmpIPredicate::ne, hasPositions, k.index(0));
  Value isImpossible = k.compare(arith::CmpIPredicate::eq, hasPositions, k.index(0));
  k.ifThen(isImpossible, [&] { k.fail("GridSample: the input has no elements to take"); });
  k.ifThen(isPossible, [&] {
    Value row = k.dim(k.output(0), rank - 1);
    Sampler(k, op).emit(k.mul(k.begin, row), k.mul(k.end, row));
  });
  return success();
}

} // namespace

void registerGridSampleLowerings(LoweringRegistry &registry) {
  registry.add<nn::GridSampleOp>({gridSampleItems, emitGridSample});
}

} // namespace nnc
