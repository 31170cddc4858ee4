//===- SortKeys.h - a value and its index in one number -----------------------===//
//
// Sorting by value with ties by index asks two questions, and of floats a third about NaN. A key answers all in one
// comparison: the upper half of an i64 is the value, as an integer that orders like it, and the lower half how many
// indices may follow. Of two keys the greater one comes first.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_SORTKEYS_H
#define NNC_PASSES_LOWER_SORTKEYS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Indices in keys are at most this.
inline constexpr int64_t kGreatestKeyIndex = 0xffffffff;

/// Which values come first.
struct SortOrder {
  bool isUnsigned = false, largestFirst = true;
};

/// Whether values of such a compute type fit a key.
bool fitsSortKey(mlir::Type computeType);
/// The key of a value of a compute type that fits, or of a vector of them that share an index. NaN counts as larger than
/// all numbers; both zeros are equal.
mlir::Value sortKey(KernelBuilder &k, mlir::Value value, mlir::Value index, SortOrder order);
/// The index in a key.
mlir::Value indexOfKey(KernelBuilder &k, mlir::Value key);

} // namespace nnc

#endif
