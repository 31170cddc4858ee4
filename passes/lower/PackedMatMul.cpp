// nn.packed_matmul by the micro-kernel: each item is a block of rows times a few panels. Items that follow
// each other take the same panels with other rows, so that a thread reads each panel from memory once; or, where panels
// are small, the same rows with other panels (MatMulPlan::rowsFirst).
//
// Short sums are done in one go, and the epilogue sees them in registers. Long sums are cut: the item's rows
// of a block of the depth stay in the second-level cache while all panels of the item run past them, and what
// has been summed so far waits in the workspace.
//
// Panels of halves or bytes that many rows read are made panels of the sums' type first, a few at a time.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/PanelFactor.h"
#include "passes/lower/PanelRows.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Strassen.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

PanelRows rowsOf(nn::PackedMatMulOp op) {
  RankedTensorType y = typeOf(op.getY());
  // Where each matrix of the batch meets panels of its own, rows are those of one matrix.
  bool isBatched = typeOf(op.getPanels()).getRank() > 3;
  return PanelRows(y, isBatched ? y.getRank() - 2 : 0, op.getColumns());
}

std::optional<int64_t> knownDim(RankedTensorType type, int64_t i) {
  return type.isDynamicDim(i) ? std::nullopt : std::optional(type.getDimSize(i));
}

MatMulPlan planOf(nn::PackedMatMulOp op, KernelTarget target) {
  RankedTensorType y = typeOf(op.getY());
  PanelRows rows = rowsOf(op);
  int64_t batch = 1;
  for (int64_t i = 0; i < rows.first; ++i)
    batch *= y.isDynamicDim(i) ? 1 : y.getDimSize(i);
  RankedTensorType a = typeOf(op.getA());
  std::optional<int64_t> leftBytes = knownDim(a, a.getRank() - 1);
  if (leftBytes)
    *leftBytes *= storageType(a.getElementType()).getIntOrFloatBitWidth() / 8;
  return planMatMul(target, computeType(y.getElementType()),
                    {rows.known, knownSteps(op), int64_t(op.getColumns()), batch, op.hasPairs(), op.getCached(), leftBytes,
                     op.hasWords(), rows.atLeast});
}

class PackedMatMul {
public:
  PackedMatMul(KernelBuilder &k, nn::PackedMatMulOp op)
      : k(k), op(op), plan(planOf(op, k.target)), rows(rowsOf(op)), aElement(typeOf(op.getA()).getElementType()),
        outElement(typeOf(op.getY()).getElementType()), a(k.merged(k.memref(op.getA()), 1)),
        vector(VectorType::get({plan.lanes}, computeType(outElement))), factor(k, op, vector), depth(factor.depth),
        shortEpilogue(hasShortEpilogue(k.group)) {
    Type element = vector.getElementType();
    if (widensPanels())
      wide = k.workspace(MemRefType::get({plan.panels, plan.depthBlock, kWidth}, element));
    if (isCut())
      sums = k.workspace(MemRefType::get({plan.rowBlock, plan.panelBlock * kWidth}, element));
    else
      sums = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({plan.rows, plan.panels * kWidth}, element),
                                      k.b.getI64IntegerAttr(64));
  }

  LogicalResult emit() {
    k.note(describe(plan) + (wide ? ", panels are made f32 first" : ""));
    int64_t count = rows.panels();
    int64_t work = plan.rowBlock * plan.panelBlock * kWidth * factor.steps.value_or(64);
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    k.swings = rows.known && *rows.known <= plan.rows;
    Value total = rows.total(k);

    k.forEachItem([&](ValueRange point) {
      Item item;
      locate(item, point, total);
      Value rowItem = point.back(), panelItem = point[rows.first];
      if (plan.rowsFirst)
        std::swap(rowItem, panelItem);
      Value panel = k.mul(panelItem, plan.panelBlock);
      Value panelEnd = k.min(k.add(panel, plan.panelBlock), k.index(count));
      rows.overBlocks(k, rowItem, plan.rowBlock, total, [&](Value first, Value last) {
        shareFetching(first, last);
        if (isCut())
          return addBlocks(item, first, last, panel, panelEnd);
        if (wide)
          return overPanels(panel, panelEnd, [&](int64_t width, Value p) {
            Part all{k.index(0), depth, k.index(width), k.index(0)};
            factor.widen(wide, k.add(item.panels, p), width, all.from, all.to);
            overRows(first, last,
                     [&](int64_t height, Value row) { tile(item, height, width, row, p, all, tileNumber(first, row)); });
          });
        // The panels run inside: the rows of a tile stay in the first-level cache.
        overRows(first, last, [&](int64_t height, Value row) {
          Part all{k.index(0), depth, k.index(plan.panelBlock), k.index(0)};
          Value number = tileNumber(first, row);
          overPanels(panel, panelEnd,
                     [&](int64_t width, Value p) { tile(item, height, width, row, p, all, number); });
        });
      });
    });
    return status;
  }

