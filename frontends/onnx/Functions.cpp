//===- Functions.cpp - the local functions of a model -------------------------===//
#include "frontends/onnx/Functions.h"

#include "frontends/onnx/Diagnostics.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;

namespace nnc::onnx {
namespace {

/// Nodes that a model may have once its functions are inlined.
constexpr uint64_t maxInlinedNodes = 1000000;
constexpr unsigned maxCallDepth = 200;

using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;

/// One key per function; the names may hold any character but NUL in a sane file, and a clash only costs an error.
std::string keyOf(StringRef domain, StringRef name, StringRef overload) {
  return (normalizeDomain(domain) + Twine('\0') + name + Twine('\0') + overload).str();
}

/// Counts the nodes that a list of nodes becomes with every call inlined.
class InlinedSize {
public:
  explicit InlinedSize(const FunctionTable &table) : table(table) {}

  Expected<uint64_t> ofNodes(const Nodes &nodes, unsigned depth) {
    uint64_t total = 0;
    for (const NodeProto &node : nodes) {
      uint64_t size = 1;
      if (const FunctionProto *callee = table.find(node)) {
        Expected<uint64_t> body = ofFunction(callee, depth + 1);
        if (!body)
          return body.takeError();
        size = *body;
      }
      for (const ::onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          if (Error e = addGraph(attribute.g(), depth, size))
            return std::move(e);
        for (const GraphProto &graph : attribute.graphs())
          if (Error e = addGraph(graph, depth, size))
            return std::move(e);
      }
      total = SaturatingAdd(total, size);
    }
    return total;
  }

private:
  Error addGraph(const GraphProto &graph, unsigned depth, uint64_t &size) {
    Expected<uint64_t> nodes = ofNodes(graph.node(), depth);
    if (!nodes)
      return nodes.takeError();
    size = SaturatingAdd(size, *nodes);
    return Error::success();
  }

  Expected<uint64_t> ofFunction(const FunctionProto *function, unsigned depth) {
    if (depth > maxCallDepth)
      return makeError("functions call each other more than " + Twine(maxCallDepth) + " deep");
    auto [entry, isNew] = sizes.try_emplace(function, std::nullopt);
    if (!isNew) {
      if (entry->second)
        return *entry->second;
      return makeError("function '" + printable(function->name()) + "' calls itself");
    }
    Expected<uint64_t> size = ofNodes(function->node(), depth);
    if (size)
      sizes[function] = *size;
    return size;
  }

  const FunctionTable &table;
  /// Empty while the function is being counted.
  DenseMap<const FunctionProto *, std::optional<uint64_t>> sizes;
};

} // namespace

Expected<OpsetMap> readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports) {
  OpsetMap opsets;
  for (const ::onnx::OperatorSetIdProto &import : imports) {
    auto [entry, isNew] = opsets.try_emplace(normalizeDomain(import.domain()), import.version());
    if (!isNew && entry->second != import.version())
      return makeError("the domain '" + printable(import.domain()) + "' is imported at two versions");
  }
  return opsets;
}

Expected<FunctionTable> FunctionTable::create(const ModelProto &model) {
  FunctionTable table;
  for (const FunctionProto &function : model.functions()) {
    std::string key = keyOf(function.domain(), function.name(), function.overload());
    if (!table.functions.try_emplace(key, &function).second)
      return makeError("function '" + printable(function.name()) + "' is defined twice");
    Expected<OpsetMap> opsets = readOpsets(function.opset_import());
    if (!opsets)
      return opsets.takeError();
    table.opsetsOf[&function] = std::move(*opsets);
  }
  Expected<uint64_t> size = InlinedSize(table).ofNodes(model.graph().node(), 0);
  if (!size)
    return size.takeError();
  if (*size > maxInlinedNodes)
    return makeError("the model has over " + Twine(maxInlinedNodes) + " nodes once its functions are inlined");
  return table;
}

const FunctionProto *FunctionTable::find(const NodeProto &node) const {
  if (functions.empty())
    return nullptr;
  return functions.lookup(keyOf(node.domain(), node.op_type(), node.overload()));
}

} // namespace nnc::onnx
