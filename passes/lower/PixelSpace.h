//===- PixelSpace.h - the outputs of one filter as a line ---------------------===//
//
// The outputs of a convolution's filter are numbered: over all spatial dims where every operand of the
// epilogue runs along with all of them or none ("flat"), so that tiles straddle rows and small images waste
// little; else along the last dim only, with one item per row. A pointwise convolution counts as one over a
// single spatial dim.
//
// A flat item is one tile. Where the number of tiles is no affine expression, since several extents are known
// to the run only, there are as many items as the first of those extents, and they share the tiles evenly.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_PIXELSPACE_H
#define NNC_PASSES_LOWER_PIXELSPACE_H

#include "passes/cpu/TilePlan.h"
#include "passes/lower/Window.h"

namespace nnc {

/// The extents of one group of a convolution.
struct PackedConvShape {
  explicit PackedConvShape(nn::PackedConvOp op);
  int64_t filters, channels, taps = 1;
};

ConvPlan planPackedConv(const PackedConvShape &shape, nn::PackedConvOp op, KernelTarget target);

/// The part of the iteration space that is over pixels: tiles of so many, shares of them, or rows.
void appendPixelItems(llvm::SmallVectorImpl<mlir::AffineExpr> &items, nn::GroupOp group, nn::PackedConvOp op,
                      int64_t tile);

class PixelSpace {
public:
  PixelSpace(KernelBuilder &k, nn::PackedConvOp op);

  bool isFlat;
  /// Whether there is one window dim, along which inputs and outputs are numbered alike.
  bool isPointwise = false;
  /// The number of pixels on the line.
  mlir::Value count;
  /// x with the spatial dims of `window`.
  mlir::Value input;
  llvm::SmallVector<WindowDim> window;

  /// Calls `body` with the first pixel of every tile of the item, whose part over pixels is `point`.
  void forEachTile(mlir::ValueRange point, int64_t tile, llvm::function_ref<void(mlir::Value first)> body);
  /// The output's spatial coordinates of a pixel, one per window dim.
  llvm::SmallVector<mlir::Value> coordinates(mlir::Value pixel);
  /// How far tap `t` lies from tap 0 in the input.
  llvm::SmallVector<mlir::Value> tapOffsets(mlir::Value t);
  /// Stores the results of `filter` for the pixels from `pixel` on through the epilogue.
  llvm::LogicalResult store(mlir::Value value, mlir::Value image, mlir::Value filter, mlir::Value pixel);

private:
  mlir::Value collapseSpatial(mlir::Value memref);
  llvm::LogicalResult storeFlat(mlir::Value value, mlir::ValueRange indices);

  KernelBuilder &k;
  nn::PackedConvOp op;
  int64_t n;
  llvm::SmallVector<mlir::Value> row;
  /// How many items share the tiles, or null.
  mlir::Value sharers;
  /// Memrefs of the epilogue's operands and of the outputs with their spatial dims in one.
  llvm::DenseMap<mlir::Value, mlir::Value> collapsed;
};

} // namespace nnc

#endif
