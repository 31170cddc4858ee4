//===- Strassen.h - products with seven of eight multiplications --------------===//
#ifndef NNC_PASSES_LOWER_STRASSEN_H
#define NNC_PASSES_LOWER_STRASSEN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// The iteration space and the kernel of an nn.packed_matmul with `strassen`.
mlir::AffineMap strassenItems(nn::PackedMatMulOp op, KernelTarget target);
llvm::LogicalResult emitStrassen(KernelBuilder &k, nn::PackedMatMulOp op);

} // namespace nnc

#endif
