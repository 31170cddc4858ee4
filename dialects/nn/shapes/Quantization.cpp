// Shape rules of quantization.
#include "dialects/nn/NNDialect.h"

using namespace mlir;

namespace nnc::nn {

namespace {
template <typename OpTy>
LogicalResult quantShapes(OpTy op, ShapeRule &rule, StringRef name) {
  Dims x = rule.dims(op.getX()), scale = rule.dims(op.getScale());
  int64_t axis = op.getAxis(), rank = x.size(), scaleRank = scale.size();
  bool single = rule.length(op.getScale()) == 1;
  if (!single && (axis < 0 || axis >= rank))
    return rule.error(name + "_c2: axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  if (op.getZeroPoint()) {
    if (rule.rank(op.getZeroPoint()) != scaleRank)
      return rule.error(name + "_c1: the zero point does not have the scale's shape");
    for (int64_t i = 0; i < scaleRank; ++i)
      if (rule.differ(rule.dim(op.getZeroPoint(), i), scale[i]))
        return rule.error(name + "_c1: the zero point does not have the scale's shape");
  }
  bool blocked = op.getBlockSize() > 0;
  if (!single && (blocked ? scaleRank != rank : scaleRank != 1 || rule.differ(scale[0], x[axis])))
    return rule.error(name + "_c1: the scale does not fit the axis' extent");
  rule.result(x);
  return success();
}
} // namespace

LogicalResult QuantizeOp::shapes(ShapeRule &rule) { return quantShapes(*this, rule, "quantize"); }
LogicalResult DequantizeOp::shapes(ShapeRule &rule) { return quantShapes(*this, rule, "dequantize"); }

} // namespace nnc::nn
