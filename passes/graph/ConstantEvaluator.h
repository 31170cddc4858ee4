//===- ConstantEvaluator.h - how passes ask for values ------------------------===//
//
// Constants are computed by the compiler itself: one meaning of every op, no interpreter beside it. Passes cannot call
// the compiler, which is built on them, so the compiler attaches this interface to the nn dialect.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_GRAPH_CONSTANTEVALUATOR_H
#define NNC_PASSES_GRAPH_CONSTANTEVALUATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectInterface.h"

namespace nnc {

class ConstantEvaluator : public mlir::DialectInterface::Base<ConstantEvaluator> {
public:
  explicit ConstantEvaluator(mlir::Dialect *dialect) : Base(dialect) {}

  /// Whether the op can be part of a function to evaluate.
  virtual bool supports(mlir::Operation *op) const = 0;

  /// Runs @main of the module, a function without arguments over nn ops of static shapes, and leaves the module in no
  /// useful state. One value per result; failure, without a diagnostic, when anything goes wrong.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>> evaluate(mlir::ModuleOp module) const = 0;
};

} // namespace nnc

#endif
