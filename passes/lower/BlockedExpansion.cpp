// nn.blocked_expand_depthwise: a 1 x 1 convolution whose result only a depthwise one reads, row by row. For
// one group of panels at a time an item goes down its rows of outputs; the rows of the expanded tensor that
// the window is about to need are computed by the micro-kernel, activated, and kept in a ring of as many rows
// as the window covers. They are read while they are in the cache nearby, and never written beyond it.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementwiseBody.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SlidingWindow.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What is known of the op before its kernel is written.
struct Shape {
  Shape(nn::GroupOp group, nn::BlockedExpandDepthwiseOp op, KernelTarget target)
      : geometry(group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                 /*mayFlatten=*/false),
        panels(typeOf(op.getPanels()).getDimSize(1)), channels(op.getChannels()) {
    int64_t images = typeOf(op.getY()).isDynamicDim(0) ? 1 : typeOf(op.getY()).getDimSize(0);
    plan = planExpansion(target, {panels, channels, geometry.rows.in, geometry.columns.in, geometry.rows.out,
                                  geometry.rows.stride, geometry.rows.span(), images});
  }

  BlockedGeometry geometry;
  int64_t panels, channels;
  ExpansionPlan plan;

  PanelGroups panelGroups() const { return {panels, plan.panels, plan.panelItems}; }
};

/// The window over the rows in the ring: [panels of a group, rows, columns, 16].
class RingWindow : public DepthwiseWindow {
public:
  RingWindow(KernelBuilder &k, nn::BlockedExpandDepthwiseOp op, Value ring, int64_t ringRows,
             const BlockedGeometry &g)
      : DepthwiseWindow(k, op, ring, /*blocks=*/0, k.flat(k.memref(op.getW())),
                        k.flat(k.memref(op.getBias())), g),
        ringRows(ringRows) {}

  /// The first panel of the group at hand.
  Value firstBlock;

private:
  Value pixelOfRow(Value y) override {
    Value slot = k.add(k.mul(k.sub(block, firstBlock), ringRows), k.rem(y, k.index(ringRows)));
    return k.mul(slot, g.columns.in);
  }

  int64_t ringRows;
};

class Expansion {
public:
  Expansion(KernelBuilder &k, nn::BlockedExpandDepthwiseOp op)
      : k(k), op(op), shape(k.group, op, k.target), g(shape.geometry), plan(shape.plan),
        vector(VectorType::get({plan.lanes}, k.b.getF32Type())), perPanel(kBlock / plan.lanes),
        ringRows(g.rows.span()), rowElements(g.columns.in * kBlock), x(k.flat(k.memref(op.getX()))),
        panels(k.flat(k.memref(op.getPanels()))), expandBias(k.flat(k.memref(op.getExpandBias()))),
        ring(k.workspace(MemRefType::get({plan.panels * ringRows * rowElements}, k.b.getF32Type()))),
        window(k, op, ring, ringRows, g), isShort(isShortBody(op.getActivation().front())) {}

  LogicalResult emit() {
    double work = static_cast<double>(g.rows.in) * g.columns.in * shape.panels * kBlock * shape.channels /
                  plan.rowItems / plan.panelItems;
    k.grain = std::max<int64_t>(1, 200000 / work);
    k.note("expanded rows in a ring of " + Twine(ringRows) + ", registers hold " + Twine(plan.pixels) +
           " pixels x " + Twine(plan.panels * kBlock) + " filters, cut into " + Twine(plan.panelItems) +
           " x " + Twine(plan.rowItems));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      PanelGroups groups = shape.panelGroups();
      auto [panel, panelEnd] = groups.range(k, point[1]);
      EvenParts items{g.rows.out, plan.rowItems};
      Value first = items.spreadStart(k, point[2]), end = items.spreadStart(k, k.add(point[2], 1));
      groups.forEach(k, panel, panelEnd,
                     [&](Value block, int64_t width) { overRows(block, width, first, end); });
    });
    return status;
  }

