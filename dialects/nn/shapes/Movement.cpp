// Shape rules of ops that move elements by position.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Axes.h"

using namespace mlir;

namespace nnc::nn {

namespace {
/// Checks that an operand is a list of integers of known length.
LogicalResult checkList(ShapeRule &rule, StringRef constraint, StringRef what, Value list) {
  if (rule.length(list) < 0 || rule.rank(list) > 1 || !isa<IntegerType>(getElementTypeOrSelf(list.getType())))
    return rule.error(constraint + ": the " + what + " must be a 1-D integer tensor of static length");
  return success();
}
} // namespace

LogicalResult ReshapeOp::shapes(ShapeRule &rule) {
  if (failed(checkList(rule, "reshape_c1", "shape", getShape())))
    return failure();
  Dims in = rule.dims(getX()), out, divisors;
  int64_t rank = rule.length(getShape()), inferred = -1;
  SmallVector<int64_t> flags; // entries that only the run knows: they may say -1 too
  for (int64_t i = 0; i < rank; ++i) {
    Dim entry = rule.element(getShape(), i);
    auto known = entry.known();
    if (known && (*known < -1 || (*known == -1 && inferred >= 0)))
      return rule.error("reshape_c2: the shape holds " + Twine(*known) + (*known == -1 ? " twice" : ""));
    if (known == -1) {
      inferred = i;
      out.push_back(entry);
      continue;
    }
    bool hasSource = i < static_cast<int64_t>(in.size());
    if (known == 0 && !getAllowZero() && !hasSource)
      return rule.error("reshape_c4: entry " + Twine(i) + " copies a dim that x of rank " + Twine(in.size()) + " does not have");
    Dim extent = getAllowZero() || !hasSource ? entry : rule.choose(entry, 0, in[i], entry);
    out.push_back(extent);
    divisors.push_back(rule.choose(entry, -1, rule.constant(1), extent));
    if (!known)
      flags.push_back(i);
  }
  if (inferred >= 0) {
    out[inferred] = rule.quotient(in, divisors);
  } else if (!flags.empty()) {
    Dim left = rule.quotient(in, divisors);
    for (int64_t i : flags)
      out[i] = rule.choose(rule.element(getShape(), i), -1, left, out[i]);
    divisors = out;
  }
  // With all extents but one known the last follows, so a mismatch shows only where everything is known.
  Dim before = rule.product(in), after = rule.product(divisors);
  bool mismatch = inferred < 0 ? rule.differ(before, after)
                               : before.known() && after.known() &&
                                     (*after.known() == 0 ? *before.known() != 0 : *before.known() % *after.known() != 0);
  if (mismatch)
    return rule.error("reshape_c3: " + Twine(*before.known()) + " elements do not fit the new shape");
  rule.result(out);
  return success();
}

LogicalResult SqueezeOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (failed(checkAxes(rule, "squeeze_c1", getAxes(), rank)))
    return failure();
  Dims out;
  for (int64_t i = 0; i < rank; ++i) {
    Dim d = rule.dim(getX(), i);
    if (!llvm::is_contained(getAxes(), i))
      out.push_back(d);
    else if (rule.differ(d, rule.constant(1)))
      return rule.error("squeeze_c2: dim " + Twine(i) + " is " + Twine(*d.known()) + ", not 1");
  }
  rule.result(out);
  return success();
}

LogicalResult UnsqueezeOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX()) + getAxes().size();
  if (failed(checkAxes(rule, "unsqueeze_c1", getAxes(), rank)))
    return failure();
  Dims in = rule.dims(getX()), out;
  for (int64_t i = 0, next = 0; i < rank; ++i)
    out.push_back(llvm::is_contained(getAxes(), i) ? rule.constant(1) : in[next++]);
  rule.result(out);
  return success();
}

LogicalResult FlattenOp::shapes(ShapeRule &rule) {
  Dims in = rule.dims(getX());
  int64_t axis = getAxis(), rank = in.size();
  if (axis < 0 || axis > rank)
    return rule.error("flatten_c1: axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  rule.result({rule.product(ArrayRef(in).take_front(axis)), rule.product(ArrayRef(in).drop_front(axis))});
  return success();
}

LogicalResult TransposeOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (static_cast<int64_t>(getPerm().size()) != rank)
    return rule.error("transpose_c1: perm has " + Twine(getPerm().size()) + " entries for rank " + Twine(rank));
  if (failed(checkAxes(rule, "transpose_c1", getPerm(), rank)))
    return failure();
  Dims out;
  for (int64_t axis : getPerm())
    out.push_back(rule.dim(getX(), axis));
  rule.result(out);
  return success();
}

