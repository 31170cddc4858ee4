#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/memory/HostBuilder.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t kWeightAlignment = 64;

/// Host code with more ops than this is compiled without optimization: LLVM's passes take longer than linear time on a
/// block of that length, and next to its kernels the host code's own time is nothing.
constexpr int64_t kLargeHostCode = 20000;

/// Gives every constant that is read at run time a place in the weights section, equal attributes the same one. What
/// lies where is left on the module as `nn.weights` and `nn.weight_offsets`, for the writer of the section.
WeightOffsets placeWeights(func::FuncOp model, int64_t &size) {
  WeightOffsets offsets;
  SmallVector<Attribute> values;
  SmallVector<int64_t> places;
  llvm::DenseMap<Attribute, int64_t> byValue;
  model.walk([&](nn::ConstantOp constant) {
    if (constant->getParentOfType<nn::GroupOp>())
      return;
    auto [entry, isNew] = byValue.try_emplace(constant.getValue(), size);
    if (isNew) {
      auto type = cast<RankedTensorType>(constant.getType());
      values.push_back(constant.getValue());
      places.push_back(size);
      size += llvm::alignTo(std::max<int64_t>(tensorBytes(type), 1), kWeightAlignment);
    }
    offsets[constant] = entry->second;
  });
  auto module = model->getParentOfType<ModuleOp>();
  Builder b(model.getContext());
  module->setAttr("nn.weights", b.getArrayAttr(values));
  module->setAttr("nn.weight_offsets", b.getDenseI64ArrayAttr(places));
  return offsets;
}

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto model = module.lookupSymbol<func::FuncOp>("main");
    if (!model) {
      module.emitError("there is no @main");
      return signalPassFailure();
    }
    int64_t weightBytes = 0;
    WeightOffsets weights = placeWeights(model, weightBytes);
    auto direct = findDirectOutputs(model);
    llvm::DenseSet<Value> elsewhere;
    for (auto &entry : direct)
      elsewhere.insert(entry.first);
    MemoryPlan plan = planMemory(model, elsewhere);

    OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto entry = func::FuncOp::create(b, model.getLoc(), entryName, b.getFunctionType({pointer}, {b.getI32Type()}));
    GroupTable groups(model);
    HostBuilder host(module, entry, plan, weights, groups);
    if (ArrayAttr table = groups.attribute())
      module->setAttr("nn.groups", table);
    host.directOutputs = direct;
    if (failed(host.build(model)))
      return signalPassFailure();
    model.erase();
    int64_t size = 0;
    entry.walk([&](Operation *) { ++size; });
    if (size > kLargeHostCode)
      entry->setAttr("passthrough", b.getStrArrayAttr({"noinline", "optnone"}));
    module->setAttr("nn.arena_bytes", b.getI64IntegerAttr(plan.arenaBytes));
    module->setAttr("nn.arena_live_bytes", b.getI64IntegerAttr(plan.mostLiveBytes));
    module->setAttr("nn.arena_plan", planTable(plan, b));
    module->setAttr("nn.weight_bytes", b.getI64IntegerAttr(weightBytes));
  }

private:
  /// For the report: offset, bytes, first and last group of every planned tensor.
  static DenseI64ArrayAttr planTable(const MemoryPlan &plan, Builder &b) {
    SmallVector<int64_t> table;
    // A moment stands for the last group that has begun by then.
    auto groupAt = [&](int64_t moment) {
      int64_t begun = llvm::upper_bound(plan.groupBegins, moment) - plan.groupBegins.begin();
      return std::max<int64_t>(begun - 1, 0);
    };
    for (const ArenaBlock &block : plan.blocks)
      table.append({block.offset, block.bytes, groupAt(block.begin), groupAt(block.end)});
    return b.getDenseI64ArrayAttr(table);
  }
};

} // namespace
} // namespace nnc
