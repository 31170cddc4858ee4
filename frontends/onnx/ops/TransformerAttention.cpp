//===- TransformerAttention.cpp - com.microsoft's attention of encoders -------===//
//
// MultiHeadAttention and Attention, as ONNX Runtime's transformer optimizer writes them. Masks are integers of several
// shapes; what is masked gets a finite number added to its scores, so that a row without any key sees all of them.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/AttentionParts.h"
#include "frontends/onnx/ops/InputRules.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// What both have
//===----------------------------------------------------------------------===//

class MaskedAttention {
protected:
  explicit MaskedAttention(NodeImporter &node) : node(node) {}

  LogicalResult readAttributes() {
    heads = node.intAttr("num_heads", 0);
    filter = node.floatAttr("mask_filter_value", -10000);
    isCausal = node.intAttr("unidirectional", 0) != 0;
    if (succeeded(node.status()) && (heads < 1 || heads > INT32_MAX))
      return node.error("it needs num_heads");
    return node.status();
  }

  Value split(Value rows) { return headsFirst(node, headsOfRows(node, rows, heads)); }

  /// Attention over all keys, where the last queries are those of the last keys: sets output 0.
  LogicalResult finish(unsigned mask, unsigned bias) {
    if (failed(checkHeads(node, attention.q, attention.k)))
      return failure();
    FailureOr<double> scale = scaleOf(node, attention.q, /*zeroIsNone=*/true);
    if (failed(scale))
      return failure();
    attention.scale = *scale;
    if (node.hasInput(bias)) {
      if (NodeImporter::rankOf(node.input(bias)) != 4)
        return node.error("attention_bias must have rank 4");
      attention.bias = forKeys(node, node.input(bias), attention.k);
    }
    if (node.hasInput(mask))
      addMask(node.input(mask));
    if (isCausal && succeeded(node.status()))
      addTriangle();
    if (failed(attention.build(node)))
      return failure();
    node.setOutput(0, rowsOfHeads(node, attention.y));
    return node.status();
  }

  NodeImporter &node;
  HeadAttention attention;
  int64_t heads = 0;
  double filter = 0;
  bool isCausal = false, takesStarts = false;

private:
  void addBias(Value allowed, double masked) {
    Type type = NodeImporter::elementTypeOf(attention.q);
    attention.bias = plus(node, attention.bias, maskUnless(node, allowed, type, masked));
  }

  /// The mask is [B,T] or [B,S,T] with positive numbers where a key counts, or a list of where each sequence's keys end
  /// and, behind that, start. [B,1] is no mask.
  void addMask(Value mask) {
    Type integer = node.builder().getI32Type();
    int64_t rank = NodeImporter::rankOf(mask);
    if (rank == 2 || rank == 3) {
      if (rank == 2 && NodeImporter::shapeOf(mask)[1] == 1)
        return;
      Value all = forKeys(node, mask, attention.k);
      Value allowed = compare(node, CompareKind::gt, all, node.intScalarConstant(integer, 0));
      return addBias(unsqueeze(node, allowed, rank == 2 ? ArrayRef<int64_t>{1, 2} : ArrayRef<int64_t>{1}), filter);
    }
    if (rank != 1)
      return (void)node.error("unsupported: a mask of rank " + Twine(rank));
    Value list = unsqueeze(node, node.castTo(mask, node.builder().getI64Type()), {1, 2, 3});
    if (failed(node.status()))
      return;
    Value keys = keyPositions(node, attention.k);
    int64_t length = NodeImporter::shapeOf(mask)[0], batch = NodeImporter::shapeOf(attention.q)[0];
    bool isKnown = !ShapedType::isDynamic(length) && !ShapedType::isDynamic(batch);
    Value ends = list;
    if (isKnown && length > batch)
      ends = slice(node, list, 0, 0, batch);
    Value inside = compare(node, CompareKind::lt, keys, ends);
    if (isKnown && length == 2 * batch && takesStarts) {
      // A key that is outside at both ends is masked once.
      Value fromStart = compare(node, CompareKind::ge, keys, slice(node, list, 0, batch, length));
      inside = node.create<nn::BinaryOp>(node.builder().getI1Type(), BinaryKind::logical_and, inside, fromStart);
    } else if (!isSameDim(node, mask, 0, attention.q, 0) && !(isKnown && length == 3 * batch + 2)) {
      // (In a list of 3 B + 2 what follows the ends says where sequences lie in packed rows.)
      return (void)node.error("unsupported: a mask whose length is not known to be that of the batch");
    }
    addBias(inside, filter);
  }

