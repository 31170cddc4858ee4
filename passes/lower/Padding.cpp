// Ops that repeat or surround what they copy: nn.tile, nn.pad.
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

//===----------------------------------------------------------------------===//
// nn.tile
//===----------------------------------------------------------------------===//

/// The first of the trailing dims that are not repeated, known from the types alone.
int64_t unrepeatedFrom(nn::TileOp op) {
  auto x = rankedType(op.getX()), y = rankedType(op.getY());
  int64_t from = y.getRank();
  while (from > 0 && !x.isDynamicDim(from - 1) && x.getDimSize(from - 1) == y.getDimSize(from - 1))
    --from;
  return from;
}

/// How many of y's dims are the item's: the rest is either a run, or the repetitions of one.
int64_t tileLeadingDims(nn::TileOp op) {
  auto y = rankedType(op.getY());
  int64_t from = unrepeatedFrom(op);
  bool longRuns = estimatedSize(y, from, y.getRank()) >= 64;
  return from == 0 || longRuns ? from : from - 1;
}

AffineMap tileItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, tileLeadingDims(cast<nn::TileOp>(root)));
}

LogicalResult emitTile(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::TileOp>(root);
  auto y = rankedType(op.getY());
  int64_t leading = tileLeadingDims(op), from = unrepeatedFrom(op);
  SmallVector<Value> xDims = k.dimsOf(op.getX()), yDims = k.dimsOf(op.getY());
  SmallVector<Value> xStrides = stridesOf(k, op.getX()), yStrides = stridesOf(k, op.getY());
  Value x = k.flat(k.memref(op.getX())), flat = k.flat(k.memref(op.getY()));
  Value count = productOf(k, ArrayRef(xDims).drop_front(leading));
  k.grain = grainOfRuns(y, leading);
  k.forEachItem([&](ValueRange point) {
    Value source = k.index(0);
    for (int64_t i = 0; i < leading; ++i)
      source = k.add(source, k.mul(k.rem(point[i], xDims[i]), xStrides[i]));
    Place target{flat, dotProduct(k, point, yStrides)};
    if (leading == from)
      return copyRun(k, {x, source}, target, count);
    // The row of x again and again; there is none to divide by where y has no elements.
    Value rowDim = k.max(xDims[leading], k.index(1)), repeats = k.div(yDims[leading], rowDim);
    if (leading + 1 == y.getRank() && rankedType(op.getX()).getDimSize(leading) == 1)
      return copyStridedRun(k, {x, source}, k.index(0), target, repeats);
    k.loop(repeats, [&](Value repeat) {
      copyRun(k, {x, source}, {flat, k.add(target.offset, k.mul(repeat, count))}, count);
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.pad
//===----------------------------------------------------------------------===//

/// One dim: y's index j shows x's index j - begin where that is within [low, high), which leaves out what negative
/// pads remove.
struct PaddedDim {
  Value begin, low, high;
};

PaddedDim paddedDim(KernelBuilder &k, nn::PadOp op, int64_t i) {
  int64_t rank = rankedType(op.getX()).getRank();
  Value zero = k.index(0), extent = k.dimOf(op.getX(), i);
  Value begin = k.loadIndex(op.getPads(), k.index(i)), end = k.loadIndex(op.getPads(), k.index(rank + i));
  return {begin, k.max(k.sub(zero, begin), zero), k.min(k.add(extent, end), extent)};
}

/// The index of x that y's index j repeats in the modes that repeat. There is one, since low < high.
Value repeatedIndex(KernelBuilder &k, nn::PadMode mode, const PaddedDim &dim, Value j) {
  Value i = k.sub(j, dim.begin), one = k.index(1), count = k.sub(dim.high, dim.low);
  if (mode == nn::PadMode::edge)
    return k.max(k.min(i, k.sub(dim.high, one)), dim.low);
  // Both others are periodic; the remainder is brought to [0, period).
  Value period = mode == nn::PadMode::wrap ? count : k.max(k.mul(k.sub(count, one), 2), one);
  Value r = k.b.createOrFold<arith::RemSIOp>(k.loc, k.sub(i, dim.low), period);
  r = k.select(k.compare(arith::CmpIPredicate::slt, r, k.index(0)), k.add(r, period), r);
  if (mode == nn::PadMode::reflect)
    r = k.select(k.compare(arith::CmpIPredicate::slt, r, count), r, k.sub(period, r));
  return k.add(dim.low, r);
}

AffineMap padItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, std::max<int64_t>(rankedType(cast<nn::PadOp>(root).getY()).getRank() - 1, 0));
}

LogicalResult emitPad(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::PadOp>(root);
  auto type = rankedType(op.getY());
  int64_t rank = type.getRank();
  nn::PadMode mode = op.getKind();
  bool isConstant = mode == nn::PadMode::constant;
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY()));
  SmallVector<Value> xStrides = stridesOf(k, op.getX()), yStrides = stridesOf(k, op.getY());
  if (rank == 0) {
    storeStored(k, loadStored(k, {x, k.index(0)}), {y, k.index(0)});
    return success();
  }
  SmallVector<PaddedDim> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(paddedDim(k, op, i));
  Value filler;
  if (isConstant)
    filler = op.getValue() ? loadStored(k, {k.flat(k.memref(op.getValue())), k.index(0)}) : zeroStored(k, y);
  PaddedDim last = dims.back();
  Value rowCount = k.dimOf(op.getY(), rank - 1);
  k.grain = grainOfRuns(type, rank - 1);

  // The other modes have nothing to repeat in an x without elements.
  Value isFull = constantBool(k, true);
  if (!isConstant)
    for (const PaddedDim &dim : dims)
      isFull = k.both(isFull, k.compare(arith::CmpIPredicate::slt, dim.low, dim.high));

  auto padRow = [&](ValueRange point) {
    Value source = k.index(0), inside = constantBool(k, true);
    for (int64_t d = 0; d + 1 < rank; ++d) {
      Value i = isConstant ? k.sub(point[d], dims[d].begin) : repeatedIndex(k, mode, dims[d], point[d]);
      if (isConstant)
        inside = k.both(inside, k.both(k.compare(arith::CmpIPredicate::sge, i, dims[d].low),
                                       k.compare(arith::CmpIPredicate::slt, i, dims[d].high)));
      source = k.add(source, k.mul(i, xStrides[d]));
    }
    Value target = dotProduct(k, point, yStrides);
    // [0, from) and [to, rowCount) are padding, what is between lies in x.
    Value from = k.min(k.max(k.add(last.low, last.begin), k.index(0)), rowCount);
    Value to = k.max(k.min(k.add(last.high, last.begin), rowCount), from);
    if (isConstant) {
      // Rows outside of x are padding throughout.
      from = k.select(inside, from, rowCount);
      to = k.select(inside, to, rowCount);
      fillRun(k, filler, {y, target}, from);
      fillRun(k, filler, {y, k.add(target, to)}, k.sub(rowCount, to));
    } else {
      auto repeat = [&](Value j) {
        Value element = loadStored(k, {x, k.add(source, repeatedIndex(k, mode, last, j))});
        storeStored(k, element, {y, k.add(target, j)});
      };
      k.loop(k.index(0), from, k.index(1), repeat);
      k.loop(to, rowCount, k.index(1), repeat);
    }
    copyRun(k, {x, k.add(source, k.sub(from, last.begin))}, {y, k.add(target, from)}, k.sub(to, from));
  };
  k.forEachItem([&](ValueRange point) {
    SmallVector<Value> at(point);
    if (isConstant)
      return padRow(at);
    k.ifThen(k.negated(isFull), [&] { k.fail("pad: there is no element to repeat"); });
    k.ifThen(isFull, [&] { padRow(at); });
  });
  return success();
}

} // namespace

void registerPaddingLowerings(LoweringRegistry &registry) {
  registry.add<nn::TileOp>({tileItems, emitTile});
  registry.add<nn::PadOp>({padItems, emitPad});
}

} // namespace nnc
