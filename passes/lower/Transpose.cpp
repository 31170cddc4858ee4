#include "passes/lower/Transpose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t side = TransposeShape::kSide;
/// Rows per item: two squares of four-byte elements read whole cache lines.
constexpr int64_t rowStrip = 2 * side;
/// Columns per item where they are cut: enough to write long pieces of each row, and what is read of them stays in the
/// first-level cache from one square of rows to the next.
constexpr int64_t columnStrip = 8 * side;
/// Beyond these neither the tensor nor what becomes of it stays in the second-level cache.
constexpr int64_t manyElements = 1 << 18;
/// Rows or columns per item where the other side is thin.
constexpr int64_t longStrip = 32 * side;

/// The vector whose lane i is lane picks[i].second of vectors[picks[i].first].
Value pickLanes(KernelBuilder &k, ArrayRef<Value> vectors, ArrayRef<std::pair<int64_t, int64_t>> picks) {
  Value picked;
  SmallVector<int64_t> mask(picks.size(), vector::ShuffleOp::kPoisonIndex);
  for (auto [source, vector] : llvm::enumerate(vectors)) {
    // The first vector's lanes are taken together with the second one's.
    for (auto [lane, pick] : llvm::enumerate(picks))
      if (pick.first == static_cast<int64_t>(source))
        mask[lane] = pick.second + (picked ? side : 0);
    if (picked) {
      picked = vector::ShuffleOp::create(k.b, k.loc, picked, vector, mask);
      for (auto [lane, place] : llvm::enumerate(mask))
        if (place != vector::ShuffleOp::kPoisonIndex)
          place = lane;
    } else {
      picked = vector;
    }
  }
  return picked;
}

/// Vectors as rows of a matrix of kSide columns, read column by column; `back`: the reverse.
SmallVector<Value> interleaveLanes(KernelBuilder &k, ArrayRef<Value> vectors, bool back) {
  int64_t count = vectors.size();
  SmallVector<Value> results;
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<std::pair<int64_t, int64_t>> picks;
    for (int64_t lane = 0; lane < side; ++lane) {
      // Element `place` of all results is element `from` of all vectors.
      int64_t place = i * side + lane;
      int64_t from = back ? lane * count + i : place % count * side + place / count;
      picks.push_back({from / side, from % side});
    }
    results.push_back(pickLanes(k, vectors, picks));
  }
  return results;
}

/// Where number `i` of a side is, by the strides of its runs.
Value placeOf(KernelBuilder &k, Value i, ArrayRef<Value> extents, ArrayRef<Value> strides) {
  Value place = k.index(0);
  for (size_t d = extents.size(); d-- > 0;) {
    place = k.add(place, k.mul(d ? k.rem(i, extents[d]) : i, strides[d]));
    if (d)
      i = k.div(i, extents[d]);
  }
  return place;
}

} // namespace

void TransposeShape::transposeSquare(KernelBuilder &k, SmallVector<Value> &vectors) {
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < side; ++i) {
    low.push_back(i / 2 + (i % 2) * side);
    high.push_back(low.back() + side / 2);
  }
  for (int64_t size = side; size > 1; size /= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < side / 2; ++i)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(k.b, k.loc, vectors[i], vectors[i + side / 2], mask));
    vectors = next;
  }
}

int64_t TransposeShape::extentOf(ArrayRef<Run> runs) {
  int64_t extent = 1;
  for (const Run &run : runs) {
    if (ShapedType::isDynamic(run.extent))
      return ShapedType::kDynamic;
    extent *= run.extent;
  }
  return extent;
}

bool TransposeShape::isThin(ArrayRef<Run> runs) {
  int64_t extent = extentOf(runs);
  return !ShapedType::isDynamic(extent) && extent < side;
}

AffineExpr TransposeShape::extentExpr(RankedTensorType y, ArrayRef<Run> runs) {
  if (runs.size() == 1 && runs[0].first == runs[0].last)
    return getAffineDimExpr(runs[0].first, y.getContext());
  // Dims of known extent are constants here: products of dims are not affine.
  AffineExpr extent = getAffineConstantExpr(1, y.getContext());
  for (const Run &run : runs)
    for (int64_t i = run.first; i <= run.last; ++i)
      extent = extent * (y.isDynamicDim(i) ? getAffineDimExpr(i, y.getContext())
                                           : getAffineConstantExpr(y.getDimSize(i), y.getContext()));
  return extent;
}

