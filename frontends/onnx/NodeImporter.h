//===- NodeImporter.h - what the importer of an operator sees -----------------===//
//
// How to import an operator
// -------------------------
// An importer is a function of a NodeImporter, registered under the operator's name in a file of ops/:
//
//     static LogicalResult importLeakyRelu(NodeImporter &node) {
//       double alpha = node.floatAttr("alpha", 0.01);
//       node.setOutput(0, node.create<nn::UnaryOp>(node.elementType(0), UnaryKind::leaky_relu, node.input(0),
//                                                  node.f64(alpha), FloatAttr()));
//       return node.status();
//     }
//     void registerElementwiseImporters(Registry &registry) { registry.add("LeakyRelu", importLeakyRelu); }
//
// Before it runs, the node was checked against ONNX's schema of its version (Schema.h): the number of inputs and
// outputs, the names and types of its attributes, the element types of its inputs. After it, the importer core checks
// that every attribute was read (or passed to ignoreAttr()) and that every output the graph uses was set: what an
// importer does not know of is an error, never silently dropped.
//
// `create<Op>` takes the element type of the result, builds the op with an unknown shape, infers the shape and
// verifies the op; errors come out at this node. Errors stick: after the first, `status()` is failure and the values
// keep an unknown shape, so importers run straight through and look at `status()` at the end. `shapeOf`, `rankOf`
// give an empty shape and 0 for such values. Check status() before a loop over data that an error could distort.
//
// Differences between opsets: ask `opset()`, the version of the node's domain that the model imports.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_NODEIMPORTER_H
#define NNC_FRONTENDS_ONNX_NODEIMPORTER_H

#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "frontends/onnx/Schema.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"
#include <onnx-ml.pb.h>

namespace nnc::onnx {

class GraphImporter;
struct Scope;

class NodeImporter {
public:
  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

  /// `siblings` are the nodes of the graph that the node is part of.
  NodeImporter(GraphImporter &graph, Scope &scope, const ::onnx::NodeProto &proto, const Nodes &siblings,
               mlir::Location loc, int64_t opset,
               llvm::ArrayRef<schema::NodeAttribute> attributes, llvm::ArrayRef<mlir::Value> inputs);

  // The node.
  llvm::StringRef opType() const { return proto.op_type(); }
  int64_t opset() const { return opsetVersion; }
  mlir::Location getLoc() const { return loc; }
  mlir::OpBuilder &builder();
  mlir::MLIRContext *getContext();

  // Inputs. Those left out, in the middle or at the end, are null.
  unsigned numInputs() const { return inputs.size(); }
  mlir::Value input(unsigned i) const { return i < inputs.size() ? inputs[i] : mlir::Value(); }
  bool hasInput(unsigned i) const { return input(i) != nullptr; }
  llvm::ArrayRef<mlir::Value> allInputs() const { return inputs; }
  /// The element type of a present input.
  mlir::Type elementType(unsigned i) const { return elementTypeOf(input(i)); }

  /// For operators without a schema (other domains): checks that there are `min` to `max` inputs, none left out before
  /// `min`, and that those present are floats of one type.
  llvm::LogicalResult requireFloatInputs(unsigned min, unsigned max);

  // Values.
  static mlir::Type elementTypeOf(mlir::Value value);
  static llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
  static int64_t rankOf(mlir::Value value) { return shapeOf(value).size(); }
  /// The attribute of a value that is a constant, else null.
  static mlir::ElementsAttr constantOf(mlir::Value value);
  /// The elements of a small integer tensor when all are known (constants, and arithmetic on static shapes).
  std::optional<llvm::SmallVector<int64_t>> integersOf(mlir::Value value);
  std::optional<llvm::SmallVector<int64_t>> constantInts(unsigned i);
  /// The one element of such a tensor that has no other.
  std::optional<int64_t> integerOf(mlir::Value value);
  /// Whether the one element of an integer tensor certainly is extent `axis` of `x`.
  bool isExtentOf(mlir::Value scalar, mlir::Value x, int64_t axis);
  /// The one element of a constant scalar (or one-element tensor) of any float or integer type.
  static std::optional<double> scalarOf(mlir::Value value);
  /// An axis made non-negative; an error unless -rank <= axis < rank.
  int64_t normalizeAxis(int64_t axis, int64_t rank);

