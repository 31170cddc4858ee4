//===- RecurrentCell.h - the elementwise arithmetic of recurrent cells --------===//
//
// What a cell does once its products are there, on scalars or vectors of units alike: the reference lowering
// of nn.recurrent and the fast one of nn.packed_recurrent differ in how they get the products.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_RECURRENTCELL_H
#define NNC_PASSES_LOWER_RECURRENTCELL_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

class RecurrentCell {
public:
  template <typename OpTy>
  RecurrentCell(KernelBuilder &k, OpTy op)
      : k(k), activations(op.getActivations()), alphas(op.getAlphas()), betas(op.getBetas()),
        inputForget(op.getInputForget()),
        isBidirectional(op.getDirection() == nn::RecurrentDirection::bidirectional) {
    if (auto limit = op.getClip())
      clip = limit->convertToDouble();
  }

  /// The number of the direction that is computed, an index: the two may have different functions.
  mlir::Value direction;

  /// Function `which` of the direction, after the clipping that gates undergo.
  mlir::Value activate(size_t which, mlir::Value value, bool clipped = true);

  struct LstmState {
    mlir::Value h, c;
  };
  /// `sums` are those of the gates i, o, f and c; `peephole` gives the weights for i, o and f, or null where
  /// there are none.
  LstmState lstm(mlir::ValueRange sums, mlir::Value cell,
                 llvm::function_ref<mlir::Value(int64_t which)> peephole);

  /// (1 - z) candidate + z previous, a GRU's new state.
  mlir::Value blend(mlir::Value z, mlir::Value candidate, mlir::Value previous);

  mlir::Value add(mlir::Value a, mlir::Value b) { return mlir::arith::AddFOp::create(k.b, k.loc, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return mlir::arith::MulFOp::create(k.b, k.loc, a, b); }

private:
  bool sameFunction(size_t i, size_t j);
  mlir::Value apply(size_t i, mlir::Value value);

  KernelBuilder &k;
  mlir::ArrayAttr activations;
  llvm::ArrayRef<double> alphas, betas;
  std::optional<double> clip;
  bool inputForget, isBidirectional;
};

} // namespace nnc

#endif
