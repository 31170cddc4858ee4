//===- LinearAttention.cpp - attention whose past is one matrix ---------------===//
//
// In place of all keys and values so far a head keeps S [dk, dv], the sum of their outer products; a query reads it:
//
//     linear:       S = S + k v^T                          o = scale q^T S
//     gated:        S = exp(g) S + k v^T                   g: for each dim of the keys, or for the head
//     delta:        S = S + beta k (v - S^T k)^T           what S already gives for k is replaced, not added to
//     gated_delta:  both
//
// (Katharopoulos et al. 2020; Yang et al. 2024: Gated Delta Networks.) Steps in time are the rounds of an nn.scan; a single
// one, as when text is generated, has no loop.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "frontends/onnx/ops/Shapes.h"

#include <cmath>

using namespace mlir;

namespace nnc::onnx {
namespace {

using nn::BinaryKind;

class LinearAttention {
public:
  LinearAttention(NodeImporter &node) : node(node) {}

  LogicalResult import() {
    if (failed(readRule()) || failed(readHeads()) || failed(checkGates()))
      return failure();
    Type type = node.elementType(0);
    work = type.isF64() ? type : Type(node.builder().getF32Type());
    isStep = NodeImporter::shapeOf(node.input(0))[1] == 1;
    // A query has a row for each of the heads that share a key.
    SmallVector<Value> rows = {binary(node, BinaryKind::mul, rowsOf(0, {keyHeads, shared, keySize}),
                                      node.scalarConstant(work, scale)),
                               rowsOf(1, {keyHeads, 1, keySize}), rowsOf(2, {keyHeads, 1, valueSize})};
    if (isGated)
      rows.push_back(node.create<nn::UnaryOp>(work, nn::UnaryKind::exp, rowsOf(4, {keyHeads, -1, 1}), FloatAttr(),
                                              FloatAttr()));
    if (isDelta)
      rows.push_back(rowsOf(5, {-1, 1, 1}));
    if (failed(node.status()))
      return failure();
    Value state = initialState(), result;
    if (isStep) {
      std::tie(state, result) = step(state, rows);
      result = reshape(node, result, {0, 1, queryHeads * valueSize});
    } else {
      std::tie(state, result) = scan(state, rows);
      result = reshape(node, transpose(node, result, {1, 0, 2, 3, 4}), {0, 0, queryHeads * valueSize});
    }
    node.setOutput(0, node.castTo(result, type));
    if (node.hasOutput(1))
      node.setOutput(1, node.castTo(state, node.hasInput(3) ? node.elementType(3) : type));
    return node.status();
  }

private:
  LogicalResult readRule() {
    std::string rule = node.stringAttr("update_rule", "gated_delta");
    isGated = rule == "gated" || rule == "gated_delta";
    isDelta = rule == "delta" || rule == "gated_delta";
    if (!isGated && !isDelta && rule != "linear")
      return node.error("update_rule is '" + rule + "' instead of 'linear', 'gated', 'delta' or 'gated_delta'");
    for (auto [name, i, isWanted] : {std::tuple("decay", 4u, isGated), std::tuple("beta", 5u, isDelta)})
      if (node.hasInput(i) != isWanted)
        return node.error("update_rule '" + rule + "' " + (isWanted ? "needs " : "takes no ") + name);
    node.ignoreAttr("chunk_size"); // a hint
    return success();
  }

  LogicalResult readHeads() {
    queryHeads = node.intAttr("q_num_heads", 0);
    keyHeads = node.intAttr("kv_num_heads", 0);
    if (keyHeads < 1 || queryHeads < keyHeads || queryHeads % keyHeads != 0)
      return node.error("q_num_heads is " + Twine(queryHeads) + ", which is no multiple of kv_num_heads, " +
                        Twine(keyHeads));
    shared = queryHeads / keyHeads;
    const char *names[] = {"query", "key", "value"};
    int64_t heads[] = {queryHeads, keyHeads, keyHeads}, sizes[3];
    for (int i = 0; i < 3; ++i) {
      if (failed(checkSequence(names[i], i)))
        return failure();
      int64_t width = NodeImporter::shapeOf(node.input(i))[2];
      if (ShapedType::isDynamic(width))
        return node.error(Twine("unsupported: the last dim of ") + names[i] + " is not known");
      if (width % heads[i] != 0)
        return node.error(Twine("the last dim of ") + names[i] + ", " + Twine(width) + ", does not hold " +
                          Twine(heads[i]) + " heads");
      sizes[i] = width / heads[i];
    }
    if (sizes[0] != sizes[1])
      return node.error("heads of the query have " + Twine(sizes[0]) + " elements, those of the key " +
                        Twine(sizes[1]));
    keySize = sizes[0];
    valueSize = sizes[2];
    scale = node.floatAttr("scale", 0);
    if (scale == 0)
      scale = 1 / std::sqrt(static_cast<double>(keySize));
    return success();
  }

