//===- LonePointwise.h - convolutions that no neighbour gives or wants blocks -===//
#ifndef NNC_PASSES_CPU_LONEPOINTWISE_H
#define NNC_PASSES_CPU_LONEPOINTWISE_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Whether an nn.conv of static extents whose input is not in blocks is a 1 x 1 convolution that is faster without
/// them: no op behind it, or behind elementwise ops, would go on in blocks, and each value would meet too few weights
/// to repay its way into blocks and out of them.
bool isLonePointwise(nn::ConvOp op);

} // namespace nnc

#endif
