#include "passes/cpu/WinogradTransforms.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

#include <cmath>

using namespace mlir;

namespace nnc::winograd {

namespace {

/// Vector arithmetic that reads like the formulas.
struct Lanes {
  KernelBuilder &k;

  Value add(Value x, Value y) { return arith::AddFOp::create(k.b, k.loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(k.b, k.loc, x, y); }
  /// factor * x + y
  Value fma(double factor, Value x, Value y) {
    return vector::FMAOp::create(k.b, k.loc, constantLike(k.b, k.loc, x.getType(), factor), x, y);
  }
  Value mul(double factor, Value x) {
    return arith::MulFOp::create(k.b, k.loc, constantLike(k.b, k.loc, x.getType(), factor), x);
  }
};

/// The points of interpolation are 0, a, -a, b, -b and infinity.
constexpr double a = 3.0 / 4, b = 3.0 / 2, a2 = a * a, b2 = b * b;
/// For 0, for a and -a, and for b and -b: one over the product of the differences to the other points.
constexpr double by0 = 1 / (a2 * b2), byA = 1 / (2 * a2 * (a2 - b2)), byB = 1 / (2 * b2 * (b2 - a2));

// Of a filter of 2 taps, or with a stride of 2 the outer ones of 3: 4 outputs by the points 0, a, -a, b and infinity,
// or 2 by 0, 1 and infinity. The differences' products at a and -a have the ratio 1 : 3, a factor of the filter.
constexpr double ofTwoBy0 = 1 / (a2 * b), ofTwoByA = 1 / (6 * a2 * (a - b)), ofTwoByB = 1 / (b * (b2 - a2));

SmallVector<Value> inputsOfTwo(Lanes l, int64_t outputs, ValueRange d) {
  if (outputs == 2)
    return {l.sub(d[0], d[1]), d[1], l.sub(d[2], d[1])};
  // What the factor x - b leaves, by which all polynomials but that of b can be divided.
  Value first = l.fma(-b, d[0], d[1]), by1 = l.fma(-b, d[1], d[2]), by2 = l.fma(-b, d[2], d[3]),
        by3 = l.fma(-b, d[3], d[4]);
  return {l.fma(-a2, first, by2), l.fma(a, by1, by2), l.fma(-a, by1, by2), l.fma(-a2, d[1], d[3]),
          l.fma(-a2, by1, by3)};
}

SmallVector<Value> outputsOfTwo(Lanes l, int64_t outputs, ValueRange m) {
  if (outputs == 2)
    return {l.add(m[0], m[1]), l.add(m[1], m[2])};
  constexpr double cA = ofTwoByA, cB = ofTwoByB;
  Value sum = l.add(m[1], m[2]), difference = l.sub(m[1], m[2]);
  return {l.fma(ofTwoBy0, m[0], l.fma(cA, sum, l.mul(cB, m[3]))), l.fma(b * cB, m[3], l.mul(a * cA, difference)),
          l.fma(b2 * cB, m[3], l.mul(a2 * cA, sum)),
          l.fma(b2 * b * cB, m[3], l.fma(a2 * a * cA, difference, m[4]))};
}

void weightsOfTwo(int64_t outputs, double first, double second, double *weights) {
  if (outputs == 2) {
    weights[0] = first;
    weights[1] = first + second;
    weights[2] = second;
    return;
  }
  weights[0] = first;
  weights[1] = 3 * (first + a * second);
  weights[2] = first - a * second;
  weights[3] = first + b * second;
  weights[4] = second;
}

/// Every second vector.
SmallVector<Value> everySecond(ValueRange all, size_t first) {
  SmallVector<Value> result;
  for (size_t i = first; i < all.size(); i += 2)
    result.push_back(all[i]);
  return result;
}

} // namespace

SmallVector<int64_t> Filtering::shortPoints() const {
  if (stride == 2)
    return {0, outputs, outputs + 1};
  return taps == 2 ? SmallVector<int64_t>{0, outputs} : SmallVector<int64_t>{0, 1, 2, 5};
}

SmallVector<int64_t> Filtering::otherPoints() const {
  SmallVector<int64_t> others, few = shortPoints();
  for (int64_t point = 0; point < points(); ++point)
    if (!llvm::is_contained(few, point))
      others.push_back(point);
  return others;
}

double Filtering::estimatedError(int64_t channels) const {
  if (outputs == 1)
    return 0;
  double growth = std::sqrt(static_cast<double>(channels));
  return outputs == 2 && taps <= 3 ? 5e-7 + 1e-7 * growth : 1.2e-6 + 1.3e-7 * growth;
}

SmallVector<Value> transformInput(KernelBuilder &k, Filtering f, ValueRange d) {
  Lanes l{k};
  if (f.outputs == 1)
    return d;
  if (f.taps == 2)
    return inputsOfTwo(l, f.outputs, d);
  if (f.stride == 2) {
    SmallVector<Value> result = inputsOfTwo(l, f.outputs, everySecond(d, 0));
    llvm::append_range(result, everySecond(d, 1));
    return result;
  }
  if (f.outputs == 2 && f.taps == 3)
    return {l.sub(d[0], d[2]), l.add(d[1], d[2]), l.sub(d[2], d[1]), l.sub(d[3], d[1])};
  // The polynomials that vanish at the other points: x (x + a) (x^2 - b^2) for a, and so on.
  Value evenA = l.fma(-b2, d[2], d[4]), oddA = l.fma(-b2, d[1], d[3]);
  Value evenB = l.fma(-a2, d[2], d[4]), oddB = l.fma(-a2, d[1], d[3]);
  return {l.fma(a2 * b2, d[0], l.fma(-(a2 + b2), d[2], d[4])),
          l.fma(a, oddA, evenA),
          l.fma(-a, oddA, evenA),
          l.fma(b, oddB, evenB),
          l.fma(-b, oddB, evenB),
          l.fma(a2 * b2, d[1], l.fma(-(a2 + b2), d[3], d[5]))};
}

SmallVector<Value> transformOutput(KernelBuilder &k, Filtering f, ValueRange m) {
  Lanes l{k};
  if (f.outputs == 1) {
    Value sum = m[0];
    for (Value product : m.drop_front())
      sum = l.add(sum, product);
    return {sum};
  }
  if (f.taps == 2)
    return outputsOfTwo(l, f.outputs, m);
  if (f.stride == 2) {
    SmallVector<Value> result = outputsOfTwo(l, f.outputs, m.drop_back(f.outputs));
    for (auto [sum, middle] : llvm::zip(result, m.take_back(f.outputs)))
      sum = l.add(sum, middle);
    return result;
  }
  if (f.outputs == 2 && f.taps == 3)
    return {l.fma(0.5, l.add(m[1], m[2]), m[0]), l.fma(0.5, l.sub(m[1], m[2]), m[3])};
  // The powers 0 to 3 of each point; those of a and -a differ in sign or not at all.
  Value sumA = l.add(m[1], m[2]), differenceA = l.sub(m[1], m[2]);
  Value sumB = l.add(m[3], m[4]), differenceB = l.sub(m[3], m[4]);
  Value first = l.fma(by0, m[0], l.fma(byA, sumA, l.mul(byB, sumB)));
  if (f.outputs == 2)
    return {first, l.fma(b * byB, differenceB, l.fma(a * byA, differenceA, m[5]))};
  return {first, l.fma(b * byB, differenceB, l.mul(a * byA, differenceA)),
          l.fma(b2 * byB, sumB, l.mul(a2 * byA, sumA)),
          l.fma(b2 * b * byB, differenceB, l.fma(a2 * a * byA, differenceA, m[5]))};
}

SmallVector<Value> transformShortInput(KernelBuilder &k, Filtering f, ValueRange d) {
  Lanes l{k};
  if (f.taps == 2)
    return d;
  if (f.stride == 2)
    return {d[0], d[2], d[1]};
  // As in transformInput, without the factor x^2 - b^2 of the polynomials.
  return {l.fma(-a2, d[0], d[2]), l.fma(a, d[1], d[2]), l.fma(-a, d[1], d[2]), l.fma(-a2, d[1], d[3])};
}

SmallVector<Value> transformShortOutput(KernelBuilder &k, Filtering f, ValueRange m) {
  Lanes l{k};
  if (f.taps == 2)
    return {l.add(m[0], m[1])};
  if (f.stride == 2)
    return {l.add(m[0], l.add(m[1], m[2]))};
  return {l.fma(-1 / a2, m[0], l.mul(1 / (2 * a2), l.add(m[1], m[2]))), l.fma(1 / (2 * a), l.sub(m[1], m[2]), m[3])};
}

void transformFilter(Filtering f, ArrayRef<double> taps, double *weights) {
  if (f.outputs == 1) {
    llvm::copy(taps, weights);
    return;
  }
  if (f.taps == 2)
    return weightsOfTwo(f.outputs, taps[0], taps[1], weights);
  if (f.stride == 2) {
    weightsOfTwo(f.outputs, taps[0], taps[2], weights);
    weights[f.outputs + 1] = taps[1];
    return;
  }
  // The filter's value at each point.
  auto at = [&](double x) {
    double value = 0;
    for (double tap : llvm::reverse(taps))
      value = value * x + tap;
    return value;
  };
  if (f.outputs == 2 && f.taps == 3) {
    weights[0] = taps[0];
    weights[1] = at(1);
    weights[2] = at(-1);
    weights[3] = taps.back();
    return;
  }
  weights[0] = taps[0];
  weights[1] = at(a);
  weights[2] = at(-a);
  weights[3] = at(b);
  weights[4] = at(-b);
  weights[5] = taps.back();
}

SmallVector<SmallVector<double>> weightsOfTaps(Filtering f) {
  SmallVector<SmallVector<double>> ofTap(f.taps, SmallVector<double>(f.weights()));
  for (int64_t tap = 0; tap < f.taps; ++tap) {
    SmallVector<double> unit(f.taps, 0.0);
    unit[tap] = 1;
    transformFilter(f, unit, ofTap[tap].data());
  }
  return ofTap;
}

SmallVector<Value> transformFilter(KernelBuilder &k, Filtering f, ValueRange taps) {
  if (f.outputs == 1)
    return taps;
  Lanes l{k};
  SmallVector<SmallVector<double>> factors = weightsOfTaps(f);
  // `sum` and the taps by their factors in a weight.
  auto added = [&](Value sum, int64_t weight, ArrayRef<int64_t> which) {
    for (int64_t tap : which) {
      double factor = factors[tap][weight];
      if (sum)
        sum = l.fma(factor, taps[tap], sum);
      else
        sum = factor == 1 ? taps[tap] : l.mul(factor, taps[tap]);
    }
    return sum;
  };
  SmallVector<Value> weights;
  while (static_cast<int64_t>(weights.size()) < f.weights()) {
    // Those of the points x and -x share what the even powers give.
    int64_t weight = weights.size();
    SmallVector<int64_t> same, opposite, own;
    bool isPair = weight + 1 < f.weights();
    for (int64_t tap = 0; tap < f.taps; ++tap) {
      double factor = factors[tap][weight], next = isPair ? factors[tap][weight + 1] : 0;
      isPair &= factor != 0 && std::abs(factor) == std::abs(next);
      if (factor != 0)
        own.push_back(tap);
      (factor == next ? same : opposite).push_back(tap);
    }
    if (!isPair || same.empty()) {
      weights.push_back(added(Value(), weight, own));
      continue;
    }
    Value even = added(Value(), weight, same);
    weights.push_back(added(even, weight, opposite));
    weights.push_back(added(even, weight + 1, opposite));
  }
  return weights;
}

Value Pieces::start(KernelBuilder &k, Value t) const {
  if (remainders() == 1)
    return k.mul(t, filtering.outputs);
  auto within = [&](Value at, int64_t perRemainder, int64_t first) {
    Value remainder = k.add(k.div(at, k.index(perRemainder)), first);
    return k.add(remainder, k.mul(k.rem(at, k.index(perRemainder)), dilation * filtering.outputs));
  };
  int64_t inLonger = longer() * perLonger();
  Value behind = within(k.sub(t, k.index(inLonger)), perShorter(), longer());
  if (inLonger == 0)
    return behind;
  Value isLonger = k.compare(arith::CmpIPredicate::slt, t, k.index(inLonger));
  return k.select(isLonger, within(t, perLonger(), 0), behind);
}

} // namespace nnc::winograd
