//===- Npy.h - numpy's .npy format ------------------------------------------------------------------------------===//
//
// The format without its container, for .npy files and for the members of an .npz.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_TOOLS_TENSORIO_NPY_H
#define NNC_TOOLS_TENSORIO_NPY_H

#include "tools/tensorio/Tensor.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace nnc::io {

/// Fills `size` bytes at `data` with the next ones of the stream; an error where it ends before.
using ReadBytes = llvm::function_ref<llvm::Error(char *data, size_t size)>;

/// Reads one .npy stream of `size` bytes in all.
llvm::Expected<Tensor> parseNpy(uint64_t size, ReadBytes read);

/// The header that goes before the bytes of such a tensor.
std::string makeNpyHeader(Element type, llvm::ArrayRef<int64_t> shape);

} // namespace nnc::io

#endif
