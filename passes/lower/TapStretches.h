//===- TapStretches.h - outputs that read the same taps -----------------------===//
//
// Where the taps of a window are far apart (atrous convolutions), whole stretches of outputs meet padding by some of
// them and the input by the others: with a dilation of 12 the first 12 rows of an image have no row above them. Each
// stretch of rows and of columns multiplies what is there, nothing else, and reads it in place.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_TAPSTRETCHES_H
#define NNC_PASSES_LOWER_TAPSTRETCHES_H

#include "passes/lower/BlockedGeometry.h"

namespace nnc {

/// Outputs [first, end) that read anything but padding by the same taps [firstTap, endTap).
struct Stretch {
  int64_t first, end, firstTap, endTap;
  int64_t size() const { return end - first; }
  int64_t taps() const { return endTap - firstTap; }
};

struct TapStretches {
  llvm::SmallVector<Stretch> rows, columns;

  /// None where they leave out little, or are too short for register tiles as those of neighbouring taps are.
  static std::optional<TapStretches> of(const BlockedGeometry &g);
  /// The extent of the longest one of a dim, which decides about tiles.
  static int64_t longest(llvm::ArrayRef<Stretch> stretches);
};

} // namespace nnc

#endif
