#include "passes/cpu/WinogradPlan.h"

#include "passes/cpu/TileCosts.h"

namespace nnc {

WinogradPlan planWinograd(const KernelTarget &target, const WinogradSize &size) {
  const auto &[points, weights, taps, pieces, products, channels, panels, groups] = size;
  WinogradPlan plan;
  plan.lanes = std::min<int64_t>(target.lanes(), nn::kBlock);
  int64_t perPanel = nn::kBlock / plan.lanes;
  // Every item reads all the transformed weights. What it computes on, the inputs and the products of a group of
  // panels, stays in the second-level cache, or else is written and read beyond it: inputs are written by everyone who
  // shares the filters, and read for each group.
  constexpr int64_t panelGroup = 3, mostNear = 1 << 20;
  double all = size.weightBytes(),
         perPiece = 4.0 * points * (channels + std::min(panels, panelGroup) * nn::kBlock);
  double least = std::numeric_limits<double>::infinity();
  for (int64_t items = 1; items <= pieces; ++items)
    for (int64_t cut : {int64_t(1), int64_t(2), int64_t(4)}) {
      double bytes = llvm::divideCeilSigned(pieces, items) * perPiece;
      if ((bytes > kMostWorkspace && items < pieces) || cut > panels)
        continue;
      double moved = all > kKeptBytes ? items * all : all + items;
      if (bytes > mostNear)
        moved += pieces * 4.0 * points *
                 ((cut + llvm::divideCeil(panels, panelGroup)) * channels + 2 * panels * nn::kBlock);
      // Where threads share the filters each transforms the inputs for itself.
      double transforms = pieces * 4.0 * points * (cut * nn::blocksOf(channels) + panels);
      // Those who share the pieces compute the weights for themselves, too.
      if (taps)
        transforms += items * weightCycles(weights) * channels * panels;
      // Pieces are short where one item has all of them.
      double multiplied = (items == 1 ? products : points * pieces) * static_cast<double>(channels) * panels / 2;
      double cost = multiplied * largerHalf(groups * cut, groups * panels, items, pieces) + transforms +
                    moved / kBytesPerCycle;
      // The first items along the pieces bring the weights for the others.
      if (all <= kKeptBytes && groups > 1)
        cost += std::max(0.0, all / kFetchedPerCycle - multiplied / items);
      if (cost < least) {
        least = cost;
        plan.tileItems = items;
        plan.panelItems = cut;
      }
    }
  plan.streamsWeights = groups * all > kKeptBytes;
  int64_t height = llvm::divideCeil(pieces, plan.tileItems);
  double best = std::numeric_limits<double>::infinity();
  for (int64_t width = 1; width <= std::min<int64_t>(panels, 4); ++width) {
    int64_t rows = std::min(mostRows(target, width * perPanel), height);
    if (rows == 0)
      break;
    double count = llvm::divideCeil(height, rows);
    auto step = [&](int64_t wide) { return stepCycles(target, height / count, wide * perPanel, 0); };
    double cycles = count * (panels / width * step(width) + (panels % width ? step(panels % width) : 0));
    if (cycles < best) {
      best = cycles;
      plan.rows = rows;
      plan.panels = width;
    }
  }
  plan.panelItems = std::min(plan.panelItems, llvm::divideCeilSigned(panels, plan.panels));
  plan.groupPanels = plan.panels;
  plan.channels = channels;
  if (taps) {
    // Two panels share the inputs of the channels at hand, whose weights stay in the second-level cache beside those
    // and the products (measured with 512 KB: 32 channels of two panels take 4% less time than 64 of one).
    plan.groupPanels = std::min(std::max<int64_t>(plan.panels, 2), panels);
    int64_t bytes = (target.vectorBits < 512 ? 160 : 320) << 10;
    int64_t most = bytes / (4 * weights * plan.groupPanels * nn::kBlock) / nn::kBlock * nn::kBlock;
    plan.channels = std::min(channels, std::max(most, nn::kBlock));
  }
  return plan;
}

WinogradPatch planWinogradPatch(const WinogradSize &size, bool isRow) {
  // Two or three tiles; where all the weights do not stay in the second-level cache, more that share what is read.
  bool staysNear = size.weightBytes() <= 2 * kKeptBytes;
  WinogradPatch patch = isRow ? WinogradPatch{1, staysNear ? 28 : 64} : WinogradPatch{staysNear ? 4 : 8, 8};
  while (4.0 * size.points * size.channels * patch.rows * patch.columns > kMostWorkspace &&
         patch.rows * patch.columns > 8)
    (patch.rows > 1 ? patch.rows : patch.columns) /= 2;
  return patch;
}

} // namespace nnc
