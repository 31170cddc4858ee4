//===- Attention.cpp - attention and position embeddings as smaller ops -------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

Value binary(NodeImporter &node, BinaryKind kind, Value a, Value b) {
  return node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b);
}
Value compare(NodeImporter &node, CompareKind kind, Value a, Value b) {
  return node.create<nn::CompareOp>(node.builder().getI1Type(), kind, a, b);
}
Value select(NodeImporter &node, Value condition, Value a, Value b) {
  return node.create<nn::SelectOp>(NodeImporter::elementTypeOf(a), condition, a, b);
}
Value unsqueeze(NodeImporter &node, Value x, ArrayRef<int64_t> axes) {
  return node.create<nn::UnsqueezeOp>(NodeImporter::elementTypeOf(x), x, axes);
}
/// Entries of 0 keep the dim, -1 takes what is left.
Value reshape(NodeImporter &node, Value x, ArrayRef<int64_t> shape) {
  return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(x), x, node.intsConstant(shape), /*allow_zero=*/false);
}
Value transpose(NodeImporter &node, Value x, ArrayRef<int64_t> perm) {
  return node.create<nn::TransposeOp>(NodeImporter::elementTypeOf(x), x, perm);
}
Value concat(NodeImporter &node, ArrayRef<Value> parts, int64_t axis) {
  return node.create<nn::ConcatOp>(NodeImporter::elementTypeOf(parts.front()), parts, axis);
}
/// Extent `i` of x as [1] i64.
Value extent(NodeImporter &node, Value x, int64_t i) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, i, i + 1);
}
/// Elements [from, to) of the last dim, every `step`-th.
Value sliceLast(NodeImporter &node, Value x, int64_t from, int64_t to, int64_t step = 1) {
  int64_t last = NodeImporter::rankOf(x) - 1;
  return node.create<nn::SliceOp>(NodeImporter::elementTypeOf(x), x, node.intsConstant({from}), node.intsConstant({to}),
                                  ArrayRef<int64_t>{last}, ArrayRef<int64_t>{step});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// softmax(Q K^T + bias) V over heads, with caches, masks and grouped heads.
class Attention {
public:
  explicit Attention(NodeImporter &node) : node(node), type(node.elementType(0)) {}

  LogicalResult import() {
    if (failed(readInputs()))
      return failure();
    if (hasPast) {
      k = concat(node, {node.input(4), k}, 2);
      v = concat(node, {node.input(5), v}, 2);
    }
    for (auto [i, present] : {std::pair(1u, k), std::pair(2u, v)})
      if (node.hasOutput(i))
        node.setOutput(i, present);

    // Both factors take the root of the scale, which keeps products of f16 in range.
    Value root = node.scalarConstant(type, std::sqrt(scale));
    Value keys = node.castTo(repeatHeads(k), type), values = node.castTo(repeatHeads(v), type);
    Value scores = node.create<nn::MatMulOp>(type, binary(node, BinaryKind::mul, q, root),
                                             binary(node, BinaryKind::mul, keys, root), false, /*transpose_b=*/true);
    if (softcap > 0) {
      Value cap = node.scalarConstant(type, softcap);
      Value bounded = node.create<nn::UnaryOp>(type, nn::UnaryKind::tanh, binary(node, BinaryKind::div, scores, cap),
                                               FloatAttr(), FloatAttr());
      scores = binary(node, BinaryKind::mul, bounded, cap);
    }
    Value bias = biasOf(), biased = bias ? binary(node, BinaryKind::add, scores, bias) : scores;
    if (failed(node.status()))
      return failure();
    int64_t last = NodeImporter::rankOf(biased) - 1;
    Value wide = node.castTo(biased, softmaxType);
    Value weights = node.create<nn::SoftmaxOp>(softmaxType, nn::SoftmaxKind::softmax, wide, last);
    if (bias) {
      // A query that may attend to nothing gets zeros.
      Value best = node.create<nn::ReduceOp>(type, nn::ReduceKind::max, bias,
                                             ArrayRef<int64_t>{NodeImporter::rankOf(bias) - 1}, /*keepdims=*/true);
      Value isMasked = compare(node, CompareKind::eq, best, node.scalarConstant(type, -INFINITY));
      weights = select(node, isMasked, node.scalarConstant(softmaxType, 0), weights);
    }
    weights = node.castTo(weights, type);
    if (node.hasOutput(3))
      node.setOutput(3, outputMode == 2 ? biased : outputMode == 3 ? weights : scores);
    Value result = node.create<nn::MatMulOp>(type, weights, values, false, false);
    if (is3D)
      result = reshape(node, transpose(node, result, {0, 2, 1, 3}), {0, 0, -1});
    node.setOutput(0, result);
    return node.status();
  }

private:
  LogicalResult readInputs() {
    q = node.input(0), k = node.input(1), v = node.input(2);
    int64_t rank = NodeImporter::rankOf(q);
    if (failed(node.status()))
      return failure();
    if ((rank != 3 && rank != 4) || NodeImporter::rankOf(k) != rank || NodeImporter::rankOf(v) != rank)
      return node.error("Q, K and V must all have rank 3 or all rank 4");
    is3D = rank == 3;
    queryHeads = node.intAttr("q_num_heads", 0);
    keyHeads = node.intAttr("kv_num_heads", 0);
    if (is3D) {
      if (queryHeads < 1 || keyHeads < 1)
        return node.error("inputs of rank 3 need q_num_heads and kv_num_heads");
      auto split = [&](Value x, int64_t heads) {
        return transpose(node, reshape(node, x, {0, 0, heads, -1}), {0, 2, 1, 3});
      };
      q = split(q, queryHeads), k = split(k, keyHeads), v = split(v, keyHeads);
    } else {
      queryHeads = NodeImporter::shapeOf(q)[1];
      keyHeads = NodeImporter::shapeOf(k)[1];
    }
    if (failed(node.status()))
      return failure();
    if (ShapedType::isDynamic(queryHeads) || ShapedType::isDynamic(keyHeads))
      return node.error("unsupported: a dynamic number of heads");
    if (keyHeads < 1 || queryHeads % keyHeads != 0)
      return node.error("the " + Twine(queryHeads) + " heads of Q are no multiple of K's " + Twine(keyHeads));

    int64_t headSize = NodeImporter::shapeOf(q)[3];
    if (!node.hasAttr("scale") && ShapedType::isDynamic(headSize))
      return node.error("unsupported: a dynamic head size without a scale");
    scale = node.floatAttr("scale", headSize > 0 ? 1 / std::sqrt(static_cast<double>(headSize)) : 1);
    softcap = node.floatAttr("softcap", 0);
    isCausal = node.intAttr("is_causal", 0) != 0;
    outputMode = node.intAttr("qk_matmul_output_mode", 0);
    if (outputMode < 0 || outputMode > 3)
      return node.error("qk_matmul_output_mode is " + Twine(outputMode) + " instead of 0 to 3");
    if (node.opset() >= 25) {
      leftWindow = node.intAttr("left_window_size", -1);
      rightWindow = node.intAttr("right_window_size", -1);
    }
    softmaxType = type;
    if (int64_t number = node.intAttr("softmax_precision", 0)) {
      softmaxType = node.dataType(number);
      if (!softmaxType || !isa<FloatType>(softmaxType))
        return node.error("unsupported softmax_precision " + Twine(number));
    }
    if (scale < 0)
      return node.error("unsupported: a negative scale");
    hasPast = node.hasInput(4);
    if (hasPast != node.hasInput(5))
      return node.error("past_key and past_value come together");
    if (hasPast && node.hasInput(6))
      return node.error("nonpad_kv_seqlen does not go with past_key");
    return node.status();
  }

  /// Heads of keys or values repeated for the query heads that share them.
  Value repeatHeads(Value x) {
    int64_t repeats = queryHeads / keyHeads;
    if (repeats == 1)
      return x;
    Type element = NodeImporter::elementTypeOf(x), i64 = node.builder().getI64Type();
    Value repeated = node.create<nn::BroadcastToOp>(element, unsqueeze(node, x, {2}),
                                                    node.intsConstant({1, 1, repeats, 1, 1}));
    Value shape = concat(node, {extent(node, x, 0), node.intsConstant({queryHeads}),
                                node.create<nn::ShapeOfOp>(i64, x, 2, 4)}, 0);
    return node.create<nn::ReshapeOp>(element, repeated, shape, /*allow_zero=*/true);
  }

  Value negativeInfinityUnless(Value allowed) {
    return select(node, allowed, node.scalarConstant(type, 0), node.scalarConstant(type, -INFINITY));
  }
  void addTo(Value &bias, Value part) { bias = bias ? binary(node, BinaryKind::add, bias, part) : part; }

  /// The mask with its last dim padded to the number of keys; what is added attends to nothing.
  Value paddedMask() {
    Value mask = node.input(3);
    Type element = NodeImporter::elementTypeOf(mask);
    int64_t rank = NodeImporter::rankOf(mask);
    if (rank < 1) {
      (void)node.error("attn_mask must not be a scalar");
      return mask;
    }
    int64_t have = NodeImporter::shapeOf(mask).back(), want = NodeImporter::shapeOf(k)[2];
    if (have == want && !ShapedType::isDynamic(have))
      return mask;
    Value missing = binary(node, BinaryKind::sub, extent(node, k, 2), extent(node, mask, rank - 1));
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
      addTo(bias, isBool ? negativeInfinityUnless(mask) : node.castTo(mask, type));
    }
    Value queries = extent(node, q, 2), keys = countTo(node, extent(node, k, 2));
    if (isCausal || leftWindow >= 0 || rightWindow >= 0) {
      // How far query i is past key j, with the keys before this block of queries counted.
      Value position = unsqueeze(node, countTo(node, queries), {1});
      if (hasPast) {
        position = binary(node, BinaryKind::add, position, extent(node, node.input(4), 2));
      } else if (node.hasInput(6)) {
        Value offset = binary(node, BinaryKind::sub, node.input(6), queries);
        position = binary(node, BinaryKind::add, position, unsqueeze(node, offset, {1, 2, 3}));
      }
      Value distance = binary(node, BinaryKind::sub, position, keys);
      auto bound = [&](int64_t value) { return node.intScalarConstant(node.builder().getI64Type(), value); };
      if (isCausal)
        addTo(bias, negativeInfinityUnless(compare(node, CompareKind::ge, distance, bound(0))));
      if (leftWindow >= 0)
        addTo(bias, negativeInfinityUnless(compare(node, CompareKind::le, distance, bound(leftWindow))));
      if (rightWindow >= 0)
        addTo(bias, negativeInfinityUnless(compare(node, CompareKind::ge, distance, bound(-rightWindow))));
    }
    if (node.hasInput(6))
      addTo(bias, negativeInfinityUnless(
                      compare(node, CompareKind::lt, keys, unsqueeze(node, node.input(6), {1, 2, 3}))));
    return bias;
  }

  NodeImporter &node;
  Type type, softmaxType;
  Value q, k, v;
  bool is3D = false, hasPast = false, isCausal = false;
  int64_t queryHeads = 0, keyHeads = 0, outputMode = 0, leftWindow = -1, rightWindow = -1;
  double scale = 1, softcap = 0;
};

