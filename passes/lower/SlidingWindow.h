//===- SlidingWindow.h - windows over each channel by itself ------------------===//
//
// What depthwise convolutions and pools have in common. A tile of neighbouring outputs is kept in registers
// while the window's rows go by; the inputs of a row are loaded once for all the outputs that share them. Of a row of
// many taps a few at a time have their weights in registers.
// Since a pixel is a whole vector, padding on the left and on the right concerns no lane but whole taps: the
// tiles at the borders are written with just the taps that read inside.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_SLIDINGWINDOW_H
#define NNC_PASSES_LOWER_SLIDINGWINDOW_H

#include "passes/lower/BlockedGeometry.h"

namespace nnc {

/// `Derived` says what a tap does.
class SlidingWindow {
public:
  /// `root` is whose results the outputs are. `x` holds `blocks` blocks of channels of every image, as 1-D
  /// memref. Each output channel sees the `perGroup` channels of its group, a power of two below a block.
  SlidingWindow(KernelBuilder &k, mlir::Operation *root, mlir::Value x, int64_t blocks, const BlockedGeometry &g,
                int64_t perGroup = 1);
  virtual ~SlidingWindow() = default;

  /// Has the window slide over the slices of volumes, too: they are the images of x.
  void alongDepth(const SpatialWindow &window) { depth = window; }

  /// Writes the outputs of one row of one block.
  mlir::LogicalResult outputRow(mlir::Value image, mlir::Value block, mlir::Value row);

  /// Multiply-adds of a row of outputs.
  int64_t rowWork() const;

protected:
  /// The value of a tile's accumulator before the first tap.
  virtual mlir::Value initial() = 0;
  /// What tap `kx` of row `ky` does with channel `c` of every group. Rows count on from slice to slice.
  virtual mlir::Value weightOf(mlir::Value ky, mlir::Value kx, int64_t c) { return mlir::Value(); }
  virtual mlir::Value combine(mlir::Value acc, mlir::Value input, mlir::Value weight) = 0;
  /// The accumulator as a result, of a window with `taps` columns inside.
  virtual mlir::Value finish(mlir::Value acc, mlir::Value taps) { return acc; }
  /// The pixel of x, counted over all its rows, at which the input row `y` of the block and the image at hand starts.
  virtual mlir::Value pixelOfRow(mlir::Value y);
  /// Takes the vector of results from `lane` on of a column of the row at hand.
  virtual mlir::LogicalResult store(mlir::Value result, mlir::Value column);

  /// Rows of taps of all slices.
  int64_t rowsOfTaps() const { return g.rows.kernel * (depth ? depth->kernel : 1); }

  KernelBuilder &k;
  mlir::Operation *root;
  const BlockedGeometry &g;
  int64_t lanes;
  mlir::VectorType vector;
  mlir::Value x;
  int64_t blocks, lane = 0;
  int64_t perGroup;
  // Of the row at hand; `image` is that of the inputs:
  mlir::Value image, block, row, firstTap, lastTap;

private:
  bool isInterior(int64_t start, int64_t size) const {
    return g.columns.isInside(start, 0) && g.columns.isInside(start + size - 1, g.columns.kernel - 1);
  }
  /// Whether a tap of output i of a tile is no padding; `known` is where a tile at a border starts.
  bool isInside(int64_t i, int64_t tap, std::optional<int64_t> known) const {
    return !known || g.columns.isInside(*known + i, tap);
  }
  void overTiles();
  void overUnknownColumns();
  void tile(mlir::Value start, int64_t size, std::optional<int64_t> known);
  /// Adds the taps of the image at hand, whose rows count from `rowsBefore` on.
  mlir::SmallVector<mlir::Value> overRows(mlir::Value rowsBefore, mlir::Value first, int64_t size,
                                          std::optional<int64_t> known, mlir::ValueRange sums);
  void overTaps(int64_t begin, int64_t end, mlir::Value ky, mlir::Value first, int64_t c, std::optional<int64_t> known,
                llvm::MutableArrayRef<mlir::Value> sums);
  mlir::Value input(mlir::Value pixel, int64_t c);

  /// The tiles of known columns, and the most outputs of one.
  EvenParts columns{1, 1};
  int64_t mostOutputs;
  /// Taps of a row whose weights are in registers together.
  int64_t tapsAtATime;
  /// The input row of tap 0.
  mlir::Value origin;
  /// The taps [first, end) of a row that are inside, for an output at a border whose place only the run knows.
  std::optional<std::pair<mlir::Value, mlir::Value>> borderTaps;
  std::optional<SpatialWindow> depth;
  /// Of the row at hand: the image of its outputs, and with a depth that of tap 0, and the taps inside.
  mlir::Value outputImage, firstImage, firstSlice, lastSlice;
  mlir::LogicalResult status = mlir::success();
};

/// One filter to a channel, or to the few channels of a group: `w` is [blocks,taps*perGroup,16], `bias`
/// [blocks,16] or null, both as 1-D memrefs.
class DepthwiseWindow : public SlidingWindow {
public:
  DepthwiseWindow(KernelBuilder &k, mlir::Operation *root, mlir::Value x, int64_t blocks, mlir::Value w,
                  mlir::Value bias, const BlockedGeometry &g, int64_t perGroup = 1)
      : SlidingWindow(k, root, x, blocks, g, perGroup), w(w), bias(bias) {}

private:
  mlir::Value initial() override;
  mlir::Value weightOf(mlir::Value ky, mlir::Value kx, int64_t c) override;
  mlir::Value combine(mlir::Value acc, mlir::Value input, mlir::Value weight) override;

  mlir::Value w, bias;
};

} // namespace nnc

#endif
