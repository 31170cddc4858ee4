//===- ShapeRule.h - the algebra in which ops state their result shapes -------===//
//
// Every nn op states its result shapes once, in `shapes(ShapeRule &)`, as arithmetic on the extents of its operands.
// The same statement is then read three ways:
//
//   - ShapeAnalysis evaluates it symbolically: an extent is an affine expression over symbols such as `batch`, a
//     known one is a constant. This infers types, resolves shape computations, and proves extents equal.
//   - The verifier evaluates it on the declared types and compares.
//   - The memory stage evaluates it into index arithmetic, which computes dynamic extents at run time.
//
// Example, the concatenation of two matrices along dim 0:
//
//     rule.result({rule.add(rule.dim(a, 0), rule.dim(b, 0)), rule.dim(a, 1)});
//
//===----------------------------------------------------------------------===//
#ifndef NNC_DIALECTS_NN_SHAPERULE_H
#define NNC_DIALECTS_NN_SHAPERULE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace nnc::nn {

/// An extent: an affine expression over symbols where it is inferred, an index value where it is computed. A known
/// extent is a constant expression in either case.
class Dim {
public:
  Dim() = default;
  Dim(mlir::AffineExpr expr) : expr(expr) {}
  Dim(mlir::Value value) : value(value) {}

  /// The extent's number if it is known at compile time.
  std::optional<int64_t> known() const;

  mlir::AffineExpr expr;
  mlir::Value value;
};

using Dims = llvm::SmallVector<Dim, 4>;

/// What a shape function sees. One instance serves one op.
class ShapeRule {
public:
  explicit ShapeRule(mlir::Operation *op) : op(op) {}
  virtual ~ShapeRule() = default;

  // What is known of the operands.
  int64_t rank(mlir::Value operand) const;
  bool isRanked(mlir::Value operand) const;
  /// Extent `i` of a ranked operand.
  virtual Dim dim(mlir::Value operand, int64_t i) = 0;
  /// Element `i` of a tensor of integers with a static number of elements, e.g. the second operand of nn.reshape.
  virtual Dim element(mlir::Value operand, int64_t i) = 0;
  Dims dims(mlir::Value operand);
  /// The number of elements of a 1-D (or scalar) operand if static, else -1.
  int64_t length(mlir::Value operand) const;

  // Arithmetic. Constants fold in every evaluation.
  Dim constant(int64_t value);
  virtual Dim add(Dim a, Dim b) = 0;
  virtual Dim sub(Dim a, Dim b) = 0;
  virtual Dim mul(Dim a, Dim b) = 0;
  virtual Dim floorDiv(Dim a, Dim b) = 0;
  virtual Dim ceilDiv(Dim a, Dim b) = 0;
  virtual Dim min(Dim a, Dim b) = 0;
  virtual Dim max(Dim a, Dim b) = 0;
  /// `a` where a is not negative, else a + extent: Python's index.
  virtual Dim wrapNegative(Dim a, Dim extent) = 0;
  /// `same` where x is `value`, else `other`: what a flag among extents stands for.
  virtual Dim choose(Dim x, int64_t value, Dim same, Dim other) = 0;
  /// The extent of a broadcast: b where a is 1, else a. The caller has reported static clashes.
  virtual Dim broadcast(Dim a, Dim b) = 0;
  /// The product of `total` divided by that of `divisors`: what a -1 in a reshape stands for.
  virtual Dim quotient(llvm::ArrayRef<Dim> total, llvm::ArrayRef<Dim> divisors) = 0;
  /// floor(a * factor), ONNX Resize's rule for a float factor.
  virtual Dim scale(Dim a, double factor) = 0;
  /// max(0, ceil((limit - start) / delta)) of three scalars of the same type.
  virtual Dim rangeLength(mlir::Value start, mlir::Value limit, mlir::Value delta) = 0;
  /// An extent that only the kernel's run decides.
  virtual Dim unknown() = 0;
  /// Whether two extents that must be equal certainly are not. Where they are only known at run time, the code that
  /// computes them also checks them there.
  virtual bool differ(Dim a, Dim b) { return certainlyDiffer(a, b); }
  /// Whether two extents certainly do not broadcast: they differ and neither is 1.
  bool clash(Dim a, Dim b) const { return certainlyDiffer(a, b) && *a.known() != 1 && *b.known() != 1; }
  /// Whether the two are certainly equal.
  virtual bool same(Dim a, Dim b) const = 0;
  Dim product(llvm::ArrayRef<Dim> dims);

  // What the op says.
  void result(llvm::ArrayRef<Dim> dims) { results.emplace_back(dims.begin(), dims.end()); }
  llvm::LogicalResult error(const llvm::Twine &message) { return op->emitOpError(message); }

  llvm::SmallVector<Dims, 1> results;
  mlir::Operation *op;

protected:
  static bool certainlyDiffer(Dim a, Dim b);
};

/// The verifier of every op with a shape rule: evaluates it on the declared types, reports violated constraints and
/// static extents that differ from the declared ones. Silent while an operand or result has no rank yet.
llvm::LogicalResult verifyShapes(mlir::Operation *op);

} // namespace nnc::nn

#endif
