//===- SmallTensor.h - which tensors the shape analysis looks into ------------===//
#ifndef NNC_DIALECTS_NN_SMALLTENSOR_H
#define NNC_DIALECTS_NN_SMALLTENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace nnc::nn {

/// Tensors with more elements are data, not shapes.
inline constexpr int64_t kMaxContents = 64;

/// Floats up to here hold every integer.
inline constexpr double kMaxWhole = 1 << 24;

/// The type of a tensor that is small enough to be a shape, else null.
inline mlir::RankedTensorType smallTensor(mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxContents)
    return nullptr;
  return type;
}

/// Whether the analysis follows floats of this type.
inline bool isReal(mlir::Type element) { return element.isF32() || element.isF64(); }

} // namespace nnc::nn

#endif
