//===- QuantizedReals.cpp - com.microsoft's operators on quantized tensors ----===//
//
// What quantizers write in their "QOperator" format beside ONNX's own QLinearConv and QLinearMatMul: an
// operator on reals whose tensors come with scales and zero points. They are imported as what they stand for,
// nn.dequantize, the operator, and nn.quantize, as in the other format.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "frontends/onnx/ops/Pools.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::UnaryKind;

namespace nnc::onnx {
namespace {

bool hasOneElement(Value value) {
  return llvm::all_of(NodeImporter::shapeOf(value), [](int64_t extent) { return extent == 1; });
}

/// A scale or zero point: a list, or a scalar where it is one element; null where it is not given.
Value parameter(NodeImporter &node, unsigned i) {
  Value value = node.hasInput(i) ? node.input(i) : Value();
  if (!value || !hasOneElement(value) || NodeImporter::rankOf(value) == 0)
    return value;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, NodeImporter::rankOf(value)));
  return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(value), value, axes);
}

/// Input `x` as reals, by the scale and the zero point at the given inputs. A list of scales goes along
/// `axis`.
Value dequantized(NodeImporter &node, unsigned x, unsigned scaleAt, unsigned zeroAt, int64_t axis = 0) {
  if (failed(node.status()))
    return {};
  if (!node.hasInput(x) || !node.hasInput(scaleAt) || !isa<IntegerType>(node.elementType(x)) ||
      !isa<FloatType>(node.elementType(scaleAt)) ||
      (node.hasInput(zeroAt) && node.elementType(zeroAt) != node.elementType(x))) {
    (void)node.error("input " + Twine(x) +
                     " does not come as integers, a scale and a zero point of their type");
    return {};
  }
  Value scale = parameter(node, scaleAt), zero = parameter(node, zeroAt);
  if (NodeImporter::rankOf(scale) > 1 ||
      (zero && NodeImporter::rankOf(zero) != NodeImporter::rankOf(scale))) {
    (void)node.error("unsupported: the shapes of input " + Twine(x) + "'s scale and zero point");
    return {};
  }
  return node.create<nn::DequantizeOp>(NodeImporter::elementTypeOf(scale), node.input(x), scale, zero, axis,
                                       0);
}

/// Sets the result to `y` by the scale and the zero point at the given inputs; without a zero point it takes
/// the type of input `like`.
LogicalResult setQuantized(NodeImporter &node, Value y, unsigned scaleAt, unsigned zeroAt, unsigned like) {
  if (failed(node.status()))
    return failure();
  if (!node.hasInput(scaleAt) || !isa<FloatType>(node.elementType(scaleAt)))
    return node.error("the result has no scale");
  Value scale = parameter(node, scaleAt), zero = parameter(node, zeroAt);
  Type type = zero ? NodeImporter::elementTypeOf(zero) : node.elementType(like);
  if (!hasOneElement(scale) || (zero && !hasOneElement(zero)))
    return node.error("unsupported: the result has several scales");
  node.setOutput(0, node.create<nn::QuantizeOp>(type, y, scale, zero, 0, 0));
  return node.status();
}

/// f(A, A_scale, A_zero, B, B_scale, B_zero, Y_scale, Y_zero)
ImportFn binaryImporter(BinaryKind kind) {
  return [kind](NodeImporter &node) -> LogicalResult {
    Value a = dequantized(node, 0, 1, 2), b = dequantized(node, 3, 4, 5);
    if (failed(node.status()))
      return failure();
    return setQuantized(node, node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b), 6, 7, 0);
  };
}

/// f(X, X_scale, X_zero, Y_scale, Y_zero)
ImportFn unaryImporter(llvm::function_ref<Value(NodeImporter &, Value)> body) {
  return [f = std::function<Value(NodeImporter &, Value)>(body)](NodeImporter &node) -> LogicalResult {
    Value x = dequantized(node, 0, 1, 2);
    if (failed(node.status()))
      return failure();
    Value y = f(node, x);
    return setQuantized(node, y, 3, 4, 0);
  };
}

Value sigmoid(NodeImporter &node, Value x) {
  return node.create<nn::UnaryOp>(NodeImporter::elementTypeOf(x), UnaryKind::sigmoid, x, FloatAttr(),
                                  FloatAttr());
}

Value leakyRelu(NodeImporter &node, Value x) {
  FloatAttr alpha = node.f64(node.floatAttr("alpha", 0.01f));
  return node.create<nn::UnaryOp>(NodeImporter::elementTypeOf(x), UnaryKind::leaky_relu, x, alpha,
                                  FloatAttr());
}

Value softmax(NodeImporter &node, Value x) {
  int64_t rank = NodeImporter::rankOf(x), opset = node.intAttr("opset", 13);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), rank);
  // Before opset 13 the dims from the axis on were one.
  if (opset < 13 && axis != rank - 1)
    (void)node.error("unsupported: axis is not the last one with opset 12 or before");
  if (failed(node.status()))
    return x;
  return node.create<nn::SoftmaxOp>(NodeImporter::elementTypeOf(x), nn::SoftmaxKind::softmax, x, axis);
}

Value globalAverage(NodeImporter &node, Value x) {
  int64_t rank = NodeImporter::rankOf(x);
  bool isChannelsLast = node.intAttr("channels_last", 0) != 0;
  if (rank < 3) {
    (void)node.error("the input has rank " + Twine(rank) + ", not 3 or more");
    return x;
  }
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(isChannelsLast ? 1 : 2, rank - isChannelsLast));
  return node.create<nn::ReduceOp>(NodeImporter::elementTypeOf(x), nn::ReduceKind::mean, x, axes,
                                   /*keepdims=*/true);
}

