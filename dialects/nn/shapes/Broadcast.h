//===- Broadcast.h - numpy's broadcasting as a shape rule ---------------------===//
#ifndef NNC_DIALECTS_NN_SHAPES_BROADCAST_H
#define NNC_DIALECTS_NN_SHAPES_BROADCAST_H

#include "dialects/nn/ShapeRule.h"

namespace nnc::nn {

/// The broadcast shape of the operands, or an error that starts with the constraint's number.
mlir::FailureOr<Dims> broadcastShapes(ShapeRule &rule, mlir::ValueRange operands, llvm::StringRef constraint);

} // namespace nnc::nn

#endif