private:
  /// The matrices that an item works on.
  struct Item {
    /// Its indices in the result's dims before the rows; the rows of `a` and the panels that come before its
    /// own.
    SmallVector<Value> batch;
    Value aRows, panels;
  };
  /// A part of the depth, and what is needed next: a step of the panel that lies so many further on.
  struct Part {
    Value from, to, nextPanel, nextStep;
  };

  /// Whether the panels are read so often, from another type, that they are worth a copy of the sums' type.
  bool widensPanels() const {
    constexpr int64_t kMostBytes = 256 << 10;
    return factor.perStep == 1 && vector.getElementType().isF32() && !factor.isF32() && factor.steps && rows.known &&
           plan.rowBlock >= 3 * plan.rows && plan.panels * plan.depthBlock * kWidth * 4 <= kMostBytes;
  }

  Value tileNumber(Value first, Value row) { return k.div(k.sub(row, first), k.index(plan.rows)); }

  /// Sets `fetched`: of an unknown number of rows those that are there share the panels that follow, but fetch no more
  /// than a line in a turn of the loop; a few tiles leave the rest to the machine.
  void shareFetching(Value first, Value last) {
    int64_t all = kWidth * factor.perStep, stepBytes = kWidth * std::max<int64_t>(4, elementBytes(outElement));
    fetched = k.index(plan.prefetchBytes * all / stepBytes);
    if (rows.known || plan.prefetchBytes == 0)
      return;
    Value tiles = k.max(k.div(k.sub(last, first), k.index(plan.rows)), k.index(plan.unroll));
    fetched = k.div(k.add(tiles, all - 1), tiles);
  }

  bool isCut() const { return factor.steps && plan.depthBlock < *factor.steps; }

  void locate(Item &item, ValueRange point, Value total) {
    item.batch.assign(point.begin(), point.begin() + rows.first);
    item.aRows = k.mul(matrixOf(op.getA(), 2, item.batch), total);
    item.panels = k.mul(matrixOf(op.getPanels(), 3, item.batch), rows.panels());
  }
  /// The number of the operand's matrix at a point of the batch, to which it may be broadcast.
  Value matrixOf(Value operand, int64_t inner, ArrayRef<Value> batch) {
    RankedTensorType type = typeOf(operand), y = typeOf(op.getY());
    // Of leading dims that count as rows, there is one matrix for each point of those before them.
    int64_t dims = std::min<int64_t>(type.getRank() - inner, rows.first), missing = rows.first - dims;
    Value number = k.index(0);
    if (inner == 3 && type.getRank() == 3)
      return number;
    for (int64_t i = 0; i < dims; ++i) {
      Value extent = k.dimOf(operand, i), at = batch[missing + i];
      if (type.getDimSize(i) == 1)
        at = k.index(0);
      else if (type.isDynamicDim(i) || y.isDynamicDim(missing + i))
        at = k.select(k.compare(arith::CmpIPredicate::eq, extent, k.index(1)), k.index(0), at);
      number = k.add(k.mul(number, extent), at);
    }
    return number;
  }

  void overPanels(Value from, Value to, llvm::function_ref<void(int64_t width, Value panel)> body) {
    rows.overPanels(k, plan.panels, from, to, body);
  }
  void overRows(Value from, Value to, llvm::function_ref<void(int64_t height, Value row)> body) {
    rows.overRows(k, plan.rows, from, to, body);
  }

  /// A block of long sums. The panels come one after another past the rows, fetched one ahead.
  void addBlocks(const Item &item, Value first, Value last, Value panel, Value panelEnd) {
    Value columns = k.mul(k.sub(panelEnd, panel), kWidth), height = k.sub(last, first),
          lanes = k.index(plan.lanes);
    k.loop(height, [&](Value i) {
      k.loop(k.index(0), columns, lanes, [&](Value j) { storeSum(zeroOf(k, vector), i, j); });
    });
    k.loop(k.index(0), depth, k.index(plan.depthBlock), [&](Value from) {
      Part part{from, k.min(k.add(from, plan.depthBlock), depth), Value(), Value()};
      Value isLastBlock = k.compare(arith::CmpIPredicate::eq, part.to, depth);
      overPanels(panel, panelEnd, [&](int64_t width, Value p) {
        // Next are the panels beside these; then the first ones of the next block of the depth; then the next
        // item's.
        Value isLast = k.compare(arith::CmpIPredicate::sge, k.add(p, width), panelEnd);
        Value ahead = k.select(isLastBlock, k.sub(panelEnd, p), k.sub(panel, p));
        part.nextPanel = k.select(isLast, ahead, k.index(width));
        part.nextStep = k.select(isLast, k.select(isLastBlock, k.index(0), part.to), from);
        if (wide)
          factor.widen(wide, k.add(item.panels, p), width, part.from, part.to);
        overRows(first, last, [&](int64_t height, Value row) {
          MicroKernel kernel = kernelOf(height, width);
          Value i = k.sub(row, first), j = k.mul(k.sub(p, panel), kWidth);
          SmallVector<Value> before;
          for (int64_t r = 0; r < height; ++r)
            for (int64_t v = 0; v < kernel.vectors; ++v)
              before.push_back(loadSum(k.add(i, r), k.add(j, v * plan.lanes)));
          SmallVector<Value> after =
              multiply(item, kernel, row, p, part, tileNumber(first, row), before);
          for (int64_t r = 0; r < height; ++r)
            for (int64_t v = 0; v < kernel.vectors; ++v)
              storeSum(after[r * kernel.vectors + v], k.add(i, r), k.add(j, v * plan.lanes));
        });
      });
    });
    finish(item, height, first, k.mul(panel, kWidth), columns);
  }

  MicroKernel kernelOf(int64_t height, int64_t width) const {
    MicroKernel kernel{height, width * kWidth / plan.lanes, vector};
    kernel.parts = partsFor(k.target, height * kernel.vectors);
    kernel.unroll = plan.unroll;
    if (factor.perStep == 2)
      kernel.factors = MicroKernel::Factors::brainPairs;
    return kernel;
  }

  /// Two elements of a row as a lane of i32.
  Value pairAt(Value row, Value step) {
    Value column = k.mul(step, 2);
    Value pair = vector::LoadOp::create(k.b, k.loc, VectorType::get({2}, storageType(aElement)), a,
                                        ValueRange{row, column});
    Value lane = vector::BitCastOp::create(k.b, k.loc, VectorType::get({1}, k.b.getI32Type()), pair);
    return vector::ExtractOp::create(k.b, k.loc, lane, ArrayRef<int64_t>{0});
  }
  /// The last element of a row of odd length; what it leaves of its lane meets a zero.
  Value lastAt(Value row, Value step) {
    Value last = memref::LoadOp::create(k.b, k.loc, a, ValueRange{row, k.mul(step, 2)});
    Value bits = arith::BitcastOp::create(k.b, k.loc, k.b.getI16Type(), last);
    return arith::ExtUIOp::create(k.b, k.loc, k.b.getI32Type(), bits);
  }

  /// The products of [from, to); where rows may have odd lengths, the last step of a row apart.
  SmallVector<Value> sum(const MicroKernel &kernel, const Part &part, ValueRange accumulators, Value panel, Value aRow,
                         MicroKernel::Operand left, MicroKernel::Operand right,
                         MicroKernel::Work atStep) {
    if (factor.isScaled() && !wide)
      return factor.scaledSum(kernel, part.from, part.to, accumulators, panel, left, atStep);
    RankedTensorType type = typeOf(op.getA());
    bool isEven = factor.perStep == 1 || (!type.isDynamicDim(type.getRank() - 1) && type.getShape().back() % 2 == 0);
    if (isEven)
      return kernel.emit(k, part.from, part.to, accumulators, left, right, atStep);
    Value whole = k.div(k.dim(a, 1), k.index(2)), end = k.min(part.to, whole);
    SmallVector<Value> sums = kernel.emit(k, part.from, end, accumulators, left, right, atStep);
    auto leftLast = [&](int64_t i, Value step) { return lastAt(k.add(aRow, i), step); };
    return k.loop(end, part.to, k.index(1), sums, [&](Value step, ValueRange before) {
      return kernel.step(k, step, before, leftLast, right);
    });
  }

  SmallVector<Value> multiply(const Item &item, const MicroKernel &kernel, Value row, Value panel,
                              const Part &part, Value number, ValueRange accumulators) {
    int64_t perPanel = kWidth / plan.lanes, count = kernel.vectors / perPanel;
    Value here = k.add(item.panels, panel), aRow = k.add(item.aRows, row);
    auto left = [&](int64_t i, Value step) -> Value {
      Value at = k.add(aRow, i);
      if (factor.perStep == 2)
        return pairAt(at, step);
      return loadWidened(k, a, {at, step}, vector.getElementType(), aElement, outElement);
    };
    auto right = [&](int64_t j, Value step) -> Value {
      if (wide)
        return vector::LoadOp::create(k.b, k.loc, vector, wide,
                                      ValueRange{k.index(j / perPanel), k.sub(step, part.from),
                                                 k.index(j % perPanel * plan.lanes)});
      return factor.at(here, j * plan.lanes, step);
    };
    // Of an unknown number of rows the last few, which may be all, take the panels as the machine fetches them.
    bool mayFetch = wide || !factor.isWords(), fetchesAhead = mayFetch && plan.aheadBytes,
         fetchesNext = mayFetch && plan.prefetchBytes && (rows.known || kernel.rows == plan.rows);
    if (!fetchesAhead && !fetchesNext)
      return sum(kernel, part, accumulators, here, aRow, left, right, nullptr);
    // Weights come from memory. The tiles of an item fetch the panels that follow, each its share.
    Value next, start;
    if (fetchesNext) {
      next = k.add(here, part.nextPanel);
      start = k.add(factor.numbersOf(part.nextStep), k.mul(k.mul(number, k.sub(part.to, part.from)), fetched));
    }
    return sum(kernel, part, accumulators, here, aRow, left, right, [&](Value step, int64_t inTurn, int64_t steps) {
      for (int64_t i = 0; i < count && fetchesAhead; ++i) {
        if (wide)
          prefetchWide(k.add(k.mul(k.sub(step, part.from), kWidth),
                             i * plan.depthBlock * kWidth + plan.aheadBytes / 4));
        else
          factor.prefetch(k.add(here, i),
                          k.add(factor.numbersOf(step), plan.aheadBytes * 8 / factor.bits()), /*locality=*/3);
      }
      // The share of several steps is one line where that holds it.
      bool isLine = !rows.known || plan.prefetchBytes * steps <= 64;
      if (!fetchesNext || (isLine && inTurn > 0))
        return;
      Value offset = k.add(start, k.mul(k.sub(step, part.from), fetched));
      for (int64_t i = 0; i < count; ++i)
        factor.prefetch(k.add(next, i), offset, /*locality=*/2);
    });
  }

  void prefetchWide(Value at) {
    memref::PrefetchOp::create(k.b, k.loc, k.flat(wide), ValueRange{at}, /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
  }

  /// One register tile of short sums, from its first product to the store.
  void tile(const Item &item, int64_t height, int64_t width, Value row, Value panel, const Part &all, Value number) {
    MicroKernel kernel = kernelOf(height, width);
    SmallVector<Value> values = multiply(item, kernel, row, panel, all, number, kernel.zeros(k));
    Value column = k.mul(panel, kWidth);
    // The last panel is not stored whole where it is filled up.
    bool mayBePadded = rows.hasPadding() && (width == 1 || rows.panels() % plan.panels == 0);
    auto fromRegisters = [&] {
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          store(item, values[i * kernel.vectors + j], k.add(row, i), k.add(column, j * plan.lanes));
    };
    auto throughBuffer = [&] {
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          storeSum(values[i * kernel.vectors + j], k.index(i), k.index(j * plan.lanes));
      finish(item, k.index(height), row, column, k.index(width * kWidth));
    };
    if (!shortEpilogue)
      return throughBuffer();
    if (!mayBePadded)
      return fromRegisters();
    Value isWhole =
        k.compare(arith::CmpIPredicate::sle, k.add(column, width * kWidth), k.index(op.getColumns()));
    k.ifThen(isWhole, fromRegisters);
    k.ifThen(k.compare(arith::CmpIPredicate::sgt, k.add(column, width * kWidth), k.index(op.getColumns())),
             throughBuffer);
  }

  Value loadSum(Value i, Value j) {
    return vector::LoadOp::create(k.b, k.loc, vector, sums, ValueRange{i, j});
  }
  void storeSum(Value value, Value i, Value j) {
    vector::StoreOp::create(k.b, k.loc, value, sums, ValueRange{i, j});
  }

  /// Stores `height` rows of finished sums as the result's from (row, column) on, as far as it has columns.
  void finish(const Item &item, Value height, Value row, Value column, Value width) {
    Value lanes = k.index(plan.lanes), count = width, vectorEnd = width;
    if (rows.hasPadding()) {
      count = k.min(k.sub(k.index(op.getColumns()), column), width);
      vectorEnd = k.mul(k.div(count, lanes), lanes);
    }
    k.loop(height, [&](Value i) {
      k.loop(k.index(0), vectorEnd, lanes, [&](Value j) {
        store(item, loadSum(i, j), k.add(row, i), k.add(column, j));
      });
      if (rows.hasPadding())
        k.loop(vectorEnd, count, k.index(1), [&](Value j) {
          Value sum = memref::LoadOp::create(k.b, k.loc, sums, ValueRange{i, j});
          store(item, sum, k.add(row, i), k.add(column, j));
        });
    });
  }

  void store(const Item &item, Value value, Value row, Value column) {
    if (failed(storeThroughEpilogue(k, op, value, rows.indices(k, item.batch, row, column))))
      status = failure();
  }

  KernelBuilder &k;
  nn::PackedMatMulOp op;
  MatMulPlan plan;
  PanelRows rows;
  Type aElement, outElement;
  /// `a` as a matrix of all its rows.
  Value a;
  VectorType vector;
  PanelFactor factor;
  /// The steps of a sum.
  Value depth;
  bool shortEpilogue;
  /// Elements of a panel that is needed later which a step fetches.
  Value fetched;
  /// The sums of an item so far, or of a tile on their way to a long epilogue.
  Value sums;
  /// [panels, steps, 16]: the panels at hand in the sums' type, where they are made that first.
  Value wide;
  LogicalResult status = success();
};

AffineMap packedMatMulItems(nn::GroupOp, Operation *root, KernelTarget target) {
  auto op = cast<nn::PackedMatMulOp>(root);
  if (takesStrassen(op, target))
    return strassenItems(op, target);
  MatMulPlan plan = planOf(op, target);
  return rowsOf(op).items(typeOf(op.getY()), plan.panelBlock, plan.rowBlock, plan.rowsFirst);
}

/// Strassen's algorithm and fetching ahead depend on it.
bool differsOnIntel(Operation *root) {
  auto op = cast<nn::PackedMatMulOp>(root);
  KernelTarget one{/*vectorBits=*/512}, two = one;
  two.twoMultipliers = true;
  return op.getStrassen() || planOf(op, one).aheadBytes != planOf(op, two).aheadBytes;
}

LogicalResult emitPackedMatMul(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::PackedMatMulOp>(root);
  return takesStrassen(op, k.target) ? emitStrassen(k, op) : PackedMatMul(k, op).emit();
}

} // namespace

void registerPackedMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedMatMulOp>(
      {nullptr, emitPackedMatMul, packedMatMulItems, /*epilogueInPlace=*/true, differsOnIntel});
}

} // namespace nnc
