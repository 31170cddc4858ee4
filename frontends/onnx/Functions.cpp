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
/// How deep calls and subgraphs may lie in each other: the importer recurses into them.
constexpr unsigned maxDepth = 250;

using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;

/// One key per function; the names may hold any character but NUL in a sane file, and a clash only costs an error.
std::string keyOf(StringRef domain, StringRef name, StringRef overload) {
  return (normalizeDomain(domain) + Twine('\0') + name + Twine('\0') + overload).str();
}

/// What a list of nodes becomes with every call inlined.
struct Extent {
  uint64_t nodes = 0;
  unsigned depth = 0;
};

class InlinedExtent {
public:
  explicit InlinedExtent(const FunctionTable &table) : table(table) {}

  /// `outerDepth` bounds the recursion of the count itself; the depth of a function that was counted before adds up.
  Expected<Extent> ofNodes(const Nodes &nodes, unsigned outerDepth) {
    if (outerDepth > maxDepth)
      return tooDeep();
    Extent total;
    auto add = [&](Expected<Extent> inner) -> Error {
      if (!inner)
        return inner.takeError();
      total.nodes = SaturatingAdd(total.nodes, inner->nodes);
      total.depth = std::max(total.depth, inner->depth + 1);
      return total.depth > maxDepth ? tooDeep() : Error::success();
    };
    for (const NodeProto &node : nodes) {
      total.nodes = SaturatingAdd<uint64_t>(total.nodes, 1);
      if (const FunctionProto *callee = table.find(node))
        if (Error e = add(ofFunction(callee, outerDepth + 1)))
          return std::move(e);
      for (const ::onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          if (Error e = add(ofNodes(attribute.g().node(), outerDepth + 1)))
            return std::move(e);
        for (const GraphProto &graph : attribute.graphs())
          if (Error e = add(ofNodes(graph.node(), outerDepth + 1)))
            return std::move(e);
      }
    }
    return total;
  }

private:
  static Error tooDeep() {
    return makeError("functions and subgraphs are nested more than " + Twine(maxDepth) + " deep");
  }

  Expected<Extent> ofFunction(const FunctionProto *function, unsigned outerDepth) {
    auto [entry, isNew] = extents.try_emplace(function, std::nullopt);
    if (!isNew) {
      if (entry->second)
        return *entry->second;
      return makeError("function '" + printable(function->name()) + "' calls itself");
    }
    Expected<Extent> extent = ofNodes(function->node(), outerDepth);
    if (extent)
      extents[function] = *extent;
    return extent;
  }

  const FunctionTable &table;
  /// Empty while the function is being counted.
  DenseMap<const FunctionProto *, std::optional<Extent>> extents;
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
  Expected<Extent> extent = InlinedExtent(table).ofNodes(model.graph().node(), 0);
  if (!extent)
    return extent.takeError();
  if (extent->nodes > maxInlinedNodes)
    return makeError("the model has over " + Twine(maxInlinedNodes) + " nodes once its functions are inlined");
  return table;
}

const OpsetMap &FunctionTable::opsets(const FunctionProto *function) const {
  auto [entry, isNew] = opsetsOf.try_emplace(function);
  if (isNew)
    entry->second = cantFail(readOpsets(function->opset_import()));
  return entry->second;
}

const FunctionProto *FunctionTable::find(const NodeProto &node) const {
  if (functions.empty())
    return nullptr;
  return functions.lookup(keyOf(node.domain(), node.op_type(), node.overload()));
}

} // namespace nnc::onnx