TransposeShape::TransposeShape(nn::TransposeOp op) : op(op) {
  auto x = rankedType(op.getX());
  ArrayRef<int64_t> perm = op.getPerm();
  contiguousFrom = perm.size();
  int64_t next = x.getRank() - 1;
  while (contiguousFrom > 0) {
    int64_t axis = perm[contiguousFrom - 1];
    while (next >= 0 && x.getDimSize(next) == 1)
      --next;
    if (x.getDimSize(axis) != 1 && axis != next)
      break;
    if (axis == next)
      --next;
    --contiguousFrom;
  }
  // Where only dims of extent 1 are in place, the last dim that counts moves.
  auto counts = [&](int64_t i) { return x.getDimSize(perm[i]) != 1; };
  bool moves = llvm::none_of(llvm::seq<int64_t>(contiguousFrom, perm.size()), counts);
  if (!moves || !x.getElementType().isIntOrFloat())
    return;

  // x's dim after `axis`, those of extent 1 left out.
  auto following = [&](int64_t axis) {
    do
      ++axis;
    while (axis < x.getRank() && x.getDimSize(axis) == 1);
    return axis;
  };
  SmallVector<Run> runs;
  for (int64_t i = 0; i < static_cast<int64_t>(perm.size()); ++i) {
    if (!counts(i))
      continue;
    int64_t extent = x.getDimSize(perm[i]);
    bool joins = !runs.empty() && following(perm[runs.back().last]) == perm[i] &&
                 !(ShapedType::isDynamic(extent) && ShapedType::isDynamic(runs.back().extent));
    if (!joins) {
      runs.push_back({i, i, extent});
    } else {
      Run &run = runs.back();
      run.extent = ShapedType::isDynamic(extent) || ShapedType::isDynamic(run.extent) ? ShapedType::kDynamic
                                                                                      : run.extent * extent;
      run.last = i;
    }
  }
  if (runs.size() < 2)
    return;

  // The runs in x's order. Each side starts with the innermost run and takes in the next ones while it is thin.
  SmallVector<Run> inX(runs);
  llvm::sort(inX, [&](const Run &a, const Run &b) { return perm[a.first] < perm[b.first]; });
  auto isIn = [](ArrayRef<Run> side, const Run &run) {
    return llvm::any_of(side, [&](const Run &other) { return other.first == run.first; });
  };
  rows = {inX.back()};
  columns = {runs.back()};
  auto widen = [&](Side &side, ArrayRef<Run> order, ArrayRef<Run> otherSide) {
    for (const Run &run : llvm::reverse(order.drop_back())) {
      if (!isThin(side) || isIn(otherSide, run))
        return;
      side.insert(side.begin(), run);
    }
  };
  widen(columns, runs, rows);
  if (!isThin(columns))
    widen(rows, inX, columns);
  for (const Run &run : runs)
    if (!isIn(rows, run) && !isIn(columns, run))
      others.push_back(run);
  // Where rows are few and their neighbours in x are the columns, one item reads all of a piece of x. So it does of
  // many elements, unless columns are so few that a piece of y is a whole one: what comes from beyond the
  // second-level cache is then read in long pieces. (Zen 2: 4096 x 4096 elements take .67 of the time, 7168 x 112
  // .80, 3072 x 768 .71.)
  bool areNeighbours = rows.size() < inX.size() && inX[inX.size() - rows.size() - 1].first == columns.back().first;
  int64_t rowCount = extentOf(rows), columnCount = extentOf(columns);
  bool isKnown = !ShapedType::isDynamic(rowCount), areMany = isKnown && !ShapedType::isDynamic(columnCount) &&
                                                             rowCount * columnCount > manyElements;
  cutsColumns = !isThin(columns) && areNeighbours && isKnown &&
                (rowCount <= columnStrip || (areMany && columnCount > 2 * columnStrip));
  isLong = areMany;
  interleaves = isThin(columns) ? !isThin(rows) : isThin(rows) && cutsColumns && columns.size() == 1;
}

int64_t TransposeShape::stripLength() const {
  return interleaves ? longStrip : cutsColumns || isLong ? columnStrip : rowStrip;
}

AffineMap TransposeShape::tiledItems(nn::GroupOp group) {
  auto y = rankedType(op.getY());
  SmallVector<AffineExpr> results;
  for (const Run &run : others)
    results.push_back(extentExpr(y, run));
  results.push_back(extentExpr(y, cutsColumns ? columns : rows).ceilDiv(stripLength()));
  return AffineMap::get(y.getRank(), 0, results, group.getContext());
}

