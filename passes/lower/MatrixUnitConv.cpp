// nn.blocked_byte_conv by the matrix unit: what the window of each of an item's outputs covers is copied to a row of the
// left factor, block by block and tap by tap as the panels have it, 16 bytes at a time. The filters of the item, all of
// them where that gives items enough, then run past these rows.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ByteUnits.h"
#include "passes/lower/DirectSums.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/MatrixUnitKernels.h"
#include "passes/lower/MatrixUnitTiles.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

/// Units of four bytes in a block of channels.
constexpr int64_t kBlockUnits = kBlock / nn::kByteStep;
/// Outputs that the unit multiplies at once.
constexpr int64_t kPixels = MatrixUnit::kMostRows;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

BlockedGeometry geometryOf(nn::GroupOp group, nn::BlockedByteConvOp op) {
  return BlockedGeometry(group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                         /*mayFlatten=*/true);
}

/// The outputs as a window of one pixel sees them: often one row, whatever the convolution's window.
BlockedGeometry outputsOf(nn::GroupOp group, nn::BlockedByteConvOp op) {
  SmallVector<int64_t> ones(op.getKernel().size(), 1), zeros(2 * ones.size(), 0);
  return BlockedGeometry(group, op, op.getY(), ones, ones, zeros, ones, /*mayFlatten=*/true);
}

/// How the work is cut.
struct Plan {
  Plan(const BlockedGeometry &g, nn::BlockedByteConvOp op)
      : steps(typeOf(op.getPanels()).getDimSize(2)), panels(typeOf(op.getPanels()).getDimSize(1)),
        pixels(g.rows.out * g.columns.out), parts(llvm::divideCeil(pixels, kPixels)) {
    // The rows of an item stay in the second-level cache, beside the panels that run past them.
    constexpr int64_t rowsBytes = 160 << 10, enough = 8, worthCopying = 8;
    int64_t most = std::clamp<int64_t>(rowsBytes / (kPixels * MatrixUnit::leftStride(steps)), 1, 8);
    pixelItems = std::max<int64_t>(llvm::divideCeil(parts, most), std::min<int64_t>(4, llvm::divideCeil(parts, 2)));
    // An even number, so that two threads have the same.
    if (pixelItems > 1 && pixelItems < parts)
      pixelItems += pixelItems % 2;
    int64_t images = typeOf(op.getY()).isDynamicDim(0) ? 1 : typeOf(op.getY()).getDimSize(0);
    while (images * op.getGroups() * pixelItems * panelItems < enough && panels >= 2 * panelItems * worthCopying)
      panelItems *= 2;
  }
  /// The most outputs of an item.
  int64_t itemPixels() const { return EvenParts{parts, pixelItems}.largest() * kPixels; }
  PanelGroups panelGroups() const { return {panels, MatrixUnit::kMostPanels, panelItems}; }

  /// Of a sum; of a group of filters; of an image, and in parts of kPixels.
  int64_t steps, panels, pixels, parts;
  int64_t pixelItems, panelItems = 1;
};

class MatrixUnitConv {
public:
  MatrixUnitConv(KernelBuilder &k, nn::BlockedByteConvOp op)
      : k(k), op(op), g(geometryOf(k.group, op)), outputs(outputsOf(k.group, op)), plan(g, op),
        unit(k, plan.steps, leftIsSigned()),
        tiles(k, unit, plan.pixels <= MatrixUnit::kRows ? 1 : 2, std::min<int64_t>(plan.panels, 2)),
        channels(llvm::divideCeil(op.getChannels() / op.getGroups(), nn::kByteStep)),
        blocks(llvm::divideCeil(channels, kBlockUnits)), isDense(BlockedGeometry::isDense(k.group)),
        flattened(outputs.flatten(k)) {
    PixelSource inPlace = PixelSource::inPlace(k, g, asUnits(k, k.flat(k.memref(op.getX()))), kBlockUnits);
    inputBlock = inPlace.channel;
    if (PaddedRows::areNeeded(g)) {
      int64_t rows = std::min<int64_t>(llvm::divideCeil(plan.itemPixels() - 1, g.columns.out) + 1, g.rows.out);
      padded.emplace(k, g, inPlace, blocks, alongRows() ? rows : 1,
                     alongRows() ? g.columns.out : std::min(plan.itemPixels(), g.columns.out),
                     blocks == 1 ? channels : 0);
    }
    source = padded ? padded->source() : inPlace;
    int64_t bytes = plan.itemPixels() * MatrixUnit::leftStride(plan.steps);
    operands = {k.workspace(MemRefType::get({bytes}, k.b.getI8Type())), k.index(0), k.flat(k.memref(op.getPanels())),
                op.getStart() ? k.flat(k.memref(op.getStart())) : Value()};
    leftUnits = asUnits(k, operands.left);
  }

