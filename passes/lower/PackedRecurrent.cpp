// The lowering of nn.packed_recurrent: one item per direction and block of sequences.
//
// In every step the micro-kernel adds the products of the state with the panel of a block of units to what the
// projection holds; all gates of these units are then in registers, where the cell's arithmetic turns them into the
// new state; vectors of less than a block go gate by gate for several sequences. Panels are larger than the nearest
// caches, so the blocks are walked forth in one step and back in the next: what was read last is read first.
//
// Where the op has the input's panels, InputProjection forms what the projection would hold.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/InputProjection.h"
#include "passes/lower/RecurrentCell.h"
#include "passes/lower/Registry.h"

using namespace mlir;
using nnc::nn::RecurrentDirection;
using nnc::nn::RecurrentKind;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedRecurrentOp::kBlockUnits;

std::optional<int64_t> batchOf(nn::PackedRecurrentOp op) {
  auto y = cast<RankedTensorType>(op.getY().getType());
  return y.isDynamicDim(2) ? std::nullopt : std::optional(y.getDimSize(2));
}

RecurrentPlan planOf(nn::PackedRecurrentOp op, KernelTarget target) {
  int64_t gates = cast<RankedTensorType>(op.getPanels().getType()).getDimSize(3) / kWidth;
  // Sequences of different lengths would not take the same steps.
  return planRecurrent(target, gates, batchOf(op), /*together=*/!op.getLengths());
}

class PackedRecurrent {
public:
  PackedRecurrent(KernelBuilder &k, nn::PackedRecurrentOp op)
      : k(k), op(op), cell(k, op), plan(planOf(op, k.target)), hidden(op.getHiddenSize()),
        blocks(llvm::divideCeil(hidden, kWidth)),
        gates(cast<RankedTensorType>(op.getPanels().getType()).getDimSize(3) / kWidth),
        vector(VectorType::get({plan.lanes}, k.b.getF32Type())) {
    input = k.memref(op.getInput());
    panels = k.memref(op.getPanels());
    y = k.memref(op.getY());
    time = k.dim(input, 0);
    if (op.getInputPanels())
      ownProjection.emplace(k, op);
    auto units = [&](ArrayRef<int64_t> shape) {
      SmallVector<int64_t> dims(shape);
      dims.push_back(blocks * kWidth);
      return k.workspace(MemRefType::get(dims, k.b.getF32Type()));
    };
    state = units({2, plan.itemRows});
    if (op.getKind() == RecurrentKind::lstm)
      cells = units({plan.itemRows});
    if (isTwoPhase()) {
      updates = units({plan.itemRows});
      resets = units({plan.itemRows});
    }
    if (plan.isByGates)
      gateSums = k.workspace(MemRefType::get({blocks, gates, plan.itemRows, kWidth}, k.b.getF32Type()));
  }

  LogicalResult emit() {
    setGrain();
    Value batch = k.dim(y, 2);
    k.forEachItem([&](ValueRange point) {
      cell.direction = direction = point[0];
      int64_t all = plan.itemRows;
      Value first = k.mul(point[1], all);
      if (all == 1)
        return sequences(1, first);
      std::optional<int64_t> known = batchOf(op);
      if (known && *known % all == 0)
        return sequences(all, first);
      Value isWhole = k.compare(arith::CmpIPredicate::sle, k.add(first, all), batch);
      k.ifThen(isWhole, [&] { sequences(all, first); });
      if (known) {
        Value isPartial = k.negated(isWhole);
        k.ifThen(isPartial, [&] { sequences(*known % all, first); });
        return;
      }
      // Each part reads all panels.
      Value from = k.select(isWhole, batch, first);
      k.byPowersOfTwo(all, from, batch, [&](int64_t count, Value at) { sequences(count, at); });
    });
    return success();
  }

private:
  bool isTwoPhase() { return op.getKind() == RecurrentKind::gru && !op.getLinearBeforeReset(); }

  void setGrain() {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t steps = type.isDynamicDim(0) ? 16 : type.getDimSize(0);
    k.grain =
        std::max<int64_t>(1, 100000 / std::max<int64_t>(1, steps * gates * hidden * hidden * plan.itemRows));
  }

