// The lowering of nn.random: Philox4x32-10 (Salmon 2011), a function of the seed and the element's number, so that the
// numbers do not depend on how elements are dealt to threads.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

class Philox {
public:
  Philox(KernelBuilder &k, uint64_t seed) : k(k), seed(seed) {}

  /// Four words of 32 random bits for the element with this number.
  SmallVector<Value, 4> words(Value number) {
    SmallVector<Value, 4> counter = {low(number), high(number), constant(0), constant(0)};
    uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    for (int round = 0; round < 10; ++round) {
      Value first = multiply(counter[0], 0xD2511F53), second = multiply(counter[2], 0xCD9E8D57);
      counter = {exclusiveOr(exclusiveOr(high(second), counter[1]), constant(key[0])), low(second),
                 exclusiveOr(exclusiveOr(high(first), counter[3]), constant(key[1])), low(first)};
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
    return counter;
  }

private:
  Value constant(uint32_t value) {
    return arith::ConstantOp::create(k.b, k.loc, k.b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value multiply(Value word, uint32_t factor) {
    Value wide = arith::ExtUIOp::create(k.b, k.loc, k.b.getI64Type(), word);
    Value wideFactor = arith::ConstantOp::create(k.b, k.loc, k.b.getI64IntegerAttr(factor));
    return arith::MulIOp::create(k.b, k.loc, wide, wideFactor);
  }
  Value low(Value wide) { return arith::TruncIOp::create(k.b, k.loc, k.b.getI32Type(), wide); }
  Value high(Value wide) {
    Value shift = arith::ConstantOp::create(k.b, k.loc, k.b.getI64IntegerAttr(32));
    return low(arith::ShRUIOp::create(k.b, k.loc, wide, shift));
  }
  Value exclusiveOr(Value a, Value b) { return arith::XOrIOp::create(k.b, k.loc, a, b); }

  KernelBuilder &k;
  uint64_t seed;
};

/// A number in [0, 1) from random words: as many bits as the type's fraction holds.
Value unitInterval(KernelBuilder &k, Value high, Value low, FloatType element, Type compute) {
  unsigned bits = std::min(element.getFPMantissaWidth(), 53u);
  Type i64 = k.b.getI64Type();
  auto constant = [&](int64_t n) { return arith::ConstantOp::create(k.b, k.loc, k.b.getI64IntegerAttr(n)); };
  Value wide = arith::ShLIOp::create(k.b, k.loc, arith::ExtUIOp::create(k.b, k.loc, i64, high), constant(32));
  wide = arith::OrIOp::create(k.b, k.loc, wide, arith::ExtUIOp::create(k.b, k.loc, i64, low));
  Value number = arith::ShRUIOp::create(k.b, k.loc, wide, constant(64 - bits));
  Value result = arith::SIToFPOp::create(k.b, k.loc, compute, number);
  return arith::MulFOp::create(k.b, k.loc, result, constantLike(k.b, k.loc, compute, std::ldexp(1.0, -int(bits))));
}

LogicalResult emitRandom(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::RandomOp>(root);
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(op.getY().getType()));
  if (!element || element.getWidth() < 16)
    return op.emitOpError("unsupported element type ") << getElementTypeOrSelf(op.getY().getType());
  Type compute = computeType(element);
  double low = op.getLow().convertToDouble(), high = op.getHigh().convertToDouble();
  auto c = [&](double number) { return constantLike(k.b, k.loc, compute, number); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(k.b, k.loc, a, b); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(k.b, k.loc, a, b); };
  Philox philox(k, op.getSeed());
  Value out = k.flat(k.output(0));
  k.grain = 2048;
  k.loop(k.begin, k.end, k.index(1), [&](Value i) {
    auto words = philox.words(k.fromIndex(i, k.b.getI64Type()));
    Value u = unitInterval(k, words[0], words[1], element, compute), value;
    if (op.getKind() == nn::RandomKind::uniform) {
      value = add(c(low), mul(u, c(high - low)));
    } else {
      // Box and Muller; 1 - u is never 0.
      Value v = unitInterval(k, words[2], words[3], element, compute);
      Value radius = floatFunction(k.b, k.loc, nn::UnaryKind::log, arith::SubFOp::create(k.b, k.loc, c(1), u), 0, 0);
      radius = math::SqrtOp::create(k.b, k.loc, mul(c(-2), radius));
      Value angle = floatFunction(k.b, k.loc, nn::UnaryKind::cos, mul(c(2 * M_PI), v), 0, 0);
      value = add(c(low), mul(c(high), mul(radius, angle)));
    }
    memref::StoreOp::create(k.b, k.loc, toStorage(k.b, k.loc, value, element), out, i);
  });
  return success();
}

} // namespace

void registerRandomLowerings(LoweringRegistry &registry) { registry.add<nn::RandomOp>({itemPerElement, emitRandom}); }

} // namespace nnc
