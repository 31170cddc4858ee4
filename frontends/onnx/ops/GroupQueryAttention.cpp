//===- GroupQueryAttention.cpp - com.microsoft's attention with a cache -------===//
//
// Sequences of a batch differ in length and are padded on the right: sequence b has seqlens_k[b] + 1 tokens after this
// step, and the S new ones follow its own past tokens. There are two kinds of cache. One grows: its result has the new
// tokens behind the past ones. The other is a buffer for all tokens that will ever come, and the new ones are written
// into it. ONNX Runtime knows the kind from the run's total_sequence_length. Here it is decided before: a cache of a
// length that only the run knows grows, and so does one that total_sequence_length says to grow where it is a constant;
// what is left is a buffer. A run that has it otherwise fails.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/AttentionParts.h"
#include "frontends/onnx/ops/InputRules.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {
namespace {

class GroupQueryAttention {
public:
  explicit GroupQueryAttention(NodeImporter &node) : node(node) {}

  LogicalResult import() {
    if (failed(readAttributes()) || failed(readInputs()) || failed(turn()))
      return failure();
    Value k = cached(1, 3, attention.k), v = cached(2, 4, attention.v);
    if (failed(node.status()))
      return failure();
    attention.k = k, attention.v = v;
    attention.bias = biasOf();
    addSink();
    if (failed(attention.build(node)))
      return failure();
    node.setOutput(0, rowsOfHeads(node, attention.y));
    return node.status();
  }

private:
  LogicalResult readAttributes() {
    heads = node.intAttr("num_heads", 0);
    sharing = node.intAttr("kv_num_heads", 0);
    window = node.intAttr("local_window_size", -1);
    attention.softcap = node.floatAttr("softcap", 0);
    isCausal = node.intAttr("causal", 1) != 0;
    isRotary = node.intAttr("do_rotary", 0) != 0;
    isInterleaved = node.intAttr("rotary_interleaved", 0) != 0;
    isSmooth = node.intAttr("smooth_softmax", 0) > 0 || node.hasInput(11);
    // These say something only of what is refused.
    for (StringRef name : {"kv_cache_bit_width", "qk_norm_epsilon", "q_norm_epsilon", "k_norm_epsilon"})
      node.ignoreAttr(name);
    for (StringRef name : {"k_quant_type", "v_quant_type"})
      if (std::string kind = node.stringAttr(name, "NONE"); kind != "NONE")
        return node.error("unsupported: a quantized cache (" + name + " is " + kind + ")");
    if (node.intAttr("sliding_window_cache", 0) != 0)
      return node.error("unsupported: sliding_window_cache");
    if (node.intAttr("qk_output", 0) != 0)
      return node.error("unsupported: the scores as an output (qk_output)");
    if (failed(node.status()))
      return failure();
    if (heads < 1 || sharing < 1 || heads > INT32_MAX || sharing > INT32_MAX)
      return node.error("it needs num_heads and kv_num_heads");
    if (!isCausal && window > 0)
      return node.error("local_window_size does not go with causal = 0");
    return node.status();
  }

  LogicalResult readInputs() {
    if (node.hasInput(14) || node.hasInput(15))
      return node.error("unsupported: a normalization of queries and keys (input 14 or 15)");
    if (node.hasInput(16))
      return node.error("unsupported: the number of valid queries (input 16)");
    InputRule real{Takes::real, true};
    if (failed(checkInputs(node, {{Takes::real}, real, real, real, real, {Takes::integer}, {Takes::integer}, real, real,
                                  {Takes::longInteger, true}, real, real})))
      return failure();
    Value q = node.input(0), k = node.input(1), v = node.input(2);
    if (node.hasInput(1) != node.hasInput(2))
      return node.error("key and value come together");
    if (NodeImporter::rankOf(q) != 3 || (k && (NodeImporter::rankOf(k) != 3 || NodeImporter::rankOf(v) != 3)))
      return node.error("query, key and value must have rank 3");
    if (!k) {
      int64_t width = NodeImporter::shapeOf(q)[2], all = heads + 2 * sharing;
      if (ShapedType::isDynamic(width) || width % all != 0)
        return node.error("the packed rows are not known to hold " + Twine(all) + " heads");
      SmallVector<Value> parts =
          splitLast(node, q, {width / all * heads, width / all * sharing, width / all * sharing});
      q = parts[0], k = parts[1], v = parts[2];
    }
    // Heads stay behind rows until they are turned.
    attention.q = headsOfRows(node, q, heads);
    attention.k = headsOfRows(node, k, sharing);
    attention.v = headsFirst(node, headsOfRows(node, v, sharing));
    if (failed(node.status()))
      return failure();
    if (!isSameDim(node, k, 1, q, 1))
      return node.error("unsupported: keys that are not certainly as many as the queries");
    batch = NodeImporter::shapeOf(q)[0];
    hasPast = node.hasInput(3);
    if (hasPast != node.hasInput(4))
      return node.error("past_key and past_value come together");
    if (node.hasInput(10) && NodeImporter::rankOf(node.input(10)) != 4)
      return node.error("attention_bias must have rank 4");
    if (hasPast && (NodeImporter::rankOf(node.input(3)) != 4 || NodeImporter::rankOf(node.input(4)) != 4))
      return node.error("past_key and past_value must have rank 4");
    readLengths(q);
    if (isBuffer && node.hasInput(10))
      return node.error("unsupported: attention_bias with a cache that does not grow");
    return node.status();
  }

