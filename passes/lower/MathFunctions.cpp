#include "passes/lower/MathFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

/// Arithmetic on floats in infix, for formulas that should read like their definitions.
struct Formula {
  OpBuilder &b;
  Location loc;
  Type type;

  Value c(double value) { return constantLike(b, loc, type, value); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value abs(Value x) { return math::AbsFOp::create(b, loc, x); }
  Value min(Value x, Value y) { return arith::MinimumFOp::create(b, loc, x, y); }
  Value max(Value x, Value y) { return arith::MaximumFOp::create(b, loc, x, y); }
  Value exp(Value x) { return math::ExpOp::create(b, loc, x); }
  /// For sums with numbers that are not tiny, and where a denormal would matter to nobody: it may come out as 0. Some
  /// processors take over a hundred cycles for each.
  Value expOrZero(Value x) { return math::ExpOp::create(b, loc, x, arith::FastMathFlags::afn); }
  Value expm1(Value x) { return math::ExpM1Op::create(b, loc, x); }
  Value log(Value x) { return math::LogOp::create(b, loc, x); }
  Value log1p(Value x) { return math::Log1pOp::create(b, loc, x); }
  Value sqrt(Value x) { return math::SqrtOp::create(b, loc, x); }
  Value tanh(Value x) { return math::TanhOp::create(b, loc, x); }
  Value copySign(Value magnitude, Value sign) { return math::CopySignOp::create(b, loc, magnitude, sign); }
  Value lt(Value x, Value y) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y); }
  Value ge(Value x, Value y) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, x, y); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  bool isDouble() { return getElementTypeOrSelf(type).isF64(); }
  Value gt(Value x, Value y) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, y); }
  /// 1 / (1 + exp(-x)); where that overflows, 1 / infinity is what the quotient comes to.
  Value sigmoid(Value x) { return div(c(1), add(c(1), expOrZero(neg(x)))); }
  /// x with -infinity replaced by the smallest number, for products with a factor that is 0 there.
  Value finiteBelow(Value x) {
    Value least = c(isDouble() ? std::numeric_limits<double>::lowest() : std::numeric_limits<float>::lowest());
    return select(lt(x, least), least, x);
  }
  /// x Phi(x) in f32. Phi(x) - 1/2 is x times a polynomial of x^2 up to 5.5, where it reaches 1/2.
  Value gelu32(Value x) {
    constexpr double limit = 5.5;
    constexpr double coefficients[] = {
        0.12855192938756932,   -0.06417231466797553,   0.04773779591136004,   -0.0387937939261748,
        0.03206722282734619,   -0.026036151189838104,  0.02038480943021826,   -0.01506252556747878,
        0.010164204118536288,  -0.006650674227998445,  0.004723582256152394,  -0.0026587082293544795,
        0.0006398965507965057, -0.00035675041300785575, 0.0006562397091896317, -0.00028567751813061764};
    auto clamped = [&](Value v, double bound) {
      v = select(gt(v, c(bound)), c(bound), v);
      return select(lt(v, c(-bound)), c(-bound), v);
    };
    auto fma = [&](Value p, Value q, Value r) -> Value { return math::FmaOp::create(b, loc, p, q, r); };
    Value z = clamped(x, limit), w = fma(mul(z, z), c(2 / (limit * limit)), c(-1));
    // A part in 10^7 more, so that rounding does not keep the end from reaching 1/2.
    auto coefficient = [&](size_t i) { return c(coefficients[i] * (1 + 1e-7)); };
    // Even and odd powers apart: one chain of fifteen multiply-adds would be waited for.
    Value square = mul(w, w);
    auto half = [&](size_t last) {
      Value sum = coefficient(last);
      for (size_t i = last; i >= 2;)
        sum = fma(sum, square, coefficient(i -= 2));
      return sum;
    };
    static_assert(std::size(coefficients) % 2 == 0);
    Value sum = fma(half(std::size(coefficients) - 1), w, half(std::size(coefficients) - 2));
    return mul(finiteBelow(x), add(clamped(mul(z, sum), 0.5), c(0.5)));
  }
  /// log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|)).
  Value softplus(Value x) { return add(max(x, c(0)), log1p(expOrZero(neg(abs(x))))); }
  /// x < 0 ? scale * (exp(x / alpha) - 1) : x
  Value elu(Value x, Value scaled, double scale) {
    return select(lt(x, c(0)), mul(c(scale), expm1(min(scaled, c(0)))), x);
  }
};

} // namespace

