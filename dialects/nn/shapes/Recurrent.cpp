// Shape rules of layers with state and of spectra.
#include "dialects/nn/NNDialect.h"

using namespace mlir;

namespace nnc::nn {

LogicalResult RecurrentOp::shapes(ShapeRule &rule) {
  auto hasRank = [&](Value v, int64_t rank) { return !v || rule.rank(v) == rank; };
  if (!hasRank(getX(), 3) || !hasRank(getW(), 3) || !hasRank(getR(), 3) || !hasRank(getBias(), 2) ||
      !hasRank(getLengths(), 1) || !hasRank(getInitialH(), 3) || !hasRank(getInitialC(), 3) || !hasRank(getPeephole(), 2))
    return rule.error("recurrent_c1: x, w, r and the initial states need rank 3, the bias and peepholes 2, lengths 1");
  bool lstm = getKind() == RecurrentKind::lstm;
  int64_t gates = lstm ? 4 : getKind() == RecurrentKind::gru ? 3 : 1, hidden = getHiddenSize();
  int64_t directions = getDirection() == RecurrentDirection::bidirectional ? 2 : 1;
  Dim time = rule.dim(getX(), 0), batch = rule.dim(getX(), 1);
  // Exporters leave x's batch open but write that of the states.
  for (Value state : {getInitialH(), getInitialC()})
    if (state && !batch.known() && rule.dim(state, 1).known())
      batch = rule.dim(state, 1);
  auto fits = [&](Value v, ArrayRef<Dim> dims) {
    for (auto [i, d] : llvm::enumerate(dims))
      if (v && rule.differ(rule.dim(v, i), d))
        return false;
    return true;
  };
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
  size_t functions = directions * (lstm ? 3 : getKind() == RecurrentKind::gru ? 2 : 1);
  if (getActivations().size() != functions || getAlphas().size() != functions || getBetas().size() != functions)
    return rule.error("recurrent_c3: " + Twine(functions) + " activations are needed");
  static constexpr StringLiteral known[] = {"relu", "tanh", "sigmoid", "affine", "leakyrelu", "thresholdedrelu",
                                            "scaledtanh", "hardsigmoid", "elu", "softsign", "softplus"};
  for (auto name : getActivations().getAsValueRange<StringAttr>())
    if (!llvm::is_contained(known, name.lower()))
      return rule.error("recurrent_c3: unknown activation '" + name + "'");
  if (!lstm && (getInitialC() || getPeephole()))
    return rule.error("recurrent_c4: only an lstm has a cell state and peepholes");
  rule.result({time, number(directions), batch, number(hidden)});
  rule.result({number(directions), batch, number(hidden)});
  rule.result({number(directions), batch, number(hidden)});
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
