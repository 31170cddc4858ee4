//===- MatrixUnitKernels.h - products of bytes by the matrix unit -------------===//
#ifndef NNC_PASSES_LOWER_MATRIXUNITKERNELS_H
#define NNC_PASSES_LOWER_MATRIXUNITKERNELS_H

#include "dialects/nn/Blocked.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/PanelRows.h"

namespace nnc {

/// Writes the kernel of a product that takesMatrixUnit, whose sums have so many steps, in blocks of rows and panels by
/// `plan`.
llvm::LogicalResult emitByMatrixUnit(KernelBuilder &k, nn::PackedByteMatMulOp op, const PanelRows &rows, int64_t steps,
                                     const ByteMatMulPlan &plan);

/// The same for a convolution, whose items are those of matrixUnitItems.
bool takesMatrixUnit(nn::BlockedByteConvOp op, const KernelTarget &target);
mlir::AffineMap matrixUnitItems(nn::GroupOp group, nn::BlockedByteConvOp op);
llvm::LogicalResult emitByMatrixUnit(KernelBuilder &k, nn::BlockedByteConvOp op);

} // namespace nnc

#endif
