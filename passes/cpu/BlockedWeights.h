//===- BlockedWeights.h - weights for kernels over blocks of channels ---------===//
//
// The layouts are those of the ops in dialects/nn/Blocked.td. All take the weight of an nn.conv of f32,
// [M,C/groups,K1..Kn].
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_BLOCKEDWEIGHTS_H
#define NNC_PASSES_CPU_BLOCKEDWEIGHTS_H

#include "passes/cpu/ConstantElements.h"
#include "passes/cpu/Filtering.h"

namespace nnc {

/// The extents of a convolution's weight.
struct WeightShape {
  int64_t filters, channels, taps, groups;
};

/// Panels of 16 filters; `plain`: for an input whose channels are not in blocks.
mlir::ElementsAttr packDirect(const Elements &weight, WeightShape shape, bool plain,
                              mlir::MLIRContext *context);

/// Panels of 16 filters, four channels of a filter side by side, for a weight of i32 whose elements fit into
/// `element`, i8 or ui8.
mlir::ElementsAttr packDirectBytes(const Elements &weight, WeightShape shape, mlir::Type element);

/// A number per filter of i32 as [blocks,16], filled up with zeros: `factor` times the sum of the filter's
/// weights, plus its number in `more`, if any.
mlir::ElementsAttr packWeightSums(const Elements &weight, WeightShape shape, int64_t factor,
                                  std::optional<Elements> more, mlir::MLIRContext *context);

/// G w G^T of every filter and every channel: a matrix of panels for each of the weights.
mlir::ElementsAttr packWinograd(const Elements &weight, WeightShape shape, winograd::ImageFiltering filtering,
                                mlir::MLIRContext *context);

/// Panels of 16 filters, [panels,channels,taps,16], of which nn.winograd_conv computes the weights itself.
mlir::ElementsAttr packTaps(const Elements &weight, WeightShape shape, mlir::MLIRContext *context);

/// [blocks,taps*channels,16] of groups with as many filters as channels, which do not cut blocks.
mlir::ElementsAttr packDepthwise(const Elements &weight, WeightShape shape, mlir::MLIRContext *context);

/// A value per channel as [blocks,16], filled up with zeros.
mlir::ElementsAttr packLanes(const Elements &values, int64_t channels, mlir::MLIRContext *context);

} // namespace nnc

#endif
