#include "passes/lower/SlidingWindow.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Window.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

SlidingWindow::SlidingWindow(KernelBuilder &k, Operation *root, Value x, int64_t blocks, const BlockedGeometry &g,
                             int64_t perGroup)
    : k(k), root(root), g(g), lanes(std::min(k.lanes(), kBlock)), vector(VectorType::get({lanes}, k.b.getF32Type())),
      x(x), blocks(blocks), perGroup(perGroup) {
  // Registers: a tile's sums, the weights of a row of taps, and inputs on their way.
  int64_t registers = k.target.vectorBits == 256 ? 16 : 32;
  int64_t parts = llvm::divideCeilSigned(g.columns.kernel, registers == 16 ? 5 : 9);
  tapsAtATime = llvm::divideCeilSigned(g.columns.kernel, parts);
  mostOutputs = std::clamp<int64_t>((registers - 2 - tapsAtATime) * 2 / 3, 1, 14);
  if (g.columns.isKnown())
    columns = EvenParts{g.columns.out, llvm::divideCeilSigned(g.columns.out, mostOutputs)};
}

int64_t SlidingWindow::rowWork() const {
  constexpr int64_t nominalColumns = 64;
  return (g.columns.isKnown() ? g.columns.out : nominalColumns) * kBlock * g.rows.kernel * g.columns.kernel * perGroup * (depth ? depth->kernel : 1);
}

LogicalResult SlidingWindow::outputRow(Value ofImage, Value ofBlock, Value ofRow) {
  outputImage = image = ofImage;
  block = ofBlock;
  row = ofRow;
  origin = k.sub(k.mul(row, g.rows.stride), k.index(g.rows.padBegin));
  std::tie(firstTap, lastTap) = tapsInside(k, g.rows, origin, origin);
  if (depth) {
    Value slices = k.index(depth->out), volume = k.div(ofImage, slices);
    Value slice = k.sub(k.mul(k.rem(ofImage, slices), depth->stride), k.index(depth->padBegin));
    std::tie(firstSlice, lastSlice) = tapsInside(k, *depth, slice, slice);
    firstImage = k.add(k.mul(volume, depth->in), slice);
  }
  for (lane = 0; lane < kBlock; lane += lanes)
    g.columns.isKnown() ? overTiles() : overUnknownColumns();
  return status;
}

Value SlidingWindow::pixelOfRow(Value y) {
  Value plane = k.mul(k.add(k.mul(image, blocks), block), g.rows.inputs(k));
  return k.mul(k.add(plane, y), g.columns.inputs(k));
}

/// Tiles at the borders one by one, the ones between them in loops.
void SlidingWindow::overTiles() {
  int64_t t = 0, parts = columns.parts;
  auto startOf = [&](int64_t i) { return i * columns.shortSize() + std::min(i, columns.longCount()); };
  auto sizeOf = [&](int64_t i) { return columns.shortSize() + (i < columns.longCount()); };
  while (t < parts) {
    int64_t end = t;
    while (end < parts && isInterior(startOf(end), sizeOf(end)))
      ++end;
    if (end - t < 2) {
      tile(k.index(startOf(t)), sizeOf(t), startOf(t));
      ++t;
      continue;
    }
    columns.forEach(k, k.index(t), k.index(end), [&](Value start, int64_t size) { tile(start, size, std::nullopt); });
    t = end;
  }
}

/// Outputs whose taps are all inside in runs, the others one by one.
void SlidingWindow::overUnknownColumns() {
  const SpatialWindow &w = g.columns;
  Value outputs = w.outputs(k);
  auto [first, end] =
      WindowDim{w.inputs(k), outputs, w.kernel, w.stride, w.dilation, k.index(w.padBegin)}.interior(k);
  auto atBorder = [&](Value output) {
    Value at = k.sub(k.mul(output, w.stride), k.index(w.padBegin));
    borderTaps = tapsInside(k, w, at, at);
    tile(output, 1, std::nullopt);
    borderTaps.reset();
  };
  k.loop(k.index(0), first, k.index(1), atBorder);
  forEachRun(k, first, end, mostOutputs, [&](Value start, int64_t size) { tile(start, size, std::nullopt); });
  k.loop(end, outputs, k.index(1), atBorder);
}

