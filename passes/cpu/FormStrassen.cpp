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
          !a.getElementType().isF32() || !panels.getElementType().isF32())
        return;
      int64_t depth = panels.getDimSize(1);
      if (depth && paysStrassen(a.getNumElements() / depth, depth, op.getColumns()))
        op.setStrassen(true);
    });
  }
};

} // namespace
} // namespace nnc
