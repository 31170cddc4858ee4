// nn.non_max_suppression: boxes in the order of their scores, without those that overlap a better one of their class.
// Threads share the classes; a box is compared with a vector of better ones at a time.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Indices.h"
#include "passes/lower/MergeSort.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SortKeys.h"

using namespace mlir;

namespace nnc {

namespace {

/// A box by its corners, or a vector of boxes.
struct Box {
  Value low[2], high[2], area;
};

class SuppressionKernel {
public:
  SuppressionKernel(KernelBuilder &k, nn::NonMaxSuppressionOp op)
      : k(k), op(op), boxes(k.memref(op.getBoxes())), scores(k.memref(op.getScores())), y(k.output(0)),
        count(k.dim(scores, 2)), vector(VectorType::get({k.lanes()}, k.b.getF32Type())) {}

  /// A class of a batch is an item. The result may have three numbers for each score: while items are worked on, the
  /// three for each score of an item are its own, first for its candidates and for sorting them. The boxes that it
  /// chooses take the places of candidates that have been seen, and the other two thirds hold the corners of those boxes.
  void emit() {
    Value classes = k.dim(scores, 1), items = k.mul(k.dim(scores, 0), classes), zero = k.index(0);
    // Without boxes an item has not even a place for its number.
    items = k.select(k.compare(arith::CmpIPredicate::eq, count, zero), zero, items);
    Value limit = loadIndexOf(k, op.getMaxPerClass(), k.flat(k.memref(op.getMaxPerClass())), k.index(0));
    iouThreshold = scalar(op.getIouThreshold());
    scoreThreshold = scalar(op.getScoreThreshold());
    int64_t known = rankedType(op.getScores()).getDimSize(2);
    constexpr int64_t worthAFork = 1024;
    int64_t grain = ShapedType::isDynamic(known) ? 1 : std::max<int64_t>(1, worthAFork / std::max<int64_t>(known, 1));
    k.parallel(items, grain, [&](Value begin, Value end) {
      allocateKept();
      k.loop(begin, end, k.index(1), [&](Value item) {
        Value batch = k.div(item, classes), first = firstOf(item);
        Value above = collect(batch, k.rem(item, classes), first);
        mergeSort(k, {y, first}, {y, k.add(first, count)}, above,
                  [&](Value a, Value b) { return k.compare(arith::CmpIPredicate::sgt, a, b); });
        Value chosen = choose(batch, first, above, limit);
        k.loop(chosen, [&](Value i) { storeNumber(k, numberAt(k.add(first, i)), chosenAt(first, i)); });
        storeNumber(k, chosen, {y, first});
      });
    });
    Value found = k.loop(zero, items, k.index(1), zero, [&](Value item, ValueRange before) -> SmallVector<Value> {
      return {report(item, classes, before[0])};
    })[0];
    storeStored(k, k.fromIndex(found, k.b.getI64Type()), {k.counts(), zero});
  }

private:
  /// Chosen boxes of a class that are kept in memory of the range. Few classes have more; these move so many at a time
  /// to their part of the result.
  static constexpr int64_t kKept = 1024;

  Value scalar(Value tensor) { return loadStored(k, {k.flat(k.memref(tensor)), k.index(0)}); }
  Value numberAt(Value at) { return k.toIndex(loadStored(k, {y, at})); }
  Value firstOf(Value item) { return k.mul(item, k.mul(count, 3)); }
  /// Of an item that has chosen all of its boxes: the last third is beyond what is reported before them.
  Place chosenAt(Value first, Value i) { return {y, k.add(k.add(first, k.mul(count, 2)), i)}; }