SmallVector<Value> SlidingWindow::overRows(Value rowsBefore, Value first, int64_t size, std::optional<int64_t> known,
                                           ValueRange sums) {
  return k.loop(firstTap, lastTap, k.index(1), sums, [&](Value ky, ValueRange carried) {
    SmallVector<Value> next(carried);
    Value rowBase = pixelOfRow(k.add(origin, k.mul(ky, g.rows.dilation)));
    for (int64_t c = 0; c < perGroup; ++c) {
      if (borderTaps) {
        next = k.loop(borderTaps->first, borderTaps->second, k.index(1), next, [&](Value kx, ValueRange sum) {
          Value pixel = k.add(k.add(rowBase, first), k.mul(kx, g.columns.dilation));
          Value weight = weightOf(k.add(rowsBefore, ky), kx, c);
          return SmallVector<Value>{combine(sum[0], input(pixel, c), weight)};
        });
        continue;
      }
      for (int64_t tap = 0; tap < g.columns.kernel; tap += tapsAtATime)
        overTaps(tap, std::min(tap + tapsAtATime, g.columns.kernel), k.add(rowsBefore, ky), k.add(rowBase, first), c,
                 known, next);
    }
    return next;
  });
}

/// Adds the taps [begin, end) of row `ky` and channel `c` to the outputs whose first tap reads the pixels from `first`
/// on.
void SlidingWindow::overTaps(int64_t begin, int64_t end, Value ky, Value first, int64_t c, std::optional<int64_t> known,
                             MutableArrayRef<Value> sums) {
  SmallVector<Value> weights;
  for (int64_t tap = begin; tap < end; ++tap)
    weights.push_back(weightOf(ky, k.index(tap), c));
  llvm::SmallDenseMap<int64_t, Value> loaded;
  for (auto [i, sum] : llvm::enumerate(sums))
    for (int64_t tap = begin; tap < end; ++tap) {
      if (!isInside(i, tap, known))
        continue;
      int64_t column = i * g.columns.stride + tap * g.columns.dilation;
      Value &value = loaded[column];
      if (!value)
        value = input(k.add(first, column), c);
      sum = combine(sum, value, weights[tap - begin]);
    }
}

/// The outputs [start, start + size) of the row. `known` is the start of a tile at a border, whose taps may
/// be outside.
void SlidingWindow::tile(Value start, int64_t size, std::optional<int64_t> known) {
  SmallVector<Value> sums;
  for (int64_t i = 0; i < size; ++i)
    sums.push_back(initial());
  Value first = k.sub(k.mul(start, g.columns.stride), k.index(g.columns.padBegin));
  if (depth)
    sums = k.loop(firstSlice, lastSlice, k.index(1), sums, [&](Value kz, ValueRange carried) {
      image = k.add(firstImage, k.mul(kz, depth->dilation));
      return overRows(k.mul(kz, g.rows.kernel), first, size, known, carried);
    });
  else
    sums = overRows(k.index(0), first, size, known, sums);
  for (int64_t i = 0; i < size; ++i) {
    int64_t taps = 0;
    for (int64_t tap = 0; tap < g.columns.kernel; ++tap)
      taps += isInside(i, tap, known);
    Value inside = k.index(taps);
    if (borderTaps)
      inside = k.max(k.sub(borderTaps->second, borderTaps->first), k.index(0));
    Value result = finish(sums[i], inside);
    if (failed(store(result, k.add(start, i))))
      status = failure();
  }
}

LogicalResult SlidingWindow::store(Value result, Value column) {
  return storeThroughEpilogue(k, root, result, g.indices(k, outputImage, block, row, column, k.index(lane)));
}

/// In every lane, channel `c` of the lane's group.
Value SlidingWindow::input(Value pixel, int64_t c) {
  Value at = k.add(k.mul(pixel, kBlock), lane);
  if (perGroup >= lanes) {
    Value channel = memref::LoadOp::create(k.b, k.loc, x, k.add(at, c - lane % perGroup));
    return vector::BroadcastOp::create(k.b, k.loc, vector, channel);
  }
  Value all = vector::LoadOp::create(k.b, k.loc, vector, x, ValueRange{at});
  if (perGroup == 1)
    return all;
  SmallVector<int64_t> from;
  for (int64_t i = 0; i < lanes; ++i)
    from.push_back(i / perGroup * perGroup + c);
  return vector::ShuffleOp::create(k.b, k.loc, all, all, from);
}

Value DepthwiseWindow::initial() {
  if (!bias)
    return zeroOf(k, vector);
  return vector::LoadOp::create(k.b, k.loc, vector, bias, ValueRange{k.add(k.mul(block, kBlock), lane)});
}

Value DepthwiseWindow::weightOf(Value ky, Value kx, int64_t c) {
  Value tap = k.add(k.mul(block, rowsOfTaps() * g.columns.kernel), k.add(k.mul(ky, g.columns.kernel), kx));
  Value row = k.add(k.mul(tap, perGroup), c);
  return vector::LoadOp::create(k.b, k.loc, vector, w, ValueRange{k.add(k.mul(row, kBlock), lane)});
}

Value DepthwiseWindow::combine(Value acc, Value input, Value weight) { return multiplyAdd(k, input, weight, acc); }

} // namespace nnc
