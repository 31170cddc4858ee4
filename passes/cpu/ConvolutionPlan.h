//===- ConvolutionPlan.h - which algorithm computes a convolution -------------===//
#ifndef NNC_PASSES_CPU_CONVOLUTIONPLAN_H
#define NNC_PASSES_CPU_CONVOLUTIONPLAN_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Whether Winograd's F(4,3) can compute the convolution, is expected to be clearly faster than summing directly, and
/// keeps the estimated error below 1e-5 of the largest output.
bool prefersWinograd(nn::ConvOp op);

} // namespace nnc

#endif
