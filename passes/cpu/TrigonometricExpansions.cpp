// sin, cos, tan and their inverses.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MathExpansions.h"
#include "passes/cpu/Reals.h"

using namespace mlir;

namespace nnc {

namespace {

// sin(r) = r + r^3 P(r^2) and cos(r) = 1 - r^2 / 2 + r^4 P(r^2) for |r| <= pi / 4.
constexpr double sin32[] = {-0.16666666639698953, 0.0083333291608368893, -0.0001983926183762691, 2.7176107127269196e-6};
constexpr double sin64[] = {-0.16666666666666667,   0.0083333333333333215,  -0.00019841269841253603,
                            2.755731921342085e-6,   -2.5052104708883643e-8, 1.6058340547284723e-10,
                            -7.5773936861122112e-13};
constexpr double cos32[] = {0.041666645838665999, -0.0013887314281527569, 2.4432066577619876e-5};
constexpr double cos64[] = {0.041666666666666591,   -0.0013888888888872616, 2.4801587288504849e-5,
                            -2.7557314060375117e-7, 2.0875682380527221e-9,  -1.1357473176898497e-11};

// asin(x) = x + x^3 P(x^2) for |x| <= 1/2, atan(x) = x + x^3 P(x^2) for |x| <= tan(pi / 8).
constexpr double asin32[] = {0.16666659884544325,  0.075005103210099249, 0.044515835409219003,
                             0.031816599120075572, 0.014406626103352434, 0.037559342982766065};
constexpr double asin64[] = {0.16666666666666763,  0.074999999999702365,  0.044642857175136264, 0.030381942683166642,
                             0.022372215667490894, 0.01735160003118442,   0.013980961590940217, 0.011397778387406275,
                             0.010786500636982296, 0.003683192784828443,  0.021763049501715806, -0.021076562965820971,
                             0.032676386976984588};
constexpr double atan32[] = {-0.33333315419119385, 0.1999848420527692, -0.14243746760647519, 0.10595214391985581,
                             -0.060813663612298972};
constexpr double atan64[] = {-0.33333333333333198,  0.19999999999953624,   -0.14285714280201074, 0.11111110783689717,
                             -0.090908977638806501, 0.076920603096561279,  -0.066631049040820687, 0.058478936179676131,
                             -0.05039314723044455,  0.038064565304215831,  -0.017906935846460746};

/// 2 / pi, times 2^200, as a sum of doubles: together more than 1150 bits, enough for any f64.
constexpr double twoOverPi[] = {
    0x1.45f306dc9c883p+199,  -0x1.6b01ec5417056p+145, -0x1.6447e493ad4cep+91,  0x1.e21c820ff28b2p+37,
    -0x1.508510ea79237p-18,  0x1.b8e909374b802p-74,   -0x1.b6d115f62e6dep-128, -0x1.80f10a71a76b3p-183,
    0x1.cfba208d7d4bbp-238,  -0x1.2edec598e3f65p-294, -0x1.741037d8cdc54p-349, 0x1.cc1a99cfa4e42p-403,
    0x1.7e2ef7e4a0ec8p-458,  -0x1.da00087e99fc0p-518, -0x1.0d0ee74a5f593p-572, 0x1.f6d367ecf27cbp-628,
    0x1.36e9e8c7ecd3dp-685,  -0x1.00ae9456c229cp-739, -0x1.41a0e84c2f8c6p-796, -0x1.0eb5ada2b2809p-853,
    -0x1.0277039517bd5p-907, 0x1.98237e3db5d60p-967};
constexpr double twoOverPiScale = 0x1p-200;

class Trigonometry : public Reals {
public:
  using Reals::Reals;

