#include "passes/memory/ArenaPacking.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <numeric>

using namespace llvm;

namespace nnc {

namespace {

using Order = SmallVector<unsigned, 0>;
enum class Fit { first, best };

/// Repairs cost a placement each, which takes the square of the number of blocks.
constexpr size_t kRepairs = 64, kRepairedBlocks = 1000;

struct Packing {
  int64_t size = 0;
  SmallVector<int64_t, 0> offsets;
};

/// Places the blocks one after another, each where it fits among those that live with it.
Packing place(ArrayRef<ArenaBlock> blocks, const Order &order, Fit fit) {
  Packing packing;
  packing.offsets.assign(blocks.size(), 0);
  SmallVector<unsigned, 0> placed; // by offset
  for (unsigned i : order) {
    const ArenaBlock &block = blocks[i];
    // The end of what was passed on the way up; the best gap so far.
    int64_t top = 0, found = -1, foundGap = 0;
    for (unsigned j : placed) {
      const ArenaBlock &other = blocks[j];
      if (other.end < block.begin || block.end < other.begin)
        continue;
      int64_t gap = packing.offsets[j] - top;
      if (gap >= block.bytes && (found < 0 || gap < foundGap)) {
        found = top;
        foundGap = gap;
        if (fit == Fit::first)
          break;
      }
      top = std::max(top, packing.offsets[j] + other.bytes);
    }
    int64_t offset = found < 0 ? top : found;
    packing.offsets[i] = offset;
    packing.size = std::max(packing.size, offset + block.bytes);
    auto where =
        llvm::upper_bound(placed, offset, [&](int64_t o, unsigned j) { return o < packing.offsets[j]; });
    placed.insert(where, i);
  }
  return packing;
}

/// All blocks by a key, large ones first; ties keep the order of the program, so that the plan does not
/// depend on the sort.
Order orderBy(ArrayRef<ArenaBlock> blocks, function_ref<double(const ArenaBlock &)> key) {
  Order order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned i, unsigned j) {
    double a = key(blocks[i]), b = key(blocks[j]);
    return a != b ? a > b : i < j;
  });
  return order;
}

} // namespace

int64_t mostLiveBytes(ArrayRef<ArenaBlock> blocks) {
  // Bytes appear at `begin` and vanish after `end`.
  SmallVector<std::pair<int64_t, int64_t>, 0> changes;
  for (const ArenaBlock &block : blocks) {
    changes.push_back({2 * block.begin, block.bytes});
    changes.push_back({2 * block.end + 1, -block.bytes});
  }
  llvm::sort(changes);
  int64_t live = 0, most = 0;
  for (auto [moment, bytes] : changes)
    most = std::max(most, live += bytes);
  return most;
}

int64_t packArena(MutableArrayRef<ArenaBlock> blocks) {
  int64_t bound = mostLiveBytes(blocks);
  auto duration = [](const ArenaBlock &b) { return double(b.end - b.begin + 1); };
  const Order orders[] = {
      orderBy(blocks, [](const ArenaBlock &b) { return double(b.bytes); }),
      orderBy(blocks, [&](const ArenaBlock &b) { return double(b.bytes) * duration(b); }),
      orderBy(blocks, duration),
      orderBy(blocks, [](const ArenaBlock &b) { return -double(b.begin); }),
  };
  Packing best;
  Order bestOrder;
  Fit bestFit = Fit::first;
  best.size = INT64_MAX;
  for (const Order &order : orders)
    for (Fit fit : {Fit::first, Fit::best}) {
      if (best.size == bound)
        break;
      Packing packing = place(blocks, order, fit);
      if (packing.size >= best.size)
        continue;
      best = std::move(packing);
      bestOrder = order;
      bestFit = fit;
    }

  if (blocks.size() <= kRepairedBlocks) {
    Order order = bestOrder;
    Packing current = best;
    for (size_t repair = 0; repair < kRepairs && best.size > bound; ++repair) {
      unsigned top = 0;
      for (unsigned i = 0; i < blocks.size(); ++i)
        if (current.offsets[i] + blocks[i].bytes == current.size)
          top = i;
      order.erase(llvm::find(order, top));
      order.insert(order.begin(), top);
      current = place(blocks, order, bestFit);
      if (current.size < best.size)
        best = current;
    }
  }
  for (auto [block, offset] : llvm::zip(blocks, best.offsets))
    block.offset = offset;
  return blocks.empty() ? 0 : best.size;
}

} // namespace nnc
