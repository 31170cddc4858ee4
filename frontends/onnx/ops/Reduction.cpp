//===- Reduction.cpp - many elements to one, and functions of whole lanes -----===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;
using nnc::nn::ReduceKind;
using nnc::nn::SoftmaxKind;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The axes of a reduction, an attribute at first and an input from opset `inputSince` on. None given means all, or,
/// where `noop_with_empty_axes` is set, none.
FailureOr<SmallVector<int64_t>> reductionAxes(NodeImporter &node, int64_t inputSince, bool &isNoop) {
  int64_t rank = NodeImporter::rankOf(node.input(0));
  SmallVector<int64_t> axes;
  isNoop = false;
  if (node.opset() >= inputSince) {
    bool noop = node.intAttr("noop_with_empty_axes", 0) != 0;
    if (node.hasInput(1)) {
      std::optional<SmallVector<int64_t>> known = node.constantInts(1);
      if (failed(node.status()))
        return failure();
      // Axes are distinct: as many as there are dims are all of them, whatever their order.
      ArrayRef<int64_t> count = NodeImporter::shapeOf(node.input(1));
      if (known)
        axes = *known;
      else if (count == ArrayRef<int64_t>{rank})
        axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
      else if (count != ArrayRef<int64_t>{0})
        return node.error("unsupported: the axes are not constant");
    }
    isNoop = noop && axes.empty();
  } else {
    axes = node.intsAttr("axes");
  }
  for (int64_t &axis : axes)
    axis = node.normalizeAxis(axis, rank);
  if (failed(node.status()))
    return failure();
  if (axes.empty() && !isNoop)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  llvm::sort(axes);
  return axes;
}

ImportFn reduceImporter(ReduceKind kind, int64_t inputSince = 18) {
  return [=](NodeImporter &node) -> LogicalResult {
    bool keepdims = node.intAttr("keepdims", 1) != 0, isNoop;
    FailureOr<SmallVector<int64_t>> axes = reductionAxes(node, inputSince, isNoop);
    if (failed(axes))
      return failure();
    // A reduction over no axes still applies what is done to single elements (the square of SumSquare, say).
    node.setOutput(0, node.create<nn::ReduceOp>(node.elementType(0), kind, node.input(0), *axes, keepdims || isNoop));
    return node.status();
  };
}

ImportFn argImporter(nn::ArgKind kind) {
  return [=](NodeImporter &node) -> LogicalResult {
    int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(node.input(0)));
    bool keepdims = node.intAttr("keepdims", 1) != 0, last = node.intAttr("select_last_index", 0) != 0;
    if (failed(node.status()))
      return failure();
    Type i64 = node.builder().getI64Type();
    node.setOutput(0, node.create<nn::ArgReduceOp>(i64, kind, node.input(0), axis, keepdims, last));
    return node.status();
  };
}

/// GlobalAveragePool and kin: a reduction over all dims after the second.
ImportFn globalPoolImporter(ReduceKind kind) {
  return [=](NodeImporter &node) -> LogicalResult {
    Value x = node.input(0);
    int64_t rank = NodeImporter::rankOf(x);
    if (rank < 2)
      return node.error("the input must have rank 2 or more");
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
    node.setOutput(0, node.create<nn::ReduceOp>(node.elementType(0), kind, x, axes, /*keepdims=*/true));
    return node.status();
  };
}

/// The p-norm over the spatial dims.
LogicalResult importGlobalLpPool(NodeImporter &node) {
  double p = node.opset() >= 2 ? node.intAttr("p", 2) : node.floatAttr("p", 2);
  if (p == 1)
    return globalPoolImporter(ReduceKind::l1)(node);
  if (p == 2)
    return globalPoolImporter(ReduceKind::l2)(node);
  if (p <= 0)
    return node.error("p must be positive");
  Value x = node.input(0);
  Type type = node.elementType(0);
  int64_t rank = NodeImporter::rankOf(x);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(std::min<int64_t>(2, rank), rank));
  Value magnitude = node.create<nn::UnaryOp>(type, nn::UnaryKind::abs, x, FloatAttr(), FloatAttr());
  Value powers = node.create<nn::BinaryOp>(type, nn::BinaryKind::pow, magnitude, node.scalarConstant(type, p));
  Value sum = node.create<nn::ReduceOp>(type, ReduceKind::sum, powers, axes, /*keepdims=*/true);
  node.setOutput(0, node.create<nn::BinaryOp>(type, nn::BinaryKind::pow, sum, node.scalarConstant(type, 1 / p)));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Softmax and kin
//===----------------------------------------------------------------------===//

ImportFn softmaxImporter(SoftmaxKind kind) {
  return [=](NodeImporter &node) -> LogicalResult {
    Value x = node.input(0);
    Type type = node.elementType(0);
    int64_t rank = NodeImporter::rankOf(x);
    bool coerces = node.opset() < 13;
    // A scalar is a lane of one element.
    bool isScalar = rank == 0;
    if (isScalar && succeeded(node.status()))
      x = node.create<nn::UnsqueezeOp>(type, x, ArrayRef<int64_t>{0}), rank = 1;
    int64_t axis = node.normalizeAxis(node.intAttr("axis", coerces ? std::min<int64_t>(1, rank - 1) : -1), rank);
    if (failed(node.status()))
      return failure();
    Value y;
    if (!coerces || axis == rank - 1) {
      y = node.create<nn::SoftmaxOp>(type, kind, x, axis);
    } else {
      // Before opset 13 the dims from the axis on were one.
      Value matrix = node.create<nn::FlattenOp>(type, x, axis);
      Value rows = node.create<nn::SoftmaxOp>(type, kind, matrix, 1);
      Value shape = node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, 0, rank);
      y = node.create<nn::ReshapeOp>(type, rows, shape, /*allow_zero=*/true);
    }
    if (isScalar)
      y = node.create<nn::SqueezeOp>(type, y, ArrayRef<int64_t>{0});
    node.setOutput(0, y);
    return node.status();
  };
}

