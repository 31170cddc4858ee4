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
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Strassen.h"

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
    int64_t inputBytes = geometry.rows.in * geometry.columns.in * channels * 4;
    constexpr bool isBytes = kUnit<OpTy> > 1;
    // With several groups panels are full.
    int64_t lanes = op.getFilters() % kBlock;
    bool endsHalfEmpty = !isBytes && lanes > 0 && lanes <= kBlock / 2;
    plan = planBlockedConv(target, {panels, depth, geometry.rows.out, geometry.columns.out, inputBytes,
                                    std::max<int64_t>(1, images * op.getGroups()), isBytes, endsHalfEmpty});
    tiles = tilesOf(plan.pixels, geometry.rows.out, geometry.columns.out);
  }

  BlockedGeometry geometry;
  bool plain;
  /// Units of a block, of a group of channels, of a sum; panels of a group of filters.
  int64_t perBlock, channels, panels, depth;
  BlockedConvPlan plan;
  PixelTiles tiles;

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
        pixelStride(shape.perBlock), panels(units(op.getPanels())), x(units(op.getX())),
        shortEpilogue(isBytes ? hasShortEpilogue(k.group, kByteEpilogue) : hasShortEpilogue(k.group)) {
    flattened = g.flatten(k);
    if (Value initial = initialSums())
      bias = k.flat(k.memref(initial));
    source = x;
    sourceRow = g.columns.in * pixelStride;
    sourceChannels = g.rows.in * sourceRow;
    if (g.rows.padBegin || g.rows.padEnd || g.columns.padBegin || g.columns.padEnd) {
      // What the outputs of the largest item read.
      bool alongRows = shape.itemsAlongRows();
      EvenParts cut{alongRows ? g.rows.out : g.columns.out,
                    alongRows ? shape.tiles.rowParts : shape.tiles.columnParts};
      int64_t most = std::min(cut.largest() * shape.itemTiles(), cut.extent);
      bufferRows = g.rows.spanOf(alongRows ? most : 1);
      bufferColumns = g.columns.spanOf(alongRows ? g.columns.out : most);
      sourceRow = bufferColumns * pixelStride;
      sourceChannels = bufferRows * sourceRow;
      source = k.workspace(MemRefType::get({blocks() * sourceChannels}, unit));
    }
    // A zero point is no zero: its products count.
    skipsRows = !isBytes && g.rows.savesByTap(shape.tiles.rowParts);
    skipsColumns = !isBytes && !shape.plain && g.columns.savesByTap(shape.tiles.columnParts);
    if (!shortEpilogue && g.isDense(k.group))
      pixelsAtATime = std::max<int64_t>(1, 4 / perPanel);
    if (!shortEpilogue)
      sums = k.workspace(MemRefType::get({plan.panels * plan.pixels * kBlock}, unit));
  }

  LogicalResult emit() {
    int64_t itemOutputs = g.rows.out * g.columns.out / plan.pixelItems;
    int64_t work = std::max<int64_t>(1, itemOutputs * shape.panels / plan.panelItems) * kBlock * shape.depth;
    k.grain = std::max<int64_t>(1, 200000 / work);
    k.note("direct, registers hold " + Twine(plan.pixels) + " pixels x " + Twine(plan.panels * kBlock) +
           " filters, cut into " + Twine(plan.panelItems) + " x " + Twine(plan.pixelItems) +
           (g.isFlat ? ", all pixels in one row" : "") + (bufferRows ? ", padded rows copied" : "") +
           (skipsRows || skipsColumns ? ", taps in padding skipped" : "") +
           (plan.streamsWeights ? ", weights prefetched" : ""));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      group = point[1];
      PanelGroups panelGroups = shape.panelGroups();
      auto [panel, panelEnd] = panelGroups.range(k, point[2]);
      EvenParts rowParts{g.rows.out, shape.tiles.rowParts},
          columnParts{g.columns.out, shape.tiles.columnParts};
      int64_t parts = shape.itemsAlongRows() ? rowParts.parts : columnParts.parts;
      EvenParts pixelItems{parts, plan.pixelItems};
      Value first = pixelItems.spreadStart(k, point[3]), last = pixelItems.spreadStart(k, k.add(point[3], 1));
      Value zero = k.index(0), one = k.index(1), all = k.index(columnParts.parts);
      firstRow = shape.itemsAlongRows() ? rowParts.startOf(k, first) : zero;
      firstColumn = shape.itemsAlongRows() ? zero : columnParts.startOf(k, first);
      if (bufferRows)
        copyRows();
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
  /// A factor's memory as units.
  Value units(Value tensor) {
    Value flat = k.flat(k.memref(tensor));
    if (!isBytes)
      return flat;
    Value count = k.div(k.dim(flat, 0), k.index(kUnit<OpTy>));
    auto type = MemRefType::get({ShapedType::kDynamic}, unit);
    return memref::ViewOp::create(k.b, k.loc, type, flat, k.index(0), ValueRange{count});
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
      if (op.getZeroPoint()) {
        Value byte = memref::LoadOp::create(k.b, k.loc, k.flat(k.memref(op.getZeroPoint())), k.index(0));
        byte = arith::ExtUIOp::create(k.b, k.loc, unit, byte);
        return arith::MulIOp::create(k.b, k.loc, byte, integerLike(k.b, k.loc, unit, 0x01010101));
      }
    return zeroOf(k, unit);
  }

  MicroKernel kernelOf(int64_t pixels, int64_t width) {
    MicroKernel kernel{pixels, width * perPanel, vector};
    if (plan.omitsHalf && perPanel > 1)
      --kernel.vectors;
    else if (plan.omitsHalf)
      kernel.last = VectorType::get({kBlock / 2}, unit);
    if constexpr (isBytes)
      kernel.factors = typeOf(op.getPanels()).getElementType().isUnsignedInteger()
                           ? MicroKernel::Factors::signedLeftBytes
                           : MicroKernel::Factors::signedRightBytes;
    return kernel;
  }

  /// What the micro-kernel multiplies in place of a unit of x.
  Value multiplied(Value loaded) {
    if constexpr (isBytes)
      if (op.getFlip())
        return arith::XOrIOp::create(k.b, k.loc, loaded, integerLike(k.b, k.loc, unit, int32_t(0x80808080)));
    return loaded;
  }

  /// Brings the inputs under the item's outputs into the workspace, with padding around them.
  void copyRows() {
    Value top = k.sub(k.mul(firstRow, g.rows.stride), k.index(g.rows.padBegin));
    Value left = k.sub(k.mul(firstColumn, g.columns.stride), k.index(g.columns.padBegin));
    Value zero = padding(), none = k.index(0), width = k.index(bufferColumns);
    // The columns of the buffer that are inputs.
    Value begin = k.min(k.max(k.sub(none, left), none), width);
    Value end = k.max(k.min(k.sub(k.index(g.columns.in), left), width), begin);
    // Rows of padding that no tap reads are not written either.
    bool readsPadding = !skipsRows || g.rows.out > shape.tiles.rowParts;
    k.loop(k.index(blocks()), [&](Value block) {
      k.loop(k.index(bufferRows), [&](Value r) {
        Value row = k.add(top, r), isInside = k.inRange(row, k.index(g.rows.in));
        Value to = k.add(k.mul(block, sourceChannels), k.mul(r, sourceRow));
        auto zeros = [&](Value from, Value end) {
          k.loop(k.mul(from, pixelStride), k.mul(end, pixelStride), k.index(1),
                 [&](Value i) { memref::StoreOp::create(k.b, k.loc, zero, source, k.add(to, i)); });
        };
        if (readsPadding)
          k.ifThen(k.negated(isInside), [&] { zeros(none, width); });
        k.ifThen(isInside, [&] {
          Value column = k.add(k.mul(row, g.columns.in), k.add(left, begin));
          Value from = k.add(inputOffset(block), k.mul(column, pixelStride));
          Value at = k.add(to, k.mul(begin, pixelStride));
          zeros(none, begin);
          k.loop(k.mul(k.sub(end, begin), pixelStride), [&](Value i) {
            Value value = memref::LoadOp::create(k.b, k.loc, x, k.add(from, i));
            memref::StoreOp::create(k.b, k.loc, value, source, k.add(at, i));
          });
          zeros(end, width);
        });
      });
    });
  }

  /// Where the pixels of channel (or block of channels) `block` of the group start in x.
  Value inputOffset(Value block) {
    Value row = k.add(k.mul(k.add(k.mul(image, op.getGroups()), group), blocks()), block);
    return k.mul(row, g.rows.in * g.columns.in * pixelStride);
  }

  /// The outputs [row, +height) x [column, +columns) of the panels [panel, +width).
  void tile(Value panel, int64_t width, Value row, int64_t height, Value column, int64_t columns) {
    MicroKernel kernel = kernelOf(height * columns, width);
    Value block = k.add(k.mul(group, shape.panels), panel);
    SmallVector<Value> initial;
    for (int64_t i = 0; i < kernel.rows; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j)
        initial.push_back(i ? initial[j] : startOf(kernel, block, j));
    SmallVector<Value> results = products(kernel, block, row, columns, column, initial);
    results = filledUp(kernel, block, results, width);
    int64_t vectors = width * perPanel;
    if (shortEpilogue) {
      for (int64_t i = 0; i < kernel.rows; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          store(results[i * vectors + j], k.add(block, j / perPanel), k.add(row, i / columns),
                k.add(column, i % columns), k.index(j % perPanel * plan.lanes));
      return;
    }
    for (int64_t i = 0; i < kernel.rows; ++i)
      for (int64_t j = 0; j < vectors; ++j)
        vector::StoreOp::create(
            k.b, k.loc, results[i * vectors + j], sums,
            ValueRange{k.index((j / perPanel * kernel.rows + i) * kBlock + j % perPanel * plan.lanes)});
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
        auto type = VectorType::get({pixels * kBlock}, k.b.getF32Type());
        k.loop(k.index(done), k.index(end), k.index(pixels),
               [&](Value pixel) { apply(pixel, type, k.index(0)); });
        done = end;
      }
      k.loops({k.index(columns - done), k.index(perPanel)}, [&](ValueRange rest) {
        apply(k.add(rest[0], done), vector, k.mul(rest[1], plan.lanes));
      });
    });
  }

  /// What a row's vector j of accumulators starts with.
  Value startOf(const MicroKernel &kernel, Value block, int64_t j) {
    Value bias = biasOf(block, j);
    return kernel.typeOf(j) == vector ? bias : lowerLanes(k, bias, kernel.typeOf(j));
  }

  /// The sums with the lanes of the last panel that the tile left out: what is added to their products, which are 0.
  SmallVector<Value> filledUp(const MicroKernel &kernel, Value block, ArrayRef<Value> sums, int64_t width) {
    if (!plan.omitsHalf)
      return llvm::to_vector(sums);
    SmallVector<Value> all;
    Value last = biasOf(block, width * perPanel - 1);
    for (int64_t i = 0; i < kernel.rows; ++i) {
      llvm::append_range(all, sums.slice(i * kernel.vectors, kernel.vectors));
      if (kernel.last)
        all.back() = withLowerLanes(k, last, all.back());
      else
        all.push_back(last);
    }
    return all;
  }

  Value biasOf(Value block, int64_t j) {
    if (!bias)
      return zeroOf(k, vector);
    Value at = k.add(k.mul(k.add(block, j / perPanel), kBlock), j % perPanel * plan.lanes);
    return vector::LoadOp::create(k.b, k.loc, vector, bias, ValueRange{at});
  }

  void store(Value value, Value block, Value row, Value column, Value lane) {
    if (failed(storeThroughEpilogue(k, op, value, g.indices(k, image, block, row, column, lane), flattened)))
      status = failure();
  }

  /// The taps [first, end) of which an output of [at, +count) reads anything but padding; all of them if not `skips`.
  std::pair<Value, Value> tapsInside(const StaticWindow &window, bool skips, Value at, int64_t count) {
    if (!skips)
      return {k.index(0), k.index(window.kernel)};
    // Tap t of output o reads input o * stride - padBegin + t * dilation.
    Value none = k.index(0), dilation = k.index(window.dilation);
    auto reaching = [&](Value distance) {
      return k.div(k.add(k.max(distance, none), window.dilation - 1), dilation);
    };
    Value before = k.sub(k.index(window.padBegin), k.mul(k.add(at, count - 1), window.stride));
    Value behind = k.sub(k.index(window.in + window.padBegin), k.mul(at, window.stride));
    return {reaching(before), k.min(reaching(behind), k.index(window.kernel))};
  }

  /// The tile's sums over all channels and taps.
  SmallVector<Value> products(const MicroKernel &kernel, Value block, Value row, int64_t columns,
                              Value column, ValueRange initial) {
    // The input under the tile's first output and tap, and where its panel starts.
    Value top = k.mul(bufferRows ? k.sub(row, firstRow) : row, g.rows.stride);
    Value left = k.mul(bufferRows ? k.sub(column, firstColumn) : column, g.columns.stride);
    Value origin = k.add(k.mul(top, sourceRow), k.mul(left, pixelStride));
    if (!bufferRows)
      origin = k.add(origin, inputOffset(k.index(0)));
    Value weights = k.mul(block, shape.depth * kBlock);
    NextPanels following{};
    if (plan.streamsWeights) {
      Value isFirst = k.both(k.compare(arith::CmpIPredicate::eq, row, firstRow),
                             k.compare(arith::CmpIPredicate::eq, column, firstColumn));
      int64_t tiles = shape.itemTiles() * (shape.itemsAlongRows() ? shape.tiles.columnParts : 1);
      following = {panels, k.add(weights, llvm::divideCeil(kernel.vectors, perPanel) * shape.depth * kBlock),
                   shape.depth * kBlock, tiles == 1, isFirst};
    }
    auto offsetOf = [&](int64_t i) {
      return i / columns * g.rows.stride * sourceRow + i % columns * g.columns.stride * pixelStride;
    };
    // The products of `steps` channels (or of the taps of a row): inputs `stride` apart, weights one after
    // the other.
    auto run = [&](Value from, Value weight, int64_t steps, int64_t stride, ValueRange carried) {
      // With two steps of bytes at hand LLVM loads all their broadcasts first, which no instruction takes
      // from memory.
      int64_t unroll = isBytes ? 1 : steps <= 3 ? steps : steps % 2 ? 1 : 2;
      return k.loop(k.index(0), k.index(steps), k.index(unroll), carried, [&](Value at, ValueRange sums) {
        SmallVector<Value> next(sums);
        for (int64_t j = 0; j < llvm::divideCeil(kernel.vectors, perPanel); ++j)
          following.prefetch(k, j, k.sub(k.add(weight, k.mul(at, kBlock)), weights));
        for (int64_t u = 0; u < unroll; ++u)
          next = kernel.step(
              k, k.add(at, u), next,
              [&](int64_t i, Value step) -> Value {
                Value offset = k.add(k.add(from, k.mul(step, stride)), offsetOf(i));
                return multiplied(memref::LoadOp::create(k.b, k.loc, source, offset));
              },
              [&](int64_t j, Value step) -> Value {
                Value offset = k.add(k.add(weight, k.mul(step, kBlock)),
                                     j / perPanel * shape.depth * kBlock + j % perPanel * plan.lanes);
                return vector::LoadOp::create(k.b, k.loc, kernel.typeOf(j), panels, ValueRange{offset});
              });
        return next;
      });
    };
    int64_t taps = g.rows.kernel * g.columns.kernel;
    std::pair<Value, Value> tapRows = tapsInside(g.rows, skipsRows, row, kernel.rows / columns),
                            tapColumns = tapsInside(g.columns, skipsColumns, column, columns);
    auto overTaps = [&](Value from, Value weight, int64_t channels, ValueRange carried) {
      return k.loop(tapRows.first, tapRows.second, k.index(1), carried, [&](Value ky, ValueRange inRow) {
        Value rowStart = k.add(from, k.mul(ky, g.rows.dilation * sourceRow));
        if (shape.plain)
          return run(rowStart, k.add(weight, k.mul(ky, g.columns.kernel * kBlock)), g.columns.kernel,
                     g.columns.dilation, inRow);
        return k.loop(tapColumns.first, tapColumns.second, k.index(1), inRow, [&](Value kx, ValueRange inTap) {
          Value tap = k.add(k.mul(ky, g.columns.kernel), kx);
          return run(k.add(rowStart, k.mul(kx, g.columns.dilation * pixelStride)),
                     k.add(weight, k.mul(tap, channels * kBlock)), channels, 1, inTap);
        });
      });
    };
    int64_t perBlock = shape.perBlock, whole = shape.channels / perBlock;
    SmallVector<Value> sums(initial);
    if (whole)
      sums = k.loop(k.index(0), k.index(whole), k.index(1), sums, [&](Value c, ValueRange carried) {
        return overTaps(k.add(origin, k.mul(c, sourceChannels)),
                        k.add(weights, k.mul(c, taps * perBlock * kBlock)), perBlock, carried);
      });
    if (int64_t rest = shape.channels % perBlock)
      sums = overTaps(k.add(origin, whole * sourceChannels), k.add(weights, whole * taps * perBlock * kBlock),
                      rest, sums);
    return sums;
  }

  KernelBuilder &k;
  OpTy op;
  Shape shape;
  const BlockedGeometry &g;
  const BlockedConvPlan &plan;
  Type unit;
  VectorType vector;
  /// Vectors of a panel's row; units from one pixel to the next.
  int64_t perPanel, pixelStride;
  /// Neighbouring outputs that the epilogue takes together where it goes through `sums`.
  int64_t pixelsAtATime = 1;
  Value panels, x, bias, sums;
  bool shortEpilogue;
  /// Whether the loops over the rows, and over the columns, of the window leave out taps that meet padding alone.
  bool skipsRows = false, skipsColumns = false;
  llvm::DenseMap<Value, Value> flattened;
  /// Where the inputs are read: x, or rows in the workspace. Elements from one row, and one channel or block,
  /// to the next.
  Value source;
  int64_t sourceRow, sourceChannels, bufferRows = 0, bufferColumns = 0;
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
  Shape shape(group, op, target);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(0, context),
                                     getAffineConstantExpr(op.getGroups(), context),
                                     getAffineConstantExpr(shape.plan.panelItems, context),
                                     getAffineConstantExpr(shape.plan.pixelItems, context)};
  return AffineMap::get(typeOf(op.getY()).getRank(), 0, results, context);
}

template <typename OpTy>
LogicalResult emitBlockedConv(KernelBuilder &k, Operation *root) {
  auto op = cast<OpTy>(root);
  if constexpr (std::is_same_v<OpTy, nn::BlockedConvOp>)
    if (takesStrassen(op, k.target))
      return emitStrassen(k, op);
  return BlockedConv<OpTy>(k, op).emit();
}

template <typename OpTy>
void registerConv(LoweringRegistry &registry) {
  registry.add<OpTy>({nullptr, emitBlockedConv<OpTy>, blockedConvItems<OpTy>, /*epilogueInPlace=*/true});
}

} // namespace

void registerBlockedConvLowerings(LoweringRegistry &registry) {
  registerConv<nn::BlockedConvOp>(registry);
  registerConv<nn::BlockedByteConvOp>(registry);
}

} // namespace nnc
