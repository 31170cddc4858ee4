// Shape rules of ops that move elements by index, and of those whose extents depend on values.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "dialects/nn/shapes/Axes.h"

using namespace mlir;

namespace nnc::nn {

LogicalResult GatherOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis();
  if (failed(checkAxes(rule, "gather_c1", axis, rule.rank(getX()))))
    return failure();
  auto type = getElementTypeOrSelf(getIndices().getType());
  if (!type.isSignlessInteger(64) && !type.isSignlessInteger(32))
    return rule.error("gather_c2: indices must be i32 or i64");
  Dims in = rule.dims(getX()), indices = rule.dims(getIndices());
  if (auto extent = in[axis].known())
    if (auto constants = constantIntegers(getIndices()))
      for (int64_t i : *constants)
        if (i < -*extent || i >= *extent)
          return rule.error("gather_c2: index " + Twine(i) + " is out of range for dim " + Twine(axis) + " of " + Twine(*extent));
  Dims out(in.begin(), in.begin() + axis);
  out.append(indices);
  out.append(in.begin() + axis + 1, in.end());
  rule.result(out);
  return success();
}

LogicalResult GatherElementsOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis(), rank = rule.rank(getX());
  if (rule.rank(getIndices()) != rank || failed(checkAxes(rule, "gather_elements_c1", axis, rank)))
    return rule.rank(getIndices()) == rank ? failure() : rule.error("gather_elements_c1: the ranks differ");
  rule.result(rule.dims(getIndices()));
  return success();
}

LogicalResult GatherNdOp::shapes(ShapeRule &rule) {
  Dims in = rule.dims(getX()), indices = rule.dims(getIndices());
  int64_t batch = getBatchDims();
  auto k = indices.empty() ? std::nullopt : indices.back().known();
  if (!k || batch < 0 || batch >= static_cast<int64_t>(indices.size()) || batch + *k > static_cast<int64_t>(in.size()))
    return rule.error("gather_nd_c1: the index tuples do not fit x's rank of " + Twine(in.size()));
  indices.pop_back();
  indices.append(in.begin() + batch + *k, in.end());
  rule.result(indices);
  return success();
}

LogicalResult ScatterElementsOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis(), rank = rule.rank(getX());
  if (failed(checkAxes(rule, "scatter_elements_c1", axis, rank)))
    return failure();
  if (rule.rank(getIndices()) != rank || rule.rank(getUpdates()) != rank)
    return rule.error("scatter_elements_c1: the ranks differ");
  for (int64_t i = 0; i < rank; ++i)
    if (rule.differ(rule.dim(getIndices(), i), rule.dim(getUpdates(), i)))
      return rule.error("scatter_elements_c1: updates must have indices' shape");
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult ScatterNdOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX()), indexRank = rule.rank(getIndices());
  auto k = indexRank ? rule.dim(getIndices(), indexRank - 1).known() : std::nullopt;
  if (!k || *k > rank || rule.rank(getUpdates()) != indexRank - 1 + rank - *k)
    return rule.error("scatter_nd_c1: the index tuples and updates do not fit x's rank of " + Twine(rank));
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult OneHotOp::shapes(ShapeRule &rule) {
  Dims out = rule.dims(getIndices());
  int64_t axis = getAxis();
  if (axis < 0 || axis > static_cast<int64_t>(out.size()) || rule.length(getDepth()) != 1 || rule.length(getValues()) != 2)
    return rule.error("one_hot_c1: axis " + Twine(axis) + ", depth or values do not fit indices of rank " + Twine(out.size()));
  out.insert(out.begin() + axis, rule.element(getDepth(), 0));
  rule.result(out);
  return success();
}

LogicalResult NonZeroOp::shapes(ShapeRule &rule) {
  rule.result({rule.constant(rule.rank(getX())), rule.unknown()});
  return success();
}

LogicalResult CompressOp::shapes(ShapeRule &rule) {
  if (rule.rank(getCondition()) != 1)
    return rule.error("compress_c1: the condition must be 1-D");
  if (!getAxis()) {
    rule.result({rule.unknown()});
    return success();
  }
  int64_t axis = *getAxis();
  if (failed(checkAxes(rule, "compress_c1", axis, rule.rank(getX()))))
    return failure();
  Dims out = rule.dims(getX());
  out[axis] = rule.unknown();
  rule.result(out);
  return success();
}

LogicalResult UniqueOp::shapes(ShapeRule &rule) {
  Dim count = rule.unknown();
  Dims out = {count};
  if (getAxis()) {
    int64_t axis = *getAxis();
    if (failed(checkAxes(rule, "unique_c1", axis, rule.rank(getX()))))
      return failure();
    out = rule.dims(getX());
    Dim extent = out[axis];
    out[axis] = count;
    rule.result(out);
    rule.result({count});
    rule.result({extent});
    rule.result({count});
    return success();
  }
  rule.result(out);
  rule.result({count});
  rule.result({rule.product(rule.dims(getX()))});
  rule.result({count});
  return success();
}

LogicalResult NonMaxSuppressionOp::shapes(ShapeRule &rule) {
  if (rule.rank(getBoxes()) != 3 || rule.rank(getScores()) != 3 ||
      rule.differ(rule.dim(getBoxes(), 0), rule.dim(getScores(), 0)) ||
      rule.differ(rule.dim(getBoxes(), 1), rule.dim(getScores(), 2)) ||
      rule.differ(rule.dim(getBoxes(), 2), rule.constant(4)))
    return rule.error("non_max_suppression_c1: boxes must be [N,B,4] and scores [N,C,B]");
  rule.result({rule.unknown(), rule.constant(3)});
  return success();
}

} // namespace nnc::nn
