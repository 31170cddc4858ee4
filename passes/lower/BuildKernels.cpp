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
    llvm::StringMap<nn::GroupOp> byText;
    unsigned next = 0;
    for (nn::GroupOp group : groups) {
      // Groups that are equal but for the values they are applied to have one kernel.
      auto [entry, isNew] = byText.try_emplace(signatureOf(group), group);
      if (!isNew) {
        nn::GroupOp twin = entry->second;
        group.setKernelAttr(twin.getKernelAttr());
        group.setItemsAttr(twin.getItemsAttr());
        group.setGrainAttr(twin.getGrainAttr());
        ++numShared;
        continue;
      }
      if (failed(buildKernel(module, group, ("k" + Twine(next++)).str())))
        return signalPassFailure();
      ++numKernels;
    }
  }

private:
  /// The group's text without its operands' names and locations.
  static std::string signatureOf(nn::GroupOp group) {
    std::string text;
    llvm::raw_string_ostream os(text);
    group.getBody().front().print(os);
    for (Value input : group.getInputs())
      os << input.getType() << ';';
    os << group->getAttrDictionary();
    return text;
  }

  LogicalResult buildKernel(ModuleOp module, nn::GroupOp group, std::string name) {
    OpBuilder b(module.getContext());
    b.setInsertionPointToEnd(module.getBody());
    Operation *root = groupRoot(group);
    const KernelLowering *lowering = root ? LoweringRegistry::get().find(root) : nullptr;
    if (root && !lowering)
      return root->emitOpError("unsupported: no kernel computes it yet");

    SmallVector<Type> types = {LLVM::LLVMPointerType::get(b.getContext())};
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
    AffineMap items = root ? lowering->items(group, root) : elementwiseItems(group);
    KernelBuilder k(b, group, function, items, KernelTarget{vectorBits});
    if (failed(root ? lowering->emit(k, root) : emitElementwise(k)))
      return failure();
    b.setInsertionPointToEnd(&function.front());
    func::ReturnOp::create(b, group.getLoc());
    group.setKernelAttr(FlatSymbolRefAttr::get(b.getContext(), name));
    group.setItemsAttr(AffineMapAttr::get(items));
    group.setGrainAttr(b.getI64IntegerAttr(k.grain));
    return success();
  }
};

} // namespace
} // namespace nnc
