#include "passes/graph/Simplify.h"

#include "dialects/nn/NNDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

bool refines(Type from, Type to) {
  auto a = dyn_cast<RankedTensorType>(from), b = dyn_cast<RankedTensorType>(to);
  if (!a || !b || a.getElementType() != b.getElementType() || a.getRank() != b.getRank())
    return false;
  for (auto [x, y] : llvm::zip(a.getShape(), b.getShape()))
    if (!ShapedType::isDynamic(y) && x != y)
      return false;
  return true;
}

bool provesSameShape(Type x, Type result) {
  auto type = dyn_cast<RankedTensorType>(x);
  if (!type || x != result || type.getNumDynamicDims() > 1)
    return false;
  return type.getNumDynamicDims() == 0 || !llvm::is_contained(type.getShape(), 0);
}

namespace {

/// The operand that an op returns unchanged if the result has its shape.
Value identityOperand(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<nn::ReshapeOp, nn::BroadcastToOp, nn::TileOp>([](auto op) { return op.getX(); })
      .Case([](nn::SliceOp slice) {
        bool unit = llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; });
        return unit ? slice.getX() : Value();
      })
      .Default(Value());
}

struct Simplify : impl::SimplifyBase<Simplify> {
  using SimplifyBase::SimplifyBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateSimplifyContraction(set);
    populateSimplifyElementwise(set);
    populateSimplifyIndices(set);
    populateSimplifyMovement(set);
    populateSimplifyShapes(set);
    populateSimplifyViews(set);
    populateSimplifyControl(set);
    patterns = FrozenRewritePatternSet(std::move(set));
    return success();
  }

  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      if (function.isExternal())
        return;
      if (failed(useShapes(function)) || failed(applyPatternsGreedily(function, patterns)))
        return signalPassFailure();
      // A result may have been replaced by a value whose type says more.
      auto terminator = function.getBody().front().getTerminator();
      function.setType(FunctionType::get(&getContext(), function.getArgumentTypes(), terminator->getOperandTypes()));
    });
  }

private:
  /// What symbolic extents prove. No op is created or erased meanwhile, so that the analysis stays valid.
  LogicalResult useShapes(func::FuncOp function) {
    nn::ShapeAnalysis shapes(&getContext());
    nn::declareSymbols(shapes, function);
    if (failed(shapes.inferAll(function.getBody())))
      return failure();
    function.walk([&](Operation *op) {
      if (Value x = identityOperand(op)) {
        Value result = op->getResult(0);
        if (!result.use_empty() && refines(x.getType(), result.getType()) && shapes.sameShape(x, result))
          result.replaceAllUsesWith(x);
      }
      if (isElementwiseOp(op) && !isa<nn::QuantizeOp, nn::DequantizeOp>(op))
        skipBroadcasts(op, shapes);
    });
    return success();
  }

  /// An operand that is expanded to what another operand has anyway need not be.
  void skipBroadcasts(Operation *op, nn::ShapeAnalysis &shapes) {
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<nn::BroadcastToOp>();
      bool another = llvm::any_of(op->getOpOperands(), [&](OpOperand &other) {
        return other.getOperandNumber() != operand.getOperandNumber() && shapes.sameShape(other.get(), op->getResult(0));
      });
      if (broadcast && another && shapes.sameShape(broadcast, op->getResult(0)))
        operand.set(broadcast.getX());
    }
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace nnc
