#include "passes/graph/Inlets.h"

#include "passes/graph/Constants.h"

#include <algorithm>

using namespace mlir;

namespace nnc {

namespace {

/// Elements of a run that are worth a loop of their own.
constexpr int64_t kLeastRun = 16;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

Box wholeOf(Value source) {
  int64_t rank = typeOf(source).getRank();
  return {source, SmallVector<int64_t>(rank, 0), SmallVector<int64_t>(rank, 1)};
}

std::optional<Box> boxOfPiece(nn::SplitOp split, Value piece) {
  int64_t axis = split.getAxis();
  Box box = wholeOf(split.getX());
  for (Value other : split.getPieces()) {
    if (other == piece)
      return box;
    if (typeOf(other).isDynamicDim(axis))
      break;
    box.starts[axis] += typeOf(other).getDimSize(axis);
  }
  return std::nullopt;
}

std::optional<Box> boxOfSlice(nn::SliceOp slice) {
  auto starts = dyn_cast_or_null<DenseIntElementsAttr>(constantValue(slice.getStarts()));
  if (!starts || !constantValue(slice.getEnds()))
    return std::nullopt;
  Box box = wholeOf(slice.getX());
  for (auto [axis, step, start] : llvm::zip(slice.getAxes(), slice.getSteps(), starts.getValues<int64_t>())) {
    int64_t extent = typeOf(slice.getX()).getDimSize(axis);
    if (ShapedType::isDynamic(extent))
      return std::nullopt;
    box.starts[axis] = std::clamp<int64_t>(start < 0 ? start + extent : start, 0,
                                           step < 0 && extent > 0 ? extent - 1 : extent);
    box.steps[axis] = step;
  }
  return box;
}

} // namespace

bool isNarrowed(const Box &box, Value value, int64_t i) {
  return box.steps[i] != 1 || typeOf(box.source).getDimSize(i) != typeOf(value).getDimSize(i);
}

std::optional<Box> directBoxOf(Value value) {
  std::optional<Box> box;
  if (auto split = value.getDefiningOp<nn::SplitOp>())
    box = boxOfPiece(split, value);
  else if (auto slice = value.getDefiningOp<nn::SliceOp>())
    box = boxOfSlice(slice);
  if (!box || box->steps.empty() || box->steps.back() != 1)
    return std::nullopt;
  for (int64_t i = 0, rank = box->steps.size(); i < rank; ++i)
    if (isNarrowed(*box, value, i) && (typeOf(value).isDynamicDim(i) || typeOf(box->source).isDynamicDim(i)))
      return std::nullopt;
  return box;
}

std::optional<Box> boxOf(Value value) {
  std::optional<Box> box = directBoxOf(value);
  if (!box)
    return std::nullopt;
  if (auto outer = boxOf(box->source)) {
    for (auto [start, step, outerStart, outerStep] : llvm::zip(box->starts, box->steps, outer->starts, outer->steps)) {
      start = outerStart + start * outerStep;
      step *= outerStep;
    }
    box->source = outer->source;
  }
  return box;
}

bool isWideFor(const Box &box, Value value, RankedTensorType result) {
  int64_t rank = box.steps.size(), run = 1;
  for (int64_t i = rank - 1; i >= 0; --i) {
    int64_t extent = result.getDimSize(result.getRank() - rank + i);
    if (box.steps[i] == 1)
      run *= ShapedType::isDynamic(extent) ? kLeastRun : extent;
    if (run >= kLeastRun)
      return true;
    if (isNarrowed(box, value, i))
      return false;
  }
  return true;
}

Value createInlet(OpBuilder &b, const Box &box, Value value, Value argument) {
  SmallVector<int64_t> starts, ends, axes, steps;
  for (int64_t i = 0, rank = box.steps.size(); i < rank; ++i) {
    if (!isNarrowed(box, value, i))
      continue;
    axes.push_back(i);
    starts.push_back(box.starts[i]);
    steps.push_back(box.steps[i]);
    int64_t extent = typeOf(value).getDimSize(i);
    int64_t end = box.starts[i] + (extent ? (extent - 1) * box.steps[i] + (box.steps[i] < 0 ? -1 : 1) : 0);
    // In front of the first element there is no place that counts from the start.
    ends.push_back(end < 0 ? end - typeOf(box.source).getDimSize(i) : end);
  }
  Location loc = value.getLoc();
  return nn::SliceOp::create(b, loc, value.getType(), argument, createIndexList(b, loc, starts),
                             createIndexList(b, loc, ends), axes, steps);
}

} // namespace nnc
