#include "passes/lower/Window.h"

using namespace mlir;

namespace nnc {

Value WindowDim::origin(KernelBuilder &k, Value o) const { return k.sub(k.mul(o, stride), begin); }

std::pair<Value, Value> WindowDim::taps(KernelBuilder &k, Value origin) const {
  Value zero = k.index(0), step = k.index(dilation);
  Value first = k.div(k.add(k.max(k.sub(zero, origin), zero), dilation - 1), step);
  Value last = k.div(k.max(k.add(k.sub(in, origin), dilation - 1), zero), step);
  return {first, k.min(last, k.index(kernel))};
}

std::pair<Value, Value> WindowDim::interior(KernelBuilder &k) const {
  Value zero = k.index(0), step = k.index(stride);
  Value first = k.min(k.div(k.add(begin, stride - 1), step), out);
  // The last o with o * stride - begin + (kernel - 1) * dilation <= in - 1, plus one.
  Value room = k.add(k.sub(k.add(in, begin), k.index((kernel - 1) * dilation + 1)), stride);
  Value last = k.min(k.div(k.max(room, zero), step), out);
  return {first, k.max(first, last)};
}

namespace {

template <typename OpTy>
SmallVector<WindowDim> windowWith(KernelBuilder &k, OpTy op, ArrayRef<int64_t> kernel) {
  SmallVector<WindowDim> window;
  for (auto [i, extent] : llvm::enumerate(kernel)) {
    WindowDim d;
    d.in = k.dimOf(op.getX(), 2 + i);
    d.out = k.dim(k.output(0), 2 + i);
    d.kernel = extent;
    d.stride = op.getStrides()[i];
    d.dilation = op.getDilations()[i];
    d.begin = k.index(op.getPads()[i]);
    if (op.getAutoPad() != nn::AutoPad::explicit_pads) {
      // What the windows need beyond the input, shared between both ends; one of them takes the odd element.
      Value span = k.add(k.mul(k.sub(d.out, k.index(1)), d.stride), (extent - 1) * d.dilation + 1);
      Value total = k.max(k.sub(span, d.in), k.index(0));
      Value half = k.div(total, k.index(2));
      d.begin = op.getAutoPad() == nn::AutoPad::same_upper ? half : k.sub(total, half);
    }
    window.push_back(d);
  }
  return window;
}

} // namespace

SmallVector<WindowDim> windowOf(KernelBuilder &k, nn::ConvOp op) {
  return windowWith(k, op, cast<RankedTensorType>(op.getW().getType()).getShape().drop_front(2));
}

SmallVector<WindowDim> windowOf(KernelBuilder &k, nn::PackedConvOp op) { return windowWith(k, op, op.getKernel()); }

} // namespace nnc