  /// `count` sequences from `first` on, from their first step to their last.
  void sequences(int64_t count, Value first) {
    rows = count;
    row = first;
    Value length = time;
    if (op.getLengths())
      length = k.max(k.index(0), k.min(time, k.loadIndex(op.getLengths(), row)));
    overRows([&](Value i) {
      initialize(state, {k.index(0), i}, op.getInitialH(), i);
      // What lies behind the last unit is only computed, but not with numbers that make that slow.
      initialize(state, {k.index(1), i}, {}, i);
      if (cells)
        initialize(cells, {i}, op.getInitialC(), i);
    });
    Value isReverse;
    if (op.getDirection() == RecurrentDirection::bidirectional)
      isReverse = k.compare(arith::CmpIPredicate::eq, direction, k.index(1));
    auto timeOf = [this, length, isReverse](Value i) {
      Value mirrored = k.sub(k.sub(length, k.index(1)), i);
      return op.getDirection() == RecurrentDirection::reverse ? mirrored
             : isReverse                                      ? k.select(isReverse, mirrored, i)
                                                              : i;
    };
    if (ownProjection)
      ownProjection->start(direction, length, timeOf);
    k.loop(length, [&](Value i) {
      step = timeOf(i);
      if (ownProjection)
        ownProjection->beginStep(i);
      now = k.rem(i, k.index(2));
      next = k.sub(k.index(1), now);
      emitStep();
      overRows([&](Value r) { copy(state, {next, r}, y, {step, direction, k.add(row, r)}); });
    });
    Value last = k.rem(length, k.index(2));
    overRows([&](Value r) {
      Value at = k.add(row, r);
      copy(state, {last, r}, k.memref(op.getYH()), {direction, at});
      // Only an lstm has a cell state; what is there of others is of no meaning, but it is of no chance
      // either.
      if (cells)
        copy(cells, {r}, k.memref(op.getYC()), {direction, at});
      else
        copy(state, {last, r}, k.memref(op.getYC()), {direction, at});
    });
    if (op.getLengths())
      k.loop(length, time, k.index(1), [&](Value t) {
        units([&](Type shape, Value j) {
          store(constantLike(k.b, k.loc, shape, 0.0), y, {t, direction, row, j});
        });
      });
  }

  /// The sequences of the item: a loop where several tiles share a body.
  void overRows(llvm::function_ref<void(Value)> body) {
    if (plan.isByGates)
      return k.loop(k.index(rows), body);
    for (int64_t r = 0; r < rows; ++r)
      body(k.index(r));
  }

  /// Fills units of the workspace with those of an operand, or with zeros.
  void initialize(Value to, SmallVector<Value> at, Value from, Value r) {
    at.push_back({});
    k.loop(k.index(0), k.index(blocks * kWidth), k.index(plan.lanes), [&](Value j) {
      at.back() = j;
      store(constantLike(k.b, k.loc, vector, 0.0), to, at);
    });
    at.pop_back();
    if (from)
      copy(k.memref(from), {direction, k.add(row, r)}, to, at);
  }

  void copy(Value from, SmallVector<Value> fromAt, Value to, SmallVector<Value> toAt) {
    fromAt.push_back({});
    toAt.push_back({});
    units([&](Type shape, Value j) {
      fromAt.back() = toAt.back() = j;
      store(load(from, fromAt, shape), to, toAt);
    });
  }

  /// All units: vectors, then what is left.
  void units(llvm::function_ref<void(Type shape, Value j)> body) {
    int64_t vectorEnd = hidden / plan.lanes * plan.lanes;
    if (vectorEnd > 0)
      k.loop(k.index(0), k.index(vectorEnd), k.index(plan.lanes), [&](Value j) { body(vector, j); });
    for (int64_t j = vectorEnd; j < hidden; ++j)
      body(k.b.getF32Type(), k.index(j));
  }

  //===--------------------------------------------------------------------===//
  // A step
  //===--------------------------------------------------------------------===//

  void emitStep() {
    switch (op.getKind()) {
    case RecurrentKind::rnn:
      return overTiles(0, 1, state,
                       [&](Tile tile, ValueRange sums) { setState(tile, cell.activate(0, sums[0])); });
    case RecurrentKind::lstm:
      return overTiles(0, 4, state, [&](Tile tile, ValueRange sums) {
        auto peephole = [&](int64_t which) -> Value {
          return op.getPeephole()
                     ? load(k.memref(op.getPeephole()), {direction, k.index(which), tile.unit}, vector)
                     : Value();
        };
        auto [h, c] = cell.lstm(sums, load(cells, {tile.row, tile.unit}, vector), peephole);
        store(c, cells, {tile.row, tile.unit});
        setState(tile, h);
      });
    case RecurrentKind::gru: break;
    }
    enum { Z, R, H };
    if (!isTwoPhase())
      return overTiles(Z, 3, state, [&](Tile tile, ValueRange sums) {
        Value z = cell.activate(0, sums[Z]), reset = cell.activate(0, sums[R]);
        Value candidate = cell.activate(1, cell.add(projected(tile, H), cell.mul(reset, sums[H])));
        setState(tile, cell.blend(z, candidate, previous(tile)));
      });
    // The candidate needs the reset gates of all units.
    overTiles(Z, 2, state, [&](Tile tile, ValueRange sums) {
      store(cell.activate(0, sums[Z]), updates, {tile.row, tile.unit});
      store(cell.mul(cell.activate(0, sums[R]), previous(tile)), resets, {tile.row, tile.unit});
    });
    overTiles(H, 1, resets, [&](Tile tile, ValueRange sums) {
      Value z = load(updates, {tile.row, tile.unit}, vector);
      setState(tile, cell.blend(z, cell.activate(1, sums[0]), previous(tile)));
    });
  }

