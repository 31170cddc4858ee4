//===- WeightPanels.h - what blocked convolutions read beside their input -----===//
//
// Weights and biases of f32 in the layouts of dialects/nn/Blocked.td. Constants are packed here and now
// (passes/cpu/BlockedWeights.h). What only the run knows, as where a layer makes the weights of the next one, is packed
// by ops in front of the convolution: that costs as much as a few of its pixels.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_WEIGHTPANELS_H
#define NNC_PASSES_CPU_WEIGHTPANELS_H

#include "passes/cpu/BlockedWeights.h"

namespace nnc {

/// The panels of a weight [M,C/groups,K1..Kn] for nn.blocked_conv; `plain`: for an input whose channels are not in
/// blocks. With several groups each has whole blocks.
mlir::Value directPanels(mlir::OpBuilder &b, mlir::Location loc, mlir::Value weight, WeightShape shape, bool plain);

/// For nn.winograd_conv with `from_taps`.
mlir::Value tapPanels(mlir::OpBuilder &b, mlir::Location loc, mlir::Value weight, WeightShape shape);

/// For nn.winograd_conv without.
mlir::Value winogradPanels(mlir::OpBuilder &b, mlir::Location loc, mlir::Value weight, WeightShape shape,
                           winograd::ImageFiltering filtering);

/// For nn.blocked_depthwise. A weight that is no constant has one channel to a group.
mlir::Value depthwisePanels(mlir::OpBuilder &b, mlir::Location loc, mlir::Value weight, WeightShape shape);

/// A value per channel, [C], as [blocks,16].
mlir::Value blockedLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value values, int64_t channels);

} // namespace nnc

#endif