  /// Lists the boxes with a score above the threshold by their keys; returns their number.
  Value collect(Value batch, Value category, Value first) {
    auto isAbove = [&](Value score, Value threshold) -> Value {
      return arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, score, threshold);
    };
    // Which ones are is anybody's guess: all are stored, and the next one takes the place of one that is not.
    auto collectOne = [&](Value box, ValueRange n) -> SmallVector<Value> {
      Value score = memref::LoadOp::create(k.b, k.loc, scores, ValueRange{batch, category, box});
      storeStored(k, sortKey(k, score, box, {}), {y, k.add(first, n[0])});
      return {k.select(isAbove(score, scoreThreshold), k.add(n[0], 1), n[0])};
    };
    Value lanes = k.index(k.lanes()), whole = k.mul(k.div(count, lanes), lanes), one = k.index(1);
    Value thresholds = vector::BroadcastOp::create(k.b, k.loc, vector, scoreThreshold);
    // Most vectors have none.
    SmallVector<Value> above =
        k.loop(k.index(0), whole, lanes, k.index(0), [&](Value at, ValueRange n) -> SmallVector<Value> {
          Value some = vector::LoadOp::create(k.b, k.loc, vector, scores, ValueRange{batch, category, at});
          return {k.ifElse(
              any(isAbove(some, thresholds)), [&] { return k.loop(at, k.add(at, lanes), one, n[0], collectOne)[0]; },
              [&] { return n[0]; })};
        });
    return k.loop(whole, count, one, above, collectOne)[0];
  }

