#include "passes/cpu/WinogradTransforms.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

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
};

} // namespace

SmallVector<Value> transformInput(KernelBuilder &k, ValueRange d) {
  Lanes l{k};
  Value even = l.fma(-4, d[2], d[4]), odd = l.fma(-4, d[1], d[3]);   // d4 - 4 d2, d3 - 4 d1
  Value outer = l.sub(d[4], d[2]), inner = l.sub(d[3], d[1]);
  return {l.fma(4, d[0], l.fma(-5, d[2], d[4])), // 4 d0 - 5 d2 + d4
          l.add(even, odd),                      // -4 d1 - 4 d2 + d3 + d4
          l.sub(even, odd),                      // 4 d1 - 4 d2 - d3 + d4
          l.fma(2, inner, outer),                // -2 d1 - d2 + 2 d3 + d4
          l.fma(-2, inner, outer),               // 2 d1 - d2 - 2 d3 + d4
          l.fma(4, d[1], l.fma(-5, d[3], d[5]))};
}

SmallVector<Value> transformOutput(KernelBuilder &k, ValueRange m) {
  Lanes l{k};
  Value sum1 = l.add(m[1], m[2]), difference1 = l.sub(m[1], m[2]);
  Value sum2 = l.add(m[3], m[4]), difference2 = l.sub(m[3], m[4]);
  return {l.add(m[0], l.add(sum1, sum2)), // m0 + m1 + m2 + m3 + m4
          l.fma(2, difference2, difference1),
          l.fma(4, sum2, sum1),
          l.add(l.fma(8, difference2, difference1), m[5])};
}

void transformFilter(const double taps[3], double points[kIn]) {
  double sum = taps[0] + taps[2], far = taps[0] + 4 * taps[2];
  points[0] = taps[0] / 4;
  points[1] = -(sum + taps[1]) / 6;
  points[2] = -(sum - taps[1]) / 6;
  points[3] = (far + 2 * taps[1]) / 24;
  points[4] = (far - 2 * taps[1]) / 24;
  points[5] = taps[2];
}

} // namespace nnc::winograd
