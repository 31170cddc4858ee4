// Shape rules of windows and resampling.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Window.h"

using namespace mlir;

namespace nnc::nn {

namespace {

template <typename OpTy>
FailureOr<Dims> poolShape(OpTy op, ShapeRule &rule) {
  int64_t rank = rule.rank(op.getX());
  if (rank < 3) {
    return rule.error("pool_c1: x has rank " + Twine(rank) + ", not 3 or more");
  }
  size_t n = rank - 2;
  if (failed(checkWindow(rule, "pool_c2", n, op.getKernel(), op.getStrides(), op.getDilations(), op.getPads())))
    return failure();
  Dims out = {rule.dim(op.getX(), 0), rule.dim(op.getX(), 1)};
  for (size_t i = 0; i < n; ++i) {
    int64_t begin = op.getPads()[i], end = op.getPads()[n + i];
    int64_t span = (op.getKernel()[i] - 1) * op.getDilations()[i] + 1;
    Dim in = rule.dim(op.getX(), 2 + i);
    Dim extent = windowExtent(rule, in, op.getKernel()[i], op.getStrides()[i], op.getDilations()[i], begin, end,
                              op.getAutoPad(), op.getCeilMode());
    if (begin >= span || end >= span || extent.known().value_or(1) < 1) {
      return rule.error("pool_c3: a window of " + Twine(span) + " does not fit dim " + Twine(2 + i) + " with pads " +
                 Twine(begin) + " and " + Twine(end));
    }
    out.push_back(extent);
  }
  return out;
}

} // namespace

LogicalResult PoolOp::shapes(ShapeRule &rule) {
  auto out = poolShape(*this, rule);
  if (failed(out))
    return failure();
  rule.result(*out);
  return success();
}

LogicalResult MaxPoolWithIndicesOp::shapes(ShapeRule &rule) {
  auto out = poolShape(*this, rule);
  if (failed(out))
    return failure();
  rule.result(*out);
  rule.result(*out);
  return success();
}

LogicalResult MaxUnpoolOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (rank < 3 || rule.rank(getIndices()) != rank)
    return rule.error("max_unpool_c1: indices must have x's shape, of rank 3 or more");
  size_t n = rank - 2;
  SmallVector<int64_t> ones(n, 1);
  if (failed(checkWindow(rule, "max_unpool_c2", n, getKernel(), getStrides(), ones, getPads())))
    return failure();
  Dims out;
  if (getShape()) {
    if (rule.length(getShape()) != rank)
      return rule.error("max_unpool_c2: the output shape needs " + Twine(rank) + " entries");
    for (int64_t i = 0; i < rank; ++i)
      out.push_back(rule.element(getShape(), i));
  } else {
    out = {rule.dim(getX(), 0), rule.dim(getX(), 1)};
    for (size_t i = 0; i < n; ++i)
      out.push_back(rule.add(rule.mul(rule.sub(rule.dim(getX(), 2 + i), rule.constant(1)), rule.constant(getStrides()[i])),
                             rule.constant(getKernel()[i] - getPads()[i] - getPads()[n + i])));
  }
  rule.result(out);
  return success();
}

LogicalResult ResizeOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (getScales() && static_cast<int64_t>(getScales()->size()) != rank)
    return rule.error("resize_c1: scales has " + Twine(getScales()->size()) + " entries for rank " + Twine(rank));
  if (getScales() && llvm::any_of(*getScales(), [](double s) { return !(s > 0); }))
    return rule.error("resize_c1: the scales must be positive");
  if (getSizes() ? rule.length(getSizes()) != rank : !getScales())
    return rule.error("resize_c1: sizes needs one entry per dim where scales is absent");
  if (getRoi() && static_cast<int64_t>(getRoi()->size()) != 2 * rank)
    return rule.error("resize_c2: roi needs two entries per dim");
  if (getScaleValues() && (!getSizes() || rule.rank(getScaleValues()) != 1 || rule.length(getScaleValues()) != rank))
    return rule.error("resize_c3: scale_values needs one entry per dim and sizes");
  if (getRoiValues() && (rule.rank(getRoiValues()) != 1 || rule.length(getRoiValues()) != 2 * rank))
    return rule.error("resize_c3: roi_values needs two entries per dim");
  Dims out;
  for (int64_t i = 0; i < rank; ++i) {
    if (getSizes()) {
      out.push_back(rule.element(getSizes(), i));
      continue;
    }
    double factor = (*getScales())[i];
    if (getRoi() && getCoordinates() == ResizeCoordinates::tf_crop_and_resize)
      factor *= (*getRoi())[rank + i] - (*getRoi())[i];
    out.push_back(rule.scale(rule.dim(getX(), i), factor));
  }
  rule.result(out);
  return success();
}

LogicalResult RoiAlignOp::shapes(ShapeRule &rule) {
  if (rule.rank(getX()) != 4 || rule.rank(getRois()) != 2 || rule.rank(getBatchIndices()) != 1)
    return rule.error("roi_align_c1: x needs rank 4, rois 2 and batch_indices 1");
  rule.result({rule.dim(getRois(), 0), rule.dim(getX(), 1), rule.constant(getOutputHeight()), rule.constant(getOutputWidth())});
  return success();
}

LogicalResult GridSampleOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (rank < 3 || rule.rank(getGrid()) != rank || rule.differ(rule.dim(getGrid(), rank - 1), rule.constant(rank - 2)))
    return rule.error("grid_sample_c1: the grid must be [N,O1..On,n] for x of rank n + 2");
  if (Value scale = getScale()) {
    bool fits = rule.rank(scale) == rank - 1 && getKind() != ResizeMode::nearest;
    for (int64_t i = 0; fits && i < rank - 1; ++i)
      fits = !rule.differ(rule.dim(scale, i), rule.dim(getGrid(), i));
    if (!fits)
      return rule.error("grid_sample_c2: the scale must be [N,O1..On] of the grid, for linear or cubic samples");
  }
  Dims out = {rule.dim(getX(), 0), rule.dim(getX(), 1)};
  for (int64_t i = 1; i < rank - 1; ++i)
    out.push_back(rule.dim(getGrid(), i));
  rule.result(out);
  return success();
}

} // namespace nnc::nn
