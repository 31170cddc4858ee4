#include "compiler/Compiler.h"

#include "compiler/Archive.h"
#include "compiler/Header.h"
#include "compiler/Link.h"
#include "compiler/OutputFile.h"
#include "compiler/Pipelines.h"
#include "compiler/Report.h"
#include "compiler/RuntimeObject.h"
#include "compiler/Weights.h"
#include "dialects/nn/NNDialect.h"
#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/Import.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "passes/lower/Registry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace nnc {

namespace {

/// What other instructions, or other plans, would make the model faster.
Products productsOf(ModuleOp module) {
  Products found;
  module.walk([&](Operation *op) {
    found.bytes |= isa<nn::PackedByteMatMulOp, nn::BlockedByteConvOp>(op);
    found.dense |= LoweringRegistry::differsOnIntel(op);
    if (auto product = dyn_cast<nn::PackedMatMulOp>(op))
      found.brains |= product.hasPairs();
  });
  return found;
}

LoopsOptions loopsOptions(const CpuLevel &level) {
  return {level.vectorBits, level.byteSums,         level.brainPairs, level.twoMultipliers,
          level.matrixUnit, !level.lender.empty(), level.fuses};
}

Error lineError(StringRef file, Error error) {
  std::string message = llvm::toString(std::move(error));
  return llvm::createStringError(file + ": error: " + StringRef(message).rtrim());
}

/// Runs a pipeline; what it reports becomes lines about the model's file.
Error runPipeline(ModuleOp module, StringRef file, StringRef stage, llvm::function_ref<void(OpPassManager &)> build,
                  bool verify) {
  onnx::DiagnosticCollector diagnostics(module.getContext(), file);
  PassManager pm(module.getContext());
  pm.enableVerifier(verify);
  build(pm);
  if (succeeded(pm.run(module)))
    return Error::success();
  if (diagnostics.hasErrors())
    return diagnostics.takeFirstError();
  return llvm::createStringError(file + ": error: the " + stage + " stage failed");
}

/// What the descriptor says of the model's function.
ModelInfo describe(ModuleOp module, StringRef name) {
  ModelInfo info;
  info.name = name.str();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto valueInfo = [](Type type, StringAttr valueName, ArrayAttr symbols) {
    ValueInfo v;
    auto tensor = cast<RankedTensorType>(type);
    v.name = valueName ? valueName.str() : "";
    v.elementType = tensor.getElementType();
    for (int64_t extent : tensor.getShape())
      v.dims.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
    if (symbols)
      for (auto [symbol, extent] : llvm::zip(symbols.getAsRange<StringAttr>(), v.dims))
        v.symbols.push_back(extent < 0 ? symbol.str() : "");
    return v;
  };
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    info.inputs.push_back(valueInfo(type, main.getArgAttrOfType<StringAttr>(i, "nn.name"),
                                    main.getArgAttrOfType<ArrayAttr>(i, "nn.dims")));
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    info.outputs.push_back(valueInfo(type, main.getResultAttrOfType<StringAttr>(i, "nn.name"),
                                     main.getResultAttrOfType<ArrayAttr>(i, "nn.dims")));
  return info;
}

uint64_t moduleInteger(ModuleOp module, StringRef attribute) {
  auto attr = module->getAttrOfType<IntegerAttr>(attribute);
  return attr ? attr.getInt() : 0;
}

Error writeText(StringRef output, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (output.empty() || output == "-") {
    print(llvm::outs());
    return Error::success();
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  auto file = OutputFile::create(output);
  if (!file)
    return file.takeError();
  if (Error error = file->write(text))
    return error;
  return file->commit(/*executable=*/false);
}

Error writeIr(ModuleOp module, StringRef output) {
  return writeText(output, [&](llvm::raw_ostream &os) {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(32).elideLargeResourceString(32);
    module.print(os, flags);
    os << '\n';
  });
}

class Compilation {
public:
  Compilation(const CompileOptions &options, MLIRContext &context) : options(options), context(context) {}

  Error run() {
    onnx::ImportOptions importOptions;
    for (const std::string &dim : options.dims)
      if (Error error = importOptions.addDim(dim))
        return error;
    auto imported = onnx::importOnnx(options.input, context, importOptions);
    if (!imported)
      return imported.takeError();
    ModuleOp module = *imported->module;
    if (stopsAfter(Stage::Import))
      return emitIr(module);
    if (Error error = stage(module, "graph", [&](OpPassManager &pm) {
          buildGraphPipeline(pm, {options.optLevel, options.winograd, options.strassen});
        }))
      return error;
    if (stopsAfter(Stage::Graph))
      return emitIr(module);

    name = options.name.empty() ? modelNameFromPath(options.input) : options.name;
    if (std::string problem = checkModelName(name); !problem.empty())
      return llvm::createStringError("nnc: error: --name: " + problem);
    info = describe(module, name);
    if (options.kind == OutputKind::Header) {
      auto text = modelHeader(info);
      if (!text)
        return lineError(options.input, text.takeError());
      return writeText(options.output, [&](llvm::raw_ostream &os) { os << *text; });
    }
    auto parsed = Target::parse(options.target, options.cpu, productsOf(module));
    if (!parsed)
      return llvm::createStringError("nnc: error: " + llvm::toString(parsed.takeError()));
    target = std::move(*parsed);

    for (auto [i, level] : llvm::enumerate(target.levels)) {
      bool last = i + 1 == target.levels.size();
      // Every level has its own kernels; the last one may consume the module.
      OwningOpRef<ModuleOp> clone;
      ModuleOp work = last ? module : *(clone = module.clone());
      if (Error error = lower(work, level))
        return error;
      if (isIr())
        return emitIr(work); // the worst level's; --cpu names another
      if (Error error = emit(work, level))
        return error;
      if (options.kind == OutputKind::Assembly || options.kind == OutputKind::LlvmIr)
        return writeText(options.output, [&](llvm::raw_ostream &os) { os << objects.front()->getBuffer(); });
    }
    return link();
  }

private:
  Error stage(ModuleOp module, StringRef stageName, llvm::function_ref<void(OpPassManager &)> build) {
    return runPipeline(module, options.input, stageName, build, options.verify);
  }

  bool isIr() const { return options.kind == OutputKind::Ir || options.kind == OutputKind::Nothing; }
  bool stopsAfter(Stage stage) const { return isIr() && options.until == stage; }

  Error emitIr(ModuleOp module) {
    if (options.kind == OutputKind::Nothing)
      return Error::success();
    if (Error error = writeIr(module, options.output))
      return lineError(options.output, std::move(error));
    return Error::success();
  }

  Error lower(ModuleOp module, const CpuLevel &level) {
    if (Error error = stage(module, "loops", [&](OpPassManager &pm) {
          buildLoopsPipeline(pm, loopsOptions(level));
        }))
      return error;
    if (options.until == Stage::Loops)
      return Error::success();
    if (Error error = stage(module, "memory", [&](OpPassManager &pm) { buildMemoryPipeline(pm); }))
      return error;
    if (options.until == Stage::Memory)
      return Error::success();
    if (!weights) {
      auto collected = collectWeights(module);
      if (!collected)
        return lineError(options.input, collected.takeError());
      weights = std::move(*collected);
    }
    info.scratchBytes = std::max<uint64_t>(info.scratchBytes, moduleInteger(module, "nn.arena_bytes"));
    info.workspaceBytes = std::max<uint64_t>(info.workspaceBytes, moduleInteger(module, "nn.workspace_bytes"));
    info.weightBytes = weights->bytes;
    module->removeAttr("nn.weights");
    takeTables(module, level);
    takeBorrowed(module);
    return stage(module, "llvm", [&](OpPassManager &pm) {
      buildLlvmPipeline(pm, loopsOptions(level));
    });
  }

  /// What the memory stage says of groups and arena goes into the descriptor and the report.
  void takeTables(ModuleOp module, const CpuLevel &level) {
    ReportLevel tables = reportLevel(module, level.name);
    if (options.verbose)
      llvm::errs() << "nnc: " << level.name << ": " << tables.groups.size() << " groups, an arena of "
                   << tables.arenaBytes << " bytes for at most " << tables.liveBytes << " that live at one time\n";
    // Levels differ in kernels, not in groups.
    info.groups.clear();
    for (const ReportGroup &group : tables.groups)
      info.groups.push_back(group.info);
    for (StringRef attribute : {"nn.groups", "nn.arena_plan"})
      module->removeAttr(attribute);
    report.levels.push_back(std::move(tables));
  }

  /// Kernels that are another level's, and what calls them for a thread.
  void takeBorrowed(ModuleOp module) {
    borrowed.clear();
    for (auto function : module.getOps<func::FuncOp>())
      if (function->removeAttr("nn.borrowed")) {
        borrowed.insert(function.getName());
        borrowed.insert((function.getName() + "_task").str());
      }
  }

  Error emit(ModuleOp module, const CpuLevel &level) {
    EmitOptions emitOptions;
    emitOptions.borrowed = borrowed;
    emitOptions.optLevel = options.optLevel;
    emitOptions.modelName = name;
    emitOptions.threads = options.threads;
    emitOptions.kind = options.kind == OutputKind::Assembly ? EmitKind::Assembly
                       : options.kind == OutputKind::LlvmIr ? EmitKind::LLVMIR
                                                            : EmitKind::Object;
    auto emitted = emitObject(module, target, level, emitOptions);
    if (!emitted)
      return lineError(options.input, emitted.takeError());
    for (auto &object : *emitted) {
      report.levels.back().codeBytes += codeBytes(*object);
      objects.push_back(std::move(object));
    }
    return Error::success();
  }

  Error link() {
    auto runtime = runtimeObjects(info, target, /*forArchive=*/options.kind == OutputKind::Archive);
    if (!runtime)
      return lineError(options.input, runtime.takeError());
    llvm::move(*runtime, std::back_inserter(objects));

    LinkInputs inputs;
    inputs.objects = objects;
    inputs.modelName = name;
    inputs.threads = options.threads;
    // A temporary file of its own: it goes away with this scope.
    std::optional<OutputFile> weightsFile;
    if (weights && options.kind == OutputKind::SharedLibrary) {
      inputs.weightsBytes = weights->bytes;
      inputs.weights = weights->chunks;
    } else if (weights && weights->bytes) {
      auto file = OutputFile::create(options.output + ".weights");
      if (!file)
        return lineError(options.output, file.takeError());
      weightsFile.emplace(std::move(*file));
      inputs.weightsPath = weightsFile->path().str();
      if (Error error = writeWeightsObject(inputs.weightsPath, target.triple, name, weights->bytes, weights->chunks))
        return lineError(options.output, std::move(error));
      weights.reset();
      releaseResources(context);
    }
    Error error = options.kind == OutputKind::Archive  ? writeArchive(inputs, options.output)
                  : options.kind == OutputKind::Object ? linkRelocatable(inputs, target, options.output)
                                                       : linkShared(inputs, target, options.output);
    if (error)
      return lineError(options.output, std::move(error));
    return writeReportFile();
  }

  Error writeReportFile() {
    if (options.report.empty())
      return Error::success();
    report.file = llvm::sys::path::filename(options.input).str();
    report.model = info;
    Error error = writeText(options.report, [&](llvm::raw_ostream &os) { writeReport(report, os); });
    return error ? lineError(options.report, std::move(error)) : Error::success();
  }

  const CompileOptions &options;
  MLIRContext &context;
  std::string name;
  ModelInfo info;
  Report report;
  Target target;
  Buffers objects;
  llvm::StringSet<> borrowed;
  std::optional<WeightsSection> weights;
};

void loadDialects(MLIRContext &context) {
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

} // namespace

Error compile(const CompileOptions &options) {
  initializeTargets();
  MLIRContext context(MLIRContext::Threading::DISABLED);
  loadDialects(context);
  return Compilation(options, context).run();
}

Error checkModel(const CompileOptions &options) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  loadDialects(context);
  onnx::ImportOptions importOptions;
  for (const std::string &dim : options.dims)
    if (Error error = importOptions.addDim(dim))
      return error;
  return onnx::checkOnnx(options.input, context, importOptions);
}

std::string modelNameFromPath(llvm::StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) || c == '_' ? c : '_';
  if (name.empty() || llvm::isDigit(name[0]))
    name.insert(0, "model_");
  return name;
}

} // namespace nnc