  LogicalResult checkGates() {
    auto check = [&](StringRef name, unsigned i, int64_t one, int64_t other) -> LogicalResult {
      if (!node.hasInput(i))
        return success();
      if (failed(checkSequence(name, i)))
        return failure();
      int64_t width = NodeImporter::shapeOf(node.input(i))[2];
      if (ShapedType::isDynamic(width))
        return node.error("unsupported: the last dim of " + name + " is not known");
      if (width != one && width != other)
        return node.error("the last dim of " + name + " is " + Twine(width) + " instead of " + Twine(one) + " or " +
                          Twine(other));
      return success();
    };
    if (failed(check("decay", 4, keyHeads, keyHeads * keySize)) || failed(check("beta", 5, keyHeads, 1)))
      return failure();
    if (!node.hasInput(3))
      return success();
    ArrayRef<int64_t> state = NodeImporter::shapeOf(node.input(3));
    int64_t batch = NodeImporter::shapeOf(node.input(0))[0];
    if (state.size() != 4 || disagree(state[0], batch) || disagree(state[1], keyHeads) || disagree(state[2], keySize) ||
        disagree(state[3], valueSize))
      return node.error("past_state is to be batch x " + Twine(keyHeads) + " x " + Twine(keySize) + " x " +
                        Twine(valueSize));
    return success();
  }

  /// [batch, time, ...] with the query's batch and time.
  LogicalResult checkSequence(StringRef name, unsigned i) {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(node.input(i)), query = NodeImporter::shapeOf(node.input(0));
    if (shape.size() != 3)
      return node.error(name + " needs rank 3, it has " + Twine(shape.size()));
    if (disagree(shape[0], query[0]) || disagree(shape[1], query[1]))
      return node.error("batch and time of " + name + " are not those of the query");
    return success();
  }

  /// Input i as a sequence of rows [time, batch, heads, ...], or as the only row.
  Value rowsOf(unsigned i, ArrayRef<int64_t> row) {
    SmallVector<int64_t> shape(isStep ? 1 : 2, 0);
    llvm::append_range(shape, row);
    Value x = reshape(node, node.castTo(node.input(i), work), shape);
    return isStep ? x : transpose(node, x, {1, 0, 2, 3, 4});
  }

  Value initialState() {
    if (node.hasInput(3))
      return node.castTo(node.input(3), work);
    Value shape = concat(node, {extent(node, node.input(0), 0), node.intsConstant({keyHeads, keySize, valueSize})}, 0);
    return node.create<nn::BroadcastToOp>(work, node.scalarConstant(work, 0), shape);
  }

  /// The state after one step and what the queries read of it, [batch, heads of keys, queries of each, dv].
  std::pair<Value, Value> step(Value state, ValueRange rows) {
    Value query = rows[0], key = rows[1], value = rows[2];
    if (isGated)
      state = binary(node, BinaryKind::mul, state, rows[3]);
    if (isDelta) {
      Value known = node.create<nn::MatMulOp>(work, key, state, false, false);
      value = binary(node, BinaryKind::mul, binary(node, BinaryKind::sub, value, known), rows.back());
    }
    Value column = reshape(node, key, {0, keyHeads, keySize, 1});
    state = binary(node, BinaryKind::add, state, binary(node, BinaryKind::mul, column, value));
    return {state, node.create<nn::MatMulOp>(work, query, state, false, false)};
  }

  std::pair<Value, Value> scan(Value state, ValueRange rows) {
    OpBuilder &b = node.builder();
    SmallVector<Value> inputs = {state};
    llvm::append_range(inputs, rows);
    Region body;
    {
      OpBuilder::InsertionGuard guard(b);
      Block *block = b.createBlock(&body);
      block->addArgument(state.getType(), node.getLoc());
      for (Value sequence : rows)
        block->addArgument(RankedTensorType::get(NodeImporter::shapeOf(sequence).drop_front(), work), node.getLoc());
      auto [next, read] = step(block->getArgument(0), block->getArguments().drop_front());
      nn::YieldOp::create(b, node.getLoc(), ValueRange{next, read});
    }
    SmallVector<Type> types(2, UnrankedTensorType::get(work));
    auto op = nn::ScanOp::create(b, node.getLoc(), types, inputs, b.getI64IntegerAttr(1));
    op.getBody().takeBody(body);
    node.complete(op);
    return {op.getResult(0), op.getResult(1)};
  }

  NodeImporter &node;
  bool isGated = false, isDelta = false;
  /// Heads of the queries and of keys and values; how many queries share one; elements of a head.
  int64_t queryHeads = 0, keyHeads = 0, shared = 0, keySize = 0, valueSize = 0;
  double scale = 0;
  /// The type that is computed in.
  Type work;
  /// Whether there is but one step in time.
  bool isStep = false;
};

} // namespace

void registerLinearAttentionImporters(Registry &registry) {
  registry.add("LinearAttention", [](NodeImporter &node) { return LinearAttention(node).import(); });
}

} // namespace nnc::onnx
