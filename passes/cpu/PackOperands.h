//===- PackOperands.h - the factors of matrix products as kernels take them ---===//
#ifndef NNC_PASSES_CPU_PACKOPERANDS_H
#define NNC_PASSES_CPU_PACKOPERANDS_H

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// The left factor of a product with its last two dims in order: transposed by an op of its own where need
/// be.
mlir::Value orderedLeftFactor(mlir::OpBuilder &b, nn::MatMulOp op);

} // namespace nnc

#endif
