//===- Compiler.h - the library behind every tool -----------------------------===//
#ifndef NNC_COMPILER_COMPILER_H
#define NNC_COMPILER_COMPILER_H

#include "compiler/CompileOptions.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/Error.h"

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace nnc {

/// Everything that nnc's IR is made of, with the conversions to LLVM.
void registerDialects(mlir::DialectRegistry &registry);

/// Compiles one model. The message of an error is one or more complete lines, `model.onnx: error: ...`. An output file
/// appears complete, or not at all.
llvm::Error compile(const CompileOptions &options);

/// Lists everything in the model that nnc does not support, one line each.
llvm::Error checkModel(const CompileOptions &options);

/// The name of a model from its file: the stem made a C identifier.
std::string modelNameFromPath(llvm::StringRef path);

} // namespace nnc

#endif
