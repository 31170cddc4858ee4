//===- Weights.h - the bytes of constants -------------------------------------===//
#ifndef NNC_COMPILER_WEIGHTS_H
#define NNC_COMPILER_WEIGHTS_H

#include "compiler/WeightsObject.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include <deque>
#include <string>

namespace nnc {

/// The weights section of a module that has been through the memory stage. Resources are referred to where they lie;
/// what has another form in memory (splats, packed bools) is kept here.
struct WeightsSection {
  std::vector<WeightsChunk> chunks;
  uint64_t bytes = 0;
  std::deque<std::string> expanded;
};

/// Collects the section from the attributes that nn-plan-memory left.
llvm::Expected<WeightsSection> collectWeights(mlir::ModuleOp module);

/// Gives back the memory of all resources of the context, whose bytes nobody will read again: they are in a file by
/// now, which linking maps together with what it writes.
void releaseResources(mlir::MLIRContext &context);

/// The elements as they lie in a tensor's memory (see passes/lower/ElementTypes.h), referring to `attr`'s own storage
/// where that has the form, else to a new string in `storage`.
llvm::ArrayRef<char> elementBytesOf(mlir::ElementsAttr attr, std::deque<std::string> &storage);

} // namespace nnc

#endif
