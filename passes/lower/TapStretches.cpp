#include "passes/lower/TapStretches.h"

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

std::optional<TapStretches> TapStretches::of(const BlockedGeometry &g) {
  // Every pair of stretches has tiles of its own, which is code.
  constexpr int64_t most = 5, leastColumns = 4;
  auto isPadded = [](const SpatialWindow &window) { return window.padBegin || window.padEnd; };
  if (!g.isKnown() || !(isPadded(g.rows) || isPadded(g.columns)))
    return std::nullopt;
  TapStretches s{stretchesOf(g.rows), stretchesOf(g.columns)};
  int64_t all = g.rows.out * g.rows.kernel * g.columns.out * g.columns.kernel;
  bool savesEnough = g.rows.tapsInside() * g.columns.tapsInside() * 10 <= all * 9;
  auto isShort = [&](const Stretch &columns) { return columns.size() < leastColumns; };
  if (!savesEnough || s.rows.size() > most || s.columns.size() > most || llvm::any_of(s.columns, isShort))
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
