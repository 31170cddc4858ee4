// nn.attention in one kernel. An item is a block of rows of one head:
//
//     for a block of keys:              as many as the second-level cache has room for; mostly all of them
//       pack the keys into panels, copy the values
//       for a tile of rows:
//         scores = q k^T                by the micro-kernel, into the workspace
//         weights = exp(score(scores) - max)
//         sums = sums * correction + weights v
//     result = sums / total
//
// No score ever leaves the first-level cache. Keys above the diagonal of a causal mask are left out, in whole
// panels. Where the keys take more than one block, maximum, total and sums of a row are corrected from block
// to block (online softmax; Milakov and Gimelshein 2018).
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/ElementwiseBody.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"
#include "passes/lower/Transpose.h"

using namespace mlir;

namespace nnc {

namespace {

/// Where the rows of an operand's or the result's heads lie.
struct Heads {
  Value flat, batchStride, headStride, rowStride;
};

std::optional<int64_t> knownDim(RankedTensorType type, int64_t i) {
  return type.isDynamicDim(i) ? std::nullopt : std::optional(type.getDimSize(i));
}

AttentionPlan planOf(nn::AttentionOp op, KernelTarget target) {
  RankedTensorType q = rankedType(op.getQ()), k = rankedType(op.getK()), v = rankedType(op.getV());
  return planAttention(target, knownDim(q, op.getQByRow() ? 1 : 2), knownDim(k, op.getKByRow() ? 1 : 2),
                       q.getDimSize(3), v.getDimSize(3), op.getHeads());
}

class Attention {
public:
  Attention(KernelBuilder &k, nn::AttentionOp op)
      : k(k), op(op), plan(planOf(op, k.target)), size(rankedType(op.getQ()).getDimSize(3)),
        valueSize(rankedType(op.getV()).getDimSize(3)), paddedSize(llvm::alignTo(valueSize, plan.lanes)),
        element(k.b.getF32Type()), vector(VectorType::get({plan.lanes}, element)) {
    q = headsOf(op.getQ(), k.memref(op.getQ()), op.getQByRow());
    keys = headsOf(op.getK(), k.memref(op.getK()), op.getKByRow());
    values = headsOf(op.getV(), k.memref(op.getV()), op.getVByRow());
    y = headsOf(op.getY(), k.output(0), op.getYByRow());
    rowCount = k.dimOf(op.getQ(), op.getQByRow() ? 1 : 2);
    keyCount = k.dimOf(op.getK(), op.getKByRow() ? 1 : 2);
    auto known = knownDim(rankedType(op.getK()), op.getKByRow() ? 1 : 2);
    isWhole = known && *known <= plan.keyBlock;
    auto matrix = [&](int64_t rows, int64_t columns) {
      return k.workspace(MemRefType::get({rows, columns}, element));
    };
    scores = matrix(plan.rows, plan.keyBlock + kLine);
    sums = matrix(plan.rowBlock, paddedSize);
    state = matrix(plan.rowBlock, 2);
    queryTile = matrix(plan.rows, llvm::alignTo(size, kLine) + kLine);
    if (plan.packs) {
      keyPanels = k.workspace(MemRefType::get({plan.keyBlock / kWidth, size, kWidth}, element));
      valueRows = matrix(plan.keyBlock, paddedSize);
    }
  }

  LogicalResult emit() {
    int64_t work = plan.rowBlock * std::min<int64_t>(plan.keyBlock, 512) * (size + valueSize);
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    k.forEachItem([&](ValueRange point) {
      batch = point[0], head = point[1];
      Value kvHead = k.div(head, k.index(op.getHeads() / op.getKvHeads()));
      queryBase = baseOf(q, head, op.getFirstHeads()[0]);
      keyBase = baseOf(keys, kvHead, op.getFirstHeads()[1]);
      valueBase = baseOf(values, kvHead, op.getFirstHeads()[2]);
      resultBase = baseOf(y, head, 0);
      Value first = k.mul(point[2], plan.rowBlock), last = k.min(k.add(first, plan.rowBlock), rowCount);
      begin(k.sub(last, first));
      Value end = keysBefore(last, keyCount);
      if (isWhole)
        addKeys(first, last, k.index(0), end);
      else
        k.loop(k.index(0), end, k.index(plan.keyBlock), [&](Value from) {
          addKeys(first, last, from, k.min(k.sub(end, from), k.index(plan.keyBlock)));
        });
      finish(first, last);
    });
    return status;
  }

private:
  static constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;
  /// Elements between the rows of a matrix in the workspace, so that rows do not compete for lines of the cache.
  static constexpr int64_t kLine = 16;

