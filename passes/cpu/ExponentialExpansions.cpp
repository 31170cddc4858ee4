// exp, log and the functions made of them: expm1, log1p, tanh, erf, pow.
#include "passes/cpu/MathExpansions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/Reals.h"

using namespace mlir;

namespace nnc {

namespace {

// exp(r) = 1 + r + r^2 q(r) for |r| <= ln(2) / 2.
constexpr double exp32[] = {0.50000000715786501,   0.16666665818726815,   0.041666280569810024,
                            0.0083335053473978293, 0.0013945734310745498, 0.00019788021890927236};
constexpr double exp64[] = {0.5,
                            0.16666666666666685,
                            0.041666666666666037,
                            0.0083333333333156964,
                            0.0013888888889133165,
                            0.00019841269899736798,
                            2.4801586905814574e-5,
                            2.7557231476454825e-6,
                            2.7557590734376091e-7,
                            2.5113227418694764e-8,
                            2.0826129477251161e-9};

// log(1 + f) = 2 s + s^3 R(s^2) with s = f / (2 + f), for 1 + f between the square roots of 1/2 and 2.
constexpr double log32[] = {0.66666665642205606, 0.40000335908649977, 0.28537257403522211, 0.2358327480061683};
constexpr double log64[] = {0.66666666666666661, 0.40000000000006331, 0.28571428569058828, 0.22222222650896188,
                            0.18181775335590414, 0.15387105261084804, 0.13249789420857208, 0.13254332886354122};

// erf(x) = x P(x^2) for |x| <= 1. Above, erfc(x) is exp(P(x)) in f32, and exp(-x^2) P((x - 2) / (x + 2)) in f64.
constexpr double erfSmall32[] = {1.1283791659117769,    -0.37612627122307797,   0.11283600021254861,
                                 -0.026854438111466616, 0.0051895230348835415,  -0.00080207332525551654,
                                 7.8887630484186801e-5};
constexpr double erfSmall64[] = {1.1283791670955126,     -0.37612638903183748,   0.11283791670954884,
                                 -0.026866170645077839,  0.0052239776248280919,  -0.00085483269814068156,
                                 0.00012055331132297778, -1.4925595756924007e-5, 1.646100824135517e-6,
                                 -1.6350393798264716e-7, 1.4660312931423156e-8,  -1.1374896572479875e-9,
                                 5.9605882418186873e-11};
constexpr double logErfc32[] = {-0.00033301155403661758, -1.1271210773480452,  -0.63809620580993797,
                                -0.10314535335319465,    0.021854869197746193, -0.0029514601065187435,
                                0.00018672803324270226};
constexpr double erfcx64[] = {0.25539567631050575,   -0.4271858474139583,    0.24165819424245717,
                              -0.078978581015873425, 0.0037328924054301758,  0.0069974617647742607,
                              -0.0008471432109239518, -0.00098197824753714922, 4.3549460000022669e-5,
                              0.00017437245854586103, 2.7672550001568019e-5,  -2.7329817875776107e-5,
                              -1.4675966731728346e-5, -1.6974367047637399e-6};

constexpr double log2e = 1.44269504088896340736, ln2 = 0.693147180559945309417;

/// exp and log of one type, and the parts that others need.
class Exponentials : public Reals {
public:
  using Reals::Reals;
  /// Whether the machine multiplies by powers of two of any exponent.
  bool scales = false;
  /// Whether exp may be 0 where it would be a denormal.
  bool flushes = false;

  // ln(2) in two parts; the first has so few bits that its product with an exponent is exact.
  Real ln2High() const { return c(pick(0x1.63p-1, 0x1.62e42feep-1)); }
  Real ln2Low() const { return c(pick(-0x1.bd0105c610ca8p-13, 0x1.a39ef35793c76p-33)); }

