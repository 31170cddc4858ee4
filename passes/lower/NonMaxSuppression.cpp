// nn.non_max_suppression: boxes in the order of their scores, without those that overlap a better one of their class.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/lower/Indices.h"
#include "passes/lower/MergeSort.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SortKeys.h"

using namespace mlir;

namespace nnc {

namespace {

class SuppressionKernel {
public:
  SuppressionKernel(KernelBuilder &k, nn::NonMaxSuppressionOp op)
      : k(k), op(op), boxes(k.memref(op.getBoxes())), scores(k.memref(op.getScores())), y(k.output(0)) {}

  void emit() {
    Value batches = k.dim(scores, 0), classes = k.dim(scores, 1), count = k.dim(scores, 2);
    Value limit = loadIndexOf(k, op.getMaxPerClass(), k.flat(k.memref(op.getMaxPerClass())), k.index(0));
    iouThreshold = scalar(op.getIouThreshold());
    scoreThreshold = scalar(op.getScoreThreshold());
    // The result may have three numbers for each score. The room is for three per element of all inputs, so that
    // behind the result at least twelve per box are free: two lists of boxes fit there.
    candidates = k.mul(k.mul(k.mul(batches, classes), count), 3);
    Value scratch = k.add(candidates, count);
    Value zero = k.index(0), one = k.index(1);
    // Unless one tensor is both boxes and scores, which then count once.
    Value fits = k.compare(arith::CmpIPredicate::sge, k.dim(y, 0), k.add(scratch, count));
    k.ifThen(k.negated(fits), [&] { k.fail("unsupported: non_max_suppression of boxes that are the scores, too"); });
    Value items = k.select(fits, k.mul(batches, classes), zero);
    Value found = k.loop(zero, items, one, zero, [&](Value item, ValueRange before) -> SmallVector<Value> {
      Value batch = k.div(item, classes), category = k.rem(item, classes);
      Value above = collect(batch, category, count);
      mergeSort(k, {y, candidates}, {y, scratch}, above,
                [&](Value a, Value b) { return k.compare(arith::CmpIPredicate::sgt, a, b); });
      return {choose(batch, category, above, limit, before[0])};
    })[0];
    storeStored(k, k.fromIndex(found, k.b.getI64Type()), {k.counts(), zero});
  }

private:
  Value scalar(Value tensor) { return loadStored(k, {k.flat(k.memref(tensor)), k.index(0)}); }
  Value numberAt(Value at) { return k.toIndex(loadStored(k, {y, at})); }

  /// Lists the boxes with a score above the threshold by their keys; returns their number.
  Value collect(Value batch, Value category, Value count) {
    return k.loop(k.index(0), count, k.index(1), k.index(0), [&](Value box, ValueRange n) -> SmallVector<Value> {
      Value score = memref::LoadOp::create(k.b, k.loc, scores, ValueRange{batch, category, box});
      Value isAbove = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, score, scoreThreshold);
      k.ifThen(isAbove, [&] { storeStored(k, sortKey(k, score, box, {}), {y, k.add(candidates, n[0])}); });
      return {k.select(isAbove, k.add(n[0], 1), n[0])};
    })[0];
  }

  /// Takes the listed boxes in order, up to the limit; returns the length of the result.
  Value choose(Value batch, Value category, Value above, Value limit, Value before) {
    return k.loop(k.index(0), above, k.index(1), before, [&](Value i, ValueRange found) -> SmallVector<Value> {
      Value box = indexOfKey(k, loadStored(k, {y, k.add(candidates, i)}));
      Value isOpen = k.compare(arith::CmpIPredicate::slt, k.sub(found[0], before), limit);
      Value isChosen = k.ifElse(
          isOpen, [&] { return k.negated(overlapsChosen(batch, box, before, found[0])); },
          [&] { return constantBool(k, false); });
      k.ifThen(isChosen, [&] {
        Value row = k.mul(found[0], 3);
        storeNumber(k, batch, {y, row});
        storeNumber(k, category, {y, k.add(row, 1)});
        storeNumber(k, box, {y, k.add(row, 2)});
      });
      return {k.select(isChosen, k.add(found[0], 1), found[0])};
    })[0];
  }

  /// Whether the box overlaps one of the result's boxes [from, to), by a search that ends at the first.
  Value overlapsChosen(Value batch, Value box, Value from, Value to) {
    Box mine = boxAt(batch, box);
    Type types[] = {k.b.getIndexType(), k.b.getI1Type()};
    auto search = scf::WhileOp::create(
        k.b, k.loc, TypeRange(types), ValueRange{from, constantBool(k, false)},
        [&](OpBuilder &, Location, ValueRange state) {
          Value goesOn = k.both(k.compare(arith::CmpIPredicate::slt, state[0], to), k.negated(state[1]));
          scf::ConditionOp::create(k.b, k.loc, goesOn, state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          Value other = numberAt(k.add(k.mul(state[0], 3), k.index(2)));
          Value next[] = {k.add(state[0], 1), overlap(mine, boxAt(batch, other))};
          scf::YieldOp::create(k.b, k.loc, ValueRange(next));
        });
    k.b.setInsertionPointAfter(search);
    return search.getResult(1);
  }

  struct Box {
    Value low[2], high[2], area;
  };

  Value f(Value x, Value z, bool isMax) {
    // Without a question about NaN: a box with one has no area that is above zero.
    auto order = isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
    return k.select(arith::CmpFOp::create(k.b, k.loc, order, x, z), x, z);
  }
  Value sub(Value x, Value z) { return arith::SubFOp::create(k.b, k.loc, x, z); }
  Value mul(Value x, Value z) { return arith::MulFOp::create(k.b, k.loc, x, z); }
  Value addF(Value x, Value z) { return arith::AddFOp::create(k.b, k.loc, x, z); }
  Value number(double value) { return arith::ConstantOp::create(k.b, k.loc, k.b.getF32FloatAttr(value)); }

  Box boxAt(Value batch, Value index) {
    Value c[4];
    for (int64_t i = 0; i < 4; ++i)
      c[i] = memref::LoadOp::create(k.b, k.loc, boxes, ValueRange{batch, index, k.index(i)});
    Box box;
    for (int i : {0, 1}) {
      if (op.getCenterPointBox()) {
        // x, y of the center, width, height
        Value half = mul(c[2 + i], number(0.5));
        box.low[i] = sub(c[i], half);
        box.high[i] = addF(c[i], half);
      } else {
        // Two opposite corners, either first.
        box.low[i] = f(c[i], c[2 + i], false);
        box.high[i] = f(c[i], c[2 + i], true);
      }
    }
    box.area = mul(sub(box.high[0], box.low[0]), sub(box.high[1], box.low[1]));
    return box;
  }

  /// Whether the intersection over the union of two boxes is above the threshold.
  Value overlap(const Box &a, const Box &b) {
    Value common = number(1);
    for (int i : {0, 1})
      common = mul(common, f(sub(f(a.high[i], b.high[i], false), f(a.low[i], b.low[i], true)), number(0), true));
    Value together = sub(addF(a.area, b.area), common);
    auto above = [&](Value x, Value z) -> Value {
      return arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, x, z);
    };
    Value ratio = arith::DivFOp::create(k.b, k.loc, common, together);
    // Boxes without an area overlap nothing.
    Value haveAreas = k.both(above(a.area, number(0)), above(b.area, number(0)));
    return k.both(haveAreas, above(ratio, iouThreshold));
  }

  KernelBuilder &k;
  nn::NonMaxSuppressionOp op;
  Value boxes, scores, y, iouThreshold, scoreThreshold, candidates;
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
