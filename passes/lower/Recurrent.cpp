// The lowering of nn.recurrent: one item per direction and batch row, since these are independent of each other.
//
// A step of a cell is two things: dot products of the step's input and of the state with rows of the weights, and
// elementwise arithmetic of the gates. Hidden units are taken in chunks: the dot products of a chunk, several rows at
// a time, go to a small buffer; then the arithmetic is done on vectors of units. The state lies in the results: y_h
// holds the previous hidden state while a step writes its own to y, y_c the cell state.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/RecurrentCell.h"
#include "passes/lower/Registry.h"

using namespace mlir;
using nnc::nn::RecurrentDirection;
using nnc::nn::RecurrentKind;

namespace nnc {

namespace {

/// Dot products computed at a time: enough to hide the latency of a multiply-add.
constexpr int64_t kRowsAtOnce = 8;

class CellEmitter {
public:
  CellEmitter(KernelBuilder &k, nn::RecurrentOp op)
      : k(k), op(op), cell(k, op), element(cast<RankedTensorType>(op.getX().getType()).getElementType()),
        compute(computeType(element)), hidden(op.getHiddenSize()),
        lanes(std::max<int64_t>(1, k.target.vectorBits / compute.getIntOrFloatBitWidth())) {
    x = k.memref(op.getX());
    w = k.memref(op.getW());
    r = k.memref(op.getR());
    y = k.memref(op.getY());
    yH = k.memref(op.getYH());
    yC = k.memref(op.getYC());
    time = k.dim(x, 0);
    inputSize = k.dim(x, 2);
    // A multiple of the vector length and of the units that are computed together.
    chunk = std::max<int64_t>(2 * lanes, kRowsAtOnce);
  }

  LogicalResult emit() {
    bool linear = op.getLinearBeforeReset();
    int64_t products = op.getKind() == RecurrentKind::rnn ? 1 : op.getKind() == RecurrentKind::gru && !linear ? 3 : 4;
    buffer = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({products, chunk}, compute));
    setGrain();
    k.forEachItem([&](ValueRange point) {
      cell.direction = direction = point[0];
      row = point[1];
      run();
    });
    return success();
  }

private:
  void setGrain() {
    int64_t gates = cast<RankedTensorType>(op.getR().getType()).getDimSize(1);
    auto xType = cast<RankedTensorType>(op.getX().getType());
    int64_t steps = xType.isDynamicDim(0) ? 16 : xType.getDimSize(0);
    int64_t inputs = xType.isDynamicDim(2) ? hidden : xType.getDimSize(2);
    k.grain = std::max<int64_t>(1, 20000 / std::max<int64_t>(1, steps * gates * (inputs + hidden)));
  }

  /// Walks the sequence of this item.
  void run() {
    Value length = time;
    if (op.getLengths())
      length = k.max(k.index(0), k.min(time, k.loadIndex(op.getLengths(), row)));
    k.loop(k.index(hidden), [&](Value j) {
      initialize(yH, op.getInitialH(), j);
      initialize(yC, op.getInitialC(), j);
    });
    Value isReverse;
    if (op.getDirection() == RecurrentDirection::bidirectional)
      isReverse = k.compare(arith::CmpIPredicate::eq, direction, k.index(1));
    k.loop(length, [&](Value i) {
      Value mirrored = k.sub(k.sub(length, k.index(1)), i);
      step = op.getDirection() == RecurrentDirection::reverse ? mirrored : isReverse ? k.select(isReverse, mirrored, i) : i;
      switch (op.getKind()) {
      case RecurrentKind::rnn: emitRnn(); break;
      case RecurrentKind::lstm: emitLstm(); break;
      case RecurrentKind::gru: emitGru(); break;
      }
      units([&](Type shape, Value j) { store(load(y, {step, direction, row, j}, shape), yH, state(j)); });
    });
    k.loop(length, time, k.index(1), [&](Value t) {
      units([&](Type shape, Value j) { store(constantLike(k.b, k.loc, shape, 0.0), y, {t, direction, row, j}); });
    });
  }

  void initialize(Value memref, Value initial, Value j) {
    Value value = initial ? k.load(initial, state(j)) : constantLike(k.b, k.loc, compute, 0.0);
    store(value, memref, state(j));
  }

  //===--------------------------------------------------------------------===//
  // Cells
  //===--------------------------------------------------------------------===//

  /// h' = f(Wx + Rh + b)
  void emitRnn() {
    chunks([&](Value first) {
      products(first, {{0, 0, true, true, yH}});
      overChunk(first, [&](Type shape, Value j, Value slot) {
        Value sum = cell.add(product(shape, 0, slot), bias(shape, 0, j));
        store(cell.activate(0, sum), y, here(j));
      });
    });
  }