  /// Takes the listed boxes in order, up to the limit; returns their number.
  Value choose(Value batch, Value first, Value above, Value limit) {
    Value none[] = {k.index(0), k.index(0)};
    auto loop = scf::WhileOp::create(
        k.b, k.loc, TypeRange(ValueRange(none)), ValueRange(none),
        [&](OpBuilder &, Location, ValueRange state) {
          Value goesOn = k.both(k.compare(arith::CmpIPredicate::slt, state[0], above),
                                k.compare(arith::CmpIPredicate::slt, state[1], limit));
          scf::ConditionOp::create(k.b, k.loc, goesOn, state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          Value number = indexOfKey(k, loadStored(k, {y, k.add(first, state[0])})), chosen = state[1];
          Box box = boxAt(batch, number);
          Value isChosen = k.negated(overlapsChosen(box, first, chosen));
          k.ifThen(isChosen, [&] {
            storeNumber(k, number, {y, k.add(first, chosen)});
            Value at = k.rem(chosen, k.index(kKept));
            keep(box, at);
            k.ifThen(k.compare(arith::CmpIPredicate::eq, at, k.index(kKept - 1)),
                     [&] { moveKept(movedAt(first, k.sub(chosen, at))); });
          });
          Value next[] = {k.add(state[0], 1), k.select(isChosen, k.add(chosen, 1), chosen)};
          scf::YieldOp::create(k.b, k.loc, ValueRange(next));
        });
    k.b.setInsertionPointAfter(loop);
    return loop.getResult(1);
  }

  /// Writes the boxes that an item chose to the result, `before` of whose rows there are; returns how many there are then.
  /// No row reaches the chosen boxes that are still to be read: those of an item end where the rows of all boxes up to
  /// its last one would.
  Value report(Value item, Value classes, Value before) {
    Value first = firstOf(item), chosen = numberAt(first);
    k.loop(chosen, [&](Value i) {
      Value box = loadNumber(k, chosenAt(first, i)), row = k.mul(k.add(before, i), 3);
      storeNumber(k, k.div(item, classes), {y, row});
      storeNumber(k, k.rem(item, classes), {y, k.add(row, 1)});
      storeNumber(k, box, {y, k.add(row, 2)});
    });
    return k.add(before, chosen);
  }

  /// A range of items has memory of its own for the boxes that it keeps.
  void allocateKept() {
    auto type = MemRefType::get({kKept}, k.b.getF32Type());
    for (Value *list : {&kept.low[0], &kept.low[1], &kept.high[0], &kept.high[1], &kept.area})
      *list = memref::AllocaOp::create(k.b, k.loc, type, k.b.getI64IntegerAttr(64));
  }

  void keep(const Box &box, Value at) {
    // What is behind the last box of a vector has no area.
    Value isFirst = k.compare(arith::CmpIPredicate::eq, k.rem(at, k.index(k.lanes())), k.index(0));
    k.ifThen(isFirst, [&] {
      Value zero = vector::BroadcastOp::create(k.b, k.loc, vector, number(box.area, 0));
      vector::StoreOp::create(k.b, k.loc, zero, kept.area, ValueRange{at});
    });
    auto store = [&](Value value, Value list) { memref::StoreOp::create(k.b, k.loc, value, list, ValueRange{at}); };
    for (int i : {0, 1}) {
      store(box.low[i], kept.low[i]);
      store(box.high[i], kept.high[i]);
    }
    store(box.area, kept.area);
  }

  /// Where the corners of chosen box `i`, the first of a vector, are in the result: four floats take two of its numbers.
  Value movedAt(Value first, Value i) { return k.add(k.add(first, count), k.mul(i, 2)); }

  /// Moves all kept boxes to the result, the corners of a vector of boxes one after the other.
  void moveKept(Value to) {
    Value lanes = k.index(k.lanes());
    k.loop(k.index(0), k.index(kKept), lanes, [&](Value at) {
      Value next = k.add(to, k.mul(at, 2));
      for (Value list : {kept.low[0], kept.low[1], kept.high[0], kept.high[1]}) {
        Value corners = vector::LoadOp::create(k.b, k.loc, vector, list, ValueRange{at});
        Value numbers = vector::BitCastOp::create(k.b, k.loc, halfAsMany(), corners);
        vector::StoreOp::create(k.b, k.loc, numbers, y, ValueRange{next});
        next = k.add(next, k.lanes() / 2);
      }
    });
  }
  VectorType halfAsMany() { return VectorType::get({k.lanes() / 2}, k.b.getI64Type()); }

  /// Whether the box overlaps one of those chosen, by a search that ends where one does.
  Value overlapsChosen(const Box &box, Value first, Value chosen) {
    auto wide = [&](Value x) -> Value { return vector::BroadcastOp::create(k.b, k.loc, vector, x); };
    Box mine{{wide(box.low[0]), wide(box.low[1])}, {wide(box.high[0]), wide(box.high[1])}, wide(box.area)};
    Value moved = k.mul(k.div(chosen, k.index(kKept)), kKept);
    Value found = search(k.index(0), moved, k.lanes(), constantBool(k, false), [&](Value at) {
      Box theirs;
      Value from = movedAt(first, at);
      for (Value *corner : {&theirs.low[0], &theirs.low[1], &theirs.high[0], &theirs.high[1]}) {
        Value numbers = vector::LoadOp::create(k.b, k.loc, halfAsMany(), y, ValueRange{from});
        *corner = vector::BitCastOp::create(k.b, k.loc, vector, numbers);
        from = k.add(from, k.lanes() / 2);
      }
      theirs.area = areaOf(theirs);
      return overlapsAny(mine, theirs);
    });
    return search(k.index(0), k.sub(chosen, moved), k.lanes(), found, [&](Value at) {
      auto load = [&](Value list) -> Value { return vector::LoadOp::create(k.b, k.loc, vector, list, ValueRange{at}); };
      return overlapsAny(
          mine, {{load(kept.low[0]), load(kept.low[1])}, {load(kept.high[0]), load(kept.high[1])}, load(kept.area)});
    });
  }

  /// Asks from `from` to `to`, in steps, until one is `found`.
  Value search(Value from, Value to, int64_t step, Value found, llvm::function_ref<Value(Value)> ask) {
    Value start[] = {from, found};
    auto loop = scf::WhileOp::create(
        k.b, k.loc, TypeRange(ValueRange(start)), ValueRange(start),
        [&](OpBuilder &, Location, ValueRange state) {
          Value goesOn = k.both(k.compare(arith::CmpIPredicate::slt, state[0], to), k.negated(state[1]));
          scf::ConditionOp::create(k.b, k.loc, goesOn, state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          Value next[] = {k.add(state[0], step), ask(state[0])};
          scf::YieldOp::create(k.b, k.loc, ValueRange(next));
        });
    k.b.setInsertionPointAfter(loop);
    return loop.getResult(1);
  }

  Value any(Value mask) { return vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::OR, mask); }

  Value f(Value x, Value z, bool isMax) {
    // Without a question about NaN: a box with one has no area that is above zero.
    auto order = isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
    return arith::SelectOp::create(k.b, k.loc, arith::CmpFOp::create(k.b, k.loc, order, x, z), x, z);
  }
  Value sub(Value x, Value z) { return arith::SubFOp::create(k.b, k.loc, x, z); }
  Value mul(Value x, Value z) { return arith::MulFOp::create(k.b, k.loc, x, z); }
  Value addF(Value x, Value z) { return arith::AddFOp::create(k.b, k.loc, x, z); }
  Value number(Value like, double value) { return constantLike(k.b, k.loc, like.getType(), value); }

  Box boxAt(Value batch, Value index) {
    Value c[4];
    for (int64_t i = 0; i < 4; ++i)
      c[i] = memref::LoadOp::create(k.b, k.loc, boxes, ValueRange{batch, index, k.index(i)});
    Box box;
    for (int i : {0, 1}) {
      if (op.getCenterPointBox()) {
        // x, y of the center, width, height
        Value half = mul(c[2 + i], number(c[i], 0.5));
        box.low[i] = sub(c[i], half);
        box.high[i] = addF(c[i], half);
      } else {
        // Two opposite corners, either first.
        box.low[i] = f(c[i], c[2 + i], false);
        box.high[i] = f(c[i], c[2 + i], true);
      }
    }
    box.area = areaOf(box);
    return box;
  }
  Value areaOf(const Box &box) { return mul(sub(box.high[0], box.low[0]), sub(box.high[1], box.low[1])); }

  /// Whether the intersection over the union of two boxes is above the threshold, for one of two vectors of them.
  Value overlapsAny(const Box &a, const Box &b) {
    Value common, zero = number(a.area, 0);
    Value threshold = vector::BroadcastOp::create(k.b, k.loc, vector, iouThreshold);
    for (int i : {0, 1}) {
      Value extent = f(sub(f(a.high[i], b.high[i], false), f(a.low[i], b.low[i], true)), zero, true);
      common = common ? mul(common, extent) : extent;
    }
    auto above = [&](Value x, Value z) -> Value {
      return arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, x, z);
    };
    // Most boxes have nothing in common. That is no answer to a threshold below 0.
    Value meet = any(above(common, f(threshold, zero, false)));
    return k.ifElse(
        meet,
        [&]() -> Value {
          Value ratio = arith::DivFOp::create(k.b, k.loc, common, sub(addF(a.area, b.area), common));
          // Boxes without an area overlap nothing.
          Value haveAreas = arith::AndIOp::create(k.b, k.loc, above(a.area, zero), above(b.area, zero));
          return any(arith::AndIOp::create(k.b, k.loc, haveAreas, above(ratio, threshold)));
        },
        [&] { return constantBool(k, false); });
  }

  KernelBuilder &k;
  nn::NonMaxSuppressionOp op;
  Value boxes, scores, y, count, iouThreshold, scoreThreshold;
  VectorType vector;
  /// Lists of what the chosen boxes of the class at hand have.
  Box kept;
};

LogicalResult emitNonMaxSuppression(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::NonMaxSuppressionOp>(root);
  for (Value operand : {op.getBoxes(), op.getScores(), op.getIouThreshold(), op.getScoreThreshold()})
    if (!rankedType(operand).getElementType().isF32())
      return op.emitOpError("unsupported element type ") << rankedType(operand).getElementType();
  SuppressionKernel(k, op).emit();
  return success();
}

} // namespace

void registerNonMaxSuppressionLowerings(LoweringRegistry &registry) {
  registry.add<nn::NonMaxSuppressionOp>({singleItem, emitNonMaxSuppression});
}

} // namespace nnc
