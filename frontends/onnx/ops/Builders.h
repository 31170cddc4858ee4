//===- Builders.h - ops whose result has the type of an operand ---------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_BUILDERS_H
#define NNC_FRONTENDS_ONNX_OPS_BUILDERS_H

#include "frontends/onnx/NodeImporter.h"

namespace nnc::onnx {

mlir::Value binary(NodeImporter &node, nn::BinaryKind kind, mlir::Value a, mlir::Value b);
mlir::Value compare(NodeImporter &node, nn::CompareKind kind, mlir::Value a, mlir::Value b);
mlir::Value select(NodeImporter &node, mlir::Value condition, mlir::Value a, mlir::Value b);
mlir::Value unsqueeze(NodeImporter &node, mlir::Value x, llvm::ArrayRef<int64_t> axes);
/// Entries of 0 keep the dim, -1 takes what is left.
mlir::Value reshape(NodeImporter &node, mlir::Value x, llvm::ArrayRef<int64_t> shape);
mlir::Value transpose(NodeImporter &node, mlir::Value x, llvm::ArrayRef<int64_t> perm);
mlir::Value concat(NodeImporter &node, llvm::ArrayRef<mlir::Value> parts, int64_t axis);
/// Extent `i` of x as [1] i64.
mlir::Value extent(NodeImporter &node, mlir::Value x, int64_t i);
/// Elements [from, to) along a dim, every `step`-th.
mlir::Value slice(NodeImporter &node, mlir::Value x, int64_t axis, int64_t from, int64_t to, int64_t step = 1);
/// Pieces of these extents along the last dim.
llvm::SmallVector<mlir::Value> splitLast(NodeImporter &node, mlir::Value x, llvm::ArrayRef<int64_t> extents);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_BUILDERS_H
