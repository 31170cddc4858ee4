//===- CostModel.h - what an op costs -----------------------------------------===//
//
// Arithmetic is counted as the literature does: a multiplication and an addition are two operations, whatever
// algorithm the kernel uses (a Winograd convolution is credited with the direct one's), and any function of
// one element is one. Moving, sorting and comparing data is none. The numbers are stated in the algebra of
// ShapeRule, so that they are known at compile time where the extents are, and computed by the run where not.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_DIALECTS_NN_COSTMODEL_H
#define NNC_DIALECTS_NN_COSTMODEL_H

#include "dialects/nn/ShapeRule.h"

namespace nnc::nn {

/// The arithmetic of one op, whose results have extents that `rule` can be asked for too. A null Dim: the op
/// has no entry in the table, or its cost depends on more than extents.
Dim flopsOf(mlir::Operation *op, ShapeRule &rule);

/// How many elements of operand `i` the op reads at most, one that is read again not counted again.
Dim elementsRead(mlir::Operation *op, unsigned i, ShapeRule &rule);

/// A rule over declared types: extents that they leave open are null, and so is what depends on them.
class StaticRule : public ShapeRule {
public:
  using ShapeRule::ShapeRule;
  Dim dim(mlir::Value operand, int64_t i) override;
  Dim element(mlir::Value operand, int64_t i) override;
  Dim add(Dim a, Dim b) override;
  Dim sub(Dim a, Dim b) override;
  Dim mul(Dim a, Dim b) override;
  Dim floorDiv(Dim a, Dim b) override;
  Dim ceilDiv(Dim a, Dim b) override;
  Dim min(Dim a, Dim b) override;
  Dim max(Dim a, Dim b) override;
  Dim wrapNegative(Dim a, Dim extent) override { return Dim(); }
  Dim choose(Dim x, int64_t value, Dim same, Dim other) override { return Dim(); }
  Dim broadcast(Dim a, Dim b) override { return Dim(); }
  Dim quotient(llvm::ArrayRef<Dim> total, llvm::ArrayRef<Dim> divisors) override { return Dim(); }
  Dim scale(Dim a, double factor) override { return Dim(); }
  Dim rangeLength(mlir::Value start, mlir::Value limit, mlir::Value delta) override { return Dim(); }
  Dim unknown() override { return Dim(); }
  bool same(Dim a, Dim b) const override { return false; }

private:
  Dim fold(Dim a, Dim b, llvm::function_ref<std::optional<int64_t>(int64_t, int64_t)> apply);
};

} // namespace nnc::nn

#endif
