//===- ScaledSums.h - divisions of scaled sums of integers --------------------===//
#ifndef NNC_PASSES_GRAPH_SCALEDSUMS_H
#define NNC_PASSES_GRAPH_SCALEDSUMS_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Moves the division of an nn.quantize into the constants that its operand is made with, where that is a sum
/// of integers times a constant, and what is done to it before commutes with a division: a bias, a residual,
/// relu, bounds. A quotient may then differ by its last bit, and so round to the other side of a half.
void divideConstants(nn::QuantizeOp op);

} // namespace nnc

#endif
