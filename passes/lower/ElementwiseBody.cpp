#include "passes/lower/ElementwiseBody.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/QuantizedElements.h"

using namespace mlir;

namespace nnc {

namespace {

struct Integers {
  OpBuilder &b;
  Location loc;
  Type type;
  bool isUnsigned;

  Value c(int64_t value) { return integerLike(b, loc, type, value); }
  Value compare(arith::CmpIPredicate p, Value x, Value y) { return arith::CmpIOp::create(b, loc, p, x, y); }
  Value isZero(Value x) { return compare(arith::CmpIPredicate::eq, x, c(0)); }
  Value isNegative(Value x) { return compare(arith::CmpIPredicate::slt, x, c(0)); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, loc, x, y); }

  /// A divisor for which the machine's division does not trap; the callers fix the results of the replaced ones.
  Value safeDivisor(Value y) {
    Value safe = select(isZero(y), c(1), y);
    if (!isUnsigned) // INT_MIN / -1 traps; INT_MIN / 1 is what wrapping gives
      safe = select(compare(arith::CmpIPredicate::eq, y, c(-1)), c(1), safe);
    return safe;
  }
  /// The truncated quotient. Machines divide vectors of floats only, and one twice as wide as the integers is never so
  /// far from the quotient that another whole number lies between: two of those are at least 1 / divisor apart.
  Value truncatedQuotient(Value x, Value safe) {
    int64_t bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    if (!isa<VectorType>(type) || bits > 32)
      return isUnsigned ? arith::DivUIOp::create(b, loc, x, safe).getResult()
                        : arith::DivSIOp::create(b, loc, x, safe).getResult();
    Type real = withShapeOf(type, bits == 32 ? Type(b.getF64Type()) : b.getF32Type());
    auto widened = [&](Value v) {
      return isUnsigned ? arith::UIToFPOp::create(b, loc, real, v).getResult()
                        : arith::SIToFPOp::create(b, loc, real, v).getResult();
    };
    Value quotient = arith::DivFOp::create(b, loc, widened(x), widened(safe));
    return isUnsigned ? arith::FPToUIOp::create(b, loc, type, quotient).getResult()
                      : arith::FPToSIOp::create(b, loc, type, quotient).getResult();
  }
  Value div(Value x, Value y) {
    Value quotient = truncatedQuotient(x, safeDivisor(y));
    if (!isUnsigned)
      quotient = select(compare(arith::CmpIPredicate::eq, y, c(-1)), arith::SubIOp::create(b, loc, c(0), x), quotient);
    return select(isZero(y), c(0), quotient);
  }
  /// The remainder with the sign of the dividend (truncated), or of the divisor (floored).
  Value remainder(Value x, Value y, bool floored) {
    Value safe = safeDivisor(y); // any remainder by -1 or by the 1 that replaces 0 is 0
    Value whole = arith::MulIOp::create(b, loc, truncatedQuotient(x, safe), safe);
    Value r = arith::SubIOp::create(b, loc, x, whole);
    if (isUnsigned || !floored)
      return r;
    Value signsDiffer = isNegative(arith::XOrIOp::create(b, loc, r, safe));
    Value wrong = both(signsDiffer, compare(arith::CmpIPredicate::ne, r, c(0)));
    return select(wrong, arith::AddIOp::create(b, loc, r, safe), r);
  }
  /// x to the power y by repeated squaring; a negative exponent gives what truncation leaves: 1, -1 or 0.
  Value power(Value x, Value y) {
    auto index = [&](int64_t n) { return arith::ConstantIndexOp::create(b, loc, n); };
    int64_t bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    auto loop = scf::ForOp::create(b, loc, index(0), index(bits), index(1), ValueRange{c(1), x, y});
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      ValueRange state = loop.getRegionIterArgs();
      Value odd = compare(arith::CmpIPredicate::ne, both(state[2], c(1)), c(0));
      Value result = select(odd, arith::MulIOp::create(b, loc, state[0], state[1]), state[0]);
      Value square = arith::MulIOp::create(b, loc, state[1], state[1]);
      Value rest = arith::ShRUIOp::create(b, loc, state[2], c(1));
      scf::YieldOp::create(b, loc, ValueRange{result, square, rest});
    }
    Value result = loop.getResult(0);
    if (isUnsigned)
      return result;
    Value isOne = compare(arith::CmpIPredicate::eq, x, c(1)), isMinusOne = compare(arith::CmpIPredicate::eq, x, c(-1));
    Value keeps = arith::OrIOp::create(b, loc, isOne, isMinusOne);
    return select(both(isNegative(y), select(keeps, bool_(false), bool_(true))), c(0), result);
  }
  /// A constant condition of the operands' shape.
  Value bool_(bool value) { return integerLike(b, loc, withShapeOf(type, b.getI1Type()), value); }
  Value shift(Value x, Value y, bool left) {
    // A shift by the width or more gives 0, or what is left of a signed number: its sign.
    int64_t width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    Value fits = compare(arith::CmpIPredicate::ult, y, c(width));
    Value amount = select(fits, y, c(0));
    Value shifted = left         ? arith::ShLIOp::create(b, loc, x, amount).getResult()
                    : isUnsigned ? arith::ShRUIOp::create(b, loc, x, amount).getResult()
                                 : arith::ShRSIOp::create(b, loc, x, amount).getResult();
    if (!left && !isUnsigned)
      return select(fits, shifted, select(isNegative(x), c(-1), c(0)));
    return select(fits, shifted, c(0));
  }
};

