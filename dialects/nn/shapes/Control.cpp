// Shape rules of ops with regions.
#include "dialects/nn/NNDialect.h"

using namespace mlir;

namespace nnc::nn {

namespace {

ValueRange yielded(Region &region) { return region.front().getTerminator()->getOperands(); }

Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }

/// The extents that a loop-carried value has throughout: the region's argument says so.
Dims argumentDims(ShapeRule &rule, Value argument) { return rule.dims(argument); }

/// Checks that the values that go around a loop keep their element types and ranks.
LogicalResult checkCarried(ShapeRule &rule, StringRef constraint, ValueRange initial, ValueRange arguments,
                           ValueRange yields) {
  if (initial.size() != arguments.size() || initial.size() != yields.size())
    return rule.error(constraint + ": there are " + Twine(initial.size()) + " initial values, " + Twine(arguments.size()) +
                      " arguments and " + Twine(yields.size()) + " yields");
  for (auto [i, a, b, c] : llvm::enumerate(initial, arguments, yields))
    if (elementOf(a) != elementOf(b) || elementOf(a) != elementOf(c) || rule.rank(a) != rule.rank(b) ||
        rule.rank(a) != rule.rank(c))
      return rule.error(constraint + ": carried value " + Twine(i) + " changes its element type or rank");
  return success();
}

} // namespace

LogicalResult IfOp::shapes(ShapeRule &rule) {
  if (rule.product(rule.dims(getCondition())).known().value_or(1) != 1 || !elementOf(getCondition()).isInteger(1))
    return rule.error("if_c1: the condition must have one element of i1");
  ValueRange then = yielded(getThenRegion()), other = yielded(getElseRegion());
  if (then.size() != getNumResults() || other.size() != getNumResults())
    return rule.error("if_c2: the branches give " + Twine(then.size()) + " and " + Twine(other.size()) + " values for " +
                      Twine(getNumResults()) + " results");
  for (auto [result, a, b] : llvm::zip(getResults(), then, other)) {
    if (elementOf(a) != elementOf(b) || elementOf(a) != elementOf(result) || rule.rank(a) != rule.rank(b))
      return rule.error("if_c2: the branches give different element types or ranks");
    Dims dims;
    for (int64_t i = 0, rank = rule.rank(a); i < rank; ++i) {
      Dim d = rule.dim(a, i);
      dims.push_back(rule.same(d, rule.dim(b, i)) ? d : rule.unknown());
    }
    rule.result(dims);
  }
  return success();
}

LogicalResult LoopOp::shapes(ShapeRule &rule) {
  for (Value v : {getTripCount(), getCondition()})
    if (v && rule.product(rule.dims(v)).known().value_or(1) != 1)
      return rule.error("loop_c1: the trip count and the condition must have one element");
  Block &body = getBody().front();
  size_t carried = getInitial().size();
  ValueRange yields = yielded(getBody());
  if (body.getNumArguments() < 2 || yields.size() < 1 + carried || yields.size() - 1 != getNumResults())
    return rule.error("loop_c2: the region takes " + Twine(body.getNumArguments()) + " and yields " + Twine(yields.size()) +
                      " values for " + Twine(carried) + " carried ones");
  ValueRange arguments = body.getArguments();
  if (failed(checkCarried(rule, "loop_c2", getInitial(), arguments.drop_front(2), yields.slice(1, carried))))
    return failure();
  for (size_t i = 0; i < carried; ++i)
    rule.result(argumentDims(rule, arguments[2 + i]));
  for (Value scanned : yields.drop_front(1 + carried)) {
    Dims dims = rule.dims(scanned);
    for (Dim &d : dims)
      if (!d.known())
        d = rule.unknown();
    dims.insert(dims.begin(), rule.unknown());
    rule.result(dims);
  }
  return success();
}

LogicalResult ScanOp::shapes(ShapeRule &rule) {
  size_t states = getStates(), total = getInputs().size();
  if (states >= total)
    return rule.error("scan_c1: there is no sequence");
  Dim length;
  for (auto [i, sequence] : llvm::enumerate(getInputs().drop_front(states))) {
    if (rule.rank(sequence) == 0)
      return rule.error("scan_c1: a sequence is a scalar");
    Dim d = rule.dim(sequence, 0);
    if (i && rule.differ(length, d))
      return rule.error("scan_c2: the sequences have lengths " + Twine(*length.known()) + " and " + Twine(*d.known()));
    if (!i || d.known())
      length = d;
  }
  Block &body = getBody().front();
  ValueRange yields = yielded(getBody()), arguments = body.getArguments();
  if (arguments.size() != total || yields.size() != getNumResults() || yields.size() < states)
    return rule.error("scan_c3: the region takes " + Twine(arguments.size()) + " and yields " + Twine(yields.size()) + " values");
  if (failed(checkCarried(rule, "scan_c3", getInputs().take_front(states), arguments.take_front(states), yields.take_front(states))))
    return failure();
  for (size_t i = 0; i < states; ++i)
    rule.result(argumentDims(rule, arguments[i]));
  for (Value scanned : yields.drop_front(states)) {
    Dims dims = rule.dims(scanned);
    for (Dim &d : dims)
      if (!d.known())
        d = rule.unknown();
    dims.insert(dims.begin(), length);
    rule.result(dims);
  }
  return success();
}

} // namespace nnc::nn
