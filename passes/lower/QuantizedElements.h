//===- QuantizedElements.h - the arithmetic of quantization -------------------===//
#ifndef NNC_PASSES_LOWER_QUANTIZEDELEMENTS_H
#define NNC_PASSES_LOWER_QUANTIZEDELEMENTS_H

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// saturate(round(x / scale) + zero) of scalars or vectors in their compute types; `zero` may be null.
mlir::Value scaledElement(mlir::OpBuilder &b, mlir::Location loc, nn::QuantizeOp op, mlir::Value x,
                          mlir::Value scale, mlir::Value zero);

/// (x - zero) * scale.
mlir::Value scaledElement(mlir::OpBuilder &b, mlir::Location loc, nn::DequantizeOp op, mlir::Value x,
                          mlir::Value scale, mlir::Value zero);

/// Fails, with a diagnostic, for element types that no lowering knows.
llvm::LogicalResult checkQuantizedTypes(nn::QuantizeOp op);
llvm::LogicalResult checkQuantizedTypes(nn::DequantizeOp op);

} // namespace nnc

#endif
