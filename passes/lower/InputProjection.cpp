#include "passes/lower/InputProjection.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedRecurrentOp::kBlockUnits;

/// The most steps of a sum in a round: more only make the code longer.
constexpr int64_t kMostSteps = 16;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

} // namespace

InputProjection::InputProjection(KernelBuilder &k, nn::PackedRecurrentOp op)
    : k(k), gates(typeOf(op.getPanels()).getDimSize(3) / kWidth),
      blocks(typeOf(op.getPanels()).getDimSize(1)), inputs(typeOf(op.getInputPanels()).getDimSize(1)),
      lanes(std::min(k.lanes(), kWidth)), vector(VectorType::get({lanes}, k.b.getF32Type())),
      x(k.memref(op.getInput())), panels(k.memref(op.getInputPanels())),
      bias(op.getInputBias() ? k.memref(op.getInputBias()) : Value()) {
  plan = planProjection(k.target, gates);
  if (plan.isInterleaved) {
    inputParts = plan.steps / gates;
    partInputs = inputs / inputParts;
  }
  Type element = k.b.getF32Type();
  buffer =
      k.workspace(MemRefType::get({plan.isInterleaved ? 2 : 1, blocks, plan.steps, gates * kWidth}, element));
  // Rows at the distance of a page would evict each other.
  int64_t distance = llvm::alignTo(inputs, kWidth) + kWidth;
  rows = k.workspace(MemRefType::get({plan.steps, distance}, element));
  k.note(Twine("products with the input of ") + Twine(plan.steps) + " steps at a time" +
         (plan.isInterleaved ? ", formed during the steps before" : ""));
}

void InputProjection::start(Value direction, Value steps, std::function<Value(Value)> timeOf) {
  this->direction = direction;
  this->timeOf = std::move(timeOf);
  length = steps;
  now = k.index(0);
  if (plan.isInterleaved)
    k.ifThen(k.compare(arith::CmpIPredicate::sgt, steps, k.index(0)), [&] { project(k.index(0)); });
}

void InputProjection::beginStep(Value step) {
  Value chunk = k.div(step, k.index(plan.steps));
  place = k.rem(step, k.index(plan.steps));
  Value isFirst = k.compare(arith::CmpIPredicate::eq, place, k.index(0));
  if (!plan.isInterleaved)
    return k.ifThen(isFirst, [&] { project(chunk); });
  now = k.rem(chunk, k.index(2));
  next = k.sub(k.index(1), now);
  gate = k.div(place, k.index(inputParts));
  part = k.rem(place, k.index(inputParts));
  hasNext = k.compare(arith::CmpIPredicate::slt, k.mul(k.add(chunk, 1), plan.steps), length);
  k.ifThen(k.both(isFirst, hasNext), [&] { gather(k.add(chunk, 1)); });
}

Value InputProjection::load(Value block, int64_t gate, int64_t v) {
  return vector::LoadOp::create(k.b, k.loc, vector, buffer,
                                ValueRange{now, block, place, k.index(gate * kWidth + v * lanes)});
}

/// Copies the inputs of a chunk's steps to where rows are at one distance, whatever the order of time. Past the end the
/// last step is repeated.
void InputProjection::gather(Value chunk) {
  Value first = k.mul(chunk, plan.steps), last = k.sub(length, k.index(1)), zero = k.index(0);
  k.loop(k.index(plan.steps), [&](Value row) {
    Value time = timeOf(k.min(k.add(first, row), last));
    int64_t vectorEnd = inputs / lanes * lanes;
    k.loop(zero, k.index(vectorEnd), k.index(lanes), [&](Value at) {
      Value some = vector::LoadOp::create(k.b, k.loc, vector, x, ValueRange{time, zero, at});
      vector::StoreOp::create(k.b, k.loc, some, rows, ValueRange{row, at});
    });
    k.loop(k.index(vectorEnd), k.index(inputs), k.index(1), [&](Value at) {
      Value one = memref::LoadOp::create(k.b, k.loc, x, ValueRange{time, zero, at});
      memref::StoreOp::create(k.b, k.loc, one, rows, ValueRange{row, at});
    });
  });
}

/// All products of a chunk, to the half of the buffer that is read `now`.
void InputProjection::project(Value chunk) {
  gather(chunk);
  Value end = k.min(k.index(plan.steps), k.sub(length, k.mul(chunk, plan.steps)));
  Value wholeEnd = k.mul(k.div(end, k.index(plan.rows)), plan.rows);
  auto withPanel = [&](Value block, Value gate) {
    k.loop(k.index(0), wholeEnd, k.index(plan.rows),
           [&](Value row) { project(block, gate, row, plan.rows); });
    k.byPowersOfTwo(plan.rows, wholeEnd, end,
                    [&](int64_t count, Value row) { project(block, gate, row, count); });
  };
  int64_t least = rangeWorthAFork(plan.steps * gates * kWidth * inputs);
  k.parallel(k.index(blocks), least, [&](Value from, Value to) {
    k.loop(from, to, k.index(1),
           [&](Value block) { k.loop(k.index(gates), [&](Value gate) { withPanel(block, gate); }); });
  });
}

/// The products of `count` steps of a chunk from `row` on with a panel.
void InputProjection::project(Value block, Value gate, Value row, int64_t count) {
  MicroKernel kernel{count, kWidth / lanes, vector};
  kernel.parts = partsFor(k.target, kernel.rows * kernel.vectors);
  Value panel = panelOf(block, gate);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < kernel.rows * kernel.vectors; ++i)
    sums.push_back(initial(panel, i % kernel.vectors));
  auto left = [&](int64_t i, Value at) { return inputAt(k.add(row, i), at); };
  auto right = [&](int64_t j, Value at) { return weightsAt(panel, at, j); };
  sums = kernel.emit(k, k.index(0), k.index(inputs), sums, left, right);
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value column = k.add(k.mul(gate, kWidth), i % kernel.vectors * lanes);
    vector::StoreOp::create(k.b, k.loc, sum, buffer,
                            ValueRange{now, block, k.add(row, i / kernel.vectors), column});
  }
}

