//===- ModelInfo.h - what a model tells the world ---------------------------===//
//
// The facts that end up in the public descriptor (nnc/nnc.h) and in the typed header.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_MODELINFO_H
#define NNC_COMPILER_MODELINFO_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nnc {

/// One input or output.
struct ValueInfo {
  std::string name;
  mlir::Type elementType;
  /// -1 where the size is known only at run time.
  llvm::SmallVector<int64_t> dims;
  /// As many as dims, or none at all; "" where a dim has no symbol.
  std::vector<std::string> symbols;
};

/// One group, as nnc_group_info says it.
struct GroupInfo {
  std::string nodes, op, kernel;
  /// -1: not known before the run.
  int64_t flops = -1, bytes = -1;
};

struct ModelInfo {
  /// A C identifier; `<name>_model` is the exported symbol.
  std::string name;
  std::vector<ValueInfo> inputs, outputs;
  /// The planned arena of one run.
  uint64_t scratchBytes = 0;
  /// What each thread works in.
  uint64_t workspaceBytes = 0;
  /// Size of the weights section; 0: the model has none.
  uint64_t weightBytes = 0;
  /// By the numbers that launches pass.
  std::vector<GroupInfo> groups;
};

} // namespace nnc

#endif
