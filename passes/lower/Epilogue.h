//===- Epilogue.h - elementwise ops applied while a result is in registers ----===//
#ifndef NNC_PASSES_LOWER_EPILOGUE_H
#define NNC_PASSES_LOWER_EPILOGUE_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Applies the elementwise ops that follow `root` in the group to `value`, its result at `indices` (a scalar, or a
/// vector along the last dim that starts there, in the compute type), and stores what the group yields.
llvm::LogicalResult storeThroughEpilogue(KernelBuilder &k, mlir::Operation *root, mlir::Value value,
                                         mlir::ValueRange indices);

/// The same for a kernel that sees its memory in another shape: `memrefs` has the memref to use in place of each one
/// that the kernel has got. `indices` and broadcasting follow the new shapes.
llvm::LogicalResult storeThroughEpilogue(KernelBuilder &k, mlir::Operation *root, mlir::Value value,
                                         mlir::ValueRange indices,
                                         const llvm::DenseMap<mlir::Value, mlir::Value> &memrefs);

} // namespace nnc

#endif