LogicalResult ConcatOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis();
  if (getInputs().empty())
    return rule.error("concat_c1: there are no operands");
  int64_t rank = rule.rank(getInputs()[0]);
  if (failed(checkAxes(rule, "concat_c1", axis, rank)))
    return failure();
  Dims out = rule.dims(getInputs()[0]);
  for (Value input : getInputs().drop_front()) {
    if (rule.rank(input) != rank)
      return rule.error("concat_c1: the ranks differ: " + Twine(rank) + " and " + Twine(rule.rank(input)));
    for (int64_t i = 0; i < rank; ++i) {
      Dim d = rule.dim(input, i);
      if (i == axis)
        out[i] = rule.add(out[i], d);
      else if (rule.differ(out[i], d))
        return rule.error("concat_c2: dim " + Twine(i) + " is " + Twine(*out[i].known()) + " and " + Twine(*d.known()));
      else if (d.known())
        out[i] = d;
    }
  }
  rule.result(out);
  return success();
}

LogicalResult SplitOp::shapes(ShapeRule &rule) {
  int64_t axis = getAxis(), count = getPieces().size();
  if (failed(checkAxes(rule, "split_c1", axis, rule.rank(getX()))))
    return failure();
  Dims in = rule.dims(getX());
  Dim extent = in[axis];
  if (getSizes()) {
    if (failed(checkList(rule, "split_c2", "sizes", getSizes())))
      return failure();
    if (rule.length(getSizes()) != count)
      return rule.error("split_c2: there are " + Twine(rule.length(getSizes())) + " sizes for " + Twine(count) + " results");
    Dim sum = rule.constant(0);
    for (int64_t i = 0; i < count; ++i) {
      in[axis] = rule.element(getSizes(), i);
      if (in[axis].known().value_or(0) < 0)
        return rule.error("split_c2: size " + Twine(i) + " is negative");
      sum = rule.add(sum, in[axis]);
      rule.result(in);
    }
    if (rule.differ(sum, extent))
      return rule.error("split_c2: the sizes add up to " + Twine(*sum.known()) + ", the axis has " + Twine(*extent.known()));
    return success();
  }
  Dim piece = rule.ceilDiv(extent, rule.constant(count)), offset = rule.constant(0);
  for (int64_t i = 0; i < count; ++i) {
    in[axis] = i + 1 < count ? piece : rule.sub(extent, offset);
    if (in[axis].known().value_or(0) < 0)
      return rule.error("split_c2: " + Twine(*extent.known()) + " elements do not give " + Twine(count) + " pieces");
    offset = rule.add(offset, piece);
    rule.result(in);
  }
  return success();
}

LogicalResult SliceOp::shapes(ShapeRule &rule) {
  if (failed(checkAxes(rule, "slice_c2", getAxes(), rule.rank(getX()))))
    return failure();
  int64_t n = getAxes().size();
  if (rule.length(getStarts()) != n || rule.length(getEnds()) != n || static_cast<int64_t>(getSteps().size()) != n)
    return rule.error("slice_c1: starts, ends, axes and steps need one entry each per axis");
  Dims out = rule.dims(getX());
  for (int64_t i = 0; i < n; ++i) {
    int64_t step = getSteps()[i];
    if (step == 0)
      return rule.error("slice_c3: step " + Twine(i) + " is 0");
    Dim extent = out[getAxes()[i]], zero = rule.constant(0), start = rule.element(getStarts(), i),
        end = rule.element(getEnds(), i);
    // The common x[:] and x[:n], whose extents stay symbolic.
    if (step == 1 && start.known() == 0 && end.known().value_or(0) >= INT32_MAX)
      continue;
    // The largest and smallest magnitudes that exporters write for "to the end" must not overflow.
    auto clampKnown = [&](Dim d) {
      return d.known() ? rule.constant(std::clamp<int64_t>(*d.known(), -(int64_t(1) << 62), int64_t(1) << 62)) : d;
    };
    start = rule.wrapNegative(clampKnown(start), extent);
    end = rule.wrapNegative(clampKnown(end), extent);
    Dim length;
    if (step > 0) {
      start = rule.min(rule.max(start, zero), extent);
      end = end.known().value_or(0) >= INT32_MAX ? extent : rule.min(rule.max(end, zero), extent);
      length = rule.ceilDiv(rule.sub(end, start), rule.constant(step));
    } else {
      Dim last = rule.sub(extent, rule.constant(1)), before = rule.constant(-1);
      start = rule.min(rule.max(start, before), last);
      end = rule.min(rule.max(end, before), last);
      length = rule.ceilDiv(rule.sub(start, end), rule.constant(-step));
    }
    out[getAxes()[i]] = rule.max(zero, length);
  }
  rule.result(out);
  return success();
}

