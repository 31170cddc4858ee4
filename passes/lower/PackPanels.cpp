// Lowering of nn.pack_panels: runs of 16 columns copied, or squares transposed in registers where the factor
// lies the other way round. An item is a few neighbouring panels times a block of the depth, so that reads
// stay near each other.
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"
#include "passes/lower/Transpose.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;
/// Panels and steps of the depth of an item.
constexpr int64_t kPanels = 8, kSteps = 128;

AffineMap packPanelsItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::PackPanelsOp>(root);
  int64_t rank = rankedType(op.getPanels()).getRank();
  SmallVector<AffineExpr> items;
  for (int64_t i = 0; i < rank - 3; ++i)
    items.push_back(getAffineDimExpr(i, group.getContext()));
  items.push_back(getAffineDimExpr(rank - 3, group.getContext()).ceilDiv(kPanels));
  items.push_back(getAffineDimExpr(rank - 2, group.getContext()).ceilDiv(kSteps));
  return AffineMap::get(rank, 0, items, group.getContext());
}

class PackPanels {
public:
  PackPanels(KernelBuilder &k, nn::PackPanelsOp op)
      : k(k), op(op), rank(rankedType(op.getPanels()).getRank()), from(k.flat(k.memref(op.getB()))),
        to(k.flat(k.output(0))), depth(k.dim(k.output(0), rank - 2)),
        columns(rankedType(op.getB()).getDimSize(rank - (op.getTransposed() ? 3 : 2))),
        count(k.index(columns)), element(cast<MemRefType>(from.getType()).getElementType()) {}

  void emit() {
    int64_t whole = columns / kWidth, panels = llvm::divideCeil(columns, kWidth);
    // (See Runs.h: half of fewer elements is no gain.)
    k.grain = std::max<int64_t>(1, kLeastMoved / (kPanels * kWidth * kSteps));
    k.forEachItem([&](ValueRange point) {
      Value batch = k.index(0);
      for (int64_t i = 0; i < rank - 3; ++i)
        batch = k.add(k.mul(batch, k.dim(k.output(0), i)), point[i]);
      source = k.mul(batch, k.mul(depth, count));
      target = k.mul(batch, k.mul(depth, panels * kWidth));
      Value first = k.mul(point[rank - 3], kPanels), last = k.min(k.add(first, kPanels), k.index(whole));
      Value step = k.mul(point[rank - 2], kSteps), end = k.min(k.add(step, kSteps), depth);
      if (op.getTransposed()) {
        k.loop(first, last, k.index(1), [&](Value panel) { transposeSteps(panel, step, end); });
      } else {
        // All panels of the item at one step: a few lines of memory that follow each other.
        k.loop(step, end, k.index(1), [&](Value s) {
          k.loop(first, last, k.index(1), [&](Value panel) { copyStep(panel, s); });
        });
      }
      if (columns % kWidth == 0)
        return;
      Value rest = k.index(whole);
      Value isHere = k.both(k.compare(arith::CmpIPredicate::sle, first, rest),
                            k.compare(arith::CmpIPredicate::sgt, k.add(first, kPanels), rest));
      k.ifThen(isHere, [&] { k.loop(step, end, k.index(1), [&](Value s) { copyPartOfStep(s, whole); }); });
    });
  }

private:
  Value sourceAt(Value column, Value step) {
    Value at = op.getTransposed() ? k.add(k.mul(column, depth), step) : k.add(k.mul(step, count), column);
    return k.add(source, at);
  }
  Value targetAt(Value panel, Value step) {
    return k.add(target, k.mul(k.add(k.mul(panel, depth), step), kWidth));
  }
  Value load(int64_t lanes, Value offset) {
    return vector::LoadOp::create(k.b, k.loc, VectorType::get({lanes}, element), from, offset);
  }
  void store(Value value, Value offset) { vector::StoreOp::create(k.b, k.loc, value, to, offset); }

  void copyStep(Value panel, Value step) {
    store(load(kWidth, sourceAt(k.mul(panel, kWidth), step)), targetAt(panel, step));
  }

  /// One panel of a transposed factor: two squares side by side, then the steps that fill no square.
  void transposeSteps(Value panel, Value step, Value end) {
    constexpr int64_t side = TransposeShape::kSide;
    Value width = k.index(side), squares = k.add(step, k.mul(k.div(k.sub(end, step), width), width));
    Value column = k.mul(panel, kWidth);
    k.loop(step, squares, width, [&](Value s) {
      for (int64_t half = 0; half < kWidth; half += side) {
        SmallVector<Value> vectors;
        for (int64_t i = 0; i < side; ++i)
          vectors.push_back(load(side, sourceAt(k.add(column, half + i), s)));
        TransposeShape::transposeSquare(k, vectors);
        for (int64_t i = 0; i < side; ++i)
          store(vectors[i], k.add(targetAt(panel, k.add(s, i)), half));
      }
    });
    k.loop(squares, end, k.index(1), [&](Value s) {
      k.loop(k.index(kWidth), [&](Value i) {
        storeStored(k, loadStored(k, {from, sourceAt(k.add(column, i), s)}),
                    {to, k.add(targetAt(panel, s), i)});
      });
    });
  }

  /// A step of the last panel, which is filled up with zeros.
  void copyPartOfStep(Value step, int64_t panel) {
    Value at = targetAt(k.index(panel), step), have = k.index(columns % kWidth);
    k.loop(have, [&](Value i) {
      storeStored(k, loadStored(k, {from, sourceAt(k.add(i, panel * kWidth), step)}), {to, k.add(at, i)});
    });
    k.loop(have, k.index(kWidth), k.index(1), [&](Value i) {
      storeStored(k, zeroStored(k, to), {to, k.add(at, i)});
    });
  }

  KernelBuilder &k;
  nn::PackPanelsOp op;
  /// Of the panels; b has one dim less.
  int64_t rank;
  Value from, to, depth;
  int64_t columns;
  Value count;
  Type element;
  /// Where this item's matrix starts in either.
  Value source, target;
};

LogicalResult emitPackPanels(KernelBuilder &k, Operation *root) {
  PackPanels(k, cast<nn::PackPanelsOp>(root)).emit();
  return success();
}

} // namespace

void registerPackPanelsLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackPanelsOp>({packPanelsItems, emitPackPanels});
}

} // namespace nnc
