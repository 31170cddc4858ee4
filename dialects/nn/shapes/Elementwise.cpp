// Shape rules and type constraints of the elementwise ops.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Broadcast.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace nnc::nn {

FailureOr<Dims> broadcastShapes(ShapeRule &rule, ValueRange operands, StringRef constraint) {
  int64_t rank = 0;
  for (Value operand : operands)
    rank = std::max(rank, rule.rank(operand));
  Dims result(rank, rule.constant(1));
  for (Value operand : operands)
    for (int64_t i = 0, r = rule.rank(operand); i < r; ++i) {
      Dim &out = result[rank - r + i];
      Dim in = rule.dim(operand, i);
      if (rule.clash(out, in)) {
        return rule.error(constraint + ": the shapes do not broadcast: dim " + Twine(rank - r + i) + " is " +
                   Twine(*out.known()) + " and " + Twine(*in.known()));
      }
      out = rule.broadcast(out, in);
    }
  return result;
}

namespace {
Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }
bool isBool(Type type) { return type.isInteger(1); }
} // namespace

LogicalResult UnaryOp::shapes(ShapeRule &rule) {
  Type in = elementOf(getX()), out = elementOf(getY());
  bool test = getKind() == UnaryKind::is_nan || getKind() == UnaryKind::is_inf;
  if (getKind() == UnaryKind::logical_not ? !isBool(in) || !isBool(out) : test ? !isBool(out) : in != out)
    return rule.error("unary_c1: " + stringifyEnum(getKind()) + " does not take this element type to this one");
  switch (getKind()) {
  case UnaryKind::logical_not: break;
  case UnaryKind::bitwise_not:
    if (!isa<IntegerType>(in) || isBool(in))
      return rule.error("unary_c2: bitwise_not needs integers");
    break;
  case UnaryKind::abs:
  case UnaryKind::neg:
  case UnaryKind::sign:
  case UnaryKind::relu:
  case UnaryKind::floor:
  case UnaryKind::ceil:
  case UnaryKind::round:
    if (!isa<FloatType, IntegerType>(in) || isBool(in))
      return rule.error("unary_c2: " + stringifyEnum(getKind()) + " needs numbers");
    break;
  default:
    if (!isa<FloatType>(in))
      return rule.error("unary_c2: " + stringifyEnum(getKind()) + " needs floats");
  }
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult BinaryOp::shapes(ShapeRule &rule) {
  Type a = elementOf(getA()), b = elementOf(getB()), y = elementOf(getY());
  if (a != y || (a != b && getKind() != BinaryKind::pow))
    return rule.error("binary_c2: the element types differ");
  switch (getKind()) {
  case BinaryKind::logical_and:
  case BinaryKind::logical_or:
  case BinaryKind::logical_xor:
    if (!isBool(a))
      return rule.error("binary_c3: " + stringifyEnum(getKind()) + " needs bools");
    break;
  case BinaryKind::bitwise_and:
  case BinaryKind::bitwise_or:
  case BinaryKind::bitwise_xor:
  case BinaryKind::shift_left:
  case BinaryKind::shift_right:
    if (!isa<IntegerType>(a) || isBool(a))
      return rule.error("binary_c3: " + stringifyEnum(getKind()) + " needs integers");
    break;
  default:
    if (!isa<IntegerType, FloatType>(a) || isBool(a))
      return rule.error("binary_c3: " + stringifyEnum(getKind()) + " needs numbers");
  }
  auto dims = broadcastShapes(rule, {getA(), getB()}, "binary_c1");
  if (failed(dims))
    return failure();
  rule.result(*dims);
  return success();
}

LogicalResult CompareOp::shapes(ShapeRule &rule) {
  if (elementOf(getA()) != elementOf(getB()) || !isBool(elementOf(getY())))
    return rule.error("compare_c2: the operands need one element type and the result i1");
  auto dims = broadcastShapes(rule, {getA(), getB()}, "compare_c1");
  if (failed(dims))
    return failure();
  rule.result(*dims);
  return success();
}

LogicalResult SelectOp::shapes(ShapeRule &rule) {
  if (!isBool(elementOf(getCond())) || elementOf(getA()) != elementOf(getB()) || elementOf(getA()) != elementOf(getY()))
    return rule.error("select_c2: the condition needs i1, the others one element type");
  auto dims = broadcastShapes(rule, {getCond(), getA(), getB()}, "select_c1");
  if (failed(dims))
    return failure();
  rule.result(*dims);
  return success();
}

LogicalResult BitcastOp::shapes(ShapeRule &rule) {
  Type from = getElementTypeOrSelf(getX().getType()), to = getElementTypeOrSelf(getY().getType());
  // bool takes a byte.
  auto width = [](Type type) { return type.isInteger(1) ? 8 : type.getIntOrFloatBitWidth(); };
  if (!from.isIntOrFloat() || !to.isIntOrFloat() || width(from) != width(to)) {
    std::string types;
    llvm::raw_string_ostream(types) << from << " and " << to;
    return rule.error("bitcast_c1: " + types + " have no common width");
  }
  rule.result(rule.dims(getX()));
  return success();
}

LogicalResult CastOp::shapes(ShapeRule &rule) {
  rule.result(rule.dims(getX()));
  return success();
}

} // namespace nnc::nn
