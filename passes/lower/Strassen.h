//===- Strassen.h - products with seven of eight multiplications --------------===//
#ifndef NNC_PASSES_LOWER_STRASSEN_H
#define NNC_PASSES_LOWER_STRASSEN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Whether an nn.packed_matmul with `strassen` takes it on such a machine.
bool takesStrassen(nn::PackedMatMulOp op, KernelTarget target);

/// The iteration space and the kernel of one that does.
mlir::AffineMap strassenItems(nn::PackedMatMulOp op, KernelTarget target);
llvm::LogicalResult emitStrassen(KernelBuilder &k, nn::PackedMatMulOp op);

} // namespace nnc

#endif