  /// `first` and `positions`, and what kind of cache it is.
  void readLengths(Value q) {
    Type i64 = node.builder().getI64Type();
    Value count = extent(node, q, 1), own = unsqueeze(node, countTo(node, count), {0});
    Value total = node.castTo(reshape(node, node.input(6), {1}), i64);
    if (!hasPast) {
      positions = own;
      return;
    }
    // A list as long as the batch, whatever its dim is called.
    Value shape = concat(node, {extent(node, q, 0), node.intsConstant({1})}, 0);
    Value list = node.create<nn::ReshapeOp>(node.elementType(5), node.input(5), shape, /*allow_zero=*/true);
    Value lengths = node.castTo(list, i64);
    Value before = binary(node, BinaryKind::sub, binary(node, BinaryKind::add, lengths, node.intsConstant({1})), count);
    // Sequences of a first prompt may end before its padding does.
    first = binary(node, BinaryKind::max, before, node.intsConstant({0}));
    Value past = extent(node, node.input(3), 2), grown = binary(node, BinaryKind::add, past, count);
    if (failed(node.status()))
      return;
    auto known = node.integersOf(total), length = node.integersOf(past), all = node.integersOf(grown);
    bool certainlyGrows = (known && all && *known == *all) || (length && length->front() == 0);
    isBuffer = length && !certainlyGrows;
    if (!length)
      require(total, grown);
    if (!isBuffer && batch != 1 && NodeImporter::shapeOf(q)[1] != 1) {
      // Several tokens can only be appended to sequences that are as long as each other.
      Value several = binary(node, BinaryKind::min, binary(node, BinaryKind::sub, count, node.intsConstant({1})),
                             node.intsConstant({1}));
      require(binary(node, BinaryKind::mul, first, several), binary(node, BinaryKind::mul, past, several));
    }
    positions = binary(node, BinaryKind::add, first, own);
  }

  /// Fails the run unless the two are equal: `first` gets a zero added from a place that a list of one element has for
  /// a difference of 0 alone. (An odd place could be counted from the list's end.)
  void require(Value a, Value b) {
    Value twice = binary(node, BinaryKind::mul, binary(node, BinaryKind::sub, a, b), node.intsConstant({2}));
    Value zero = node.create<nn::GatherOp>(node.builder().getI64Type(), node.intsConstant({0}), twice, 0);
    first = binary(node, BinaryKind::add, first, zero);
  }

  /// Turns queries and keys by their positions, and brings heads before rows.
  LogicalResult turn() {
    if (isRotary) {
      if (!node.hasInput(7) || !node.hasInput(8))
        return node.error("do_rotary needs cos_cache and sin_cache");
      if (NodeImporter::rankOf(node.input(7)) != 2 || NodeImporter::rankOf(node.input(8)) != 2)
        return node.error("the caches must have rank 2");
      int64_t half = NodeImporter::shapeOf(node.input(7))[1];
      if (ShapedType::isDynamic(half))
        return node.error("unsupported: a dynamic number of angles");
      Value places = node.hasInput(9) ? node.input(9) : positions;
      auto angles = [&](unsigned i) {
        return node.create<nn::GatherOp>(node.elementType(0), node.input(i), places, 0);
      };
      Value cosines = angles(7), sines = angles(8);
      for (Value *x : {&attention.q, &attention.k}) {
        FailureOr<Value> turned = rotate(node, *x, cosines, sines, 2 * half, /*headDim=*/2, isInterleaved);
        if (failed(turned))
          return failure();
        *x = *turned;
      }
    }
    attention.q = headsFirst(node, attention.q);
    attention.k = headsFirst(node, attention.k);
    if (failed(checkHeads(node, attention.q, attention.k)))
      return failure();
    FailureOr<double> scale = scaleOf(node, attention.q, /*zeroIsNone=*/true);
    if (failed(scale))
      return failure();
    attention.scale = *scale;
    return success();
  }

