//===- RowVectors.h - rows of known length by vectors -------------------------===//
#ifndef NNC_PASSES_LOWER_ROWVECTORS_H
#define NNC_PASSES_LOWER_ROWVECTORS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Lanes of the vectors of a row of `count` elements: a power of two, since other numbers are several loads.
int64_t rowLanes(const KernelBuilder &k, int64_t count);

/// Calls `body` with where each vector of `lanes` elements begins. The last one may begin within the one before.
void overRowVectors(KernelBuilder &k, int64_t count, int64_t lanes, llvm::function_ref<void(mlir::Value first)> body);

} // namespace nnc

#endif