  /// An integer n and exp(x - n ln2) - 1.
  struct Reduced {
    Real n, tail;
    /// n + magic().
    Real shifted;
  };
  Reduced reduce(Real x) const {
    Real shifted = fma(x, c(log2e), c(magic())), n = shifted - c(magic());
    Real r = fma(-n, ln2Low(), fma(-n, ln2High(), x));
    return {n, tail(r), shifted};
  }
  Real tail(Real r) const { return fma(r * r, polynomial(r, exp32, exp64), r); }

  /// 2^n as two factors, since its exponent may be out of range where that of the product with it is not.
  std::pair<Real, Real> powerOfTwo(Real n) const {
    Real half = fma(n, c(0.5), c(magic()));
    Real rest = (n - (half - c(magic()))) + c(magic());
    return {normalPower(half), normalPower(rest)};
  }
  /// 2^n of n + magic() where that is a normal number.
  Real normalPower(Real shifted) const {
    return fromBits(shiftLeft(addBits(bits(shifted), i(exponentBias())), mantissaBits()));
  }
  /// Beyond these, exp is 0 or infinite.
  Real clamp(Real x) const { return belowInfinity(atLeast(x, pick(-105, -746))); }
  Real belowInfinity(Real x) const { return atMost(x, pick(89, 710)); }
  /// Below it, exp is 0.
  double leastArgument() const { return flushes ? pick(-87.3, -708.3) : pick(-104, -745.2); }

  /// Whether values of this type are whole registers that one instruction multiplies by powers of two.
  bool scalesRegisters() const {
    auto vector = dyn_cast<VectorType>(type);
    return scales && vector && vector.getRank() == 1 && vector.getNumElements() % (isDouble ? 8 : 16) == 0 &&
           llvm::isPowerOf2_64(vector.getNumElements());
  }
  /// What `body` makes of each register of some vectors of one type.
  Real byRegisters(ArrayRef<Real> vectors, llvm::function_ref<Real(ArrayRef<Real>)> body) const {
    int64_t lanes = isDouble ? 8 : 16, all = cast<VectorType>(type).getNumElements();
    auto slice = [&](Real x, int64_t at) -> Real {
      if (lanes == all)
        return x;
      return of(vector::ShuffleOp::create(b, loc, x.v, x.v, llvm::to_vector(llvm::seq(at, at + lanes))));
    };
    SmallVector<Value> parts;
    for (int64_t at = 0; at < all; at += lanes)
      parts.push_back(body(llvm::map_to_vector(vectors, [&](Real x) { return slice(x, at); })).v);
    for (; parts.size() > 1; lanes *= 2) {
      for (size_t i = 0; i < parts.size() / 2; ++i)
        parts[i] = vector::ShuffleOp::create(b, loc, parts[2 * i], parts[2 * i + 1],
                                             llvm::to_vector(llvm::seq<int64_t>(0, 2 * lanes)));
      parts.truncate(parts.size() / 2);
    }
    return of(parts[0]);
  }
  /// x 2^n of a register, n being rounded down, in one instruction; 0 where `argument` is below the least.
  Real scaled(Real x, Real n, Real argument) const {
    Type part = x.v.getType();
    int64_t lanes = isDouble ? 8 : 16;
    Value rounding = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(4)); // the current mode
    StringRef name = isDouble ? "llvm.x86.avx512.mask.scalef.pd.512" : "llvm.x86.avx512.mask.scalef.ps.512";
    Value keeps = argument.compare(Real::P::UGE, of(constantLike(b, loc, part, leastArgument())));
    Value mask = vector::BitCastOp::create(b, loc, VectorType::get({1}, b.getIntegerType(lanes)), keeps);
    mask = vector::ExtractOp::create(b, loc, mask, 0);
    return of(call(name, part, {x.v, n.v, constantLike(b, loc, part, 0), mask, rounding}));
  }

