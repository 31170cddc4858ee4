// nn.blocked_conv by the micro-kernel: scalars are pixels of the input, broadcast, and vectors are filters,
// whose weights lie in panels. A register tile of neighbouring outputs times a few panels runs over the whole
// sum; then the epilogue is applied to registers. Where the window reaches into padding the rows that an item
// needs are first copied into the workspace with zeros around them: a copy for all the filters costs a
// fraction of their products.
//
// Products of bytes (nn.blocked_byte_conv) are the same kernel over units of four neighbouring channels: a
// unit takes 32 bits as an f32 does, a block of channels is four units, and a step of the micro-kernel
// multiplies all of one.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/ByteUnits.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/DirectSums.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/MatrixUnitKernels.h"
#include "passes/lower/PixelPatches.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Strassen.h"
#include "passes/lower/TapStretches.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Channels of a unit: what a step of the micro-kernel takes of each factor.
template <typename OpTy>
constexpr int64_t kUnit = std::is_same_v<OpTy, nn::BlockedByteConvOp> ? nn::kByteStep : 1;

/// What is known of the op before its kernel is written. Channels and depth are counted in units.
struct Shape {
  template <typename OpTy>
  Shape(nn::GroupOp group, OpTy op, KernelTarget target)
      : geometry(group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                 typeOf(op.getX()).getRank() == static_cast<int64_t>(op.getKernel().size()) + 3),
        plain(typeOf(op.getX()).getRank() == geometry.n + 2), perBlock(plain ? 1 : kBlock / kUnit<OpTy>),
        channels(llvm::divideCeil(op.getChannels() / op.getGroups(), kUnit<OpTy>)),
        panels(typeOf(op.getPanels()).getDimSize(1)), depth(typeOf(op.getPanels()).getDimSize(2)) {
    int64_t images = typeOf(op.getY()).isDynamicDim(0) ? 1 : typeOf(op.getY()).getDimSize(0);
    constexpr bool isBytes = kUnit<OpTy> > 1;
    // With several groups panels are full.
    int64_t lanes = op.getFilters() % kBlock;
    bool endsHalfEmpty = !isBytes && lanes > 0 && lanes <= kBlock / 2;
    int64_t outerItems = std::max<int64_t>(1, images * op.getGroups());
    BlockedConvSize size{panels,     depth,   geometry.rows.out, geometry.columns.out, /*inputBytes=*/0,
                         outerItems, isBytes, endsHalfEmpty};
    if (!geometry.isKnown()) {
      patches = PixelPatches(geometry, llvm::divideCeil(channels, perBlock) * perBlock * 4);
      size.rows = 1;
      size.columns = geometry.isFlat ? patches->rows * patches->columns : patches->columns;
      plan = planBlockedConvOfPatches(target, size);
      return;
    }
    size.inputBytes = geometry.rows.in * geometry.columns.in * channels * 4;
    // A zero point is no zero: its products count.
    if (!isBytes && !plain)
      stretches = TapStretches::of(geometry);
    if (stretches) {
      BlockedConvSize cut = size;
      cut.rows = TapStretches::longest(stretches->rows);
      cut.columns = TapStretches::longest(stretches->columns);
      plan = planBlockedConvByPanels(target, cut);
      if (outerItems * plan.panelItems > 1)
        return;
      // Few filters of one image are cut along the pixels.
      stretches.reset();
    }
    plan = planBlockedConv(target, size);
    tiles = tilesOf(plan.pixels, geometry.rows.out, geometry.columns.out);
  }

  BlockedGeometry geometry;
  bool plain;
  /// Units of a block, of a group of channels, of a sum; panels of a group of filters.
  int64_t perBlock, channels, panels, depth;
  BlockedConvPlan plan;
  PixelTiles tiles{1, 1};
  /// How images are cut of which only the run knows an extent.
  std::optional<PixelPatches> patches;
  /// How they are cut where taps are far apart.
  std::optional<TapStretches> stretches;

  /// Items go along rows of tiles, or along the tiles of the only row.
  bool itemsAlongRows() const { return geometry.rows.out > 1; }
  int64_t itemTiles() const {
    return llvm::divideCeil(itemsAlongRows() ? tiles.rowParts : tiles.columnParts, plan.pixelItems);
  }
  PanelGroups panelGroups() const { return {panels, plan.panels, plan.panelItems}; }
};

