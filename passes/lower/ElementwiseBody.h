//===- ElementwiseBody.h - the arithmetic of elementwise ops ------------------===//
//
// Every elementwise op states its arithmetic once, on scalars or vectors alike; elementwise groups, the epilogues of
// contractions and whoever else needs it call it here.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_ELEMENTWISEBODY_H
#define NNC_PASSES_LOWER_ELEMENTWISEBODY_H

#include "dialects/nn/NNDialect.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// The op applied to operands in their compute types (all scalars, or all vectors of one shape).
mlir::FailureOr<mlir::Value> elementwiseBody(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *op,
                                             mlir::ValueRange operands);

/// Evaluates the elementwise ops of a group's region at one place. Values already known (a root's result) are given;
/// `leaf` provides group inputs. Returns the yielded values in order.
mlir::FailureOr<mlir::SmallVector<mlir::Value>>
evaluateBody(KernelBuilder &k, llvm::DenseMap<mlir::Value, mlir::Value> known, mlir::Type shapeLike,
             llvm::function_ref<mlir::Value(mlir::Value input)> leaf);

/// The same for the elementwise ops of any block that ends with nn.yield.
mlir::FailureOr<mlir::SmallVector<mlir::Value>>
evaluateBody(KernelBuilder &k, mlir::Block &body, llvm::DenseMap<mlir::Value, mlir::Value> known, mlir::Type shapeLike,
             llvm::function_ref<mlir::Value(mlir::Value input)> leaf);

} // namespace nnc

#endif
