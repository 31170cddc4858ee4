// nn.normalize along rows of f32, and what follows it in the group, such as scale and shift.
#include "passes/lower/NormalizeRows.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Rows.h"

using namespace mlir;

namespace nnc {

LogicalResult emitNormalizeRows(KernelBuilder &k, nn::NormalizeOp op) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  ArrayRef<int64_t> inRow = type.getShape().take_back(op.getAxes().size());
  // Rows of several dims consist of parts along the last one.
  int64_t parts = ShapedType::getNumElements(inRow.drop_back());
  Rows rows = inRow.size() > 1 ? Rows(k, ShapedType::getNumElements(inRow)) : Rows(k, op.getX());
  Value x = k.flat(k.memref(op.getX()));
  SmallVector<Value> extents = k.dimsOf(op.getX());
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(k.b, k.loc, a, b); };
  auto div = [&](Value a, Value b) -> Value { return arith::DivFOp::create(k.b, k.loc, a, b); };
  auto number = [&](double value) { return constantLike(k.b, k.loc, k.b.getF32Type(), value); };
  Value length =
      arith::SIToFPOp::create(k.b, k.loc, k.b.getF32Type(), k.fromIndex(rows.length, k.b.getI64Type()));
  bool centers = op.getKind() == nn::NormalizeKind::standard;
  LogicalResult status = success();

  rows.forEach([&](Rows::Block block) {
    SmallVector<Value> means;
    if (centers)
      means = rows.sum(block, [&](Rows::Piece at) { return rows.load(x, at); });
    SmallVector<Value> wideMeans;
    for (Value &mean : means) {
      mean = div(mean, length);
      wideMeans.push_back(rows.splat(mean));
    }
    auto centered = [&](Value value, Value mean) -> Value {
      return arith::SubFOp::create(k.b, k.loc, value, mean);
    };
    // The variance from the centered elements: the difference of the two moments would cancel where the mean
    // is large.
    SmallVector<Value> scales = rows.sum(block, [&](Rows::Piece at) {
      Value value = rows.load(x, at);
      if (centers)
        value = centered(value, wideMeans[at.row]);
      return mul(value, value);
    });
    for (Value &scale : scales) {
      Value variance =
          arith::AddFOp::create(k.b, k.loc, div(scale, length), number(op.getEpsilon().convertToDouble()));
      scale = div(number(1), math::SqrtOp::create(k.b, k.loc, variance));
    }
    // Where the rows of the block are.
    SmallVector<SmallVector<Value>> points;
    for (int64_t r = 0; r < block.rows; ++r) {
      Value row = k.add(block.row, r);
      SmallVector<Value> point(extents.size());
      for (int64_t i = int64_t(extents.size() - inRow.size()) - 1; i >= 0; --i) {
        point[i] = i ? k.rem(row, extents[i]) : row;
        row = k.div(row, extents[i]);
      }
      points.push_back(point);
    }
    // Where the part is in its row.
    SmallVector<Value> inner(inRow.size() - 1);
    Value first = k.index(0);
    auto store = [&](Type shape, Rows::Piece at) {
      bool isVector = isa<VectorType>(shape);
      SmallVector<Value> point = points[at.row];
      llvm::copy(inner, point.end() - inRow.size());
      point.back() = k.sub(at.column, first);
      Value value =
          isVector ? rows.load(x, at) : memref::LoadOp::create(k.b, k.loc, x, at.offset).getResult();
      if (centers)
        value = centered(value, isVector ? wideMeans[at.row] : means[at.row]);
      value = mul(value, isVector ? rows.splat(scales[at.row]) : scales[at.row]);
      if (failed(storeThroughEpilogue(k, op, value, point)))
        status = failure();
    };
    if (inRow.size() == 1)
      return rows.map(block, store);
    k.loop(k.index(parts), [&](Value part) {
      first = k.mul(part, inRow.back());
      for (int64_t i = int64_t(inner.size()) - 1; i >= 0; --i) {
        inner[i] = i ? k.rem(part, k.index(inRow[i])) : part;
        part = k.div(part, k.index(inRow[i]));
      }
      rows.map(block, first, k.add(first, inRow.back()), inRow.back(), store);
    });
  });
  return status;
}

} // namespace nnc
