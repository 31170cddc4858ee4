#include "dialects/nn/ShapeRule.h"

#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"

using namespace mlir;

namespace nnc::nn {

std::optional<int64_t> Dim::known() const {
  if (auto constant = dyn_cast_if_present<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

bool ShapeRule::isRanked(Value operand) const { return isa<RankedTensorType>(operand.getType()); }

int64_t ShapeRule::rank(Value operand) const { return cast<RankedTensorType>(operand.getType()).getRank(); }

int64_t ShapeRule::length(Value operand) const {
  auto type = cast<RankedTensorType>(operand.getType());
  if (type.getRank() > 1 || !type.hasStaticShape())
    return -1;
  return type.getNumElements();
}

Dims ShapeRule::dims(Value operand) {
  Dims result;
  for (int64_t i = 0, e = rank(operand); i < e; ++i)
    result.push_back(dim(operand, i));
  return result;
}

Dim ShapeRule::constant(int64_t value) { return getAffineConstantExpr(value, op->getContext()); }

Dim ShapeRule::product(ArrayRef<Dim> dims) {
  Dim result = constant(1);
  for (Dim d : dims)
    result = mul(result, d);
  return result;
}

bool ShapeRule::certainlyDiffer(Dim a, Dim b) {
  auto x = a.known(), y = b.known();
  return x && y && *x != *y;
}

LogicalResult verifyShapes(Operation *op) {
  auto isUnranked = [](Type type) { return isa<UnrankedTensorType>(type); };
  if (llvm::any_of(op->getOperandTypes(), isUnranked) || llvm::any_of(op->getResultTypes(), isUnranked))
    return success();
  ShapeAnalysis analysis(op->getContext());
  SmallVector<SmallVector<int64_t>> shapes;
  if (failed(analysis.evaluate(op, shapes)))
    return failure();
  for (auto [result, shape] : llvm::zip(op->getResults(), shapes)) {
    auto type = cast<RankedTensorType>(result.getType());
    if (type.getRank() != static_cast<int64_t>(shape.size()))
      return op->emitOpError() << "result " << result.getResultNumber() << " has rank " << type.getRank()
                               << ", its operands give rank " << shape.size();
    for (auto [i, declared, inferred] : llvm::enumerate(type.getShape(), shape))
      if (!ShapedType::isDynamic(declared) && !ShapedType::isDynamic(inferred) && declared != inferred)
        return op->emitOpError() << "dim " << i << " of result " << result.getResultNumber() << " is " << declared
                                 << ", its operands give " << inferred;
  }
  return success();
}

} // namespace nnc::nn
