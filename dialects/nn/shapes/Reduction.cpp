// Shape rules of reductions and normalizations.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Axes.h"

using namespace mlir;

namespace nnc::nn {

LogicalResult ReduceOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (failed(checkAxes(rule, "reduce_c1", getAxes(), rank)))
    return failure();
  Dims out;
  for (int64_t i = 0; i < rank; ++i) {
    if (!llvm::is_contained(getAxes(), i))
      out.push_back(rule.dim(getX(), i));
    else if (getKeepdims())
      out.push_back(rule.constant(1));
  }
  rule.result(out);
  return success();
}

LogicalResult ArgReduceOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX()), axis = getAxis();
  if (failed(checkAxes(rule, "arg_reduce_c1", axis, rank)))
    return failure();
  if (rule.dim(getX(), axis).known() == 0)
    return rule.error("arg_reduce_c1: the axis is empty");
  Dims out = rule.dims(getX());
  if (getKeepdims())
    out[axis] = rule.constant(1);
  else
    out.erase(out.begin() + axis);
  rule.result(out);
  return success();
}

LogicalResult CumulativeOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis();
  if (failed(checkAxes(rule, "cumulative_c1", axis, rule.rank(getX()))))
    return failure();
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult SoftmaxOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis();
  if (failed(checkAxes(rule, "softmax_c1", axis, rule.rank(getX()))))
    return failure();
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult NormalizeOp::shapes(ShapeRule &rule) {
  if (failed(checkAxes(rule, "normalize_c1", getAxes(), rule.rank(getX()))))
    return failure();
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult LrnOp::shapes(ShapeRule &rule) {
  if (rule.rank(getX()) < 2 || getSize() < 1)
    return rule.error("lrn_c1: x needs rank 2 or more, and size must be positive");
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult TopKOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis();
  if (failed(checkAxes(rule, "top_k_c1", axis, rule.rank(getX()))))
    return failure();
  if (rule.length(getK()) != 1)
    return rule.error("top_k_c1: k must have one element");
  Dims out = rule.dims(getX());
  Dim k = rule.element(getK(), 0);
  if (k.known().value_or(0) < 0 || (k.known() && out[axis].known() && *k.known() > *out[axis].known()))
    return rule.error("top_k_c2: k is " + Twine(*k.known()) + " for an axis of " + Twine(out[axis].known().value_or(-1)));
  out[axis] = k;
  rule.result(out);
  rule.result(out);
  return success();
}

} // namespace nnc::nn
