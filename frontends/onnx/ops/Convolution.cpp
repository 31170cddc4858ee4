//===- Convolution.cpp - convolutions and their relatives ---------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Window.h"

using namespace mlir;
using nnc::nn::AutoPad;
using nnc::nn::BinaryKind;

namespace nnc::onnx {

FailureOr<Window> readWindow(NodeImporter &node) {
  Window window;
  int64_t rank = NodeImporter::rankOf(node.input(0)), weightRank = NodeImporter::rankOf(node.input(1));
  if (rank < 3)
    return node.error("the input must have rank 3 or more, it has " + Twine(rank));
  if (weightRank != rank)
    return node.error("the weight has rank " + Twine(weightRank) + ", the input " + Twine(rank));
  size_t n = rank - 2;
  ArrayRef<int64_t> weight = NodeImporter::shapeOf(node.input(1)).drop_front(2);
  window.kernel = node.intsAttr("kernel_shape", weight);
  if (window.kernel.size() != n)
    return node.error("kernel_shape has " + Twine(window.kernel.size()) + " entries, the weight is " + Twine(rank) +
                      "-D");
  for (auto [i, extent] : llvm::enumerate(weight)) {
    if (ShapedType::isDynamic(extent))
      return node.error("unsupported: a weight whose kernel extents are not known");
    if (extent != window.kernel[i])
      return node.error("kernel_shape says " + Twine(window.kernel[i]) + ", the weight has " + Twine(extent) +
                        " in dim " + Twine(2 + i));
  }
  window.strides = node.intsAttr("strides", SmallVector<int64_t>(n, 1));
  window.dilations = node.intsAttr("dilations", SmallVector<int64_t>(n, 1));
  window.autoPad = node.stringAttr("auto_pad", "NOTSET");
  SmallVector<int64_t> zeros(2 * n, 0);
  window.pads = node.intsAttr("pads", zeros);
  if (!window.isSame() && window.autoPad != "NOTSET" && window.autoPad != "VALID" && !window.autoPad.empty())
    return node.error("auto_pad is '" + window.autoPad + "'");
  if (window.autoPad == "VALID" || window.isSame())
    window.pads = zeros;
  auto fits = [](ArrayRef<int64_t> list, size_t size, int64_t least) {
    return list.size() == size &&
           llvm::all_of(list, [=](int64_t v) { return v >= least && v < (int64_t(1) << 31); });
  };
  if (!fits(window.strides, n, 1) || !fits(window.dilations, n, 1) || !fits(window.kernel, n, 1))
    return node.error("strides and dilations need " + Twine(n) + " positive entries each");
  if (!fits(window.pads, 2 * n, 0))
    return node.error("pads needs " + Twine(2 * n) + " entries, none negative");
  return window;
}

namespace {

/// A convolution of `x` with `w`, which are the node's first inputs or what became of them.
Value convolution(NodeImporter &node, Value x, Value w, Value bias) {
  FailureOr<Window> window = readWindow(node);
  int64_t groups = node.intAttr("group", 1);
  if (failed(window))
    return {};
  // SAME is an explicit padding where the extents are known, and always for stride 1.
  AutoPad autoPad = AutoPad::explicit_pads;
  if (window->isSame()) {
    ArrayRef<int64_t> in = NodeImporter::shapeOf(x).drop_front(2);
    bool isKnown = true;
    for (size_t i = 0; i < in.size(); ++i)
      isKnown &= window->strides[i] == 1 || !ShapedType::isDynamic(in[i]);
    for (size_t i = 0; isKnown && i < in.size(); ++i) {
      int64_t stride = window->strides[i], total = window->span(i) - 1;
      if (stride != 1)
        total = (llvm::divideCeil(in[i], stride) - 1) * stride + window->span(i) - in[i];
      window->distribute(i, std::max<int64_t>(total, 0));
    }
    if (!isKnown)
      autoPad = window->autoPad == "SAME_UPPER" ? AutoPad::same_upper : AutoPad::same_lower;
  }
  return node.create<nn::ConvOp>(NodeImporter::elementTypeOf(x), x, w, bias, window->strides, window->pads,
                                 window->dilations, groups, autoPad);
}

LogicalResult importConv(NodeImporter &node) {
  node.setOutput(0, convolution(node, node.input(0), node.input(1), node.input(2)));
  return node.status();
}

/// An operand of ConvInteger as i32 with its zero point taken off. Padding then adds zeros, which stand for elements
/// that equal the zero point, as the operator wants it.
Value centered(NodeImporter &node, Value value, Value zeroPoint) {
  Type i32 = node.builder().getI32Type();
  Value wide = node.castTo(value, i32);
  if (!zeroPoint)
    return wide;
  Value zero = node.castTo(zeroPoint, i32);
  // One zero point per filter lies along the weight's first dim.
  if (ArrayRef<int64_t> shape = NodeImporter::shapeOf(zero); shape.size() == 1 && shape[0] != 1) {
    SmallVector<int64_t> trailing = llvm::to_vector(llvm::seq<int64_t>(1, NodeImporter::rankOf(value)));
    zero = node.create<nn::UnsqueezeOp>(i32, zero, trailing);
  }
  return node.create<nn::BinaryOp>(i32, BinaryKind::sub, wide, zero);
}

LogicalResult importConvInteger(NodeImporter &node) {
  if (node.hasInput(2)) {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(node.input(2));
    if (!shape.empty() && shape != ArrayRef<int64_t>{1})
      return node.error("unsupported: x_zero_point must be a scalar");
  }
  Value x = centered(node, node.input(0), node.input(2)), w = node.input(1);
  // Weights stay bytes where they can.
  if (node.hasInput(3))
    w = centered(node, w, node.input(3));
  node.setOutput(0, convolution(node, x, w, Value()));
  return node.status();
}

LogicalResult importConvTranspose(NodeImporter &node) {
  FailureOr<Window> window = readWindow(node);
  int64_t groups = node.intAttr("group", 1);
  if (failed(window))
    return failure();
  size_t n = window->kernel.size();
  SmallVector<int64_t> outputPadding = node.intsAttr("output_padding", SmallVector<int64_t>(n, 0));
  SmallVector<int64_t> outputShape = node.intsAttr("output_shape");
  // Some exporters write the batch and the channels too.
  if (outputShape.size() == n + 2)
    outputShape.erase(outputShape.begin(), outputShape.begin() + 2);
  if (outputPadding.size() != n || (!outputShape.empty() && outputShape.size() != n))
    return node.error("output_padding and output_shape need " + Twine(n) + " entries");
  if (llvm::any_of(outputPadding, [](int64_t v) { return v < 0 || v >= (int64_t(1) << 31); }))
    return node.error("output_padding must not be negative or huge");
  ArrayRef<int64_t> in = NodeImporter::shapeOf(node.input(0)).drop_front(2);
  for (size_t i = 0; i < n && (!outputShape.empty() || window->isSame()); ++i) {
    int64_t surplus; // of the full output over the one wanted
    if (outputShape.empty()) {
      surplus = window->span(i) + outputPadding[i] - window->strides[i];
    } else {
      if (ShapedType::isDynamic(in[i]))
        return node.error("unsupported: output_shape with an input whose spatial dims are not known");
      surplus = window->strides[i] * (in[i] - 1) + outputPadding[i] + window->span(i) - outputShape[i];
    }
    // An output larger than the full one is longer at its end.
    if (surplus >= 0)
      window->distribute(i, surplus);
    else
      window->pads[i] = 0, window->pads[n + i] = surplus;
  }
  node.setOutput(0, node.create<nn::ConvTransposeOp>(node.elementType(0), node.input(0), node.input(1), node.input(2),
                                                     window->strides, window->pads, window->dilations, outputPadding,
                                                     groups));
  return node.status();
}

} // namespace

void registerConvolutionImporters(Registry &registry) {
  registry.add("Conv", importConv);
  registry.add("ConvInteger", importConvInteger);
  registry.add("ConvTranspose", importConvTranspose);
}

} // namespace nnc::onnx