  /// Where the result is 0, nothing is multiplied until it is: arithmetic that ends below the normal numbers takes
  /// some processors over a hundred cycles.
  Real exp(Real x) const {
    if (flushes && !isDouble && (scales ? fitsRegisters() : isNegative(x.v)))
      return orZero(x, isNegative(x.v));
    Real bounded = isNegative(x.v) ? x : belowInfinity(x);
    if (scalesRegisters()) {
      Reduced reduced = reduce(bounded);
      return byRegisters({reduced.tail + c(1), reduced.n, x},
                         [&](ArrayRef<Real> r) { return scaled(r[0], r[1], r[2]); });
    }
    Value isZero = x < c(leastArgument());
    Reduced reduced = reduce(select(isZero, c(0), bounded));
    Real value = reduced.tail + c(1);
    if (scales) {
      Value whole = arith::FPToSIOp::create(b, loc, withShapeOf(type, b.getI32Type()), reduced.n.v);
      return select(isZero, c(0), of(call("llvm.ldexp", type, {value.v, whole})));
    }
    auto [first, second] = powerOfTwo(reduced.n);
    return select(isZero, c(0), (value * first) * second);
  }

  /// exp(x) of f32 where what would be a denormal may be 0, with a relative error below 2.5e-7, and up to 4e-7 where
  /// x is -87. Without an instruction that scales, x must not be above 0.
  Real orZero(Real x, bool isNegative) const {
    if (!scales || !fitsRegisters())
      return byPolynomial(x);
    Real bounded = isNegative ? x : belowInfinity(x);
    if (scalesRegisters())
      return byRegisters({bounded}, [&](ArrayRef<Real> r) { return ofRegister(r[0]).byTable(r[0]); });
    // What is left of a row takes a part of a register: a result does not depend on its place.
    constexpr int64_t lanes = 16;
    auto whole = VectorType::get({lanes}, b.getF32Type());
    auto vector = dyn_cast<VectorType>(type);
    int64_t count = vector ? vector.getNumElements() : 1;
    Value filled = vector ? vector::ShuffleOp::create(
                                b, loc, bounded.v, bounded.v,
                                llvm::map_to_vector(llvm::seq(lanes), [&](int64_t i) { return i % count; }))
                                .getResult()
                          : vector::BroadcastOp::create(b, loc, whole, bounded.v).getResult();
    Real result = ofRegister(of(filled)).byTable(of(filled));
    if (!vector)
      return of(vector::ExtractOp::create(b, loc, result.v, 0));
    return of(vector::ShuffleOp::create(b, loc, result.v, result.v, llvm::to_vector(llvm::seq(count))));
  }

