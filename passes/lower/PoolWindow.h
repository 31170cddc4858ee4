//===- PoolWindow.h - windows of pools and what is made of them ---------------===//
//
// Taps outside of the input are never visited: each output knows the range of taps inside.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_POOLWINDOW_H
#define NNC_PASSES_LOWER_POOLWINDOW_H

#include "dialects/nn/NNDialect.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc::pool {

/// A window along one spatial dim.
struct Axis {
  int64_t kernel, stride, dilation;
  mlir::Value in, padBegin, padEnd;
};

/// Of an nn.pool or an nn.max_pool_with_indices.
template <typename OpTy> llvm::SmallVector<Axis> axesOf(KernelBuilder &k, OpTy op) {
  size_t n = op.getKernel().size();
  llvm::SmallVector<Axis> axes;
  for (size_t i = 0; i < n; ++i) {
    Axis axis{op.getKernel()[i], op.getStrides()[i], op.getDilations()[i], k.dimOf(op.getX(), 2 + i),
              k.index(op.getPads()[i]), k.index(op.getPads()[n + i])};
    if (op.getAutoPad() != nn::AutoPad::explicit_pads) {
      // As much padding as the last window needs; the odd one goes behind for SAME_UPPER, before for SAME_LOWER.
      mlir::Value out = k.dim(k.output(0), 2 + i);
      mlir::Value needed = k.add(k.mul(k.sub(out, k.index(1)), axis.stride), (axis.kernel - 1) * axis.dilation + 1);
      mlir::Value total = k.max(k.sub(needed, axis.in), k.index(0));
      bool lower = op.getAutoPad() == nn::AutoPad::same_lower;
      axis.padBegin = k.div(k.add(total, lower ? 1 : 0), k.index(2));
      axis.padEnd = k.sub(total, axis.padBegin);
    }
    axes.push_back(axis);
  }
  return axes;
}

/// Where the window of output `out` starts, and which of its taps lie inside the input.
struct Taps {
  mlir::Value start, first, last;
};
Taps tapsOf(KernelBuilder &k, const Axis &axis, mlir::Value out);

/// How many taps from `start` on lie before `limit`.
mlir::Value tapsBefore(KernelBuilder &k, const Axis &axis, mlir::Value start, mlir::Value limit);

/// By how many taps of a window an average is divided, along one dim.
mlir::Value countOf(KernelBuilder &k, nn::PoolOp op, const Axis &axis, const Taps &taps);

/// Where in the input a tap is.
mlir::Value position(KernelBuilder &k, const Axis &axis, mlir::Value start, mlir::Value tap);

/// Up to this stride outputs along a row are computed as vectors, and what lies between their elements is loaded, too: a
/// stretch of the row.
inline constexpr int64_t kWidestStride = 8;

/// Joins the taps along a row of a vector of outputs, or of one whose stride counts as 1, to `acc`: those less than a
/// stride apart find their elements in one stretch. `stretchAt` loads that which begins so far behind the first tap.
mlir::Value overRowTaps(KernelBuilder &k, const Axis &axis, int64_t stride, mlir::Value acc,
                        llvm::function_ref<mlir::Value(mlir::Value ahead)> stretchAt,
                        llvm::function_ref<mlir::Value(mlir::Value acc, mlir::Value elements)> join);

/// The arithmetic of one kind of pool, on scalars and vectors of the compute type.
struct Reduction {
  KernelBuilder &k;
  nn::PoolOp op;
  mlir::Type element;

  mlir::Value initial(mlir::Type shape);
  /// Adds an element.
  mlir::Value combine(mlir::Value acc, mlir::Value x) { return joined(acc, prepared(x)); }
  /// What is added of an element, and a sum of it and others: combine in two steps.
  mlir::Value prepared(mlir::Value x);
  mlir::Value joined(mlir::Value acc, mlir::Value x);
  /// `count`, of the same shape and type, divides the sum of an average.
  mlir::Value finish(mlir::Value acc, mlir::Value count);
  /// A number of taps as such a count.
  mlir::Value asCount(mlir::Value number, mlir::Type shape);
};

} // namespace nnc::pool

#endif
