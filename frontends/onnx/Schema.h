//===- Schema.h - what ONNX says an operator looks like -----------------------===//
//
// The official schema of every operator at every version, taken from the `onnx` package when nnc is built. A node is
// checked against its schema before its importer sees it: arity, attributes and their types, element types. So the
// importers need no such checks.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_SCHEMA_H
#define NNC_FRONTENDS_ONNX_SCHEMA_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <onnx-ml.pb.h>

namespace nnc::onnx::schema {

/// A set of types: for tensors, sequences, optionals and optional sequences one bit per TensorProto.DataType.
struct TypeSet {
  uint32_t elements[4];
  bool hasOthers;
};

enum Option { Single, Optional, Variadic };

/// A formal input or output. Parameters with one `typeVariable` have one type.
struct Param {
  const char *name;
  const char *typeVariable;
  int typeSet;
  int option;
  bool isHomogeneous;
};

struct Attribute {
  const char *name;
  int type; // AttributeProto.AttributeType
  bool isRequired;
};

struct OpSchema {
  const char *domain;
  const char *name;
  int sinceVersion;
  bool isDeprecated;
  int minInputs, maxInputs, minOutputs, maxOutputs;
  int firstInput, numInputs, firstOutput, numOutputs, firstAttribute, numAttributes;

  llvm::ArrayRef<Param> inputs() const;
  llvm::ArrayRef<Param> outputs() const;
  llvm::ArrayRef<Attribute> attributes() const;
  const Attribute *attribute(llvm::StringRef name) const;
};

/// The schema of an operator as of `opset`, or null. The domain "ai.onnx" is "".
const OpSchema *find(llvm::StringRef domain, llvm::StringRef name, int64_t opset);

/// Whether the standard knows the operator at any version.
bool exists(llvm::StringRef domain, llvm::StringRef name);

/// Whether the standard defines the domain.
bool isStandardDomain(llvm::StringRef domain);

/// The newest version of the default domain's operator set, and of the file format.
int64_t newestOpset();
int64_t newestIrVersion();

/// An attribute of a node under its name there (in a function body it may come from the caller).
struct NodeAttribute {
  llvm::StringRef name;
  const ::onnx::AttributeProto *proto;
};

/// Checks a node without its types: numbers of inputs and outputs, attributes.
llvm::Error checkNode(const OpSchema &schema, const ::onnx::NodeProto &node,
                      llvm::ArrayRef<NodeAttribute> attributes);

/// Checks the types of a node's inputs; a null type is an input left out.
llvm::Error checkInputTypes(const OpSchema &schema, llvm::ArrayRef<mlir::Type> types);

} // namespace nnc::onnx::schema

#endif // NNC_FRONTENDS_ONNX_SCHEMA_H
