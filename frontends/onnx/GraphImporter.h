//===- GraphImporter.h - graphs, scopes and calls -----------------------------===//
//
// Walks the nodes of the main graph, of subgraphs and of inlined local functions, in the order of the file, which
// ONNX demands to be topological. Names live in scopes: a subgraph sees the names around it, a function body only its
// own. Inlining a function is importing its nodes in a scope where its formal inputs name the caller's values, so no
// name ever has to be made unique.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_GRAPHIMPORTER_H
#define NNC_FRONTENDS_ONNX_GRAPHIMPORTER_H

#include "dialects/nn/ShapeAnalysis.h"
#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/Functions.h"
#include "frontends/onnx/Import.h"
#include "frontends/onnx/ModelFile.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Schema.h"
#include "frontends/onnx/TensorReader.h"
#include "mlir/IR/Builders.h"

namespace nnc::onnx {

/// What the nodes of one graph or function body share beside the names: operator set versions and, in a function,
/// the caller's attributes.
struct Frame {
  const OpsetMap &opsets;
  /// Put before the names of nodes in messages: "/encoder/call0/".
  std::string path;
  bool isFunction = false;
  llvm::StringMap<const ::onnx::AttributeProto *> attributes;
};

/// Names of one graph.
struct Scope {
  enum class State {
    Present,
    Absent,   ///< An optional input that the caller of a function left out.
    Poisoned, ///< The result of a node with an error (while collecting all errors).
  };
  struct Entry {
    mlir::Value value;
    State state = State::Present;
  };

  const Frame &frame;
  const Scope *parent = nullptr;
  llvm::StringMap<Entry> values;
  /// Data types that value_info declares.
  llvm::StringMap<int32_t> declaredTypes;

  const Entry *lookup(llvm::StringRef name) const;
};

/// A node's operator: imported by a registered function, or inlined, or neither for a reason.
struct ResolvedOp {
  const Registry::Entry *importer = nullptr;
  /// Null for local functions and for operators that the standard does not know.
  const schema::OpSchema *schema = nullptr;
  /// A local function, or the body that the standard gives the operator.
  const ::onnx::FunctionProto *function = nullptr;
  int64_t opset = 0;
  std::string problem;
};

class GraphImporter {
public:
  /// With `keepGoing`, nodes with errors are skipped, with all that depends on them, to collect further errors.
  GraphImporter(mlir::MLIRContext &context, const ModelFile &file, const FunctionTable &functions,
                const OpsetMap &opsets, DiagnosticCollector &diagnostics, const ImportOptions &options,
                bool keepGoing);

  /// Imports the model's graph as @main.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importModel();

  /// What imports a node, where these operator sets are in force.
  ResolvedOp resolve(const ::onnx::NodeProto &node, const OpsetMap &opsets) const;

  /// See NodeImporter::importSubgraph.
  llvm::LogicalResult importSubgraph(const ::onnx::GraphProto &graph, mlir::Location loc, Scope &outer,
                                     mlir::Region &region, llvm::ArrayRef<mlir::Type> argumentTypes,
                                     llvm::SmallVectorImpl<mlir::Value> &results);

  /// See NodeImporter::inlineSubgraph.
  llvm::LogicalResult inlineSubgraph(const ::onnx::GraphProto &graph, mlir::Location loc, Scope &outer,
                                     llvm::ArrayRef<mlir::Value> inputs,
                                     llvm::SmallVectorImpl<mlir::Value> &results);

  mlir::OpBuilder builder;
  nn::ShapeAnalysis shapes;
  TensorReader tensors;

private:
  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

  llvm::LogicalResult importInputs(const ::onnx::GraphProto &graph, mlir::func::FuncOp func, Scope &scope);
  llvm::LogicalResult importInitializers(const ::onnx::GraphProto &graph, Scope &scope);
  llvm::LogicalResult importOutputs(const ::onnx::GraphProto &graph, mlir::func::FuncOp func, Scope &scope);
  llvm::LogicalResult importNodes(const Nodes &nodes, Scope &scope);
  llvm::LogicalResult importNode(const ::onnx::NodeProto &node, const Nodes &nodes, Scope &scope);
  llvm::LogicalResult importCall(const ::onnx::NodeProto &node, const ::onnx::FunctionProto &function,
                                 llvm::ArrayRef<schema::NodeAttribute> attributes,
                                 llvm::ArrayRef<mlir::Value> inputs, Scope &scope, mlir::Location loc);
  llvm::LogicalResult resolveAttributes(const ::onnx::NodeProto &node, const Scope &scope, mlir::Location loc,
                                        llvm::SmallVectorImpl<schema::NodeAttribute> &attributes);
  llvm::LogicalResult define(llvm::StringRef name, Scope::Entry entry, Scope &scope, mlir::Location loc);
  llvm::LogicalResult undefinedInput(llvm::StringRef name, const Nodes &nodes, mlir::Location loc);
  /// The body that the standard gives an operator, if all of it can be imported.
  const ::onnx::FunctionProto *importableBody(const schema::OpSchema *schema) const;
  void poisonOutputs(const ::onnx::NodeProto &node, Scope &scope);
  mlir::Location locationOf(const ::onnx::NodeProto &node, const Frame &frame, const ResolvedOp &op);

  mlir::MLIRContext &context;
  const ModelFile &file;
  const FunctionTable &functions;
  const OpsetMap &opsets;
  DiagnosticCollector &diagnostics;
  const ImportOptions &options;
  bool keepGoing;
};

/// How messages call a node: its name, or its first output's.
llvm::StringRef displayName(const ::onnx::NodeProto &node);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_GRAPHIMPORTER_H
