//===- Shapes.h - shapes that importers compute -------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_SHAPES_H
#define NNC_FRONTENDS_ONNX_OPS_SHAPES_H

#include "frontends/onnx/NodeImporter.h"

namespace nnc::onnx {

/// A number, or a dim of a value times and over numbers.
struct Extent {
  Extent(int64_t number) : factor(number) {}
  static Extent of(int64_t dim) {
    Extent extent(1);
    extent.dim = dim;
    return extent;
  }
  Extent times(int64_t number) const {
    Extent extent = *this;
    extent.factor *= number;
    return extent;
  }
  Extent over(int64_t number) const {
    Extent extent = *this;
    extent.divisor *= number;
    return extent;
  }

  int64_t dim = -1, factor, divisor = 1;
};

/// Whether two extents certainly differ.
inline bool disagree(int64_t a, int64_t b) {
  return !mlir::ShapedType::isDynamic(a) && !mlir::ShapedType::isDynamic(b) && a != b;
}

/// The 1-D i64 tensor of these extents, whose dims are those of `x`: a constant where all are known, or all but one,
/// which is -1 then.
mlir::Value shapeTensor(NodeImporter &node, mlir::Value x, llvm::ArrayRef<Extent> extents);

/// Place `at` along an axis, whose extent becomes 1: of a list, its entry as [1].
mlir::Value sliceAt(NodeImporter &node, mlir::Value x, int64_t at, int64_t axis = 0);

/// The i64 numbers 0, 1, ... below an extent given as [1].
mlir::Value countTo(NodeImporter &node, mlir::Value limit);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_SHAPES_H
