#include "passes/cpu/MicroKernel.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/graph/Group.h"
#include "passes/lower/Contraction.h"

using namespace mlir;

namespace nnc {

static Value addTo(KernelBuilder &k, Value x, Value y) {
  if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
    return arith::AddFOp::create(k.b, k.loc, x, y);
  return arith::AddIOp::create(k.b, k.loc, x, y);
}

Value lowerLanes(KernelBuilder &k, Value vector, VectorType type) {
  SmallVector<int64_t> lanes = llvm::to_vector(llvm::seq<int64_t>(0, type.getNumElements()));
  return vector::ShuffleOp::create(k.b, k.loc, vector, vector, lanes);
}

Value withLowerLanes(KernelBuilder &k, Value vector, Value lower) {
  int64_t all = cast<VectorType>(vector.getType()).getNumElements(),
          few = cast<VectorType>(lower.getType()).getNumElements();
  // Both factors of a shuffle have as many lanes.
  SmallVector<int64_t> wide, lanes;
  for (int64_t i = 0; i < all; ++i) {
    wide.push_back(i % few);
    lanes.push_back(i < few ? i : all + i);
  }
  Value repeated = vector::ShuffleOp::create(k.b, k.loc, lower, lower, wide);
  return vector::ShuffleOp::create(k.b, k.loc, repeated, vector, lanes);
}

SmallVector<Value> MicroKernel::zeros(KernelBuilder &k) const {
  return SmallVector<Value>(rows * vectors, zeroOf(k, type));
}

SmallVector<Value> MicroKernel::joined(KernelBuilder &k, ValueRange partial) const {
  int64_t count = rows * vectors;
  SmallVector<Value> sums(partial);
  for (int64_t half = parts; half > 1; half = llvm::divideCeil(half, 2))
    for (int64_t i = llvm::divideCeil(half, 2) * count; i < half * count; ++i) {
      Value &sum = sums[i - llvm::divideCeil(half, 2) * count];
      sum = addTo(k, sum, sums[i]);
    }
  sums.truncate(count);
  return sums;
}

SmallVector<Value> MicroKernel::inParts(KernelBuilder &k, ValueRange accumulators) const {
  SmallVector<Value> sums(accumulators);
  sums.resize(parts * rows * vectors, zeroOf(k, type));
  return sums;
}

SmallVector<Value> MicroKernel::turns(KernelBuilder &k, Value from, Value to, ValueRange partial, Operand left,
                                      Operand right, Work atStep) const {
  int64_t count = rows * vectors, steps = std::max(parts, unroll);
  return k.loop(from, to, k.index(steps), partial, [&](Value turn, ValueRange carried) {
    SmallVector<Value> all(carried);
    // Neighbouring steps go to different parts.
    for (int64_t i = 0; i < steps; ++i) {
      int64_t part = i % parts * count;
      Value at = k.add(turn, i);
      if (atStep)
        atStep(at, i, steps);
      llvm::copy(step(k, at, ArrayRef(all).slice(part, count), left, right), all.begin() + part);
    }
    return all;
  });
}

SmallVector<Value> MicroKernel::emit(KernelBuilder &k, Value from, Value to, ValueRange accumulators,
                                     Operand left, Operand right, Work atStep) const {
  SmallVector<Value> sums(accumulators);
  if (int64_t steps = std::max(parts, unroll); steps > 1) {
    Value wide = k.index(steps), end = k.add(from, k.mul(k.div(k.sub(to, from), wide), wide));
    sums = joined(k, turns(k, from, end, inParts(k, sums), left, right, atStep));
    from = end;
    if (from == to || (getConstantIntValue(from) && getConstantIntValue(from) == getConstantIntValue(to)))
      return sums;
  }
  MicroKernel single = *this;
  single.parts = single.unroll = 1;
  return single.turns(k, from, to, sums, left, right, atStep);
}

SmallVector<Value> MicroKernel::step(KernelBuilder &k, Value at, ValueRange accumulators, Operand left,
                                     Operand right) const {
  SmallVector<Value> sums(accumulators), b;
  if (factors == Factors::brainPairs)
    return pairStep(k, at, sums, left, right);
  if (factors != Factors::elements)
    return byteStep(k, at, sums, left, right);
  for (int64_t j = 0; j < vectors; ++j)
    b.push_back(right(j, at));
  for (int64_t i = 0; i < rows; ++i) {
    Value a = vector::BroadcastOp::create(k.b, k.loc, type, left(i, at));
    for (int64_t n = 0; n < vectors; ++n) {
      // The narrow vector comes first: LLVM puts the result of what reads a scalar's vector last, and but a part of it,
      // in place of that vector, not of the sum, and then moves and spills the sums.
      int64_t j = last ? vectors - 1 - n : n;
      Value factor = typeOf(j) == type ? a : lowerLanes(k, a, typeOf(j));
      sums[i * vectors + j] = multiplyAdd(k, factor, b[j], sums[i * vectors + j]);
    }
  }
  return sums;
}

NextPanels::NextPanels(KernelBuilder &k, Value panels, Value start, int64_t count, int64_t depth, int64_t tiles,
                       Value number)
    : panels(panels) {
  // Every other step asks in each of so many parts.
  parts = llvm::divideCeil(2 * count, tiles);
  int64_t part = llvm::divideCeil(count * depth, parts) * nn::kBlock;
  partElements = part;
  // A line is asked for up to eight times, by steps that follow each other: all tiles then have a share of the part, where
  // the first two could ask for all of it faster than it comes from memory.
  perStep = nn::kBlock / 2;
  while (perStep > 1 && perStep / 2 * depth * tiles >= part)
    perStep /= 2;
  int64_t mine = std::min(part, perStep * depth);
  Value first = k.min(k.mul(number, mine), k.index(part - mine));
  share = k.add(start, first);
}

void NextPanels::prefetch(KernelBuilder &k, Value step, int64_t inTurn, int64_t turn) const {
  // The last of three steps would ask for what the next turn asks for first.
  bool asks = inTurn == 0 || (inTurn % (nn::kBlock / perStep) == 0 && inTurn + 1 < turn);
  if (!panels || !asks)
    return;
  Value element = k.add(share, k.mul(step, perStep));
  for (int64_t part = 0; part < parts; ++part) {
    Value at = k.add(element, part * partElements);
    memref::PrefetchOp::create(k.b, k.loc, panels, at, /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }
}

bool hasShortEpilogue(nn::GroupOp group, int64_t most) { return isShortBody(group.getBody().front(), most); }

bool isShortBody(Block &body, int64_t most) {
  int64_t ops = 0;
  for (Operation &op : body.without_terminator()) {
    if (!isElementwiseOp(&op))
      continue;
    // What is one instruction or two; functions such as exp are polynomials.
    auto unary = dyn_cast<nn::UnaryOp>(op);
    bool isCheap = unary ? unary.getKind() == nn::UnaryKind::relu || unary.getKind() == nn::UnaryKind::neg
                         : !isa<nn::BinaryOp>(op) || cast<nn::BinaryOp>(op).getKind() != nn::BinaryKind::pow;
    ops += isCheap ? 1 : 100;
  }
  return ops <= most;
}

} // namespace nnc
