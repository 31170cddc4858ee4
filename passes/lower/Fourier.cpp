#include "passes/lower/Fourier.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

/// The longest signal whose buffers and table go on the stack: 96 KiB of f32, 192 KiB of f64.
constexpr int64_t kLongestOnStack = 4096;

} // namespace

FourierTransform::FourierTransform(KernelBuilder &k, Type compute, Value length, bool inverse)
    : k(k), compute(compute), length(length), inverse(inverse) {
  auto known = getConstantIntValue(length);
  fits = !known || *known <= kLongestOnStack;
  if (!fits)
    return;
  int64_t room = std::max<int64_t>(known.value_or(kLongestOnStack), 1);
  buffers = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({2, 2, room}, compute));
  table = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({2, room}, compute));
  if (!known)
    isShort = k.compare(arith::CmpIPredicate::sle, length, k.index(kLongestOnStack));
  Value count = isShort ? k.select(isShort, length, k.index(0)) : length;
  k.loop(count, [&](Value j) {
    auto [re, im] = factor(j);
    memref::StoreOp::create(k.b, k.loc, re, table, ValueRange{k.index(0), j});
    memref::StoreOp::create(k.b, k.loc, im, table, ValueRange{k.index(1), j});
  });
}

FourierTransform::Complex FourierTransform::factor(Value j) {
  // 8 j / n = octant + r / n: the angle within the octant, r / n * pi / 4, is less than pi / 4.
  Value eighths = k.mul(j, 8), octant = k.div(eighths, length), rest = k.rem(eighths, length);
  // Odd octants are mirrored, so that every series is summed on [0, pi / 4].
  Value isOdd = k.compare(arith::CmpIPredicate::eq, k.rem(octant, k.index(2)), k.index(1));
  rest = k.select(isOdd, k.sub(length, rest), rest);
  Type f64 = k.b.getF64Type(), i64 = k.b.getI64Type();
  auto c = [&](double number) { return constantLike(k.b, k.loc, f64, number); };
  auto multiply = [&](Value a, Value b) -> Value { return arith::MulFOp::create(k.b, k.loc, a, b); };
  auto sum = [&](Value a, Value b) -> Value { return arith::AddFOp::create(k.b, k.loc, a, b); };
  auto toFloat = [&](Value index) -> Value { return arith::SIToFPOp::create(k.b, k.loc, f64, k.fromIndex(index, i64)); };
  Value x = multiply(arith::DivFOp::create(k.b, k.loc, toFloat(rest), toFloat(length)), c(M_PI / 4));
  Value square = multiply(x, x);
  // Taylor's series to x^16 and x^17: the next terms are below half a unit in the last place of f64.
  auto series = [&](int first) {
    Value value = c(0);
    for (int n = first + 16; n >= first; n -= 2) {
      double coefficient = (n - first) % 4 ? -1 : 1;
      for (int i = 2; i <= n; ++i)
        coefficient /= i;
      value = sum(multiply(value, square), c(coefficient));
    }
    return value;
  };
  Value cosine = series(0), sine = multiply(series(1), x);
  // Octants 1, 2, 5, 6 swap the two; 2 to 5 have a negative cosine, 4 to 7 a negative sine.
  auto between = [&](int64_t low, int64_t high) {
    return k.both(k.compare(arith::CmpIPredicate::sge, octant, k.index(low)),
                  k.compare(arith::CmpIPredicate::sle, octant, k.index(high)));
  };
  Value swaps = arith::OrIOp::create(k.b, k.loc, between(1, 2), between(5, 6));
  Value re = k.select(swaps, sine, cosine), im = k.select(swaps, cosine, sine);
  auto negate = [&](Value v) -> Value { return arith::NegFOp::create(k.b, k.loc, v); };
  re = k.select(between(2, 5), negate(re), re);
  Value sineIsNegative = between(4, 7);
  im = inverse ? k.select(sineIsNegative, negate(im), im) : k.select(sineIsNegative, im, negate(im));
  return {convertElement(k.b, k.loc, re, f64, compute), convertElement(k.b, k.loc, im, f64, compute)};
}

FourierTransform::Complex FourierTransform::tableAt(Value j) {
  return {memref::LoadOp::create(k.b, k.loc, table, ValueRange{k.index(0), j}),
          memref::LoadOp::create(k.b, k.loc, table, ValueRange{k.index(1), j})};
}

