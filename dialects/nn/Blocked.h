//===- Blocked.h - the size of a block of channels ----------------------------===//
#ifndef NNC_DIALECTS_NN_BLOCKED_H
#define NNC_DIALECTS_NN_BLOCKED_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

namespace nnc::nn {

/// Channels of a block; also the columns of a panel of weights.
inline constexpr int64_t kBlock = 16;

/// The blocks that so many channels take.
inline int64_t blocksOf(int64_t channels) { return llvm::divideCeil(channels, kBlock); }

/// Bytes of each factor that a step of a product of bytes takes: neighbours along the depth.
inline constexpr int64_t kByteStep = 4;

inline bool isByte(mlir::Type type) { return type.isSignlessInteger(8) || type.isUnsignedInteger(8); }

/// Whether bytes of the two types can be multiplied: one has a sign and one has none, after `flip` has made
/// the left type the other one.
inline bool areByteFactors(mlir::Type left, mlir::Type right, bool flip) {
  return isByte(left) && isByte(right) && (left == right) == flip;
}

} // namespace nnc::nn

#endif
