//===- CausalConvolution.cpp - convolutions of a signal that goes on -----------===//
//
// A depthwise convolution along time that sees no later step. The last k - 1 inputs are what the next call begins with.
// (Mamba and Gated DeltaNet have one in front of their recurrence.)
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;

namespace nnc::onnx {
namespace {

LogicalResult importCausalConv(NodeImporter &node) {
  std::string activation = node.stringAttr("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return node.error("activation is '" + activation + "' instead of 'none', 'silu' or 'swish'");
  Value x = node.input(0), weight = node.input(1);
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(x), kernel = NodeImporter::shapeOf(weight);
  if (shape.size() != 3 || kernel.size() != 3)
    return node.error("the input and the weight need rank 3, they have " + Twine(shape.size()) + " and " +
                      Twine(kernel.size()));
  if (ShapedType::isDynamic(kernel[0]) || ShapedType::isDynamic(kernel[2]))
    return node.error("unsupported: a weight whose extents are not known");
  int64_t channels = kernel[0], past = kernel[2] - 1;
  if (disagree(shape[1], channels) || disagree(kernel[1], 1) || past < 0)
    return node.error("the weight is to be " + Twine(ShapedType::isDynamic(shape[1]) ? channels : shape[1]) +
                      " x 1 x taps");
  Type type = node.elementType(0);
  if (node.hasInput(3)) {
    ArrayRef<int64_t> state = NodeImporter::shapeOf(node.input(3));
    if (state.size() != 3 || disagree(state[0], shape[0]) || disagree(state[1], channels) || disagree(state[2], past))
      return node.error("past_state is to be batch x " + Twine(channels) + " x " + Twine(past));
  }
  // All that the taps see, which the next state is the end of.
  auto seen = [&]() -> Value {
    if (node.hasInput(3))
      return concat(node, {node.input(3), x}, 2);
    return node.create<nn::PadOp>(type, nn::PadMode::constant, x, node.intsConstant({0, 0, past, 0, 0, 0}), Value());
  };
  Value signal = past == 0 ? x : seen();
  Value y = node.create<nn::ConvOp>(type, signal, weight, node.input(2), ArrayRef<int64_t>{1}, ArrayRef<int64_t>{0, 0},
                                    ArrayRef<int64_t>{1}, channels, nn::AutoPad::explicit_pads);
  if (activation != "none")
    y = node.create<nn::UnaryOp>(type, nn::UnaryKind::swish, y, node.f64(1), FloatAttr());
  node.setOutput(0, y);
  if (node.hasOutput(1))
    node.setOutput(1, slice(node, signal, 2, past == 0 ? INT64_MAX : -past, INT64_MAX));
  return node.status();
}

} // namespace

void registerCausalConvolutionImporters(Registry &registry) {
  registry.add("CausalConvWithState", importCausalConv);
}

} // namespace nnc::onnx
