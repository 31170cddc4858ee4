//===- Elementwise.cpp - element by element -----------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;
using nnc::nn::UnaryKind;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

Value unary(NodeImporter &node, UnaryKind kind, Value x, FloatAttr alpha = {}, FloatAttr beta = {}) {
  bool isPredicate = kind == UnaryKind::is_nan || kind == UnaryKind::is_inf;
  Type type = isPredicate ? node.builder().getI1Type() : NodeImporter::elementTypeOf(x);
  return node.create<nn::UnaryOp>(type, kind, x, alpha, beta);
}

/// A parameter that ONNX wants as a scalar but exporters also write as [1].
Value asScalar(NodeImporter &node, Value value) {
  if (NodeImporter::shapeOf(value) == ArrayRef<int64_t>{1})
    return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(value), value, ArrayRef<int64_t>{0});
  return value;
}

/// Before opset 7 the second operand broadcast only when asked to, its first dim at `axis` of the first operand.
Value legacyBroadcast(NodeImporter &node, Value a, Value b) {
  if (node.opset() >= 7)
    return b;
  bool isBroadcast = node.intAttr("broadcast", 0) != 0;
  bool hasAxis = node.hasAttr("axis");
  int64_t axis = node.intAttr("axis", 0);
  int64_t rankA = NodeImporter::rankOf(a), rankB = NodeImporter::rankOf(b);
  if (!isBroadcast || !hasAxis)
    return b;
  axis = node.normalizeAxis(axis, rankA);
  if (axis + rankB > rankA) {
    (void)node.error("the second input does not fit at axis " + Twine(axis) + " of the first");
    return b;
  }
  SmallVector<int64_t> trailing;
  for (int64_t i = rankB; i < rankA - axis; ++i)
    trailing.push_back(i);
  return trailing.empty() ? b : node.create<nn::UnsqueezeOp>(NodeImporter::elementTypeOf(b), b, trailing);
}

//===----------------------------------------------------------------------===//
// One input
//===----------------------------------------------------------------------===//

ImportFn unaryImporter(UnaryKind kind) {
  return [kind](NodeImporter &node) {
    node.ignoreAttr("consumed_inputs");
    node.setOutput(0, unary(node, kind, node.input(0)));
    return node.status();
  };
}

/// An activation with parameters: their names in ONNX, and their defaults.
struct Parameter {
  const char *name;
  double defaultValue;
};
ImportFn activationImporter(UnaryKind kind, Parameter alpha, std::optional<Parameter> beta = std::nullopt) {
  return [=](NodeImporter &node) {
    node.ignoreAttr("consumed_inputs");
    FloatAttr first = node.f64(node.floatAttr(alpha.name, alpha.defaultValue));
    FloatAttr second = beta ? node.f64(node.floatAttr(beta->name, beta->defaultValue)) : FloatAttr();
    node.setOutput(0, unary(node, kind, node.input(0), first, second));
    return node.status();
  };
}

LogicalResult importGelu(NodeImporter &node) {
  std::string approximate = node.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return node.error("approximate is '" + approximate + "' instead of 'none' or 'tanh'");
  UnaryKind kind = approximate == "tanh" ? UnaryKind::gelu_tanh : UnaryKind::gelu;
  node.setOutput(0, unary(node, kind, node.input(0)));
  return node.status();
}

LogicalResult importIsInf(NodeImporter &node) {
  bool positive = node.intAttr("detect_positive", 1) != 0;
  bool negative = node.intAttr("detect_negative", 1) != 0;
  Value x = node.input(0);
  Value result = unary(node, UnaryKind::is_inf, x);
  if (positive != negative) {
    Value zero = node.scalarConstant(node.elementType(0), 0);
    Value sign = compare(node, positive ? CompareKind::gt : CompareKind::lt, x, zero);
    result = binary(node, BinaryKind::logical_and, result, sign);
  } else if (!positive) {
    Value never = node.intScalarConstant(node.builder().getI1Type(), 0);
    result = binary(node, BinaryKind::logical_and, result, never);
  }
  node.setOutput(0, result);
  return node.status();
}

LogicalResult importShrink(NodeImporter &node) {
  double lambda = node.floatAttr("lambd", 0.5), bias = node.floatAttr("bias", 0);
  // Integers are shrunk as doubles: both parameters are fractions.
  Type type = node.elementType(0);
  Type work = isa<FloatType>(type) ? type : Type(node.builder().getF64Type());
  Value x = node.castTo(node.input(0), work);
  Value shift = node.scalarConstant(work, bias);
  Value above = compare(node, CompareKind::gt, x, node.scalarConstant(work, lambda));
  Value below = compare(node, CompareKind::lt, x, node.scalarConstant(work, -lambda));
  Value inner = select(node, above, binary(node, BinaryKind::sub, x, shift), node.scalarConstant(work, 0));
  Value result = select(node, below, binary(node, BinaryKind::add, x, shift), inner);
  node.setOutput(0, node.castTo(result, type));
  return node.status();
}

