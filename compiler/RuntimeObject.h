//===- RuntimeObject.h - the runtime inside a model -------------------------===//
//
// The object that makes compiled code a model: the public descriptor `<name>_model` with all that it points to, and
// the runtime itself, from the bitcode that nnc carries for each target.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_RUNTIMEOBJECT_H
#define NNC_COMPILER_RUNTIMEOBJECT_H

#include "compiler/EmitObject.h"
#include "compiler/ModelInfo.h"

namespace nnc {

struct RuntimeOptions {
  /// For an archive that the user's own linker reads: threads are a hard dependency there, since a weak one would
  /// silently go missing in a static program.
  bool forArchive = false;
  EmitKind kind = EmitKind::Object;
};

/// Makes the object for a model whose code was emitted for every level of the target.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> runtimeObject(const ModelInfo &info, const Target &target,
                                                                  const RuntimeOptions &options = {});

/// The stub of libc that models of this architecture are linked against.
llvm::Expected<llvm::StringRef> libcStub(const llvm::Triple &triple);

} // namespace nnc

#endif
