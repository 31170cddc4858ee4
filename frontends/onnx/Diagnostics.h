//===- Diagnostics.h - errors as one line that names the node -----------------===//
//
// Everything the frontend reports reads `model.onnx: error: node '/layer3/Conv' (Conv, opset 11): message`. The place
// travels as the MLIR location of the ops, so that verifiers, shape inference and every later pass report it too.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_DIAGNOSTICS_H
#define NNC_FRONTENDS_ONNX_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace nnc::onnx {

/// The location of a node: printed `node 'name' (Conv, opset 11)`. A node without a name is known by its first output.
mlir::Location nodeLocation(mlir::MLIRContext *context, llvm::StringRef name, llvm::StringRef description);

/// The location of anything else, printed as is: `initializer 'W'`.
mlir::Location thingLocation(mlir::MLIRContext *context, const llvm::Twine &thing);

/// What a location stands for in a message, or nothing for a location that no ONNX file gave.
std::string describeLocation(mlir::Location location);

/// One line `place: message` from a diagnostic: the op prefix of verifiers is taken off, control characters are
/// escaped, and quoted names as long as a page are cut in their middle.
std::string formatDiagnostic(mlir::Diagnostic &diagnostic);

/// `text` made fit for one line of a message: escaped and, beyond `limit` bytes, cut in the middle.
std::string printable(llvm::StringRef text, size_t limit = 200);

/// An error with this message.
llvm::Error makeError(const llvm::Twine &message);

/// Turns the diagnostics of a scope into lines about one file.
class DiagnosticCollector {
public:
  using Sink = std::function<void(const std::string &line)>;

  /// `file` is the path as the user wrote it.
  DiagnosticCollector(mlir::MLIRContext *context, llvm::StringRef file);

  /// Adds an error that is no MLIR diagnostic.
  void error(const llvm::Twine &message);
  void warning(const llvm::Twine &message);

  bool hasErrors() const { return !errors.empty(); }
  /// The errors as one llvm::Error whose message is a complete line for each.
  llvm::Error takeError();
  /// The first error alone: what follows it often follows from it.
  llvm::Error takeFirstError();
  /// Hands the warnings out. They are kept until a model is accepted: beside an error they would only distract.
  void emitWarnings(const Sink &sink);

private:
  std::string file;
  llvm::SmallVector<std::string> errors, warnings;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_DIAGNOSTICS_H
