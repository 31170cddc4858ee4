// The places that blocks get: never two in one place at one time, never more than the simplest greedy packing
// needs, and exactly the bound where that is known to be possible.
#include "passes/memory/ArenaPacking.h"

#include "gtest/gtest.h"

#include <random>
#include <utility>
#include <vector>

using namespace nnc;

namespace {

void expectDisjoint(const std::vector<ArenaBlock> &blocks, int64_t size) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_GE(blocks[i].offset, 0);
    EXPECT_LE(blocks[i].offset + blocks[i].bytes, size);
    for (size_t j = 0; j < i; ++j) {
      bool together = blocks[i].begin <= blocks[j].end && blocks[j].begin <= blocks[i].end;
      bool apart = blocks[i].offset + blocks[i].bytes <= blocks[j].offset ||
                   blocks[j].offset + blocks[j].bytes <= blocks[i].offset;
      EXPECT_TRUE(!together || apart) << "blocks " << i << " and " << j;
    }
  }
}

/// Largest first, at the lowest offset that is free.
int64_t greedyBySize(std::vector<ArenaBlock> blocks) {
  std::vector<std::pair<int64_t, size_t>> order;
  for (size_t i = 0; i < blocks.size(); ++i)
    order.push_back({-blocks[i].bytes, i});
  std::sort(order.begin(), order.end());
  std::vector<ArenaBlock> sorted;
  for (auto [key, i] : order)
    sorted.push_back(blocks[i]);
  blocks = sorted;
  int64_t size = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    int64_t offset = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t j = 0; j < i; ++j)
        if (blocks[i].begin <= blocks[j].end && blocks[j].begin <= blocks[i].end &&
            offset < blocks[j].offset + blocks[j].bytes && blocks[j].offset < offset + blocks[i].bytes) {
          offset = blocks[j].offset + blocks[j].bytes;
          moved = true;
        }
    }
    blocks[i].offset = offset;
    size = std::max(size, offset + blocks[i].bytes);
  }
  return size;
}

TEST(Packing, Nothing) {
  EXPECT_EQ(packArena({}), 0);
  EXPECT_EQ(mostLiveBytes({}), 0);
}

TEST(Packing, AChainNeedsItsTwoLargestNeighbours) {
  std::vector<ArenaBlock> blocks;
  for (int64_t i = 0; i < 20; ++i)
    blocks.push_back({64 * (1 + i * 7 % 5), i, i + 1});
  EXPECT_EQ(packArena(blocks), mostLiveBytes(blocks));
  expectDisjoint(blocks, mostLiveBytes(blocks));
}

TEST(Packing, SizeFirstIsNotAlwaysBest) {
  // The order by size puts both long blocks at the bottom of different gaps; the bound is met all the same.
  std::vector<ArenaBlock> blocks = {{64, 0, 9},  {192, 0, 2}, {192, 5, 9},
                                    {128, 2, 5}, {64, 3, 9},  {64, 3, 4}};
  int64_t size = packArena(blocks);
  expectDisjoint(blocks, size);
  EXPECT_LE(size, greedyBySize(blocks));
}

TEST(Packing, Random) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaBlock> blocks(1 + random() % 60);
    for (ArenaBlock &block : blocks) {
      int64_t begin = random() % 40;
      block = {int64_t(64 * (1 + random() % 30)), begin, int64_t(begin + random() % 12)};
    }
    std::vector<ArenaBlock> again = blocks;
    int64_t size = packArena(blocks);
    expectDisjoint(blocks, size);
    EXPECT_GE(size, mostLiveBytes(blocks));
    EXPECT_LE(size, greedyBySize(blocks));
    EXPECT_EQ(packArena(again), size);
    for (size_t i = 0; i < blocks.size(); ++i)
      EXPECT_EQ(again[i].offset, blocks[i].offset);
  }
}

} // namespace