  /// exp(x) of f32 where 1 is added to it: below `least` it does not count, and above -least it is infinite.
  Real toAddToOne(Real x) const {
    constexpr double least = -87.3, isInfinite = 88.9;
    Real boundedAbove = select(x > c(-least), c(isInfinite), x);
    if (scales && fitsRegisters())
      return orZero(boundedAbove, /*isNegative=*/true);
    auto [value, power] = parts(atLeast(boundedAbove, least));
    return value * power;
  }

private:
  /// Whether values of this type are whole registers, or fill a part of one.
  bool fitsRegisters() const {
    auto vector = dyn_cast<VectorType>(type);
    return !vector || scalesRegisters() || (vector.getRank() == 1 && vector.getNumElements() < 16);
  }
  Exponentials ofRegister(Real x) const {
    Exponentials part(b, loc, x.v.getType());
    part.scales = part.flushes = true;
    return part;
  }
  /// x y + z, in two roundings where the machine has no instruction for one: a detour is not worth it.
  Real multiplyAdd(Real x, Real y, Real z) const {
    return isa<VectorType>(type) ? of(vector::FMAOp::create(b, loc, x.v, y.v, z.v)) : fma(x, y, z);
  }
  /// exp(x) of x that is not above 0, with a single power of two: 2^-127, which would be a denormal, has the bits of 0.
  /// What becomes a denormal on the way is the lower half of the results with 2^-126; with `flushes` nothing does.
  Real byPolynomial(Real x) const {
    if (!flushes) {
      auto [value, power] = parts(atLeast(x, -exponentBias() * ln2));
      return value * power;
    }
    Real least = c(leastArgument());
    Value isTiny = x < least;
    auto [value, power] = parts(select(isTiny, least, x));
    return select(isTiny, c(0), value * power);
  }
  /// 1 + r + r^2 q(r) and 2^n, which is built from bits: those of a normal number, or of infinity.
  std::pair<Real, Real> parts(Real bounded) const {
    constexpr double q[] = {0.4999999344767089, 0.1666652063045628, 0.04166838807002193, 0.008368716996255951,
                            0.0013814597487710831};
    // The sum with the magic number holds n in its lowest bits, as 2^n has it in its exponent.
    Real biased = c(magic() + exponentBias()), shifted = multiplyAdd(bounded, c(log2e), biased), n = shifted - biased;
    Real r = multiplyAdd(n, c(-ln2), bounded);
    // In pairs, as deep as four multiply-adds in place of six: with 16 registers LLVM sets the chains of several
    // vectors one behind the other, and the machine waits for each. (Measured on Zen 2: softmax takes .88 to .95 of
    // the time.)
    Real square = r * r;
    Real low = multiplyAdd(multiplyAdd(r, c(q[1]), c(q[0])), square, r + c(1));
    Real high = multiplyAdd(square, c(q[4]), multiplyAdd(r, c(q[3]), c(q[2])));
    return {multiplyAdd(high, square * square, low), fromBits(shiftLeft(bits(shifted), mantissaBits()))};
  }
  /// 2^(n/16) (1 + r + quadratic r^2 + cubic r^3) of a register: the powers of 2^(1/16) lie in another one, and AVX-512
  /// multiplies by a power of two of any exponent.
  Real byTable(Real x) const {
    constexpr int64_t entries = 16;
    constexpr double quadratic = 0.5000161760376938, cubic = 0.1666678942225719;
    // n/16 is the nearest number with four bits behind the point: the lowest four of the sum's.
    Real first = c(magic() / entries), shifted = multiplyAdd(x, c(log2e), first), n = shifted - first;
    Real r = multiplyAdd(n, c(-ln2), x);
    SmallVector<float> powers;
    for (int64_t i = 0; i < entries; ++i)
      powers.push_back(std::exp2(static_cast<double>(i) / entries));
    Value table = arith::ConstantOp::create(b, loc, b.getF32VectorAttr(powers));
    Real power = of(call("llvm.x86.avx512.permvar.sf.512", type, {table, bits(shifted)}));
    Real value = multiplyAdd(power * r, multiplyAdd(multiplyAdd(r, c(cubic), c(quadratic)), r, c(1)), power);
    return scaled(value, n, x);
  }
  Value call(StringRef intrinsic, Type result, ValueRange operands) const {
    return LLVM::CallIntrinsicOp::create(b, loc, result, b.getStringAttr(intrinsic), operands).getResult(0);
  }
  /// Whether it is a negated absolute value.
  static bool isNegative(Value x) {
    auto negated = x.getDefiningOp<arith::NegFOp>();
    return negated && negated.getOperand().getDefiningOp<math::AbsFOp>();
  }

public:
  /// For |x| up to 80 and NaN: a single power of two will do.
  Real expOfModerate(Real x) const {
    Reduced reduced = reduce(x);
    return (reduced.tail + c(1)) * normalPower(reduced.shifted);
  }

  Real expm1(Real x) const {
    // Below the first bound it is -1.
    Reduced reduced = reduce(belowInfinity(atLeast(x, pick(-20, -40))));
    auto [first, second] = powerOfTwo(reduced.n);
    // Where 2^n may overflow before it meets the tail, the 1 no longer counts.
    Real power = first * second;
    Real small = fma(power, reduced.tail, power - c(1));
    Real large = ((reduced.tail + c(1)) * first) * second;
    return copySign(select(x > c(pick(40, 80)), large, small), x);
  }