LogicalResult importAttention(NodeImporter &node) { return Attention(node).import(); }

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

/// Pairs of elements of each head rotated by an angle that depends on the position.
LogicalResult importRotaryEmbedding(NodeImporter &node) {
  Value x = node.input(0), cosines = node.input(1), sines = node.input(2);
  Type type = node.elementType(0);
  int64_t rank = NodeImporter::rankOf(x), heads = node.intAttr("num_heads", 0);
  int64_t rotated = node.intAttr("rotary_embedding_dim", 0);
  bool interleaved = node.intAttr("interleaved", 0) != 0;
  if (failed(node.status()))
    return failure();
  if (rank != 3 && rank != 4)
    return node.error("the input must have rank 3 or 4");
  if (rank == 3 && heads < 1)
    return node.error("an input of rank 3 needs num_heads");
  Value split = rank == 3 ? reshape(node, x, {0, 0, heads, -1}) : x;
  if (failed(node.status()))
    return failure();
  int64_t headSize = NodeImporter::shapeOf(split)[3];
  if (ShapedType::isDynamic(headSize))
    return node.error("unsupported: a dynamic head size");
  if (rotated == 0)
    rotated = headSize;
  if (rotated < 0 || rotated > headSize || rotated % 2 != 0)
    return node.error("rotary_embedding_dim is " + Twine(rotated) + " for heads of " + Twine(headSize));

  if (node.hasInput(3)) {
    cosines = node.create<nn::GatherOp>(type, cosines, node.input(3), 0);
    sines = node.create<nn::GatherOp>(type, sines, node.input(3), 0);
  }
  if (failed(node.status()))
    return failure();
  for (Value cache : {cosines, sines}) {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(cache);
    if (shape.size() != 3 || (!ShapedType::isDynamic(shape[2]) && shape[2] != rotated / 2))
      return node.error("the caches do not hold " + Twine(rotated / 2) + " angles per position");
  }
  // [B, S, H, D] after a split, [B, H, S, D] otherwise: the angles are the same for all heads.
  int64_t headDim = rank == 3 ? 2 : 1;
  cosines = unsqueeze(node, cosines, {headDim});
  sines = unsqueeze(node, sines, {headDim});

  Value first = interleaved ? sliceLast(node, split, 0, rotated, 2) : sliceLast(node, split, 0, rotated / 2);
  Value second = interleaved ? sliceLast(node, split, 1, rotated, 2) : sliceLast(node, split, rotated / 2, rotated);
  auto times = [&](Value a, Value b) { return binary(node, BinaryKind::mul, a, b); };
  Value real = binary(node, BinaryKind::sub, times(cosines, first), times(sines, second));
  Value imaginary = binary(node, BinaryKind::add, times(sines, first), times(cosines, second));
  Value turned;
  if (interleaved) {
    Value pairs = concat(node, {unsqueeze(node, real, {4}), unsqueeze(node, imaginary, {4})}, 4);
    turned = reshape(node, pairs, {0, 0, 0, -1});
  } else {
    turned = concat(node, {real, imaginary}, 3);
  }
  if (rotated < headSize)
    turned = concat(node, {turned, sliceLast(node, split, rotated, headSize)}, 3);
  node.setOutput(0, rank == 3 ? reshape(node, turned, {0, 0, -1}) : turned);
  return node.status();
}

} // namespace

void registerAttentionImporters(Registry &registry) {
  registry.add("Attention", importAttention);
  registry.add("RotaryEmbedding", importRotaryEmbedding);
}

} // namespace nnc::onnx
