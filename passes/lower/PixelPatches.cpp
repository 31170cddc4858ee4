#include "passes/lower/PixelPatches.h"

using namespace mlir;

namespace nnc {

PixelPatches::PixelPatches(const BlockedGeometry &g, int64_t pixelBytes) : isSignal(g.n == 1), isFlat(g.isFlat) {
  // As many as have the weights read seldom, and small images still in several items. What is copied stays in the
  // second-level cache.
  constexpr int64_t mostBytes = 768 << 10;
  rows = isSignal ? 1 : 8;
  columns = isSignal ? 512 : 96;
  evenDim = isSignal || g.rows.out == 1 ? g.n + 1 : 2;
  if (isFlat)
    return;
  auto atMost = [](int64_t &outputs, const SpatialWindow &window) {
    if (!ShapedType::isDynamic(window.out))
      outputs = std::min(outputs, window.out);
  };
  atMost(rows, g.rows);
  atMost(columns, g.columns);
  auto bytesOf = [&](int64_t height, int64_t width) {
    return g.rows.spanOf(height) * g.columns.spanOf(width) * pixelBytes;
  };
  copiedBytes = bytesOf(rows, columns);
  while (copiedBytes > mostBytes && rows * columns > 1) {
    bool isWide = columns >= 2 * rows;
    int64_t height = isWide ? rows : llvm::divideCeilSigned(rows, 2),
            width = isWide ? llvm::divideCeilSigned(columns, 2) : columns, bytes = bytesOf(height, width);
    // Under far taps most of what is copied is around the outputs: fewer of these copy hardly less.
    if (bytes * 3 > copiedBytes * 2)
      break;
    rows = height;
    columns = width;
    copiedBytes = bytes;
  }
  hasKnownRows = g.columns.out == columns && evenDim == 2;
}

Value PixelPatches::Unit::count(KernelBuilder &k, Value extent) const {
  return k.mul(k.div(k.add(extent, outputs * apart - 1), k.index(outputs * apart)), apart);
}

Value PixelPatches::Unit::start(KernelBuilder &k, Value i) const {
  if (apart == 1)
    return k.mul(i, outputs);
  return k.add(k.mul(k.div(i, k.index(apart)), outputs * apart), k.rem(i, k.index(apart)));
}

void PixelPatches::appendItems(SmallVectorImpl<AffineExpr> &items, MLIRContext *context) const {
  // Dims 0 and 1 of the result are images and blocks of filters.
  auto append = [&](int64_t dim, Unit unit, int64_t most) {
    int64_t times = dim == evenDim ? 2 : 1;
    AffineExpr units = getAffineDimExpr(dim, context).ceilDiv(unit.outputs * unit.apart) * unit.apart;
    items.push_back(units.ceilDiv(most * times) * times);
  };
  if (!isSignal)
    append(2, unitRows, rows);
  append(isSignal ? 2 : 3, unitColumns, columns);
}

BoundedParts PixelPatches::partsAlong(KernelBuilder &k, int64_t dim) const {
  bool isRow = dim == 2 && !isSignal;
  Value units = (isRow ? unitRows : unitColumns).count(k, k.dim(k.output(0), dim));
  return {units, isRow ? rows : columns, dim == evenDim};
}

PixelPatches::Patch PixelPatches::at(KernelBuilder &k, ValueRange point) const {
  auto range = [&](const BoundedParts &parts, Value t) {
    Value start = parts.start(k, t);
    return std::pair(start, k.sub(parts.start(k, k.add(t, 1)), start));
  };
  BoundedParts across = partsAlong(k, isSignal ? 2 : 3);
  if (isSignal) {
    auto [column, width] = range(across, point[0]);
    return {k.index(0), column, k.index(1), width};
  }
  BoundedParts down = partsAlong(k, 2);
  if (!isFlat) {
    auto [row, height] = range(down, point[0]);
    auto [column, width] = range(across, point[1]);
    return {row, column, height, width};
  }
  Value pixels = k.mul(down.extent, across.extent), perRow = across.parts(k), count = k.mul(down.parts(k), perRow);
  Value number = k.add(k.mul(point[0], perRow), point[1]);
  auto start = [&](Value t) { return k.div(k.mul(t, pixels), count); };
  Value column = start(number);
  return {k.index(0), column, k.index(1), k.sub(start(k.add(number, 1)), column)};
}

void PixelPatches::forEachRunOfRow(KernelBuilder &k, const Patch &patch, int64_t most,
                                   llvm::function_ref<void(Value column, int64_t size)> body) const {
  if (hasKnownRows) {
    EvenParts parts{columns, llvm::divideCeilSigned(columns, most)};
    return parts.forEach(k, k.index(0), k.index(parts.parts), body);
  }
  forEachRun(k, patch.column, k.add(patch.column, patch.width), most, body);
}

std::string PixelPatches::describe() const {
  int64_t height = rows * unitRows.outputs, width = columns * unitColumns.outputs;
  return ("patches of " + Twine(height) + " x " + Twine(width) + " pixels").str();
}

} // namespace nnc