  /// x as 2^exponent (1 + f).
  struct Parts {
    Real exponent, f;
  };
  /// For finite x > 0; `isTiny` are denormals.
  Parts split(Real x, Value isTiny) const {
    double lift = mantissaBits() + 2;
    Real lifted = select(isTiny, x * c(std::ldexp(1.0, lift)), x);
    // Adding the distance from sqrt(1/2) to 1 makes the exponent that of the nearest power of two.
    Value raised = addBits(bits(lifted), subBits(bitsOf(1), bitsOf(0.70710678118654752440)));
    Value biased = shiftRight(raised, mantissaBits());
    Value mantissa = subBits(bits(lifted), shiftLeft(subBits(biased, i(exponentBias())), mantissaBits()));
    double carrier = std::ldexp(1.0, mantissaBits());
    Real exponent = fromBits(addBits(biased, bitsOf(carrier))) - c(carrier + exponentBias());
    exponent = select(isTiny, exponent - c(lift), exponent);
    return {exponent, fromBits(mantissa) - c(1)};
  }

  Real log(Real x) const {
    Value isTiny = x < c(pick(0x1p-126, 0x1p-1022));
    auto [exponent, f] = split(x, isTiny);
    Real s = f / (c(2) + f), z = s * s;
    // 2 s = f - s f: the large part of the result, f, is exact.
    Real correction = s * (f - z * polynomial(z, log32, log64));
    Real result = fma(exponent, ln2High(), f - (correction - exponent * ln2Low()));
    return logSpecials(x, result);
  }
  Real logSpecials(Real x, Real result) const {
    // Infinity and NaN are themselves; what is not above 0 is -infinity or NaN.
    result = select(x < c(INFINITY), result, x);
    result = select(x == c(0), c(-INFINITY), result);
    return select(x < c(0), c(NAN), result);
  }

  Real log1p(Real x) const {
    Real u = x + c(1);
    // What the sum lost: its smaller operand, less what arrived of it.
    Real lost = select(x > c(1), c(1) - (u - x), x - (u - c(1)));
    Real plain = log(u);
    Value isRegular = both(u > c(0), u < c(INFINITY));
    return copySign(select(isRegular, plain + lost / u, plain), x);
  }

  Real tanh(Real x) const {
    Reduced reduced = reduce(atMost(abs(x) * c(2), pick(20, 44)));
    Real power = normalPower(reduced.shifted);
    Real e = fma(power, reduced.tail, power - c(1));
    return copySign(e / (e + c(2)), x);
  }

  Real erf(Real x) const {
    Real a = abs(x), z = a * a;
    Real small = a * polynomial(z, erfSmall32, erfSmall64);
    Real bounded = atMost(a, pick(4, 6)), complement = c(0);
    if (isDouble)
      complement = exp(-(bounded * bounded)) * polynomial((bounded - c(2)) / (bounded + c(2)), {}, erfcx64);
    else
      complement = expOfModerate(polynomial(bounded, logErfc32, {}));
    return copySign(select(a < c(1), small, c(1) - complement), x);
  }

  /// |x|^y for finite |x| > 0 that is not 1. In f64 the logarithm carries twice the bits, since the exponential turns
  /// an absolute error into a relative one.
  Real positivePower(Real x, Real y) const {
    Value isTiny = x < c(pick(0x1p-126, 0x1p-1022));
    auto [exponent, f] = split(x, isTiny);
    // s = f / (2 + f) in two parts.
    Real d = c(2) + f, dLow = f - (d - c(2));
    Real s = f / d;
    Real sLow = (fma(-s, d, f) - s * dLow) / d;
    Real z = s * s, cubic = s * z * polynomial(z, log32, log64);
    // log = exponent ln2 + 2 s + 2 sLow + cubic, the large terms added without loss.
    auto [sum, rest] = addExactly(exponent * ln2High(), s * c(2));
    Real low = rest + (fma(exponent, ln2Low(), sLow * c(2)) + cubic);
    auto [high, tail] = addExactly(sum, low);
    // y log, then its exponential.
    Real product = y * high;
    Real productLow = fma(y, high, -product) + y * tail;
    Value isModerate = abs(product) < c(800);
    productLow = select(isModerate, productLow, c(0));
    product = clamp(product);
    Real n = fma(product, c(log2e), c(magic())) - c(magic());
    Real r = fma(-n, ln2Low(), fma(-n, ln2High(), product) + productLow);
    auto [first, second] = powerOfTwo(n);
    return ((this->tail(r) + c(1)) * first) * second;
  }

