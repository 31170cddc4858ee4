#include "passes/lower/TapStretches.h"

#include "passes/cpu/TilePlan.h"
#include "passes/lower/DirectSums.h"

using namespace mlir;

namespace nnc {

static SmallVector<Stretch> stretchesOf(const SpatialWindow &window) {
  SmallVector<Stretch> all;
  for (int64_t o = 0; o < window.out; ++o) {
    int64_t first = 0, end = window.kernel;
    while (first < end && !window.isInside(o, first))
      ++first;
    while (end > first && !window.isInside(o, end - 1))
      --end;
    if (all.empty() || all.back().firstTap != first || all.back().endTap != end)
      all.push_back({o, o, first, end});
    all.back().end = o + 1;
  }
  return all;
}

/// Products of one channel by one filter, if register tiles have up to `pixels` outputs and take no less time than four
/// of them do.
static int64_t productsOf(const TapStretches &stretches, int64_t pixels) {
  constexpr int64_t leastPixels = 4;
  int64_t products = 0;
  for (const Stretch &rows : stretches.rows)
    for (const Stretch &columns : stretches.columns) {
      PixelTiles tiles = tilesOf(pixels, rows.size(), columns.size());
      products += rows.taps() * columns.taps() *
                  std::max(rows.size() * columns.size(), tiles.rowParts * tiles.columnParts * leastPixels);
    }
  return products;
}

std::optional<TapStretches> TapStretches::of(const BlockedGeometry &g) {
  // Every pair of stretches has tiles of its own, which is code.
  constexpr size_t most = 5;
  constexpr int64_t usualPixels = 12;
  if (!g.isKnown() || !PaddedRows::areNeeded(g))
    return std::nullopt;
  TapStretches s{stretchesOf(g.rows), stretchesOf(g.columns)};
  int64_t all = g.rows.out * g.rows.kernel * g.columns.out * g.columns.kernel;
  if (s.rows.size() > most || s.columns.size() > most || productsOf(s, usualPixels) * 10 > all * 9)
    return std::nullopt;
  return s;
}

int64_t TapStretches::longest(ArrayRef<Stretch> stretches) {
  int64_t most = 0;
  for (const Stretch &stretch : stretches)
    most = std::max(most, stretch.size());
  return most;
}

} // namespace nnc