void TransposeShape::copyTiles(KernelBuilder &k, ArrayRef<Value> strides) {
  Value y = op.getY(), from = k.flat(k.memref(op.getX())), to = k.flat(k.memref(y));
  SmallVector<Value> dims = k.dimsOf(y), targetStrides = stridesOf(k, y);
  auto vectorType = VectorType::get({side}, cast<MemRefType>(to.getType()).getElementType());
  auto type = rankedType(y);

  auto extents = [&](ArrayRef<Run> runs) {
    SmallVector<Value> result;
    for (const Run &run : runs)
      result.push_back(productOf(k, ArrayRef(dims).slice(run.first, run.last - run.first + 1)));
    return result;
  };
  auto stridesOfRuns = [&](ArrayRef<Run> runs, ArrayRef<Value> all) {
    return llvm::map_to_vector(runs, [&](const Run &run) { return all[run.last]; });
  };
  SmallVector<Value> rowExtents = extents(rows), columnExtents = extents(columns);
  Value rowCount = productOf(k, rowExtents), columnCount = productOf(k, columnExtents);
  int64_t length = stripLength(), perLength = 1;
  for (const Run &run : cutsColumns ? rows : columns)
    perLength *= estimatedSize(type, run.first, run.last + 1);
  k.grain = std::max<int64_t>(1, kLeastMoved / (length * perLength));

  k.forEachItem([&](ValueRange point) {
    Value source = k.index(0), target = k.index(0);
    for (auto [i, run] : llvm::enumerate(others)) {
      source = k.add(source, k.mul(point[i], strides[run.last]));
      target = k.add(target, k.mul(point[i], targetStrides[run.last]));
    }
    auto sourceAt = [&](Value row, Value column) {
      return k.add(k.add(source, row), placeOf(k, column, columnExtents, stridesOfRuns(columns, strides)));
    };
    auto targetAt = [&](Value row, Value column) {
      return k.add(k.add(target, column), placeOf(k, row, rowExtents, stridesOfRuns(rows, targetStrides)));
    };
    auto load = [&](Value at) -> Value { return vector::LoadOp::create(k.b, k.loc, vectorType, from, at); };
    auto store = [&](Value vector, Value at) { vector::StoreOp::create(k.b, k.loc, vector, to, at); };

    // Whole squares make up a strip but for the last one, which is as much longer or shorter as it takes.
    Value whole = cutsColumns ? columnCount : rowCount, across = cutsColumns ? rowCount : columnCount;
    Value width = k.index(side);
    Value squares = k.div(whole, width), strips = k.div(k.add(whole, length - 1), k.index(length));
    Value number = point[others.size()], after = k.add(number, 1);
    Value first = k.mul(k.div(k.mul(number, squares), strips), side);
    Value last = k.select(k.compare(arith::CmpIPredicate::eq, after, strips), whole,
                          k.mul(k.div(k.mul(after, squares), strips), side));
    // Visits [begin, end) a square's width at a time. No step goes beyond `limit`: the last one may go back a little.
    struct Range {
      Value begin, end, limit;
    };
    auto steps = [&](Range range, KernelBuilder::Body body) {
      k.loop(range.begin, range.end, width, [&](Value i) { body(k.min(i, k.sub(range.limit, width))); });
    };

    auto scalars = [&] {
      k.loop(cutsColumns ? k.index(0) : first, cutsColumns ? rowCount : last, k.index(1), [&](Value r) {
        k.loop(cutsColumns ? first : k.index(0), cutsColumns ? last : columnCount, k.index(1), [&](Value c) {
          storeStored(k, loadStored(k, {from, sourceAt(r, c)}), {to, targetAt(r, c)});
        });
      });
    };
    auto planesToPixels = [&] {
      steps({first, last, last}, [&](Value row) {
        SmallVector<Value> vectors;
        for (int64_t i = 0, e = extentOf(columns); i < e; ++i)
          vectors.push_back(load(sourceAt(row, k.index(i))));
        for (auto [i, vector] : llvm::enumerate(interleaveLanes(k, vectors, /*back=*/false)))
          store(vector, k.add(targetAt(row, k.index(0)), i * side));
      });
    };
    auto pixelsToPlanes = [&] {
      steps({first, last, last}, [&](Value column) {
        SmallVector<Value> vectors;
        for (int64_t i = 0, e = extentOf(rows); i < e; ++i)
          vectors.push_back(load(k.add(sourceAt(k.index(0), column), i * side)));
        for (auto [i, vector] : llvm::enumerate(interleaveLanes(k, vectors, /*back=*/true)))
          store(vector, targetAt(k.index(i), column));
      });
    };
    // Two squares on each side at a time: whole cache lines of four-byte elements are read and written.
    auto transposeSquares = [&] {
      k.loop(k.index(0), across, k.index(rowStrip), [&](Value block) {
        Value blockEnd = k.min(k.add(block, rowStrip), across);
        Range cut = {first, last, last}, uncut = {block, blockEnd, across};
        steps(cutsColumns ? uncut : cut, [&](Value row) {
          steps(cutsColumns ? cut : uncut, [&](Value column) {
            SmallVector<Value> vectors;
            for (int64_t i = 0; i < side; ++i)
              vectors.push_back(load(sourceAt(row, k.add(column, i))));
            transposeSquare(k, vectors);
            for (int64_t i = 0; i < side; ++i)
              store(vectors[i], targetAt(k.add(row, i), column));
          });
        });
      });
    };

    function_ref<void()> vectors = transposeSquares;
    Value fits = k.compare(arith::CmpIPredicate::uge, whole, width);
    if (interleaves)
      vectors = cutsColumns ? function_ref<void()>(pixelsToPlanes) : planesToPixels;
    else
      fits = k.both(fits, k.compare(arith::CmpIPredicate::uge, across, width));
    k.ifThen(fits, vectors);
    k.ifThen(k.negated(fits), scalars);
  });
}

} // namespace nnc