LogicalResult importIdentity(NodeImporter &node) {
  node.setOutput(0, node.input(0));
  return success();
}

/// Dropout as at inference: the input passes through, the mask is all ones.
LogicalResult importDropout(NodeImporter &node) {
  for (StringRef name : {"ratio", "seed", "is_test", "consumed_inputs"})
    node.ignoreAttr(name);
  if (node.hasInput(2)) {
    std::optional<double> training = NodeImporter::scalarOf(node.input(2));
    std::optional<double> ratio = node.hasInput(1) ? NodeImporter::scalarOf(node.input(1)) : 0.5;
    if (!training || (*training != 0 && ratio != 0.0))
      return node.error("unsupported: training_mode is " + Twine(training ? "true" : "not constant"));
  }
  Value x = node.input(0);
  node.setOutput(0, x);
  if (node.hasOutput(1)) {
    Type type = node.opset() >= 10 ? Type(node.builder().getI1Type()) : node.elementType(0);
    Value shape = node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, 0, NodeImporter::rankOf(x));
    node.setOutput(1, node.create<nn::FillOp>(type, shape, node.scalarConstant(type, 1)));
  }
  return node.status();
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

LogicalResult importCastTo(NodeImporter &node, Type type) {
  bool saturate = node.intAttr("saturate", 1) != 0;
  std::optional<nn::CastRounding> rounding = nn::symbolizeCastRounding(node.stringAttr("round_mode", "up"));
  if (!rounding)
    return node.error("round_mode is '" + node.stringAttr("round_mode", "up") +
                      "' instead of 'up', 'down' or 'nearest'");
  Value x = node.input(0);
  node.setOutput(0, type == node.elementType(0) ? x : node.create<nn::CastOp>(type, x, saturate, *rounding));
  return node.status();
}

LogicalResult importCast(NodeImporter &node) {
  if (node.opset() >= 6)
    return importCastTo(node, node.typeAttr("to", {}));
  // Opset 1 gave the type by name.
  std::string name = node.stringAttr("to", "");
  ::onnx::TensorProto::DataType dataType = ::onnx::TensorProto::UNDEFINED;
  ::onnx::TensorProto::DataType_Parse(StringRef(name).upper(), &dataType);
  Type type = node.dataType(dataType);
  return type ? importCastTo(node, type) : node.error("unsupported type '" + name + "'");
}

LogicalResult importBitCast(NodeImporter &node) {
  Type type = node.typeAttr("to", {});
  if (failed(node.status()))
    return failure();
  if (!type.isIntOrFloat() || !node.elementType(0).isIntOrFloat())
    return node.error("unsupported: complex numbers");
  node.setOutput(0, node.create<nn::BitcastOp>(type, node.input(0)));
  return node.status();
}

LogicalResult importCastLike(NodeImporter &node) { return importCastTo(node, node.elementType(1)); }

//===----------------------------------------------------------------------===//
// Two inputs and more
//===----------------------------------------------------------------------===//

ImportFn binaryImporter(BinaryKind kind) {
  return [kind](NodeImporter &node) {
    node.ignoreAttr("consumed_inputs");
    Value a = node.input(0), b = legacyBroadcast(node, a, node.input(1));
    node.setOutput(0, binary(node, kind, a, b));
    return node.status();
  };
}

ImportFn compareImporter(CompareKind kind) {
  return [kind](NodeImporter &node) {
    Value a = node.input(0), b = legacyBroadcast(node, a, node.input(1));
    node.setOutput(0, compare(node, kind, a, b));
    return node.status();
  };
}

LogicalResult importMod(NodeImporter &node) {
  bool isFmod = node.intAttr("fmod", 0) != 0;
  // From opset 28 on floats may be taken modulo like integers.
  if (!isFmod && isa<FloatType>(node.elementType(0)) && node.opset() < 28)
    return node.error("floating point inputs need fmod = 1");
  node.setOutput(0, binary(node, isFmod ? BinaryKind::fmod : BinaryKind::mod, node.input(0), node.input(1)));
  return node.status();
}

