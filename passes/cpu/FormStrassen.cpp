// Strassen's algorithm where it pays.
#include "passes/Passes.h"
#include "passes/cpu/StrassenPlan.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMSTRASSEN
#include "passes/Passes.h.inc"

namespace {

struct FormStrassen : impl::FormStrassenBase<FormStrassen> {
  void runOnOperation() override {
    getOperation().walk([](nn::PackedMatMulOp op) {
      auto a = dyn_cast<RankedTensorType>(op.getA().getType()),
           panels = dyn_cast<RankedTensorType>(op.getPanels().getType());
      if (!a || !panels || !a.hasStaticShape() || !panels.hasStaticShape() || panels.getRank() != 3 ||
          !a.getElementType().isF32() || panels.getShape().back() != nn::PackedMatMulOp::kPanelColumns)
        return;
      Type stored = panels.getElementType();
      int64_t depth = panels.getDimSize(1);
      if (depth == 0 || (!stored.isF32() && !stored.isF16() && !stored.isBF16()))
        return;
      if (paysStrassen({a.getNumElements() / depth, depth, int64_t(op.getColumns()), !stored.isF32()}))
        op.setStrassen(true);
    });
  }
};

} // namespace
} // namespace nnc
