//===- Control.cpp - If, Loop and Scan ----------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include <onnx-ml.pb.h>

using namespace mlir;
using ::onnx::GraphProto;

namespace nnc::onnx {
namespace {

RankedTensorType typeOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

/// Imports a subgraph as the one block of `region`, up to its terminator. What is yielded goes to `results`.
LogicalResult importBody(NodeImporter &node, const GraphProto &graph, Region &region, ArrayRef<Type> arguments,
                         SmallVectorImpl<Value> &results) {
  OpBuilder::InsertionGuard guard(node.builder());
  return node.importSubgraph(graph, region, arguments, results);
}

void yieldAtEnd(NodeImporter &node, Region &region, ValueRange values) {
  OpBuilder::InsertionGuard guard(node.builder());
  node.builder().setInsertionPointToEnd(&region.front());
  nn::YieldOp::create(node.builder(), node.getLoc(), values);
}

SmallVector<Type> unrankedLike(ValueRange values) {
  SmallVector<Type> types;
  for (Value value : values)
    types.push_back(UnrankedTensorType::get(NodeImporter::elementTypeOf(value)));
  return types;
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

/// A branch that is always taken: its ops join the graph around it.
LogicalResult takeBranch(NodeImporter &node, Region &region, ArrayRef<Value> results) {
  OpBuilder &b = node.builder();
  b.getInsertionBlock()->getOperations().splice(b.getInsertionPoint(), region.front().getOperations());
  for (auto [i, result] : llvm::enumerate(results))
    node.setOutput(i, result);
  return node.status();
}

/// PyTorch's squeeze of one dim becomes `If(dim == 1) { Squeeze(x) } else { x }`, whose results differ in rank. Which
/// of them a model means is decided when it is written: the nodes after it take one. Where they read a dim that only x
/// has, that is x. Else it is the squeeze, whose own check fails where the dim is not 1 at run time. Gives the branch to
/// take, or -1.
int branchOfConditionalSqueeze(NodeImporter &node, ArrayRef<Value> thenResults, ArrayRef<Value> elseResults) {
  auto compare = node.input(0).getDefiningOp<nn::CompareOp>();
  bool isEqual = compare && compare.getKind() == nn::CompareKind::eq;
  if (!compare || (!isEqual && compare.getKind() != nn::CompareKind::ne) || thenResults.size() != 1)
    return -1;
  int branch = isEqual ? 0 : 1;
  Value squeezed = isEqual ? thenResults[0] : elseResults[0], other = isEqual ? elseResults[0] : thenResults[0];
  auto squeeze = squeezed.getDefiningOp<nn::SqueezeOp>();
  if (!squeeze || squeeze.getX() != other || squeeze.getAxes().size() != 1)
    return -1;
  auto isOne = [&](Value value) { return node.integerOf(value) == 1; };
  auto isDim = [&](Value value) { return node.isExtentOf(value, other, squeeze.getAxes()[0]); };
  Value a = compare.getA(), b = compare.getB();
  if (!(isDim(a) && isOne(b)) && !(isOne(a) && isDim(b)))
    return -1;
  return node.leastRankOfOutput(0) > NodeImporter::rankOf(squeezed) ? 1 - branch : branch;
}

LogicalResult importIf(NodeImporter &node) {
  const GraphProto *graphs[] = {node.graphAttr("then_branch"), node.graphAttr("else_branch")};
  for (const GraphProto *graph : graphs)
    if (graph->output_size() != static_cast<int>(node.numOutputs()))
      return node.error("a branch gives " + Twine(graph->output_size()) + " values for " + Twine(node.numOutputs()) +
                        " outputs");
  Region regions[2];
  SmallVector<Value> results[2];
  auto import = [&](int i) { return importBody(node, *graphs[i], regions[i], {}, results[i]); };
  if (auto known = node.integerOf(node.input(0))) {
    int taken = *known != 0 ? 0 : 1;
    return failed(import(taken)) ? failure() : takeBranch(node, regions[taken], results[taken]);
  }
  if (failed(import(0)) || failed(import(1)))
    return failure();
  if (int taken = branchOfConditionalSqueeze(node, results[0], results[1]); taken >= 0)
    return takeBranch(node, regions[taken], results[taken]);
  for (auto [i, a, b] : llvm::enumerate(results[0], results[1])) {
    if (NodeImporter::elementTypeOf(a) != NodeImporter::elementTypeOf(b))
      return node.error("the branches give different element types for output " + Twine(i));
    if (NodeImporter::rankOf(a) != NodeImporter::rankOf(b))
      return node.error("unsupported: the branches give output " + Twine(i) + " of different ranks, " +
                        Twine(NodeImporter::rankOf(a)) + " and " + Twine(NodeImporter::rankOf(b)));
  }
  auto op = nn::IfOp::create(node.builder(), node.getLoc(), unrankedLike(results[0]), node.input(0));
  op.getThenRegion().takeBody(regions[0]);
  op.getElseRegion().takeBody(regions[1]);
  yieldAtEnd(node, op.getThenRegion(), results[0]);
  yieldAtEnd(node, op.getElseRegion(), results[1]);
  node.complete(op);
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    node.setOutput(i, result);
  return node.status();
}

//===----------------------------------------------------------------------===//
// Loop and Scan
//===----------------------------------------------------------------------===//

/// Checks that the body of a repetition gives so many values or more.
LogicalResult checkYields(NodeImporter &node, const GraphProto &graph, size_t least) {
  if (static_cast<size_t>(graph.output_size()) >= least)
    return success();
  return node.error("the body gives " + Twine(graph.output_size()) + " values, " + Twine(least) + " or more are needed");
}

/// Imports the body of a repetition whose arguments from `firstArgument` on are carried from one round to the next:
/// they come back as the yields from `firstYield` on. Their dims may change on the way. The body is imported for the
/// types of the initial values; a dim that comes back different is dynamic, and the body is imported again, until all
/// come back as they went in.
LogicalResult importRepeatedBody(NodeImporter &node, const GraphProto &graph, Region &region,
                                 SmallVector<Type> arguments, size_t firstArgument, size_t firstYield, size_t carried,
                                 SmallVectorImpl<Value> &yields) {
  if (failed(checkYields(node, graph, firstYield + carried)))
    return failure();
  while (true) {
    yields.clear();
    if (failed(importBody(node, graph, region, arguments, yields)))
      return failure();
    bool isStable = true;
    for (size_t i = 0; i < carried; ++i) {
      auto in = cast<RankedTensorType>(arguments[firstArgument + i]);
      auto out = typeOf(yields[firstYield + i]);
      if (!out || in.getElementType() != out.getElementType())
        return node.error("carried value " + Twine(i) + " changes its element type");
      if (in.getRank() != out.getRank())
        return node.error("unsupported: carried value " + Twine(i) + " changes its rank from " + Twine(in.getRank()) +
                          " to " + Twine(out.getRank()));
      SmallVector<int64_t> shape(in.getShape());
      for (auto [extent, returned] : llvm::zip(shape, out.getShape()))
        if (extent != returned)
          extent = ShapedType::kDynamic;
      if (shape == in.getShape())
        continue;
      arguments[firstArgument + i] = RankedTensorType::get(shape, in.getElementType());
      isStable = false;
    }
    if (isStable)
      return success();
    region.dropAllReferences();
    region.getBlocks().clear();
  }
}

/// The type in which a body takes Loop's scalars: bodies also declare them as [1].
Type scalarArgumentType(const ::onnx::ValueInfoProto &input, Type element) {
  bool hasDim = input.type().tensor_type().shape().dim_size() == 1;
  return RankedTensorType::get(hasDim ? ArrayRef<int64_t>{1} : ArrayRef<int64_t>{}, element);
}

/// A loop that carries sequences, as PyTorch's lists become, is as many copies of its body: the length of a sequence is
/// known in each of them. The number of rounds and every condition have to be, too.
LogicalResult unrollLoop(NodeImporter &node, const GraphProto &graph, ArrayRef<Value> initial) {
  constexpr int64_t mostRounds = 1024;
  if (failed(checkYields(node, graph, 1 + initial.size())))
    return failure();
  auto elementOf = [](Value value) {
    return isa<TupleType>(value.getType()) ? Type() : NodeImporter::elementTypeOf(value);
  };
  std::optional<int64_t> rounds = node.hasInput(0) ? node.integerOf(node.input(0)) : INT64_MAX;
  std::optional<int64_t> condition = node.hasInput(1) ? node.integerOf(node.input(1)) : 1;
  SmallVector<Value> carried(initial);
  SmallVector<SmallVector<Value>> scanned(node.numOutputs() - initial.size());
  for (int64_t round = 0; rounds && condition && *condition && round < *rounds; ++round) {
    if (round == mostRounds)
      return node.error("unsupported: more than " + Twine(mostRounds) + " rounds of a loop that carries a sequence");
    auto scalar = [&](int i, Type element, int64_t value) {
      auto type = cast<RankedTensorType>(scalarArgumentType(graph.input(i), element));
      return node.constant(DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(), value)));
    };
    SmallVector<Value> inputs = {scalar(0, node.builder().getI64Type(), round)};
    inputs.push_back(scalar(1, node.builder().getI1Type(), 1));
    llvm::append_range(inputs, carried);
    SmallVector<Value> results;
    if (failed(node.status()) || failed(node.inlineSubgraph(graph, inputs, results)))
      return failure();
    condition = node.integerOf(results[0]);
    for (auto [i, value] : llvm::enumerate(carried)) {
      if (elementOf(value) != elementOf(results[1 + i]))
        return node.error("carried value " + Twine(i) + " changes its element type");
      value = results[1 + i];
    }
    for (auto [i, rows] : llvm::enumerate(scanned)) {
      Value row = results[1 + initial.size() + i];
      if (!elementOf(row) || (!rows.empty() && elementOf(row) != elementOf(rows[0])))
        return node.error("output " + Twine(initial.size() + i) + " has sequences or different types as its rows");
      rows.push_back(row);
    }
  }
  if (!rounds || !condition)
    return node.error("unsupported: a loop that carries a sequence for as long as only the run knows");
  for (auto [i, value] : llvm::enumerate(carried))
    node.setOutput(i, value);
  for (auto [i, rows] : llvm::enumerate(scanned)) {
    if (rows.empty())
      return node.error("unsupported: the rows of a loop that carries a sequence and has no rounds");
    for (Value &row : rows)
      row = unsqueeze(node, row, 0);
    node.setOutput(initial.size() + i, concat(node, rows, 0));
  }
  return node.status();
}

LogicalResult importLoop(NodeImporter &node) {
  const GraphProto *graph = node.graphAttr("body");
  auto initial = node.allInputs().size() > 2 ? node.allInputs().drop_front(2) : ArrayRef<Value>();
  for (auto [i, value] : llvm::enumerate(initial))
    if (!value)
      return node.error("the initial value " + Twine(i) + " is missing");
  if (graph->input_size() != static_cast<int>(initial.size()) + 2)
    return node.error("the body takes " + Twine(graph->input_size()) + " inputs instead of " + Twine(initial.size() + 2));
  if (graph->output_size() != static_cast<int>(node.numOutputs()) + 1)
    return node.error("the body gives " + Twine(graph->output_size()) + " values instead of " +
                      Twine(node.numOutputs() + 1));

  if (llvm::any_of(initial, [](Value value) { return isa<TupleType>(value.getType()); }))
    return unrollLoop(node, *graph, initial);
  SmallVector<Type> arguments = {scalarArgumentType(graph->input(0), node.builder().getI64Type()),
                                 scalarArgumentType(graph->input(1), node.builder().getI1Type())};
  llvm::append_range(arguments, ValueRange(initial).getTypes());
  Region body;
  SmallVector<Value> yields;
  if (failed(importRepeatedBody(node, *graph, body, arguments, 2, 1, initial.size(), yields)))
    return failure();
  if (!NodeImporter::elementTypeOf(yields[0]).isInteger(1) ||
      (typeOf(yields[0]).hasStaticShape() && typeOf(yields[0]).getNumElements() != 1))
    return node.error("the body's condition is no single bool");
  auto op = nn::LoopOp::create(node.builder(), node.getLoc(), unrankedLike(ArrayRef(yields).drop_front()), node.input(0),
                               node.input(1), initial);
  op.getBody().takeBody(body);
  yieldAtEnd(node, op.getBody(), yields);
  node.complete(op);
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    node.setOutput(i, result);
  return node.status();
}

/// Moves dim `from` of a tensor to place `to`.
Value moveDim(NodeImporter &node, Value value, int64_t from, int64_t to) {
  if (from == to)
    return value;
  SmallVector<int64_t> order;
  for (int64_t i = 0, rank = NodeImporter::rankOf(value); i < rank; ++i)
    if (i != from)
      order.push_back(i);
  order.insert(order.begin() + to, from);
  return node.create<nn::TransposeOp>(NodeImporter::elementTypeOf(value), value, order);
}

/// The tensor back to front along dim 0.
Value reversed(NodeImporter &node, Value value) {
  return node.create<nn::SliceOp>(NodeImporter::elementTypeOf(value), value, node.intsConstant({-1}),
                                  node.intsConstant({INT64_MIN}), ArrayRef<int64_t>{0}, ArrayRef<int64_t>{-1});
}

/// An attribute with one entry per sequence, `defaultValue` each where it is absent.
FailureOr<SmallVector<int64_t>> listAttr(NodeImporter &node, StringRef name, size_t count) {
  SmallVector<int64_t> list = node.intsAttr(name, SmallVector<int64_t>(count, 0));
  if (list.size() != count)
    return node.error("'" + name + "' has " + Twine(list.size()) + " entries for " + Twine(count) + " sequences");
  return list;
}

/// An nn.scan over sequences that are walked forward along dim 0.
FailureOr<SmallVector<Value>> createScan(NodeImporter &node, const GraphProto &graph, ValueRange inputs, size_t states) {
  SmallVector<Type> arguments(inputs.take_front(states).getTypes());
  for (Value sequence : inputs.drop_front(states))
    arguments.push_back(RankedTensorType::get(NodeImporter::shapeOf(sequence).drop_front(),
                                              NodeImporter::elementTypeOf(sequence)));
  Region body;
  SmallVector<Value> yields;
  if (failed(importRepeatedBody(node, graph, body, arguments, 0, 0, states, yields)))
    return failure();
  auto op = nn::ScanOp::create(node.builder(), node.getLoc(), unrankedLike(yields), inputs,
                               node.builder().getI64IntegerAttr(states));
  op.getBody().takeBody(body);
  yieldAtEnd(node, op.getBody(), yields);
  node.complete(op);
  if (failed(node.status()))
    return failure();
  return SmallVector<Value>(op.getResults());
}

/// Opset 8: every operand has a batch in front and sequences have time second. The batch is walked by an outer scan
/// without states.
LogicalResult importBatchedScan(NodeImporter &node, const GraphProto &graph, size_t sequences) {
  if (node.hasInput(0))
    return node.error("unsupported: sequences of different lengths");
  ArrayRef<Value> inputs = node.allInputs().drop_front();
  size_t states = inputs.size() - sequences;
  auto directions = listAttr(node, "directions", sequences);
  if (failed(directions))
    return failure();
  Region body;
  SmallVector<Value> results;
  OpBuilder &b = node.builder();
  {
    OpBuilder::InsertionGuard guard(b);
    Block *block = b.createBlock(&body);
    SmallVector<Value> rows;
    for (auto [i, input] : llvm::enumerate(inputs)) {
      if (NodeImporter::rankOf(input) < (i < states ? 1 : 2))
        return node.error("input " + Twine(i + 1) + " has no batch or no time");
      Type type = RankedTensorType::get(NodeImporter::shapeOf(input).drop_front(), NodeImporter::elementTypeOf(input));
      Value row = block->addArgument(type, node.getLoc());
      rows.push_back(i >= states && (*directions)[i - states] ? reversed(node, row) : row);
    }
    auto scanned = createScan(node, graph, rows, states);
    if (failed(scanned))
      return failure();
    results = *scanned;
  }
  auto op = nn::ScanOp::create(b, node.getLoc(), unrankedLike(results), inputs, b.getI64IntegerAttr(0));
  op.getBody().takeBody(body);
  yieldAtEnd(node, op.getBody(), results);
  node.complete(op);
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    node.setOutput(i, result);
  return node.status();
}

LogicalResult importScan(NodeImporter &node) {
  const GraphProto *graph = node.graphAttr("body");
  bool isBatched = node.opset() < 9;
  int64_t count = node.intAttr("num_scan_inputs", 0), given = node.allInputs().size() - (isBatched ? 1 : 0);
  if (count < 1 || count > given)
    return node.error("num_scan_inputs is " + Twine(count) + " of " + Twine(given) + " inputs");
  for (unsigned i = isBatched ? 1 : 0; i < node.numInputs(); ++i)
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is missing");
  if (graph->output_size() != static_cast<int>(node.numOutputs()) || graph->output_size() < given - count)
    return node.error("the body gives " + Twine(graph->output_size()) + " values for " + Twine(node.numOutputs()) +
                      " outputs");
  if (isBatched)
    return importBatchedScan(node, *graph, count);

  size_t states = given - count, outputs = node.numOutputs() - states;
  auto axes = listAttr(node, "scan_input_axes", count), directions = listAttr(node, "scan_input_directions", count);
  auto outAxes = listAttr(node, "scan_output_axes", outputs),
       outDirections = listAttr(node, "scan_output_directions", outputs);
  if (failed(axes) || failed(directions) || failed(outAxes) || failed(outDirections))
    return failure();
  SmallVector<Value> inputs(node.allInputs());
  for (int64_t i = 0; i < count; ++i) {
    Value &sequence = inputs[states + i];
    if (NodeImporter::rankOf(sequence) == 0)
      return node.error("input " + Twine(states + i) + " is a scalar, not a sequence");
    sequence = moveDim(node, sequence, node.normalizeAxis((*axes)[i], NodeImporter::rankOf(sequence)), 0);
    if ((*directions)[i])
      sequence = reversed(node, sequence);
    if (failed(node.status()))
      return failure();
  }
  auto results = createScan(node, *graph, inputs, states);
  if (failed(results))
    return failure();
  for (size_t i = 0; i < outputs; ++i) {
    Value &result = (*results)[states + i];
    if ((*outDirections)[i])
      result = reversed(node, result);
    result = moveDim(node, result, 0, node.normalizeAxis((*outAxes)[i], NodeImporter::rankOf(result)));
  }
  for (auto [i, result] : llvm::enumerate(*results))
    node.setOutput(i, result);
  return node.status();
}

} // namespace

void registerControlImporters(Registry &registry) {
  registry.add("If", importIf);
  registry.addForSequences("Loop", importLoop);
  registry.add("Scan", importScan);
}

} // namespace nnc::onnx
