//===- GatheredPixels.h - what neighbouring outputs read, as a panel ----------===//
//
// The panel [depth][pixels] that nn.packed_conv multiplies: row c * taps + t holds the inputs of channel c that the pixels
// of a tile read through tap t, zeros where the window leaves the input. All taps of a channel are copied before the next
// channel, whose inputs may lie a power of two further on and would push those of this one out of the nearest caches.
//
// A vector of pixels is copied whole where they lie in one row and every tap reads inside, at stride 1 or 2. Other vectors
// at stride 1 are put together from the parts of two rows by masked loads. What is left goes tap by tap, whole where that
// tap reads inside, and else pixel by pixel.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_GATHEREDPIXELS_H
#define NNC_PASSES_LOWER_GATHEREDPIXELS_H

#include "passes/lower/PixelSpace.h"

namespace nnc {

class GatheredPixels {
public:
  GatheredPixels(KernelBuilder &k, nn::PackedConvOp op, const PackedConvShape &shape, const ConvPlan &plan,
                 PixelSpace &space);

  /// The taps and channels, of the group that begins with `firstChannel`, that are gathered at once.
  struct Part {
    mlir::Value tap, tapEnd, channel, channelEnd;
  };

  /// Fills `panel` for `count` pixels of `image` from `base` on, with zeros for those that there are not.
  void fill(mlir::Value panel, mlir::Value image, mlir::Value firstChannel, mlir::Value base, mlir::Value count,
            const Part &part);

private:
  /// Lanes [from, to) of a vector whose pixels lie in one row; the spatial input coordinates that lane 0 would have at tap
  /// 0, if that row went on.
  struct Segment {
    mlir::Value from, to;
    llvm::SmallVector<mlir::Value> origins;
  };

  void vectorOf(mlir::Value v);
  void byChannel(llvm::ArrayRef<mlir::Value> origins);
  void overTaps(size_t dim, mlir::Value row, llvm::ArrayRef<mlir::Value> origins,
                llvm::SmallVectorImpl<mlir::Value> &from, llvm::function_ref<void(mlir::Value row)> body);
  Segment segment(mlir::Value lane, mlir::Value end);
  mlir::Value laneMask(const Segment &part, llvm::ArrayRef<mlir::Value> offsets);
  void bySegments(llvm::ArrayRef<Segment> segments);
  void byTap(const Segment &first);
  void byPixel(mlir::Value tap, llvm::ArrayRef<mlir::Value> offsets);

  mlir::Value load(mlir::Value channel, llvm::ArrayRef<mlir::Value> from, mlir::Type type);
  void put(mlir::Value value, mlir::Value row, mlir::Value column);
  mlir::Value rowOf(mlir::Value channel, mlir::Value tap);

  KernelBuilder &k;
  const PackedConvShape &shape;
  const ConvPlan &plan;
  PixelSpace &space;
  mlir::Type xElement, outElement;
  mlir::VectorType vector;
  // Of the call, and of the vector at hand:
  mlir::Value panel, image, firstChannel, base, filled, channels, taps, column, pixel;
  Part part;
};

} // namespace nnc

#endif
