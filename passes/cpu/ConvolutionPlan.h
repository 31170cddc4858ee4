//===- ConvolutionPlan.h - which algorithm computes a convolution -------------===//
#ifndef NNC_PASSES_CPU_CONVOLUTIONPLAN_H
#define NNC_PASSES_CPU_CONVOLUTIONPLAN_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// The outputs along one dim of the pieces, 4 or 2, for which Winograd's algorithm is expected to be fastest
/// and clearly faster than summing directly, with an estimated error below 1e-5 of the largest output.
/// Nothing where there is none.
std::optional<int64_t> winogradOutputs(nn::ConvOp op);

/// Whether a 1 x 1 convolution and the depthwise one that reads its result, `expanded` elements, should be
/// one kernel.
bool fusesExpansion(int64_t expanded);

} // namespace nnc

#endif
