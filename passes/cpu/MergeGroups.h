//===- MergeGroups.h - groups of channels that fill no block ------------------===//
//
// Groups of 24 or 56 channels do not end where blocks of 16 end. Two neighbours of them do; as one group, whose filters
// are zero for the other's channels, they take twice the multiplications, of which Winograd's algorithm then leaves out
// more than half.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_MERGEGROUPS_H
#define NNC_PASSES_CPU_MERGEGROUPS_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Makes one group of every two neighbours where that is faster. Nothing where the weights are not constant.
void mergeGroups(nn::ConvOp op);

} // namespace nnc

#endif