  LogicalResult emit() {
    k.note("by the matrix unit, cut into " + Twine(plan.panelItems) + " x " + Twine(plan.pixelItems) +
           (padded ? ", padded rows copied" : ""));
    int64_t work = plan.pixels / plan.pixelItems * plan.panels / plan.panelItems * kBlock * plan.steps;
    k.grain = std::max<int64_t>(1, 200000 / std::max<int64_t>(work, 1));
    unit.configure();
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      group = point[1];
      auto [panel, panelEnd] = plan.panelGroups().range(k, point[2]);
      EvenParts items{plan.parts, plan.pixelItems};
      first = k.mul(items.startOf(k, point[3]), kPixels);
      end = k.min(k.mul(items.startOf(k, k.add(point[3], 1)), kPixels), k.index(plan.pixels));
      copyWindows();
      overTiles(panel, panelEnd);
    });
    unit.release();
    return status;
  }

private:
  bool alongRows() const { return g.rows.out > 1; }
  bool leftIsSigned() { return typeOf(op.getPanels()).getElementType().isUnsignedInteger(); }

  /// Where output `pixel` of the image is.
  std::pair<Value, Value> placeOf(const BlockedGeometry &of, Value pixel) {
    if (of.rows.out == 1)
      return {k.index(0), pixel};
    Value columns = k.index(of.columns.out);
    return {k.div(pixel, columns), k.rem(pixel, columns)};
  }

  /// The rows of the left factor for the item's outputs.
  void copyWindows() {
    Value start = k.mul(k.mul(k.add(k.mul(image, op.getGroups()), group), blocks), inputBlock);
    Value firstRow = placeOf(g, first).first, firstColumn = alongRows() ? k.index(0) : first;
    if (padded) {
      Value lastRow = placeOf(g, k.sub(end, k.index(1))).first;
      padded->copy(start, firstRow, firstColumn, unitOf(k, op.getZeroPoint()), /*readsPadding=*/true,
                   k.add(k.sub(lastRow, firstRow), 1), alongRows() ? k.index(g.columns.out) : k.sub(end, first));
    }
    k.loop(first, end, k.index(1), [&](Value pixel) {
      auto [row, column] = placeOf(g, pixel);
      Value origin = padded ? k.index(0) : start;
      if (padded) {
        row = k.sub(row, firstRow);
        column = k.sub(column, firstColumn);
      }
      origin = k.add(origin, k.mul(k.mul(row, g.rows.stride), source.row));
      origin = k.add(origin, k.mul(column, g.columns.stride * source.pixel));
      Value to = k.mul(k.sub(pixel, first), MatrixUnit::leftStride(plan.steps) / nn::kByteStep);
      copyWindow(origin, to);
    });
    // Apart: what has just been written in small pieces cannot be read in large ones yet.
    k.loop(k.sub(end, first), [&](Value row) {
      unit.completeRow(operands.left, k.mul(row, MatrixUnit::leftStride(plan.steps)));
    });
  }

  /// Rows of taps that are copied by straight code.
  static constexpr int64_t kUnrolledRows = 5;

  /// What an output reads, from `origin` on, to the row of the left factor at `to`, units.
  void copyWindow(Value origin, Value to) {
    int64_t last = channels - (blocks - 1) * kBlockUnits;
    auto copyBlocks = [&](Value from, Value until, int64_t perTap) {
      // Neighbouring taps lie as the left factor has them where nothing is between them.
      bool isRun = g.columns.dilation == 1 && source.pixel == perTap;
      k.loop(from, until, k.index(1), [&](Value block) {
        Value at = k.add(origin, k.mul(block, source.channel));
        Value target = k.add(to, k.mul(block, g.rows.kernel * g.columns.kernel * kBlockUnits));
        auto copyRow = [&](Value row) {
          Value rowAt = k.add(at, k.mul(k.mul(row, g.rows.dilation), source.row));
          Value rowTarget = k.add(target, k.mul(row, g.columns.kernel * perTap));
          for (int64_t tap = 0; tap < (isRun ? 1 : g.columns.kernel); ++tap)
            copyUnits(k.add(rowAt, tap * g.columns.dilation * source.pixel), k.add(rowTarget, tap * perTap),
                      isRun ? g.columns.kernel * perTap : perTap);
        };
        if (g.rows.kernel > kUnrolledRows)
          return k.loop(k.index(g.rows.kernel), copyRow);
        for (int64_t row = 0; row < g.rows.kernel; ++row)
          copyRow(k.index(row));
      });
    };
    int64_t whole = last == kBlockUnits ? blocks : blocks - 1;
    copyBlocks(k.index(0), k.index(whole), kBlockUnits);
    if (whole < blocks)
      copyBlocks(k.index(whole), k.index(blocks), last);
  }

  void copyUnits(Value from, Value to, int64_t count) {
    auto copy = [&](int64_t width, Value at) {
      auto type = VectorType::get({width}, k.b.getI32Type());
      Value loaded = vector::LoadOp::create(k.b, k.loc, type, source.memory, k.add(from, at));
      if (op.getFlip())
        loaded = arith::XOrIOp::create(k.b, k.loc, loaded, integerLike(k.b, k.loc, type, int32_t(0x80808080)));
      vector::StoreOp::create(k.b, k.loc, loaded, leftUnits, k.add(to, at));
    };
    // Long runs would be much code.
    constexpr int64_t unrolled = 8 * kBlock;
    int64_t done = count > unrolled ? count / kBlock * kBlock : 0;
    if (done)
      k.loop(k.index(0), k.index(done), k.index(kBlock), [&](Value at) { copy(kBlock, at); });
    for (int64_t width = kBlock; width > 0; width /= 2)
      for (; count - done >= width; done += width)
        copy(width, k.index(done));
  }

  /// The panels [panel, panelEnd) of the item's outputs; those of the same panels follow each other.
  void overTiles(Value panel, Value panelEnd) {
    Value firstBlock = k.mul(group, plan.panels), width = k.index(tiles.panels()), height = k.index(tiles.rows());
    Value perPanels = k.div(k.add(k.sub(end, first), tiles.rows() - 1), height);
    Value groups = k.div(k.add(k.sub(panelEnd, panel), tiles.panels() - 1), width);
    Value lastBlock = k.add(firstBlock, k.sub(panelEnd, k.index(1)));
    auto placeOf = [&](Value tile) -> MatrixUnitTiles::Place {
      Value pixel = k.add(first, k.mul(k.rem(tile, perPanels), height));
      Value block = k.add(k.add(firstBlock, panel), k.mul(k.div(tile, perPanels), width));
      return {block, pixel, k.min(k.sub(end, pixel), height)};
    };
    auto operandsOf = [&](const MatrixUnitTiles::Place &place) {
      operands.leftOffset = k.mul(k.sub(place.row, first), MatrixUnit::leftStride(plan.steps));
      unit.setPanels(operands, place.panel, lastBlock);
      return operands;
    };
    tiles.forEach(k.mul(groups, perPanels), placeOf, operandsOf,
                  [&](const MatrixUnitTiles::Place &place, Value from, Value to, Value start) {
                    for (int64_t j = 0; j < tiles.panels(); ++j) {
                      Value block = k.add(place.panel, j);
                      auto write = [&] { finish(j, block, place.row, from, to, start); };
                      if (j == 0 || plan.panelGroups().half() % tiles.panels() == 0)
                        write();
                      else
                        k.ifThen(k.compare(arith::CmpIPredicate::sle, block, lastBlock), write);
                    }
                  });
  }

  /// Rows [from, to) of a tile's panel, outputs from `pixel` on, through the epilogue; the instructions of one vector
  /// depend on each other, so that four go together where they are neighbours everywhere.
  void finish(int64_t j, Value block, Value pixel, Value from, Value to, Value start) {
    int64_t together = isDense && outputs.rows.out == 1 ? 4 : 1;
    Value wideEnd = k.add(from, k.mul(k.div(k.sub(to, from), k.index(together)), together));
    auto store = [&](Value i, int64_t pixels) {
      auto [row, column] = placeOf(outputs, k.add(pixel, i));
      SmallVector<Value> indices = outputs.indices(k, image, block, row, column, k.index(0));
      if (failed(storeThroughEpilogue(k, op, tiles.load(i, j, pixels, start), indices, flattened)))
        status = failure();
    };
    k.loop(from, wideEnd, k.index(together), [&](Value i) { store(i, together); });
    if (together > 1)
      k.loop(wideEnd, to, k.index(1), [&](Value i) { store(i, 1); });
  }

  KernelBuilder &k;
  nn::BlockedByteConvOp op;
  BlockedGeometry g, outputs;
  Plan plan;
  MatrixUnit unit;
  MatrixUnitTiles tiles;
  /// Of a group: units, and blocks of them.
  int64_t channels, blocks;
  /// Whether neighbouring outputs are neighbours in all operands of the epilogue.
  bool isDense;
  llvm::DenseMap<Value, Value> flattened;
  std::optional<PaddedRows> padded;
  PixelSource source;
  MatrixUnit::Operands operands;
  Value leftUnits;
  /// Units of a block of x.
  Value inputBlock;
  // Of the item at hand; its outputs are [first, end).
  Value image, group, first, end;
  LogicalResult status = success();
};

} // namespace

