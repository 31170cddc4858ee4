#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_INFERSHAPES
#include "passes/Passes.h.inc"

namespace {

/// The constant with these numbers, of an integer type that holds them.
ElementsAttr constantOf(RankedTensorType type, ArrayRef<int64_t> numbers) {
  SmallVector<Attribute> values;
  for (int64_t n : numbers) {
    APInt bits(type.getElementTypeBitWidth(), n, /*isSigned=*/true, /*implicitTrunc=*/true);
    values.push_back(IntegerAttr::get(type.getElementType(), bits));
  }
  return DenseElementsAttr::get(type, values);
}

/// What the analysis knows of all elements, or null.
ElementsAttr knownElements(nn::ShapeAnalysis &shapes, Value value, RankedTensorType type) {
  if (isa<IntegerType>(type.getElementType())) {
    auto numbers = shapes.constantContents(value);
    return numbers ? constantOf(type, *numbers) : nullptr;
  }
  auto numbers = shapes.realContents(value);
  return numbers ? constantFromDoubles(type, *numbers) : nullptr;
}

struct InferShapes : impl::InferShapesBase<InferShapes> {
  using InferShapesBase::InferShapesBase;

  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      if (function.isExternal())
        return;
      nn::ShapeAnalysis shapes(&getContext());
      nn::declareSymbols(shapes, function);
      if (failed(shapes.inferAll(function.getBody())))
        return signalPassFailure();
      function.walk([&](Operation *op) { resolve(op, shapes); });
      auto terminator = function.getBody().front().getTerminator();
      function.setType(FunctionType::get(&getContext(), function.getArgumentTypes(), terminator->getOperandTypes()));
    });
  }

private:
  void resolve(Operation *op, nn::ShapeAnalysis &shapes) {
    if (isa<nn::ConstantOp, nn::IfOp, nn::LoopOp, nn::ScanOp, nn::GroupOp, nn::AttentionOp,
            nn::BlockedBottleneckOp>(op))
      return;
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || result.use_empty() || !(isa<IntegerType>(type.getElementType()) || type.getElementType().isF32() ||
                                           type.getElementType().isF64()))
        continue;
      ElementsAttr value = knownElements(shapes, result, type);
      if (!value)
        continue;
      OpBuilder b(op);
      b.setInsertionPointAfter(op);
      auto constant = nn::ConstantOp::create(b, op->getLoc(), type, value);
      result.replaceAllUsesWith(constant);
    }
  }
};

} // namespace
} // namespace nnc
