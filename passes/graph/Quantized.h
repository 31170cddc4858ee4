//===- Quantized.h - tensors of reals that are scaled bytes -------------------===//
#ifndef NNC_PASSES_GRAPH_QUANTIZED_H
#define NNC_PASSES_GRAPH_QUANTIZED_H

#include "dialects/nn/NNDialect.h"

#include <optional>

namespace nnc {

/// A tensor of f32 that is nn.dequantize of bytes, and then renamed or transposed.
struct Quantized {
  nn::DequantizeOp source;
  /// The last one first.
  llvm::SmallVector<mlir::Operation *> moves;
  /// The dim along which the scale varies, or -1 where it is one element.
  int64_t axis;

  /// Nothing for any other tensor, and for one whose scales vary in blocks.
  static std::optional<Quantized> find(mlir::Value value);

  /// Whether the bytes are a constant, or one that is renamed or transposed.
  bool isConstant();
  /// `bytes`, which lie as the source's do, moved as the reals are.
  mlir::Value moved(mlir::OpBuilder &b, mlir::Value bytes) const;
  /// The bytes, moved as the reals are.
  mlir::Value bytes(mlir::OpBuilder &b) { return moved(b, source.getX()); }
};

/// What a view or transpose makes of `value`, whose elements may be of another type than those that it has.
mlir::Value movedLike(mlir::OpBuilder &b, mlir::Operation *move, mlir::Value value);

/// Whether a zero point is absent or known to be 0.
bool isZeroPoint(mlir::Value zero);

/// A scale or zero point of one element as a scalar; others as they are.
mlir::Value scalarOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

} // namespace nnc

#endif
