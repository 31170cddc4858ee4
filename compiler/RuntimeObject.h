//===- RuntimeObject.h - the runtime inside a model -------------------------===//
//
// The objects that make compiled code a model: the public descriptor `<name>_model` with all that it points to, and
// the runtime itself, from the object that nnc carries for each target.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_RUNTIMEOBJECT_H
#define NNC_COMPILER_RUNTIMEOBJECT_H

#include "compiler/EmitObject.h"
#include "compiler/ModelInfo.h"

namespace nnc {

/// Makes the descriptor and the runtime of a model whose code was emitted for every level of the target.
///
/// `forArchive`: the user's own linker reads them. Threads are a hard dependency there, since a weak one would silently
/// go missing in a static program.
llvm::Expected<Buffers> runtimeObjects(const ModelInfo &info, const Target &target, bool forArchive = false);

/// The stub of libc that models of this architecture are linked against.
llvm::Expected<llvm::StringRef> libcStub(const llvm::Triple &triple);

} // namespace nnc

#endif