void FourierTransform::run(Value bins, Fetch fetch, Store store) {
  // What comes out is scaled where the inverse asks for it.
  auto scaled = [&](Value bin, Complex value) {
    if (inverse) {
      Value n = arith::SIToFPOp::create(k.b, k.loc, compute, k.fromIndex(length, k.b.getI64Type()));
      value = {arith::DivFOp::create(k.b, k.loc, value.first, n), arith::DivFOp::create(k.b, k.loc, value.second, n)};
    }
    store(bin, value);
  };
  if (!fits)
    return runByDefinition(bins, fetch, scaled);
  if (!isShort)
    return runFast(bins, fetch, scaled);
  k.ifThen(isShort, [&] { runFast(bins, fetch, scaled); });
  Value isLong = k.compare(arith::CmpIPredicate::sgt, length, k.index(kLongestOnStack));
  k.ifThen(isLong, [&] { runByDefinition(bins, fetch, scaled); });
}

void FourierTransform::runByDefinition(Value bins, Fetch fetch, Store store) {
  Value zero = constantLike(k.b, k.loc, compute, 0.0);
  k.loop(bins, [&](Value bin) {
    auto sums = k.loop(k.index(0), length, k.index(1), {zero, zero}, [&](Value t, ValueRange sum) -> SmallVector<Value> {
      Complex next = add({sum[0], sum[1]}, mul(fetch(t), factor(k.rem(k.mul(bin, t), length))));
      return {next.first, next.second};
    });
    store(bin, {sums[0], sums[1]});
  });
}

void FourierTransform::runFast(Value bins, Fetch fetch, Store store) {
  k.loop(length, [&](Value t) { storeAt(k.index(0), t, fetch(t)); });
  // State: what is left of the length, what is done, and the buffer to read.
  Type index = k.b.getIndexType();
  auto passes = scf::WhileOp::create(k.b, k.loc, TypeRange{index, index, index}, ValueRange{length, k.index(1), k.index(0)});
  {
    OpBuilder::InsertionGuard guard(k.b);
    SmallVector<Type> types(3, index);
    SmallVector<Location> locations(3, k.loc);
    Block *before = k.b.createBlock(&passes.getBefore(), {}, types, locations);
    Value more = k.compare(arith::CmpIPredicate::sgt, before->getArgument(0), k.index(1));
    scf::ConditionOp::create(k.b, k.loc, more, before->getArguments());
    Block *after = k.b.createBlock(&passes.getAfter(), {}, types, locations);
    Value size = after->getArgument(0), stride = after->getArgument(1), from = after->getArgument(2);
    Value radix = radixFor(size);
    auto is = [&](int64_t r) { return k.compare(arith::CmpIPredicate::eq, radix, k.index(r)); };
    k.ifThen(is(4), [&] { pass(k.index(4), size, stride, from); });
    k.ifThen(is(2), [&] { pass(k.index(2), size, stride, from); });
    Value isOdd = k.compare(arith::CmpIPredicate::eq, k.rem(radix, k.index(2)), k.index(1));
    k.ifThen(isOdd, [&] { pass(radix, size, stride, from); });
    scf::YieldOp::create(k.b, k.loc,
                         ValueRange{k.div(size, radix), k.mul(stride, radix), k.sub(k.index(1), from)});
  }
  Value last = passes.getResult(2);
  k.loop(bins, [&](Value bin) { store(bin, loadAt(compute, last, bin)); });
}

Value FourierTransform::radixFor(Value size) {
  auto divides = [&](int64_t r) { return k.compare(arith::CmpIPredicate::eq, k.rem(size, k.index(r)), k.index(0)); };
  return k.ifElse(
      divides(2), [&] { return k.select(divides(4), k.index(4), k.index(2)); },
      [&]() -> Value {
        // The smallest odd divisor from 3 on; the size itself ends the search.
        auto search = scf::WhileOp::create(k.b, k.loc, TypeRange{k.b.getIndexType()}, ValueRange{k.index(3)});
        OpBuilder::InsertionGuard guard(k.b);
        Block *before = k.b.createBlock(&search.getBefore(), {}, k.b.getIndexType(), k.loc);
        Value candidate = before->getArgument(0);
        Value isNone = k.compare(arith::CmpIPredicate::ne, k.rem(size, candidate), k.index(0));
        scf::ConditionOp::create(k.b, k.loc, isNone, before->getArguments());
        Block *after = k.b.createBlock(&search.getAfter(), {}, k.b.getIndexType(), k.loc);
        scf::YieldOp::create(k.b, k.loc, ValueRange{k.add(after->getArgument(0), 2)});
        return search.getResult(0);
      });
}

