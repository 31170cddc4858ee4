//===- ConstantEvaluator.h - compiles constant subgraphs and runs them --------===//
#ifndef NNC_COMPILER_CONSTANTEVALUATOR_H
#define NNC_COMPILER_CONSTANTEVALUATOR_H

#include "mlir/IR/DialectRegistry.h"

namespace nnc {

/// Attaches the evaluator that nn-fold-constants asks (passes/graph/ConstantEvaluator.h) to the nn dialect. It
/// compiles for one fixed CPU level, so that the constants do not depend on the machine, and runs on one thread.
void registerConstantEvaluator(mlir::DialectRegistry &registry);

} // namespace nnc

#endif
