//===- GraphImporter.cpp - graphs, scopes and calls ---------------------------===//
#include "frontends/onnx/GraphImporter.h"

#include "frontends/onnx/ElementTypes.h"
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/StandardFunctions.h"

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

namespace nnc::onnx {

StringRef displayName(const NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "";
}

const Scope::Entry *Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (auto entry = scope->values.find(name); entry != scope->values.end())
      return &entry->second;
  return nullptr;
}

GraphImporter::GraphImporter(MLIRContext &context, const ModelFile &file, const FunctionTable &functions,
                             const OpsetMap &opsets, DiagnosticCollector &diagnostics, const ImportOptions &options,
                             bool keepGoing)
    : builder(&context), shapes(&context), tensors(&context, file), context(context), file(file),
      functions(functions), opsets(opsets), diagnostics(diagnostics), options(options), keepGoing(keepGoing) {}

const FunctionProto *GraphImporter::importableBody(const schema::OpSchema *schema) const {
  const FunctionProto *body = schema ? standardFunction(*schema) : nullptr;
  if (!body)
    return nullptr;
  const OpsetMap &opsets = functions.opsets(body);
  std::function<bool(const Nodes &)> isImportable = [&](const Nodes &nodes) {
    return llvm::all_of(nodes, [&](const NodeProto &node) {
      return resolve(node, opsets).problem.empty() && llvm::all_of(node.attribute(), [&](const AttributeProto &attr) {
               return !attr.has_g() || isImportable(attr.g().node());
             });
    });
  };
  return isImportable(body->node()) ? body : nullptr;
}

ResolvedOp GraphImporter::resolve(const NodeProto &node, const OpsetMap &opsets) const {
  ResolvedOp op;
  StringRef domain = normalizeDomain(node.domain());
  auto version = opsets.find(domain);
  if (version != opsets.end())
    op.opset = version->second;
  if ((op.function = functions.find(node)))
    return op;
  std::string domainText = domain.empty() ? "ai.onnx" : printable(domain);
  if (version == opsets.end()) {
    op.problem = "unsupported operator: the domain '" + domainText + "' is not imported";
    return op;
  }
  op.schema = schema::find(domain, node.op_type(), op.opset);
  op.importer = Registry::get().find(domain, node.op_type(), op.opset);
  // Operators that the standard has dropped altogether (ImageScaler) have no schema, but may have an importer.
  bool isForeign = !schema::isStandardDomain(domain) || (op.importer && !schema::exists(domain, node.op_type()));
  if (!isForeign && !op.schema)
    op.problem = "unsupported operator: " + domainText + " has none of this name at opset " +
                 std::to_string(op.opset);
  else if (op.schema && op.schema->isDeprecated)
    op.problem = "unsupported operator: " + domainText + " has dropped it since opset " +
                 std::to_string(op.schema->sinceVersion);
  else if (!op.importer && !(op.function = importableBody(op.schema)))
    op.problem = domain.empty() ? "unsupported operator" : "unsupported operator of the domain '" + domainText + "'";
  return op;
}

Location GraphImporter::locationOf(const NodeProto &node, const Frame &frame, const ResolvedOp &op) {
  std::string description = node.op_type() + ", opset " + std::to_string(op.opset);
  if (op.function && !op.schema)
    description = node.op_type() + ", a local function";
  else if (!normalizeDomain(node.domain()).empty())
    description = node.op_type() + ", " + node.domain() + " " + std::to_string(op.opset);
  return nodeLocation(&context, frame.path + displayName(node).str(), description);
}

LogicalResult GraphImporter::define(StringRef name, Scope::Entry entry, Scope &scope, Location loc) {
  auto [existing, isNew] = scope.values.try_emplace(name, entry);
  if (!isNew)
    return emitError(loc) << "the value '" << printable(name) << "' is defined twice";
  auto declared = scope.declaredTypes.find(name);
  if (declared == scope.declaredTypes.end() || !entry.value)
    return success();
  auto tensor = dyn_cast<TensorType>(entry.value.getType());
  if (tensor && dataTypeOf(tensor.getElementType()) != declared->second)
    return emitError(loc) << "the value '" << printable(name) << "' is declared as "
                          << dataTypeName(declared->second) << ", it is "
                          << dataTypeName(dataTypeOf(tensor.getElementType()));
  return success();
}

