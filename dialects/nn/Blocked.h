//===- Blocked.h - the size of a block of channels ----------------------------===//
#ifndef NNC_DIALECTS_NN_BLOCKED_H
#define NNC_DIALECTS_NN_BLOCKED_H

#include "llvm/Support/MathExtras.h"

namespace nnc::nn {

/// Channels of a block; also the columns of a panel of weights.
inline constexpr int64_t kBlock = 16;

/// The blocks that so many channels take.
inline int64_t blocksOf(int64_t channels) { return llvm::divideCeil(channels, kBlock); }

} // namespace nnc::nn

#endif
