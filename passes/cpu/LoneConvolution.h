//===- LoneConvolution.h - convolutions that no neighbour gives or wants blocks //
#ifndef NNC_PASSES_CPU_LONECONVOLUTION_H
#define NNC_PASSES_CPU_LONECONVOLUTION_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Whether an nn.conv whose input is not in blocks is faster without them: no op behind it, or behind
/// elementwise ops, would go on in blocks, and each value would meet too few weights to repay its way into blocks, or
/// would be the sum of too few products to repay its way out of them.
bool isLoneConvolution(nn::ConvOp op);

} // namespace nnc

#endif
