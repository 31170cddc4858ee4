// Strassen's algorithm where it pays.
#include "passes/Passes.h"
#include "passes/cpu/StrassenPlan.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMSTRASSEN
#include "passes/Passes.h.inc"

namespace {

bool pays(nn::PackedMatMulOp op) { return paysStrassen(strassenSizeOf(op)); }

/// Of few pixels the weights come from memory all the time, which leaves nothing to be hidden behind it. (Measured on
/// Intel: 49 pixels by 2048 filters of 512 channels 0.79 ms, summed directly 0.65.)
bool pays(nn::BlockedConvOp op) {
  constexpr int64_t leastPixels = 128;
  StrassenSize size = strassenSizeOf(op);
  return size.rows >= leastPixels && paysStrassen(size);
}

struct FormStrassen : impl::FormStrassenBase<FormStrassen> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<nn::PackedMatMulOp, nn::BlockedConvOp>([](auto op) {
        if (op.fitsStrassen() && pays(op))
          op.setStrassen(true);
      });
    });
  }
};

} // namespace
} // namespace nnc
