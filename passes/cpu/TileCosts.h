//===- TileCosts.h - what tiles and items of convolutions cost ----------------===//
//
// The model of a core that the plans of convolutions share (TilePlan.h, WinogradPlan.h), in cycles and bytes.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_TILECOSTS_H
#define NNC_PASSES_CPU_TILECOSTS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// What shall stay in the first-level cache, with room for what streams by, and what may stay in the second-level cache
/// from one use to the next.
inline constexpr int64_t kNearCache = 48 << 10, kKeptBytes = 320 << 10;
/// What one thread may take for intermediate results.
inline constexpr double kMostWorkspace = 8 << 20;

/// Bytes that come from beyond the second-level cache in a cycle; and from memory, asked for by prefetches, of which a
/// core has only so many under way.
inline constexpr double kBytesPerCycle = 8, kFetchedPerCycle = 4;

/// How much of the work the busier of two threads has, times two: `outer` items cut from `outerParts` pieces,
/// and within each `inner` items from `innerParts`, all nearly equal.
double largerHalf(int64_t outer, int64_t outerParts, int64_t inner, int64_t innerParts);

/// The most rows of a register tile with so many vectors: accumulators, the vectors of a step and one broadcast.
int64_t mostRows(const KernelTarget &target, int64_t vectors, bool isBytes = false);

/// Cycles of one step of a register tile of sums of `depth` products: multiply-adds and loads, two of each a
/// cycle, and no sum more often than every fourth cycle. Panels too large for the first-level cache come from
/// the second-level one, 20 bytes a cycle (measured: tiles of 5 x 4 reach 79% of peak, of 7 x 3 95%), and those too
/// large for that one, 14 bytes a cycle (tiles of 7 x 3: 84%).
double stepCycles(const KernelTarget &target, double rows, double vectors, int64_t depth);

} // namespace nnc

#endif
