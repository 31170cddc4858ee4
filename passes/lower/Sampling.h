//===- Sampling.h - what resize, grid_sample and roi_align share --------------===//
#ifndef NNC_PASSES_LOWER_SAMPLING_H
#define NNC_PASSES_LOWER_SAMPLING_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Arithmetic on reals of one type: f32 or f64, scalars or vectors.
struct Reals {
  KernelBuilder &k;
  mlir::Type type;

  mlir::Value c(double value) const;
  /// A scalar of the element type (or an index) brought to the shape.
  mlir::Value spread(mlir::Value scalar) const;
  mlir::Value add(mlir::Value x, mlir::Value y) const;
  mlir::Value sub(mlir::Value x, mlir::Value y) const;
  mlir::Value mul(mlir::Value x, mlir::Value y) const;
  mlir::Value div(mlir::Value x, mlir::Value y) const;
  mlir::Value add(mlir::Value x, double y) const { return add(x, c(y)); }
  mlir::Value sub(mlir::Value x, double y) const { return sub(x, c(y)); }
  mlir::Value mul(mlir::Value x, double y) const { return mul(x, c(y)); }
  mlir::Value floor(mlir::Value x) const;
  mlir::Value ceil(mlir::Value x) const;
  mlir::Value roundEven(mlir::Value x) const;
  mlir::Value abs(mlir::Value x) const;
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, mlir::Value y) const;
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) const;
  /// The smaller and the larger; y where x is NaN.
  mlir::Value min(mlir::Value x, mlir::Value y) const;
  mlir::Value max(mlir::Value x, mlir::Value y) const;
  /// A whole number between low and high (low if it is NaN) as an index, or as a vector of i32.
  mlir::Value toIndex(mlir::Value x, mlir::Value low, mlir::Value high) const;

  /// Keys' cubic kernel at the distance |x|, for |x| <= 1 and for 1 <= |x| <= 2.
  mlir::Value cubicInner(mlir::Value x, double a) const;
  mlir::Value cubicOuter(mlir::Value x, double a) const;
  /// The weights of the four points around a place, `ratio` past the second.
  llvm::SmallVector<mlir::Value> cubicWeights(mlir::Value ratio, double a) const;

  /// An element's value in this type, and back as an element: rounded and saturated if that is an integer.
  mlir::Value fromElement(mlir::Value value, mlir::Type element) const;
  mlir::Value toElement(mlir::Value value, mlir::Type element) const;
};

/// The type that interpolation of such elements computes in.
mlir::Type realTypeFor(mlir::Type element);

} // namespace nnc

#endif
