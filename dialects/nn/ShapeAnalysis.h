//===- ShapeAnalysis.h - symbolic shapes and shape computations ---------------===//
//
// Knows, for every value it has seen, the extents as affine expressions over symbols, and for small integer tensors
// their contents likewise. `Shape(x)[0] * 4` is an expression like any other, so the arithmetic that exporters write
// around Reshape resolves itself, with symbolic extents too.
//
// The analysis is incremental: an importer calls infer() on each op as it builds it; a pass walks a function with
// inferAll().
//
//===----------------------------------------------------------------------===//
#ifndef NNC_DIALECTS_NN_SHAPEANALYSIS_H
#define NNC_DIALECTS_NN_SHAPEANALYSIS_H

#include "dialects/nn/ShapeRule.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <map>

namespace nnc::nn {

class ShapeAnalysis {
public:
  explicit ShapeAnalysis(mlir::MLIRContext *context) : context(context) {}

  /// Names the extents of a function argument or a region's: equal names are equal extents, "" is a fresh one.
  void setSymbols(mlir::Value value, llvm::ArrayRef<llvm::StringRef> names);

  /// Infers the result types of an op built with `tensor<*xT>` results (or refines those it has), remembers extents
  /// and contents. Fails after a diagnostic at the op when a constraint is violated or a rank stays unknown.
  llvm::LogicalResult infer(mlir::Operation *op);

  /// infer() on every op of a region, nested regions included, in order.
  llvm::LogicalResult inferAll(mlir::Region &region);

  /// The static shapes (ShapedType::kDynamic where unknown) that the op's rule gives; changes nothing.
  llvm::LogicalResult evaluate(mlir::Operation *op, llvm::SmallVectorImpl<llvm::SmallVector<int64_t>> &shapes);

  /// The extents of a ranked value; unseen dynamic ones become fresh symbols.
  llvm::ArrayRef<mlir::AffineExpr> dims(mlir::Value value);

  /// The elements, in row-major order, of a small tensor of integers (or of floats that are whole numbers) as far as
  /// they are known or symbolic, else nullptr. The next call may move the list.
  const llvm::SmallVector<mlir::AffineExpr> *contents(mlir::Value value);

  /// Its elements as numbers if all are known.
  std::optional<llvm::SmallVector<int64_t>> constantContents(mlir::Value value);

  /// The elements of a small tensor of f32 or f64 if all are known: the scales that exporters compute from shapes.
  std::optional<llvm::SmallVector<double>> realContents(mlir::Value value);

  /// Whether the extents are certainly equal.
  bool sameDim(mlir::Value a, int64_t i, mlir::Value b, int64_t j) { return dims(a)[i] == dims(b)[j]; }
  /// Whether both values certainly have one shape.
  bool sameShape(mlir::Value a, mlir::Value b) { return dims(a) == dims(b); }

  mlir::AffineExpr freshSymbol() { return mlir::getAffineSymbolExpr(nextSymbol++, context); }

  /// Says that all that is known of `from` holds for `to`.
  void copy(mlir::Value from, mlir::Value to);

private:
  friend class SymbolicRule;
  friend class ContentsInference;
  void inferContents(mlir::Operation *op); // ShapeContents.cpp
  void forgetContents(mlir::Value value) {
    elements.erase(value);
    reals.erase(value);
  }
  /// A symbol that is known not to be negative.
  mlir::AffineExpr freshExtent();
  void markExtent(mlir::AffineSymbolExpr symbol);
  bool isNonNegative(mlir::AffineExpr expr) const;
  /// The symbol that stands for a function of these arguments which affine expressions cannot say: equal arguments,
  /// equal symbols.
  mlir::AffineExpr opaque(llvm::StringRef function, llvm::ArrayRef<mlir::AffineExpr> arguments);

  mlir::MLIRContext *context;
  unsigned nextSymbol = 0;
  llvm::StringMap<mlir::AffineExpr> named;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::AffineExpr>> extents, elements;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<double>> reals;
  llvm::BitVector isExtent; // by symbol
  struct ExprLess {
    using Key = std::pair<std::string, std::vector<mlir::AffineExpr>>;
    bool operator()(const Key &a, const Key &b) const;
  };
  std::map<ExprLess::Key, mlir::AffineExpr, ExprLess> opaques;
};

/// The elements of a constant of an integer, index or bool type with at most `limit` elements.
std::optional<llvm::SmallVector<int64_t>> integerElements(mlir::Attribute attribute, int64_t limit = 1024);

/// The integer elements of the constant that defines `value`.
std::optional<llvm::SmallVector<int64_t>> constantIntegers(mlir::Value value, int64_t limit = 1024);

/// Gives the arguments of a model's function the symbols that their nn.dims attributes name.
void declareSymbols(ShapeAnalysis &analysis, mlir::FunctionOpInterface function);

} // namespace nnc::nn

#endif