LogicalResult importBitShift(NodeImporter &node) {
  std::string direction = node.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.error("direction is '" + direction + "' instead of 'LEFT' or 'RIGHT'");
  BinaryKind kind = direction == "LEFT" ? BinaryKind::shift_left : BinaryKind::shift_right;
  node.setOutput(0, binary(node, kind, node.input(0), node.input(1)));
  return node.status();
}

LogicalResult importPRelu(NodeImporter &node) {
  node.ignoreAttr("consumed_inputs");
  Value x = node.input(0), slope = node.input(1);
  int64_t rank = NodeImporter::rankOf(x);
  // Before opset 7 a slope of rank 1 was one per channel, or one for all.
  ArrayRef<int64_t> shape = NodeImporter::shapeOf(slope);
  if (node.opset() < 7 && shape.size() == 1 && shape[0] != 1 && rank > 2) {
    SmallVector<int64_t> trailing;
    for (int64_t i = 1; i < rank - 1; ++i)
      trailing.push_back(i);
    slope = node.create<nn::UnsqueezeOp>(node.elementType(1), slope, trailing);
  }
  if (NodeImporter::rankOf(slope) > rank)
    return node.error("the slope has rank " + Twine(NodeImporter::rankOf(slope)) + ", the input " + Twine(rank));
  node.setOutput(0, binary(node, BinaryKind::prelu, x, slope));
  return node.status();
}

/// Min, Max, Sum, Mean over any number of inputs.
Value foldInputs(NodeImporter &node, BinaryKind kind) {
  node.ignoreAttr("consumed_inputs");
  Value result = node.input(0);
  for (Value next : node.allInputs().drop_front())
    result = binary(node, kind, result, next);
  return result;
}

ImportFn variadicImporter(BinaryKind kind) {
  return [kind](NodeImporter &node) {
    node.setOutput(0, foldInputs(node, kind));
    return node.status();
  };
}

LogicalResult importMean(NodeImporter &node) {
  Value sum = foldInputs(node, BinaryKind::add);
  if (node.numInputs() > 1)
    sum = binary(node, BinaryKind::div, sum, node.scalarConstant(node.elementType(0), node.numInputs()));
  node.setOutput(0, sum);
  return node.status();
}

LogicalResult importWhere(NodeImporter &node) {
  node.setOutput(0, select(node, node.input(0), node.input(1), node.input(2)));
  return node.status();
}

/// Limits are attributes before opset 11 and inputs from there on; both may be left out.
LogicalResult importClip(NodeImporter &node) {
  node.ignoreAttr("consumed_inputs");
  Value x = node.input(0), low, high;
  if (node.opset() < 11) {
    if (node.hasAttr("min"))
      low = node.scalarConstant(node.elementType(0), node.floatAttr("min", 0));
    if (node.hasAttr("max"))
      high = node.scalarConstant(node.elementType(0), node.floatAttr("max", 0));
  } else {
    if (node.hasInput(1))
      low = asScalar(node, node.input(1));
    if (node.hasInput(2))
      high = asScalar(node, node.input(2));
    for (Value limit : {low, high})
      if (limit && NodeImporter::rankOf(limit) != 0)
        return node.error("min and max must be scalars");
  }
  if (low)
    x = binary(node, BinaryKind::max, x, low);
  if (high)
    x = binary(node, BinaryKind::min, x, high);
  node.setOutput(0, x);
  return node.status();
}

//===----------------------------------------------------------------------===//
// com.microsoft
//===----------------------------------------------------------------------===//

/// BiasGelu(x, bias) and FastGelu(x, bias?): the bias is added first.
ImportFn biasGeluImporter(UnaryKind kind) {
  return [kind](NodeImporter &node) {
    if (failed(node.requireFloatInputs(1, 2)))
      return failure();
    Value x = node.input(0);
    if (node.hasInput(1))
      x = binary(node, BinaryKind::add, x, node.input(1));
    node.setOutput(0, unary(node, kind, x));
    return node.status();
  };
}

LogicalResult importQuickGelu(NodeImporter &node) {
  if (failed(node.requireFloatInputs(1, 1)))
    return failure();
  node.setOutput(0, unary(node, UnaryKind::swish, node.input(0), node.f64(node.floatAttr("alpha", 1.702f))));
  return node.status();
}

} // namespace