template <typename OpTy>
class BlockedConv {
  static constexpr bool isBytes = kUnit<OpTy> > 1;

public:
  BlockedConv(KernelBuilder &k, OpTy op)
      : k(k), op(op), shape(k.group, op, k.target), g(shape.geometry), plan(shape.plan),
        unit(isBytes ? Type(k.b.getI32Type()) : Type(k.b.getF32Type())),
        vector(VectorType::get({plan.lanes}, unit)), perPanel(kBlock / plan.lanes),
        shortEpilogue(isBytes ? hasShortEpilogue(k.group, kByteEpilogue) : hasShortEpilogue(k.group)) {
    shape.geometry.findExtents(k, op.getX());
    flattened = g.flatten(k);
    PixelSource inPlace = PixelSource::inPlace(k, g, units(op.getX()), shape.perBlock);
    if (shape.patches && !g.isFlat) {
      padded.emplace(k, g, inPlace, blocks(), shape.patches->rows, shape.patches->columns);
    } else if (PaddedRows::areNeeded(g) && !shape.stretches) {
      // What the outputs of the largest item read.
      bool alongRows = shape.itemsAlongRows();
      EvenParts cut{alongRows ? g.rows.out : g.columns.out,
                    alongRows ? shape.tiles.rowParts : shape.tiles.columnParts};
      int64_t most = std::min(cut.largest() * shape.itemTiles(), cut.extent);
      padded.emplace(k, g, inPlace, blocks(), alongRows ? most : 1, alongRows ? g.columns.out : most);
    }
    inputBlock = inPlace.channel;
    Value initial = initialSums();
    direct.emplace(DirectSums{g, padded ? padded->source() : inPlace, shape.plain, shape.perBlock, shape.channels,
                              shape.depth, units(op.getPanels()), initial ? k.flat(k.memref(initial)) : Value(),
                              vector, plan.omitsHalf, factors()});
    skipsRows = !isBytes && g.isKnown() && g.rows.savesByTap(shape.tiles.rowParts);
    skipsColumns = !isBytes && g.isKnown() && !shape.plain && g.columns.savesByTap(shape.tiles.columnParts);
    if (!shortEpilogue && g.isDense(k.group))
      pixelsAtATime = std::max<int64_t>(1, 4 / perPanel);
    if (!shortEpilogue)
      sums = k.workspace(MemRefType::get({plan.panels * plan.pixels * kBlock}, unit));
  }

  LogicalResult emit() {
    int64_t itemOutputs = shape.patches ? shape.patches->rows * shape.patches->columns
                                        : g.rows.out * g.columns.out / plan.pixelItems;
    int64_t work = std::max<int64_t>(1, itemOutputs * shape.panels / plan.panelItems) * kBlock * shape.depth;
    k.grain = std::max<int64_t>(1, 200000 / work);
    k.note("direct, registers hold " + Twine(plan.pixels) + " pixels x " + Twine(plan.panels * kBlock) +
           " filters, cut into " + Twine(plan.panelItems) + " x " +
           (shape.patches ? shape.patches->describe() : std::to_string(plan.pixelItems)) +
           (g.isFlat ? ", all pixels in one row" : "") + (padded ? ", padded rows copied" : "") +
           (skipsRows || skipsColumns || shape.stretches ? ", taps in padding skipped" : "") +
           (plan.streamsWeights ? ", weights prefetched" : ""));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      group = point[1];
      PanelGroups panelGroups = shape.panelGroups();
      auto [panel, panelEnd] = panelGroups.range(k, point[2]);
      if (shape.patches)
        return patch(point.drop_front(3), panel, panelEnd);
      if (shape.stretches)
        return panelGroups.forEach(k, panel, panelEnd, [&](Value at, int64_t width) { overStretches(at, width); });
      EvenParts rowParts{g.rows.out, shape.tiles.rowParts},
          columnParts{g.columns.out, shape.tiles.columnParts};
      int64_t parts = shape.itemsAlongRows() ? rowParts.parts : columnParts.parts;
      EvenParts pixelItems{parts, plan.pixelItems};
      Value first = pixelItems.spreadStart(k, point[3]), last = pixelItems.spreadStart(k, k.add(point[3], 1));
      Value zero = k.index(0), one = k.index(1), all = k.index(columnParts.parts);
      firstRow = shape.itemsAlongRows() ? rowParts.startOf(k, first) : zero;
      firstColumn = shape.itemsAlongRows() ? zero : columnParts.startOf(k, first);
      // Rows of padding that no tap reads are not written either.
      if (padded)
        padded->copy(inputStart(), firstRow, firstColumn, padding(), !skipsRows || g.rows.out > shape.tiles.rowParts);
      auto overTiles = [&](Value at, int64_t width) {
        rowParts.forEach(k, shape.itemsAlongRows() ? first : zero, shape.itemsAlongRows() ? last : one,
                         [&](Value row, int64_t height) {
                           columnParts.forEach(k, shape.itemsAlongRows() ? zero : first,
                                               shape.itemsAlongRows() ? all : last,
                                               [&](Value column, int64_t columns) {
                                                 tile(at, width, row, height, column, columns);
                                               });
                         });
      };
      panelGroups.forEach(k, panel, panelEnd, overTiles);
    });
    return status;
  }

