#include "passes/lower/DirectSums.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

PixelSource PixelSource::inPlace(KernelBuilder &k, const BlockedGeometry &g, Value memory, int64_t pixel) {
  Value row = k.mul(g.columns.inputs(k), pixel);
  return {memory, pixel, row, k.mul(g.rows.inputs(k), row)};
}

PaddedRows::PaddedRows(KernelBuilder &k, const BlockedGeometry &g, const PixelSource &x, int64_t channels, int64_t rows,
                       int64_t columns, int64_t kept)
    : k(k), g(g), x(x), channels(channels), rows(g.rows.spanOf(rows)), columns(g.columns.spanOf(columns)) {
  int64_t pixel = kept ? kept : x.pixel, row = this->columns * pixel, channel = this->rows * row;
  Type unit = cast<MemRefType>(x.memory.getType()).getElementType();
  copied = {k.workspace(MemRefType::get({channels * channel}, unit)), pixel, k.index(row), k.index(channel)};
}

void PaddedRows::copy(Value start, Value firstRow, Value firstColumn, Value padding, bool readsPadding,
                      Value outputRows, Value outputColumns) const {
  Value top = k.sub(k.mul(firstRow, g.rows.stride), k.index(g.rows.padBegin));
  Value left = k.sub(k.mul(firstColumn, g.columns.stride), k.index(g.columns.padBegin));
  auto covered = [&](const SpatialWindow &window, Value outputs, int64_t all) {
    return outputs ? k.add(k.mul(k.sub(outputs, k.index(1)), window.stride), window.span()) : k.index(all);
  };
  Value none = k.index(0), height = covered(g.rows, outputRows, rows),
        width = covered(g.columns, outputColumns, columns);
  // The columns of the buffer that are inputs.
  Value begin = k.min(k.max(k.sub(none, left), none), width);
  Value end = k.max(k.min(k.sub(g.columns.inputs(k), left), width), begin);
  k.loop(k.index(channels), [&](Value channel) {
    k.loop(height, [&](Value r) {
      Value row = k.add(top, r), isInside = k.inRange(row, g.rows.inputs(k));
      Value to = k.add(k.mul(channel, copied.channel), k.mul(r, copied.row));
      auto pad = [&](Value from, Value end) {
        k.loop(k.mul(from, copied.pixel), k.mul(end, copied.pixel), k.index(1),
               [&](Value i) { memref::StoreOp::create(k.b, k.loc, padding, copied.memory, k.add(to, i)); });
      };
      if (readsPadding)
        k.ifThen(k.negated(isInside), [&] { pad(none, width); });
      k.ifThen(isInside, [&] {
        Value column = k.add(k.mul(row, g.columns.inputs(k)), k.add(left, begin));
        Value from = k.add(k.add(start, k.mul(channel, x.channel)), k.mul(column, x.pixel));
        Value at = k.add(to, k.mul(begin, copied.pixel)), count = k.sub(end, begin);
        auto copyUnit = [&](Value source, Value target) {
          Value value = memref::LoadOp::create(k.b, k.loc, x.memory, k.add(from, source));
          memref::StoreOp::create(k.b, k.loc, value, copied.memory, k.add(at, target));
        };
        pad(none, begin);
        if (copied.pixel == x.pixel)
          k.loop(k.mul(count, x.pixel), [&](Value i) { copyUnit(i, i); });
        else
          k.loop(count, [&](Value pixel) {
            for (int64_t i = 0; i < copied.pixel; ++i)
              copyUnit(k.add(k.mul(pixel, x.pixel), i), k.add(k.mul(pixel, copied.pixel), i));
          });
        pad(end, width);
      });
    });
  });
}

/// The products of `steps` channels, or of the taps of a row: inputs `stride` apart, weights one after the other.
SmallVector<Value> DirectSums::run(KernelBuilder &k, const MicroKernel &kernel, const Tile &tile, Value from,
                                   Value weight, int64_t steps, int64_t stride, ValueRange carried,
                                   llvm::function_ref<Value(Value)> unit) const {
  auto offsetOf = [&](int64_t i) {
    Value inRow = k.index(i % tile.columns * g.columns.stride * source.pixel);
    return k.add(k.mul(source.row, i / tile.columns * g.rows.stride), inRow);
  };
  // With two steps of bytes at hand LLVM loads all their broadcasts first, which no instruction takes from memory.
  bool isBytes = factors != MicroKernel::Factors::elements;
  int64_t unroll = isBytes ? 1 : steps <= 3 ? steps : stepsOfTurn(k.target, steps);
  return k.loop(k.index(0), k.index(steps), k.index(unroll), carried, [&](Value at, ValueRange sums) {
    SmallVector<Value> next(sums);
    Value done = k.div(k.sub(weight, k.mul(tile.panel, depth * kBlock)), k.index(kBlock));
    if (tile.blocks.first)
      done = k.sub(done, k.mul(tile.blocks.first, g.rows.kernel * g.columns.kernel * perBlock));
    for (int64_t u = 0; u < unroll; ++u) {
      tile.following.prefetch(k, k.add(done, k.add(at, u)), u, unroll);
      next = kernel.step(
          k, k.add(at, u), next,
          [&](int64_t i, Value step) -> Value {
            Value offset = k.add(k.add(from, k.mul(step, stride)), offsetOf(i));
            Value loaded = memref::LoadOp::create(k.b, k.loc, source.memory, offset);
            return unit ? unit(loaded) : loaded;
          },
          [&](int64_t j, Value step) -> Value {
            Value offset = k.add(k.add(weight, k.mul(step, kBlock)),
                                 j / perPanel() * depth * kBlock + j % perPanel() * vector.getNumElements());
            return vector::LoadOp::create(k.b, k.loc, kernel.typeOf(j), panels, ValueRange{offset});
          });
    }
    return next;
  });
}