//===----------------------------------------------------------------------===//
// Running sums, the largest k
//===----------------------------------------------------------------------===//

/// CumSum and CumProd: the axis is an input. Where it is not constant, the results for all axes are computed and the
/// right one is selected.
ImportFn cumulativeImporter(nn::CumulativeKind kind) {
  return [=](NodeImporter &node) -> LogicalResult {
    bool exclusive = node.intAttr("exclusive", 0) != 0, reverse = node.intAttr("reverse", 0) != 0;
    Value x = node.input(0), axisInput = node.input(1);
    Type type = node.elementType(0);
    int64_t rank = NodeImporter::rankOf(x);
    std::optional<SmallVector<int64_t>> known = node.constantInts(1);
    if (failed(node.status()))
      return failure();
    auto along = [&](int64_t axis) { return node.create<nn::CumulativeOp>(type, kind, x, axis, exclusive, reverse); };
    if (known) {
      if (known->size() != 1)
        return node.error("the axis has " + Twine(known->size()) + " elements instead of one");
      int64_t axis = node.normalizeAxis(known->front(), rank);
      if (failed(node.status()))
        return failure();
      node.setOutput(0, along(axis));
      return node.status();
    }
    if (rank == 0)
      return node.error("the input must not be a scalar");
    if (NodeImporter::shapeOf(axisInput) == ArrayRef<int64_t>{1})
      axisInput = node.create<nn::SqueezeOp>(node.elementType(1), axisInput, ArrayRef<int64_t>{0});
    if (NodeImporter::rankOf(axisInput) != 0)
      return node.error("the axis must be a scalar");
    Value result = along(0);
    for (int64_t axis = 1; axis < rank; ++axis) {
      auto isAxis = [&](int64_t number) {
        Value constant = node.intScalarConstant(node.elementType(1), number);
        return node.create<nn::CompareOp>(node.builder().getI1Type(), nn::CompareKind::eq, axisInput, constant);
      };
      Value chosen = node.create<nn::BinaryOp>(node.builder().getI1Type(), nn::BinaryKind::logical_or, isAxis(axis),
                                               isAxis(axis - rank));
      result = node.create<nn::SelectOp>(type, chosen, along(axis), result);
    }
    node.setOutput(0, result);
    return node.status();
  };
}

/// k is an attribute before opset 10; the smallest instead of the largest, and any order, came with 11.
LogicalResult importTopK(NodeImporter &node) {
  Value x = node.input(0), k;
  int64_t rank = NodeImporter::rankOf(x);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), rank);
  if (node.opset() < 10) {
    int64_t count = node.intAttr("k", -1);
    if (count < 0)
      return node.error("k is missing or negative");
    k = node.intsConstant({count});
  } else {
    k = node.input(1);
    if (NodeImporter::rankOf(k) != 1)
      return node.error("K must be 1-D with one element, its rank is " + Twine(NodeImporter::rankOf(k)));
  }
  bool largest = true, sorted = true;
  if (node.opset() >= 11) {
    largest = node.intAttr("largest", 1) != 0;
    sorted = node.intAttr("sorted", 1) != 0;
  }
  if (failed(node.status()))
    return failure();
  auto results = node.createMany<nn::TopKOp>({node.elementType(0), node.builder().getI64Type()}, x, k, axis, largest,
                                             sorted);
  node.setOutput(0, results[0]);
  node.setOutput(1, results[1]);
  return node.status();
}

} // namespace

void registerReductionImporters(Registry &registry) {
  registry.add("ReduceSum", reduceImporter(ReduceKind::sum, /*inputSince=*/13));
  registry.add("ReduceMean", reduceImporter(ReduceKind::mean));
  registry.add("ReduceMax", reduceImporter(ReduceKind::max));
  registry.add("ReduceMin", reduceImporter(ReduceKind::min));
  registry.add("ReduceProd", reduceImporter(ReduceKind::prod));
  registry.add("ReduceL1", reduceImporter(ReduceKind::l1));
  registry.add("ReduceL2", reduceImporter(ReduceKind::l2));
  registry.add("ReduceLogSum", reduceImporter(ReduceKind::log_sum));
  registry.add("ReduceLogSumExp", reduceImporter(ReduceKind::log_sum_exp));
  registry.add("ReduceSumSquare", reduceImporter(ReduceKind::sum_square));
  registry.add("ArgMax", argImporter(nn::ArgKind::max));
  registry.add("ArgMin", argImporter(nn::ArgKind::min));
  registry.add("GlobalAveragePool", globalPoolImporter(ReduceKind::mean));
  registry.add("GlobalMaxPool", globalPoolImporter(ReduceKind::max));
  registry.add("GlobalLpPool", importGlobalLpPool);
  registry.add("Softmax", softmaxImporter(SoftmaxKind::softmax));
  registry.add("LogSoftmax", softmaxImporter(SoftmaxKind::log_softmax));
  registry.add("Hardmax", softmaxImporter(SoftmaxKind::hardmax));
  registry.add("CumSum", cumulativeImporter(nn::CumulativeKind::sum));
  registry.add("CumProd", cumulativeImporter(nn::CumulativeKind::prod));
  registry.add("TopK", importTopK);
}

} // namespace nnc::onnx