/// x - n * y for the n that leaves a remainder with the sign of the dividend (C's fmod), or of the divisor (Python's %).
/// The quotient is taken in f64, and a remainder that rounding has put outside its range is moved back.
Value floatRemainder(OpBuilder &b, Location loc, Value x, Value y, bool floored) {
  Type type = x.getType(), wide = withShapeOf(type, b.getF64Type());
  bool isWide = type == wide;
  auto widen = [&](Value v) -> Value { return isWide ? v : Value(arith::ExtFOp::create(b, loc, wide, v)); };
  auto compare = [&](arith::CmpFPredicate p, Value l, Value r) -> Value { return arith::CmpFOp::create(b, loc, p, l, r); };
  auto select = [&](Value condition, Value l, Value r) -> Value { return arith::SelectOp::create(b, loc, condition, l, r); };
  Value dividend = widen(x), divisor = widen(y), zero = constantLike(b, loc, wide, 0.0);
  Value a = math::AbsFOp::create(b, loc, dividend), m = math::AbsFOp::create(b, loc, divisor);
  Value n = math::TruncOp::create(b, loc, arith::DivFOp::create(b, loc, a, m));
  Value r = math::FmaOp::create(b, loc, arith::NegFOp::create(b, loc, n), m, a);
  r = select(compare(arith::CmpFPredicate::OLT, r, zero), arith::AddFOp::create(b, loc, r, m), r);
  r = select(compare(arith::CmpFPredicate::OGE, r, m), arith::SubFOp::create(b, loc, r, m), r);
  // What is smaller than the divisor, an infinite one included, is its own remainder.
  r = select(compare(arith::CmpFPredicate::OLT, a, m), a, r);
  r = math::CopySignOp::create(b, loc, r, dividend);
  if (floored) {
    Value product = arith::MulFOp::create(b, loc, math::CopySignOp::create(b, loc, constantLike(b, loc, wide, 1.0), r), divisor);
    Value wrong = arith::AndIOp::create(b, loc, compare(arith::CmpFPredicate::OLT, product, zero),
                                        compare(arith::CmpFPredicate::ONE, r, zero));
    r = select(wrong, arith::AddFOp::create(b, loc, r, divisor), r);
  }
  return isWide ? r : Value(arith::TruncFOp::create(b, loc, type, r));
}

FailureOr<Value> unaryBody(OpBuilder &b, Location loc, nn::UnaryOp op, Value x) {
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (isa<FloatType>(element)) {
    double alpha = op.getAlpha() ? op.getAlpha()->convertToDouble() : 0.0;
    double beta = op.getBeta() ? op.getBeta()->convertToDouble() : 0.0;
    return floatFunction(b, loc, op.getKind(), x, alpha, beta);
  }
  Integers f{b, loc, x.getType(), isUnsignedElement(element)};
  switch (op.getKind()) {
  case nn::UnaryKind::logical_not:
  case nn::UnaryKind::bitwise_not: return Value(arith::XOrIOp::create(b, loc, x, f.c(-1)));
  case nn::UnaryKind::abs:
    return f.isUnsigned ? x : f.select(f.isNegative(x), arith::SubIOp::create(b, loc, f.c(0), x), x);
  case nn::UnaryKind::neg: return Value(arith::SubIOp::create(b, loc, f.c(0), x));
  case nn::UnaryKind::sign: {
    Value positive = f.select(f.isZero(x), f.c(0), f.c(1));
    return f.isUnsigned ? positive : f.select(f.isNegative(x), f.c(-1), positive);
  }
  case nn::UnaryKind::relu: return f.isUnsigned ? x : f.select(f.isNegative(x), f.c(0), x);
  case nn::UnaryKind::floor:
  case nn::UnaryKind::ceil:
  case nn::UnaryKind::round: return x;
  default: return op.emitOpError("unsupported element type ") << element;
  }
}

