//===- RotaryEmbedding.cpp - positions as angles that elements are turned by --===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/AttentionParts.h"
#include "frontends/onnx/ops/InputRules.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

/// Turns x, which is [B,S,heads*D] or [B,heads,S,D], by the caches' angles, and sets the output.
LogicalResult finish(NodeImporter &node, Value x, int64_t heads, Value cosines, Value sines) {
  int64_t rank = NodeImporter::rankOf(x), rotated = node.intAttr("rotary_embedding_dim", 0);
  bool interleaved = node.intAttr("interleaved", 0) != 0;
  Value split = rank == 3 ? headsOfRows(node, x, heads) : x;
  FailureOr<Value> turned = rotate(node, split, cosines, sines, rotated, rank == 3 ? 2 : 1, interleaved);
  if (failed(turned))
    return failure();
  node.setOutput(0, rank == 3 ? reshape(node, *turned, {0, 0, -1}) : *turned);
  return node.status();
}

/// ONNX's own: the caches hold the angles of all positions with position_ids, or those of x's own positions.
LogicalResult importRotaryEmbedding(NodeImporter &node) {
  Value x = node.input(0), cosines = node.input(1), sines = node.input(2);
  int64_t rank = NodeImporter::rankOf(x), heads = node.intAttr("num_heads", 0);
  if (failed(node.status()))
    return failure();
  if (rank != 3 && rank != 4)
    return node.error("the input must have rank 3 or 4");
  if (rank == 3 && heads < 1)
    return node.error("an input of rank 3 needs num_heads");
  if (node.hasInput(3)) {
    cosines = node.create<nn::GatherOp>(node.elementType(0), cosines, node.input(3), 0);
    sines = node.create<nn::GatherOp>(node.elementType(0), sines, node.input(3), 0);
  }
  return finish(node, x, heads, cosines, sines);
}

/// com.microsoft's: position_ids are [B,S], or one number, which is the first token's.
LogicalResult importPositionedRotaryEmbedding(NodeImporter &node) {
  if (failed(checkInputs(node, {{Takes::real}, {Takes::longInteger}, {Takes::real}, {Takes::real}})))
    return failure();
  Value x = node.input(0), positions = node.input(1), cosines = node.input(2), sines = node.input(3);
  int64_t rank = NodeImporter::rankOf(x), heads = node.intAttr("num_heads", 0);
  node.ignoreAttr("is_packed_batching"); // it lets kernels choose other strides
  if (node.floatAttr("scale", 1) != 1)
    return node.error("unsupported: a scale");
  if (failed(node.status()))
    return failure();
  if (rank != 3 && rank != 4)
    return node.error("the input must have rank 3 or 4");
  if (NodeImporter::rankOf(cosines) != 2 || NodeImporter::rankOf(sines) != 2)
    return node.error("the caches must have rank 2");
  if (rank == 3 && heads < 1) {
    // Without a number of heads all elements of each are turned.
    int64_t size = 2 * NodeImporter::shapeOf(cosines)[1], width = NodeImporter::shapeOf(x)[2];
    if (ShapedType::isDynamic(NodeImporter::shapeOf(cosines)[1]) || ShapedType::isDynamic(width))
      return node.error("unsupported: a dynamic head size");
    if (size < 1 || width % size != 0)
      return node.error("rows of " + Twine(width) + " elements are no heads of " + Twine(size));
    heads = width / size;
  }
  int64_t positionsRank = NodeImporter::rankOf(positions);
  if (positionsRank < 2) {
    Value first = positionsRank == 0 ? unsqueeze(node, positions, {0}) : positions;
    Value own = countTo(node, extent(node, x, rank - 2));
    positions = unsqueeze(node, binary(node, BinaryKind::add, own, first), {0});
  }
  auto angles = [&](Value cache) { return node.create<nn::GatherOp>(node.elementType(0), cache, positions, 0); };
  return finish(node, x, heads, angles(cosines), angles(sines));
}

} // namespace

void registerRotaryEmbeddingImporters(Registry &registry) {
  registry.add("RotaryEmbedding", importRotaryEmbedding);
  registry.addTo("com.microsoft", "RotaryEmbedding", importPositionedRotaryEmbedding);
}

} // namespace nnc::onnx
