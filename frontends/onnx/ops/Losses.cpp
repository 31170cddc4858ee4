//===- Losses.cpp - losses of classifiers -------------------------------------===//
//
//     loss[n, d..] = -weight[t] logp[n, t, d..]  with t = target[n, d..]
//
// A target of `ignore_index`, which need not be a class, has no loss and no weight. The mean is over the weights.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "frontends/onnx/ops/Shapes.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

using nn::BinaryKind;

Value reduceAll(NodeImporter &node, nn::ReduceKind kind, Value x) {
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, NodeImporter::rankOf(x)));
  return node.create<nn::ReduceOp>(NodeImporter::elementTypeOf(x), kind, x, axes, /*keepdims=*/false);
}

/// Checks scores [N, C, D..], targets [N, D..] and weights [C], the inputs of both losses.
LogicalResult checkInputs(NodeImporter &node) {
  auto typeOf = [&](unsigned i) { return cast<RankedTensorType>(node.input(i).getType()); };
  RankedTensorType scores = typeOf(0), targets = typeOf(1);
  if (scores.getRank() < 2)
    return node.error("the scores need rank 2 or more, they have " + Twine(scores.getRank()));
  if (!isa<FloatType>(scores.getElementType()) || !isa<IntegerType>(targets.getElementType()))
    return node.error("scores are to be floats, and targets integers");
  if (targets.getRank() != scores.getRank() - 1)
    return node.error("the targets need rank " + Twine(scores.getRank() - 1) + ", they have " +
                      Twine(targets.getRank()));
  for (int64_t i = 0; i < targets.getRank(); ++i) {
    int64_t ofScores = scores.getDimSize(i == 0 ? 0 : i + 1), ofTargets = targets.getDimSize(i);
    if (disagree(ofScores, ofTargets))
      return node.error("dim " + Twine(i) + " of the targets is " + Twine(ofTargets) + ", that of the scores " +
                        Twine(ofScores));
  }
  if (!node.hasInput(2))
    return success();
  RankedTensorType weights = typeOf(2);
  if (weights.getRank() != 1 || disagree(weights.getDimSize(0), scores.getDimSize(1)))
    return node.error("the weights need one element for each class");
  return success();
}

/// The loss of logarithms of probabilities in the type it is computed in.
Value lossOf(NodeImporter &node, Value logarithms, const std::string &reduction) {
  Type work = NodeImporter::elementTypeOf(logarithms), i64 = node.builder().getI64Type();
  Value target = node.castTo(node.input(1), i64), zero = node.scalarConstant(work, 0), isKept;
  if (node.hasAttr("ignore_index")) {
    int64_t ignored = node.intAttr("ignore_index", 0);
    isKept = compare(node, nn::CompareKind::ne, target, node.scalarConstant(i64, ignored));
    target = select(node, isKept, target, node.scalarConstant(i64, 0));
  }
  Value picked = node.create<nn::GatherElementsOp>(work, logarithms, unsqueeze(node, target, {1}), int64_t(1));
  picked = node.create<nn::SqueezeOp>(work, picked, ArrayRef<int64_t>{1});
  Value loss = node.create<nn::UnaryOp>(work, nn::UnaryKind::neg, picked, FloatAttr(), FloatAttr()), weights;
  if (node.hasInput(2)) {
    weights = node.create<nn::GatherOp>(work, node.castTo(node.input(2), work), target, int64_t(0));
    loss = binary(node, BinaryKind::mul, loss, weights);
  }
  if (isKept) {
    loss = select(node, isKept, loss, zero);
    weights = weights ? select(node, isKept, weights, zero) : node.castTo(isKept, work);
  }
  if (reduction == "none")
    return loss;
  if (reduction == "mean" && !weights)
    return reduceAll(node, nn::ReduceKind::mean, loss);
  Value total = reduceAll(node, nn::ReduceKind::sum, loss);
  return reduction == "sum" ? total
                            : binary(node, BinaryKind::div, total, reduceAll(node, nn::ReduceKind::sum, weights));
}

/// NegativeLogLikelihoodLoss, and SoftmaxCrossEntropyLoss of scores that are no logarithms yet, which it gives, too.
LogicalResult importLoss(NodeImporter &node, bool hasLogarithms) {
  std::string reduction = node.stringAttr("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean")
    return node.error("reduction is '" + reduction + "' instead of 'none', 'sum' or 'mean'");
  if (failed(checkInputs(node)))
    return failure();
  Type type = node.elementType(0), work = type.isF64() ? type : Type(node.builder().getF32Type());
  Value logarithms = node.castTo(node.input(0), work);
  if (!hasLogarithms) {
    logarithms = node.create<nn::SoftmaxOp>(work, nn::SoftmaxKind::log_softmax, logarithms, int64_t(1));
    if (node.hasOutput(1))
      node.setOutput(1, node.castTo(logarithms, type));
  }
  node.setOutput(0, node.castTo(lossOf(node, logarithms, reduction), type));
  return node.status();
}

} // namespace

void registerLossImporters(Registry &registry) {
  registry.add("NegativeLogLikelihoodLoss", [](NodeImporter &node) { return importLoss(node, true); });
  registry.add("SoftmaxCrossEntropyLoss", [](NodeImporter &node) { return importLoss(node, false); });
}

} // namespace nnc::onnx
