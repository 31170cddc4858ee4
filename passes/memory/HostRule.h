//===- HostRule.h - shape rules as run-time arithmetic ------------------------===//
#ifndef NNC_PASSES_MEMORY_HOSTRULE_H
#define NNC_PASSES_MEMORY_HOSTRULE_H

#include "dialects/nn/ShapeRule.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// Evaluates an op's shape rule into index arithmetic at the builder's insertion point. Known extents fold. What the
/// rules demand of dynamic extents (equal, broadcastable) is checked at run time through `check`.
class HostRule : public nn::ShapeRule {
public:
  using DimsOf = llvm::function_ref<nn::Dims(mlir::Value)>;
  using ElementOf = llvm::function_ref<mlir::Value(mlir::Value, int64_t)>;
  /// Reports `message` at run time unless `condition` holds; %0 and %1 in it stand for a and b.
  using Check = llvm::function_ref<void(mlir::Value condition, llvm::StringRef message, mlir::Value a, mlir::Value b)>;

  /// `dimsOf` gives an operand's extents; `elementOf` loads element i of an operand, integers as an index (null where
  /// it is not in memory).
  HostRule(mlir::Operation *op, mlir::OpBuilder &b, DimsOf dimsOf, ElementOf elementOf, Check check)
      : ShapeRule(op), b(b), loc(op->getLoc()), dimsOf(dimsOf), elementOf(elementOf), check(check) {}

  nn::Dim dim(mlir::Value operand, int64_t i) override;
  nn::Dim element(mlir::Value operand, int64_t i) override;
  nn::Dim add(nn::Dim x, nn::Dim y) override;
  nn::Dim sub(nn::Dim x, nn::Dim y) override;
  nn::Dim mul(nn::Dim x, nn::Dim y) override;
  nn::Dim floorDiv(nn::Dim x, nn::Dim y) override;
  nn::Dim ceilDiv(nn::Dim x, nn::Dim y) override;
  nn::Dim min(nn::Dim x, nn::Dim y) override;
  nn::Dim max(nn::Dim x, nn::Dim y) override;
  nn::Dim wrapNegative(nn::Dim x, nn::Dim extent) override;
  nn::Dim choose(nn::Dim x, int64_t number, nn::Dim same, nn::Dim other) override;
  nn::Dim broadcast(nn::Dim x, nn::Dim y) override;
  nn::Dim quotient(llvm::ArrayRef<nn::Dim> total, llvm::ArrayRef<nn::Dim> divisors) override;
  nn::Dim scale(nn::Dim x, double factor) override;
  nn::Dim rangeLength(mlir::Value start, mlir::Value limit, mlir::Value delta) override;
  /// A null Dim: the kernel decides.
  nn::Dim unknown() override { return nn::Dim(); }
  bool same(nn::Dim x, nn::Dim y) const override;
  bool differ(nn::Dim x, nn::Dim y) override;

  /// Whether an extent may depend on data: it can be anything then, negative too.
  bool readsData = false;

  /// The extent as an index value.
  mlir::Value value(nn::Dim d);

private:
  nn::Dim fold(mlir::Value value);

  mlir::OpBuilder &b;
  mlir::Location loc;
  DimsOf dimsOf;
  ElementOf elementOf;
  Check check;
};

} // namespace nnc

#endif
