//===- CodeGen.h - LLVM IR to a file in memory ------------------------------===//
//
// The optimization pipeline and code generation that the model's code (EmitObject) and the runtime (RuntimeObject)
// share.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_CODEGEN_H
#define NNC_COMPILER_CODEGEN_H

#include "compiler/EmitObject.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace nnc {

/// LLVM's code generation level for -O0 .. -O3.
llvm::CodeGenOptLevel codeGenLevel(unsigned optLevel);

/// Runs LLVM's passes for `optLevel`: its own pipeline at 0 and 3, those that kernels gain from at 1 and 2.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel);

/// Writes the module as `kind`.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitModule(llvm::Module &module, llvm::TargetMachine &machine,
                                                               EmitKind kind);

/// Fails when the object refers to a symbol that is neither the model's own (`<modelName>_...`) nor something that
/// the link provides. `what` names the code in the message.
llvm::Error checkUndefinedSymbols(const llvm::MemoryBuffer &object, llvm::StringRef modelName, llvm::StringRef what);

} // namespace nnc

#endif
