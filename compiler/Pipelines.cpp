#include "compiler/Pipelines.h"

#include "compiler/EmitObject.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;

namespace nnc {

void buildGraphPipeline(OpPassManager &pm, const GraphOptions &options) {
  // Types first; every simplification may tell shape inference more, and the other way round.
  pm.addPass(createInferShapes());
  pm.addPass(createCSEPass());
  pm.addPass(createSimplify());
  if (options.optLevel > 0) {
    pm.addPass(createFormProducts());
    // While weights are still bytes.
    pm.addPass(createFormByteProducts());
    pm.addPass(createFormByteWeights());
    pm.addPass(createFoldConstants());
  }
  pm.addPass(createInferShapes());
  pm.addPass(createSimplify());
  if (options.optLevel > 0) {
    pm.addPass(createWidenHalves());
    pm.addPass(createFoldScales());
  }
  pm.addPass(createCSEPass());
  pm.addPass(createInferShapes());
  pm.addPass(createCanonicalizerPass());
  if (options.optLevel > 0) {
    pm.addPass(createFormNormalizations());
    pm.addPass(createFormActivations());
    pm.addPass(createFormRotations());
    pm.addPass(createFormAttention());
    BlockChannelsOptions blocks;
    blocks.winograd = options.winograd;
    pm.addPass(createSplitConvTranspose());
    pm.addPass(createSliceVolumes());
    pm.addPass(createBlockChannels(blocks));
    pm.addPass(createBlockLastChannels());
    pm.addPass(createCSEPass());
    pm.addPass(createFuseBottlenecks());
    pm.addPass(createPackRecurrent());
    pm.addPass(createPackWeights());
    pm.addPass(createMergeProjections());
    pm.addPass(createFuseProjections());
    pm.addPass(createPackOperands());
    if (options.strassen)
      pm.addPass(createFormStrassen());
    pm.addPass(createFlattenNormalizations());
    pm.addPass(createSplitReductions());
    pm.addPass(createSinkViews());
    pm.addPass(createCSEPass());
  }
  FormGroupsOptions groups;
  groups.fuse = options.optLevel > 0;
  pm.addPass(createFormGroups(groups));
}

void buildLoopsPipeline(OpPassManager &pm, const LoopsOptions &options) {
  pm.addPass(createPlaceOperands());
  pm.addPass(createReuseOperands());
  BuildKernelsOptions kernels;
  kernels.vectorBits = options.vectorBits;
  kernels.byteSums = options.byteSums;
  kernels.brainPairs = options.brainPairs;
  kernels.twoMultipliers = options.twoMultipliers;
  kernels.matrixUnit = options.matrixUnit;
  kernels.borrows = options.borrows;
  pm.addPass(createBuildKernels(kernels));
}

void buildMemoryPipeline(OpPassManager &pm) {
  PlanMemoryOptions options;
  options.entryName = entrySymbol.str();
  pm.addPass(createPlanMemory(options));
}

void buildLlvmPipeline(OpPassManager &pm, const LoopsOptions &options) {
  // LLVM simplifies the control flow.
  GreedyRewriteConfig onlyOps;
  onlyOps.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  pm.addPass(createCanonicalizerPass(onlyOps));
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  // Vectors of 512 bits are those of AVX-512 here.
  ExpandMathOptions math;
  math.scales = options.vectorBits == 512;
  math.comparesNumbers = options.vectorBits >= 256;
  math.fuses = options.fuses;
  pm.addPass(createExpandMath(math));
  pm.addPass(createLowerKernelAbi());
  pm.addPass(createExpandViews());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass(onlyOps));
  pm.addPass(createCSEPass());
}

} // namespace nnc