  Heads headsOf(Value tensor, Value memref, bool byRow) {
    SmallVector<Value> strides = {k.index(0), k.index(0), k.index(0), k.index(1)};
    for (int64_t i = 2; i >= 0; --i)
      strides[i] = k.mul(strides[i + 1], k.dim(memref, i + 1));
    return {k.flat(memref), strides[0], strides[byRow ? 2 : 1], strides[byRow ? 1 : 2]};
  }
  Value baseOf(const Heads &heads, Value number, int64_t firstHead) {
    return k.add(k.mul(batch, heads.batchStride), k.mul(k.add(number, firstHead), heads.headStride));
  }
  Value load(Type shape, Value memref, ValueRange at) {
    if (auto type = dyn_cast<VectorType>(shape))
      return vector::LoadOp::create(k.b, k.loc, type, memref, at);
    return memref::LoadOp::create(k.b, k.loc, memref, at);
  }
  void store(Value value, Value memref, ValueRange at) {
    if (isa<VectorType>(value.getType()))
      vector::StoreOp::create(k.b, k.loc, value, memref, at);
    else
      memref::StoreOp::create(k.b, k.loc, value, memref, at);
  }
  Value splat(Value scalar) { return vector::BroadcastOp::create(k.b, k.loc, vector, scalar); }
  Value number(double value) { return constantLike(k.b, k.loc, element, value); }
  Value add(Value a, Value b) { return arith::AddFOp::create(k.b, k.loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(k.b, k.loc, a, b); }
  Value exp(Value x) { return floatFunction(k.b, k.loc, nn::UnaryKind::exp, x, 0, 0); }
  /// The larger one; b where a is NaN. A NaN among the scores reaches the result through the total.
  Value larger(Value a, Value b) {
    Value isLarger = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, a, b);
    return arith::SelectOp::create(k.b, k.loc, isLarger, a, b);
  }
  /// Vectors over [0, count), then single elements.
  void along(Value count, int64_t lanes, llvm::function_ref<void(Type shape, Value i)> body) {
    Value width = k.index(lanes), whole = k.mul(k.div(count, width), width);
    k.loop(k.index(0), whole, width, [&](Value i) { body(VectorType::get({lanes}, element), i); });
    k.loop(whole, count, k.index(1), [&](Value i) { body(element, i); });
  }

  /// How many of `count` keys the rows below `last` may attend to, rounded up to whole panels: beyond a
  /// diagonal that the op knows they have no weight.
  Value keysBefore(Value last, Value count) {
    if (!op.getDiagonal())
      return count;
    Value seen = k.add(last, static_cast<int64_t>(*op.getDiagonal()));
    return k.min(count, k.mul(k.div(k.add(seen, kWidth - 1), k.index(kWidth)), kWidth));
  }

  /// Nothing is summed yet. Where there is one block of keys, its sums are the first.
  void begin(Value rows) {
    if (isWhole)
      return;
    k.loop(rows, [&](Value i) {
      store(number(-INFINITY), state, {i, k.index(0)});
      store(number(0), state, {i, k.index(1)});
      k.loop(k.index(0), k.index(paddedSize), k.index(plan.lanes), [&](Value j) { store(splat(number(0)), sums, {i, j}); });
    });
  }