  /// The keys or values of all tokens, which are output `i` too.
  Value cached(unsigned i, unsigned pastInput, Value fresh) {
    Value all = fresh;
    if (hasPast)
      all = isBuffer ? written(node.input(pastInput), fresh) : appended(node.input(pastInput), fresh);
    if (node.hasOutput(i))
      node.setOutput(i, all);
    return all;
  }

  Value written(Value past, Value fresh) {
    Type i64 = node.builder().getI64Type();
    Value shape = node.create<nn::ShapeOfOp>(i64, fresh, 0, 4);
    Value places = node.create<nn::BroadcastToOp>(i64, unsqueeze(node, positions, {1, 3}), shape);
    return node.create<nn::ScatterElementsOp>(NodeImporter::elementTypeOf(past), nn::ScatterReduction::none, past,
                                              places, fresh, 2);
  }

  Value appended(Value past, Value fresh) {
    Value all = concat(node, {past, fresh}, 2);
    if (batch == 1)
      return all;
    // Sequences that end before the longest one does have the new token where they end.
    Value newest = slice(node, fresh, 2, -1, INT64_MAX);
    Value place = binary(node, BinaryKind::add, first, binary(node, BinaryKind::sub, extent(node, fresh, 2),
                                                              node.intsConstant({1})));
    Value isPlace = compare(node, CompareKind::eq, unsqueeze(node, place, {1, 3}),
                            unsqueeze(node, keyPositions(node, all), {1}));
    return select(node, isPlace, newest, all);
  }

  /// What is added to the scores.
  Value biasOf() {
    Type type = NodeImporter::elementTypeOf(attention.q);
    Value bias = node.hasInput(10) ? forKeys(node, node.input(10), attention.k) : Value();
    Value keys = keyPositions(node, attention.k);
    auto addUnless = [&](CompareKind kind, Value a, Value b) {
      bias = plus(node, bias, maskUnless(node, compare(node, kind, a, b), type));
    };
    auto number = [&](int64_t value) { return node.intScalarConstant(node.builder().getI64Type(), value); };
    if (!isCausal) {
      Value lengths = node.castTo(reshape(node, node.input(5), {-1, 1, 1, 1}), node.builder().getI64Type());
      addUnless(CompareKind::le, keys, lengths);
      return bias;
    }
    // How far query i is past key j. Without a past it is the same for all sequences.
    Value rows = rowPositions(node, attention.q);
    if (hasPast)
      rows = binary(node, BinaryKind::add, unsqueeze(node, first, {2, 3}), rows);
    Value distance = binary(node, BinaryKind::sub, rows, keys);
    addUnless(CompareKind::ge, distance, number(0));
    if (window > 0)
      addUnless(CompareKind::lt, distance, number(window));
    return bias;
  }

  /// One more term in the softmax's sum, whose value counts as 0: a key and a value of zeros, with head_sink as bias.
  void addSink() {
    if (!isSmooth)
      return;
    Type type = NodeImporter::elementTypeOf(attention.q);
    Value last = extent(node, attention.k, 2);
    auto padded = [&](Value x, int64_t axis) {
      SmallVector<int64_t> pads(8, 0);
      pads[4 + axis] = 1;
      return node.create<nn::PadOp>(NodeImporter::elementTypeOf(x), nn::PadMode::constant, x, node.intsConstant(pads),
                                    node.scalarConstant(NodeImporter::elementTypeOf(x), 0));
    };
    int64_t missing = 4 - NodeImporter::rankOf(attention.bias);
    if (missing > 0)
      attention.bias = unsqueeze(node, attention.bias, llvm::to_vector(llvm::seq<int64_t>(0, missing)));
    attention.k = padded(attention.k, 2);
    attention.v = padded(attention.v, 2);
    attention.bias = padded(attention.bias, 3);
    if (!node.hasInput(11))
      return;
    Value sinks = unsqueeze(node, reshape(node, node.input(11), {-1, 1}), {0, 3});
    Value isLast = compare(node, CompareKind::eq, keyPositions(node, attention.k), last);
    attention.bias = plus(node, attention.bias, select(node, isLast, sinks, node.scalarConstant(type, 0)));
  }

  NodeImporter &node;
  HeadAttention attention;
  int64_t heads = 0, sharing = 0, window = -1, batch = ShapedType::kDynamic;
  bool isCausal = true, isRotary = false, isInterleaved = false, isSmooth = false, hasPast = false, isBuffer = false;
  /// How many tokens each sequence had before this step, [B,1]; with a past only.
  Value first;
  /// The positions of the new tokens, [B or 1,S].
  Value positions;
};

} // namespace

void registerGroupQueryAttentionImporters(Registry &registry) {
  registry.addTo("com.microsoft", "GroupQueryAttention",
                 [](NodeImporter &node) { return GroupQueryAttention(node).import(); });
}

} // namespace nnc::onnx