FailureOr<Value> binaryBody(OpBuilder &b, Location loc, nn::BinaryOp op, Value x, Value y) {
  Type element = getElementTypeOrSelf(op.getA().getType()), exponent = getElementTypeOrSelf(op.getB().getType());
  bool isFloat = isa<FloatType>(element);
  Integers f{b, loc, x.getType(), isUnsignedElement(element)};
  switch (op.getKind()) {
  case nn::BinaryKind::add:
    return isFloat ? arith::AddFOp::create(b, loc, x, y).getResult() : arith::AddIOp::create(b, loc, x, y).getResult();
  case nn::BinaryKind::sub:
    return isFloat ? arith::SubFOp::create(b, loc, x, y).getResult() : arith::SubIOp::create(b, loc, x, y).getResult();
  case nn::BinaryKind::mul:
    return isFloat ? arith::MulFOp::create(b, loc, x, y).getResult() : arith::MulIOp::create(b, loc, x, y).getResult();
  case nn::BinaryKind::div: return isFloat ? arith::DivFOp::create(b, loc, x, y).getResult() : f.div(x, y);
  case nn::BinaryKind::fmod:
  case nn::BinaryKind::mod: {
    bool floored = op.getKind() == nn::BinaryKind::mod;
    if (!isFloat)
      return f.remainder(x, y, floored);
    return floatRemainder(b, loc, x, y, floored);
  }
  case nn::BinaryKind::pow: {
    if (isFloat)
      return power(b, loc, x, convertElement(b, loc, y, exponent, element));
    if (isa<FloatType>(exponent)) {
      Type wide = exponent.getIntOrFloatBitWidth() > 32 ? exponent : Float32Type::get(b.getContext());
      Value result = power(b, loc, convertElement(b, loc, x, element, wide), y);
      return convertElement(b, loc, result, wide, element);
    }
    return f.power(x, convertElement(b, loc, y, exponent, element));
  }
  case nn::BinaryKind::min:
    return isFloat          ? arith::MinimumFOp::create(b, loc, x, y).getResult()
           : f.isUnsigned   ? arith::MinUIOp::create(b, loc, x, y).getResult()
                            : arith::MinSIOp::create(b, loc, x, y).getResult();
  case nn::BinaryKind::max:
    return isFloat          ? arith::MaximumFOp::create(b, loc, x, y).getResult()
           : f.isUnsigned   ? arith::MaxUIOp::create(b, loc, x, y).getResult()
                            : arith::MaxSIOp::create(b, loc, x, y).getResult();
  case nn::BinaryKind::prelu: {
    if (!isFloat) {
      if (f.isUnsigned)
        return x;
      return f.select(f.isNegative(x), arith::MulIOp::create(b, loc, x, y), x);
    }
    Value negative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, constantLike(b, loc, x.getType(), 0.0));
    return Value(arith::SelectOp::create(b, loc, negative, arith::MulFOp::create(b, loc, x, y), x));
  }
  case nn::BinaryKind::logical_and:
  case nn::BinaryKind::bitwise_and: return Value(arith::AndIOp::create(b, loc, x, y));
  case nn::BinaryKind::logical_or:
  case nn::BinaryKind::bitwise_or: return Value(arith::OrIOp::create(b, loc, x, y));
  case nn::BinaryKind::logical_xor:
  case nn::BinaryKind::bitwise_xor: return Value(arith::XOrIOp::create(b, loc, x, y));
  case nn::BinaryKind::shift_left: return f.shift(x, y, true);
  case nn::BinaryKind::shift_right: return f.shift(x, y, false);
  }
  llvm_unreachable("unknown kind");
}

