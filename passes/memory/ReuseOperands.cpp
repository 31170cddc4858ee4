#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/memory/Lifetimes.h"
#include "passes/memory/MemoryPlan.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_REUSEOPERANDS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Marks groups whose result may overwrite an operand that nobody reads after them. Kernels are built with
/// that in mind, so it is decided before them.
struct ReuseOperands : impl::ReuseOperandsBase<ReuseOperands> {
  void runOnOperation() override {
    auto model = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!model)
      return;
    Lifetimes lifetimes(model);
    // A concatenation's operand has its place there for good.
    llvm::DenseSet<Value> placed;
    model.walk([&](nn::GroupOp group) {
      for (auto [i, isPlaced] : llvm::enumerate(placedOperands(group)))
        if (isPlaced)
          placed.insert(viewedValue(outerValue(group, cast<nn::ConcatOp>(groupRoot(group)).getInputs()[i])));
    });
    llvm::DenseSet<Value> elsewhere;
    for (auto &entry : findDirectOutputs(model))
      elsewhere.insert(entry.first);
    Builder b(&getContext());
    model.walk([&](nn::GroupOp group) {
      if (group.getNumResults() != 1 || elsewhere.contains(group.getResult(0)) || dataDependentExtents(group))
        return;
      for (unsigned i = 0; i < group.getNumOperands(); ++i)
        if (readsInPlace(group, i) && isFree(group, i, lifetimes, elsewhere, placed)) {
          group->setAttr("nn.in_place", b.getI64IntegerAttr(i));
          return;
        }
    });
  }

private:
  /// Whether the kernel reads each element of the operand only where and before it writes the result's.
  static bool readsInPlace(nn::GroupOp group, unsigned i) {
    RankedTensorType operand = typeOf(group.getInputs()[i]), result = typeOf(group.getResult(0));
    if (storageType(operand.getElementType()) != storageType(result.getElementType()))
      return false;
    auto same = group->getAttrOfType<DenseBoolArrayAttr>("same_shape");
    bool isStatic = operand.hasStaticShape() && operand.getShape() == result.getShape();
    if (!isStatic && !(same && same[i] && !operand.hasStaticShape() && operand.getRank() == result.getRank()))
      return false;
    Operation *root = groupRoot(group);
    BlockArgument argument = group.getBody().front().getArgument(i);
    if (!root)
      return !inletOf(argument);
    // The root's own operands are read all over.
    const KernelLowering *lowering = LoweringRegistry::get().find(root);
    return lowering && lowering->epilogueInPlace && !llvm::is_contained(argument.getUsers(), root);
  }

  /// Whether the operand's bytes are a group's own and nobody reads them later, or here by another name.
  static bool isFree(nn::GroupOp group, unsigned i, const Lifetimes &lifetimes,
                     const llvm::DenseSet<Value> &elsewhere, const llvm::DenseSet<Value> &placed) {
    Value base = viewedValue(group.getInputs()[i]);
    auto producer = base.getDefiningOp<nn::GroupOp>();
    if (!producer || producer->getBlock() != group->getBlock() || elsewhere.contains(base) ||
        placed.contains(base) || dataDependentExtents(producer))
      return false;
    // Its pieces may be read later by their own names.
    if (!placedOperands(producer).empty())
      return false;
    if (typeOf(base).hasStaticShape() != typeOf(group.getResult(0)).hasStaticShape())
      return false;
    for (auto [j, other] : llvm::enumerate(group.getInputs()))
      if (j != i && viewedValue(other) == base)
        return false;
    bool escapes = false;
    return lifetimes.lastRead(base, group->getBlock(), escapes) == lifetimes.position(group) && !escapes;
  }
};

} // namespace
} // namespace nnc
