#include "passes/lower/Rows.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

int64_t rowDim(RankedTensorType type) {
  int64_t dim = type.getRank() - 1;
  while (dim > 0 && type.getDimSize(dim) == 1)
    --dim;
  return type.getDimSize(dim) == 1 ? type.getRank() - 1 : dim;
}

Rows::Rows(KernelBuilder &k, Value tensor) : k(k), vector(VectorType::get({k.lanes()}, k.b.getF32Type())) {
  RankedTensorType type = rankedType(tensor);
  int64_t dim = rowDim(type);
  length = k.dimOf(tensor, dim);
  if (!type.isDynamicDim(dim))
    known = type.getDimSize(dim);
  setGrain();
}

Rows::Rows(KernelBuilder &k, int64_t length)
    : k(k), vector(VectorType::get({k.lanes()}, k.b.getF32Type())), length(k.index(length)), known(length) {
  setGrain();
}

void Rows::setGrain() { k.grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, known.value_or(64))); }

void Rows::forEach(llvm::function_ref<void(Block)> body) {
  RowsPlan plan = planRows(known);
  auto block = [&](Value row, int64_t rows, int64_t width) { body({row, k.mul(row, length), rows, width}); };
  Value step = k.index(plan.rows), end = k.begin;
  if (plan.rows > 1) {
    end = k.add(k.begin, k.mul(k.div(k.sub(k.end, k.begin), step), step));
    k.loop(k.begin, end, step, [&](Value row) { block(row, plan.rows, 1); });
  }
  k.loop(end, k.end, k.index(1), [&](Value row) { block(row, 1, plan.vectors); });
}

Rows::Block Rows::part(Block block, int64_t first, int64_t rows, int64_t width) {
  return {k.add(block.row, first), offsetOf(block, first, k.index(0)), rows, width};
}

Value Rows::offsetOf(Block block, int64_t row, Value column) {
  return k.add(k.add(block.base, k.mul(length, row)), column);
}

SmallVector<Value> Rows::walk(Block block, Value neutral, Join join, Body body) {
  int64_t lanes = k.lanes(), rows = block.rows;
  Value from = k.index(0);
  SmallVector<Value> state(rows, neutral);
  auto visit = [&](int64_t vectors) {
    Value step = k.index(vectors * lanes), stop = k.add(from, k.mul(k.div(k.sub(length, from), step), step));
    // Every vector of a step carries a value of its own until the end.
    SmallVector<Value> carried(state);
    carried.append(rows * (vectors - 1), neutral);
    carried = k.loop(from, stop, step, carried, [&](Value i, ValueRange now) {
      SmallVector<Value> next;
      for (int64_t v = 0; v < vectors; ++v)
        for (int64_t r = 0; r < rows; ++r) {
          Value column = k.add(i, v * lanes);
          next.push_back(body({r, column, offsetOf(block, r, column), Value()}, now[v * rows + r]));
        }
      return next;
    });
    for (int64_t r = 0; r < rows; ++r) {
      state[r] = carried[r];
      for (int64_t v = 1; v < vectors; ++v)
        state[r] = join(state[r], carried[v * rows + r]);
    }
    from = stop;
  };
  if (block.width > 1)
    visit(block.width);
  visit(1);
  if (known && *known % lanes == 0)
    return state;
  Value mask = firstLanes(k, k.sub(length, from), lanes);
  return k.loop(from, length, k.index(lanes), state, [&](Value i, ValueRange now) {
    SmallVector<Value> next;
    for (int64_t r = 0; r < rows; ++r)
      next.push_back(body({r, i, offsetOf(block, r, i), mask}, now[r]));
    return next;
  });
}

SmallVector<Value> Rows::sum(Block block, llvm::function_ref<Value(Piece)> body) {
  Value zero = zeroOf(k, vector);
  auto plus = [&](Value a, Value b) -> Value { return arith::AddFOp::create(k.b, k.loc, a, b); };
  SmallVector<Value> sums =
      walk(block, zero, plus, [&](Piece at, Value total) { return plus(total, where(at, body(at), zero)); });
  for (Value &sum : sums)
    sum = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, sum,
                                      arith::FastMathFlags::reassoc);
  return sums;
}

void Rows::map(Block block, Value from, Value to, std::optional<int64_t> columns,
               llvm::function_ref<void(Type, Piece)> body) {
  auto visit = [&](Type shape, int64_t lanes, int64_t vectors) {
    Value step = k.index(lanes * vectors), stop = k.add(from, k.mul(k.div(k.sub(to, from), step), step));
    k.loop(from, stop, step, [&](Value i) {
      for (int64_t v = 0; v < vectors; ++v)
        for (int64_t r = 0; r < block.rows; ++r) {
          Value column = k.add(i, v * lanes);
          body(shape, {r, column, offsetOf(block, r, column), Value()});
        }
    });
    from = stop;
  };
  if (block.width > 1)
    visit(vector, k.lanes(), block.width);
  visit(vector, k.lanes(), 1);
  if (!columns || *columns % k.lanes() != 0)
    visit(vector.getElementType(), 1, 1);
}

Value Rows::load(Value flat, Piece at) {
  if (!at.mask)
    return vector::LoadOp::create(k.b, k.loc, vector, flat, at.offset);
  return vector::MaskedLoadOp::create(k.b, k.loc, vector, flat, at.offset, at.mask, zeroOf(k, vector));
}

void Rows::store(Value value, Value flat, Piece at) {
  if (at.mask)
    vector::MaskedStoreOp::create(k.b, k.loc, flat, at.offset, at.mask, value);
  else
    vector::StoreOp::create(k.b, k.loc, value, flat, at.offset);
}

void Rows::prefetchNext(Value flat, Block block, Piece at, bool isWrite) {
  memref::PrefetchOp::create(k.b, k.loc, flat, k.add(at.offset, k.mul(length, block.rows)), isWrite,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

Value Rows::splat(Value scalar) { return vector::BroadcastOp::create(k.b, k.loc, vector, scalar); }

Value Rows::where(Piece at, Value value, Value other) {
  return at.mask ? arith::SelectOp::create(k.b, k.loc, at.mask, value, other).getResult() : value;
}

} // namespace nnc