  void addKeys(Value first, Value last, Value from, Value count) {
    if (plan.packs) {
      packKeys(from, count);
      copyValues(from, count);
    }
    Value step = k.index(plan.rows), end = k.add(first, k.mul(k.div(k.sub(last, first), step), step));
    k.loop(first, end, step, [&](Value row) { tile(plan.rows, row, k.sub(row, first), from, count); });
    if (auto known = knownDim(rankedType(op.getQ()), op.getQByRow() ? 1 : 2)) {
      if (int64_t rest = *known % plan.rows)
        k.ifThen(k.compare(arith::CmpIPredicate::slt, end, last),
                 [&] { tile(rest, end, k.sub(end, first), from, count); });
      return;
    }
    // Any number below plan.rows as a sum of powers of two.
    Value row = end;
    for (int64_t height = llvm::PowerOf2Ceil(plan.rows) / 2; height > 0; height /= 2) {
      Value next = k.add(row, height), fits = k.compare(arith::CmpIPredicate::sle, next, last);
      k.ifThen(fits, [&] { tile(height, row, k.sub(row, first), from, count); });
      row = k.select(fits, next, row);
    }
  }

  /// Panels of 16 keys: squares of 8 keys and 8 elements transposed in registers.
  void packKeys(Value from, Value count) {
    constexpr int64_t side = TransposeShape::kSide;
    auto source = [&](Value key, Value i) {
      return k.add(k.add(keyBase, k.mul(k.add(from, key), keys.rowStride)), i);
    };
    int64_t whole = size / side * side;
    // What fills up the last panel is multiplied, too, and must not be slow to multiply.
    Value nothing = constantLike(k.b, k.loc, VectorType::get({kWidth}, element), 0), wholePanels = k.div(count, k.index(kWidth));
    k.loop(wholePanels, k.div(k.add(count, kWidth - 1), k.index(kWidth)), k.index(1), [&](Value panel) {
      k.loop(k.index(size), [&](Value i) { store(nothing, keyPanels, {panel, i, k.index(0)}); });
    });
    Value full = k.mul(k.div(count, k.index(side)), side);
    k.loop(k.index(0), full, k.index(side), [&](Value key) {
      Value panel = k.div(key, k.index(kWidth)), column = k.rem(key, k.index(kWidth));
      k.loop(k.index(0), k.index(whole), k.index(side), [&](Value i) {
        SmallVector<Value> square;
        for (int64_t j = 0; j < side; ++j)
          square.push_back(load(VectorType::get({side}, element), keys.flat, source(k.add(key, j), i)));
        TransposeShape::transposeSquare(k, square);
        for (int64_t j = 0; j < side; ++j)
          store(square[j], keyPanels, {panel, k.add(i, j), column});
      });
    });
    auto single = [&](Value key, Value i) {
      Value value = load(element, keys.flat, source(key, i));
      store(value, keyPanels, {k.div(key, k.index(kWidth)), i, k.rem(key, k.index(kWidth))});
    };
    k.loop(k.index(0), full, k.index(1), [&](Value key) {
      k.loop(k.index(whole), k.index(size), k.index(1), [&](Value i) { single(key, i); });
    });
    k.loop(full, count, k.index(1), [&](Value key) { k.loop(k.index(size), [&](Value i) { single(key, i); }); });
  }

  void copyValues(Value from, Value count) {
    k.loop(count, [&](Value key) {
      Value source = k.add(valueBase, k.mul(k.add(from, key), values.rowStride));
      along(k.index(valueSize), plan.lanes, [&](Type shape, Value i) {
        store(load(shape, values.flat, k.add(source, i)), valueRows, {key, i});
      });
      // What fills up the last vector is multiplied, too, and must not be slow to multiply.
      for (int64_t i = valueSize; i < paddedSize; ++i)
        store(number(0), valueRows, {key, k.index(i)});
    });
  }

  /// A tile of rows and the keys of the block that they may attend to.
  void tile(int64_t height, Value row, Value local, Value from, Value count) {
    if (!op.getDiagonal())
      return wholeTile(height, row, local, from, count);
    Value end = keysBefore(k.add(row, height), k.add(from, count));
    k.ifThen(k.compare(arith::CmpIPredicate::sgt, end, from),
             [&] { wholeTile(height, row, local, from, k.sub(end, from)); });
  }

