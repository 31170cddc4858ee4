//===- Link.h - objects to a shared library ---------------------------------===//
#ifndef NNC_COMPILER_LINK_H
#define NNC_COMPILER_LINK_H

#include "compiler/EmitObject.h"
#include "compiler/WeightsObject.h"

#include "llvm/ADT/ArrayRef.h"

namespace nnc {

/// What goes into a library or an archive.
struct LinkInputs {
  /// Objects in memory, in a fixed order.
  llvm::ArrayRef<std::unique_ptr<llvm::MemoryBuffer>> objects;
  /// For objects and archives the file that writeWeightsObject() wrote; "": the model has no weights.
  std::string weightsPath;
  std::string modelName;
  /// 0: one per core. The output does not depend on it.
  unsigned threads = 0;
  /// For libraries the size and the chunks of the weights' section, which linkShared() writes right into the library:
  /// lld would have them in memory twice, and they would be written three times.
  uint64_t weightsBytes = 0;
  llvm::ArrayRef<WeightsChunk> weights = {};
};

/// Links a model with lld, in this process and against nnc's own stub of libc. The library needs libc.so.6 alone and
/// exports `<name>_model` alone. The output appears complete, or not at all. Thread-safe; links run one at a time.
llvm::Error linkShared(const LinkInputs &inputs, const Target &target, llvm::StringRef output);

/// Links the same objects into one relocatable object.
llvm::Error linkRelocatable(const LinkInputs &inputs, const Target &target, llvm::StringRef output);

} // namespace nnc

#endif
