#include "compiler/ConstantEvaluator.h"

#include "compiler/EmitObject.h"
#include "compiler/Link.h"
#include "compiler/Pipelines.h"
#include "compiler/RuntimeObject.h"
#include "compiler/Target.h"
#include "compiler/Weights.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/ConstantEvaluator.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "runtime/include/nnc/nnc.h"
#include "llvm/Support/FileSystem.h"

#include <dlfcn.h>

using namespace mlir;

namespace nnc {

namespace {

constexpr llvm::StringLiteral kModelName = "constants";

/// A file that goes away with its scope.
struct TemporaryFile {
  explicit TemporaryFile(StringRef suffix) { failed = bool(llvm::sys::fs::createTemporaryFile("nnc", suffix, path)); }
  ~TemporaryFile() {
    if (!failed)
      (void)llvm::sys::fs::remove(path);
  }
  SmallString<128> path;
  bool failed;
};

/// One level for all machines of an architecture: the oldest that nnc makes code for.
llvm::Expected<Target> evaluationTarget() {
  auto target = Target::parse("", "");
  if (target)
    target->levels.resize(1);
  return target;
}

class CompilingEvaluator : public ConstantEvaluator {
public:
  using ConstantEvaluator::ConstantEvaluator;

  bool supports(Operation *op) const override {
    return isElementwiseOp(op) || isView(op) || isa<nn::ShapeOfOp>(op) || LoweringRegistry::get().find(op);
  }

  FailureOr<SmallVector<ElementsAttr>> evaluate(ModuleOp module) const override {
    // Whatever goes wrong here says nothing about the model: it is compiled with the ops in place.
    ScopedDiagnosticHandler silence(module.getContext(), [](Diagnostic &) { return success(); });
    auto main = module.lookupSymbol<func::FuncOp>("main");
    SmallVector<RankedTensorType> types;
    for (Type type : main.getResultTypes())
      types.push_back(cast<RankedTensorType>(type));
    TemporaryFile library("so");
    if (library.failed)
      return failure();
    if (llvm::Error error = build(module, types, library.path)) {
      llvm::consumeError(std::move(error));
      return failure();
    }
    return run(library.path, types);
  }

private:
  static llvm::Error build(ModuleOp module, ArrayRef<RankedTensorType> types, StringRef output) {
    auto target = evaluationTarget();
    if (!target)
      return target.takeError();
    auto runPasses = [&](llvm::function_ref<void(OpPassManager &)> build) {
      PassManager pm(module.getContext());
      pm.enableVerifier(false);
      build(pm);
      return succeeded(pm.run(module)) ? llvm::Error::success() : llvm::createStringError("a pass failed");
    };
    LoopsOptions loops;
    loops.vectorBits = target->levels[0].vectorBits;
    loops.fuses = target->levels[0].fuses;
    if (auto error = runPasses([&](OpPassManager &pm) {
          pm.addPass(createFormGroups());
          buildLoopsPipeline(pm, loops);
          buildMemoryPipeline(pm);
        }))
      return error;
    auto weights = collectWeights(module);
    if (!weights)
      return weights.takeError();

    ModelInfo info;
    info.name = kModelName.str();
    for (RankedTensorType type : types) {
      ValueInfo &output = info.outputs.emplace_back();
      output.name = "y" + std::to_string(info.outputs.size());
      output.elementType = type.getElementType();
      output.dims.assign(type.getShape().begin(), type.getShape().end());
    }
    if (auto bytes = module->getAttrOfType<IntegerAttr>("nn.arena_bytes"))
      info.scratchBytes = bytes.getInt();
    if (auto bytes = module->getAttrOfType<IntegerAttr>("nn.workspace_bytes"))
      info.workspaceBytes = bytes.getInt();
    info.weightBytes = weights->bytes;
    module->removeAttr("nn.weights");
    if (auto error = runPasses([&](OpPassManager &pm) { buildLlvmPipeline(pm, loops); }))
      return error;

    EmitOptions emit;
    emit.optLevel = 1;
    emit.modelName = info.name;
    auto objects = emitObject(module, *target, target->levels[0], emit);
    if (!objects)
      return objects.takeError();
    auto runtime = runtimeObjects(info, *target);
    if (!runtime)
      return runtime.takeError();
    llvm::move(*runtime, std::back_inserter(*objects));

    LinkInputs inputs;
    inputs.objects = *objects;
    inputs.modelName = info.name;
    inputs.weightsBytes = weights->bytes;
    inputs.weights = weights->chunks;
    return linkShared(inputs, *target, output);
  }

  static FailureOr<SmallVector<ElementsAttr>> run(StringRef path, ArrayRef<RankedTensorType> types) {
    std::unique_ptr<void, int (*)(void *)> handle(dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL), dlclose);
    auto *model = handle ? static_cast<const nnc_model *>(dlsym(handle.get(), (kModelName + "_model").str().c_str())) : nullptr;
    nnc_context *created = nullptr;
    if (!model || nnc_create(model, nullptr, &created) != NNC_OK)
      return failure();
    std::unique_ptr<nnc_context, void (*)(nnc_context *)> context(created, nnc_destroy);
    std::vector<DLTensor> outputs(types.size());
    if (nnc_run(context.get(), nullptr, outputs.data()) != NNC_OK)
      return failure();
    SmallVector<ElementsAttr> values;
    for (auto [type, output] : llvm::zip(types, outputs)) {
      const char *data = static_cast<const char *>(output.data) + output.byte_offset;
      size_t bytes = type.getNumElements() * elementBytes(type.getElementType());
      values.push_back(constantFromBytes(type, ArrayRef<char>(data, bytes)));
    }
    return values;
  }
};

} // namespace

void registerConstantEvaluator(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, nn::NNDialect *dialect) { dialect->addInterfaces<CompilingEvaluator>(); });
}

} // namespace nnc