void FourierTransform::pass(Value radix, Value size, Value stride, Value from) {
  // With size = radix * groups: y[q + stride * (radix p + i)] = w^(stride p i) * sum over j of
  // x[q + stride * (p + groups j)] * w^(n / radix * i j), for p < groups, q < stride, i < radix.
  Value groups = k.div(size, radix), to = k.sub(k.index(1), from);
  auto known = getConstantIntValue(radix);
  auto butterfly = [&](Type shape, Value p, Value q) {
    auto input = [&](Value j) { return loadAt(shape, from, k.add(q, k.mul(stride, k.add(p, k.mul(groups, j))))); };
    auto output = [&](Value i, Complex value) {
      Value j = k.mul(k.mul(stride, p), i); // below n, since p < groups and i < radix
      storeAt(to, k.add(q, k.mul(stride, k.add(k.mul(radix, p), i))), mul(value, splat(tableAt(j), shape)));
    };
    if (known && *known == 2) {
      Complex a = input(k.index(0)), b = input(k.index(1));
      output(k.index(0), add(a, b));
      output(k.index(1), sub(a, b));
    } else if (known) {
      Complex a = input(k.index(0)), b = input(k.index(1)), c = input(k.index(2)), d = input(k.index(3));
      Complex even = add(a, c), evenDifference = sub(a, c), odd = add(b, d), oddDifference = turn(sub(b, d));
      output(k.index(0), add(even, odd));
      output(k.index(1), add(evenDifference, oddDifference));
      output(k.index(2), sub(even, odd));
      output(k.index(3), sub(evenDifference, oddDifference));
    } else {
      Value spacing = k.div(length, radix);
      k.loop(radix, [&](Value i) {
        Value zero = constantLike(k.b, k.loc, shape, 0.0);
        auto sums = k.loop(k.index(0), radix, k.index(1), {zero, zero}, [&](Value j, ValueRange sum) -> SmallVector<Value> {
          Value turns = k.mul(spacing, k.rem(k.mul(i, j), radix));
          Complex next = add({sum[0], sum[1]}, mul(input(j), splat(tableAt(turns), shape)));
          return {next.first, next.second};
        });
        output(i, {sums[0], sums[1]});
      });
    }
  };
  int64_t lanes = std::max<int64_t>(1, k.target.vectorBits / compute.getIntOrFloatBitWidth());
  Value width = k.index(lanes), vectorEnd = k.mul(k.div(stride, width), width);
  k.loop(groups, [&](Value p) {
    k.loop(k.index(0), vectorEnd, width, [&](Value q) { butterfly(VectorType::get({lanes}, compute), p, q); });
    k.loop(vectorEnd, stride, k.index(1), [&](Value q) { butterfly(compute, p, q); });
  });
}

FourierTransform::Complex FourierTransform::loadAt(Type shape, Value which, Value i) {
  auto part = [&](int64_t p) -> Value {
    Value at[] = {which, k.index(p), i};
    if (auto vector = dyn_cast<VectorType>(shape))
      return vector::LoadOp::create(k.b, k.loc, vector, buffers, at);
    return memref::LoadOp::create(k.b, k.loc, buffers, at);
  };
  return {part(0), part(1)};
}

void FourierTransform::storeAt(Value which, Value i, Complex value) {
  auto part = [&](int64_t p, Value v) {
    Value at[] = {which, k.index(p), i};
    if (isa<VectorType>(v.getType()))
      vector::StoreOp::create(k.b, k.loc, v, buffers, at);
    else
      memref::StoreOp::create(k.b, k.loc, v, buffers, at);
  };
  part(0, value.first);
  part(1, value.second);
}

FourierTransform::Complex FourierTransform::add(Complex a, Complex b) {
  return {arith::AddFOp::create(k.b, k.loc, a.first, b.first), arith::AddFOp::create(k.b, k.loc, a.second, b.second)};
}
FourierTransform::Complex FourierTransform::sub(Complex a, Complex b) {
  return {arith::SubFOp::create(k.b, k.loc, a.first, b.first), arith::SubFOp::create(k.b, k.loc, a.second, b.second)};
}
FourierTransform::Complex FourierTransform::mul(Complex a, Complex b) {
  auto times = [&](Value x, Value y) -> Value { return arith::MulFOp::create(k.b, k.loc, x, y); };
  return {arith::SubFOp::create(k.b, k.loc, times(a.first, b.first), times(a.second, b.second)),
          arith::AddFOp::create(k.b, k.loc, times(a.first, b.second), times(a.second, b.first))};
}
FourierTransform::Complex FourierTransform::turn(Complex a) {
  auto negate = [&](Value v) -> Value { return arith::NegFOp::create(k.b, k.loc, v); };
  if (inverse)
    return {negate(a.second), a.first};
  return {a.second, negate(a.first)};
}
FourierTransform::Complex FourierTransform::splat(Complex scalar, Type shape) {
  auto vector = dyn_cast<VectorType>(shape);
  if (!vector)
    return scalar;
  return {vector::BroadcastOp::create(k.b, k.loc, vector, scalar.first),
          vector::BroadcastOp::create(k.b, k.loc, vector, scalar.second)};
}

} // namespace nnc