Value average(NodeImporter &node, Value x) {
  if (node.intAttr("channels_last", 0) == 0)
    return averagePool(node, x);
  // [N,D1..Dn,C], as [N,C,D1..Dn] and back.
  int64_t rank = NodeImporter::rankOf(x);
  if (rank < 3) {
    (void)node.error("the input has rank " + Twine(rank) + ", not 3 or more");
    return x;
  }
  SmallVector<int64_t> forth = {0, rank - 1}, back = {0};
  for (int64_t i = 1; i < rank - 1; ++i) {
    forth.push_back(i);
    back.push_back(i + 1);
  }
  back.push_back(1);
  Value y = averagePool(node, transpose(node, x, forth));
  return y ? transpose(node, y, back) : x;
}

/// QLinearWhere(condition, X, X_scale, X_zero, Y, Y_scale, Y_zero, Z_scale, Z_zero)
LogicalResult importWhere(NodeImporter &node) {
  Value x = dequantized(node, 1, 2, 3), y = dequantized(node, 4, 5, 6);
  if (failed(node.status()))
    return failure();
  if (!node.hasInput(0) || !node.elementType(0).isInteger(1))
    return node.error("the condition is not of bool");
  return setQuantized(node, select(node, node.input(0), x, y), 7, 8, 1);
}

/// (Y_scale, Y_zero, then X, X_scale, X_zero for each)
LogicalResult importConcat(NodeImporter &node) {
  unsigned count = node.numInputs();
  if (count < 5 || (count - 2) % 3 != 0)
    return node.error("the inputs do not come in threes");
  SmallVector<Value> parts;
  for (unsigned i = 2; i < count; i += 3)
    parts.push_back(dequantized(node, i, i + 1, i + 2));
  if (failed(node.status()))
    return failure();
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), NodeImporter::rankOf(parts[0]));
  if (failed(node.status()))
    return failure();
  Value y = node.create<nn::ConcatOp>(NodeImporter::elementTypeOf(parts[0]), parts, axis);
  return setQuantized(node, y, 0, 1, 2);
}

/// QGemm(A, a_scale, a_zero, B, b_scale, b_zero, C?, y_scale?, y_zero?): alpha op(A) op(B) + C, where C is of
/// i32 with the factors' scales; reals without y_scale.
LogicalResult importGemm(NodeImporter &node) {
  bool transposeA = node.intAttr("transA", 0) != 0, transposeB = node.intAttr("transB", 0) != 0;
  float alpha = node.floatAttr("alpha", 1);
  int64_t columns = transposeB ? 0 : 1;
  Value a = dequantized(node, 0, 1, 2), b = dequantized(node, 3, 4, 5, columns);
  if (failed(node.status()))
    return failure();
  if (NodeImporter::rankOf(a) != 2 || NodeImporter::rankOf(b) != 2)
    return node.error("the factors must have rank 2");
  Type real = NodeImporter::elementTypeOf(a);
  Value y = node.create<nn::MatMulOp>(real, a, b, transposeA, transposeB);
  auto binary = [&](BinaryKind kind, Value l, Value r) {
    return node.create<nn::BinaryOp>(real, kind, l, r);
  };
  if (node.hasInput(6))
    y = binary(BinaryKind::add, y,
               binary(BinaryKind::mul, node.castTo(node.input(6), real),
                      binary(BinaryKind::mul, parameter(node, 1), parameter(node, 4))));
  if (alpha != 1)
    y = binary(BinaryKind::mul, y, node.scalarConstant(real, alpha));
  if (node.hasInput(7))
    return setQuantized(node, y, 7, 8, 0);
  node.setOutput(0, y);
  return node.status();
}

/// MatMulIntegerToFloat(A, B, a_scale, b_scale, a_zero?, b_zero?, bias?)
LogicalResult importMatMulToFloat(NodeImporter &node) {
  int64_t rank = node.hasInput(1) ? NodeImporter::rankOf(node.input(1)) : 0;
  Value a = dequantized(node, 0, 2, 4), b = dequantized(node, 1, 3, 5, rank - 1);
  if (failed(node.status()))
    return failure();
  Type real = NodeImporter::elementTypeOf(a);
  Value y = node.create<nn::MatMulOp>(real, a, b, false, false);
  if (node.hasInput(6))
    y = node.create<nn::BinaryOp>(real, BinaryKind::add, y, node.input(6));
  node.setOutput(0, y);
  return node.status();
}

} // namespace

void registerQuantizedRealImporters(Registry &registry) {
  const std::pair<const char *, ImportFn> importers[] = {
      {"QLinearAdd", binaryImporter(BinaryKind::add)},
      {"QLinearMul", binaryImporter(BinaryKind::mul)},
      {"QLinearSigmoid", unaryImporter(sigmoid)},
      {"QLinearLeakyRelu", unaryImporter(leakyRelu)},
      {"QLinearSoftmax", unaryImporter(softmax)},
      {"QLinearGlobalAveragePool", unaryImporter(globalAverage)},
      {"QLinearAveragePool", unaryImporter(average)},
      {"QLinearConcat", importConcat},
      {"QLinearWhere", importWhere},
      {"QGemm", importGemm},
      {"MatMulIntegerToFloat", importMatMulToFloat},
  };
  for (const auto &[name, importer] : importers)
    registry.addTo("com.microsoft", name, importer);
}

} // namespace nnc::onnx
