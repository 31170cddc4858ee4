//===- ArenaPacking.h - blocks with lifetimes to offsets ----------------------===//
//
// Offline dynamic storage allocation: every block has a size and an interval of time, and blocks that live at
// the same time may not overlap. The smallest arena is NP-hard to find, so several greedy orders are tried,
// each with first fit and best fit, and the smallest result is taken:
//
//   - by size (Pisarchyk and Lee 2020), by size times duration, by duration, each from large to small;
//   - by time, as an allocator that sees the program run would place them;
//   - where none of them meets the lower bound, repairs of the best: the block at the top of the arena is
//   placed first.
//
// No packing is smaller than the most bytes that live at one time. For the networks tried it is nearly always
// met.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_ARENAPACKING_H
#define NNC_PASSES_MEMORY_ARENAPACKING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace nnc {

struct ArenaBlock {
  int64_t bytes;
  /// The first and the last moment at which it lives.
  int64_t begin, end;
  int64_t offset = 0;
};

/// Sets the offsets and returns the arena's size. Equal inputs give equal offsets.
int64_t packArena(llvm::MutableArrayRef<ArenaBlock> blocks);

/// The most bytes that live at one moment.
int64_t mostLiveBytes(llvm::ArrayRef<ArenaBlock> blocks);

} // namespace nnc

#endif
