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

/// A divisor of half the depth, in whole steps of 16.
int64_t depthBlockOf(int64_t half) {
  int64_t block = 16;
  for (int64_t i = block; i <= kMostSteps; i += 16)
    if (half % i == 0)
      block = i;
  return block;
}

} // namespace

bool paysStrassen(int64_t rows, int64_t depth, int64_t columns) {
  // T is formed once for all the rows of an item, and what comes before the first round of products is not
  // hidden. (Measured: 64 rows lose up to a fifth, 128 rows of 16 rounds lose some, 128 rows of 36 rounds
  // gain 4% or more.)
  constexpr int64_t leastRows = 128, leastWork = 4608;
  if (rows < leastRows || depth % 32 != 0 || depth == 0 || columns % (4 * kWidth) != 0)
    return false;
  int64_t block = depthBlockOf(depth / 2), rounds = columns / kWidth / 4 * (depth / 2 / block);
  return block >= kLeastSteps && rows * rounds >= leastWork;
}

StrassenPlan planStrassen(const KernelTarget &target, int64_t rows, int64_t depth, int64_t columns) {
  StrassenPlan plan;
  plan.lanes = std::min(target.lanes(), kWidth);
  int64_t perPanel = kWidth / plan.lanes, room = target.vectorBits == 256 ? 12 : 24;
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.halfPanels = halfPanelsOf(rows, columns);
  // As in planMatMul; S lies so that its rows do not collide, but quadrants are factors, too.
  if (collide(room / (plan.panels * perPanel), depth * sizeof(float)))
    plan.panels = plan.halfPanels % 3 == 0 ? 3 : plan.halfPanels % 4 == 0 ? 4 : plan.panels;
  plan.rowBlock = rowBlockOf(rows);
  plan.halfRows = llvm::divideCeil(plan.rowBlock, 2);
  // At least two tiles: while one is computed S of the other is formed.
  int64_t tiles = std::max<int64_t>(2, llvm::divideCeil(plan.halfRows, room / (plan.panels * perPanel)));
  plan.rows = llvm::divideCeil(plan.halfRows, tiles);
  plan.depthBlock = depthBlockOf(depth / 2);
  return plan;
}

} // namespace nnc
