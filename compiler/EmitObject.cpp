#include "compiler/EmitObject.h"
#include "compiler/CodeGen.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Dialect/ArmNeon/ArmNeonToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ArmSVE/ArmSVEToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"

using namespace llvm;

namespace nnc {

std::string entryName(StringRef modelName, const CpuLevel &level) {
  return (modelName + "__entry_" + level.suffix).str();
}

std::string checkModelName(StringRef name) {
  if (name.empty())
    return "the name of a model cannot be empty";
  if (!isAlpha(name.front()) && name.front() != '_')
    return ("'" + name + "' cannot name a model: it starts with neither a letter nor '_'").str();
  for (char c : name)
    if (!isAlnum(c) && c != '_')
      return ("'" + name + "' cannot name a model: it has a character other than letters, digits and '_'").str();
  return "";
}

namespace {

/// One file is filled up to about so many instructions. Fixed, for the same bytes whatever the thread count.
constexpr unsigned partitionSize = 3000;

/// Translates the MLIR module, with the data layout in place so that every alignment is the target's.
Expected<std::unique_ptr<Module>> translate(mlir::ModuleOp module, const Target &target, TargetMachine &machine,
                                            LLVMContext &context) {
  mlir::MLIRContext *mlirContext = module.getContext();
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerArmNeonDialectTranslation(registry);
  mlir::registerArmSVEDialectTranslation(registry);
  mlirContext->appendDialectRegistry(registry);

  using mlir::LLVM::LLVMDialect;
  module->setAttr(LLVMDialect::getDataLayoutAttrName(),
                  mlir::StringAttr::get(mlirContext, machine.createDataLayout().getStringRepresentation()));
  module->setAttr(LLVMDialect::getTargetTripleAttrName(), mlir::StringAttr::get(mlirContext, target.triple.str()));

  // A loop's annotation reaches its branch as an attribute of no meaning; translation reads the branch's own.
  module->walk([](mlir::LLVM::BrOp branch) {
    if (auto annotation = branch->removeAttr("llvm.loop_annotation"))
      branch.setLoopAnnotationAttr(mlir::cast<mlir::LLVM::LoopAnnotationAttr>(annotation));
  });

  std::string messages;
  mlir::ScopedDiagnosticHandler handler(mlirContext, [&](mlir::Diagnostic &diagnostic) {
    messages += (messages.empty() ? "" : "; ") + diagnostic.str();
    return mlir::success();
  });
  std::unique_ptr<Module> result = mlir::translateModuleToLLVMIR(module, context, "model");
  if (!result)
    return createStringError("cannot translate to LLVM IR: " + messages);
  return result;
}

/// Gives every symbol its final name and makes everything hidden.
Error renameSymbols(Module &module, const CpuLevel &level, const EmitOptions &options) {
  std::string prefix = options.modelName + "__";
  bool hasEntry = false;
  for (GlobalValue &value : module.global_values()) {
    if (auto *function = dyn_cast<Function>(&value); function && function->isIntrinsic())
      continue;
    StringRef name = value.getName();
    if (name.starts_with("llvm."))
      continue;
    if (value.isDeclaration()) {
      if (name == weightsSymbol) {
        value.setName(prefix + weightsSymbol.drop_front(2));
        value.setVisibility(GlobalValue::HiddenVisibility);
      } else if (name.starts_with(runtimePrefix)) {
        value.setName(prefix + name);
        value.setVisibility(GlobalValue::HiddenVisibility);
      }
      continue;
    }
    if (options.borrowed.contains(name)) {
      cast<Function>(value).deleteBody();
      value.setName(prefix + name + "_" + level.lender);
      value.setLinkage(GlobalValue::ExternalLinkage);
      value.setVisibility(GlobalValue::HiddenVisibility);
      continue;
    }
    if (name == entrySymbol) {
      hasEntry = true;
      value.setName(entryName(options.modelName, level));
      value.setLinkage(GlobalValue::ExternalLinkage);
      value.setVisibility(GlobalValue::HiddenVisibility);
      value.setDSOLocal(true);
      continue;
    }
    value.setName(prefix + name + "_" + level.suffix);
    value.setVisibility(GlobalValue::DefaultVisibility);
    value.setLinkage(GlobalValue::InternalLinkage);
  }
  if (!hasEntry)
    return createStringError("the module has no function '%s'", entrySymbol.data());
  return Error::success();
}

void setAttributes(Module &module, const CpuLevel &level) {
  for (Function &function : module) {
    function.addFnAttr(Attribute::NoUnwind);
    if (function.isDeclaration())
      continue;
    function.removeFnAttr("frame-pointer");
    function.addFnAttr("target-cpu", level.cpu);
    if (!level.features.empty())
      function.addFnAttr("target-features", level.features);
    if (level.preferVectorWidth) {
      function.addFnAttr("prefer-vector-width", utostr(level.preferVectorWidth));
      // Lets vectors of that width stay legal where the CPU's default would split them.
      function.addFnAttr("min-legal-vector-width", utostr(level.preferVectorWidth));
    }
  }
}

/// From so many instructions on the host code is not worth optimized code generation: it is one block of thousands of
/// calls, whose registers LLVM assigns in time that grows with its square, and each call takes far longer than its
/// operands' way through the stack.
constexpr unsigned longHostCode = 10000;

/// Which functions each file defines; by name, since every file is made from its own copy of the module.
struct Partition {
  StringSet<> functions;
  bool isLongHostCode = false;
};

/// Splits the module in its own order. Host code that is long has a file of its own.
std::vector<Partition> partitionFunctions(Module &module, StringRef entry) {
  std::vector<Partition> partitions(1);
  unsigned filled = 0;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    unsigned size = function.getInstructionCount();
    if (filled > 0 && filled + size > partitionSize) {
      partitions.emplace_back();
      filled = 0;
    }
    partitions.back().functions.insert(function.getName());
    partitions.back().isLongHostCode |= function.getName() == entry && size >= longHostCode;
    filled += size;
  }
  return partitions;
}

/// Makes visible to the other files what only one of them can define: functions and writable globals.
void externalize(Module &module) {
  auto share = [](GlobalValue &value) {
    value.setLinkage(GlobalValue::ExternalLinkage);
    value.setVisibility(GlobalValue::HiddenVisibility);
    value.setDSOLocal(true);
  };
  for (Function &function : module)
    if (!function.isDeclaration())
      share(function);
  for (GlobalVariable &global : module.globals())
    if (!global.isDeclaration() && !global.isConstant())
      share(global);
}

/// Reads the module's bitcode and keeps what file `index` defines.
Expected<std::unique_ptr<Module>> readPartition(MemoryBufferRef bitcode, LLVMContext &context,
                                                const std::vector<Partition> &partitions, size_t index) {
  Expected<std::unique_ptr<Module>> read = getLazyBitcodeModule(bitcode, context);
  if (!read)
    return read.takeError();
  Module &module = **read;
  for (Function &function : module) {
    if (!function.isMaterializable())
      continue;
    if (partitions[index].functions.contains(function.getName())) {
      if (Error error = function.materialize())
        return std::move(error);
      continue;
    }
    // Defined in another file: a declaration here, never read.
    function.deleteBody();
    function.setIsMaterializable(false);
    function.setComdat(nullptr);
  }
  if (Error error = module.materializeAll())
    return std::move(error);
  for (GlobalVariable &global : module.globals())
    if (index > 0 && !global.isDeclaration() && !global.hasLocalLinkage())
      global.setInitializer(nullptr);
  ModuleAnalysisManager analyses;
  GlobalDCEPass().run(module, analyses);
  return read;
}

} // namespace