Value floatFunction(OpBuilder &b, Location loc, nn::UnaryKind kind, Value x, double alpha, double beta) {
  Formula f{b, loc, x.getType()};
  switch (kind) {
  case nn::UnaryKind::abs: return f.abs(x);
  case nn::UnaryKind::neg: return f.neg(x);
  case nn::UnaryKind::sign: {
    // NaN stays NaN, zeros stay zeros.
    Value isZeroOrNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, x, f.c(0));
    return f.select(isZeroOrNan, x, f.copySign(f.c(1), x));
  }
  case nn::UnaryKind::reciprocal: return f.div(f.c(1), x);
  case nn::UnaryKind::sqrt: return f.sqrt(x);
  case nn::UnaryKind::rsqrt: return f.div(f.c(1), f.sqrt(x));
  case nn::UnaryKind::exp: return f.exp(x);
  case nn::UnaryKind::log: return f.log(x);
  case nn::UnaryKind::floor: return math::FloorOp::create(b, loc, x);
  case nn::UnaryKind::ceil: return math::CeilOp::create(b, loc, x);
  case nn::UnaryKind::round: return math::RoundEvenOp::create(b, loc, x);
  case nn::UnaryKind::sin: return math::SinOp::create(b, loc, x);
  case nn::UnaryKind::cos: return math::CosOp::create(b, loc, x);
  case nn::UnaryKind::tan: return math::TanOp::create(b, loc, x);
  case nn::UnaryKind::asin: return math::AsinOp::create(b, loc, x);
  case nn::UnaryKind::acos: return math::AcosOp::create(b, loc, x);
  case nn::UnaryKind::atan: return math::AtanOp::create(b, loc, x);
  case nn::UnaryKind::sinh: {
    // (e^x - e^-x) / 2 by expm1, which keeps the digits near 0; the halves avoid an early overflow.
    Value e = f.expm1(f.abs(x));
    Value magnitude = f.mul(f.c(0.5), f.add(e, f.div(e, f.add(e, f.c(1)))));
    Value huge = f.ge(f.abs(x), f.c(f.isDouble() ? 700 : 80));
    Value half = f.exp(f.mul(f.c(0.5), f.abs(x)));
    return f.copySign(f.select(huge, f.mul(f.mul(f.c(0.5), half), half), magnitude), x);
  }
  case nn::UnaryKind::cosh: {
    Value half = f.exp(f.mul(f.c(0.5), f.abs(x)));
    Value e = f.mul(f.mul(f.c(0.5), half), half);
    return f.add(e, f.div(f.c(0.25), e));
  }
  case nn::UnaryKind::tanh: return f.tanh(x);
  case nn::UnaryKind::asinh: {
    // sign(x) * log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))); log(2 |x|) where the square would overflow.
    Value a = f.abs(x), isBig = f.gt(a, f.c(1e9)), bounded = f.select(isBig, f.c(1), a);
    Value square = f.mul(bounded, bounded);
    Value inner = f.add(bounded, f.div(square, f.add(f.c(1), f.sqrt(f.add(square, f.c(1))))));
    Value big = f.add(f.log(a), f.c(0.693147180559945309417));
    return f.copySign(f.select(isBig, big, f.log1p(inner)), x);
  }
  case nn::UnaryKind::acosh: {
    // log1p(t + sqrt(2 t + t^2)) with t = x - 1; log(2 x) where the square would overflow.
    Value isBig = f.gt(x, f.c(1e9)), t = f.sub(f.select(isBig, f.c(1), x), f.c(1));
    Value inner = f.add(t, f.sqrt(f.add(f.add(t, t), f.mul(t, t))));
    Value big = f.add(f.log(x), f.c(0.693147180559945309417));
    Value result = f.select(isBig, big, f.log1p(inner));
    return f.select(f.lt(x, f.c(1)), f.c(NAN), result);
  }
  case nn::UnaryKind::atanh: {
    // log1p(2 |x| / (1 - |x|)) / 2
    Value a = f.abs(x), quotient = f.div(f.add(a, a), f.sub(f.c(1), a));
    return f.copySign(f.mul(f.c(0.5), f.log1p(quotient)), x);
  }
  case nn::UnaryKind::erf: return math::ErfOp::create(b, loc, x);
  case nn::UnaryKind::relu: return f.max(x, f.c(0));
  case nn::UnaryKind::leaky_relu: return f.select(f.lt(x, f.c(0)), f.mul(x, f.c(alpha)), x);
  case nn::UnaryKind::thresholded_relu:
    return f.select(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, f.c(alpha)), x, f.c(0));
  case nn::UnaryKind::elu: return f.elu(x, x, alpha);
  case nn::UnaryKind::celu: return f.elu(x, f.mul(x, f.c(1 / alpha)), alpha);
  case nn::UnaryKind::selu: return f.mul(f.c(beta), f.elu(x, x, alpha));
  case nn::UnaryKind::sigmoid: return f.sigmoid(x);
  case nn::UnaryKind::hard_sigmoid: return f.max(f.c(0), f.min(f.c(1), f.add(f.mul(x, f.c(alpha)), f.c(beta))));
  case nn::UnaryKind::hard_swish:
    return f.mul(x, f.max(f.c(0), f.min(f.c(1), f.add(f.mul(x, f.c(1.0 / 6)), f.c(0.5)))));
  case nn::UnaryKind::swish: return f.mul(x, f.sigmoid(f.mul(x, f.c(alpha))));
  case nn::UnaryKind::softplus: return f.softplus(x);
  case nn::UnaryKind::softsign: return f.div(x, f.add(f.c(1), f.abs(x)));
  case nn::UnaryKind::mish: {
    // x tanh(softplus(x)), where tanh(log(1 + e)) is n / (n + 2) with n = e^2 + 2 e; from 20 on that is 1.
    Value e = f.exp(f.min(x, f.c(20))), n = f.mul(e, f.add(e, f.c(2)));
    return f.mul(x, f.div(n, f.add(n, f.c(2))));
  }
  case nn::UnaryKind::gelu: {
    if (!f.isDouble())
      return f.gelu32(x);
    Value cdf = f.add(f.c(1), math::ErfOp::create(b, loc, f.mul(x, f.c(0.70710678118654752440))));
    return f.mul(f.mul(f.finiteBelow(x), f.c(0.5)), cdf);
  }
  case nn::UnaryKind::gelu_tanh: {
    Value cube = f.mul(f.mul(x, x), x);
    Value inner = f.mul(f.c(0.79788456080286535588), f.add(x, f.mul(f.c(0.044715), cube)));
    // (1 + tanh(t)) / 2 = 1 / (1 + exp(-2 t)), which does not cancel on the left.
    return f.div(f.finiteBelow(x), f.add(f.c(1), f.expOrZero(f.mul(f.c(-2), inner))));
  }
  case nn::UnaryKind::is_nan:
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
  case nn::UnaryKind::is_inf:
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, f.abs(x), f.c(INFINITY));
  case nn::UnaryKind::logical_not:
  case nn::UnaryKind::bitwise_not: break;
  }
  llvm_unreachable("not a function of floats");
}

Value power(OpBuilder &b, Location loc, Value x, Value y) { return math::PowFOp::create(b, loc, x, y); }

} // namespace nnc
