// nn.packed_matmul by the micro-kernel: each item is a block of rows times a few panels. Items that follow each other
// take the same panels with other rows, so that a thread reads each panel from memory once.
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

/// The leading dims of the result: those from `first` on count as one dim of rows, the ones before are walked apart.
/// All of them where at most one is dynamic; an affine map cannot multiply two.
struct Rows {
  int64_t first, end;
  std::optional<int64_t> known;

  explicit Rows(RankedTensorType y) : first(y.getRank() - 1), end(y.getRank() - 1), known(1) {
    while (first > 0 && (known || !y.isDynamicDim(first - 1))) {
      --first;
      if (y.isDynamicDim(first))
        known = std::nullopt;
      else if (known)
        known = *known * y.getDimSize(first);
    }
  }
};

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

MatMulPlan planOf(nn::PackedMatMulOp op, KernelTarget target) {
  Type element = computeType(typeOf(op.getY()).getElementType());
  return planMatMul(target, element, Rows(typeOf(op.getY())).known, typeOf(op.getPanels()).getDimSize(1),
                    op.getColumns());
}

class PackedMatMul {
public:
  PackedMatMul(KernelBuilder &k, nn::PackedMatMulOp op)
      : k(k), op(op), plan(planOf(op, k.target)), rows(typeOf(op.getY())), rank(typeOf(op.getY()).getRank()),
        aElement(typeOf(op.getA()).getElementType()), bElement(typeOf(op.getPanels()).getElementType()),
        outElement(typeOf(op.getY()).getElementType()), panels(k.memref(op.getPanels())), depth(k.dim(panels, 1)),
        vector(VectorType::get({plan.lanes}, computeType(outElement))), shortEpilogue(hasShortEpilogue(k.group)) {
    a = k.memref(op.getA());
    if (rank > 2) {
      ReassociationIndices leading = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank - 1));
      a = memref::CollapseShapeOp::create(k.b, k.loc, a, ArrayRef<ReassociationIndices>{leading, {rank - 1}});
    }
    auto type = MemRefType::get({plan.rows, plan.panels * kWidth}, vector.getElementType());
    buffer = memref::AllocaOp::create(k.b, k.loc, type, k.b.getI64IntegerAttr(64));
  }

  LogicalResult emit() {
    int64_t count = typeOf(op.getPanels()).getDimSize(0), full = op.getColumns() / kWidth;
    int64_t work = plan.rowBlock * plan.panelBlock * kWidth * typeOf(op.getPanels()).getDimSize(1);
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    Value total = k.index(1);
    for (int64_t i = rows.first; i < rows.end; ++i)
      total = k.mul(total, k.dim(k.output(0), i));

    k.forEachItem([&](ValueRange point) {
      Value outer = k.index(0);
      for (int64_t i = 0; i < rows.first; ++i)
        outer = k.add(k.mul(outer, k.dim(k.output(0), i)), point[i]);
      Value base = k.mul(outer, total), first = k.mul(point.back(), plan.rowBlock);
      Value last = k.add(base, k.min(k.add(first, plan.rowBlock), total));
      first = k.add(base, first);

      Value panel = k.mul(point[rows.first], plan.panelBlock);
      Value panelEnd = k.min(k.add(panel, plan.panelBlock), k.index(count)), step = k.index(plan.panels);
      Value whole = k.sub(k.min(panelEnd, k.index(full)), panel);
      Value mainEnd = k.add(panel, k.mul(k.div(whole, step), step));
      k.loop(panel, mainEnd, step, [&](Value p) { rowLoop(first, last, p, plan.panels, /*isPadded=*/false); });
      // What is left: single panels, and the one that is filled up.
      if (count % plan.panels != 0 || full != count)
        k.loop(mainEnd, panelEnd, k.index(1), [&](Value p) { rowLoop(first, last, p, 1, full != count); });
    });
    return status;
  }