LogicalResult GraphImporter::undefinedInput(StringRef name, const Nodes &nodes, Location loc) {
  for (const NodeProto &node : nodes)
    if (llvm::is_contained(node.output(), name))
      return emitError(loc) << "input '" << printable(name) << "' is computed only later, by node '"
                            << printable(displayName(node))
                            << "': the graph has a cycle or is not sorted topologically";
  return emitError(loc) << "input '" << printable(name) << "' is not defined";
}

void GraphImporter::poisonOutputs(const NodeProto &node, Scope &scope) {
  for (const std::string &output : node.output())
    if (!output.empty())
      scope.values.try_emplace(output, Scope::Entry{Value(), Scope::State::Poisoned});
}

LogicalResult GraphImporter::resolveAttributes(const NodeProto &node, const Scope &scope, Location loc,
                                               SmallVectorImpl<schema::NodeAttribute> &attributes) {
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      attributes.push_back({attribute.name(), &attribute});
      continue;
    }
    if (!scope.frame.isFunction)
      return emitError(loc) << "attribute '" << printable(attribute.name())
                            << "' refers to a function's attribute outside of a function";
    // An attribute that the caller left out and that has no default is left out here, too.
    if (const AttributeProto *bound = scope.frame.attributes.lookup(attribute.ref_attr_name())) {
      if (bound->has_g() || bound->graphs_size())
        return emitError(loc) << "unsupported: a graph as the attribute of a local function";
      attributes.push_back({attribute.name(), bound});
    }
  }
  return success();
}

LogicalResult GraphImporter::importNodes(const Nodes &nodes, Scope &scope) {
  bool allFine = true;
  for (const NodeProto &node : nodes) {
    if (succeeded(importNode(node, nodes, scope)))
      continue;
    if (!keepGoing)
      return failure();
    allFine = false;
    poisonOutputs(node, scope);
  }
  return success(allFine);
}

LogicalResult GraphImporter::importNode(const NodeProto &node, const Nodes &nodes, Scope &scope) {
  ResolvedOp op = resolve(node, scope.frame.opsets);
  Location loc = locationOf(node, scope.frame, op);
  // Unsupported operators were all reported before the first node was imported.
  if (!op.problem.empty())
    return failure();

  SmallVector<schema::NodeAttribute> attributes;
  if (failed(resolveAttributes(node, scope, loc, attributes)))
    return failure();
  if (op.schema)
    if (llvm::Error e = schema::checkNode(*op.schema, node, attributes))
      return emitError(loc) << llvm::toString(std::move(e));

  SmallVector<Value> inputs;
  SmallVector<Type> types;
  for (const std::string &name : node.input()) {
    const Scope::Entry *entry = name.empty() ? nullptr : scope.lookup(name);
    if (!name.empty() && !entry)
      return undefinedInput(name, nodes, loc);
    if (entry && entry->state == Scope::State::Poisoned)
      return failure();
    inputs.push_back(entry ? entry->value : Value());
    types.push_back(inputs.back() ? inputs.back().getType() : Type());
  }
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  if (op.schema)
    if (llvm::Error e = schema::checkInputTypes(*op.schema, types))
      return emitError(loc) << llvm::toString(std::move(e));
  if (op.function)
    return importCall(node, *op.function, attributes, inputs, scope, loc);

  for (auto [i, type] : llvm::enumerate(types))
    if (isa_and_nonnull<TupleType>(type) && !op.importer->takesSequences)
      return emitError(loc) << "unsupported: input " << i << " is a sequence";

  NodeImporter importer(*this, scope, node, nodes, loc, op.opset, attributes, inputs);
  if (failed(op.importer->fn(importer)) || failed(importer.finish()))
    return failure();
  for (auto [i, name] : llvm::enumerate(node.output()))
    if (!name.empty() && failed(define(name, {importer.output(i)}, scope, loc)))
      return failure();
  return success();
}