  void emitLstm() {
    enum { I, O, F, C };
    chunks([&](Value first) {
      SmallVector<Product> list;
      for (int64_t gate : {I, O, F, C})
        list.push_back({gate, gate, true, true, yH});
      products(first, list);
      overChunk(first, [&](Type shape, Value j, Value slot) {
        SmallVector<Value> sums;
        for (int64_t gate : {I, O, F, C})
          sums.push_back(cell.add(product(shape, gate, slot), bias(shape, gate, j)));
        auto peephole = [&](int64_t which) -> Value {
          if (!op.getPeephole())
            return {};
          return load(k.memref(op.getPeephole()), {direction, k.add(j, which * hidden)}, shape);
        };
        auto [h, c] = cell.lstm(sums, load(yC, state(j), shape), peephole);
        store(c, yC, state(j));
        store(h, y, here(j));
      });
    });
  }

  void emitGru() {
    enum { Z, R, H };
    if (op.getLinearBeforeReset()) {
      chunks([&](Value first) {
        products(first, {{0, Z, true, true, yH}, {1, R, true, true, yH}, {2, H, true, false, yH}, {3, H, false, true, yH}});
        overChunk(first, [&](Type shape, Value j, Value slot) {
          Value z = cell.activate(0, cell.add(product(shape, 0, slot), bias(shape, Z, j)));
          Value reset = cell.activate(0, cell.add(product(shape, 1, slot), bias(shape, R, j)));
          Value recurrent = cell.add(product(shape, 3, slot), biasPart(shape, H, j, /*recurrent=*/true));
          Value input = cell.add(product(shape, 2, slot), biasPart(shape, H, j, /*recurrent=*/false));
          Value candidate = cell.activate(1, cell.add(input, cell.mul(reset, recurrent)));
          store(cell.blend(z, candidate, load(yH, state(j), shape)), y, here(j));
        });
      });
      return;
    }
    // The candidate needs the reset gate of all units: first z goes to y and r * h to y_c, which a GRU leaves free.
    chunks([&](Value first) {
      products(first, {{0, Z, true, true, yH}, {1, R, true, true, yH}});
      overChunk(first, [&](Type shape, Value j, Value slot) {
        Value reset = cell.activate(0, cell.add(product(shape, 1, slot), bias(shape, R, j)));
        store(cell.activate(0, cell.add(product(shape, 0, slot), bias(shape, Z, j))), y, here(j));
        store(cell.mul(reset, load(yH, state(j), shape)), yC, state(j));
      });
    });
    chunks([&](Value first) {
      products(first, {{2, H, true, true, yC}});
      overChunk(first, [&](Type shape, Value j, Value slot) {
        Value candidate = cell.activate(1, cell.add(product(shape, 2, slot), bias(shape, H, j)));
        store(cell.blend(load(y, here(j), shape), candidate, load(yH, state(j), shape)), y, here(j));
      });
    });
  }

  //===--------------------------------------------------------------------===//
  // Dot products
  //===--------------------------------------------------------------------===//

  /// The products of a gate's rows of W with the input and of its rows of R with a state, for the buffer's row `slot`.
  struct Product {
    int64_t slot, gate;
    bool input, recurrent;
    Value state;
  };

  /// A row of weights and the sum that its product adds to.
  struct WeightRow {
    Value index;
    size_t sum;
  };

  /// Fills the buffer for the units from `first` on. Slots past the last unit get that unit's products once more.
  void products(Value first, ArrayRef<Product> list) {
    int64_t together = std::max<int64_t>(1, kRowsAtOnce / static_cast<int64_t>(list.size()));
    k.loop(k.index(0), k.index(chunk), k.index(together), [&](Value slot) {
      SmallVector<Value> sums(list.size() * together, constantLike(k.b, k.loc, compute, 0.0));
      auto rowsOf = [&](bool Product::*wanted) {
        SmallVector<WeightRow> rows;
        for (auto [p, product] : llvm::enumerate(list))
          for (int64_t u = 0; product.*wanted && u < together; ++u) {
            Value unit = k.min(k.add(first, k.add(slot, u)), k.index(hidden - 1));
            rows.push_back({k.add(unit, product.gate * hidden), p * together + u});
          }
        return rows;
      };
      auto inputAt = [&](Value i) { return SmallVector<Value>{step, row, i}; };
      auto stateAt = [&](Value i) { return SmallVector<Value>{direction, row, i}; };
      dots(w, rowsOf(&Product::input), x, inputAt, inputSize, sums);
      dots(r, rowsOf(&Product::recurrent), list.front().state, stateAt, k.index(hidden), sums);
      for (auto [p, product] : llvm::enumerate(list))
        for (int64_t u = 0; u < together; ++u)
          memref::StoreOp::create(k.b, k.loc, sums[p * together + u], buffer,
                                  ValueRange{k.index(product.slot), k.add(slot, u)});
    });
  }

