//===- RepeatedRows.h - enlarging by repetition -------------------------------===//
#ifndef NNC_PASSES_LOWER_REPEATEDROWS_H
#define NNC_PASSES_LOWER_REPEATEDROWS_H

#include "dialects/nn/NNDialect.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// How often each element of a row comes one after the other, where that is what an nn.resize does along it.
std::optional<int64_t> repetitionOf(nn::ResizeOp op);

/// A row of the result, at `to`, whose elements are `times` each of those of the input's row at `from`: vectors of them
/// are spread over several.
void repeatRow(KernelBuilder &k, nn::ResizeOp op, int64_t times, mlir::ValueRange from, mlir::ValueRange to);

} // namespace nnc

#endif
