// nn.blocked_bottleneck: a convolution whose result only a depthwise one reads, and what projects that. An item is a
// row of outputs. The rows of the expanded tensor that its window is about to need are summed directly, activated, and
// kept in a ring of as many rows as the window covers: they are read while they are in the caches nearby, and never
// written beyond those. The items of a thread follow each other down the image, so that each finds in the ring what the
// one before left there. Where a projection follows, the window's row, too, stays in the workspace, and is multiplied
// at once.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/DirectSums.h"
#include "passes/lower/ElementwiseBody.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SlidingWindow.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

RankedTensorType argumentOf(Region &region) { return cast<RankedTensorType>(region.front().getArgument(0).getType()); }

/// What is known of the op before its kernel is written.
struct Shape {
  Shape(nn::BlockedBottleneckOp op, const KernelTarget &target)
      : expanded(argumentOf(op.getExpanded())),
        filtered(op.getFiltered().empty() ? typeOf(op.getY()) : argumentOf(op.getFiltered())),
        expansion(typeOf(op.getX()), expanded, op.getExpandKernel(), op.getExpandStrides(), op.getExpandPads(),
                  op.getExpandDilations()),
        window(expanded, filtered, op.getKernel(), op.getStrides(), op.getPads(), op.getDilations()),
        projection(filtered, typeOf(op.getY()), {1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
        plain(typeOf(op.getX()).getRank() == 4), depth(typeOf(op.getPanels()).getDimSize(2)),
        expandTile(planRow(target, op.getFilters(), depth, window.columns.in)) {
    int64_t count = typeOf(op.getPanels()).getDimSize(1);
    panels = {count, expandTile.panels, 1};
    int64_t ringBytes = count * window.rows.span() * window.columns.in * kBlock * 4;
    if (op.getProject().empty())
      panels.items = std::min(llvm::divideCeilSigned(ringBytes, kRingBytes), panels.groups());
  }

  /// How a row of `columns` outputs of `filters` filters goes through registers.
  static BlockedConvPlan planRow(const KernelTarget &target, int64_t filters, int64_t depth, int64_t columns) {
    int64_t lanes = filters % kBlock;
    return planBlockedConv(target, {nn::blocksOf(filters), depth, /*rows=*/1, columns, /*inputBytes=*/0,
                                    /*outerItems=*/1, /*isBytes=*/false,
                                    /*endsHalfEmpty=*/lanes > 0 && lanes <= kBlock / 2});
  }

  /// [N,B,D1,D2,16]
  RankedTensorType expanded, filtered;
  BlockedGeometry expansion, window, projection;
  bool plain;
  int64_t depth;
  BlockedConvPlan expandTile;
  /// Of the expanded tensor: shared among items where the ring of all would not stay in the second-level cache.
  PanelGroups panels;
};

/// Elementwise ops of a region, applied to vectors.
class Activation {
public:
  Activation(KernelBuilder &k, Region &region) : k(k), region(region) {}

  /// Whether they are so few that they are written out for every vector in registers.
  bool isShort() const { return region.empty() || isShortBody(region.front()); }

  FailureOr<Value> apply(Value value) const {
    if (region.empty())
      return value;
    auto noLeaf = [](Value) { return Value(); };
    Block &body = region.front();
    auto results = evaluateBody(k, body, {{body.getArgument(0), value}}, value.getType(), noLeaf);
    if (failed(results))
      return failure();
    return results->front();
  }

  /// Applies them to `pixels` blocks of channels of a 1-D memref from `from` on.
  LogicalResult applyTo(Value memref, Value from, int64_t pixels) const {
    LogicalResult status = success();
    k.apart([&] {
      // The instructions of a function depend on each other: four vectors at a time keep the machine busy.
      int64_t done = 0;
      for (int64_t size : {4, 1}) {
        auto type = VectorType::get({size * kBlock}, k.b.getF32Type());
        int64_t end = pixels / size * size;
        k.loop(k.index(done), k.index(end), k.index(size), [&](Value pixel) {
          Value place = k.add(from, k.mul(pixel, kBlock));
          auto result = apply(vector::LoadOp::create(k.b, k.loc, type, memref, ValueRange{place}));
          if (failed(result))
            status = failure();
          else
            vector::StoreOp::create(k.b, k.loc, *result, memref, ValueRange{place});
        });
        done = end;
      }
    });
    return status;
  }

private:
  KernelBuilder &k;
  Region &region;
};

/// The window over the rows in the ring: [panels of an item, rows, columns, 16]. Where `filtered` is given, its results
/// go there: [panels, columns, 16].
class RingWindow : public DepthwiseWindow {
public:
  RingWindow(KernelBuilder &k, nn::BlockedBottleneckOp op, Value ring, int64_t ringRows, const BlockedGeometry &g,
             Value filtered, const Activation &activation)
      : DepthwiseWindow(k, op, ring, /*blocks=*/0, k.flat(k.memref(op.getW())), k.flat(k.memref(op.getBias())), g),
        ringRows(ringRows), filtered(filtered), activation(activation) {}

  /// Of the item at hand.
  Value firstPanel;

  /// The pixel of the ring at which row y of a panel of the expanded tensor starts.
  Value pixelOf(Value panel, Value y) {
    Value slot = k.add(k.mul(k.sub(panel, firstPanel), ringRows), k.rem(y, k.index(ringRows)));
    return k.mul(slot, g.columns.in);
  }

private:
  Value pixelOfRow(Value y) override { return pixelOf(block, y); }

  LogicalResult store(Value result, Value column) override {
    if (!filtered)
      return SlidingWindow::store(result, column);
    if (activation.isShort()) {
      auto activated = activation.apply(result);
      if (failed(activated))
        return failure();
      result = *activated;
    }
    Value at = k.add(k.mul(k.add(k.mul(block, g.columns.out), column), kBlock), lane);
    vector::StoreOp::create(k.b, k.loc, result, filtered, ValueRange{at});
    return success();
  }

  int64_t ringRows;
  Value filtered;
  const Activation &activation;
};

class Bottleneck {
public:
  Bottleneck(KernelBuilder &k, nn::BlockedBottleneckOp op)
      : k(k), op(op), shape(op, k.target), g(shape.window), expandTile(shape.expandTile),
        vector(VectorType::get({expandTile.lanes}, k.b.getF32Type())), perPanel(kBlock / expandTile.lanes),
        ringRows(g.rows.span()), rowElements(g.columns.in * kBlock),
        ring(floats(shape.panels.largest() * ringRows * rowElements)),
        reached(k.workspace(MemRefType::get({3}, k.b.getI64Type()))),
        filtered(isProjected() ? floats(shape.panels.panels * g.columns.out * kBlock) : Value()),
        expandActivation(k, op.getExpanded()), filterActivation(k, op.getFiltered()),
        window(k, op, ring, ringRows, g, filtered, filterActivation) {
    const BlockedGeometry &e = shape.expansion;
    int64_t perBlock = shape.plain ? 1 : kBlock;
    PixelSource inPlace = PixelSource::inPlace(k, e, k.flat(k.memref(op.getX())), perBlock);
    int64_t blocks = llvm::divideCeil(op.getChannels(), perBlock);
    inputElements = blocks * e.rows.in * e.columns.in * perBlock;
    if (PaddedRows::areNeeded(e))
      padded.emplace(k, e, inPlace, blocks, /*rows=*/1, e.columns.out);
    expansion.emplace(DirectSums{e, padded ? padded->source() : inPlace, shape.plain, perBlock,
                                 static_cast<int64_t>(op.getChannels()), shape.depth, k.flat(k.memref(op.getPanels())),
                                 k.flat(k.memref(op.getExpandBias())), vector, expandTile.omitsHalf});
    if (!isProjected())
      return;
    int64_t channels = op.getFilters(), plane = g.columns.out * kBlock;
    projectTile = Shape::planRow(k.target, *op.getProjectFilters(), channels, g.columns.out);
    PixelSource source{filtered, kBlock, k.index(plane), k.index(plane)};
    projection.emplace(DirectSums{shape.projection, source, /*plain=*/false, kBlock, channels, channels,
                                  k.flat(k.memref(op.getProject()[0])), k.flat(k.memref(op.getProject()[1])), vector,
                                  projectTile.omitsHalf});
  }

  LogicalResult emit() {
    double work =
        static_cast<double>(g.rows.in) / g.rows.out * g.columns.in * shape.panels.largest() * kBlock * shape.depth;
    k.grain = std::max<int64_t>(1, 200000 / work);
    k.note("expanded rows in a ring of " + Twine(ringRows) + ", registers hold " + tileNote(expandTile) +
           (isProjected() ? ", then " + tileNote(projectTile) : "") +
           (shape.panels.items > 1 ? ", in " + Twine(shape.panels.items) + " parts" : ""));
    setReached(k.index(-1), k.index(0), k.index(0));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      std::tie(firstPanel, lastPanel) = shape.panels.range(k, point[1]);
      window.firstPanel = firstPanel;
      part = k.add(k.mul(image, shape.panels.items), point[1]);
      outputRow(point[2]);
    });
    return status;
  }

private:
  bool isProjected() { return !op.getProject().empty(); }