void registerElementwiseImporters(Registry &registry) {
  const std::pair<const char *, UnaryKind> unaryOps[] = {
      {"Abs", UnaryKind::abs},         {"Neg", UnaryKind::neg},
      {"Sign", UnaryKind::sign},       {"Reciprocal", UnaryKind::reciprocal},
      {"Sqrt", UnaryKind::sqrt},       {"Exp", UnaryKind::exp},
      {"Log", UnaryKind::log},         {"Floor", UnaryKind::floor},
      {"Ceil", UnaryKind::ceil},       {"Round", UnaryKind::round},
      {"Sin", UnaryKind::sin},         {"Cos", UnaryKind::cos},
      {"Tan", UnaryKind::tan},         {"Asin", UnaryKind::asin},
      {"Acos", UnaryKind::acos},       {"Atan", UnaryKind::atan},
      {"Sinh", UnaryKind::sinh},       {"Cosh", UnaryKind::cosh},
      {"Tanh", UnaryKind::tanh},       {"Asinh", UnaryKind::asinh},
      {"Acosh", UnaryKind::acosh},     {"Atanh", UnaryKind::atanh},
      {"Erf", UnaryKind::erf},         {"Not", UnaryKind::logical_not},
      {"IsNaN", UnaryKind::is_nan},    {"BitwiseNot", UnaryKind::bitwise_not},
      {"Relu", UnaryKind::relu},       {"Sigmoid", UnaryKind::sigmoid},
      {"Softplus", UnaryKind::softplus}, {"Softsign", UnaryKind::softsign},
      {"Mish", UnaryKind::mish},       {"HardSwish", UnaryKind::hard_swish},
  };
  for (auto [name, kind] : unaryOps)
    registry.add(name, unaryImporter(kind));
  registry.add("LeakyRelu", activationImporter(UnaryKind::leaky_relu, {"alpha", 0.01}));
  registry.add("ThresholdedRelu", activationImporter(UnaryKind::thresholded_relu, {"alpha", 1.0}));
  registry.add("Elu", activationImporter(UnaryKind::elu, {"alpha", 1.0}));
  registry.add("Celu", activationImporter(UnaryKind::celu, {"alpha", 1.0}));
  registry.add("Swish", activationImporter(UnaryKind::swish, {"alpha", 1.0}));
  registry.add("Selu", activationImporter(UnaryKind::selu, {"alpha", 1.67326319217681884765625},
                                          Parameter{"gamma", 1.05070102214813232421875}));
  registry.add("HardSigmoid", activationImporter(UnaryKind::hard_sigmoid, {"alpha", 0.2}, Parameter{"beta", 0.5}));
  registry.add("Gelu", importGelu);
  registry.add("IsInf", importIsInf);
  registry.add("Shrink", importShrink);
  registry.addForSequences("Identity", importIdentity);
  registry.add("Dropout", importDropout);
  registry.add("Cast", importCast);
  registry.add("CastLike", importCastLike);
  registry.add("BitCast", importBitCast);

  const std::pair<const char *, BinaryKind> binaryOps[] = {
      {"Add", BinaryKind::add},
      {"Sub", BinaryKind::sub},
      {"Mul", BinaryKind::mul},
      {"Div", BinaryKind::div},
      {"Pow", BinaryKind::pow},
      {"And", BinaryKind::logical_and},
      {"Or", BinaryKind::logical_or},
      {"Xor", BinaryKind::logical_xor},
      {"BitwiseAnd", BinaryKind::bitwise_and},
      {"BitwiseOr", BinaryKind::bitwise_or},
      {"BitwiseXor", BinaryKind::bitwise_xor},
  };
  for (auto [name, kind] : binaryOps)
    registry.add(name, binaryImporter(kind));
  registry.add("Equal", compareImporter(CompareKind::eq));
  registry.add("Less", compareImporter(CompareKind::lt));
  registry.add("LessOrEqual", compareImporter(CompareKind::le));
  registry.add("Greater", compareImporter(CompareKind::gt));
  registry.add("GreaterOrEqual", compareImporter(CompareKind::ge));
  registry.add("Mod", importMod);
  registry.add("BitShift", importBitShift);
  registry.add("PRelu", importPRelu);
  registry.add("Min", variadicImporter(BinaryKind::min));
  registry.add("Max", variadicImporter(BinaryKind::max));
  registry.add("Sum", variadicImporter(BinaryKind::add));
  registry.add("Mean", importMean);
  registry.add("Where", importWhere);
  registry.add("Clip", importClip);

  registry.addTo("com.microsoft", "Gelu", biasGeluImporter(UnaryKind::gelu));
  registry.addTo("com.microsoft", "BiasGelu", biasGeluImporter(UnaryKind::gelu));
  registry.addTo("com.microsoft", "FastGelu", biasGeluImporter(UnaryKind::gelu_tanh));
  registry.addTo("com.microsoft", "QuickGelu", importQuickGelu);
}

} // namespace nnc::onnx