Value DirectSums::biasOf(KernelBuilder &k, Value panel, int64_t j) const {
  if (!bias)
    return zeroOf(k, vector);
  Value at = k.add(k.mul(k.add(panel, j / perPanel()), kBlock), j % perPanel() * vector.getNumElements());
  return vector::LoadOp::create(k.b, k.loc, vector, bias, ValueRange{at});
}

SmallVector<Value> DirectSums::emit(KernelBuilder &k, const Tile &tile, llvm::function_ref<Value(Value)> unit) const {
  MicroKernel kernel{tile.pixels, vectors(tile.width), vector};
  kernel.factors = factors;
  if (omitsHalf && perPanel() == 1)
    kernel.last = VectorType::get({kBlock / 2}, vector.getElementType());
  SmallVector<Value> initial = tile.before;
  if (initial.empty())
    for (int64_t i = 0; i < kernel.rows; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j) {
        Value start = i ? initial[j] : biasOf(k, tile.panel, j);
        initial.push_back(start.getType() == kernel.typeOf(j) ? start : lowerLanes(k, start, kernel.typeOf(j)));
      }
  SmallVector<Value> sums = products(k, kernel, tile, initial, unit);
  if (!omitsHalf)
    return sums;
  // Of the lanes that the tile left out the products are 0.
  SmallVector<Value> all;
  Value last = biasOf(k, tile.panel, tile.width * perPanel() - 1);
  for (int64_t i = 0; i < kernel.rows; ++i) {
    llvm::append_range(all, ArrayRef(sums).slice(i * kernel.vectors, kernel.vectors));
    if (kernel.last)
      all.back() = withLowerLanes(k, last, all.back());
    else
      all.push_back(last);
  }
  return all;
}

/// Adds the products of all channels and taps to `initial`.
SmallVector<Value> DirectSums::products(KernelBuilder &k, const MicroKernel &kernel, const Tile &tile,
                                        ValueRange initial, llvm::function_ref<Value(Value)> unit) const {
  Value weights = k.mul(tile.panel, depth * kBlock);
  auto overTaps = [&](Value from, Value weight, int64_t units, ValueRange carried) {
    return k.loop(tile.tapRows.first, tile.tapRows.second, k.index(1), carried, [&](Value ky, ValueRange inRow) {
      Value rowStart = k.add(from, k.mul(ky, k.mul(source.row, g.rows.dilation)));
      if (plain)
        return run(k, kernel, tile, rowStart, k.add(weight, k.mul(ky, g.columns.kernel * kBlock)), g.columns.kernel,
                   g.columns.dilation, inRow, unit);
      return k.loop(tile.tapColumns.first, tile.tapColumns.second, k.index(1), inRow, [&](Value kx, ValueRange inTap) {
        Value tap = k.add(k.mul(ky, g.columns.kernel), kx);
        return run(k, kernel, tile, k.add(rowStart, k.mul(kx, g.columns.dilation * source.pixel)),
                   k.add(weight, k.mul(tap, units * kBlock)), units, 1, inTap, unit);
      });
    });
  };
  int64_t taps = g.rows.kernel * g.columns.kernel, whole = channels / perBlock;
  SmallVector<Value> sums(initial);
  auto [from, to] = tile.blocks;
  if (whole)
    sums = k.loop(from ? from : k.index(0), to ? to : k.index(whole), k.index(1), sums, [&](Value c, ValueRange carried) {
      return overTaps(k.add(tile.origin, k.mul(c, source.channel)), k.add(weights, k.mul(c, taps * perBlock * kBlock)),
                      perBlock, carried);
    });
  if (int64_t rest = to ? 0 : channels % perBlock)
    sums = overTaps(k.add(tile.origin, k.mul(source.channel, whole)),
                    k.add(weights, whole * taps * perBlock * kBlock), rest, sums);
  return sums;
}

} // namespace nnc
