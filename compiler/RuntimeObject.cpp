#include "compiler/RuntimeObject.h"
#include "compiler/CodeGen.h"
#include "compiler/Descriptor.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

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

/// The runtime with the model's name before what other objects refer to. The weak helpers that LLVM calls by name keep
/// theirs, since only code generation shows who needs them; a link drops the rest.
Expected<std::unique_ptr<MemoryBuffer>> renamedRuntime(StringRef runtime, StringRef modelName) {
  std::string name = (modelName + "_runtime.o").str();
  Expected<std::unique_ptr<object::ObjectFile>> read =
      object::ObjectFile::createELFObjectFile(MemoryBufferRef(runtime, name));
  if (!read)
    return read.takeError();
  objcopy::CommonConfig config;
  StringMap<std::string> names;
  for (object::SymbolRef symbol : (*read)->symbols()) {
    Expected<StringRef> old = symbol.getName();
    if (!old)
      return old.takeError();
    if (old->starts_with(runtimePrefix) && cantFail(symbol.getFlags()) & object::SymbolRef::SF_Global)
      config.SymbolsToRename[*old] = names[*old] = (modelName + "__" + *old).str();
  }
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  if (Error error = objcopy::elf::executeObjcopyOnBinary(config, objcopy::ELFConfig(),
                                                         cast<object::ELFObjectFileBase>(**read), stream))
    return std::move(error);
  return std::make_unique<SmallVectorMemoryBuffer>(std::move(bytes), name, /*RequiresNullTerminator=*/false);
}

/// Something that refers to the functions as symbols which have to be there.
void require(Module &module, ArrayRef<StringRef> functions) {
  LLVMContext &context = module.getContext();
  SmallVector<Constant *> pointers;
  for (StringRef name : functions)
    pointers.push_back(Function::Create(FunctionType::get(Type::getInt32Ty(context), /*isVarArg=*/false),
                                        GlobalValue::ExternalLinkage, name, module));
  auto *type = ArrayType::get(PointerType::get(context, 0), pointers.size());
  appendToCompilerUsed(module, {new GlobalVariable(module, type, /*isConstant=*/true, GlobalValue::PrivateLinkage,
                                                   ConstantArray::get(type, pointers), "required")});
}

} // namespace

Expected<StringRef> libcStub(const Triple &triple) {
  Expected<EmbeddedFiles> files = embeddedFiles(triple);
  if (!files)
    return files.takeError();
  return files->libc;
}

Expected<Buffers> runtimeObjects(const ModelInfo &info, const Target &target, bool forArchive) {
  if (std::string problem = checkModelName(info.name); !problem.empty())
    return createStringError(problem);
  Expected<EmbeddedFiles> files = embeddedFiles(target.triple);
  if (!files)
    return files.takeError();
  Expected<std::unique_ptr<TargetMachine>> machine = target.createMachine(nullptr, CodeGenOptLevel::None);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  Module module(info.name + "_model.o", context);
  module.setTargetTriple(target.triple);
  module.setDataLayout((*machine)->createDataLayout());
  module.setSourceFileName(info.name);
  if (Error error = buildDescriptor(module, info, target))
    return std::move(error);
  if (forArchive)
    require(module, {"pthread_create", "pthread_join"});
  Expected<std::unique_ptr<MemoryBuffer>> descriptor = emitModule(module, **machine, EmitKind::Object);
  if (!descriptor)
    return descriptor.takeError();
  Expected<std::unique_ptr<MemoryBuffer>> runtime = renamedRuntime(files->runtime, info.name);
  if (!runtime)
    return runtime.takeError();
  if (Error error = checkUndefinedSymbols(**runtime, info.name, "the runtime"))
    return std::move(error);
  Buffers objects;
  objects.push_back(std::move(*descriptor));
  objects.push_back(std::move(*runtime));
  return objects;
}

} // namespace nnc