InputProjection::Rounds InputProjection::roundsOf(int64_t parts, int64_t depth) const {
  if (partInputs == 0)
    return {0, parts, 1};
  // As many of the one as of the other run out together.
  auto stepsPer = [](int64_t more, int64_t fewer) {
    return std::clamp<int64_t>((more + fewer / 2) / fewer, 1, kMostSteps);
  };
  Rounds rounds{0, parts, 1};
  if (depth >= parts * partInputs)
    rounds.stateSteps =
        parts * std::min(stepsPer(depth, parts * partInputs), std::max<int64_t>(1, kMostSteps / parts));
  else
    rounds.inputSteps = stepsPer(parts * partInputs, depth);
  rounds.count = std::min(depth / rounds.stateSteps, partInputs / rounds.inputSteps);
  return rounds;
}

SmallVector<Value> InputProjection::beside(const MicroKernel &kernel, int64_t depth, ValueRange initial,
                                           MicroKernel::Operand left, MicroKernel::Operand right,
                                           Value block) {
  auto both = [&](OpBuilder &, Location) {
    scf::YieldOp::create(k.b, k.loc, interleaved(kernel, depth, initial, left, right, block));
  };
  auto one = [&](OpBuilder &, Location) {
    scf::YieldOp::create(k.b, k.loc, kernel.emit(k, k.index(0), k.index(depth), initial, left, right));
  };
  return SmallVector<Value>(scf::IfOp::create(k.b, k.loc, hasNext, both, one).getResults());
}

SmallVector<Value> InputProjection::interleaved(const MicroKernel &kernel, int64_t depth,
                                                ValueRange initialSums, MicroKernel::Operand left,
                                                MicroKernel::Operand right, Value block) {
  int64_t count = kernel.rows * kernel.vectors;
  Rounds rounds = roundsOf(kernel.parts, depth);
  MicroKernel own{plan.steps, 1, vector};
  Value panel = panelOf(block, gate), from = k.mul(part, partInputs);
  auto ownLeft = [&](int64_t i, Value at) { return inputAt(k.index(i), at); };
  auto ownRight = [&](int64_t, Value at) { return weightsAt(panel, at, 0); };
  auto sumAt = [&](int64_t row) {
    return SmallVector<Value>{next, block, k.index(row), k.mul(gate, kWidth)};
  };

  SmallVector<Value> sums = kernel.inParts(k, initialSums);
  Value isFirst = k.compare(arith::CmpIPredicate::eq, part, k.index(0)), start = initial(panel, 0);
  for (int64_t row = 0; row < plan.steps; ++row)
    sums.push_back(k.select(isFirst, start, vector::LoadOp::create(k.b, k.loc, vector, buffer, sumAt(row))));

  sums = k.loop(k.index(0), k.index(rounds.count), k.index(1), sums, [&](Value i, ValueRange carried) {
    SmallVector<Value> state(carried.drop_back(plan.steps)), input(carried.take_back(plan.steps));
    Value at = k.mul(i, rounds.stateSteps), ownAt = k.add(from, k.mul(i, rounds.inputSteps));
    int64_t done = 0;
    for (int64_t s = 0; s < rounds.stateSteps; ++s) {
      MutableArrayRef<Value> partial = MutableArrayRef(state).slice(s % kernel.parts * count, count);
      llvm::copy(kernel.step(k, k.add(at, s), partial, left, right), partial.begin());
      for (; done < (s + 1) * rounds.inputSteps / rounds.stateSteps; ++done)
        input = own.step(k, k.add(ownAt, done), input, ownLeft, ownRight);
    }
    llvm::append_range(state, input);
    return state;
  });

  // What is left of either.
  ValueRange input = ArrayRef(sums).take_back(plan.steps);
  Value isLast = k.compare(arith::CmpIPredicate::eq, part, k.index(inputParts - 1));
  Value end = k.select(isLast, k.index(inputs), k.add(from, partInputs));
  SmallVector<Value> inputSums =
      own.emit(k, k.add(from, rounds.count * rounds.inputSteps), end, input, ownLeft, ownRight);
  for (auto [row, sum] : llvm::enumerate(inputSums))
    vector::StoreOp::create(k.b, k.loc, sum, buffer, sumAt(row));
  SmallVector<Value> stateSums = kernel.joined(k, ValueRange(sums).drop_back(plan.steps));
  int64_t stateEnd = rounds.count * rounds.stateSteps;
  return stateEnd == depth ? stateSums
                           : kernel.emit(k, k.index(stateEnd), k.index(depth), stateSums, left, right);
}

Value InputProjection::panelOf(Value block, Value gate) {
  return k.add(k.mul(k.add(k.mul(direction, blocks), block), gates), gate);
}

Value InputProjection::initial(Value panel, int64_t v) {
  if (!bias)
    return constantLike(k.b, k.loc, vector, 0.0);
  return vector::LoadOp::create(k.b, k.loc, vector, bias, ValueRange{k.add(k.mul(panel, kWidth), v * lanes)});
}

Value InputProjection::inputAt(Value row, Value at) {
  return memref::LoadOp::create(k.b, k.loc, rows, ValueRange{row, at});
}

Value InputProjection::weightsAt(Value panel, Value at, int64_t v) {
  return vector::LoadOp::create(k.b, k.loc, vector, panels, ValueRange{panel, at, k.index(v * lanes)});
}

} // namespace nnc
