// One sequence reads all of a layer's R in every step, a load for each multiply-add, and waits for the second-level
// cache. The products with the input of later steps read little in comparison: beside those they come cheap.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/TilePlan.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FUSEPROJECTIONS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

bool isF32(Value v) { return typeOf(v).getElementType().isF32(); }

/// What gives a layer its projection.
struct Projection {
  nn::PackedMatMulOp product;
  /// The addition of the bias, or null.
  nn::BinaryOp addition;
  Value bias() { return addition ? addition.getB() : Value(); }
};

/// The projection of a layer that nothing else uses, if its kernel can form it.
std::optional<Projection> projectionOf(nn::PackedRecurrentOp op) {
  Value value = op.getInput();
  Projection found;
  if (op.getInputPanels() || op.getLengths() || typeOf(value).getDimSize(1) != 1 || !value.hasOneUse())
    return std::nullopt;
  found.addition = value.getDefiningOp<nn::BinaryOp>();
  if (found.addition) {
    Value bias = found.addition.getB();
    if (found.addition.getKind() != nn::BinaryKind::add || typeOf(bias).getRank() != 1 || !isF32(bias) ||
        typeOf(bias).getDimSize(0) != typeOf(value).getDimSize(2))
      return std::nullopt;
    value = found.addition.getA();
  }
  found.product = value.getDefiningOp<nn::PackedMatMulOp>();
  if (!found.product || !value.hasOneUse() || found.product.getStrassen())
    return std::nullopt;
  RankedTensorType x = typeOf(found.product.getA()), panels = typeOf(found.product.getPanels());
  if (x.getRank() != 3 || x.getDimSize(1) != 1 || panels.getRank() != 3 || !panels.hasStaticShape() ||
      !isF32(found.product.getA()) || !isF32(found.product.getPanels()) || !isF32(op.getPanels()))
    return std::nullopt;
  return found;
}

struct FuseProjections : impl::FuseProjectionsBase<FuseProjections> {
  void runOnOperation() override {
    getOperation().walk([](nn::PackedRecurrentOp op) {
      int64_t gates = typeOf(op.getPanels()).getDimSize(3) / nn::PackedRecurrentOp::kBlockUnits;
      auto projection = projectionOf(op);
      if (!projection)
        return;
      Value panels = projection->product.getPanels();
      RankedTensorType input = typeOf(op.getInput());
      auto steps = input.isDynamicDim(0) ? std::nullopt : std::optional(input.getDimSize(0));
      if (!paysProjecting(gates, op.getHiddenSize(), typeOf(panels).getDimSize(1), steps))
        return;
      op.getInputPanelsMutable().assign(panels);
      if (Value bias = projection->bias())
        op.getInputBiasMutable().assign(bias);
      op.getInputMutable().assign(projection->product.getA());
      if (projection->addition)
        projection->addition->erase();
      projection->product->erase();
    });
  }
};

} // namespace
} // namespace nnc
