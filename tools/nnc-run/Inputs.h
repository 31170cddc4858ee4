//===- Inputs.h - Where nnc-run's tensors come from -------------------------------------------------------------===//
#ifndef NNC_TOOLS_NNCRUN_INPUTS_H
#define NNC_TOOLS_NNCRUN_INPUTS_H

#include "tools/nnc-run/Model.h"
#include "tools/nnc-run/Options.h"

namespace nnc::run {

/// Reads one tensor for each of `values` from an .npz by name, from .npy files by order, or from a folder with
/// `<prefix>_<j>.pb`; each takes its value's element type where the file format could not name it. `kind` is what
/// errors call a value: "input" or "output".
llvm::Expected<std::vector<io::Tensor>> readTensors(llvm::ArrayRef<std::string> paths, llvm::ArrayRef<Value> values,
                                                    llvm::StringRef kind);

/// Draws the model's inputs: floats in [-1, 1), small non-negative integers, booleans. The same seed and sizes give
/// the same numbers on every machine.
llvm::Expected<std::vector<io::Tensor>> makeRandomTensors(llvm::ArrayRef<Value> values, const Options &options);

} // namespace nnc::run

#endif
