// nn.matmul as its factors lie: the products that nn-pack-operands leaves, since they have few rows or an unknown number
// of columns. Right for every element type, rank, broadcast and dynamic extent.
//
// Where the rows of the right factor are contiguous, tiles of a few rows and vectors of columns go through the
// micro-kernel. Where it is transposed or a vector, every result is a dot product along contiguous elements.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What is known of a product without its kernel.
struct Product {
  RankedTensorType a, b, y;
  bool isRow, isColumn;
  /// Dims of the result before its row and its column.
  int64_t batchRank;

  explicit Product(nn::MatMulOp op)
      : a(typeOf(op.getA())), b(typeOf(op.getB())), y(typeOf(op.getY())), isRow(a.getRank() == 1),
        isColumn(b.getRank() == 1), batchRank(y.getRank() - !isRow - !isColumn) {}

  std::optional<int64_t> rows() const {
    if (isRow)
      return 1;
    return y.isDynamicDim(batchRank) ? std::nullopt : std::optional(y.getDimSize(batchRank));
  }
  std::optional<int64_t> columns() const {
    return isColumn || y.isDynamicDim(y.getRank() - 1) ? std::nullopt : std::optional(y.getShape().back());
  }
  /// Blocks of known columns, the last of which takes the rest, too.
  std::optional<int64_t> columnItems(const DirectMatMulPlan &plan) const {
    auto known = columns();
    return known ? std::optional(std::max<int64_t>(1, *known / plan.columnBlock)) : std::nullopt;
  }
  DirectMatMulPlan plan(KernelTarget target) const {
    return planDirectMatMul(target, computeType(y.getElementType()), rows());
  }
};

bool isTiled(nn::MatMulOp op) { return typeOf(op.getB()).getRank() > 1 && !op.getTransposeB(); }

AffineMap matmulItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::MatMulOp>(root);
  Product product(op);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> items;
  for (int64_t i = 0; i < product.batchRank; ++i)
    items.push_back(getAffineDimExpr(i, context));
  DirectMatMulPlan plan = product.plan(target);
  if (!product.isRow) {
    AffineExpr rows = getAffineDimExpr(product.batchRank, context);
    items.push_back(isTiled(op) ? rows.ceilDiv(plan.rows) : rows);
  }
  if (!product.isColumn) {
    AffineExpr columns = getAffineDimExpr(product.y.getRank() - 1, context);
    auto known = product.columnItems(plan);
    items.push_back(known ? getAffineConstantExpr(*known, context) : columns.ceilDiv(plan.columnBlock));
  }
  return AffineMap::get(product.y.getRank(), 0, items, context);
}

class DirectMatMul {
public:
  DirectMatMul(KernelBuilder &k, nn::MatMulOp op)
      : k(k), op(op), product(op), plan(product.plan(k.target)), a(k.memref(op.getA())), b(k.memref(op.getB())),
        depth(k.dim(b, product.isColumn ? 0 : product.b.getRank() - (op.getTransposeB() ? 1 : 2))),
        vector(VectorType::get({plan.lanes}, computeType(product.y.getElementType()))) {}

  LogicalResult emit() {
    k.grain = std::max<int64_t>(1, 100000 / itemWork());
    k.forEachItem([&](ValueRange point) {
      batch.assign(point.begin(), point.begin() + product.batchRank);
      aBatch = batchIndices(op.getA(), product.isRow);
      bBatch = batchIndices(op.getB(), product.isColumn);
      Value row = product.isRow ? k.index(0) : point[product.batchRank];
      if (product.isColumn)
        return dot(row, Value());
      Value first = k.mul(point.back(), plan.columnBlock);
      Value last = k.add(first, plan.columnBlock), all = k.dim(k.output(0), product.y.getRank() - 1);
      if (auto known = product.columnItems(plan))
        last = k.select(k.compare(arith::CmpIPredicate::eq, point.back(), k.index(*known - 1)), all, last);
      else
        last = k.min(last, all);
      if (isTiled(op))
        rows(row, first, last);
      else
        k.loop(first, last, k.index(1), [&](Value column) { dot(row, column); });
    });
    return status;
  }

private:
  /// Multiply-adds of an item, a store for as much as eight of them.
  int64_t itemWork() {
    auto extent = [](RankedTensorType type, int64_t dim) { return estimatedSize(type, dim, dim + 1); };
    int64_t rank = product.y.getRank(), depthDim = product.a.getRank() - (op.getTransposeA() ? 2 : 1);
    int64_t rows = product.isRow || !isTiled(op) ? 1 : std::min(plan.rows, extent(product.y, product.batchRank));
    int64_t columns = product.isColumn ? 1 : std::min(plan.columnBlock, extent(product.y, rank - 1));
    return rows * columns * (extent(product.a, depthDim) + 8);
  }

  SmallVector<Value> batchIndices(Value operand, bool isVector) {
    SmallVector<Value> at;
    RankedTensorType type = typeOf(operand);
    int64_t rank = type.getRank() - 2;
    for (int64_t i = 0; !isVector && i < rank; ++i) {
      Value extent = k.dimOf(operand, i), iv = batch[product.batchRank - rank + i];
      if (type.getDimSize(i) == 1)
        iv = k.index(0);
      else if (type.isDynamicDim(i))
        iv = k.select(k.compare(arith::CmpIPredicate::eq, extent, k.index(1)), k.index(0), iv);
      at.push_back(iv);
    }
    return at;
  }