private:
  /// The outputs of the rows [first, end) of the panels [block, +width).
  void overRows(Value block, int64_t width, Value first, Value end) {
    window.firstBlock = block;
    Value zero = k.index(0), inputRows = k.index(g.rows.in);
    Value top = k.max(zero, k.sub(k.mul(first, g.rows.stride), k.index(g.rows.padBegin)));
    k.loop(first, end, k.index(1), {top}, [&](Value row, ValueRange done) -> SmallVector<Value> {
      // Rows that the window has not seen yet; there are none where it reaches into padding.
      Value under = k.add(k.mul(row, g.rows.stride), g.rows.span() - g.rows.padBegin);
      Value needed = k.max(done[0], k.min(under, inputRows));
      k.loop(done[0], needed, k.index(1), [&](Value y) { expandRow(block, width, y); });
      k.loop(k.index(width), [&](Value i) {
        if (failed(window.outputRow(image, k.add(block, i), row)))
          status = failure();
      });
      return {needed};
    });
  }

  /// Row y of the expanded tensor.
  void expandRow(Value block, int64_t width, Value y) {
    Value slot = k.mul(k.rem(y, k.index(ringRows)), rowElements);
    int64_t blockStride = ringRows * rowElements;
    EvenParts columns{g.columns.in, llvm::divideCeilSigned(g.columns.in, plan.pixels)};
    columns.forEach(k, k.index(0), k.index(columns.parts), [&](Value start, int64_t size) {
      MicroKernel kernel{size, width * perPanel, vector};
      SmallVector<Value> sums = products(kernel, block, y, start);
      for (int64_t i = 0; i < kernel.rows; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j) {
          Value at = k.add(k.add(slot, k.mul(k.add(start, i), kBlock)),
                           j / perPanel * blockStride + j % perPanel * plan.lanes);
          Value sum = sums[i * kernel.vectors + j];
          vector::StoreOp::create(k.b, k.loc, isShort ? activated(sum) : sum, ring, ValueRange{at});
        }
    });
    if (isShort)
      return;
    k.loop(k.index(width), [&](Value i) {
      Value from = k.add(slot, k.mul(i, blockStride));
      k.loop(k.index(0), k.index(rowElements), k.index(plan.lanes), [&](Value at) {
        Value place = k.add(from, at);
        Value sum = vector::LoadOp::create(k.b, k.loc, vector, ring, ValueRange{place});
        vector::StoreOp::create(k.b, k.loc, activated(sum), ring, ValueRange{place});
      });
    });
  }

  Value activated(Value sum) {
    Block &body = op.getActivation().front();
    auto noLeaf = [](Value) { return Value(); };
    auto results = evaluateBody(k, body, {{body.getArgument(0), sum}}, vector, noLeaf);
    if (succeeded(results))
      return results->front();
    status = failure();
    return sum;
  }

  /// The sums over all channels of the pixels from `start` on in row y.
  SmallVector<Value> products(const MicroKernel &kernel, Value block, Value y, Value start) {
    SmallVector<Value> sums;
    for (int64_t i = 0; i < kernel.rows; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j)
        sums.push_back(i ? sums[j] : biasOf(block, j));
    int64_t planeElements = g.rows.in * rowElements, depth = shape.channels;
    Value blocksBefore = k.mul(image, nn::blocksOf(depth)), weights = k.mul(block, depth * kBlock);
    Value origin = k.add(k.mul(blocksBefore, planeElements),
                         k.add(k.mul(y, rowElements), k.mul(start, kBlock)));
    auto run = [&](Value from, Value weight, int64_t steps, ValueRange carried) {
      int64_t unroll = steps % 2 ? 1 : 2;
      return k.loop(k.index(0), k.index(steps), k.index(unroll), carried, [&](Value at, ValueRange sums) {
        SmallVector<Value> next(sums);
        for (int64_t u = 0; u < unroll; ++u)
          next = kernel.step(
              k, k.add(at, u), next,
              [&](int64_t i, Value step) -> Value {
                return memref::LoadOp::create(k.b, k.loc, x, k.add(k.add(from, step), i * kBlock));
              },
              [&](int64_t j, Value step) -> Value {
                Value offset = k.add(k.add(weight, k.mul(step, kBlock)),
                                     j / perPanel * depth * kBlock + j % perPanel * plan.lanes);
                return vector::LoadOp::create(k.b, k.loc, vector, panels, ValueRange{offset});
              });
        return next;
      });
    };
    int64_t whole = depth / kBlock;
    if (whole)
      sums = k.loop(k.index(0), k.index(whole), k.index(1), sums, [&](Value c, ValueRange carried) {
        return run(k.add(origin, k.mul(c, planeElements)), k.add(weights, k.mul(c, kBlock * kBlock)), kBlock,
                   carried);
      });
    if (int64_t rest = depth % kBlock)
      sums = run(k.add(origin, whole * planeElements), k.add(weights, whole * kBlock * kBlock), rest, sums);
    return sums;
  }

  Value biasOf(Value block, int64_t j) {
    Value at = k.add(k.mul(k.add(block, j / perPanel), kBlock), j % perPanel * plan.lanes);
    return vector::LoadOp::create(k.b, k.loc, vector, expandBias, ValueRange{at});
  }

  KernelBuilder &k;
  nn::BlockedExpandDepthwiseOp op;
  Shape shape;
  const BlockedGeometry &g;
  const ExpansionPlan &plan;
  VectorType vector;
  /// Vectors of a panel's row.
  int64_t perPanel;
  int64_t ringRows, rowElements;
  Value x, panels, expandBias, ring;
  RingWindow window;
  bool isShort;
  Value image;
  LogicalResult status = success();
};

AffineMap expansionItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::BlockedExpandDepthwiseOp>(root);
  Shape shape(group, op, target);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(0, context),
                                     getAffineConstantExpr(shape.plan.panelItems, context),
                                     getAffineConstantExpr(shape.plan.rowItems, context)};
  return AffineMap::get(typeOf(op.getY()).getRank(), 0, results, context);
}

LogicalResult emitExpansion(KernelBuilder &k, Operation *root) {
  return Expansion(k, cast<nn::BlockedExpandDepthwiseOp>(root)).emit();
}

} // namespace

void registerBlockedExpansionLowerings(LoweringRegistry &registry) {
  registry.add<nn::BlockedExpandDepthwiseOp>({nullptr, emitExpansion, expansionItems});
}

} // namespace nnc