  // Attributes. Types were checked by the schema; for domains without one a wrong type is an error here.
  bool hasAttr(llvm::StringRef name);
  int64_t intAttr(llvm::StringRef name, int64_t defaultValue);
  double floatAttr(llvm::StringRef name, double defaultValue);
  std::string stringAttr(llvm::StringRef name, llvm::StringRef defaultValue);
  llvm::SmallVector<int64_t> intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> defaultValue = {});
  llvm::SmallVector<float> floatsAttr(llvm::StringRef name);
  llvm::SmallVector<std::string> stringsAttr(llvm::StringRef name);
  mlir::ElementsAttr tensorAttr(llvm::StringRef name);
  const ::onnx::GraphProto *graphAttr(llvm::StringRef name);
  /// Reads an attribute of type TensorProto.DataType (`to`, `dtype`); an error for types nnc lacks.
  mlir::Type typeAttr(llvm::StringRef name, mlir::Type defaultValue);
  /// The element type of a TensorProto.DataType, or null.
  mlir::Type dataType(int32_t number);
  /// Declares that an attribute changes nothing here.
  void ignoreAttr(llvm::StringRef name) { readAttrs.insert(name); }

  // Results.
  /// Builds an op with one result of this element type and inferred shape.
  template <typename OpT, typename... Args>
  mlir::Value create(mlir::Type elementType, Args &&...args) {
    auto op = OpT::create(builder(), loc, mlir::UnrankedTensorType::get(elementType), std::forward<Args>(args)...);
    complete(op);
    return op->getResult(0);
  }
  /// Builds an op with several results.
  template <typename OpT, typename... Args>
  mlir::ResultRange createMany(llvm::ArrayRef<mlir::Type> elementTypes, Args &&...args) {
    llvm::SmallVector<mlir::Type> types;
    for (mlir::Type type : elementTypes)
      types.push_back(mlir::UnrankedTensorType::get(type));
    auto op = OpT::create(builder(), loc, mlir::TypeRange(types), std::forward<Args>(args)...);
    complete(op);
    return op->getResults();
  }
  /// Infers the shapes of an op built by hand (one with regions) and verifies it.
  void complete(mlir::Operation *op);

  mlir::Value constant(mlir::ElementsAttr value);
  /// A 1-D constant of i64.
  mlir::Value intsConstant(llvm::ArrayRef<int64_t> values);
  /// A scalar constant of a float or integer type.
  mlir::Value scalarConstant(mlir::Type elementType, double value);
  mlir::Value intScalarConstant(mlir::Type elementType, int64_t value);
  mlir::Value castTo(mlir::Value value, mlir::Type elementType);
  mlir::FloatAttr f64(double value) { return builder().getF64FloatAttr(value); }

  unsigned numOutputs() const { return proto.output_size(); }
  /// Whether the graph names output `i`.
  bool hasOutput(unsigned i) const;
  /// The least rank that output `i` needs for the nodes that read its shape.
  int64_t leastRankOfOutput(unsigned i) const;
  void setOutput(unsigned i, mlir::Value value);

  // Subgraphs (If, Loop, Scan).
  /// Imports a graph attribute into the empty `region`. Its inputs become block arguments of these types, with these
  /// symbolic dims; `results` are its outputs, for the caller to yield at the builder's insertion point, which is left
  /// at the end of the region's block. Call inside an OpBuilder::InsertionGuard.
  llvm::LogicalResult importSubgraph(const ::onnx::GraphProto &graph, mlir::Region &region,
                                     llvm::ArrayRef<mlir::Type> argumentTypes,
                                     llvm::SmallVectorImpl<mlir::Value> &results);

  /// Imports a graph attribute where the builder stands, with these values as its inputs.
  llvm::LogicalResult inlineSubgraph(const ::onnx::GraphProto &graph, llvm::ArrayRef<mlir::Value> inputs,
                                     llvm::SmallVectorImpl<mlir::Value> &results);

  // Errors.
  /// Reports an error at this node.
  llvm::LogicalResult error(const llvm::Twine &message);
  void warning(const llvm::Twine &message);
  /// Failure once an error was reported.
  llvm::LogicalResult status() const { return llvm::failure(failed); }

  /// Checks that nothing of the node was overlooked; called by the core.
  llvm::LogicalResult finish();
  mlir::Value output(unsigned i) const { return outputs[i]; }

private:
  const ::onnx::AttributeProto *attribute(llvm::StringRef name, ::onnx::AttributeProto::AttributeType type);

  GraphImporter &graph;
  Scope &scope;
  const ::onnx::NodeProto &proto;
  const Nodes &siblings;
  mlir::Location loc;
  int64_t opsetVersion;
  llvm::SmallVector<schema::NodeAttribute> attributes;
  llvm::SmallVector<mlir::Value> inputs, outputs;
  llvm::StringSet<> readAttrs;
  bool failed = false;
};

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_NODEIMPORTER_H
