// Softmax along rows of f32: several rows, or several vectors of one, at once.
#ifndef NNC_PASSES_LOWER_SOFTMAXROWS_H
#define NNC_PASSES_LOWER_SOFTMAXROWS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Whether the op takes a softmax, or its logarithm, of f32 along elements that lie next to each other.
bool hasSoftmaxRows(nn::SoftmaxOp op);

/// Writes the kernel; an item is a row.
void emitSoftmaxRows(KernelBuilder &k, nn::SoftmaxOp op);

} // namespace nnc

#endif
