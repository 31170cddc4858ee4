#include "compiler/CodeGen.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace nnc {

CodeGenOptLevel codeGenLevel(unsigned optLevel) {
  switch (optLevel) {
  case 0:
    return CodeGenOptLevel::None;
  case 1:
    return CodeGenOptLevel::Less;
  case 2:
    return CodeGenOptLevel::Default;
  default:
    return CodeGenOptLevel::Aggressive;
  }
}

namespace {

/// What LLVM may assume of libc: the memory functions and nothing else, so that it never invents a call to libm.
TargetLibraryInfoImpl libraryInfo(const Triple &triple) {
  TargetLibraryInfoImpl info(triple);
  info.disableAllFunctions();
  for (LibFunc function : {LibFunc_memcpy, LibFunc_memmove, LibFunc_memset, LibFunc_memcmp, LibFunc_bcmp})
    info.setAvailable(function);
  return info;
}

OptimizationLevel pipelineLevel(unsigned optLevel) {
  switch (optLevel) {
  case 1:
    return OptimizationLevel::O1;
  case 2:
    return OptimizationLevel::O2;
  default:
    return OptimizationLevel::O3;
  }
}

} // namespace

void optimizeModule(Module &module, TargetMachine &machine, unsigned optLevel) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  // Kernels come as vectors already. What is left scalar gains from the loop vectorizer; the SLP vectorizer finds
  // nothing in it, and takes minutes on the long blocks of host code and of unrolled tiles.
  tuning.LoopVectorization = optLevel >= 2;
  tuning.SLPVectorization = false;
  PassBuilder builder(&machine, tuning);
  TargetLibraryInfoImpl info = libraryInfo(machine.getTargetTriple());
  functions.registerPass([&] { return TargetLibraryAnalysis(info); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  ModulePassManager pipeline = optLevel == 0 ? builder.buildO0DefaultPipeline(OptimizationLevel::O0)
                                             : builder.buildPerModuleDefaultPipeline(pipelineLevel(optLevel));
  pipeline.run(module, modules);
}

Expected<std::unique_ptr<MemoryBuffer>> emitModule(Module &module, TargetMachine &machine, EmitKind kind) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  if (kind == EmitKind::LLVMIR) {
    module.print(stream, nullptr);
  } else {
    legacy::PassManager passes;
    passes.add(new TargetLibraryInfoWrapperPass(libraryInfo(machine.getTargetTriple())));
    CodeGenFileType type = kind == EmitKind::Object ? CodeGenFileType::ObjectFile : CodeGenFileType::AssemblyFile;
    if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
      return createStringError("LLVM cannot write this kind of file for '" + machine.getTargetTriple().str() + "'");
    passes.run(module);
  }
  return std::make_unique<SmallVectorMemoryBuffer>(std::move(bytes), module.getModuleIdentifier(),
                                                   /*RequiresNullTerminator=*/false);
}

Error checkUndefinedSymbols(const MemoryBuffer &object, StringRef modelName, StringRef what) {
  // libc/libc.s, runtime/narrow_float.c, and what the linker defines.
  static const StringSet<> provided = {
      "memcpy",         "memmove",        "memset",         "memcmp",       "bcmp",
      "posix_memalign", "free",           "syscall",        "getauxval",    "clock_gettime", "pthread_self",
      "pthread_create", "pthread_join",   "__extendhfsf2",  "__truncsfhf2", "__truncdfhf2",
      "__truncsfbf2",   "__truncdfbf2",   "_GLOBAL_OFFSET_TABLE_"};
  Expected<std::unique_ptr<object::ObjectFile>> file =
      object::ObjectFile::createObjectFile(object.getMemBufferRef());
  if (!file)
    return file.takeError();
  std::string missing;
  for (const object::SymbolRef &symbol : (*file)->symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    Expected<StringRef> name = symbol.getName();
    if (!flags || !name)
      return joinErrors(flags.takeError(), name.takeError());
    if (!(*flags & object::SymbolRef::SF_Undefined) || name->empty())
      continue;
    if (name->starts_with((modelName + "__").str()) || provided.contains(*name))
      continue;
    missing += (missing.empty() ? "'" : ", '") + name->str() + "'";
  }
  if (missing.empty())
    return Error::success();
  return createStringError(what + " needs " + missing + ", which a model cannot call");
}

} // namespace nnc
