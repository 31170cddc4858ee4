//===- EmitObject.h - LLVM dialect to object files --------------------------===//
//
// Turns a lowered model into machine code for one CPU level. The module uses names that are not the model's: they
// are given its prefix here, so that two models, or two levels of one, never meet in a link.
//
//   in the module      in the object                 what
//   __entry            <name>__entry_<suffix>        int32_t(nncrt_run *), the one function others call
//   __weights          <name>__weights               start of the weights section
//   nncrt_*            <name>__nncrt_*               the runtime (runtime/internal.h)
//   anything defined   <name>__<it>_<suffix>         local to the level, or to those that borrow it
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_EMITOBJECT_H
#define NNC_COMPILER_EMITOBJECT_H

#include "compiler/Target.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace nnc {

inline constexpr llvm::StringLiteral entrySymbol = "__entry";
inline constexpr llvm::StringLiteral weightsSymbol = "__weights";
inline constexpr llvm::StringLiteral runtimePrefix = "nncrt_";

enum class EmitKind { Object, Assembly, LLVMIR };

struct EmitOptions {
  /// 0 to 3.
  unsigned optLevel = 2;
  EmitKind kind = EmitKind::Object;
  std::string modelName;
  /// Functions of the module that are the lender's (CpuLevel): what they say here is not read.
  llvm::StringSet<> borrowed;
  /// Threads that compile; the output does not depend on it. 0: one per core.
  unsigned threads = 0;
};

using Buffers = std::vector<std::unique_ptr<llvm::MemoryBuffer>>;

/// Compiles a module of the LLVM dialect for one level of the target. Objects come as several files, made in
/// parallel; assembly and LLVM IR as one. Fails when the code needs a function that neither the model, nor the
/// runtime, nor the small part of libc that models may use has. Sets the module's triple and data layout: one call at
/// a time on one module.
llvm::Expected<Buffers> emitObject(mlir::ModuleOp module, const Target &target, const CpuLevel &level,
                                   const EmitOptions &options);

/// The symbol of a model's entry function for one CPU level.
std::string entryName(llvm::StringRef modelName, const CpuLevel &level);

/// "" when `name` can be the name of a model: a C identifier. Otherwise why not.
std::string checkModelName(llvm::StringRef name);

} // namespace nnc

#endif