LogicalResult GraphImporter::importCall(const NodeProto &node, const FunctionProto &function,
                                        ArrayRef<schema::NodeAttribute> attributes, ArrayRef<Value> inputs,
                                        Scope &scope, Location loc) {
  if (static_cast<int>(inputs.size()) > function.input_size() || node.output_size() > function.output_size())
    return emitError(loc) << "the function takes " << function.input_size() << " inputs and gives "
                          << function.output_size() << " outputs, the node has " << inputs.size() << " and "
                          << node.output_size();
  Frame frame{functions.opsets(&function), scope.frame.path + displayName(node).str() + "/", /*isFunction=*/true, {}};
  for (const AttributeProto &attribute : function.attribute_proto())
    frame.attributes[attribute.name()] = &attribute;
  for (const schema::NodeAttribute &attribute : attributes) {
    if (!llvm::is_contained(function.attribute(), attribute.name) && !frame.attributes.contains(attribute.name))
      return emitError(loc) << "unexpected attribute '" << printable(attribute.name) << "'";
    frame.attributes[attribute.name] = attribute.proto;
  }

  Scope body{frame, /*parent=*/nullptr, {}, {}};
  for (auto [i, name] : llvm::enumerate(function.input())) {
    Value value = i < inputs.size() ? inputs[i] : Value();
    if (failed(define(name, {value, value ? Scope::State::Present : Scope::State::Absent}, body, loc)))
      return failure();
  }
  if (failed(importNodes(function.node(), body)))
    return failure();
  for (auto [i, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    const Scope::Entry *entry = body.lookup(function.output(i));
    if (!entry || !entry->value)
      return emitError(loc) << "the function's output '" << printable(function.output(i)) << "' is never computed";
    if (failed(define(name, *entry, scope, loc)))
      return failure();
  }
  return success();
}

LogicalResult GraphImporter::importSubgraph(const GraphProto &graph, Location loc, Scope &outer, Region &region,
                                            ArrayRef<Type> argumentTypes, SmallVectorImpl<Value> &results) {
  Block *block = builder.createBlock(&region);
  SmallVector<Value> arguments;
  for (auto [i, type] : llvm::enumerate(argumentTypes)) {
    std::string name = static_cast<int>(i) < graph.input_size() ? graph.input(i).name() : "";
    arguments.push_back(block->addArgument(type, thingLocation(&context, "input '" + name + "'")));
    shapes.setSymbols(arguments.back(), {});
  }
  if (failed(inlineSubgraph(graph, loc, outer, arguments, results)))
    return failure();
  for (auto [output, result] : llvm::zip(graph.output(), results))
    if (isa<TupleType>(result.getType()))
      return emitError(loc) << "unsupported: the subgraph's output '" << printable(output.name()) << "' is a sequence";
  return success();
}

LogicalResult GraphImporter::inlineSubgraph(const GraphProto &graph, Location loc, Scope &outer, ArrayRef<Value> inputs,
                                            SmallVectorImpl<Value> &results) {
  if (graph.input_size() != static_cast<int>(inputs.size()))
    return emitError(loc) << "the subgraph '" << printable(graph.name()) << "' takes " << graph.input_size()
                          << " inputs, it is given " << inputs.size();
  Scope scope{outer.frame, &outer, {}, {}};
  for (auto [input, value] : llvm::zip(graph.input(), inputs))
    if (failed(define(input.name(), {value}, scope, loc)))
      return failure();
  if (failed(importInitializers(graph, scope)) || failed(importNodes(graph.node(), scope)))
    return failure();
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    const Scope::Entry *entry = scope.lookup(output.name());
    if (!entry)
      return emitError(loc) << "the subgraph's output '" << printable(output.name()) << "' is never computed";
    if (!entry->value)
      return failure();
    results.push_back(entry->value);
  }
  return success();
}

LogicalResult GraphImporter::importInitializers(const GraphProto &graph, Scope &scope) {
  auto add = [&](StringRef name, llvm::Expected<ElementsAttr> value) -> LogicalResult {
    Location loc = thingLocation(&context, "initializer '" + name + "'");
    if (!value)
      return emitError(loc) << llvm::toString(value.takeError());
    auto op = nn::ConstantOp::create(builder, loc, value->getType(), *value);
    if (failed(shapes.infer(op)))
      return failure();
    return define(name, {op}, scope, loc);
  };
  bool allFine = true;
  auto addAll = [&](const auto &list, auto nameOf) {
    for (const auto &tensor : list) {
      if (succeeded(add(nameOf(tensor), tensors.read(tensor, nameOf(tensor)))))
        continue;
      allFine = false;
      if (!keepGoing)
        return;
      scope.values.try_emplace(nameOf(tensor), Scope::Entry{Value(), Scope::State::Poisoned});
    }
  };
  addAll(graph.initializer(), [](const ::onnx::TensorProto &tensor) { return StringRef(tensor.name()); });
  if (allFine || keepGoing)
    addAll(graph.sparse_initializer(),
           [](const ::onnx::SparseTensorProto &tensor) { return StringRef(tensor.values().name()); });
  return success(allFine);
}

} // namespace nnc::onnx
