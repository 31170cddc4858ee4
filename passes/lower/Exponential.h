//===- Exponential.h - the exponential function inside of softmax -------------===//
//
// A softmax takes exponentials of what is left when the maximum is subtracted. That they cannot overflow
// saves a third of the work of `exp`.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_EXPONENTIAL_H
#define NNC_PASSES_LOWER_EXPONENTIAL_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// exp(x) for f32, scalars or vectors, where x is not above 0, or NaN. What would be a denormal may be 0. The
/// relative error is below 2.5e-7, and up to 4e-7 where x is -87.
mlir::Value expOfNegative(KernelBuilder &k, mlir::Value x);

/// How many of `most` vectors a loop takes exponentials of at once. Their constants fill most of AVX2's registers: with one
/// vector nothing is spilled.
int64_t exponentialsAtOnce(const KernelBuilder &k, int64_t most);

/// Flags of the first `count` lanes of so many.
mlir::Value firstLanes(KernelBuilder &k, mlir::Value count, int64_t lanes);

} // namespace nnc

#endif