  /// Adds to each sum the product of a row of `weights` and a vector of `count` elements.
  void dots(Value weights, ArrayRef<WeightRow> rows, Value from, llvm::function_ref<SmallVector<Value>(Value)> at,
            Value count, SmallVectorImpl<Value> &sums) {
    if (rows.empty())
      return;
    auto multiplyAdd = [&](Type shape, Value i, ValueRange carried) {
      Value factor = load(from, at(i), shape);
      SmallVector<Value> next;
      for (auto [weightRow, sum] : llvm::zip(rows, carried)) {
        Value weight = load(weights, {direction, weightRow.index, i}, shape);
        next.push_back(math::FmaOp::create(k.b, k.loc, weight, factor, sum));
      }
      return next;
    };
    Type vector = VectorType::get({lanes}, compute);
    SmallVector<Value> partial(rows.size(), constantLike(k.b, k.loc, vector, 0.0));
    Value width = k.index(lanes), vectorEnd = k.mul(k.div(count, width), width);
    partial = k.loop(k.index(0), vectorEnd, width, partial,
                     [&](Value i, ValueRange carried) { return multiplyAdd(vector, i, carried); });
    SmallVector<Value> scalars;
    for (auto [weightRow, sum] : llvm::zip(rows, partial))
      scalars.push_back(vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, sum, sums[weightRow.sum],
                                                    arith::FastMathFlags::reassoc));
    scalars = k.loop(vectorEnd, count, k.index(1), scalars,
                     [&](Value i, ValueRange carried) { return multiplyAdd(compute, i, carried); });
    for (auto [weightRow, sum] : llvm::zip(rows, scalars))
      sums[weightRow.sum] = sum;
  }

  //===--------------------------------------------------------------------===//
  // Elements
  //===--------------------------------------------------------------------===//

  void chunks(llvm::function_ref<void(Value)> body) { k.loop(k.index(0), k.index(hidden), k.index(chunk), body); }

  /// Vectors of units, then single ones, from `first` on; `slot` counts from the chunk's start.
  void overChunk(Value first, llvm::function_ref<void(Type shape, Value j, Value slot)> body) {
    Value count = k.min(k.index(chunk), k.sub(k.index(hidden), first));
    range(count, [&](Type shape, Value slot) { body(shape, k.add(first, slot), slot); });
  }
  void units(llvm::function_ref<void(Type shape, Value j)> body) { range(k.index(hidden), body); }
  void range(Value count, llvm::function_ref<void(Type shape, Value i)> body) {
    Value width = k.index(lanes), vectorEnd = k.mul(k.div(count, width), width);
    k.loop(k.index(0), vectorEnd, width, [&](Value i) { body(VectorType::get({lanes}, compute), i); });
    k.loop(vectorEnd, count, k.index(1), [&](Value i) { body(compute, i); });
  }

  SmallVector<Value> state(Value j) { return {direction, row, j}; }
  SmallVector<Value> here(Value j) { return {step, direction, row, j}; }

  Value load(Value memref, ArrayRef<Value> at, Type shape) {
    Value stored;
    if (isa<VectorType>(shape))
      stored = vector::LoadOp::create(k.b, k.loc, cast<VectorType>(withShapeOf(shape, element)), memref, at);
    else
      stored = memref::LoadOp::create(k.b, k.loc, memref, at);
    return toCompute(k.b, k.loc, stored, element);
  }
  void store(Value value, Value memref, ArrayRef<Value> at) {
    Value stored = toStorage(k.b, k.loc, value, element);
    if (isa<VectorType>(stored.getType()))
      vector::StoreOp::create(k.b, k.loc, stored, memref, at);
    else
      memref::StoreOp::create(k.b, k.loc, stored, memref, at);
  }
  Value product(Type shape, int64_t which, Value slot) {
    Value at[] = {k.index(which), slot};
    if (auto vector = dyn_cast<VectorType>(shape))
      return vector::LoadOp::create(k.b, k.loc, vector, buffer, at);
    return memref::LoadOp::create(k.b, k.loc, buffer, at);
  }

  /// Half of a gate's bias: [D, 2 * gates * H] has those of the input first, then those of the recurrence.
  Value biasPart(Type shape, int64_t gate, Value j, bool recurrent) {
    if (!op.getBias())
      return constantLike(k.b, k.loc, shape, 0.0);
    int64_t gates = cast<RankedTensorType>(op.getR().getType()).getDimSize(1) / hidden;
    return load(k.memref(op.getBias()), {direction, k.add(j, (gate + (recurrent ? gates : 0)) * hidden)}, shape);
  }
  Value bias(Type shape, int64_t gate, Value j) {
    return cell.add(biasPart(shape, gate, j, false), biasPart(shape, gate, j, true));
  }

  KernelBuilder &k;
  nn::RecurrentOp op;
  RecurrentCell cell;
  Type element, compute;
  int64_t hidden, lanes, chunk;
  Value x, w, r, y, yH, yC, time, inputSize, buffer;
  /// The current item and its step.
  Value direction, row, step;
};

AffineMap recurrentItems(nn::GroupOp group, Operation *) {
  MLIRContext *context = group.getContext();
  return AffineMap::get(4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(2, context)}, context);
}

LogicalResult emitRecurrent(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::RecurrentOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!isa<FloatType>(element) || element.getIntOrFloatBitWidth() < 16)
    return op.emitOpError("unsupported element type ") << element;
  return CellEmitter(k, op).emit();
}

} // namespace

void registerRecurrentLowerings(LoweringRegistry &registry) {
  registry.add<nn::RecurrentOp>({recurrentItems, emitRecurrent});
}

} // namespace nnc