  Real pow(Real x, Real y) const {
    Real a = abs(x), zero = c(0), one = c(1), infinity = c(INFINITY);
    Real magnitude = isDouble ? positivePower(a, y) : widePower(a, y);
    // Where the base or the exponent is infinite or 0, the power is infinite, 0 or 1.
    Value grows = differs(a < one, y > zero);
    Value isExtreme = either(either(a == zero, a == infinity), abs(y) == infinity);
    magnitude = select(isExtreme, select(grows, infinity, zero), magnitude);
    Value isNan = either(x.compare(Real::P::UNO, y), either(x.compare(Real::P::UNO, x), y.compare(Real::P::UNO, y)));
    magnitude = select(isNan, c(NAN), magnitude);

    Real whole = of(math::TruncOp::create(b, loc, y.v)), half = y * c(0.5);
    Value isWhole = whole == y;
    Value isOdd = both(isWhole, half.compare(Real::P::UNE, of(math::TruncOp::create(b, loc, half.v))));
    Value isNegative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, bits(x), i(0));
    Real result = select(both(isOdd, isNegative), -magnitude, magnitude);
    // A negative finite base has no real power unless the exponent is whole.
    Value isUnreal = both(both(x < zero, x > -infinity), y.compare(Real::P::UNE, whole));
    result = select(isUnreal, c(NAN), result);
    // 1 to any power and anything to the power 0 is 1, NaN included; so is -1 to an infinite power.
    Value isOne = either(either(x == one, y == zero), both(x == -one, abs(y) == infinity));
    return select(isOne, one, result);
  }

private:
  /// In f32 the work is done in f64, with room to spare.
  Real widePower(Real x, Real y) const {
    Exponentials wide(b, loc, withShapeOf(type, b.getF64Type()));
    auto widen = [&](Real v) { return wide.of(arith::ExtFOp::create(b, loc, wide.type, v.v)); };
    Real power = wide.exp(widen(y) * wide.log(widen(x)));
    return of(arith::TruncFOp::create(b, loc, type, power.v));
  }
};

Exponentials on(OpBuilder &b, Location loc, Value x) { return Exponentials(b, loc, x.getType()); }

} // namespace

Value expandExp(OpBuilder &b, Location loc, Value x, bool scales, bool flushes) {
  auto e = on(b, loc, x);
  e.scales = scales;
  e.flushes = flushes;
  return e.exp(e.of(x)).v;
}
Value expandExpOfNegative(OpBuilder &b, Location loc, Value x, bool scales) {
  auto e = on(b, loc, x);
  e.scales = scales;
  return e.orZero(e.of(x), /*isNegative=*/true).v;
}
Value expandExpPlusOne(OpBuilder &b, Location loc, Value x, bool scales) {
  auto e = on(b, loc, x);
  e.scales = scales;
  e.flushes = true;
  return e.toAddToOne(e.of(x)).v;
}
Value expandExpM1(OpBuilder &b, Location loc, Value x) {
  auto e = on(b, loc, x);
  return e.expm1(e.of(x)).v;
}
Value expandLog(OpBuilder &b, Location loc, Value x) {
  auto e = on(b, loc, x);
  return e.log(e.of(x)).v;
}
Value expandLog1p(OpBuilder &b, Location loc, Value x) {
  auto e = on(b, loc, x);
  return e.log1p(e.of(x)).v;
}
Value expandTanh(OpBuilder &b, Location loc, Value x) {
  auto e = on(b, loc, x);
  return e.tanh(e.of(x)).v;
}
Value expandErf(OpBuilder &b, Location loc, Value x) {
  auto e = on(b, loc, x);
  return e.erf(e.of(x)).v;
}
Value expandPow(OpBuilder &b, Location loc, Value x, Value y) {
  auto e = on(b, loc, x);
  return e.pow(e.of(x), e.of(y)).v;
}

} // namespace nnc
