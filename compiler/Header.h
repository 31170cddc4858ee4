//===- Header.h - a typed C header for one model ----------------------------===//
#ifndef NNC_COMPILER_HEADER_H
#define NNC_COMPILER_HEADER_H

#include "compiler/ModelInfo.h"

#include "llvm/Support/Error.h"

namespace nnc {

/// The text of `<name>.h`: the declaration of the model and `<name>_run`, which takes plain pointers in place of
/// tensors. Dims that are only known at run time are arguments, one for each symbol. Outputs whose shape the inputs
/// do not decide cannot be plain pointers: they stay DLTensors, which the context fills in.
llvm::Expected<std::string> modelHeader(const ModelInfo &info);

} // namespace nnc

#endif