Value compareBody(OpBuilder &b, Location loc, nn::CompareOp op, Value x, Value y) {
  Type element = getElementTypeOrSelf(op.getA().getType());
  auto kind = static_cast<unsigned>(op.getKind());
  if (isa<FloatType>(element)) {
    static constexpr arith::CmpFPredicate predicates[] = {arith::CmpFPredicate::OEQ, arith::CmpFPredicate::UNE,
                                                          arith::CmpFPredicate::OLT, arith::CmpFPredicate::OLE,
                                                          arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE};
    return arith::CmpFOp::create(b, loc, predicates[kind], x, y);
  }
  using P = arith::CmpIPredicate;
  static constexpr P ordered[] = {P::eq, P::ne, P::slt, P::sle, P::sgt, P::sge};
  static constexpr P unordered[] = {P::eq, P::ne, P::ult, P::ule, P::ugt, P::uge};
  return arith::CmpIOp::create(b, loc, (isUnsignedElement(element) ? unordered : ordered)[kind], x, y);
}

template <typename OpTy>
FailureOr<Value> scaledBody(OpBuilder &b, Location loc, OpTy op, ValueRange operands) {
  if (failed(checkQuantizedTypes(op)))
    return failure();
  return scaledElement(b, loc, op, operands[0], operands[1], operands.size() > 2 ? operands[2] : Value());
}

} // namespace

FailureOr<Value> elementwiseBody(OpBuilder &b, Location loc, Operation *op, ValueRange operands) {
  if (auto unary = dyn_cast<nn::UnaryOp>(op))
    return unaryBody(b, loc, unary, operands[0]);
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    return binaryBody(b, loc, binary, operands[0], operands[1]);
  if (auto compare = dyn_cast<nn::CompareOp>(op))
    return compareBody(b, loc, compare, operands[0], operands[1]);
  if (isa<nn::SelectOp>(op))
    return Value(arith::SelectOp::create(b, loc, operands[0], operands[1], operands[2]));
  if (auto bitcast = dyn_cast<nn::BitcastOp>(op))
    return reinterpretElement(b, loc, operands[0], getElementTypeOrSelf(bitcast.getX().getType()),
                              getElementTypeOrSelf(bitcast.getY().getType()));
  if (auto quantize = dyn_cast<nn::QuantizeOp>(op))
    return scaledBody(b, loc, quantize, operands);
  if (auto dequantize = dyn_cast<nn::DequantizeOp>(op))
    return scaledBody(b, loc, dequantize, operands);
  auto cast = ::cast<nn::CastOp>(op);
  Type from = getElementTypeOrSelf(cast.getX().getType()), to = getElementTypeOrSelf(cast.getY().getType());
  if (!isa<IntegerType, FloatType>(from) || !isa<IntegerType, FloatType>(to))
    return op->emitOpError("unsupported conversion from ") << from << " to " << to;
  return convertElement(b, loc, operands[0], from, to, cast.getSaturate(), cast.getRounding());
}

FailureOr<SmallVector<Value>> evaluateBody(KernelBuilder &k, llvm::DenseMap<Value, Value> known, Type shapeLike,
                                           llvm::function_ref<Value(Value)> leaf) {
  return evaluateBody(k, k.group.getBody().front(), std::move(known), shapeLike, leaf);
}

FailureOr<SmallVector<Value>> evaluateBody(KernelBuilder &k, Block &body, llvm::DenseMap<Value, Value> known,
                                           Type shapeLike, llvm::function_ref<Value(Value)> leaf) {
  auto shaped = [&](Value scalar) -> Value {
    if (isa<VectorType>(shapeLike) && !isa<VectorType>(scalar.getType()))
      return vector::BroadcastOp::create(k.b, k.loc, withShapeOf(shapeLike, scalar.getType()), scalar);
    return scalar;
  };
  auto get = [&](Value v) -> Value {
    auto [entry, isNew] = known.try_emplace(v);
    if (isNew) {
      Value constant = k.scalarConstant(v);
      Value found = shaped(constant ? constant : leaf(v));
      known[v] = found;
      return found;
    }
    return entry->second;
  };
  for (Operation &op : body.without_terminator()) {
    if (!isElementwiseOp(&op))
      continue;
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(get(operand));
    auto result = elementwiseBody(k.b, k.loc, &op, operands);
    if (failed(result))
      return failure();
    known[op.getResult(0)] = roundToElement(k.b, k.loc, *result, getElementTypeOrSelf(op.getResult(0).getType()));
  }
  SmallVector<Value> yields;
  for (Value v : body.getTerminator()->getOperands())
    yields.push_back(get(v));
  return yields;
}

} // namespace nnc
