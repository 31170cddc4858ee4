//===- Legacy.cpp - operators that the standard has dropped -------------------===//
//
// Experimental operators of the days of opset 7, which converters wrote into models of the default domain. They have
// no schema, so what they take is checked here.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::UnaryKind;

namespace nnc::onnx {
namespace {

Value binary(NodeImporter &node, BinaryKind kind, Value a, Value b) {
  return node.create<nn::BinaryOp>(node.elementType(0), kind, a, b);
}

Value scaled(NodeImporter &node, Value x, double factor) {
  return factor == 1 ? x : binary(node, BinaryKind::mul, x, node.scalarConstant(node.elementType(0), factor));
}

Value unary(NodeImporter &node, UnaryKind kind, Value x) {
  return node.create<nn::UnaryOp>(node.elementType(0), kind, x, FloatAttr(), FloatAttr());
}

/// alpha * x + beta
LogicalResult importAffine(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  double alpha = node.floatAttr("alpha", 1), beta = node.floatAttr("beta", 0);
  Value y = scaled(node, node.input(0), alpha);
  if (beta != 0)
    y = binary(node, BinaryKind::add, y, node.scalarConstant(node.elementType(0), beta));
  node.setOutput(0, y);
  return node.status();
}

/// scale * x + bias[channel]
LogicalResult importImageScaler(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  Value x = node.input(0);
  double scale = node.floatAttr("scale", 1);
  SmallVector<float> bias = node.floatsAttr("bias");
  if (NodeImporter::rankOf(x) != 4)
    return node.error("takes rank 4, the input has rank " + Twine(NodeImporter::rankOf(x)));
  int64_t channels = NodeImporter::shapeOf(x)[1], count = bias.size();
  if (failed(node.status()))
    return failure();
  if (ShapedType::isDynamic(channels) ? count == 0 : count != channels)
    return node.error("has " + Twine(count) + " biases for " + Twine(channels) + " channels");
  auto type = RankedTensorType::get({1, count, 1, 1}, node.builder().getF32Type());
  Value biases = node.constant(DenseElementsAttr::get(type, ArrayRef<float>(bias)));
  Value y = scaled(node, x, scale);
  node.setOutput(0, binary(node, BinaryKind::add, y, node.castTo(biases, node.elementType(0))));
  return node.status();
}

/// The border cut off an image, or a box of the size `scale` at the border's corner.
LogicalResult importCrop(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  Value x = node.input(0);
  // left, top, right, bottom
  SmallVector<int64_t> border = node.intsAttr("border"), scale = node.intsAttr("scale");
  if (failed(node.status()))
    return failure();
  if (NodeImporter::rankOf(x) != 4)
    return node.error("takes rank 4, the input has rank " + Twine(NodeImporter::rankOf(x)));
  if (border.size() != 4 || (!scale.empty() && scale.size() != 2))
    return node.error("needs a border of 4 numbers and a scale of 2 or none");
  for (int64_t number : llvm::concat<int64_t>(border, scale))
    if (number < 0 || number > INT32_MAX)
      return node.error("the border or scale holds " + Twine(number));
  SmallVector<int64_t> starts = {border[1], border[0]}, ends(2);
  for (int64_t i : {0, 1}) {
    int64_t extent = NodeImporter::shapeOf(x)[2 + i], after = border[3 - i];
    if (!ShapedType::isDynamic(extent) && starts[i] + (scale.empty() ? after : scale[i]) > extent)
      return node.error("the border does not fit dim " + Twine(2 + i) + " of " + Twine(extent));
    if (!scale.empty())
      ends[i] = starts[i] + scale[i];
    else
      ends[i] = after == 0 ? INT64_MAX : -after;
  }
  node.setOutput(0, node.create<nn::SliceOp>(node.elementType(0), x, node.intsConstant(starts),
                                             node.intsConstant(ends), ArrayRef<int64_t>{2, 3},
                                             ArrayRef<int64_t>{1, 1}));
  return node.status();
}

/// alpha * tanh(beta * x)
LogicalResult importScaledTanh(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  if (!node.hasAttr("alpha") || !node.hasAttr("beta"))
    return node.error("needs alpha and beta");
  Value y = unary(node, UnaryKind::tanh, scaled(node, node.input(0), node.floatAttr("beta", 1)));
  node.setOutput(0, scaled(node, y, node.floatAttr("alpha", 1)));
  return node.status();
}

/// alpha * log(1 + exp(beta * x))
LogicalResult importParametricSoftplus(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  if (!node.hasAttr("alpha") || !node.hasAttr("beta"))
    return node.error("needs alpha and beta");
  Value y = unary(node, UnaryKind::softplus, scaled(node, node.input(0), node.floatAttr("beta", 1)));
  node.setOutput(0, scaled(node, y, node.floatAttr("alpha", 1)));
  return node.status();
}

} // namespace

void registerLegacyImporters(Registry &registry) {
  registry.add("Affine", importAffine);
  registry.add("ImageScaler", importImageScaler);
  registry.add("Crop", importCrop);
  registry.add("ScaledTanh", importScaledTanh);
  registry.add("ParametricSoftplus", importParametricSoftplus);
}

} // namespace nnc::onnx
