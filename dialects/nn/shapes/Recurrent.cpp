// Shape rules of layers with state and of spectra.
#include "dialects/nn/NNDialect.h"

using namespace mlir;

namespace nnc::nn {

/// The gates of a cell, each with its rows of the weights.
static int64_t gatesOf(RecurrentKind kind) {
  return kind == RecurrentKind::lstm ? 4 : kind == RecurrentKind::gru ? 3 : 1;
}

template <typename OpTy>
static LogicalResult checkActivations(OpTy op, ShapeRule &rule, StringRef constraint) {
  size_t directions = op.getDirection() == RecurrentDirection::bidirectional ? 2 : 1;
  RecurrentKind kind = op.getKind();
  size_t functions = directions * (kind == RecurrentKind::lstm ? 3 : kind == RecurrentKind::gru ? 2 : 1);
  if (op.getActivations().size() != functions || op.getAlphas().size() != functions || op.getBetas().size() != functions)
    return rule.error(constraint + ": " + Twine(functions) + " activations are needed");
  static constexpr StringLiteral known[] = {"relu", "tanh", "sigmoid", "affine", "leakyrelu", "thresholdedrelu",
                                            "scaledtanh", "hardsigmoid", "elu", "softsign", "softplus"};
  for (auto name : op.getActivations().template getAsValueRange<StringAttr>())
    if (!llvm::is_contained(known, name.lower()))
      return rule.error(constraint + ": unknown activation '" + name + "'");
  return success();
}

/// The number of sequences. Exporters leave x's batch open but write that of the states.
static Dim batchOf(ShapeRule &rule, Value x, ArrayRef<Value> states) {
  Dim batch = rule.dim(x, 1);
  for (Value state : states)
    if (state && !batch.known() && rule.dim(state, 1).known())
      batch = rule.dim(state, 1);
  return batch;
}

/// Whether an operand that is there may have these dims.
static bool hasDims(ShapeRule &rule, Value v, ArrayRef<Dim> dims) {
  for (auto [i, d] : llvm::enumerate(dims))
    if (v && rule.differ(rule.dim(v, i), d))
      return false;
  return true;
}

LogicalResult RecurrentOp::shapes(ShapeRule &rule) {
  auto hasRank = [&](Value v, int64_t rank) { return !v || rule.rank(v) == rank; };
  if (!hasRank(getX(), 3) || !hasRank(getW(), 3) || !hasRank(getR(), 3) || !hasRank(getBias(), 2) ||
      !hasRank(getLengths(), 1) || !hasRank(getInitialH(), 3) || !hasRank(getInitialC(), 3) || !hasRank(getPeephole(), 2))
    return rule.error("recurrent_c1: x, w, r and the initial states need rank 3, the bias and peepholes 2, lengths 1");
  bool lstm = getKind() == RecurrentKind::lstm;
  int64_t gates = gatesOf(getKind()), hidden = getHiddenSize();
  int64_t directions = getDirection() == RecurrentDirection::bidirectional ? 2 : 1;
  Dim time = rule.dim(getX(), 0), batch = batchOf(rule, getX(), {getInitialH(), getInitialC()});
  auto fits = [&](Value v, ArrayRef<Dim> dims) { return hasDims(rule, v, dims); };
  auto number = [&](int64_t n) { return rule.constant(n); };
  if (hidden < 1 || rule.differ(rule.dim(getX(), 1), batch) ||
      !fits(getW(), {number(directions), number(gates * hidden), rule.dim(getX(), 2)}) ||
      !fits(getR(), {number(directions), number(gates * hidden), number(hidden)}) ||
      !fits(getBias(), {number(directions), number(2 * gates * hidden)}) || !fits(getLengths(), {batch}) ||
      !fits(getInitialH(), {number(directions), batch, number(hidden)}) ||
      !fits(getInitialC(), {number(directions), batch, number(hidden)}) ||
      !fits(getPeephole(), {number(directions), number(3 * hidden)}))
    return rule.error("recurrent_c2: an operand does not fit hidden size " + Twine(hidden) + " and " + Twine(directions) +
                      " direction" + (directions > 1 ? "s" : ""));
  if (failed(checkActivations(*this, rule, "recurrent_c3")))
    return failure();
  if (!lstm && (getInitialC() || getPeephole()))
    return rule.error("recurrent_c4: only an lstm has a cell state and peepholes");
  rule.result({time, number(directions), batch, number(hidden)});
  rule.result({number(directions), batch, number(hidden)});
  rule.result({number(directions), batch, number(hidden)});
  return success();
}

LogicalResult PackedRecurrentOp::shapes(ShapeRule &rule) {
  auto hasRank = [&](Value v, int64_t rank) { return !v || rule.rank(v) == rank; };
  if (!hasRank(getInput(), 3) || !hasRank(getPanels(), 4) || !hasRank(getRecurrentBias(), 2) ||
      !hasRank(getLengths(), 1) || !hasRank(getInitialH(), 3) || !hasRank(getInitialC(), 3) ||
      !hasRank(getPeephole(), 3) || !hasRank(getInputPanels(), 3) || !hasRank(getInputBias(), 1))
    return rule.error("packed_recurrent_c1: the input and its panels, the initial states and the peepholes need "
                      "rank 3, the panels 4, the recurrent bias 2, lengths and the input bias 1");
  auto number = [&](int64_t n) { return rule.constant(n); };
  int64_t hidden = getHiddenSize(), blocks = llvm::divideCeil(std::max<int64_t>(hidden, 0), kBlockUnits);
  int64_t directions = getDirection() == RecurrentDirection::bidirectional ? 2 : 1, wide = gatesOf(getKind()) * kBlockUnits;
  Dim time = rule.dim(getInput(), 0), batch = batchOf(rule, getInput(), {getInitialH(), getInitialC()});
  auto fits = [&](Value v, ArrayRef<Dim> dims) { return hasDims(rule, v, dims); };
  Dim d = number(directions), units = number(blocks * kBlockUnits);
  Dim columns = number(directions * blocks * wide);
  Dim depth = getInputPanels() ? rule.dim(getInputPanels(), 1) : columns;
  if (hidden < 1 || !fits(getInput(), {time, batch, depth}) || !fits(getInputBias(), {columns}) ||
      !fits(getInputPanels(), {number(directions * blocks * wide / kBlockUnits), depth, number(kBlockUnits)}) ||
      !fits(getPanels(), {d, number(blocks), number(hidden), number(wide)}) || !fits(getRecurrentBias(), {d, units}) ||
      !fits(getLengths(), {batch}) || !fits(getInitialH(), {d, batch, number(hidden)}) ||
      !fits(getInitialC(), {d, batch, number(hidden)}) || !fits(getPeephole(), {d, number(3), units}))
    return rule.error("packed_recurrent_c2: an operand does not fit hidden size " + Twine(hidden) + " and " +
                      Twine(directions) + " direction" + (directions > 1 ? "s" : ""));
  if (failed(checkActivations(*this, rule, "packed_recurrent_c3")))
    return failure();
  bool lstm = getKind() == RecurrentKind::lstm, linear = getKind() == RecurrentKind::gru && getLinearBeforeReset();
  if ((!lstm && (getInitialC() || getPeephole())) || (!linear && getRecurrentBias()))
    return rule.error("packed_recurrent_c4: only an lstm has a cell state and peepholes, and only a gru with "
                      "linear_before_reset a recurrent bias");
  bool isFused = depth.known().value_or(0) > 0 && batch.known() == 1 && !getLengths();
  if (getInputPanels() ? !isFused : static_cast<bool>(getInputBias()))
    return rule.error("packed_recurrent_c5: input panels need a known depth, one sequence and no lengths, an input "
                      "bias needs input panels");
  rule.result({time, d, batch, number(hidden)});
  rule.result({d, batch, number(hidden)});
  rule.result({d, batch, number(hidden)});
  return success();
}

LogicalResult DftOp::shapes(ShapeRule &rule) {
  Dims out = rule.dims(getX());
  int64_t axis = getAxis(), rank = out.size();
  auto last = out.empty() ? std::nullopt : out.back().known();
  if (axis < 0 || axis >= rank - 1 || !last || *last < 1 || *last > 2)
    return rule.error("dft_c1: axis " + Twine(axis) + " or the last dim does not fit");
  Dim length = getLength() ? rule.element(getLength(), 0) : out[axis];
  if (getLength() && rule.length(getLength()) != 1)
    return rule.error("dft_c1: the length must be a scalar");
  if (getInverse() && getOnesided()) {
    if (!getLength())
      length = rule.mul(rule.constant(2), rule.sub(out[axis], rule.constant(1)));
    out[axis] = length;
    out.back() = rule.constant(1);
  } else {
    out[axis] = getOnesided() ? rule.add(rule.floorDiv(length, rule.constant(2)), rule.constant(1)) : length;
    out.back() = rule.constant(2);
  }
  rule.result(out);
  return success();
}

LogicalResult StftOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getSignal());
  if (rank < 2 || rank > 3 || (getWindow() && rule.rank(getWindow()) != 1) || (!getWindow() && !getFrameLength()) ||
      rule.length(getFrameStep()) != 1 || (getFrameLength() && rule.length(getFrameLength()) != 1))
    return rule.error("stft_c1: the signal needs rank 2 or 3, the window 1, and steps and lengths must be scalars");
  Dim length = getFrameLength() ? rule.element(getFrameLength(), 0) : rule.dim(getWindow(), 0);
  Dim frames = rule.add(rule.floorDiv(rule.sub(rule.dim(getSignal(), 1), length), rule.element(getFrameStep(), 0)), rule.constant(1));
  Dim bins = getOnesided() ? rule.add(rule.floorDiv(length, rule.constant(2)), rule.constant(1)) : length;
  rule.result({rule.dim(getSignal(), 0), frames, bins, rule.constant(2)});
  return success();
}

LogicalResult RandomOp::shapes(ShapeRule &rule) {
  if (rule.length(getShape()) < 0 || rule.rank(getShape()) != 1)
    return rule.error("random_c1: the shape must be 1-D of static length");
  Dims out;
  for (int64_t i = 0, n = rule.length(getShape()); i < n; ++i)
    out.push_back(rule.element(getShape(), i));
  rule.result(out);
  return success();
}

} // namespace nnc::nn
