//===- Attention.cpp - ONNX's attention as smaller ops ------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/AttentionParts.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {
namespace {

/// softmax(Q K^T + bias) V over heads, with caches, masks and grouped heads.
class Attention {
public:
  explicit Attention(NodeImporter &node) : node(node), type(node.elementType(0)) {}

  LogicalResult import() {
    if (failed(readInputs()))
      return failure();
    if (hasPast) {
      attention.k = concat(node, {node.input(4), attention.k}, 2);
      attention.v = concat(node, {node.input(5), attention.v}, 2);
    }
    for (auto [i, present] : {std::pair(1u, attention.k), std::pair(2u, attention.v)})
      if (node.hasOutput(i))
        node.setOutput(i, present);
    if (failed(node.status()))
      return failure();
    attention.bias = biasOf();
    attention.mayMaskRows = true;
    if (failed(attention.build(node)))
      return failure();
    if (node.hasOutput(3))
      node.setOutput(3, outputMode == 2   ? attention.biased
                        : outputMode == 3 ? attention.weights
                                          : attention.scores);
    node.setOutput(0, is3D ? rowsOfHeads(node, attention.y) : attention.y);
    return node.status();
  }

private:
  LogicalResult readInputs() {
    Value q = node.input(0), k = node.input(1), v = node.input(2);
    int64_t rank = NodeImporter::rankOf(q);
    if (failed(node.status()))
      return failure();
    if ((rank != 3 && rank != 4) || NodeImporter::rankOf(k) != rank || NodeImporter::rankOf(v) != rank)
      return node.error("Q, K and V must all have rank 3 or all rank 4");
    is3D = rank == 3;
    int64_t queryHeads = node.intAttr("q_num_heads", 0), keyHeads = node.intAttr("kv_num_heads", 0);
    if (is3D) {
      if (queryHeads < 1 || keyHeads < 1)
        return node.error("inputs of rank 3 need q_num_heads and kv_num_heads");
      auto split = [&](Value x, int64_t heads) { return headsFirst(node, headsOfRows(node, x, heads)); };
      q = split(q, queryHeads), k = split(k, keyHeads), v = split(v, keyHeads);
    }
    if (failed(checkHeads(node, q, k)))
      return failure();
    FailureOr<double> scale = scaleOf(node, q, /*zeroIsNone=*/false);
    if (failed(scale))
      return failure();
    attention = {q, k, v, *scale};
    attention.softcap = node.floatAttr("softcap", 0);
    isCausal = node.intAttr("is_causal", 0) != 0;
    outputMode = node.intAttr("qk_matmul_output_mode", 0);
    if (outputMode < 0 || outputMode > 3)
      return node.error("qk_matmul_output_mode is " + Twine(outputMode) + " instead of 0 to 3");
    if (node.opset() >= 25) {
      leftWindow = node.intAttr("left_window_size", -1);
      rightWindow = node.intAttr("right_window_size", -1);
    }
    if (int64_t number = node.intAttr("softmax_precision", 0)) {
      attention.softmaxType = node.dataType(number);
      if (!attention.softmaxType || !isa<FloatType>(attention.softmaxType))
        return node.error("unsupported softmax_precision " + Twine(number));
    }
    hasPast = node.hasInput(4);
    if (hasPast != node.hasInput(5))
      return node.error("past_key and past_value come together");
    if (hasPast && node.hasInput(6))
      return node.error("nonpad_kv_seqlen does not go with past_key");
    return node.status();
  }

  /// The mask with its last dim padded to the number of keys; what is added attends to nothing.
  Value paddedMask() {
    Value mask = node.input(3);
    Type element = NodeImporter::elementTypeOf(mask);
    int64_t rank = NodeImporter::rankOf(mask);
    if (rank < 1) {
      (void)node.error("attn_mask must not be a scalar");
      return mask;
    }
    if (isSameDim(node, mask, rank - 1, attention.k, 2))
      return mask;
    Value missing = binary(node, BinaryKind::sub, extent(node, attention.k, 2), extent(node, mask, rank - 1));
    SmallVector<int64_t> zeros(2 * rank - 1, 0);
    Value pads = concat(node, {node.intsConstant(zeros), missing}, 0);
    bool isBool = element.isInteger(1);
    Value fill = isBool ? node.intScalarConstant(element, 0) : node.scalarConstant(element, -INFINITY);
    return node.create<nn::PadOp>(element, nn::PadMode::constant, mask, pads, fill);
  }

  /// What is added to the scores: 0 or the mask's value where a query attends to a key, -infinity where it does not.
  Value biasOf() {
    Value bias;
    if (node.hasInput(3)) {
      Value mask = paddedMask();
      bool isBool = NodeImporter::elementTypeOf(mask).isInteger(1);
      bias = isBool ? maskUnless(node, mask, type) : node.castTo(mask, type);
    }
    auto addUnless = [&](Value allowed) { bias = plus(node, bias, maskUnless(node, allowed, type)); };
    Value keys = keyPositions(node, attention.k);
    if (isCausal || leftWindow >= 0 || rightWindow >= 0) {
      // How far query i is past key j, with the keys before this block of queries counted.
      Value position = rowPositions(node, attention.q);
      if (hasPast) {
        position = binary(node, BinaryKind::add, position, extent(node, node.input(4), 2));
      } else if (node.hasInput(6)) {
        Value offset = binary(node, BinaryKind::sub, node.input(6), extent(node, attention.q, 2));
        position = binary(node, BinaryKind::add, position, unsqueeze(node, offset, {1, 2, 3}));
      }
      Value distance = binary(node, BinaryKind::sub, position, keys);
      auto bound = [&](int64_t value) { return node.intScalarConstant(node.builder().getI64Type(), value); };
      if (isCausal)
        addUnless(compare(node, CompareKind::ge, distance, bound(0)));
      if (leftWindow >= 0)
        addUnless(compare(node, CompareKind::le, distance, bound(leftWindow)));
      if (rightWindow >= 0)
        addUnless(compare(node, CompareKind::ge, distance, bound(-rightWindow)));
    }
    if (node.hasInput(6))
      addUnless(compare(node, CompareKind::lt, keys, unsqueeze(node, node.input(6), {1, 2, 3})));
    return bias;
  }

  NodeImporter &node;
  Type type;
  HeadAttention attention;
  bool is3D = false, hasPast = false, isCausal = false;
  int64_t outputMode = 0, leftWindow = -1, rightWindow = -1;
};

} // namespace

void registerAttentionImporters(Registry &registry) {
  registry.add("Attention", [](NodeImporter &node) { return Attention(node).import(); });
}

} // namespace nnc::onnx
