#include "compiler/RuntimeObject.h"
#include "compiler/CodeGen.h"
#include "compiler/Descriptor.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

// runtime/embed.S
extern "C" {
#define NNC_EMBEDDED(name) extern const char name[], name##_end[];
NNC_EMBEDDED(nnc_runtime_x86_64)
NNC_EMBEDDED(nnc_runtime_aarch64)
NNC_EMBEDDED(nnc_runtime_riscv64)
NNC_EMBEDDED(nnc_libc_x86_64)
NNC_EMBEDDED(nnc_libc_aarch64)
NNC_EMBEDDED(nnc_libc_riscv64)
#undef NNC_EMBEDDED
}

namespace nnc {

namespace {

struct EmbeddedFiles {
  StringRef runtime, libc;
};

Expected<EmbeddedFiles> embeddedFiles(const Triple &triple) {
#define NNC_FILES(arch)                                                                                     \
  EmbeddedFiles {                                                                                           \
    StringRef(nnc_runtime_##arch, nnc_runtime_##arch##_end - nnc_runtime_##arch),                           \
        StringRef(nnc_libc_##arch, nnc_libc_##arch##_end - nnc_libc_##arch)                                 \
  }
  switch (triple.getArch()) {
  case Triple::x86_64:
    return NNC_FILES(x86_64);
  case Triple::aarch64:
    return NNC_FILES(aarch64);
  case Triple::riscv64:
    return NNC_FILES(riscv64);
  default:
    return createStringError("nnc has no runtime for '%s'", triple.str().c_str());
  }
#undef NNC_FILES
}

/// The functions of runtime/internal.h that compiled code calls.
bool isCalledByModel(StringRef name) {
  return name == "nncrt_output" || name == "nncrt_alloc" || name == "nncrt_alloc_tensor" || name == "nncrt_append" ||
         name == "nncrt_check" || name == "nncrt_copy" || name == "nncrt_free" || name == "nncrt_parallel" ||
         name == "nncrt_launch" || name == "nncrt_cost" || name == "nncrt_fail";
}

/// Prefixes what the model's code calls; the table behind nnc.h becomes local. The weak helpers that LLVM calls by
/// name keep theirs, since only code generation shows who needs them; the link drops the rest.
void renameRuntime(Module &module, StringRef modelName) {
  for (GlobalValue &value : module.global_values()) {
    if (value.isDeclaration() || value.hasLocalLinkage() || value.hasWeakLinkage())
      continue;
    if (isCalledByModel(value.getName())) {
      value.setName(modelName + "__" + value.getName());
      value.setVisibility(GlobalValue::HiddenVisibility);
    } else {
      value.setLinkage(GlobalValue::InternalLinkage);
    }
  }
}

/// Nothing unwinds through the runtime, and no object names the compiler that made it.
void stripModule(Module &module) {
  for (Function &function : module)
    function.addFnAttr(Attribute::NoUnwind);
  if (NamedMDNode *ident = module.getNamedMetadata("llvm.ident"))
    module.eraseNamedMetadata(ident);
}

} // namespace

Expected<StringRef> libcStub(const Triple &triple) {
  Expected<EmbeddedFiles> files = embeddedFiles(triple);
  if (!files)
    return files.takeError();
  return files->libc;
}

Expected<std::unique_ptr<MemoryBuffer>> runtimeObject(const ModelInfo &info, const Target &target,
                                                      const RuntimeOptions &options) {
  if (std::string problem = checkModelName(info.name); !problem.empty())
    return createStringError(problem);
  Expected<EmbeddedFiles> files = embeddedFiles(target.triple);
  if (!files)
    return files.takeError();
  Expected<std::unique_ptr<TargetMachine>> machine = target.createMachine(nullptr, CodeGenOptLevel::Default);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  Expected<std::unique_ptr<Module>> parsed =
      parseBitcodeFile(MemoryBufferRef(files->runtime, "runtime"), context);
  if (!parsed)
    return parsed.takeError();
  Module &module = **parsed;
  module.setTargetTriple(target.triple);
  module.setDataLayout((*machine)->createDataLayout());
  module.setSourceFileName(info.name);
  module.setModuleIdentifier(info.name + "_runtime.o");
  renameRuntime(module, info.name);
  stripModule(module);
  if (options.forArchive)
    for (StringRef name : {"pthread_create", "pthread_join"})
      if (Function *function = module.getFunction(name))
        function->setLinkage(GlobalValue::ExternalLinkage);

  GlobalVariable *api = module.getGlobalVariable("nncrt_api", /*AllowInternal=*/true);
  if (!api)
    return createStringError("the embedded runtime has no 'nncrt_api'");
  Expected<GlobalVariable *> model = buildDescriptor(module, info, target, *api);
  if (!model)
    return model.takeError();
  Expected<std::unique_ptr<MemoryBuffer>> object = emitModule(module, **machine, options.kind);
  if (!object)
    return object.takeError();
  if (options.kind == EmitKind::Object)
    if (Error error = checkUndefinedSymbols(**object, info.name, "the runtime"))
      return std::move(error);
  return object;
}

} // namespace nnc
