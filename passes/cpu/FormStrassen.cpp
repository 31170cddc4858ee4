// Strassen's algorithm where it pays.
#include "passes/Passes.h"
#include "passes/cpu/StrassenPlan.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMSTRASSEN
#include "passes/Passes.h.inc"

namespace {

struct FormStrassen : impl::FormStrassenBase<FormStrassen> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<nn::PackedMatMulOp, nn::BlockedConvOp>([](auto op) {
        if (op.fitsStrassen() && paysStrassen(strassenSizeOf(op)))
          op.setStrassen(true);
      });
    });
  }
};

} // namespace
} // namespace nnc
