//===- Recurrent.cpp - RNN, LSTM and GRU --------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using nnc::nn::RecurrentDirection;
using nnc::nn::RecurrentKind;

namespace nnc::onnx {
namespace {

/// The parameters that an activation takes, with their defaults.
struct Parameters {
  std::optional<double> alpha, beta;
};

Parameters parametersOf(StringRef activation) {
  return llvm::StringSwitch<Parameters>(activation)
      .Case("affine", {1.0, 0.0})
      .Case("leakyrelu", {0.01, std::nullopt})
      .Case("thresholdedrelu", {1.0, std::nullopt})
      .Case("scaledtanh", {1.0, 1.0})
      .Case("hardsigmoid", {0.2, 0.5})
      .Case("elu", {1.0, std::nullopt})
      .Default({std::nullopt, std::nullopt});
}

/// Activations by name with one alpha and one beta each.
struct Activations {
  SmallVector<std::string> names;
  SmallVector<double> alphas, betas;

  /// Hands out the values of an attribute: one per activation, or, as the standard says without saying much, only to
  /// those that take one, in order.
  static LogicalResult assign(NodeImporter &node, StringRef attribute, ArrayRef<std::optional<double>> defaults,
                              SmallVectorImpl<double> &out) {
    SmallVector<float> given = node.floatsAttr(attribute);
    size_t takers = llvm::count_if(defaults, [](const std::optional<double> &d) { return d.has_value(); });
    if (given.size() > takers && given.size() != defaults.size())
      return node.error("unsupported: '" + attribute + "' has " + Twine(given.size()) + " values for " + Twine(takers) +
                        " activations that take one");
    bool isPositional = given.size() == defaults.size();
    size_t next = 0;
    for (auto [i, value] : llvm::enumerate(defaults)) {
      double chosen = value.value_or(0);
      if (isPositional)
        chosen = given[i];
      else if (value && next < given.size())
        chosen = given[next++];
      out.push_back(chosen);
    }
    return success();
  }

  LogicalResult read(NodeImporter &node, ArrayRef<StringRef> defaultNames, size_t directions) {
    for (const std::string &name : node.stringsAttr("activations"))
      names.push_back(StringRef(name).lower());
    if (names.empty())
      for (size_t i = 0; i < directions; ++i)
        for (StringRef name : defaultNames)
          names.push_back(name.str());
    SmallVector<std::optional<double>> defaultAlphas, defaultBetas;
    for (const std::string &name : names) {
      Parameters parameters = parametersOf(name);
      defaultAlphas.push_back(parameters.alpha);
      defaultBetas.push_back(parameters.beta);
    }
    return success(succeeded(assign(node, "activation_alpha", defaultAlphas, alphas)) &&
                   succeeded(assign(node, "activation_beta", defaultBetas, betas)));
  }
};

Value transpose(NodeImporter &node, Value value, ArrayRef<int64_t> permutation) {
  return value ? node.create<nn::TransposeOp>(NodeImporter::elementTypeOf(value), value, permutation) : value;
}

LogicalResult importRecurrent(NodeImporter &node, RecurrentKind kind, ArrayRef<StringRef> defaultActivations) {
  bool isLstm = kind == RecurrentKind::lstm;
  Value x = node.input(0), initialH = node.input(5), initialC = isLstm ? node.input(6) : Value();
  std::string directionName = node.stringAttr("direction", "forward");
  auto direction = nn::symbolizeRecurrentDirection(directionName);
  if (!direction)
    return node.error("unknown direction '" + directionName + "'");
  if (NodeImporter::rankOf(node.input(2)) != 3)
    return node.error("R needs rank 3, it has " + Twine(NodeImporter::rankOf(node.input(2))));
  int64_t hidden = node.intAttr("hidden_size", NodeImporter::shapeOf(node.input(2))[2]);
  if (ShapedType::isDynamic(hidden))
    return node.error("unsupported: the hidden size is only known at run time");
  Activations activations;
  size_t directions = *direction == RecurrentDirection::bidirectional ? 2 : 1;
  if (failed(activations.read(node, defaultActivations, directions)))
    return failure();
  double clip = node.floatAttr("clip", 0);
  if (clip < 0)
    return node.error("clip is negative");
  bool linearBeforeReset = kind == RecurrentKind::gru && node.intAttr("linear_before_reset", 0) != 0;
  bool inputForget = isLstm && node.intAttr("input_forget", 0) != 0;
  // Before opset 7 a flag said whether Y is wanted; today that it has a name does.
  node.ignoreAttr("output_sequence");

  // With layout 1 the batch comes first.
  bool isBatchFirst = node.intAttr("layout", 0) != 0;
  if (isBatchFirst) {
    for (Value value : {x, initialH, initialC})
      if (value && NodeImporter::rankOf(value) != 3)
        return node.error("an input needs rank 3, it has " + Twine(NodeImporter::rankOf(value)));
    x = transpose(node, x, {1, 0, 2});
    initialH = transpose(node, initialH, {1, 0, 2});
    initialC = transpose(node, initialC, {1, 0, 2});
  }
  OpBuilder &b = node.builder();
  SmallVector<StringRef> names(activations.names.begin(), activations.names.end());
  Type element = node.elementType(0);
  auto results = node.createMany<nn::RecurrentOp>(
      {element, element, element}, kind, x, node.input(1), node.input(2), node.input(3), node.input(4), initialH, initialC,
      isLstm ? node.input(7) : Value(), *direction, static_cast<uint64_t>(hidden), b.getStrArrayAttr(names),
      ArrayRef<double>(activations.alphas), ArrayRef<double>(activations.betas),
      clip > 0 ? node.f64(clip) : FloatAttr(), linearBeforeReset, inputForget);
  if (failed(node.status()))
    return failure();
  Value y = results[0], yH = results[1], yC = results[2];
  if (isBatchFirst) {
    y = node.hasOutput(0) ? transpose(node, y, {2, 0, 1, 3}) : y;
    yH = node.hasOutput(1) ? transpose(node, yH, {1, 0, 2}) : yH;
    yC = node.hasOutput(2) ? transpose(node, yC, {1, 0, 2}) : yC;
  }
  node.setOutput(0, y);
  node.setOutput(1, yH);
  if (isLstm)
    node.setOutput(2, yC);
  return node.status();
}

} // namespace

void registerRecurrentImporters(Registry &registry) {
  registry.add("RNN", [](NodeImporter &node) { return importRecurrent(node, RecurrentKind::rnn, {"tanh"}); });
  registry.add("LSTM",
               [](NodeImporter &node) { return importRecurrent(node, RecurrentKind::lstm, {"sigmoid", "tanh", "tanh"}); });
  registry.add("GRU", [](NodeImporter &node) { return importRecurrent(node, RecurrentKind::gru, {"sigmoid", "tanh"}); });
}

} // namespace nnc::onnx