private:
  /// The panels [panel, panelEnd) of a patch.
  void patch(ValueRange point, Value panel, Value panelEnd) {
    PixelPatches::Patch patch = shape.patches->at(k, point);
    firstRow = patch.row;
    firstColumn = patch.column;
    if (padded)
      padded->copy(inputStart(), firstRow, firstColumn, padding(), /*readsPadding=*/true, patch.height, patch.width);
    shape.panelGroups().forEach(k, panel, panelEnd, [&](Value at, int64_t width) {
      k.loop(patch.height, [&](Value row) {
        shape.patches->forEachRunOfRow(k, patch, plan.pixels, [&](Value column, int64_t columns) {
          tile(at, width, k.add(firstRow, row), 1, column, columns);
        });
      });
    });
  }

  /// The panels [panel, +width) of an image.
  void overStretches(Value panel, int64_t width) {
    firstRow = firstColumn = k.index(0);
    for (const Stretch &rows : shape.stretches->rows)
      for (const Stretch &columns : shape.stretches->columns) {
        tapRows = {k.index(rows.firstTap), k.index(rows.endTap)};
        tapColumns = {k.index(columns.firstTap), k.index(columns.endTap)};
        PixelTiles tiles = tilesOf(plan.pixels, rows.size(), columns.size());
        EvenParts rowParts{rows.size(), tiles.rowParts}, columnParts{columns.size(), tiles.columnParts};
        rowParts.forEach(k, k.index(0), k.index(rowParts.parts), [&](Value row, int64_t height) {
          columnParts.forEach(k, k.index(0), k.index(columnParts.parts), [&](Value column, int64_t count) {
            tile(panel, width, k.add(row, rows.first), height, k.add(column, columns.first), count);
          });
        });
      }
  }

  /// A factor's memory as units.
  Value units(Value tensor) {
    Value flat = k.flat(k.memref(tensor));
    return isBytes ? asUnits(k, flat) : flat;
  }
  /// Blocks of the channels of a group; channels where x has no blocks.
  int64_t blocks() const { return llvm::divideCeil(shape.channels, shape.perBlock); }

  Value initialSums() {
    if constexpr (isBytes)
      return op.getStart();
    else
      return op.getBias();
  }

  /// A unit of padding.
  Value padding() {
    if constexpr (isBytes)
      return unitOf(k, op.getZeroPoint());
    return zeroOf(k, unit);
  }

  MicroKernel::Factors factors() {
    if constexpr (isBytes)
      return typeOf(op.getPanels()).getElementType().isUnsignedInteger() ? MicroKernel::Factors::signedLeftBytes
                                                                         : MicroKernel::Factors::signedRightBytes;
    return MicroKernel::Factors::elements;
  }

  /// What the micro-kernel multiplies in place of a unit of x.
  Value multiplied(Value loaded) {
    if constexpr (isBytes)
      if (op.getFlip())
        return arith::XOrIOp::create(k.b, k.loc, loaded, integerLike(k.b, k.loc, unit, int32_t(0x80808080)));
    return loaded;
  }

  /// Where the first channel (or block of channels) of the group starts in x.
  Value inputStart() {
    Value groups = k.add(k.mul(image, op.getGroups()), group);
    return k.mul(k.mul(groups, blocks()), inputBlock);
  }

  /// The outputs [row, +height) x [column, +columns) of the panels [panel, +width).
  void tile(Value panel, int64_t width, Value row, int64_t height, Value column, int64_t columns) {
    Value block = k.add(k.mul(group, shape.panels), panel);
    SmallVector<Value> results = sumsOf(block, width, row, height, column, columns);
    int64_t pixels = height * columns;
    int64_t vectors = width * perPanel;
    if (shortEpilogue) {
      for (int64_t i = 0; i < pixels; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          store(results[i * vectors + j], k.add(block, j / perPanel), k.add(row, i / columns),
                k.add(column, i % columns), k.index(j % perPanel * plan.lanes));
      return;
    }
    for (int64_t i = 0; i < pixels; ++i)
      for (int64_t j = 0; j < vectors; ++j)
        vector::StoreOp::create(
            k.b, k.loc, results[i * vectors + j], sums,
            ValueRange{k.index((j / perPanel * pixels + i) * kBlock + j % perPanel * plan.lanes)});
    k.apart([&] { applyEpilogue(block, width, row, height, column, columns); });
  }

  /// What follows the sums of a tile, from where they wait in the workspace.
  void applyEpilogue(Value block, int64_t width, Value row, int64_t height, Value column, int64_t columns) {
    k.loops({k.index(width), k.index(height)}, [&](ValueRange at) {
      Value first = k.mul(k.add(k.mul(at[0], height), at[1]), columns);
      auto apply = [&](Value pixel, VectorType type, Value lane) {
        Value from = k.add(k.mul(k.add(first, pixel), kBlock), lane);
        Value value = vector::LoadOp::create(k.b, k.loc, type, sums, ValueRange{from});
        store(value, k.add(block, at[0]), k.add(row, at[1]), k.add(column, pixel), lane);
      };
      // The instructions of a function depend on each other: four vectors at a time keep the machine busy.
      int64_t done = 0;
      for (int64_t pixels = pixelsAtATime; pixels > 1; pixels /= 2) {
        int64_t end = done + (columns - done) / pixels * pixels;
        auto type = VectorType::get({pixels * kBlock}, unit);
        k.loop(k.index(done), k.index(end), k.index(pixels),
               [&](Value pixel) { apply(pixel, type, k.index(0)); });
        done = end;
      }
      k.loops({k.index(columns - done), k.index(perPanel)}, [&](ValueRange rest) {
        apply(k.add(rest[0], done), vector, k.mul(rest[1], plan.lanes));
      });
    });
  }

  void store(Value value, Value block, Value row, Value column, Value lane) {
    if (failed(storeThroughEpilogue(k, op, value, g.indices(k, image, block, row, column, lane), flattened)))
      status = failure();
  }

  /// The taps [first, end) of which an output of [at, +count) reads anything but padding; all of them if not `skips`.
  std::pair<Value, Value> tapsInside(const SpatialWindow &window, bool skips, Value at, int64_t count) {
    if (!skips)
      return {k.index(0), k.index(window.kernel)};
    auto origin = [&](Value output) { return k.sub(k.mul(output, window.stride), k.index(window.padBegin)); };
    return nnc::tapsInside(k, window, origin(at), origin(k.add(at, count - 1)));
  }

  /// The tiles of an item, and the number of the one that starts at (row, column).
  std::pair<int64_t, Value> tileOfItem(Value row, int64_t height, Value column) {
    int64_t rows, columns, tiles;
    if (shape.patches) {
      rows = shape.patches->rows;
      columns = shape.patches->columns;
      tiles = rows * llvm::divideCeil(columns, plan.pixels);
    } else {
      tiles = shape.itemTiles() * (shape.itemsAlongRows() ? shape.tiles.columnParts : 1);
      rows = shape.itemsAlongRows() ? llvm::divideCeil(g.rows.out, plan.pixelItems) : 1;
      columns = shape.itemsAlongRows() ? g.columns.out : llvm::divideCeil(g.columns.out, plan.pixelItems);
    }
    Value before = k.add(k.mul(k.sub(row, firstRow), columns), k.mul(k.sub(column, firstColumn), height));
    // Tiles are nearly equal.
    return {tiles, k.div(k.add(k.mul(before, tiles), rows * columns / 2), k.index(rows * columns))};
  }

  /// The sums of a tile over all channels and taps.
  SmallVector<Value> sumsOf(Value block, int64_t width, Value row, int64_t height, Value column, int64_t columns) {
    Value top = k.mul(padded ? k.sub(row, firstRow) : row, g.rows.stride);
    Value left = k.mul(padded ? k.sub(column, firstColumn) : column, g.columns.stride);
    if (shape.stretches) {
      top = k.sub(top, k.index(g.rows.padBegin));
      left = k.sub(left, k.index(g.columns.padBegin));
    }
    const PixelSource &source = direct->source;
    Value origin = k.add(k.mul(top, source.row), k.mul(left, source.pixel));
    if (!padded)
      origin = k.add(origin, inputStart());
    DirectSums::Tile tile{height * columns, columns, width, block, origin, tapRows, tapColumns};
    if (!shape.stretches) {
      tile.tapRows = tapsInside(g.rows, skipsRows, row, height);
      tile.tapColumns = tapsInside(g.columns, skipsColumns, column, columns);
    }
    if (plan.streamsWeights) {
      int64_t panels = direct->multiplied(width);
      Value next = k.mul(k.add(block, panels), shape.depth * kBlock);
      auto [tiles, number] = tileOfItem(row, height, column);
      tile.following = NextPanels(k, direct->panels, next, panels, shape.depth, tiles, number);
    }
    return direct->emit(k, tile, [&](Value unit) { return multiplied(unit); });
  }

  KernelBuilder &k;
  OpTy op;
  Shape shape;
  const BlockedGeometry &g;
  const BlockedConvPlan &plan;
  Type unit;
  VectorType vector;
  /// Vectors of a panel's row.
  int64_t perPanel;
  /// Neighbouring outputs that the epilogue takes together where it goes through `sums`.
  int64_t pixelsAtATime = 1;
  Value sums;
  bool shortEpilogue;
  /// Whether the loops over the rows, and over the columns, of the window leave out taps that meet padding alone.
  bool skipsRows = false, skipsColumns = false;
  llvm::DenseMap<Value, Value> flattened;
  /// Where windows reach into padding.
  std::optional<PaddedRows> padded;
  std::optional<DirectSums> direct;
  /// Units of a channel (or block of channels) of x.
  Value inputBlock;
  // Of the stretch at hand:
  std::pair<Value, Value> tapRows, tapColumns;
  // Of the item at hand:
  Value image, group, firstRow, firstColumn;
  LogicalResult status = success();
};