  void addTriangle() {
    Value rows = rowPositions(node, attention.q);
    Value before = binary(node, BinaryKind::sub, extent(node, attention.k, 2), extent(node, attention.q, 2));
    Value reach = binary(node, BinaryKind::add, rows, before);
    addBias(compare(node, CompareKind::ge, reach, keyPositions(node, attention.k)), -INFINITY);
  }
};

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

class MultiHeadAttention : MaskedAttention {
public:
  explicit MultiHeadAttention(NodeImporter &node) : MaskedAttention(node) {}

  LogicalResult import() {
    if (node.hasInput(8) || node.hasInput(9))
      return node.error("unsupported: a cache shared with the outputs, or searched by beams (input 8 or 9)");
    InputRule real{Takes::real, true};
    if (failed(checkInputs(node, {{Takes::real}, real, real, real, {Takes::integer, true}, real, real, real})) ||
        failed(readAttributes()) || failed(readOperands()))
      return failure();
    bool hasPast = node.hasInput(6);
    if (hasPast != node.hasInput(7))
      return node.error("past_key and past_value come together");
    if (isCausal && !isSameDim(node, attention.k, 2, attention.q, 2))
      return node.error("unsupported: unidirectional with keys that are not certainly as many as the queries");
    if (hasPast) {
      attention.k = concat(node, {node.input(6), attention.k}, 2);
      attention.v = concat(node, {node.input(7), attention.v}, 2);
    }
    for (auto [i, present] : {std::pair(1u, attention.k), std::pair(2u, attention.v)})
      if (node.hasOutput(i))
        node.setOutput(i, present);
    return finish(/*mask=*/4, /*bias=*/5);
  }

private:
  /// Heads first, with what `bias` has for them added.
  LogicalResult readOperands() {
    Value q = node.input(0), k = node.input(1), v = node.input(2);
    int64_t rank = NodeImporter::rankOf(q), keyRank = k ? NodeImporter::rankOf(k) : 0;
    int64_t valueRank = v ? NodeImporter::rankOf(v) : 0;
    if (!k && !v && rank == 5)
      return readPacked(q, 3);
    if (rank != 3)
      return node.error("query must have rank 3, or 5 with keys and values in it");
    if (keyRank == 5 && !v)
      return readPacked(k, 2);
    if (keyRank != valueRank || (keyRank != 3 && keyRank != 4))
      return node.error("unsupported: key and value that do not both have rank 3 or 4");
    if (node.hasInput(3)) {
      SmallVector<int64_t> widths = {NodeImporter::shapeOf(q)[2]};
      widths.push_back(keyRank == 3 ? NodeImporter::shapeOf(k)[2] : widths[0]);
      widths.push_back(keyRank == 3 ? NodeImporter::shapeOf(v)[2] : widths[0]);
      if (llvm::is_contained(widths, ShapedType::kDynamic))
        return node.error("unsupported: a bias for rows of dynamic width");
      if (NodeImporter::rankOf(node.input(3)) != 1)
        return node.error("the bias must have rank 1");
      SmallVector<Value> parts = splitLast(node, node.input(3), widths);
      q = binary(node, BinaryKind::add, q, parts[0]);
      // Keys of rank 4 come from elsewhere, with their bias.
      if (keyRank == 3) {
        k = binary(node, BinaryKind::add, k, parts[1]);
        v = binary(node, BinaryKind::add, v, parts[2]);
      }
    }
    attention.q = split(q);
    attention.k = keyRank == 3 ? split(k) : k;
    attention.v = keyRank == 3 ? split(v) : v;
    return node.status();
  }