bool takesMatrixUnit(nn::BlockedByteConvOp op, const KernelTarget &target) {
  RankedTensorType x = typeOf(op.getX()), y = typeOf(op.getY());
  int64_t pixels = 1;
  for (int64_t i = 2; i < y.getRank() - 1; ++i) {
    if (x.isDynamicDim(i) || y.isDynamicDim(i))
      return false;
    pixels *= y.getDimSize(i);
  }
  // Short sums are over before a tile is loaded, and taps of a few channels are copied in small pieces.
  int64_t steps = typeOf(op.getPanels()).getDimSize(2), taps = computeProduct(op.getKernel());
  return steps >= (steps < 2 * taps ? 16 : 8) && takesMatrixUnit(target, pixels, steps);
}

AffineMap matrixUnitItems(nn::GroupOp group, nn::BlockedByteConvOp op) {
  Plan plan(geometryOf(group, op), op);
  MLIRContext *context = op.getContext();
  AffineExpr extents[] = {getAffineDimExpr(0, context), getAffineConstantExpr(op.getGroups(), context),
                          getAffineConstantExpr(plan.panelItems, context),
                          getAffineConstantExpr(plan.pixelItems, context)};
  return AffineMap::get(typeOf(op.getY()).getRank(), 0, extents, context);
}

LogicalResult emitByMatrixUnit(KernelBuilder &k, nn::BlockedByteConvOp op) { return MatrixUnitConv(k, op).emit(); }

} // namespace nnc
