//===- Archive.h - objects to a static library ------------------------------===//
#ifndef NNC_COMPILER_ARCHIVE_H
#define NNC_COMPILER_ARCHIVE_H

#include "compiler/Link.h"

namespace nnc {

/// Writes `<name>.a` for the user's own linker: the objects as they are. All their symbols but `<name>_model` are
/// hidden and start with the model's name, so the archives of several models link into one program. The output
/// appears complete, or not at all.
llvm::Error writeArchive(const LinkInputs &inputs, llvm::StringRef output);

/// The objects as an archive in memory, without a symbol table (for a linker that takes all of them).
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
archiveInMemory(llvm::ArrayRef<std::unique_ptr<llvm::MemoryBuffer>> objects);

} // namespace nnc

#endif
