#include "compiler/CodeGen.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/CorrelatedValuePropagation.h"
#include "llvm/Transforms/Scalar/DeadStoreElimination.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopDeletion.h"
#include "llvm/Transforms/Scalar/LoopIdiomRecognize.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Scalar/SCCP.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Vectorize/LoopVectorize.h"

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

/// Tells LLVM's unrolling not to look at long loops, which it would not unroll: it would count what each of their
/// instructions costs, twice, and again for all loops around them.
struct LeaveLongLoops : PassInfoMixin<LeaveLongLoops> {
  static constexpr size_t kLong = 200;

  PreservedAnalyses run(Loop &loop, LoopAnalysisManager &, LoopStandardAnalysisResults &, LPMUpdater &) {
    size_t length = 0;
    for (const BasicBlock *block : loop.blocks())
      length += block->size();
    if (length > kLong)
      addStringMetadataToLoop(&loop, "llvm.loop.unroll.disable", 1);
    return PreservedAnalyses::all();
  }
};

/// The passes that kernels gain from, in half the time of LLVM's own pipeline for -O2: kernels come as vectors, with
/// what is invariant already outside of their loops, and call nothing that could be inlined.
auto kernelPipeline(bool vectorizes) {
  auto hoist = [] { return createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true); };
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  // Finds the limits of a tile that is whole, before loops take their form.
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass());
  passes.addPass(createFunctionToLoopPassAdaptor(LoopRotatePass()));
  passes.addPass(hoist());
  // Tells of sums that they cannot wrap; without it, every pixel of a tile has its own pointer in a loop.
  passes.addPass(SCCPPass());
  passes.addPass(SimplifyCFGPass());
  passes.addPass(EarlyCSEPass());
  LoopPassManager loops;
  loops.addPass(LoopIdiomRecognizePass());
  loops.addPass(LoopDeletionPass());
  loops.addPass(LeaveLongLoops());
  // Before the vectorizer, which would make three rounds one of masked vectors.
  loops.addPass(LoopFullUnrollPass(/*OptLevel=*/2));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(loops)));
  passes.addPass(hoist());
  if (vectorizes)
    passes.addPass(LoopVectorizePass());
  // Unrolling counts instructions: those that will not be there are gone before.
  passes.addPass(InstCombinePass());
  // Not loops that only have a limit: a window's rows, of which there are three or fewer, would be three copies with
  // an exit each, and their sums go through the stack.
  passes.addPass(LoopUnrollPass(LoopUnrollOptions(/*OptLevel=*/2).setUpperBound(false)));
  // What unrolling has made constant: the bounds of a patch, the sums of an address.
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(hoist());
  passes.addPass(DSEPass());
  passes.addPass(InstCombinePass());
  passes.addPass(SimplifyCFGPass());
  return createModuleToFunctionPassAdaptor(std::move(passes));
}

} // namespace

void optimizeModule(Module &module, TargetMachine &machine, unsigned optLevel) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  // Finds nothing in vectors, and takes minutes on the long blocks of host code and of unrolled tiles.
  tuning.SLPVectorization = false;
  PassBuilder builder(&machine, tuning);
  TargetLibraryInfoImpl info = libraryInfo(machine.getTargetTriple());
  functions.registerPass([&] { return TargetLibraryAnalysis(info); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  ModulePassManager pipeline;
  if (optLevel == 0)
    pipeline = builder.buildO0DefaultPipeline(OptimizationLevel::O0);
  else if (optLevel < 3)
    pipeline.addPass(kernelPipeline(/*vectorizes=*/optLevel == 2));
  else
    pipeline = builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3);
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
