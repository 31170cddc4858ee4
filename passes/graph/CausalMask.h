//===- CausalMask.h - scores that a mask takes out above a diagonal -----------===//
//
// Text is generated from left to right: query i attends to the keys up to its own place. Exporters write this
// as a constant triangle that is added to the scores, or that selects between them and a very low number.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_GRAPH_CAUSALMASK_H
#define NNC_PASSES_GRAPH_CAUSALMASK_H

#include "mlir/IR/Value.h"

#include <optional>

namespace nnc {

/// The least d so that key j has no weight in the softmax of row i of `scores` [...,S,T] where j > i + d, if
/// that is known, leaves every row a key, and is not true of d = T - 1 alone. Finite numbers count as low
/// enough only where `isOnlyMask` says that nothing else is added to the scores.
std::optional<int64_t> causalDiagonal(mlir::Value scores, bool isOnlyMask);

} // namespace nnc

#endif
