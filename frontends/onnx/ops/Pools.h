//===- Pools.h - pools of values that other importers made --------------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_POOLS_H
#define NNC_FRONTENDS_ONNX_OPS_POOLS_H

#include "frontends/onnx/NodeImporter.h"

namespace nnc::onnx {

/// The averages of `x`, [N,C,D1..Dn] of reals, by the node's window and count_include_pad; null after an error.
mlir::Value averagePool(NodeImporter &node, mlir::Value x);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_POOLS_H
