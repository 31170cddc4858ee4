//===- BlockedTypes.h - images in blocks of channels -----------------------------===//
#ifndef NNC_PASSES_CPU_BLOCKEDTYPES_H
#define NNC_PASSES_CPU_BLOCKEDTYPES_H

#include "mlir/IR/Builders.h"

namespace nnc {

/// [N,C,D1..Dn] with 1 or 2 spatial dims, C known and no extent known to be 0.
bool hasImageShape(mlir::RankedTensorType type);

/// Such a shape, of f32.
bool isImage(mlir::RankedTensorType type);

/// The type of an image in blocks: [N,ceil(C/16),D1..Dn,16].
mlir::RankedTensorType blockedType(mlir::RankedTensorType image);

/// The extents of an image of `blocked` type as a tensor, from those that the image has out of blocks, `extents`: i64
/// [n + 2] -> [n + 3].
mlir::Value blockedExtents(mlir::OpBuilder &b, mlir::Location loc, mlir::Value extents, mlir::RankedTensorType blocked);

/// The pixels of an image in blocks that kernels of one pixel read which go by `strides` and give an image of y's
/// extents. The strides are 1 afterwards. Where pixels are not to be picked, the image as it is: larger kernels see the
/// others, too, and long rows of known images fill the convolution's tiles as they are.
mlir::Value pickPixels(mlir::OpBuilder &b, mlir::Location loc, mlir::Value blocked, mlir::RankedTensorType y,
                       llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> pads,
                       llvm::SmallVectorImpl<int64_t> &strides);

} // namespace nnc

#endif
