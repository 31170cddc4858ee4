//===- WeightsObject.h - weights as an ELF object of their own --------------===//
//
// Weights never go through LLVM, where 400 MB of constants take 12 s and 1.7 GB of memory. This writes the
// relocatable object directly: one read-only, page-aligned section whose start is the symbol `<name>__weights`.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_WEIGHTSOBJECT_H
#define NNC_COMPILER_WEIGHTSOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <string>

namespace nnc {

/// Bytes at an offset of the weights section; what no chunk covers is zero.
struct WeightsChunk {
  uint64_t offset;
  llvm::ArrayRef<char> data;
};

/// From this size on, code may not address the section relative to itself (2 GB is what an x86-64 instruction
/// reaches, and code and other constants need room too): compiled code then takes the base from nncrt_run.weights
/// only, never from the symbol.
inline constexpr uint64_t largeWeightsBytes = uint64_t(1) << 30;

/// Writes the object to `path`, streaming the chunks. They are in order of offset and do not overlap.
llvm::Error writeWeightsObject(llvm::StringRef path, const llvm::Triple &triple, llvm::StringRef modelName,
                               uint64_t totalBytes, llvm::ArrayRef<WeightsChunk> chunks);

/// Writes an object for which a linker leaves as much room in its output, all zeros, without having read or written it.
llvm::Error writeWeightsPlaceholder(llvm::StringRef path, const llvm::Triple &triple, llvm::StringRef modelName,
                                    uint64_t totalBytes);

/// Where in a linked file the section's bytes are.
llvm::Expected<uint64_t> weightsOffset(llvm::StringRef path, llvm::StringRef modelName);

/// An error unless the chunks are in order, do not overlap and lie within the section.
llvm::Error checkChunks(uint64_t totalBytes, llvm::ArrayRef<WeightsChunk> chunks);

/// Writes the section's bytes from the stream's position on.
void writeChunks(llvm::raw_ostream &stream, uint64_t totalBytes, llvm::ArrayRef<WeightsChunk> chunks);

} // namespace nnc

#endif