  void wholeTile(int64_t height, Value row, Value local, Value from, Value count) {
    for (int64_t i = 0; i < height; ++i) {
      Value source = k.add(queryBase, k.mul(k.add(row, i), q.rowStride));
      along(k.index(size), plan.lanes, [&](Type shape, Value d) {
        store(load(shape, q.flat, k.add(source, d)), queryTile, {k.index(i), d});
      });
    }
    if (plan.packs)
      multiplyKeys(height, count);
    else
      multiplyFewRows(height, from, count);
    constexpr int64_t together = 4;
    Value grouped = k.index(height / together * together), step = k.index(together);
    k.loop(k.index(0), grouped, step,
           [&](Value i) { weigh(together, i, k.add(row, i), k.add(local, i), from, count); });
    if (int64_t rest = height % together)
      weigh(rest, grouped, k.add(row, grouped), k.add(local, grouped), from, count);
    multiplyValues(height, local, from, count);
  }

  void multiplyKeys(int64_t height, Value count) {
    int64_t perPanel = kWidth / plan.lanes;
    Value panels = k.div(k.add(count, kWidth - 1), k.index(kWidth)), step = k.index(plan.panels);
    auto across = [&](Value panel, int64_t width) {
      MicroKernel kernel{height, width * perPanel, vector};
      kernel.unroll = stepsOfTurn(k.target);
      auto left = [&](int64_t i, Value d) { return load(element, queryTile, {k.index(i), d}); };
      auto right = [&](int64_t j, Value d) {
        return load(vector, keyPanels, {k.add(panel, j / perPanel), d, k.index(j % perPanel * plan.lanes)});
      };
      SmallVector<Value> products = kernel.emit(k, k.index(0), k.index(size), kernel.zeros(k), left, right);
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          store(products[i * kernel.vectors + j], scores, {k.index(i), k.add(k.mul(panel, kWidth), j * plan.lanes)});
    };
    Value main = k.mul(k.div(panels, step), step);
    k.loop(k.index(0), main, step, [&](Value panel) { across(panel, plan.panels); });
    k.loop(main, panels, k.index(1), [&](Value panel) { across(panel, 1); });
  }

  /// Few rows: every key is read once, from where it lies.
  void multiplyFewRows(int64_t height, Value from, Value count) {
    k.loop(count, [&](Value key) {
      Value source = k.add(keyBase, k.mul(k.add(from, key), keys.rowStride));
      for (int64_t i = 0; i < height; ++i) {
        Value total = number(0), partial;
        for (int64_t d = 0; d < size; d += plan.lanes) {
          if (d + plan.lanes > size) {
            for (int64_t e = d; e < size; ++e)
              total = multiplyAdd(k, load(element, queryTile, {k.index(i), k.index(e)}),
                                  load(element, keys.flat, k.add(source, e)), total);
            break;
          }
          Value a = load(vector, queryTile, {k.index(i), k.index(d)}), b = load(vector, keys.flat, k.add(source, d));
          partial = partial ? multiplyAdd(k, a, b, partial) : mul(a, b);
        }
        if (partial)
          total = add(total, vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, partial,
                                                         arith::FastMathFlags::reassoc));
        store(total, scores, {k.index(i), key});
      }
    });
  }

  /// Some neighbouring rows of scores to weights: score arithmetic and maximum, then exponentials and their sum. Several
  /// rows at once hide that each one waits for its maximum.
  void weigh(int64_t rows, Value i, Value row, Value local, Value from, Value count) {
    Value width = k.index(plan.lanes), whole = k.mul(k.div(count, width), width), lowest = number(-INFINITY);
    auto atRow = [&](Value base, int64_t r) { return k.add(base, r); };
    auto scoreAt = [&](int64_t r, Value j, Value mask) {
      Value score = load(vector, scores, {atRow(i, r), j});
      score = scored(score, atRow(row, r), k.add(from, j), mask);
      // The exponential of what fills up the last vector is 0.
      if (mask)
        score = arith::SelectOp::create(k.b, k.loc, mask, score, splat(lowest));
      store(score, scores, {atRow(i, r), j});
      return score;
    };
    SmallVector<Value> tops(rows, splat(lowest));
    tops = k.loop(k.index(0), whole, width, tops, [&](Value j, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t r = 0; r < rows; ++r)
        next.push_back(larger(scoreAt(r, j, Value()), carried[r]));
      return next;
    });
    auto known = knownDim(rankedType(op.getK()), op.getKByRow() ? 1 : 2);
    if (!isWhole || *known % plan.lanes != 0)
      tops = k.loop(whole, count, width, tops, [&](Value j, ValueRange carried) {
        Value mask = firstLanes(k, k.sub(count, j), plan.lanes);
        SmallVector<Value> next;
        for (int64_t r = 0; r < rows; ++r)
          next.push_back(larger(scoreAt(r, j, mask), carried[r]));
        return next;
      });

