//===- Import.h - from an ONNX file to a module in the nn dialect -------------===//
//
// The frontend's door. A model becomes one function
//
//     func.func @main(%x: tensor<?x3xf32> {nn.name = "x", nn.dims = ["N", ""]})
//         -> (tensor<?x10xf32> {nn.name = "y", nn.dims = ["N", ""]})
//
// whose arguments are the graph's inputs without an initializer. `nn.dims` names symbolic dims as the file does.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_IMPORT_H
#define NNC_FRONTENDS_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace nnc::onnx {

struct ImportOptions {
  /// Extents for symbolic dims, by their name in the file.
  llvm::StringMap<int64_t> dims;
  /// Whole shapes for inputs, by input name.
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
  /// Takes each warning, a complete line; the default prints to stderr.
  std::function<void(const std::string &line)> warn;

  /// Adds what a user wrote after `--dim`: `batch=1` or `image:1x3x224x224`.
  llvm::Error addDim(llvm::StringRef spec);
};

struct ImportedModel {
  /// The module. Its weights point into mapped files, which the resources in its context keep alive.
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Imports a model. The message of an error is one or more complete lines, `model.onnx: error: ...`. The context must
/// have the nn and func dialects loaded.
llvm::Expected<ImportedModel> importOnnx(llvm::StringRef path, mlir::MLIRContext &context,
                                         const ImportOptions &options);

/// Finds everything in a model that nnc cannot import, one line each, instead of stopping at the first.
llvm::Error checkOnnx(llvm::StringRef path, mlir::MLIRContext &context, const ImportOptions &options);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_IMPORT_H
