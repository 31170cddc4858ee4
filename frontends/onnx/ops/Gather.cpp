//===- Gather.cpp - elements picked and placed by index -----------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

LogicalResult importGather(NodeImporter &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(node.input(0)));
  node.setOutput(0, node.create<nn::GatherOp>(node.elementType(0), node.input(0), node.input(1), axis));
  return node.status();
}

LogicalResult importGatherElements(NodeImporter &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(node.input(0)));
  node.setOutput(0, node.create<nn::GatherElementsOp>(node.elementType(0), node.input(0), node.input(1), axis));
  return node.status();
}

LogicalResult importGatherNd(NodeImporter &node) {
  int64_t batchDims = node.intAttr("batch_dims", 0);
  node.setOutput(0, node.create<nn::GatherNdOp>(node.elementType(0), node.input(0), node.input(1), batchDims));
  return node.status();
}

std::optional<nn::ScatterReduction> reductionOf(NodeImporter &node) {
  std::string reduction = node.stringAttr("reduction", "none");
  auto kind = nn::symbolizeScatterReduction(reduction);
  if (!kind)
    (void)node.error("unsupported reduction '" + reduction + "'");
  return kind;
}

LogicalResult importScatterElements(NodeImporter &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(node.input(0)));
  std::optional<nn::ScatterReduction> kind = reductionOf(node);
  if (failed(node.status()))
    return failure();
  node.setOutput(0, node.create<nn::ScatterElementsOp>(node.elementType(0), *kind, node.input(0), node.input(1),
                                                       node.input(2), axis));
  return node.status();
}

LogicalResult importScatterNd(NodeImporter &node) {
  std::optional<nn::ScatterReduction> kind = reductionOf(node);
  if (failed(node.status()))
    return failure();
  node.setOutput(
      0, node.create<nn::ScatterNdOp>(node.elementType(0), *kind, node.input(0), node.input(1), node.input(2)));
  return node.status();
}

/// A cache with the update written along an axis, from a place of its own for each batch.
LogicalResult importTensorScatter(NodeImporter &node) {
  Value cache = node.input(0), update = node.input(1), starts = node.input(2);
  Type type = node.elementType(0), i64 = node.builder().getI64Type();
  int64_t rank = NodeImporter::rankOf(cache), axis = node.normalizeAxis(node.intAttr("axis", -2), rank);
  std::string mode = node.stringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return node.error("unsupported mode '" + mode + "'");
  if (failed(node.status()))
    return failure();
  if (axis == 0 || NodeImporter::rankOf(update) != rank)
    return node.error("the axis cannot be the batch's, and the update needs the cache's rank");

  // The places along the axis: 0, 1, ..., from each batch's start on.
  auto extent = [&](Value value) { return node.create<nn::ShapeOfOp>(i64, value, axis, axis + 1); };
  auto unsqueezed = [&](Value list, int64_t at) {
    SmallVector<int64_t> others = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    llvm::erase(others, at);
    return node.create<nn::UnsqueezeOp>(i64, list, others);
  };
  Value places = unsqueezed(countTo(node, extent(update)), axis);
  if (starts)
    places = node.create<nn::BinaryOp>(i64, nn::BinaryKind::add, places, unsqueezed(starts, 0));
  if (mode == "circular")
    places = node.create<nn::BinaryOp>(i64, nn::BinaryKind::mod, places, extent(cache));
  Value shape = node.create<nn::ShapeOfOp>(i64, update, 0, rank);
  places = node.create<nn::BroadcastToOp>(i64, places, shape);
  node.setOutput(0, node.create<nn::ScatterElementsOp>(type, nn::ScatterReduction::none, cache, places, update, axis));
  return node.status();
}

LogicalResult importOneHot(NodeImporter &node) {
  Value indices = node.input(0), depth = node.input(1), values = node.input(2);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rankOf(indices) + 1);
  Type i64 = node.builder().getI64Type();
  // The depth decides a shape, so it is best known here; any type of number is allowed.
  if (std::optional<double> known = NodeImporter::scalarOf(depth)) {
    if (!(*known >= 0 && *known <= INT32_MAX))
      return node.error("the depth is " + std::to_string(*known));
    depth = node.intScalarConstant(i64, static_cast<int64_t>(*known));
  } else {
    depth = node.castTo(depth, i64);
  }
  node.setOutput(0, node.create<nn::OneHotOp>(node.elementType(2), indices, depth, values, axis));
  return node.status();
}

} // namespace

void registerGatherImporters(Registry &registry) {
  registry.add("Gather", importGather);
  registry.add("GatherElements", importGatherElements);
  registry.add("GatherND", importGatherNd);
  registry.add("Scatter", importScatterElements);
  registry.add("ScatterElements", importScatterElements);
  registry.add("ScatterND", importScatterNd);
  registry.add("TensorScatter", importTensorScatter);
  registry.add("OneHot", importOneHot);
}

} // namespace nnc::onnx