  /// A vector of units of one sequence.
  struct Tile {
    Value row;
    /// The vector of the block.
    int64_t vector;
    Value block, unit;
  };

  /// For all units the sums of the gates [firstGate, firstGate + count), formed with the state `from`, to
  /// `body`.
  void overTiles(int64_t firstGate, int64_t count, Value from,
                 llvm::function_ref<void(Tile, ValueRange)> body) {
    if (plan.isByGates)
      return overGates(firstGate, count, from, body);
    MicroKernel kernel{rows, count * plan.vectors, vector};
    kernel.parts = partsFor(k.target, rows * kernel.vectors);
    // A step that has two products per unit has time for the input in the first.
    bool isBoth = ownProjection && ownProjection->isInterleaved() && firstGate == 0;
    overBlocks(count, [&](Value block, Value isForth) {
      for (int64_t v = 0; v < kWidth / plan.lanes; v += plan.vectors) {
        auto tileOf = [&](int64_t r, int64_t j) {
          return Tile{k.index(r), v + j, block, k.add(k.mul(block, kWidth), (v + j) * plan.lanes)};
        };
        SmallVector<Value> sums;
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t j = 0; j < plan.vectors; ++j)
            for (int64_t g = 0; g < count; ++g)
              sums.push_back(initial(tileOf(r, j), firstGate + g));
        auto left = [&](int64_t r, Value at) { return factor(from, k.index(r), at); };
        auto right = [&](int64_t j, Value at) {
          int64_t column = (firstGate + j % count) * kWidth + (v + j / count) * plan.lanes;
          return load(panels, {direction, block, at, k.index(column)}, vector);
        };
        // Within a block, too, what was read last is read first. Beside the input's products that gains nothing.
        Value start = k.select(isForth, k.index(0), k.index(hidden - 1));
        Value stride = k.select(isForth, k.index(1), k.index(-1));
        auto turned = [&](MicroKernel::Operand operand) {
          return [this, start, stride, operand](int64_t i, Value at) {
            return operand(i, k.add(start, k.mul(at, stride)));
          };
        };
        sums = isBoth ? ownProjection->beside(kernel, hidden, sums, left, right, block)
                      : kernel.emit(k, k.index(0), k.index(hidden), sums, turned(left), turned(right));
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t j = 0; j < plan.vectors; ++j)
            body(tileOf(r, j), ArrayRef(sums).slice((r * plan.vectors + j) * count, count));
      }
    });
  }

  /// The blocks of units, of `count` gates each, forth in one step and back in the next; threads share them.
  void overBlocks(int64_t count, llvm::function_ref<void(Value block, Value isForth)> body) {
    k.parallel(k.index(blocks), rangeWorthAFork(rows * count * kWidth * hidden), [&](Value begin, Value end) {
      Value isForth = k.compare(arith::CmpIPredicate::eq, now, k.index(0));
      k.loop(begin, end, k.index(1), [&](Value i) {
        body(k.select(isForth, i, k.sub(k.add(begin, k.sub(end, k.index(1))), i)), isForth);
      });
    });
  }

  /// An element of what R is multiplied by, `from`.
  Value factor(Value from, Value r, Value at) {
    SmallVector<Value> indices = {r, at};
    if (from == state)
      indices.insert(indices.begin(), now);
    return load(from, indices, k.b.getF32Type());
  }

  /// As overTiles, for one gate of a block of units after the other. What is summed waits in `gateSums`, which each
  /// block has of its own, since threads share the blocks.
  void overGates(int64_t firstGate, int64_t count, Value from, llvm::function_ref<void(Tile, ValueRange)> body) {
    overBlocks(count, [&](Value block, Value) {
      auto tileOf = [&](Value r, int64_t v) {
        return Tile{r, v, block, k.add(k.mul(block, kWidth), v * plan.lanes)};
      };
      for (int64_t gate = firstGate; gate < firstGate + count; ++gate) {
        auto sum = [&](int64_t height, Value first) {
          MicroKernel kernel{height, plan.vectors, vector};
          kernel.parts = partsFor(k.target, height * plan.vectors);
          kernel.unroll = stepsOfTurn(k.target);
          SmallVector<Value> sums;
          for (int64_t r = 0; r < height; ++r)
            for (int64_t v = 0; v < plan.vectors; ++v)
              sums.push_back(initial(tileOf(k.add(first, r), v), gate));
          auto left = [&](int64_t r, Value at) { return factor(from, k.add(first, r), at); };
          auto right = [&](int64_t v, Value at) {
            return load(panels, {direction, block, at, k.index(gate * kWidth + v * plan.lanes)}, vector);
          };
          sums = kernel.emit(k, k.index(0), k.index(hidden), sums, left, right);
          for (int64_t r = 0; r < height; ++r)
            for (int64_t v = 0; v < plan.vectors; ++v)
              store(sums[r * plan.vectors + v], gateSums,
                    {block, k.index(gate), k.add(first, r), k.index(v * plan.lanes)});
        };
        int64_t rest = rows % plan.rows;
        if (rows > rest)
          k.loop(k.index(0), k.index(rows - rest), k.index(plan.rows), [&](Value first) { sum(plan.rows, first); });
        if (rest > 0)
          sum(rest, k.index(rows - rest));
      }
      overRows([&](Value r) {
        for (int64_t v = 0; v < plan.vectors; ++v) {
          SmallVector<Value> sums;
          for (int64_t gate = firstGate; gate < firstGate + count; ++gate)
            sums.push_back(load(gateSums, {block, k.index(gate), r, k.index(v * plan.lanes)}, vector));
          body(tileOf(r, v), sums);
        }
      });
    });
  }

  /// What the products with the state are added to.
  Value initial(Tile tile, int64_t gate) {
    bool isLinear = op.getKind() == RecurrentKind::gru && !isTwoPhase() && gate == 2;
    if (!isLinear)
      return projected(tile, gate);
    if (op.getRecurrentBias())
      return load(k.memref(op.getRecurrentBias()), {direction, tile.unit}, vector);
    return constantLike(k.b, k.loc, vector, 0.0);
  }
  Value projected(Tile tile, int64_t gate) {
    if (ownProjection)
      return ownProjection->load(tile.block, gate, tile.vector);
    Value block = k.add(k.mul(direction, blocks), tile.block);
    Value column = k.add(k.mul(block, gates * kWidth), gate * kWidth + tile.vector * plan.lanes);
    return load(input, {step, k.add(row, tile.row), column}, vector);
  }
  Value previous(Tile tile) { return load(state, {now, tile.row, tile.unit}, vector); }
  void setState(Tile tile, Value h) { store(h, state, {next, tile.row, tile.unit}); }

  Value load(Value memref, ArrayRef<Value> at, Type shape) {
    if (auto type = dyn_cast<VectorType>(shape))
      return vector::LoadOp::create(k.b, k.loc, type, memref, at);
    return memref::LoadOp::create(k.b, k.loc, memref, at);
  }
  void store(Value value, Value memref, ArrayRef<Value> at) {
    if (isa<VectorType>(value.getType()))
      vector::StoreOp::create(k.b, k.loc, value, memref, at);
    else
      memref::StoreOp::create(k.b, k.loc, value, memref, at);
  }

  KernelBuilder &k;
  nn::PackedRecurrentOp op;
  RecurrentCell cell;
  RecurrentPlan plan;
  int64_t hidden, blocks, gates;
  VectorType vector;
  Value input, panels, y, time;
  /// Where the input is not projected yet.
  std::optional<InputProjection> ownProjection;
  /// Of this range, in the workspace, filled up to whole blocks: hidden states [2, rows, units], the steps
  /// taking turns; cell states; a GRU's update gates and the state after its reset gates.
  Value state, cells, updates, resets;
  /// The sums of a step where those of a unit's gates are formed one after another: [blocks, gates, rows, 16].
  Value gateSums;
  /// The current item, its step, and the halves of `state` that the step reads and writes.
  int64_t rows = 1;
  Value direction, row, step, now, next;
};

AffineMap packedRecurrentItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  int64_t rows = planOf(cast<nn::PackedRecurrentOp>(root), target).itemRows;
  MLIRContext *context = group.getContext();
  return AffineMap::get(4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(2, context).ceilDiv(rows)},
                        context);
}

LogicalResult emitPackedRecurrent(KernelBuilder &k, Operation *root) {
  return PackedRecurrent(k, cast<nn::PackedRecurrentOp>(root)).emit();
}

} // namespace

void registerPackedRecurrentLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedRecurrentOp>({nullptr, emitPackedRecurrent, packedRecurrentItems});
}

} // namespace nnc
