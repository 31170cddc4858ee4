//===- Functions.h - the local functions of a model ---------------------------===//
#ifndef NNC_FRONTENDS_ONNX_FUNCTIONS_H
#define NNC_FRONTENDS_ONNX_FUNCTIONS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <map>
#include <onnx-ml.pb.h>

namespace nnc::onnx {

/// The operator set versions in force, by domain ("" for "ai.onnx").
using OpsetMap = llvm::StringMap<int64_t>;

/// "ai.onnx" and "" name one domain.
inline llvm::StringRef normalizeDomain(llvm::StringRef domain) { return domain == "ai.onnx" ? "" : domain; }

/// Reads opset_import of a model or a function; a domain twice with different versions is an error.
llvm::Expected<OpsetMap> readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports);

/// The local functions of a model. They are inlined at each call, so a table is only made for functions that do not
/// call themselves and whose calls do not explode.
class FunctionTable {
public:
  static llvm::Expected<FunctionTable> create(const ::onnx::ModelProto &model);

  /// The function that a node calls, or null.
  const ::onnx::FunctionProto *find(const ::onnx::NodeProto &node) const;

  /// The operator sets that a function, local or of the standard, imports.
  const OpsetMap &opsets(const ::onnx::FunctionProto *function) const;

private:
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  /// Filled on demand for functions of the standard.
  mutable std::map<const ::onnx::FunctionProto *, OpsetMap> opsetsOf;
};

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_FUNCTIONS_H
