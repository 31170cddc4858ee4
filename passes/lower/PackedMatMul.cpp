// nn.packed_matmul by the micro-kernel: each item is a block of rows times a few panels. Items that follow
// each other take the same panels with other rows, so that a thread reads each panel from memory once.
//
// Short sums are done in one go, and the epilogue sees them in registers. Long sums are cut: the item's rows
// of a block of the depth stay in the second-level cache while all panels of the item run past them, and what
// has been summed so far waits in the workspace.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The dims [first, end) of the result count as one dim of rows, the ones before are walked apart. Where all
/// the batch meets the same panels, these are all leading dims of which at most one is dynamic; an affine map
/// cannot multiply two.
struct Rows {
  int64_t first, end;
  std::optional<int64_t> known = 1;

  explicit Rows(nn::PackedMatMulOp op) {
    RankedTensorType y = typeOf(op.getY());
    bool isBatched = typeOf(op.getPanels()).getRank() > 3;
    first = end = y.getRank() - 1;
    while (first > (isBatched ? end - 1 : 0) && (known || !y.isDynamicDim(first - 1))) {
      --first;
      if (y.isDynamicDim(first))
        known = std::nullopt;
      else if (known)
        known = *known * y.getDimSize(first);
    }
  }
};

std::optional<int64_t> knownDim(RankedTensorType type, int64_t i) {
  return type.isDynamicDim(i) ? std::nullopt : std::optional(type.getDimSize(i));
}

MatMulPlan planOf(nn::PackedMatMulOp op, KernelTarget target) {
  RankedTensorType y = typeOf(op.getY()), panels = typeOf(op.getPanels());
  Rows rows(op);
  int64_t batch = 1;
  for (int64_t i = 0; i < rows.first; ++i)
    batch *= y.isDynamicDim(i) ? 1 : y.getDimSize(i);
  return planMatMul(target, computeType(y.getElementType()), rows.known,
                    knownDim(panels, panels.getRank() - 2), op.getColumns(), batch);
}