    SmallVector<Value> shifts, before(rows);
    for (int64_t r = 0; r < rows; ++r) {
      Value top = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXNUMF, tops[r],
                                              arith::FastMathFlags::nnan);
      if (!isWhole) {
        before[r] = load(element, state, {atRow(local, r), k.index(0)});
        top = larger(top, before[r]);
        store(top, state, {atRow(local, r), k.index(0)});
      }
      // Where all scores are -infinity, any finite number in place of the maximum makes the exponentials 0.
      Value isLowest = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OEQ, top, lowest);
      shifts.push_back(arith::SelectOp::create(k.b, k.loc, isLowest, number(0), top));
    }
    Value padded = k.mul(k.div(k.add(count, plan.lanes - 1), width), width);
    int64_t together = exponentialsAtOnce(k, rows);
    SmallVector<Value> totals(rows, zeroOf(k, vector));
    for (int64_t first = 0; first < rows; first += together) {
      MutableArrayRef<Value> part = MutableArrayRef(totals).slice(first, together);
      llvm::copy(k.loop(k.index(0), padded, width, part,
                        [&](Value j, ValueRange carried) {
                          SmallVector<Value> next;
                          for (auto [r, total] : llvm::enumerate(carried)) {
                            Value at = atRow(i, first + r), score = load(vector, scores, {at, j});
                            Value weight = expOfNegative(
                                k, arith::SubFOp::create(k.b, k.loc, score, splat(shifts[first + r])));
                            store(weight, scores, {at, j});
                            next.push_back(add(total, weight));
                          }
                          return next;
                        }),
                 part.begin());
    }
    for (int64_t r = 0; r < rows; ++r) {
      Value total = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, totals[r],
                                                arith::FastMathFlags::reassoc);
      if (!isWhole) {
        Value correction = exp(arith::SubFOp::create(k.b, k.loc, before[r], shifts[r]));
        total = add(total, mul(load(element, state, {atRow(local, r), k.index(1)}), correction));
        k.loop(k.index(0), k.index(paddedSize), width, [&](Value j) {
          store(mul(load(vector, sums, {atRow(local, r), j}), splat(correction)), sums, {atRow(local, r), j});
        });
      }
      store(total, state, {atRow(local, r), k.index(1)});
    }
  }

  /// What the region makes of the scores of a row and several keys, of which only those of the mask exist.
  Value scored(Value score, Value row, Value key, Value mask) {
    Block &block = op.getScore().front();
    Type shape = score.getType();
    auto leaf = [&](Value argument) -> Value {
      Value operand = op.getExtras()[cast<BlockArgument>(argument).getArgNumber() - 1];
      return extra(operand, shape, row, key, mask);
    };
    auto result = evaluateBody(k, block, {{block.getArgument(0), score}}, shape, leaf);
    if (failed(result)) {
      status = failure();
      return score;
    }
    return (*result)[0];
  }
  /// An operand that broadcasts to the scores.
  Value extra(Value operand, Type shape, Value row, Value key, Value mask = {}) {
    RankedTensorType type = rankedType(operand);
    SmallVector<Value> point = {batch, head, row, key}, at;
    bool isSplat = type.getRank() == 0;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      int64_t dim = 4 - type.getRank() + i;
      bool isOne = type.getDimSize(i) == 1;
      at.push_back(isOne ? k.index(0) : point[dim]);
      isSplat |= isOne && dim == 3;
    }
    Type stored = storageType(type.getElementType()), loaded = isSplat ? stored : withShapeOf(shape, stored);
    Value memref = k.memref(operand), value;
    if (mask && !isSplat) {
      Value zero = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(loaded));
      value = vector::MaskedLoadOp::create(k.b, k.loc, cast<VectorType>(loaded), memref, at, mask, zero);
    } else {
      value = load(loaded, memref, at);
    }
    return toCompute(k.b, k.loc, value, type.getElementType());
  }

  void multiplyValues(int64_t height, Value local, Value from, Value count) {
    int64_t vectors = paddedSize / plan.lanes, whole = vectors / plan.valueVectors * plan.valueVectors;
    auto across = [&](Value column, int64_t width) {
      MicroKernel kernel{height, width, vector};
      kernel.unroll = stepsOfTurn(k.target);
      auto left = [&](int64_t i, Value key) { return load(element, scores, {k.index(i), key}); };
      auto right = [&](int64_t j, Value key) -> Value {
        Value at = k.add(column, j * plan.lanes);
        if (plan.packs)
          return load(vector, valueRows, {key, at});
        return load(vector, values.flat, k.add(k.add(valueBase, k.mul(k.add(from, key), values.rowStride)), at));
      };
      SmallVector<Value> before = kernel.zeros(k);
      auto forEach = [&](llvm::function_ref<void(Value &, Value, Value)> body, SmallVector<Value> &registers) {
        for (int64_t i = 0; i < height; ++i)
          for (int64_t j = 0; j < width; ++j)
            body(registers[i * width + j], k.add(local, i), k.add(column, j * plan.lanes));
      };
      if (!isWhole)
        forEach([&](Value &r, Value i, Value j) { r = load(vector, sums, {i, j}); }, before);
      SmallVector<Value> after = kernel.emit(k, k.index(0), count, before, left, right);
      forEach([&](Value &r, Value i, Value j) { store(r, sums, {i, j}); }, after);
    };
    k.loop(k.index(0), k.index(whole * plan.lanes), k.index(plan.valueVectors * plan.lanes),
           [&](Value column) { across(column, plan.valueVectors); });
    if (whole < vectors)
      across(k.index(whole * plan.lanes), vectors - whole);
  }

  void finish(Value first, Value last) {
    k.loop(first, last, k.index(1), [&](Value row) {
      Value local = k.sub(row, first), target = k.add(resultBase, k.mul(row, y.rowStride));
      Value scale = arith::DivFOp::create(k.b, k.loc, number(1), load(element, state, {local, k.index(1)}));
      Value isDropped;
      if (op.getDropsRows())
        isDropped = extra(op.getExtras().back(), element, row, k.index(0));
      along(k.index(valueSize), plan.lanes, [&](Type shape, Value j) {
        bool isVector = isa<VectorType>(shape);
        Value value = mul(load(shape, sums, {local, j}), isVector ? splat(scale) : scale);
        if (isDropped)
          value = arith::SelectOp::create(k.b, k.loc, isDropped, zeroOf(k, shape), value);
        store(value, y.flat, k.add(target, j));
      });
    });
  }

  KernelBuilder &k;
  nn::AttentionOp op;
  AttentionPlan plan;
  int64_t size, valueSize, paddedSize;
  Type element;
  VectorType vector;
  /// Whether one block holds all keys.
  bool isWhole;
  Heads q, keys, values, y;
  Value rowCount, keyCount;
  /// Of the item: its batch and head, and where they start.
  Value batch, head, queryBase, keyBase, valueBase, resultBase;
  /// In the workspace; `state` holds maximum and total of each row.
  Value scores, sums, state, queryTile, keyPanels, valueRows;
  LogicalResult status = success();
};

AffineMap attentionItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::AttentionOp>(root);
  MLIRContext *context = group.getContext();
  AffineExpr rows = getAffineDimExpr(op.getYByRow() ? 1 : 2, context);
  AffineExpr heads = getAffineConstantExpr(op.getHeads(), context);
  return AffineMap::get(4, 0, {getAffineDimExpr(0, context), heads, rows.ceilDiv(planOf(op, target).rowBlock)}, context);
}

LogicalResult emitAttention(KernelBuilder &k, Operation *root) { return Attention(k, cast<nn::AttentionOp>(root)).emit(); }

} // namespace

void registerAttentionLowerings(LoweringRegistry &registry) {
  registry.add<nn::AttentionOp>({nullptr, emitAttention, attentionItems});
}

} // namespace nnc