private:
  /// The rows [first, last) times `width` panels.
  void rowLoop(Value first, Value last, Value panel, int64_t width, bool isPadded) {
    Value step = k.index(plan.rows), end = k.add(first, k.mul(k.div(k.sub(last, first), step), step));
    k.loop(first, end, step, [&](Value row) { tile(plan.rows, width, row, panel, isPadded); });
    if (rows.known) {
      if (int64_t rest = *rows.known % plan.rows)
        k.ifThen(k.compare(arith::CmpIPredicate::slt, end, last), [&] { tile(rest, width, end, panel, isPadded); });
      return;
    }
    // Any number below plan.rows as a sum of powers of two.
    Value row = end;
    for (int64_t size = llvm::PowerOf2Ceil(plan.rows) / 2; size > 0; size /= 2) {
      Value next = k.add(row, size), fits = k.compare(arith::CmpIPredicate::sle, next, last);
      k.ifThen(fits, [&] { tile(size, width, row, panel, isPadded); });
      row = k.select(fits, next, row);
    }
  }

  /// One register tile from its first product to the store.
  void tile(int64_t height, int64_t width, Value row, Value panel, bool isPadded) {
    int64_t perPanel = kWidth / plan.lanes;
    MicroKernel kernel{height, width * perPanel, vector};
    auto left = [&](int64_t i, Value step) {
      return loadWidened(k, a, {k.add(row, i), step}, vector.getElementType(), aElement, outElement);
    };
    auto right = [&](int64_t j, Value step) {
      Value column = k.index(j % perPanel * plan.lanes);
      return loadWidened(k, panels, {k.add(panel, j / perPanel), step, column}, vector, bElement, outElement);
    };
    SmallVector<Value> sums = kernel.emit(k, k.index(0), depth, kernel.zeros(k), left, right);

    Value column = k.mul(panel, kWidth);
    if (shortEpilogue && !isPadded) {
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          store(sums[i * kernel.vectors + j], k.add(row, i), k.add(column, j * plan.lanes));
      return;
    }
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j)
        vector::StoreOp::create(k.b, k.loc, sums[i * kernel.vectors + j], buffer,
                                ValueRange{k.index(i), k.index(j * plan.lanes)});
    Value count = k.min(k.sub(k.index(op.getColumns()), column), k.index(width * kWidth)), lanes = k.index(plan.lanes);
    k.loop(k.index(height), [&](Value i) {
      Value vectorEnd = isPadded ? k.mul(k.div(count, lanes), lanes) : k.index(width * kWidth);
      k.loop(k.index(0), vectorEnd, lanes, [&](Value j) {
        store(vector::LoadOp::create(k.b, k.loc, vector, buffer, ValueRange{i, j}), k.add(row, i), k.add(column, j));
      });
      if (isPadded)
        k.loop(vectorEnd, count, k.index(1), [&](Value j) {
          store(memref::LoadOp::create(k.b, k.loc, buffer, ValueRange{i, j}), k.add(row, i), k.add(column, j));
        });
    });
  }

  void store(Value value, Value row, Value column) {
    SmallVector<Value> indices(rank);
    indices[rank - 1] = column;
    for (int64_t i = rank - 2; i > 0; --i) {
      Value extent = k.dim(k.output(0), i);
      indices[i] = k.rem(row, extent);
      row = k.div(row, extent);
    }
    indices[0] = row;
    if (failed(storeThroughEpilogue(k, op, value, indices)))
      status = failure();
  }

  KernelBuilder &k;
  nn::PackedMatMulOp op;
  MatMulPlan plan;
  Rows rows;
  int64_t rank;
  Type aElement, bElement, outElement;
  /// `a` as a matrix of all its rows; a tile's results on their way to a long epilogue or to part of a vector.
  Value a, panels, depth, buffer;
  VectorType vector;
  bool shortEpilogue;
  LogicalResult status = success();
};

AffineMap packedMatMulItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::PackedMatMulOp>(root);
  RankedTensorType y = typeOf(op.getY());
  MatMulPlan plan = planOf(op, target);
  Rows rows(y);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results;
  for (int64_t i = 0; i < rows.first; ++i)
    results.push_back(getAffineDimExpr(i, context));
  AffineExpr total = getAffineConstantExpr(1, context);
  for (int64_t i = rows.first; i < rows.end; ++i)
    total = (y.isDynamicDim(i) ? getAffineDimExpr(i, context) : getAffineConstantExpr(y.getDimSize(i), context)) * total;
  int64_t panels = typeOf(op.getPanels()).getDimSize(0);
  results.push_back(getAffineConstantExpr(llvm::divideCeil(panels, plan.panelBlock), context));
  results.push_back(total.ceilDiv(plan.rowBlock));
  return AffineMap::get(y.getRank(), 0, results, context);
}

LogicalResult emitPackedMatMul(KernelBuilder &k, Operation *root) {
  return PackedMatMul(k, cast<nn::PackedMatMulOp>(root)).emit();
}

} // namespace

void registerPackedMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedMatMulOp>({nullptr, emitPackedMatMul, /*hasEpilogue=*/true, packedMatMulItems});
}

} // namespace nnc