class PackedMatMul {
public:
  PackedMatMul(KernelBuilder &k, nn::PackedMatMulOp op)
      : k(k), op(op), plan(planOf(op, k.target)), rows(op), rank(typeOf(op.getY()).getRank()),
        aElement(typeOf(op.getA()).getElementType()), bElement(typeOf(op.getPanels()).getElementType()),
        outElement(typeOf(op.getY()).getElementType()), a(merged(k.memref(op.getA()), 1)),
        panels(merged(k.memref(op.getPanels()), 2)), flatPanels(k.flat(panels)), depth(k.dim(panels, 1)),
        vector(VectorType::get({plan.lanes}, computeType(outElement))),
        shortEpilogue(hasShortEpilogue(k.group)),
        steps(knownDim(typeOf(op.getPanels()), typeOf(op.getPanels()).getRank() - 2)) {
    Type element = vector.getElementType();
    if (isCut())
      sums = k.workspace(MemRefType::get({plan.rowBlock, plan.panelBlock * kWidth}, element));
    else
      sums = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({plan.rows, plan.panels * kWidth}, element),
                                      k.b.getI64IntegerAttr(64));
  }

  LogicalResult emit() {
    k.note(describe(plan));
    int64_t count = panelCount();
    int64_t work = plan.rowBlock * plan.panelBlock * kWidth * steps.value_or(64);
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    Value total = k.index(1);
    for (int64_t i = rows.first; i < rows.end; ++i)
      total = k.mul(total, k.dim(k.output(0), i));

    k.forEachItem([&](ValueRange point) {
      Item item;
      locate(item, point, total);
      Value first = k.mul(point.back(), plan.rowBlock), last = k.min(k.add(first, plan.rowBlock), total);
      Value panel = k.mul(point[rows.first], plan.panelBlock);
      Value panelEnd = k.min(k.add(panel, plan.panelBlock), k.index(count));
      if (isCut())
        addBlocks(item, first, last, panel, panelEnd);
      else
        // The panels run inside: the rows of a tile stay in the first-level cache.
        overRows(first, last, [&](int64_t height, Value row) {
          Value number = k.div(k.sub(row, first), k.index(plan.rows));
          overPanels(panel, panelEnd,
                     [&](int64_t width, Value p) { tile(item, height, width, row, p, number); });
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

  bool isCut() const { return steps && plan.depthBlock < *steps; }
  int64_t panelCount() { return llvm::divideCeil(op.getColumns(), kWidth); }
  bool hasPadding() { return op.getColumns() % kWidth != 0; }

  /// The memref with all dims but the last `kept` as one.
  Value merged(Value memref, int64_t kept) {
    int64_t dims = cast<MemRefType>(memref.getType()).getRank();
    if (dims == kept + 1)
      return memref;
    SmallVector<ReassociationIndices> groups = {llvm::to_vector<2>(llvm::seq<int64_t>(0, dims - kept))};
    for (int64_t i = dims - kept; i < dims; ++i)
      groups.push_back({i});
    return memref::CollapseShapeOp::create(k.b, k.loc, memref, groups);
  }

  void locate(Item &item, ValueRange point, Value total) {
    item.batch.assign(point.begin(), point.begin() + rows.first);
    item.aRows = k.mul(matrixOf(op.getA(), 2, item.batch), total);
    item.panels = k.mul(matrixOf(op.getPanels(), 3, item.batch), panelCount());
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

  /// Visits the panels [from, to) by tiles, and the rows [first, last).
  void overPanels(Value from, Value to, llvm::function_ref<void(int64_t width, Value panel)> body) {
    Value step = k.index(plan.panels), mainEnd = k.add(from, k.mul(k.div(k.sub(to, from), step), step));
    k.loop(from, mainEnd, step, [&](Value panel) { body(plan.panels, panel); });
    if (panelCount() % plan.panels != 0)
      k.loop(mainEnd, to, k.index(1), [&](Value panel) { body(1, panel); });
  }
  void overRows(Value first, Value last, llvm::function_ref<void(int64_t height, Value row)> body) {
    Value step = k.index(plan.rows), end = k.add(first, k.mul(k.div(k.sub(last, first), step), step));
    k.loop(first, end, step, [&](Value row) { body(plan.rows, row); });
    if (rows.known) {
      if (int64_t rest = *rows.known % plan.rows)
        k.ifThen(k.compare(arith::CmpIPredicate::slt, end, last), [&] { body(rest, end); });
      return;
    }
    // Any number below plan.rows as a sum of powers of two.
    Value row = end;
    for (int64_t size = llvm::PowerOf2Ceil(plan.rows) / 2; size > 0; size /= 2) {
      Value next = k.add(row, size), fits = k.compare(arith::CmpIPredicate::sle, next, last);
      k.ifThen(fits, [&] { body(size, row); });
      row = k.select(fits, next, row);
    }
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
        overRows(first, last, [&](int64_t height, Value row) {
          MicroKernel kernel = kernelOf(height, width);
          Value i = k.sub(row, first), j = k.mul(k.sub(p, panel), kWidth);
          SmallVector<Value> before;
          for (int64_t r = 0; r < height; ++r)
            for (int64_t v = 0; v < kernel.vectors; ++v)
              before.push_back(loadSum(k.add(i, r), k.add(j, v * plan.lanes)));
          SmallVector<Value> after =
              multiply(item, kernel, row, p, part, k.div(i, k.index(plan.rows)), before);
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
    return kernel;
  }

  SmallVector<Value> multiply(const Item &item, const MicroKernel &kernel, Value row, Value panel,
                              const Part &part, Value tileNumber, ValueRange accumulators) {
    int64_t perPanel = kWidth / plan.lanes;
    auto left = [&](int64_t i, Value step) -> Value {
      Value at = k.add(k.add(item.aRows, row), i);
      return loadWidened(k, a, {at, step}, vector.getElementType(), aElement, outElement);
    };
    auto right = [&](int64_t j, Value step) {
      Value column = k.index(j % perPanel * plan.lanes), at = k.add(k.add(item.panels, panel), j / perPanel);
      return loadWidened(k, panels, {at, step, column}, vector, bElement, outElement);
    };
    if (plan.prefetchBytes == 0)
      return kernel.emit(k, part.from, part.to, accumulators, left, right);
    // Weights come from memory. The tiles of an item fetch the panels that follow, each its share.
    int64_t elements = plan.prefetchBytes * 8 / storageType(bElement).getIntOrFloatBitWidth();
    Value next = k.add(k.add(item.panels, panel), part.nextPanel);
    Value start =
        k.add(k.mul(part.nextStep, kWidth), k.mul(k.mul(tileNumber, k.sub(part.to, part.from)), elements));
    auto prefetch = [&](Value step) {
      Value offset = k.add(start, k.mul(k.sub(step, part.from), elements));
      for (int64_t i = 0; i < kernel.vectors / perPanel; ++i) {
        Value at = k.add(k.mul(k.add(next, i), k.mul(depth, kWidth)), offset);
        memref::PrefetchOp::create(k.b, k.loc, flatPanels, ValueRange{at}, /*isWrite=*/false,
                                   /*localityHint=*/2,
                                   /*isDataCache=*/true);
      }
    };
    return kernel.emit(k, part.from, part.to, accumulators, left, right, prefetch);
  }

  /// One register tile of short sums, from its first product to the store.
  void tile(const Item &item, int64_t height, int64_t width, Value row, Value panel, Value tileNumber) {
    MicroKernel kernel = kernelOf(height, width);
    Part all{k.index(0), depth, k.index(plan.panelBlock), k.index(0)};
    SmallVector<Value> values = multiply(item, kernel, row, panel, all, tileNumber, kernel.zeros(k));
    Value column = k.mul(panel, kWidth);
    // The last panel is not stored whole where it is filled up.
    bool mayBePadded = hasPadding() && (width == 1 || panelCount() % plan.panels == 0);
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
    if (hasPadding()) {
      count = k.min(k.sub(k.index(op.getColumns()), column), width);
      vectorEnd = k.mul(k.div(count, lanes), lanes);
    }
    k.loop(height, [&](Value i) {
      k.loop(k.index(0), vectorEnd, lanes, [&](Value j) {
        store(item, loadSum(i, j), k.add(row, i), k.add(column, j));
      });
      if (hasPadding())
        k.loop(vectorEnd, count, k.index(1), [&](Value j) {
          Value sum = memref::LoadOp::create(k.b, k.loc, sums, ValueRange{i, j});
          store(item, sum, k.add(row, i), k.add(column, j));
        });
    });
  }

  void store(const Item &item, Value value, Value row, Value column) {
    SmallVector<Value> indices(item.batch);
    indices.resize(rank);
    indices[rank - 1] = column;
    for (int64_t i = rank - 2; i > rows.first; --i) {
      Value extent = k.dim(k.output(0), i);
      indices[i] = k.rem(row, extent);
      row = k.div(row, extent);
    }
    indices[rows.first] = row;
    if (failed(storeThroughEpilogue(k, op, value, indices)))
      status = failure();
  }

  KernelBuilder &k;
  nn::PackedMatMulOp op;
  MatMulPlan plan;
  Rows rows;
  int64_t rank;
  Type aElement, bElement, outElement;
  /// `a` as a matrix of all its rows, and all panels one after another.
  Value a, panels, flatPanels, depth;
  VectorType vector;
  bool shortEpilogue;
  std::optional<int64_t> steps;
  /// The sums of an item so far, or of a tile on their way to a long epilogue.
  Value sums;
  LogicalResult status = success();
};

AffineMap packedMatMulItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::PackedMatMulOp>(root);
  RankedTensorType y = typeOf(op.getY());
  MatMulPlan plan = planOf(op, target);
  Rows rows(op);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results;
  for (int64_t i = 0; i < rows.first; ++i)
    results.push_back(getAffineDimExpr(i, context));
  AffineExpr total = getAffineConstantExpr(1, context);
  for (int64_t i = rows.first; i < rows.end; ++i)
    total =
        (y.isDynamicDim(i) ? getAffineDimExpr(i, context) : getAffineConstantExpr(y.getDimSize(i), context)) *
        total;
  int64_t panels = llvm::divideCeil(op.getColumns(), kWidth);
  results.push_back(getAffineConstantExpr(llvm::divideCeil(panels, plan.panelBlock), context));
  results.push_back(total.ceilDiv(plan.rowBlock));
  return AffineMap::get(y.getRank(), 0, results, context);
}

LogicalResult emitPackedMatMul(KernelBuilder &k, Operation *root) {
  return PackedMatMul(k, cast<nn::PackedMatMulOp>(root)).emit();
}

} // namespace

void registerPackedMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedMatMulOp>({nullptr, emitPackedMatMul, packedMatMulItems, /*epilogueInPlace=*/true});
}

} // namespace nnc
