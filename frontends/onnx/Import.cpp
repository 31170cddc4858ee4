//===- Import.cpp - from an ONNX file to a module in the nn dialect -----------===//
#include "frontends/onnx/Import.h"

#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/GraphImporter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;

namespace nnc::onnx {
namespace {

constexpr int64_t oldestIrVersion = 3;

Error checkVersions(const ModelProto &model, const OpsetMap &opsets) {
  if (!model.has_ir_version() || model.ir_version() < oldestIrVersion ||
      model.ir_version() > schema::newestIrVersion())
    return makeError("unsupported IR version " + Twine(model.ir_version()) + "; versions " + Twine(oldestIrVersion) +
                     " to " + Twine(schema::newestIrVersion()) + " are supported");
  if (opsets.empty())
    return makeError("the model imports no operator set (opset_import is missing)");
  auto standard = opsets.find("");
  if (standard == opsets.end())
    return Error::success();
  int64_t opset = standard->second;
  // What importers do not know of opsets before 7 they refuse node by node: an attribute that is left is an error.
  if (opset < 1 || opset > schema::newestOpset())
    return makeError("unsupported opset " + Twine(opset) + "; opsets 1 to " + Twine(schema::newestOpset()) +
                     " are supported");
  return Error::success();
}

/// Nodes without an importer, with the reason, in the main graph, its subgraphs and the functions it calls.
class UnsupportedNodes {
public:
  UnsupportedNodes(const GraphImporter &importer, const FunctionTable &functions)
      : importer(importer), functions(functions) {}

  struct Node {
    std::string text, problem;
  };

  using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;
  void collect(const Nodes &nodes, const OpsetMap &opsets) {
    for (const NodeProto &node : nodes) {
      ResolvedOp op = importer.resolve(node, opsets);
      if (op.function && !op.schema) {
        if (visited.insert(op.function).second)
          collect(op.function->node(), functions.opsets(op.function));
      } else if (!op.problem.empty()) {
        std::string kind = node.op_type();
        if (op.opset)
          kind += ", " + (normalizeDomain(node.domain()).empty() ? "opset" : node.domain()) + " " +
                  std::to_string(op.opset);
        found.push_back({"node '" + printable(displayName(node)) + "' (" + printable(kind) + ")", op.problem});
      }
      for (const ::onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          collect(attribute.g().node(), opsets);
        for (const GraphProto &graph : attribute.graphs())
          collect(graph.node(), opsets);
      }
    }
  }

  std::vector<Node> found;

private:
  const GraphImporter &importer;
  const FunctionTable &functions;
  llvm::DenseSet<const ::onnx::FunctionProto *> visited;
};

/// Reports nodes without an importer: one line each, or all in one line.
void reportUnsupported(const std::vector<UnsupportedNodes::Node> &nodes, bool oneLineEach,
                       DiagnosticCollector &diagnostics) {
  if (oneLineEach || nodes.size() == 1) {
    for (const UnsupportedNodes::Node &node : nodes)
      diagnostics.error(node.text + ": " + node.problem);
  } else if (!nodes.empty()) {
    std::string names;
    for (const UnsupportedNodes::Node &node : nodes)
      names += (names.empty() ? "" : ", ") + node.text;
    diagnostics.error(Twine(nodes.size()) + " nodes have unsupported operators: " + names);
  }
}

/// Imports a model; with `all`, goes on after errors to report them all.
Expected<ImportedModel> importFile(StringRef path, MLIRContext &context, const ImportOptions &options, bool all) {
  DiagnosticCollector diagnostics(&context, path);
  auto fail = [&](Error error) {
    diagnostics.error(llvm::toString(std::move(error)));
    return diagnostics.takeError();
  };
  Expected<ModelFile> file = ModelFile::open(path);
  if (!file)
    return fail(file.takeError());
  const ModelProto &model = file->model();
  Expected<OpsetMap> opsets = readOpsets(model.opset_import());
  if (!opsets)
    return fail(opsets.takeError());
  if (Error error = checkVersions(model, *opsets))
    return fail(std::move(error));
  Expected<FunctionTable> functions = FunctionTable::create(model);
  if (!functions)
    return fail(functions.takeError());

  GraphImporter importer(context, *file, *functions, *opsets, diagnostics, options, all);
  UnsupportedNodes unsupported(importer, *functions);
  unsupported.collect(model.graph().node(), *opsets);
  reportUnsupported(unsupported.found, all, diagnostics);
  if (diagnostics.hasErrors() && !all)
    return diagnostics.takeError();

  Expected<OwningOpRef<ModuleOp>> module = importer.importModel();
  if (!module)
    return module.takeError();
  if (options.warn)
    diagnostics.emitWarnings(options.warn);
  else
    diagnostics.emitWarnings([](const std::string &line) { llvm::errs() << line << "\n"; });
  return ImportedModel{std::move(*module)};
}

} // namespace

Error ImportOptions::addDim(StringRef spec) {
  // Names may hold any character, so the last separator counts.
  size_t equals = spec.rfind('='), colon = spec.rfind(':');
  auto parse = [](StringRef text, int64_t &extent) { return !text.getAsInteger(10, extent) && extent >= 0; };
  if (equals != StringRef::npos && (colon == StringRef::npos || equals > colon)) {
    int64_t extent;
    if (!parse(spec.substr(equals + 1), extent))
      return makeError("'" + spec + "': '" + spec.substr(equals + 1) + "' is not an extent");
    dims[spec.take_front(equals)] = extent;
    return Error::success();
  }
  if (colon == StringRef::npos)
    return makeError("'" + spec + "' is neither name=extent nor name:1x3x224x224");
  SmallVector<int64_t> shape;
  SmallVector<StringRef> parts;
  spec.substr(colon + 1).split(parts, 'x');
  // `name:` alone is a scalar.
  if (parts.size() == 1 && parts[0].empty())
    parts.clear();
  for (StringRef part : parts)
    if (!parse(part, shape.emplace_back()))
      return makeError("'" + spec + "': '" + part + "' is not an extent");
  shapes[spec.take_front(colon)] = shape;
  return Error::success();
}

Expected<ImportedModel> importOnnx(StringRef path, MLIRContext &context, const ImportOptions &options) {
  return importFile(path, context, options, /*all=*/false);
}

Error checkOnnx(StringRef path, MLIRContext &context, const ImportOptions &options) {
  return importFile(path, context, options, /*all=*/true).takeError();
}

} // namespace nnc::onnx
