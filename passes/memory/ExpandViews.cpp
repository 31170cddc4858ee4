#include "passes/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_EXPANDVIEWS
#include "passes/Passes.h.inc"

namespace {

struct ExpandViews : impl::ExpandViewsBase<ExpandViews> {
  void runOnOperation() override {
    // MLIR's own pass tries its patterns on every op; views are one in hundreds.
    SmallVector<Operation *> views;
    getOperation().walk([&](Operation *op) {
      if (isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(op))
        views.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    memref::populateExpandStridedMetadataPatterns(patterns);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(views, std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
} // namespace nnc
