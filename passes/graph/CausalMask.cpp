#include "passes/graph/CausalMask.h"

#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"

#include <cmath>

using namespace mlir;

namespace nnc {

namespace {

class CausalMask {
public:
  CausalMask(RankedTensorType scores, bool isOnlyMask) : scores(scores), isOnlyMask(isOnlyMask) {}

  /// The diagonal above which `x`, some value of the scores' shape on their way, is masked.
  std::optional<int64_t> of(Value x) {
    if (auto add = x.getDefiningOp<nn::BinaryOp>(); add && add.getKind() == nn::BinaryKind::add) {
      auto masked = [&](double value) { return isLow(value); };
      return least(
          {ofConstant(add.getA(), masked), ofConstant(add.getB(), masked), of(add.getA()), of(add.getB())});
    }
    auto select = x.getDefiningOp<nn::SelectOp>();
    if (!select)
      return std::nullopt;
    auto isMask = [&](Value v) {
      auto number = uniformNumber(v);
      return number && isLow(*number);
    };
    if (isMask(select.getB()))
      return least(
          {ofConstant(select.getCond(), [](double value) { return value == 0; }), of(select.getA())});
    if (isMask(select.getA()))
      return least(
          {ofConstant(select.getCond(), [](double value) { return value != 0; }), of(select.getB())});
    return std::nullopt;
  }

private:
  bool isLow(double value) const { return value == -INFINITY || (isOnlyMask && value <= -1e9); }

  static std::optional<int64_t> least(std::initializer_list<std::optional<int64_t>> candidates) {
    std::optional<int64_t> best;
    for (std::optional<int64_t> candidate : candidates)
      if (candidate && (!best || *candidate < *best))
        best = candidate;
    return best;
  }

  std::optional<int64_t> ofConstant(Value mask, llvm::function_ref<bool(double)> isMasked) {
    ElementsAttr constant = constantValue(mask);
    auto type = dyn_cast<RankedTensorType>(mask.getType());
    if (!constant || !type || !type.hasStaticShape() || type.getRank() < 2 || scores.getRank() < 2)
      return std::nullopt;
    int64_t rows = type.getShape()[type.getRank() - 2], keys = type.getShape().back();
    ArrayRef<int64_t> extents = scores.getShape().take_back(2);
    if (extents[0] != rows || extents[1] != keys || keys < 2)
      return std::nullopt;
    auto elements = numberElements(constant);
    if (!elements || elements->empty())
      return std::nullopt;
    int64_t diagonal = 0;
    for (size_t at = 0; at < elements->size(); at += keys) {
      int64_t row = at / keys % rows, last = keys - 1;
      while (last >= 0 && isMasked((*elements)[at + last]))
        --last;
      if (last < 0)
        return std::nullopt;
      diagonal = std::max(diagonal, last - row);
    }
    return diagonal < keys - 1 ? std::optional(diagonal) : std::nullopt;
  }

  RankedTensorType scores;
  bool isOnlyMask;
};

} // namespace

std::optional<int64_t> causalDiagonal(Value scores, bool isOnlyMask) {
  auto type = dyn_cast<RankedTensorType>(scores.getType());
  return type ? CausalMask(type, isOnlyMask).of(scores) : std::nullopt;
}

} // namespace nnc
