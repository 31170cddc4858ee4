//===- SpentConstants.h - constants whose last user is gone ------------------===//
#ifndef NNC_PASSES_GRAPH_SPENTCONSTANTS_H
#define NNC_PASSES_GRAPH_SPENTCONSTANTS_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// Gives back the bytes of constants while a pass makes others of them: MLIR keeps an attribute for as long as its
/// context lives, and all weights would be in memory twice.
class SpentConstants {
public:
  /// Of the constants under `root`, some of which may share their bytes.
  explicit SpentConstants(mlir::Operation *root);

  /// One more that the pass itself has made.
  void add(nn::ConstantOp constant) { ++owners[constant.getValue()]; }

  /// Erases the constant if nothing uses it, and gives back its bytes if no other constant has the same.
  void release(nn::ConstantOp constant);

private:
  llvm::DenseMap<mlir::Attribute, int64_t> owners;
};

} // namespace nnc

#endif