  /// |x| as n pi/2 + r with |r| <= pi/4 (a little more after rounding); n is given by an integer whose low bits are n's.
  struct Reduced {
    Real r;
    Value quadrant;
  };
  Reduced reduce(Real a) const {
    // Three parts of pi/2, each with the type's precision: the first difference is exact, and so is the second where
    // cancellation makes it matter.
    Real shifted = fma(a, c(0.63661977236758134308), c(magic())), n = shifted - c(magic());
    Real r = fma(-n, c(pick(0x1.921fb6p+0, 0x1.921fb54442d18p+0)), a);
    r = fma(-n, c(pick(-0x1.777a5cp-25, 0x1.1a62633145c07p-54)), r);
    r = fma(-n, c(pick(-0x1.ee59dap-50, -0x1.f1976b7ed8fbcp-110)), r);

    // Beyond this n has too many bits; such arguments are rare, so the whole vector takes the long way together.
    Value isHuge = a > c(pick(0x1p17, 0x1p30)), any = isHuge;
    if (isa<VectorType>(type))
      any = vector::ReductionOp::create(b, loc, vector::CombiningKind::OR, isHuge);
    Value plainBits = bits(shifted);
    auto choice = scf::IfOp::create(
        b, loc, any,
        [&](OpBuilder &, Location) {
          auto [hugeR, hugeShifted] = reduceHuge(a);
          Value chosenR = select(isHuge, hugeR, r).v;
          Value chosenBits = arith::SelectOp::create(b, loc, isHuge, bits(hugeShifted), plainBits);
          scf::YieldOp::create(b, loc, ValueRange{chosenR, chosenBits});
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, ValueRange{r.v, plainBits}); });
    return {of(choice.getResult(0)), choice.getResult(1)};
  }

  /// r, and n plus the magic number. The product of a with each part of 2/pi is taken exactly and modulo 4, as only n's
  /// low bits count, so that nothing large remains to cancel.
  std::pair<Real, Real> reduceHuge(Real a) const {
    Reals wide(b, loc, withShapeOf(type, b.getF64Type()));
    Real x = isDouble ? a : wide.of(arith::ExtFOp::create(b, loc, wide.type, a.v));
    x = x * wide.c(twoOverPiScale);
    // An f32 needs the first parts only.
    int64_t count = isDouble ? std::size(twoOverPi) : 6;
    auto table = VectorType::get({count}, b.getF64Type());
    Value parts = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(table, llvm::ArrayRef(twoOverPi, count)));
    auto index = [&](int64_t i) -> Value { return arith::ConstantIndexOp::create(b, loc, i); };
    auto modulo4 = [&](Real v) { return wide.fma(wide.roundEven(v * wide.c(0.25)), wide.c(-4), v); };
    auto loop = scf::ForOp::create(
        b, loc, index(0), index(count), index(1), ValueRange{wide.c(0).v, wide.c(0).v},
        [&](OpBuilder &, Location, Value i, ValueRange sums) {
          Value part = vector::ExtractOp::create(b, loc, parts, i);
          if (auto shape = dyn_cast<VectorType>(wide.type))
            part = vector::BroadcastOp::create(b, loc, shape, part);
          Real factor = wide.of(part), high = wide.of(sums[0]), low = wide.of(sums[1]);
          Real product = x * factor, error = wide.fma(x, factor, -product);
          auto [sum, lost] = wide.addExactly(high, modulo4(product));
          auto [next, lostNext] = wide.addExactly(sum, modulo4(error));
          scf::YieldOp::create(b, loc, ValueRange{next.v, (low + (lost + lostNext)).v});
        });
    Real high = wide.of(loop.getResult(0)), low = wide.of(loop.getResult(1));
    Real n = wide.roundEven(high + low);
    Real r = ((high - n) + low) * wide.c(1.57079632679489661923);
    auto narrow = [&](Real v) { return isDouble ? v : of(arith::TruncFOp::create(b, loc, type, v.v)); };
    return {narrow(r), narrow(n) + c(magic())};
  }