  Value loadA(Value row, Value step, Type shape) {
    SmallVector<Value> at = aBatch;
    if (product.isRow)
      at = {step};
    else if (op.getTransposeA())
      at.append({step, row});
    else
      at.append({row, step});
    return loadWidened(k, a, at, shape, product.a.getElementType(), product.y.getElementType());
  }
  Value loadB(Value step, Value column, Type shape) {
    SmallVector<Value> at = bBatch;
    if (product.isColumn)
      at = {step};
    else if (op.getTransposeB())
      at.append({column, step});
    else
      at.append({step, column});
    return loadWidened(k, b, at, shape, product.b.getElementType(), product.y.getElementType());
  }

  /// The rows of an item, as tiles of full height where there are so many.
  void rows(Value block, Value first, Value last) {
    if (plan.rows == 1)
      return columns(1, block, first, last);
    Value row = k.mul(block, plan.rows), end = k.dim(k.output(0), product.batchRank);
    Value isWhole = k.compare(arith::CmpIPredicate::sle, k.add(row, plan.rows), end);
    k.ifThen(isWhole, [&] { columns(plan.rows, row, first, last); });
    auto known = product.rows();
    if (known && *known % plan.rows == 0)
      return;
    k.ifThen(k.negated(isWhole), [&] {
      if (known)
        columns(*known % plan.rows, row, first, last);
      else
        k.loop(row, end, k.index(1), [&](Value r) { columns(1, r, first, last); });
    });
  }

  /// Some rows times the columns [first, last): wide tiles, then single vectors; the last one overlaps what is done already,
  /// and where there is not one single columns are left.
  void columns(int64_t height, Value row, Value first, Value last) {
    Value done = first;
    for (int64_t vectors = plan.vectors; vectors > 0; vectors = vectors > 1 ? 1 : 0) {
      Value width = k.index(vectors * plan.lanes);
      Value end = k.add(done, k.mul(k.div(k.sub(last, done), width), width));
      k.loop(done, end, width, [&](Value column) { tile(height, vectors, row, column); });
      done = end;
    }
    Value isLeft = k.compare(arith::CmpIPredicate::slt, done, last);
    Value hasOne = k.compare(arith::CmpIPredicate::sgt, done, first), hasNone = k.negated(hasOne);
    k.ifThen(k.both(isLeft, hasOne), [&] { tile(height, 1, row, k.sub(last, k.index(plan.lanes))); });
    k.ifThen(k.both(isLeft, hasNone), [&] {
      k.loop(done, last, k.index(1), [&](Value column) {
        for (int64_t i = 0; i < height; ++i)
          dot(k.add(row, i), column);
      });
    });
  }

  void tile(int64_t height, int64_t vectors, Value row, Value column) {
    MicroKernel kernel{height, vectors, vector};
    kernel.unroll = stepsOfTurn(k.target);
    auto left = [&](int64_t i, Value step) { return loadA(k.add(row, i), step, vector.getElementType()); };
    auto right = [&](int64_t j, Value step) { return loadB(step, k.add(column, j * plan.lanes), vector); };
    SmallVector<Value> sums = kernel.emit(k, k.index(0), depth, kernel.zeros(k), left, right);
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < vectors; ++j)
        store(sums[i * vectors + j], k.add(row, i), k.add(column, j * plan.lanes));
  }

  /// One result. Both operands are read by vectors where they are contiguous along the sum.
  void dot(Value row, Value column) {
    Type element = vector.getElementType();
    Value sum = zeroOf(k, element), from = k.index(0);
    if (!isTiled(op) && !op.getTransposeA()) {
      constexpr int64_t together = 4;
      Value width = k.index(together * plan.lanes), end = k.mul(k.div(depth, width), width);
      SmallVector<Value> sums(together, zeroOf(k, vector));
      sums = k.loop(k.index(0), end, width, sums, [&](Value step, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < together; ++i) {
          Value at = k.add(step, i * plan.lanes);
          next.push_back(multiplyAdd(k, loadA(row, at, vector), loadB(at, column, vector), carried[i]));
        }
        return next;
      });
      Value one = sums[0];
      bool isFloat = isa<FloatType>(element);
      for (Value other : ArrayRef(sums).drop_front())
        one = isFloat ? arith::AddFOp::create(k.b, k.loc, one, other).getResult()
                      : arith::AddIOp::create(k.b, k.loc, one, other).getResult();
      sum = isFloat ? vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, one,
                                                  arith::FastMathFlags::reassoc)
                    : vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, one);
      from = end;
    }
    sum = k.loop(from, depth, k.index(1), sum, [&](Value step, ValueRange carried) -> SmallVector<Value> {
      return {multiplyAdd(k, loadA(row, step, element), loadB(step, column, element), carried[0])};
    })[0];
    store(sum, row, column);
  }

  void store(Value value, Value row, Value column) {
    SmallVector<Value> indices(batch);
    if (!product.isRow)
      indices.push_back(row);
    if (!product.isColumn)
      indices.push_back(column);
    if (failed(storeThroughEpilogue(k, op, value, indices)))
      status = failure();
  }

  KernelBuilder &k;
  nn::MatMulOp op;
  Product product;
  DirectMatMulPlan plan;
  Value a, b, depth;
  VectorType vector;
  /// Of the item: its point of the batch, and the operands' own.
  SmallVector<Value> batch, aBatch, bBatch;
  LogicalResult status = success();
};

LogicalResult emitMatmul(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::MatMulOp>(root);
  Type element = typeOf(op.getA()).getElementType();
  if (!isa<FloatType, IntegerType>(element))
    return op.emitOpError("unsupported element type ") << element;
  return DirectMatMul(k, op).emit();
}

} // namespace

void registerMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::MatMulOp>({nullptr, emitMatmul, matmulItems});
}

} // namespace nnc
