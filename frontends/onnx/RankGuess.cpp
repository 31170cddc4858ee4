//===- RankGuess.cpp - the rank of inputs that do not declare one -------------===//
#include "frontends/onnx/RankGuess.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

namespace nnc::onnx {
namespace {

enum class Use {
  Other,
  SameRank,  ///< The output has the input's rank.
  Broadcast, ///< The operands broadcast to each other.
  Product,   ///< A product of matrices, or of stacks of them.
  Matrix,    ///< Wants rank 2.
  Filter,    ///< Wants the rank of the second input.
};

Use useOf(StringRef opType) {
  return StringSwitch<Use>(opType)
      .Cases({"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "PRelu"}, Use::Broadcast)
      .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Where"}, Use::Broadcast)
      .Cases({"Relu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Abs", "Neg", "Identity", "Cast", "Clip"}, Use::SameRank)
      .Cases({"Dropout", "LeakyRelu", "Elu", "Softmax", "BatchNormalization"}, Use::SameRank)
      .Cases({"Conv", "ConvTranspose"}, Use::Filter)
      .Case("MatMul", Use::Product)
      .Case("Gemm", Use::Matrix)
      .Default(Use::Other);
}

/// The ranks that the file states.
StringMap<int64_t> knownRanks(const GraphProto &graph) {
  StringMap<int64_t> ranks;
  for (const auto *list : {&graph.input(), &graph.output(), &graph.value_info()})
    for (const ::onnx::ValueInfoProto &info : *list)
      if (info.type().tensor_type().has_shape())
        ranks[info.name()] = info.type().tensor_type().shape().dim_size();
  for (const ::onnx::TensorProto &tensor : graph.initializer())
    ranks[tensor.name()] = tensor.dims_size();
  return ranks;
}

} // namespace

int64_t leastRank(const google::protobuf::RepeatedPtrField<NodeProto> &nodes, StringRef value,
                  function_ref<std::optional<int64_t>(const ::onnx::TensorProto &)> numberIn) {
  int64_t rank = 0;
  SmallVector<StringRef, 2> shapes;
  StringMap<int64_t> scalars;
  for (const NodeProto &node : nodes) {
    auto reads = [&](ArrayRef<StringRef> names) { return node.input_size() && is_contained(names, node.input(0)); };
    if (node.op_type() == "Constant" && node.output_size()) {
      for (const ::onnx::AttributeProto &attribute : node.attribute())
        if (auto number = attribute.has_t() ? numberIn(attribute.t()) : std::nullopt)
          scalars[node.output(0)] = *number;
        else if (attribute.name() == "value_int")
          scalars[node.output(0)] = attribute.i();
    } else if (node.op_type() == "Shape" && reads(value) && node.attribute().empty() && node.output_size()) {
      shapes.push_back(node.output(0));
    } else if (node.op_type() == "Gather" && reads(shapes) && node.input_size() > 1) {
      if (auto index = scalars.find(node.input(1)); index != scalars.end())
        rank = std::max(rank, index->second < 0 ? -index->second : index->second + 1);
    } else if (node.op_type() == "Transpose" && reads(value)) {
      for (const ::onnx::AttributeProto &attribute : node.attribute())
        rank = std::max<int64_t>(rank, attribute.ints_size());
    }
  }
  return rank;
}

std::optional<int64_t> guessRank(const GraphProto &graph, StringRef input) {
  StringMap<int64_t> ranks = knownRanks(graph);
  // Values known to have the input's rank; nodes are sorted, so one walk follows a chain of them.
  SmallVector<StringRef> same = {input};
  std::optional<int64_t> guess;
  auto consider = [&](StringRef name) {
    if (auto rank = ranks.find(name); rank != ranks.end() && !is_contained(same, name))
      guess = std::max(guess.value_or(0), rank->second);
  };
  for (const NodeProto &node : graph.node()) {
    if (node.input().empty() || none_of(node.input(), [&](StringRef name) { return is_contained(same, name); }))
      continue;
    switch (useOf(node.op_type())) {
    case Use::Matrix:
      return 2;
    case Use::Filter:
      if (is_contained(same, node.input(0)) && node.input_size() > 1)
        if (auto rank = ranks.find(node.input(1)); rank != ranks.end())
          return rank->second;
      break;
    case Use::Product:
    case Use::Broadcast:
      for (const std::string &name : node.input())
        consider(name);
      if (node.output_size())
        consider(node.output(0));
      break;
    case Use::SameRank:
      if (node.output_size() && is_contained(same, node.input(0))) {
        consider(node.output(0));
        same.push_back(node.output(0));
      }
      break;
    case Use::Other:
      break;
    }
    if (guess)
      return guess;
  }
  return std::nullopt;
}

} // namespace nnc::onnx
