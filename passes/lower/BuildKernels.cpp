#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Elementwise.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_BUILDKERNELS
#include "passes/Passes.h.inc"

namespace {

struct BuildKernels : impl::BuildKernelsBase<BuildKernels> {
  using BuildKernelsBase::BuildKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<nn::GroupOp> groups;
    module.walk([&](nn::GroupOp group) { groups.push_back(group); });
    llvm::StringMap<nn::GroupOp> bySignature;
    unsigned next = 0;
    for (nn::GroupOp group : groups) {
      // Groups that are equal but for the values they are applied to have one kernel.
      auto [entry, isNew] = bySignature.try_emplace(signatureOf(group), group);
      if (!isNew) {
        nn::GroupOp twin = entry->second;
        group.setKernelAttr(twin.getKernelAttr());
        group.setItemsAttr(twin.getItemsAttr());
        group.setGrainAttr(twin.getGrainAttr());
        for (StringRef name : {"nn.plan", "nn.swings"})
          if (Attribute attribute = twin->getAttr(name))
            group->setAttr(name, attribute);
        continue;
      }
      if (failed(buildKernel(module, group, ("k" + Twine(next++)).str())))
        return signalPassFailure();
    }
    module->setAttr("nn.workspace_bytes", Builder(&getContext()).getI64IntegerAttr(workspaceBytes));
  }

private:
  /// What two groups with equal kernels have in common, as bytes to compare: the types of the operands, and each op's
  /// name, attributes, result types and the numbers of the values it uses. Types and attributes are unique in their
  /// context, so their addresses stand for them.
  static std::string signatureOf(nn::GroupOp group) {
    std::string bytes;
    auto append = [&](const void *p) { bytes.append(reinterpret_cast<const char *>(&p), sizeof p); };
    llvm::DenseMap<Value, uintptr_t> numbers;
    auto define = [&](Value value) {
      append(value.getType().getAsOpaquePointer());
      numbers.try_emplace(value, numbers.size());
    };
    append(group->getAttrDictionary().getAsOpaquePointer());
    appendBlock(group.getBody().front(), append, define, numbers);
    return bytes;
  }

  /// The ops of a block, those of their regions included.
  static void appendBlock(Block &body, llvm::function_ref<void(const void *)> append,
                          llvm::function_ref<void(Value)> define, const llvm::DenseMap<Value, uintptr_t> &numbers) {
    for (Value argument : body.getArguments())
      define(argument);
    for (Operation &op : body) {
      append(op.getName().getAsOpaquePointer());
      append(op.getAttrDictionary().getAsOpaquePointer());
      for (Value operand : op.getOperands())
        append(reinterpret_cast<const void *>(numbers.lookup(operand)));
      for (Value result : op.getResults())
        define(result);
      for (Region &region : op.getRegions())
        for (Block &block : region)
          appendBlock(block, append, define, numbers);
      append(nullptr);
    }
  }

  LogicalResult buildKernel(ModuleOp module, nn::GroupOp group, std::string name) {
    OpBuilder b(module.getContext());
    b.setInsertionPointToEnd(module.getBody());
    Operation *root = groupRoot(group);
    const KernelLowering *lowering = root ? LoweringRegistry::get().find(root) : nullptr;
    if (root && !lowering)
      return root->emitOpError("unsupported: no kernel computes it yet");

    auto workspaceOf = [&](int64_t bytes) { return MemRefType::get({bytes}, b.getI8Type()); };
    SmallVector<Type> types = {LLVM::LLVMPointerType::get(b.getContext()), workspaceOf(0)};
    for (Value input : group.getInputs())
      types.push_back(memRefOf(cast<RankedTensorType>(input.getType())));
    unsigned dynamic = dataDependentExtents(group);
    for (Value result : group.getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      // Room for the largest result, whose shape is not known yet.
      types.push_back(dynamic ? MemRefType::get({ShapedType::kDynamic}, storageType(type.getElementType())) : memRefOf(type));
    }
    if (dynamic)
      types.push_back(MemRefType::get({dynamic}, b.getI64Type()));
    types.append({b.getIndexType(), b.getIndexType()});

    auto function = func::FuncOp::create(b, group.getLoc(), name, b.getFunctionType(types, {}));
    function.setPrivate();
    function->setAttr("nn.kernel", b.getUnitAttr());
    function.addEntryBlock();
    KernelTarget target{vectorBits, byteSums, brainPairs, twoMultipliers, matrixUnit};
    AffineMap items = root ? lowering->itemsFor(group, root, target) : elementwiseItems(group);
    KernelBuilder k(b, group, function, items, target);
    if (failed(root ? lowering->emit(k, root) : emitElementwise(k)))
      return failure();
    workspaceBytes = std::max(workspaceBytes, k.workspaceBytes);
    if (borrows && !(root && LoweringRegistry::differsOnIntel(root)))
      leaveEmpty(function);
    function.front().getArgument(1).setType(workspaceOf(k.workspaceBytes));
    function.setType(b.getFunctionType(function.front().getArgumentTypes(), {}));
    b.setInsertionPointToEnd(&function.front());
    func::ReturnOp::create(b, group.getLoc());
    group.setKernelAttr(FlatSymbolRefAttr::get(b.getContext(), name));
    group.setItemsAttr(AffineMapAttr::get(items));
    group.setGrainAttr(b.getI64IntegerAttr(k.grain));
    if (k.swings)
      group->setAttr("nn.swings", b.getUnitAttr());
    if (!k.notes.empty())
      group->setAttr("nn.plan", b.getStringAttr(k.notes));
    return success();
  }

  /// Takes back what was written: a level that has the same kernel lends it. Loops that became functions of their own
  /// come after the kernel.
  static void leaveEmpty(func::FuncOp kernel) {
    while (auto after = dyn_cast_or_null<func::FuncOp>(kernel->getNextNode()))
      after.erase();
    kernel.front().clear();
    kernel->setAttr("nn.borrowed", UnitAttr::get(kernel.getContext()));
  }

  /// The most that any kernel needs.
  int64_t workspaceBytes = 0;
};

} // namespace
} // namespace nnc
