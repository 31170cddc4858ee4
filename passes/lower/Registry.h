//===- Registry.h - which code lowers which op --------------------------------===//
#ifndef NNC_PASSES_LOWER_REGISTRY_H
#define NNC_PASSES_LOWER_REGISTRY_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// How a group with a root of one op is lowered.
struct KernelLowering {
  /// The parallel iteration space: its extents as functions of the extents of the group's result 0. A map without
  /// results is one item: a kernel that runs on one thread.
  mlir::AffineMap (*items)(nn::GroupOp group, mlir::Operation *root);
  /// Writes the kernel's body. Failure comes with a diagnostic at the root ("unsupported ...").
  llvm::LogicalResult (*emit)(KernelBuilder &k, mlir::Operation *root);
  /// In place of `items` for kernels whose blocks depend on the machine.
  mlir::AffineMap (*targetItems)(nn::GroupOp group, mlir::Operation *root, KernelTarget target) = nullptr;
  /// Whether each element of an operand of the epilogue is read by the item that writes the same element of the result,
  /// once and before anything is written there: the result may then take over the operand's memory.
  bool epilogueInPlace = false;
  /// Whether the code for the root is another one where KernelTarget::twoMultipliers and ::matrixUnit are set.
  bool (*differsOnIntel)(mlir::Operation *root) = nullptr;

  mlir::AffineMap itemsFor(nn::GroupOp group, mlir::Operation *root, KernelTarget target) const {
    return targetItems ? targetItems(group, root, target) : items(group, root);
  }
};

/// Lowerings by op name, filled once.
class LoweringRegistry {
public:
  static const LoweringRegistry &get();
  /// The root's lowering, or nullptr for ops that no kernel computes (views, constants, control flow).
  const KernelLowering *find(mlir::Operation *root) const;
  /// KernelLowering::differsOnIntel of the root's lowering, if it has one.
  static bool differsOnIntel(mlir::Operation *root);

  template <typename OpTy>
  void add(KernelLowering lowering) {
    lowerings[OpTy::getOperationName()] = lowering;
  }

private:
  llvm::StringMap<KernelLowering> lowerings;
};

// Iteration spaces that many lowerings share.
/// One item per element of result 0.
mlir::AffineMap itemPerElement(nn::GroupOp group, mlir::Operation *root);
/// One item in all.
mlir::AffineMap singleItem(nn::GroupOp group, mlir::Operation *root);
/// One item per point of the first `count` dims of result 0.
mlir::AffineMap itemPerLeadingDims(nn::GroupOp group, int64_t count);
/// One item per point of all dims of result 0 but `axis`.
mlir::AffineMap itemPerRow(nn::GroupOp group, int64_t axis);

// One function per family file in this folder.
void registerBlockedConvLowerings(LoweringRegistry &registry);
void registerBlockedBottleneckLowerings(LoweringRegistry &registry);
void registerBlockedMovementLowerings(LoweringRegistry &registry);
void registerBlockedWindowLowerings(LoweringRegistry &registry);
void registerAttentionLowerings(LoweringRegistry &registry);
void registerConvLowerings(LoweringRegistry &registry);
void registerConvTransposeLowerings(LoweringRegistry &registry);
void registerMatMulLowerings(LoweringRegistry &registry);
void registerPackedConvLowerings(LoweringRegistry &registry);
void registerPackPanelsLowerings(LoweringRegistry &registry);
void registerPackedMatMulLowerings(LoweringRegistry &registry);
void registerPackedByteMatMulLowerings(LoweringRegistry &registry);
void registerPackedRecurrentLowerings(LoweringRegistry &registry);
void registerPoolLowerings(LoweringRegistry &registry);
void registerQuantizeLowerings(LoweringRegistry &registry);
void registerGridSampleLowerings(LoweringRegistry &registry);
void registerResizeLowerings(LoweringRegistry &registry);
void registerRoiAlignLowerings(LoweringRegistry &registry);
void registerNormalizeLowerings(LoweringRegistry &registry);
void registerReductionLowerings(LoweringRegistry &registry);
void registerSoftmaxLowerings(LoweringRegistry &registry);
void registerTopKLowerings(LoweringRegistry &registry);
void registerLrnLowerings(LoweringRegistry &registry);
void registerEinsumLowerings(LoweringRegistry &registry);
void registerCumulativeLowerings(LoweringRegistry &registry);
void registerDataDependentLowerings(LoweringRegistry &registry);
void registerGatherLowerings(LoweringRegistry &registry);
void registerGenerateLowerings(LoweringRegistry &registry);
void registerMovementLowerings(LoweringRegistry &registry);
void registerNonMaxSuppressionLowerings(LoweringRegistry &registry);
void registerPaddingLowerings(LoweringRegistry &registry);
void registerScatterLowerings(LoweringRegistry &registry);
void registerRandomLowerings(LoweringRegistry &registry);
void registerRecurrentLowerings(LoweringRegistry &registry);
void registerSpectralLowerings(LoweringRegistry &registry);
void registerWinogradLowerings(LoweringRegistry &registry);

} // namespace nnc

#endif
