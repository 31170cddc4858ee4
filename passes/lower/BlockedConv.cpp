// nn.blocked_conv by the micro-kernel: scalars are pixels of the input, broadcast, and vectors are filters,
// whose weights lie in panels. A register tile of neighbouring outputs times a few panels runs over the whole
// sum; then the epilogue is applied to registers. Where the window reaches into padding the rows that an item
// needs are first copied into the workspace with zeros around them: a copy for all the filters costs a
// fraction of their products. Where the channels under an item's outputs are more than the second-level cache keeps, an
// item takes a part of them after the other, and its sums wait in the workspace (ItemSums.h).
//
// Products of bytes (nn.blocked_byte_conv) are the same kernel over units of four neighbouring channels: a
// unit takes 32 bits as an f32 does, a block of channels is four units, and a step of the micro-kernel
// multiplies all of one.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/lower/BlockedConvShape.h"
#include "passes/lower/ByteUnits.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/ItemSums.h"
#include "passes/lower/MatrixUnitKernels.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Strassen.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

template <typename OpTy>
class BlockedConv {
  static constexpr bool isBytes = kConvUnit<OpTy> > 1;

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
      padded.emplace(k, g, inPlace, blocks(), shape.itemRows(), shape.itemColumns());
    }
    inputBlock = inPlace.channel;
    Value initial = initialSums();
    direct.emplace(DirectSums{g, padded ? padded->source() : inPlace, shape.plain, shape.perBlock, shape.channels,
                              shape.depth, units(op.getPanels()), initial ? k.flat(k.memref(initial)) : Value(),
                              vector, plan.omitsHalf, factors()});
    skipsRows = !isBytes && g.isKnown() && g.rows.savesByTap(shape.tiles.rowParts);
    skipsColumns = !isBytes && g.isKnown() && !shape.plain && g.columns.savesByTap(shape.tiles.columnParts);
    if ((!shortEpilogue || plan.rounds > 1) && g.isDense(k.group))
      pixelsAtATime = std::max<int64_t>(1, 4 / perPanel);
    if (plan.rounds > 1)
      waiting.emplace(k, shape.panelGroups().largest(), shape.itemRows(), shape.itemColumns(), vector);
    else if (!shortEpilogue)
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
           (waiting ? ", in " + Twine(plan.rounds) + " rounds over the channels" : Twine()) +
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
      if (!waiting)
        return panelGroups.forEach(k, panel, panelEnd, overTiles);
      Value rowEnd = shape.itemsAlongRows() ? rowParts.startOf(k, last) : one;
      Value columnEnd = shape.itemsAlongRows() ? k.index(g.columns.out) : columnParts.startOf(k, last);
      overRounds(panel, panelEnd, k.sub(rowEnd, firstRow), k.sub(columnEnd, firstColumn), overTiles);
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

  /// The panels [panel, panelEnd) for `height` rows of `columns` outputs, a part of the channels in each round.
  void overRounds(Value panel, Value panelEnd, Value height, Value columns,
                  llvm::function_ref<void(Value panel, int64_t width)> overTiles) {
    Value begin = k.index(0), rounds = k.index(plan.rounds);
    round.panel = panel;
    round.panelEnd = panelEnd;
    k.loop(rounds, [&](Value number) {
      EvenParts parts{blocks(), plan.rounds};
      round.first = parts.startOf(k, number);
      round.end = parts.startOf(k, k.add(number, 1));
      round.isLast = k.compare(arith::CmpIPredicate::eq, number, k.index(plan.rounds - 1));
      shape.panelGroups().forEach(k, panel, panelEnd, [&](Value at, int64_t width) {
        Value block = k.add(k.mul(group, shape.panels), at), own = k.sub(at, panel);
        k.ifThen(k.compare(arith::CmpIPredicate::eq, number, begin), [&] {
          SmallVector<Value> bias;
          for (int64_t j = 0; j < perPanel; ++j)
            bias.push_back(direct->biasOf(k, block, j));
          waiting->fill(own, height, columns, bias);
        });
        overTiles(at, width);
        k.ifThen(round.isLast, [&] {
          k.loop(height, [&](Value row) {
            applyEpilogue(waiting->memory(), waiting->at(own, row, begin), block, k.add(firstRow, row), firstColumn,
                          columns);
          });
        });
      });
    });
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
    if (waiting) {
      ItemSums::Tile place{k.sub(panel, round.panel), k.sub(row, firstRow), k.sub(column, firstColumn), height, columns};
      return waiting->store(place, sumsOf(panel, width, row, height, column, columns, waiting->load(place)));
    }
    Value block = k.add(k.mul(group, shape.panels), panel);
    SmallVector<Value> results = sumsOf(panel, width, row, height, column, columns);
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
    k.apart([&] {
      k.loops({k.index(width), k.index(height)}, [&](ValueRange at) {
        Value first = k.mul(k.add(k.mul(at[0], height), at[1]), columns * kBlock);
        applyEpilogue(sums, first, k.add(block, at[0]), k.add(row, at[1]), column, k.index(columns));
      });
    });
  }

  /// What follows the sums of neighbouring outputs of a row, from where they lie in the workspace.
  void applyEpilogue(Value sums, Value first, Value block, Value row, Value column, Value columns) {
    auto apply = [&](Value pixel, VectorType type, Value lane) {
      Value from = k.add(k.add(first, k.mul(pixel, kBlock)), lane);
      Value value = vector::LoadOp::create(k.b, k.loc, type, sums, ValueRange{from});
      store(value, block, row, k.add(column, pixel), lane);
    };
    // The instructions of a function depend on each other: four vectors at a time keep the machine busy.
    Value done = k.index(0);
    for (int64_t pixels = pixelsAtATime; pixels > 1; pixels /= 2) {
      Value end = k.mul(k.div(columns, k.index(pixels)), pixels);
      auto type = VectorType::get({pixels * kBlock}, unit);
      k.loop(done, end, k.index(pixels), [&](Value pixel) { apply(pixel, type, k.index(0)); });
      done = end;
    }
    k.loops({k.sub(columns, done), k.index(perPanel)}, [&](ValueRange rest) {
      apply(k.add(rest[0], done), vector, k.mul(rest[1], plan.lanes));
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

  /// The sums of a tile over all channels and taps, or over those of a round and what was summed `before`.
  SmallVector<Value> sumsOf(Value panel, int64_t width, Value row, int64_t height, Value column, int64_t columns,
                            SmallVector<Value> before = {}) {
    Value block = k.add(k.mul(group, shape.panels), panel);
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
    if (waiting) {
      tile.blocks = {round.first, round.end};
      tile.before = std::move(before);
    }
    if (!shape.stretches) {
      tile.tapRows = tapsInside(g.rows, skipsRows, row, height);
      tile.tapColumns = tapsInside(g.columns, skipsColumns, column, columns);
    }
    if (plan.streamsWeights) {
      int64_t panels = direct->multiplied(width);
      Value next = waiting ? nextOfRounds(panel) : k.mul(k.add(block, panels), shape.depth * kBlock);
      int64_t steps = llvm::divideCeil(shape.depth, plan.rounds);
      auto [tiles, number] = tileOfItem(row, height, column);
      tile.following = NextPanels(k, direct->panels, next, panels, steps, tiles, number);
    }
    return direct->emit(k, tile, [&](Value unit) { return multiplied(unit); });
  }

  /// Where the weights lie that are needed after those of a panel in the round at hand: the next panel's, or those of the
  /// item's first one in the next round, or the next item's.
  Value nextOfRounds(Value panel) {
    Value next = k.add(panel, 1), isLast = k.compare(arith::CmpIPredicate::eq, next, round.panelEnd);
    Value after = k.select(round.isLast, next, round.panel), from = k.select(round.isLast, k.index(0), round.end);
    Value block = k.add(k.mul(group, shape.panels), k.select(isLast, after, next));
    Value step = k.mul(k.select(isLast, from, round.first), shape.perBlock);
    return k.mul(k.add(k.mul(block, shape.depth), step), kBlock);
  }

  KernelBuilder &k;
  OpTy op;
  BlockedConvShape shape;
  const BlockedGeometry &g;
  const BlockedConvPlan &plan;
  Type unit;
  VectorType vector;
  /// Vectors of a panel's row.
  int64_t perPanel;
  /// Neighbouring outputs that the epilogue takes together where it goes through `sums`.
  int64_t pixelsAtATime = 1;
  Value sums;
  /// The sums of an item that goes over its outputs in rounds.
  std::optional<ItemSums> waiting;
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
  // Of the round at hand: its blocks of channels, the item's panels.
  struct {
    Value first, end, panel, panelEnd, isLast;
  } round;
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
  BlockedConvShape shape(group, op, target);
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