Expected<Buffers> emitObject(mlir::ModuleOp mlirModule, const Target &target, const CpuLevel &level,
                             const EmitOptions &options) {
  if (std::string problem = checkModelName(options.modelName); !problem.empty())
    return createStringError(problem);
  CodeGenOptLevel optLevel = codeGenLevel(options.optLevel);
  Expected<std::unique_ptr<TargetMachine>> machine = target.createMachine(&level, optLevel);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  Expected<std::unique_ptr<Module>> translated = translate(mlirModule, target, **machine, context);
  if (!translated)
    return translated.takeError();
  Module &module = **translated;
  module.setSourceFileName(options.modelName);
  if (Error error = renameSymbols(module, level, options))
    return std::move(error);
  setAttributes(module, level);

  // Text is for reading: one file.
  Buffers files;
  if (options.kind != EmitKind::Object) {
    optimizeModule(module, **machine, options.optLevel);
    Expected<std::unique_ptr<MemoryBuffer>> file = emitModule(module, **machine, options.kind);
    if (!file)
      return file.takeError();
    files.push_back(std::move(*file));
    return files;
  }

  std::vector<Partition> partitions = partitionFunctions(module, entryName(options.modelName, level));
  externalize(module);
  SmallVector<char, 0> bitcode;
  {
    raw_svector_ostream stream(bitcode);
    WriteBitcodeToFile(module, stream);
  }
  MemoryBufferRef bitcodeRef(StringRef(bitcode.data(), bitcode.size()), "model");

  auto compile = [&](size_t index) -> Expected<std::unique_ptr<MemoryBuffer>> {
    LLVMContext ownContext;
    Expected<std::unique_ptr<TargetMachine>> ownMachine =
        target.createMachine(&level, partitions[index].isLongHostCode ? CodeGenOptLevel::None : optLevel);
    if (!ownMachine)
      return ownMachine.takeError();
    Expected<std::unique_ptr<Module>> part = readPartition(bitcodeRef, ownContext, partitions, index);
    if (!part)
      return part.takeError();
    optimizeModule(**part, **ownMachine, options.optLevel);
    (*part)->setModuleIdentifier(options.modelName + "_" + level.suffix + "_" + utostr(index) + ".o");
    Expected<std::unique_ptr<MemoryBuffer>> file = emitModule(**part, **ownMachine, EmitKind::Object);
    if (!file)
      return file.takeError();
    if (Error error = checkUndefinedSymbols(**file, options.modelName, "the code for " + level.name))
      return std::move(error);
    return file;
  };

  files.resize(partitions.size());
  std::vector<std::string> errors(partitions.size());
  auto compileInto = [&](size_t index) {
    Expected<std::unique_ptr<MemoryBuffer>> file = compile(index);
    if (file)
      files[index] = std::move(*file);
    else
      errors[index] = toString(file.takeError());
  };
  if (options.threads == 1 || partitions.size() == 1) {
    for (size_t i = 0; i < partitions.size(); ++i)
      compileInto(i);
  } else {
    DefaultThreadPool pool(hardware_concurrency(options.threads));
    for (size_t i = 0; i < partitions.size(); ++i)
      pool.async(compileInto, i);
    pool.wait();
  }
  for (const std::string &error : errors)
    if (!error.empty())
      return createStringError(error);
  return files;
}

} // namespace nnc
