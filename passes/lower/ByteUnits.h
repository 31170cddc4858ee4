//===- ByteUnits.h - four neighbouring channels as one number ------------------===//
#ifndef NNC_PASSES_LOWER_BYTEUNITS_H
#define NNC_PASSES_LOWER_BYTEUNITS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A 1-D memref of bytes as one of i32, which have four of them each.
mlir::Value asUnits(KernelBuilder &k, mlir::Value bytes);

/// A unit whose bytes are all `zeroPoint`'s only element, or 0 without one.
mlir::Value unitOf(KernelBuilder &k, mlir::Value zeroPoint);

} // namespace nnc

#endif
