#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

const LoweringRegistry &LoweringRegistry::get() {
  static const LoweringRegistry registry = [] {
    LoweringRegistry r;
    registerBlockedConvLowerings(r);
    registerBlockedBottleneckLowerings(r);
    registerBlockedMovementLowerings(r);
    registerBlockedWindowLowerings(r);
    registerAttentionLowerings(r);
    registerConvLowerings(r);
    registerConvTransposeLowerings(r);
    registerMatMulLowerings(r);
    registerPackedConvLowerings(r);
    registerPackPanelsLowerings(r);
    registerPackedMatMulLowerings(r);
    registerPackedByteMatMulLowerings(r);
    registerPackedRecurrentLowerings(r);
    registerPoolLowerings(r);
    registerQuantizeLowerings(r);
    registerGridSampleLowerings(r);
    registerResizeLowerings(r);
    registerRoiAlignLowerings(r);
    registerNormalizeLowerings(r);
    registerReductionLowerings(r);
    registerSoftmaxLowerings(r);
    registerTopKLowerings(r);
    registerLrnLowerings(r);
    registerEinsumLowerings(r);
    registerCumulativeLowerings(r);
    registerDataDependentLowerings(r);
    registerGatherLowerings(r);
    registerGenerateLowerings(r);
    registerMovementLowerings(r);
    registerNonMaxSuppressionLowerings(r);
    registerPaddingLowerings(r);
    registerScatterLowerings(r);
    registerRandomLowerings(r);
    registerRecurrentLowerings(r);
    registerSpectralLowerings(r);
    registerWinogradLowerings(r);
    return r;
  }();
  return registry;
}

const KernelLowering *LoweringRegistry::find(Operation *root) const {
  auto found = lowerings.find(root->getName().getStringRef());
  return found == lowerings.end() ? nullptr : &found->second;
}

bool LoweringRegistry::differsOnIntel(Operation *root) {
  const KernelLowering *lowering = get().find(root);
  return lowering && lowering->differsOnIntel && lowering->differsOnIntel(root);
}

namespace {
AffineMap mapOf(nn::GroupOp group, llvm::function_ref<bool(int64_t)> keep) {
  int64_t rank = cast<RankedTensorType>(group.getResult(0).getType()).getRank();
  SmallVector<AffineExpr> results;
  for (int64_t i = 0; i < rank; ++i)
    if (keep(i))
      results.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, results, group.getContext());
}
} // namespace

AffineMap itemPerElement(nn::GroupOp group, Operation *) {
  return mapOf(group, [](int64_t) { return true; });
}
AffineMap singleItem(nn::GroupOp group, Operation *) {
  return mapOf(group, [](int64_t) { return false; });
}
AffineMap itemPerLeadingDims(nn::GroupOp group, int64_t count) {
  return mapOf(group, [=](int64_t i) { return i < count; });
}
AffineMap itemPerRow(nn::GroupOp group, int64_t axis) {
  return mapOf(group, [=](int64_t i) { return i != axis; });
}

} // namespace nnc
