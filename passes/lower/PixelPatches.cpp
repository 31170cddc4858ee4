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
  while (g.rows.spanOf(rows) * g.columns.spanOf(columns) * pixelBytes > mostBytes && rows * columns > 1) {
    int64_t &longer = columns > 2 * rows ? columns : rows;
    longer = llvm::divideCeilSigned(longer, 2);
  }
  hasKnownRows = g.columns.out == columns && evenDim == 2;
}

void PixelPatches::appendItems(SmallVectorImpl<AffineExpr> &items, MLIRContext *context) const {
  // Dims 0 and 1 of the result are images and blocks of filters.
  auto append = [&](int64_t dim, int64_t most) {
    int64_t times = dim == evenDim ? 2 : 1;
    items.push_back(getAffineDimExpr(dim, context).ceilDiv(most * times) * times);
  };
  if (!isSignal)
    append(2, rows * unitRows);
  append(isSignal ? 2 : 3, columns * unitColumns);
}

BoundedParts PixelPatches::partsAlong(KernelBuilder &k, int64_t dim) const {
  bool isRow = dim == 2 && !isSignal;
  int64_t unit = isRow ? unitRows : unitColumns;
  return {k.div(k.add(k.dim(k.output(0), dim), unit - 1), k.index(unit)), isRow ? rows : columns, dim == evenDim};
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
  return ("patches of " + Twine(rows * unitRows) + " x " + Twine(columns * unitColumns) + " pixels").str();
}

} // namespace nnc
