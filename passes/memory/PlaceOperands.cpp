#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/memory/Lifetimes.h"
#include "passes/memory/MemoryPlan.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_PLACEOPERANDS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Marks the operands of concatenations whose producers write them where the concatenation wants them.
/// Kernels are built with that in mind, so it is decided before them.
struct PlaceOperands : impl::PlaceOperandsBase<PlaceOperands> {
  void runOnOperation() override {
    auto model = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!model)
      return;
    llvm::DenseSet<Value> elsewhere, placed;
    for (auto &entry : findDirectOutputs(model))
      elsewhere.insert(entry.first);
    model.walk([&](nn::GroupOp group) {
      auto concat = dyn_cast_or_null<nn::ConcatOp>(groupRoot(group));
      if (!concat || !hasPieces(concat) || elsewhere.contains(group.getResult(0)))
        return;
      SmallVector<bool> marks;
      int64_t offset = 0;
      for (Value input : concat.getInputs()) {
        Value base = viewedValue(outerValue(group, input));
        bool fits = offset % kPlaceAlignment == 0 && isOwn(base, group) && !elsewhere.contains(base);
        marks.push_back(fits && placed.insert(base).second);
        offset += tensorBytes(typeOf(input));
      }
      if (llvm::is_contained(marks, true))
        group->setAttr("nn.placed", Builder(&getContext()).getDenseBoolArrayAttr(marks));
    });
  }

private:
  /// Whether every operand is one piece of the result, of known size.
  static bool hasPieces(nn::ConcatOp concat) {
    RankedTensorType y = typeOf(concat.getY());
    return y.hasStaticShape() && y.getNumElements() > 0 &&
           llvm::all_of(y.getShape().take_front(concat.getAxis()),
                        [](int64_t extent) { return extent == 1; }) &&
           llvm::all_of(concat.getInputs(), [](Value input) { return typeOf(input).hasStaticShape(); });
  }

  /// Whether a group beside this one writes the value.
  static bool isOwn(Value base, nn::GroupOp group) {
    auto producer = base.getDefiningOp<nn::GroupOp>();
    return producer && producer->getBlock() == group->getBlock() && !dataDependentExtents(producer);
  }
};

} // namespace
} // namespace nnc