  Value floats(int64_t count) { return k.workspace(MemRefType::get({count}, k.b.getF32Type())); }

  static std::string tileNote(const BlockedConvPlan &tile) {
    return (Twine(tile.pixels) + " pixels x " + Twine(tile.panels * kBlock) + " filters").str();
  }

  /// What the ring holds: rows of a part of an image up to `end`, all that the windows from `row` on need.
  void setReached(Value part, Value row, Value end) {
    Value state[] = {part, row, end};
    for (auto [i, value] : llvm::enumerate(state))
      memref::StoreOp::create(k.b, k.loc, k.fromIndex(value, k.b.getI64Type()), reached, k.index(i));
  }

  void outputRow(Value row) {
    auto before = [&](int64_t i) { return k.toIndex(memref::LoadOp::create(k.b, k.loc, reached, k.index(i))); };
    Value isNext = k.both(k.compare(arith::CmpIPredicate::eq, before(0), part),
                          k.compare(arith::CmpIPredicate::eq, before(1), row));
    Value top = k.max(k.index(0), k.sub(k.mul(row, g.rows.stride), k.index(g.rows.padBegin)));
    // Rows that the window has not seen yet; there are none where it reaches into padding.
    Value from = k.select(isNext, before(2), top);
    Value under = k.add(k.mul(row, g.rows.stride), g.rows.span() - g.rows.padBegin);
    Value end = k.max(from, k.min(under, k.index(g.rows.in)));
    k.loop(from, end, k.index(1), [&](Value y) {
      if (padded)
        padded->copy(k.mul(image, inputElements), y, k.index(0), zeroOf(k, k.b.getF32Type()), /*readsPadding=*/true);
      overTiles(shape.panels, firstPanel, lastPanel, expandTile.pixels, g.columns.in,
                [&](Value panel, int64_t width, Value start, int64_t size) { expand(panel, width, y, start, size); });
      if (!expandActivation.isShort())
        k.loop(firstPanel, lastPanel, k.index(1),
               [&](Value panel) { check(expandActivation.applyTo(ring, slot(panel, y), g.columns.in)); });
    });
    k.loop(firstPanel, lastPanel, k.index(1), [&](Value panel) { check(window.outputRow(image, panel, row)); });
    if (isProjected()) {
      if (!filterActivation.isShort())
        check(filterActivation.applyTo(filtered, k.index(0), shape.panels.panels * g.columns.out));
      int64_t panels = typeOf(op.getY()).getDimSize(1);
      overTiles(
          {panels, projectTile.panels, 1}, k.index(0), k.index(panels), projectTile.pixels, g.columns.out,
          [&](Value panel, int64_t width, Value start, int64_t size) { project(panel, width, row, start, size); });
    }
    setReached(part, k.add(row, 1), end);
  }

