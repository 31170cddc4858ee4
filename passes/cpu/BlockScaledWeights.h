//===- BlockScaledWeights.h - weights that are scaled in blocks ---------------===//
#ifndef NNC_PASSES_CPU_BLOCKSCALEDWEIGHTS_H
#define NNC_PASSES_CPU_BLOCKSCALEDWEIGHTS_H

#include "dialects/nn/NNDialect.h"

#include <optional>

namespace nnc {

/// A constant right factor [K,N] whose scales change every `block` rows, of which a column may be one: nn.dequantize of
/// bytes, or of [N,K] and transposed. Language models store their weights so, as integers of few bits.
struct BlockScaledWeights {
  nn::DequantizeOp source;
  bool areTransposed;
  int64_t depth, columns, block;

  static std::optional<BlockScaledWeights> find(nn::MatMulOp op);

  /// The operands of nn.packed_matmul.
  struct Packed {
    mlir::ElementsAttr panels, scales;
  };
  /// In words where the numbers of each block are among 16 neighbours, else in bytes. Nothing where zero points leave
  /// numbers that fit no byte, where bytes have a scale for the sum of a column, or something is not known.
  std::optional<Packed> pack() const;

  int64_t blocks() const { return depth / block; }
  /// Where element k of a column lies, of so many; or the scale of block k.
  int64_t at(int64_t k, int64_t column, int64_t all) const {
    return areTransposed ? column * all + k : k * columns + column;
  }
};

} // namespace nnc

#endif
