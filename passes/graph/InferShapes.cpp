#include "dialects/nn/ShapeAnalysis.h"
#include "passes/Passes.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_INFERSHAPES
#include "passes/Passes.h.inc"

namespace {

/// The constant with these numbers, of an integer or float type that holds them exactly.
ElementsAttr constantOf(RankedTensorType type, ArrayRef<int64_t> numbers) {
  Type element = type.getElementType();
  SmallVector<Attribute> values;
  for (int64_t n : numbers) {
    if (auto floatType = dyn_cast<FloatType>(element))
      values.push_back(FloatAttr::get(floatType, static_cast<double>(n)));
    else
      values.push_back(IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), n, true, true)));
  }
  return DenseElementsAttr::get(type, values);
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
    if (isa<nn::ConstantOp, nn::IfOp, nn::LoopOp, nn::ScanOp, nn::GroupOp>(op))
      return;
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || result.use_empty() || !isa<IntegerType, FloatType>(type.getElementType()))
        continue;
      auto numbers = shapes.constantContents(result);
      if (!numbers || static_cast<int64_t>(numbers->size()) != type.getNumElements())
        continue;
      OpBuilder b(op);
      b.setInsertionPointAfter(op);
      auto constant = nn::ConstantOp::create(b, op->getLoc(), type, constantOf(type, *numbers));
      result.replaceAllUsesWith(constant);
      ++numResolved;
    }
  }
};

} // namespace
} // namespace nnc
