//===- Window.h - the attributes that all convolutions share ------------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_WINDOW_H
#define NNC_FRONTENDS_ONNX_OPS_WINDOW_H

#include "frontends/onnx/NodeImporter.h"

namespace nnc::onnx {

struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, pads;
  std::string autoPad;

  int64_t span(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
  bool isSame() const { return autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER"; }
  /// Shares `total` between both ends of dim i; the odd element goes to the end for SAME_UPPER, else to the begin.
  void distribute(size_t i, int64_t total) {
    int64_t half = total / 2, n = kernel.size();
    pads[i] = autoPad == "SAME_UPPER" ? half : total - half;
    pads[n + i] = total - pads[i];
  }
};

/// The window of a node whose first inputs are an image and a weight; an error where they or the attributes do not fit.
mlir::FailureOr<Window> readWindow(NodeImporter &node);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_WINDOW_H