  /// [B,L,heads,parts,D]: each head has its query, key and value, or the latter two, side by side.
  LogicalResult readPacked(Value packed, int64_t parts) {
    if (NodeImporter::shapeOf(packed)[2] != heads || NodeImporter::shapeOf(packed)[3] != parts)
      return node.error("the packed rows do not hold " + Twine(parts) + " parts for each of " + Twine(heads) +
                        " heads");
    auto part = [&](int64_t i) {
      Value one = slice(node, packed, 3, i, i + 1);
      return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(packed), one, ArrayRef<int64_t>{3});
    };
    if (node.hasInput(3))
      return node.error("unsupported: a bias for packed rows");
    attention.q = parts == 3 ? headsFirst(node, part(0)) : split(node.input(0));
    attention.k = headsFirst(node, part(parts - 2));
    attention.v = headsFirst(node, part(parts - 1));
    return node.status();
  }
};

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

class ProjectedAttention : MaskedAttention {
public:
  explicit ProjectedAttention(NodeImporter &node) : MaskedAttention(node) {}

  LogicalResult import() {
    if (node.hasInput(6) || node.intAttr("past_present_share_buffer", 0) != 0)
      return node.error("unsupported: past_present_share_buffer");
    if (node.intAttr("do_rotary", 0) != 0)
      return node.error("unsupported: do_rotary");
    node.ignoreAttr("rotary_embedding_dim");
    takesStarts = true;
    InputRule real{Takes::real, true};
    if (failed(checkInputs(node, {{Takes::real}, {Takes::real}, real, {Takes::integer, true}, real, real})) ||
        failed(readAttributes()) || failed(project()))
      return failure();
    if (node.hasInput(4)) {
      if (NodeImporter::rankOf(node.input(4)) != 5)
        return node.error("past must have rank 5");
      auto past = [&](int64_t i) {
        Value part = slice(node, node.input(4), 0, i, i + 1);
        return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(part), part, ArrayRef<int64_t>{0});
      };
      attention.k = concat(node, {past(0), attention.k}, 2);
      attention.v = concat(node, {past(1), attention.v}, 2);
    }
    if (node.hasOutput(1))
      node.setOutput(1, concat(node, {unsqueeze(node, attention.k, {0}), unsqueeze(node, attention.v, {0})}, 0));
    return finish(/*mask=*/3, /*bias=*/5);
  }

private:
  /// Queries, keys and values are one product of the input.
  LogicalResult project() {
    Value x = node.input(0), w = node.input(1);
    if (NodeImporter::rankOf(x) != 3 || NodeImporter::rankOf(w) != 2)
      return node.error("the input must have rank 3, the weights rank 2");
    int64_t width = NodeImporter::shapeOf(w)[1];
    if (ShapedType::isDynamic(width))
      return node.error("unsupported: weights of dynamic width");
    SmallVector<int64_t> widths = node.intsAttr("qkv_hidden_sizes", {width / 3, width / 3, width / 3});
    if (failed(node.status()))
      return failure();
    if (widths.size() != 3 ||
        llvm::any_of(widths, [&](int64_t part) { return part < 1 || part > width || part % heads != 0; }) ||
        widths[0] != widths[1] || widths[0] + widths[1] + widths[2] != width)
      return node.error("the " + Twine(width) + " columns of the weights are no queries, keys and values for " +
                        Twine(heads) + " heads");
    Value rows = node.create<nn::MatMulOp>(node.elementType(0), x, w, /*transpose_a=*/false, /*transpose_b=*/false);
    if (node.hasInput(2))
      rows = binary(node, BinaryKind::add, rows, node.input(2));
    SmallVector<Value> parts = splitLast(node, rows, widths);
    attention.q = split(parts[0]);
    attention.k = split(parts[1]);
    attention.v = split(parts[2]);
    return node.status();
  }
};

} // namespace

void registerTransformerAttentionImporters(Registry &registry) {
  registry.addTo("com.microsoft", "MultiHeadAttention",
                 [](NodeImporter &node) { return MultiHeadAttention(node).import(); });
  registry.addTo("com.microsoft", "Attention", [](NodeImporter &node) { return ProjectedAttention(node).import(); });
}

} // namespace nnc::onnx