  Real sinPolynomial(Real r) const {
    Real z = r * r;
    return fma(r * z, polynomial(z, sin32, sin64), r);
  }
  Real cosPolynomial(Real r) const {
    Real z = r * r, half = z * c(0.5), head = c(1) - half;
    // What the head lost to rounding is added with the tail.
    return head + fma(z * z, polynomial(z, cos32, cos64), (c(1) - head) - half);
  }
  /// Bit `n` of the quadrant as a condition.
  Value bit(Value quadrant, int n) const {
    Value masked = arith::AndIOp::create(b, loc, quadrant, i(int64_t(1) << n));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked, i(0));
  }
  /// Minus x where bit 1 of the quadrant is set.
  Real flip(Real x, Value quadrant) const { return select(bit(quadrant, 1), -x, x); }

  Real sin(Real x) const {
    auto [r, quadrant] = reduce(abs(x));
    Real value = flip(select(bit(quadrant, 0), cosPolynomial(r), sinPolynomial(r)), quadrant);
    return withSignOf(value, x);
  }
  Real cos(Real x) const {
    auto [r, quadrant] = reduce(abs(x));
    // A quarter turn ahead of the sine.
    return flip(select(bit(quadrant, 0), sinPolynomial(r), cosPolynomial(r)), addBits(quadrant, i(1)));
  }
  Real tan(Real x) const {
    auto [r, quadrant] = reduce(abs(x));
    Real s = sinPolynomial(r), k = cosPolynomial(r);
    Value isOdd = bit(quadrant, 0);
    return withSignOf(select(isOdd, -k, s) / select(isOdd, s, k), x);
  }

  Real asin(Real x) const {
    Real a = abs(x);
    auto [value, isUpper] = asinParts(a);
    // asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2))
    Real upper = piOverTwo() - (value * c(2) - piOverTwoLow());
    return copySign(select(isUpper, upper, value), x);
  }
  Real acos(Real x) const {
    Real a = abs(x);
    auto [value, isUpper] = asinParts(a);
    Value isNegative = x < c(0);
    Real twice = value * c(2);
    Real upper = select(isNegative, (piOverTwo() * c(2) - twice) + piOverTwoLow() * c(2), twice);
    Real lower = piOverTwo() - (copySign(value, x) - piOverTwoLow());
    return select(isUpper, upper, lower);
  }
  Real atan(Real x) const {
    // Above tan(pi/8) a quarter of pi is taken off, above its reciprocal half of pi: one quotient serves all.
    Real a = abs(x);
    Value isMiddle = a > c(0.41421356237309504880), isUpper = a > c(2.41421356237309504880);
    Real numerator = select(isUpper, c(-1), select(isMiddle, a - c(1), a));
    Real denominator = select(isUpper, a, select(isMiddle, a + c(1), c(1)));
    Real t = numerator / denominator, z = t * t;
    Real value = fma(t * z, polynomial(z, atan32, atan64), t);
    Real offset = select(isUpper, piOverTwo(), select(isMiddle, piOverTwo() * c(0.5), c(0)));
    Real offsetLow = select(isUpper, piOverTwoLow(), select(isMiddle, piOverTwoLow() * c(0.5), c(0)));
    return copySign(offset + (value + offsetLow), x);
  }

private:
  Real piOverTwo() const { return c(pick(0x1.921fb6p+0, 0x1.921fb54442d18p+0)); }
  Real piOverTwoLow() const { return c(pick(-0x1.777a5cp-25, 0x1.1a62633145c07p-54)); }
  /// `value` negated where x is negative.
  Real withSignOf(Real value, Real x) const {
    Value sign = arith::AndIOp::create(b, loc, bits(x), bitsOf(-0.0));
    return fromBits(arith::XOrIOp::create(b, loc, bits(value), sign));
  }
  /// asin(a) up to 1/2, above it asin(sqrt((1 - a) / 2)).
  std::pair<Real, Value> asinParts(Real a) const {
    Value isUpper = a > c(0.5);
    Real z = select(isUpper, (c(1) - a) * c(0.5), a * a);
    Real s = select(isUpper, sqrt(z), a);
    return {fma(s * z, polynomial(z, asin32, asin64), s), isUpper};
  }
};

Trigonometry on(OpBuilder &b, Location loc, Value x) { return Trigonometry(b, loc, x.getType()); }

} // namespace

Value expandSin(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.sin(t.of(x)).v;
}
Value expandCos(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.cos(t.of(x)).v;
}
Value expandTan(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.tan(t.of(x)).v;
}
Value expandAsin(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.asin(t.of(x)).v;
}
Value expandAcos(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.acos(t.of(x)).v;
}
Value expandAtan(OpBuilder &b, Location loc, Value x) {
  auto t = on(b, loc, x);
  return t.atan(t.of(x)).v;
}

} // namespace nnc
