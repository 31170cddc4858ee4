#include "passes/cpu/StrassenPlan.h"

#include "passes/cpu/TilePlan.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

/// Rows of an item: S and T of an item stay in the second-level cache together.
constexpr int64_t kMostRows = 256;
/// Steps of half a sum that one round adds: the fewer there are, the more often sums go to memory and back.
constexpr int64_t kLeastSteps = 128, kMostSteps = 512;
/// The same where panels are widened: the seven right factors of a round share the cache with S.
constexpr int64_t kMostWidened = 256;

/// Items of nearly the same size, of which the last one has rows enough for either half.
int64_t rowBlockOf(int64_t rows) {
  int64_t block = llvm::divideCeil(rows, llvm::divideCeil(rows, kMostRows));
  while (rows % block != 0 && rows % block < llvm::divideCeilSigned(block, 2))
    --block;
  return block;
}

/// Panels of half an item, a multiple of the tile's two. Items are of the same size.
int64_t halfPanelsOf(int64_t rows, int64_t columns) {
  constexpr int64_t mostPairs = 12, leastItems = 4;
  int64_t pairs = columns / kWidth / 4,
          items = llvm::divideCeil(leastItems, llvm::divideCeil(rows, rowBlockOf(rows)));
  int64_t perItem = std::clamp<int64_t>(pairs / items, 1, mostPairs);
  while (pairs % perItem != 0)
    --perItem;
  return 2 * perItem;
}

/// Rounds with so many rows in all that what comes before the first round of products, and is not hidden, does not
/// count. (Measured: 128 rows of 16 rounds lose some; of 36 rounds they gain 4 to 6% with AVX-512, and nothing with
/// AVX2, where a tile that holds half as many sums reads more.)
int64_t leastWork(unsigned vectorBits) { return vectorBits == 256 ? 6144 : 4608; }

/// The largest divisor of half the depth, in whole steps of 16, that makes rounds enough; the largest one where none
/// does.
int64_t depthBlockOf(const StrassenSize &size, unsigned vectorBits) {
  int64_t half = size.depth / 2, groups = size.columns / kWidth / 4, largest = 16;
  for (int64_t block = size.widens ? kMostWidened : kMostSteps; block >= kLeastSteps; block -= 16) {
    if (half % block != 0)
      continue;
    if (size.rows * groups * (half / block) >= leastWork(vectorBits))
      return block;
    largest = std::max(largest, block);
  }
  return largest;
}

} // namespace

bool paysStrassen(const StrassenSize &size, unsigned vectorBits) {
  // T is formed once for all the rows of an item. (Measured: 64 rows lose up to a fifth.)
  constexpr int64_t leastRows = 128;
  const auto &[rows, depth, columns, widens] = size;
  if (rows < leastRows || depth % 32 != 0 || depth == 0 || columns % (4 * kWidth) != 0)
    return false;
  int64_t block = depthBlockOf(size, vectorBits),
          rounds = columns / kWidth / 4 * (depth / 2 / block);
  return block >= kLeastSteps && rows * rounds >= leastWork(vectorBits);
}

StrassenPlan planStrassen(const KernelTarget &target, const StrassenSize &size) {
  const auto &[rows, depth, columns, widens] = size;
  StrassenPlan plan;
  plan.lanes = std::min(target.lanes(), kWidth);
  int64_t perPanel = kWidth / plan.lanes, room = target.vectorBits == 256 ? 12 : 24;
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.halfPanels = halfPanelsOf(rows, columns);
  // As in planMatMul; S lies so that its rows do not collide, but quadrants are factors, too.
  if (collide(room / (plan.panels * perPanel), depth * sizeof(float)))
    plan.panels = panelsOfColliding(plan.halfPanels, plan.panels);
  plan.rowBlock = rowBlockOf(rows);
  plan.halfRows = llvm::divideCeil(plan.rowBlock, 2);
  // At least two tiles: while one is computed S of the other is formed.
  int64_t tiles = std::max<int64_t>(2, llvm::divideCeil(plan.halfRows, room / (plan.panels * perPanel)));
  plan.rows = llvm::divideCeil(plan.halfRows, tiles);
  plan.depthBlock = depthBlockOf(size, target.vectorBits);
  return plan;
}

} // namespace nnc
