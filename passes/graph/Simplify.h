//===- Simplify.h - the rewrites of nn-simplify by family ---------------------===//
#ifndef NNC_PASSES_GRAPH_SIMPLIFY_H
#define NNC_PASSES_GRAPH_SIMPLIFY_H

#include "dialects/nn/ShapeAnalysis.h"
#include "mlir/IR/PatternMatch.h"

namespace nnc {

// Rewrites that need static types at most.
void populateSimplifyContraction(mlir::RewritePatternSet &patterns);
void populateSimplifyElementwise(mlir::RewritePatternSet &patterns);
void populateSimplifyIndices(mlir::RewritePatternSet &patterns);
void populateSimplifyMovement(mlir::RewritePatternSet &patterns);
void populateSimplifyShapes(mlir::RewritePatternSet &patterns);
void populateSimplifyViews(mlir::RewritePatternSet &patterns);
void populateSimplifyControl(mlir::RewritePatternSet &patterns);

/// Whether a value of type `from` may take the place of one of type `to`: its type says no less.
bool refines(mlir::Type from, mlir::Type to);

/// Whether an op with this result type is the identity of `x` once it is known to keep the elements' order: the types
/// are equal and at most one extent is dynamic, so that the number of elements determines it.
bool provesSameShape(mlir::Type x, mlir::Type result);

} // namespace nnc

#endif
