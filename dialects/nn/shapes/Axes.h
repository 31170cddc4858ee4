//===- Axes.h - checks of axis attributes -------------------------------------===//
#ifndef NNC_DIALECTS_NN_SHAPES_AXES_H
#define NNC_DIALECTS_NN_SHAPES_AXES_H

#include "dialects/nn/ShapeRule.h"

namespace nnc::nn {

/// Checks that the axes are distinct and in [0, rank); the error starts with the constraint's number.
inline llvm::LogicalResult checkAxes(ShapeRule &rule, llvm::StringRef constraint, llvm::ArrayRef<int64_t> axes,
                                     int64_t rank) {
  llvm::SmallVector<bool> seen(rank, false);
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return rule.error(constraint + ": axis " + llvm::Twine(axis) + " is out of range for rank " + llvm::Twine(rank));
    if (seen[axis])
      return rule.error(constraint + ": axis " + llvm::Twine(axis) + " appears twice");
    seen[axis] = true;
  }
  return llvm::success();
}

} // namespace nnc::nn

#endif