LogicalResult BroadcastToOp::shapes(ShapeRule &rule) {
  if (failed(checkList(rule, "broadcast_to_c1", "shape", getShape())))
    return failure();
  Dims in = rule.dims(getX());
  int64_t length = rule.length(getShape()), rank = std::max<int64_t>(length, in.size());
  Dims out(rank, rule.constant(1));
  std::copy(in.begin(), in.end(), out.end() - in.size());
  for (int64_t i = 0; i < length; ++i) {
    Dim &o = out[rank - length + i], d = rule.element(getShape(), i);
    if (d.known().value_or(0) < 0)
      return rule.error("broadcast_to_c2: the shape holds " + Twine(*d.known()));
    if (rule.clash(o, d))
      return rule.error("broadcast_to_c2: " + Twine(*o.known()) + " does not broadcast to " + Twine(*d.known()));
    o = rule.broadcast(o, d);
  }
  rule.result(out);
  return success();
}

LogicalResult TileOp::shapes(ShapeRule &rule) {
  Dims out = rule.dims(getX());
  if (rule.length(getRepeats()) != static_cast<int64_t>(out.size()))
    return rule.error("tile_c1: repeats needs one entry per dim, " + Twine(out.size()));
  for (auto [i, d] : llvm::enumerate(out)) {
    Dim repeat = rule.element(getRepeats(), i);
    if (repeat.known().value_or(0) < 0)
      return rule.error("tile_c2: a repeat is negative");
    d = rule.mul(d, repeat);
  }
  rule.result(out);
  return success();
}

LogicalResult PadOp::shapes(ShapeRule &rule) {
  Dims out = rule.dims(getX());
  int64_t rank = out.size();
  if (rule.length(getPads()) != 2 * rank)
    return rule.error("pad_c1: pads needs two entries per dim, " + Twine(2 * rank));
  for (int64_t i = 0; i < rank; ++i) {
    Dim begin = rule.element(getPads(), i), end = rule.element(getPads(), rank + i);
    Dim in = out[i];
    out[i] = rule.add(in, rule.add(begin, end));
    if (out[i].known().value_or(0) < 0)
      return rule.error("pad_c2: dim " + Twine(i) + " becomes " + Twine(*out[i].known()));
    bool tooFar = in.known() && ((begin.known() && *begin.known() >= std::max<int64_t>(*in.known(), 1)) ||
                                 (end.known() && *end.known() >= std::max<int64_t>(*in.known(), 1)));
    if (getKind() == PadMode::reflect && tooFar)
      return rule.error("pad_c2: reflect pads dim " + Twine(i) + " of " + Twine(*in.known()) + " by its extent or more");
  }
  rule.result(out);
  return success();
}

LogicalResult ShapeOfOp::shapes(ShapeRule &rule) {
  int64_t begin = getBegin(), end = getEnd();
  if (begin < 0 || begin > end || end > rule.rank(getX()))
    return rule.error("shape_of_c1: dims " + Twine(begin) + " to " + Twine(end) + " of rank " + Twine(rule.rank(getX())));
  rule.result({rule.constant(end - begin)});
  return success();
}

LogicalResult FillOp::shapes(ShapeRule &rule) {
  if (failed(checkList(rule, "fill_c1", "shape", getShape())))
    return failure();
  Dims out;
  for (int64_t i = 0, n = rule.length(getShape()); i < n; ++i) {
    out.push_back(rule.element(getShape(), i));
    if (out.back().known().value_or(0) < 0)
      return rule.error("fill_c2: dim " + Twine(i) + " is " + Twine(*out.back().known()));
  }
  rule.result(out);
  return success();
}

LogicalResult RangeOp::shapes(ShapeRule &rule) {
  for (Value v : {getStart(), getLimit(), getDelta()})
    if (rule.length(v) != 1)
      return rule.error("range_c1: start, limit and delta must be scalars");
  if (isa<IntegerType>(getElementTypeOrSelf(getDelta().getType())) && rule.element(getDelta(), 0).known() == 0)
    return rule.error("range_c2: delta is 0");
  rule.result({rule.rangeLength(getStart(), getLimit(), getDelta())});
  return success();
}

LogicalResult TriluOp::shapes(ShapeRule &rule) {
  if (rule.rank(getX()) < 2 || (getK() && rule.length(getK()) != 1))
    return rule.error("trilu_c1: x needs rank 2 or more, and k one element");
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult EyeLikeOp::shapes(ShapeRule &rule) {
  if (rule.rank(getX()) != 2)
    return rule.error("eye_like_c1: x has rank " + Twine(rule.rank(getX())) + ", not 2");
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult ReverseSequenceOp::shapes(ShapeRule &rule) {
  int64_t batch = getBatchAxis(), time = getTimeAxis();
  if (rule.rank(getX()) < 2 || batch + time != 1 || batch * time != 0 || rule.rank(getLengths()) != 1 ||
      rule.differ(rule.dim(getLengths(), 0), rule.dim(getX(), batch)))
    return rule.error("reverse_sequence_c1: the axes must be 0 and 1, and lengths needs one entry per batch row");
  rule.result(rule.dims(getX()));
  return success();
}

} // namespace nnc::nn
