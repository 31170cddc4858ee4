#include "passes/cpu/StrassenPlan.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/TilePlan.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

/// Rows of an item, whose S stay in the second-level cache.
constexpr int64_t kMostRows = 256;
/// Steps of half a sum that one round adds: the fewer there are, the more often sums go to memory and back; the more,
/// the more of the second-level cache is S. Where that is all of the half, they go there once in any case.
constexpr int64_t kLeastSteps = 128, kMostSteps = 384, kLeastWhole = 48;

/// How much of a quadrant's tiles, of at most 12 rows, is rows that two of them compute.
double wastedRows(int64_t block) {
  constexpr int64_t mostInTile = 12;
  int64_t half = llvm::divideCeil(block, 2), tiles = llvm::divideCeil(half, mostInTile);
  return static_cast<double>(tiles * llvm::divideCeil(half, tiles)) / half;
}

/// Items of nearly the same size, of which the last one has rows enough for either half. There is an even number of
/// them for two threads, unless it is small and columns make several times as many.
int64_t rowBlockOf(int64_t rows) {
  constexpr int64_t fewItems = 4;
  int64_t least = llvm::divideCeil(rows, kMostRows), block = llvm::divideCeil(rows, least);
  if (least > fewItems) {
    least += least % 2;
    block = llvm::divideCeil(rows, least);
    for (int64_t items : {least + 2, least + 4})
      if (int64_t smaller = llvm::divideCeil(rows, items); wastedRows(smaller) + 0.02 < wastedRows(block))
        block = smaller;
  }
  while (rows % block != 0 && rows % block < llvm::divideCeilSigned(block, 2))
    --block;
  return block;
}

/// Groups of two panels of either half, the last one filled up with others.
int64_t groupsOf(int64_t columns) { return llvm::divideCeil(columns, 4 * kWidth); }

/// Panels of half an item, a multiple of the tile's two. Items are of the same size, and of such a number that two
/// threads get the same number of them, or nearly: 11 items of two pairs are more work for one than 22 of one.
int64_t halfPanelsOf(int64_t rows, int64_t columns) {
  constexpr int64_t mostPairs = 12, leastItems = 4;
  int64_t pairs = groupsOf(columns), rowItems = llvm::divideCeil(rows, rowBlockOf(rows)),
          most = std::clamp<int64_t>(pairs / llvm::divideCeil(leastItems, rowItems), 1, mostPairs);
  // S is formed for every item, unless there is but one of rows: half a percent of one pair's products.
  constexpr double formsLeft = 0.005;
  double least = std::numeric_limits<double>::infinity();
  int64_t perItem = 1;
  for (int64_t candidate = most; candidate >= 1; --candidate) {
    int64_t items = pairs / candidate * rowItems;
    double cost = 2.0 * llvm::divideCeil(items, 2) / items + formsLeft / candidate;
    if (pairs % candidate != 0 || cost >= least)
      continue;
    least = cost;
    perItem = candidate;
  }
  return 2 * perItem;
}

/// Rounds with so many rows in all that what comes before the first round of products, and is not hidden, does not
/// count. Where sums are cut, S is formed again for every block of the depth, too. (Measured on Zen 4: whole, 784 rows
/// gain 6% and 392 lose some; cut, 2048 rows lose some and 3072 gain 4%.)
int64_t leastWork(bool isWhole) { return isWhole ? 768 : 3072; }

/// The part of half the depth that one round adds, in whole steps of 16: all of it where that is short, else the
/// largest divisor that makes rounds enough, if any does.
std::optional<int64_t> depthBlockOf(const StrassenSize &size) {
  int64_t half = size.depth / 2, work = size.rows * groupsOf(size.columns);
  if (half >= kLeastWhole && half <= kMostSteps && work >= leastWork(/*isWhole=*/true))
    return half;
  for (int64_t block = std::min(kMostSteps, half); block >= kLeastSteps; block -= 16)
    if (half % block == 0 && work * (half / block) >= leastWork(/*isWhole=*/false))
      return block;
  return std::nullopt;
}

} // namespace

StrassenSize strassenSizeOf(nn::PackedMatMulOp op) {
  RankedTensorType a = typeOf(op.getA()), panels = typeOf(op.getPanels());
  int64_t depth = panels.getDimSize(1);
  return {a.getNumElements() / depth, depth, int64_t(op.getColumns()), depth * int64_t(sizeof(float))};
}

StrassenSize strassenSizeOf(nn::BlockedConvOp op) {
  int64_t pixels = 1;
  for (int64_t extent : typeOf(op.getY()).getShape().drop_front(2).drop_back())
    pixels *= extent;
  return {pixels, int64_t(op.getChannels()), int64_t(op.getFilters()), nn::kBlock * int64_t(sizeof(float))};
}

bool paysStrassen(const StrassenSize &size) {
  int64_t columns = size.columns, filledUp = groupsOf(columns) * 4 * kWidth;
  // T is formed once for all the rows of an item.
  constexpr int64_t leastRows = 48;
  // Panels that are filled up with others do work for nothing: up to a 32nd.
  return size.rows >= leastRows && size.depth % 32 == 0 && (filledUp - columns) * 32 <= columns &&
         depthBlockOf(size);
}

bool paysStrassen(const StrassenSize &size, const KernelTarget &target, int64_t leastColumns) {
  if (!paysStrassen(size) || target.vectorBits > 256)
    return paysStrassen(size);
  // A tile holds half as many sums there: what each of the seven products begins and ends with is hidden by longer sums
  // only. S, which both threads form, must serve columns enough, and fit the third-level cache beside weights.
  // (Measured on Zen 2, time over that of eight products: half a sum of 256 steps 1.01, of 384 .95 to .97, of 1024 .97;
  // 197 rows and 768 columns, half of 1536 steps: one thread .93, two in a network 1.05.)
  constexpr int64_t leastRows = 96, leastHalf = 384, mostHalf = 1024;
  return size.rows >= leastRows && size.depth >= 2 * leastHalf && size.depth <= 2 * mostHalf &&
         size.columns >= leastColumns;
}

StrassenPlan planStrassen(const KernelTarget &target, const StrassenSize &size) {
  int64_t rows = size.rows, columns = size.columns;
  StrassenPlan plan;
  plan.lanes = std::min(target.lanes(), kWidth);
  bool isWide = target.vectorBits > 256;
  int64_t perPanel = kWidth / plan.lanes, room = isWide ? 24 : 12;
  // A round of two panels even where a tile has one: it reads half as much of S.
  plan.panels = 2;
  plan.tilePanels = isWide ? 2 : 1;
  plan.halfPanels = halfPanelsOf(rows, columns);
  // As in planMatMul; S lies so that its rows do not collide, but quadrants are factors, too.
  if (collide(room / (plan.tilePanels * perPanel), size.rowBytes))
    plan.tilePanels = plan.panels = panelsOfColliding(plan.halfPanels, plan.panels);
  plan.rowBlock = rowBlockOf(rows);
  plan.halfRows = llvm::divideCeil(plan.rowBlock, 2);
  // At least two tiles: while one is computed S of the other is formed.
  int64_t tiles = std::max<int64_t>(2, llvm::divideCeil(plan.halfRows, room / (plan.tilePanels * perPanel)));
  plan.rows = llvm::divideCeil(plan.halfRows, tiles);
  // To cut sums costs more there than to have S in the third-level cache.
  plan.depthBlock = isWide ? *depthBlockOf(size) : size.depth / 2;
  return plan;
}

} // namespace nnc
