//===- BlockedGeometry.h - windows over blocked tensors -----------------------===//
//
// Kernels over blocks of channels see two spatial dims: a single one counts as the columns of one row, and
// where a window is one pixel and every operand of the epilogue lies like the result, all pixels are one row
// ("flat").
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_BLOCKEDGEOMETRY_H
#define NNC_PASSES_LOWER_BLOCKEDGEOMETRY_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// One spatial dim of a window. Of an extent that only the run knows the number is kDynamic, and its value comes with it.
struct SpatialWindow {
  int64_t in, out, kernel, stride, dilation, padBegin, padEnd;
  mlir::Value inAtRun = nullptr, outAtRun = nullptr;
  bool isKnown() const { return !mlir::ShapedType::isDynamic(in) && !mlir::ShapedType::isDynamic(out); }
  mlir::Value inputs(KernelBuilder &k) const { return inAtRun ? inAtRun : k.index(in); }
  mlir::Value outputs(KernelBuilder &k) const { return outAtRun ? outAtRun : k.index(out); }
  /// Inputs that a window covers.
  int64_t span() const { return (kernel - 1) * dilation + 1; }
  /// Inputs that `outputs` neighbouring windows cover.
  int64_t spanOf(int64_t outputs) const { return (outputs - 1) * stride + span(); }
  /// The input that tap `tap` of output `o` reads; outside [0, in) it is padding.
  int64_t inputOf(int64_t o, int64_t tap) const { return o * stride - padBegin + tap * dilation; }
  bool isInside(int64_t o, int64_t tap) const {
    int64_t at = inputOf(o, tap);
    return at >= 0 && at < in;
  }
  /// The taps of all outputs together that read inside the input; of known extents, as the next one.
  int64_t tapsInside() const;
  /// Whether it pays to look which taps the outputs of each of `parts` even parts read nothing but padding by.
  bool savesByTap(int64_t parts) const;
};

/// The taps [first, end) of which an output reads anything but padding, of outputs whose tap 0 is at the inputs from
/// `first` to `last`.
std::pair<mlir::Value, mlir::Value> tapsInside(KernelBuilder &k, const SpatialWindow &window, mlir::Value first,
                                               mlir::Value last);

struct BlockedGeometry {
  /// Spatial dims of the tensors, 1 or 2.
  int64_t n;
  bool isFlat = false;
  SpatialWindow rows, columns;
  /// Whether all extents are.
  bool isKnown() const { return rows.isKnown() && columns.isKnown(); }

  /// Of a window over `in`, [N,B,D1..Dn,...], with n kernel entries, whose outputs are `out`; never flat.
  BlockedGeometry(mlir::RankedTensorType in, mlir::RankedTensorType out, llvm::ArrayRef<int64_t> kernel,
                  llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads, llvm::ArrayRef<int64_t> dilations);
  /// Of an op whose operand x and result are [N,B,D1..Dn,...], with n kernel entries. `mayFlatten`: a window
  /// of one pixel may count as one row.
  BlockedGeometry(nn::GroupOp group, mlir::Operation *root, mlir::Value x, llvm::ArrayRef<int64_t> kernel,
                  llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads,
                  llvm::ArrayRef<int64_t> dilations, bool mayFlatten);

  /// Asks for the extents of x and of the result that only the run knows.
  void findExtents(KernelBuilder &k, mlir::Value x);

  /// Memrefs of the kernel with the spatial dims in one, for storeThroughEpilogue; empty if not flat.
  llvm::DenseMap<mlir::Value, mlir::Value> flatten(KernelBuilder &k) const;
  /// Whether neighbouring outputs lie next to each other in every operand of the epilogue that is not a
  /// single number.
  static bool isDense(nn::GroupOp group);
  /// The indices of a lane of the result, or of x where that is blocked.
  llvm::SmallVector<mlir::Value> indices(KernelBuilder &k, mlir::Value image, mlir::Value block,
                                         mlir::Value row, mlir::Value column, mlir::Value lane) const;
};

/// An extent cut into `parts` pieces of nearly equal size, the longer ones first: piece t starts at t * q +
/// min(t, r).
struct EvenParts {
  int64_t extent, parts;
  int64_t shortSize() const { return extent / parts; }
  int64_t longCount() const { return extent % parts; }
  int64_t largest() const { return llvm::divideCeil(extent, parts); }
  mlir::Value startOf(KernelBuilder &k, mlir::Value t) const;
  /// Where piece t starts if the longer ones are spread over all of them, so that neighbours add up to nearly
  /// the same.
  mlir::Value spreadStart(KernelBuilder &k, mlir::Value t) const;
  /// Calls `body` for the pieces [from, to) in a loop for each of the (at most two) sizes.
  void forEach(KernelBuilder &k, mlir::Value from, mlir::Value to,
               llvm::function_ref<void(mlir::Value start, int64_t size)> body) const;
};

/// An extent that perhaps only the run knows, cut into as few pieces of nearly equal size as none is longer than
/// `most`; into an even number if `areEven`, of which one may be empty.
struct BoundedParts {
  mlir::Value extent;
  int64_t most;
  bool areEven = false;
  mlir::Value parts(KernelBuilder &k) const;
  mlir::Value start(KernelBuilder &k, mlir::Value t) const;
};

/// Calls `body` for [from, to) in runs of `most`, and of 4, 2 and 1 for what is left.
void forEachRun(KernelBuilder &k, mlir::Value from, mlir::Value to, int64_t most,
                llvm::function_ref<void(mlir::Value start, int64_t size)> body);

/// `panels` panels of filters, `width` of which go through registers together, cut into `items` by whole groups of
/// these; first into halves where both can be, so that two threads have the same number of panels.
struct PanelGroups {
  int64_t panels, width, items;
  int64_t halves() const { return panels % 2 == 0 && items % 2 == 0 ? 2 : 1; }
  /// Panels, and groups of them, of a half.
  int64_t half() const { return panels / halves(); }
  int64_t groups() const { return llvm::divideCeilSigned(half(), width); }
  /// The most panels of an item.
  int64_t largest() const {
    return std::min(half(), EvenParts{groups(), items / halves()}.largest() * width);
  }
  /// The first panel of an item and the one behind its last.
  std::pair<mlir::Value, mlir::Value> range(KernelBuilder &k, mlir::Value item) const;
  /// Calls `body` for the groups of the panels [first, end) of an item; the last one of a half may be narrower.
  void forEach(KernelBuilder &k, mlir::Value first, mlir::Value end,
               llvm::function_ref<void(mlir::Value panel, int64_t width)> body) const;
};

} // namespace nnc

#endif