  /// The tiles of a row of `extent` pixels and the panels [first, last).
  void overTiles(const PanelGroups &panels, Value first, Value last, int64_t pixels, int64_t extent,
                 llvm::function_ref<void(Value panel, int64_t width, Value start, int64_t size)> body) {
    EvenParts columns{extent, llvm::divideCeilSigned(extent, pixels)};
    panels.forEach(k, first, last, [&](Value panel, int64_t width) {
      columns.forEach(k, k.index(0), k.index(columns.parts),
                      [&](Value start, int64_t size) { body(panel, width, start, size); });
    });
  }

  /// The element of the ring at which row y of a panel of the expanded tensor starts.
  Value slot(Value panel, Value y) { return k.mul(window.pixelOf(panel, y), kBlock); }

  /// The pixels [start, +size) of row y of the panels [panel, +width) of the expanded tensor.
  void expand(Value panel, int64_t width, Value y, Value start, int64_t size) {
    const BlockedGeometry &e = shape.expansion;
    Value origin = k.mul(start, e.columns.stride * expansion->source.pixel);
    if (!padded)
      origin = k.add(k.add(origin, k.mul(image, inputElements)), k.mul(y, k.mul(expansion->source.row, e.rows.stride)));
    SmallVector<Value> sums = sumsOf(*expansion, panel, width, origin, size);
    Value first = k.add(slot(panel, y), k.mul(start, kBlock));
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < width * perPanel; ++j) {
        Value sum = sums[i * width * perPanel + j];
        if (expandActivation.isShort()) {
          auto activated = expandActivation.apply(sum);
          check(activated);
          sum = succeeded(activated) ? *activated : sum;
        }
        int64_t at = j / perPanel * ringRows * rowElements + i * kBlock + j % perPanel * expandTile.lanes;
        vector::StoreOp::create(k.b, k.loc, sum, ring, ValueRange{k.add(first, at)});
      }
  }

  /// The pixels [start, +size) of row `row` of the panels [panel, +width) of the result.
  void project(Value panel, int64_t width, Value row, Value start, int64_t size) {
    SmallVector<Value> sums = sumsOf(*projection, panel, width, k.mul(start, kBlock), size);
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < width * perPanel; ++j)
        check(storeThroughEpilogue(k, op, sums[i * width * perPanel + j],
                                   shape.projection.indices(k, image, k.add(panel, j / perPanel), row, k.add(start, i),
                                                            k.index(j % perPanel * expandTile.lanes))));
  }

  SmallVector<Value> sumsOf(const DirectSums &sums, Value panel, int64_t width, Value origin, int64_t size) {
    return sums.emit(k,
                     {size, size, width, panel, origin, sums.allTaps(k, sums.g.rows), sums.allTaps(k, sums.g.columns)});
  }

  void check(LogicalResult result) {
    if (failed(result))
      status = failure();
  }

  KernelBuilder &k;
  nn::BlockedBottleneckOp op;
  Shape shape;
  const BlockedGeometry &g;
  const BlockedConvPlan &expandTile;
  BlockedConvPlan projectTile;
  VectorType vector;
  /// Vectors of a panel's row.
  int64_t perPanel;
  int64_t ringRows, rowElements, inputElements;
  Value ring, reached, filtered;
  Activation expandActivation, filterActivation;
  RingWindow window;
  /// The input under a row of the expanded tensor, where its windows reach into padding.
  std::optional<PaddedRows> padded;
  std::optional<DirectSums> expansion, projection;
  // Of the item at hand: its image, its panels, and its number among all the parts of images.
  Value image, firstPanel, lastPanel, part;
  LogicalResult status = success();
};

AffineMap bottleneckItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  Shape shape(cast<nn::BlockedBottleneckOp>(root), target);
  MLIRContext *context = group.getContext();
  return AffineMap::get(
      5, 0,
      {getAffineDimExpr(0, context), getAffineConstantExpr(shape.panels.items, context), getAffineDimExpr(2, context)},
      context);
}

LogicalResult emitBottleneck(KernelBuilder &k, Operation *root) {
  return Bottleneck(k, cast<nn::BlockedBottleneckOp>(root)).emit();
}

} // namespace

void registerBlockedBottleneckLowerings(LoweringRegistry &registry) {
  registry.add<nn::BlockedBottleneckOp>({nullptr, emitBottleneck, bottleneckItems});
}

} // namespace nnc
