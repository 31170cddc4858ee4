//===- LanePlaces.h - where in a lane an element is ---------------------------===//
#ifndef NNC_PASSES_LOWER_LANEPLACES_H
#define NNC_PASSES_LOWER_LANEPLACES_H

#include "passes/lower/Lanes.h"

namespace nnc {

/// The positions of a spot's elements in their lanes, as i64.
mlir::Value positionsOf(KernelBuilder &k, const Spot &at);

/// The position, as i64, of the first element of a lane of `x`, or the last one, that equals `value` or is NaN. Of a
/// lane without one the first answer is the greatest i64, and the last one the least.
mlir::Value placeOf(KernelBuilder &k, Lane &lane, const FlatTensor &x, mlir::Value value, bool isLast);

} // namespace nnc

#endif