template <typename OpTy>
AffineMap blockedConvItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<OpTy>(root);
  if constexpr (std::is_same_v<OpTy, nn::BlockedConvOp>)
    if (takesStrassen(op, target))
      return strassenItems(op, target);
  if constexpr (std::is_same_v<OpTy, nn::BlockedByteConvOp>)
    if (takesMatrixUnit(op, target))
      return matrixUnitItems(group, op);
  Shape shape(group, op, target);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(0, context),
                                     getAffineConstantExpr(op.getGroups(), context),
                                     getAffineConstantExpr(shape.plan.panelItems, context)};
  if (shape.patches)
    shape.patches->appendItems(results, context);
  else
    results.push_back(getAffineConstantExpr(shape.plan.pixelItems, context));
  return AffineMap::get(typeOf(op.getY()).getRank(), 0, results, context);
}

template <typename OpTy>
LogicalResult emitBlockedConv(KernelBuilder &k, Operation *root) {
  auto op = cast<OpTy>(root);
  if constexpr (std::is_same_v<OpTy, nn::BlockedConvOp>)
    if (takesStrassen(op, k.target))
      return emitStrassen(k, op);
  if constexpr (std::is_same_v<OpTy, nn::BlockedByteConvOp>)
    if (takesMatrixUnit(op, k.target))
      return emitByMatrixUnit(k, op);
  return BlockedConv<OpTy>(k, op).emit();
}

template <typename OpTy>
bool differsOnIntel(Operation *root) {
  KernelTarget target{/*vectorBits=*/512, /*byteSums=*/4};
  target.matrixUnit = true;
  if constexpr (std::is_same_v<OpTy, nn::BlockedByteConvOp>)
    return takesMatrixUnit(cast<OpTy>(root), target);
  return false;
}

template <typename OpTy>
void registerConv(LoweringRegistry &registry) {
  registry.add<OpTy>({nullptr, emitBlockedConv<OpTy>, blockedConvItems<OpTy>, /*epilogueInPlace=*/true,
                      differsOnIntel<OpTy>});
}

} // namespace

void registerBlockedConvLowerings(LoweringRegistry &registry) {
  registerConv<nn::BlockedConvOp>(registry);
  registerConv<nn::BlockedByteConvOp>(registry);
}

} // namespace nnc
