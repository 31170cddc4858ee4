#include "passes/lower/Transpose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t side = TransposeShape::kSide;
/// Rows per item: two squares of four-byte elements read whole cache lines.
constexpr int64_t strip = 2 * side;

} // namespace

void TransposeShape::transposeSquare(KernelBuilder &k, SmallVector<Value> &vectors) {
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < side; ++i) {
    low.push_back(i / 2 + (i % 2) * side);
    high.push_back(low.back() + side / 2);
  }
  for (int64_t size = side; size > 1; size /= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < side / 2; ++i)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(k.b, k.loc, vectors[i], vectors[i + side / 2], mask));
    vectors = next;
  }
}

TransposeShape::TransposeShape(nn::TransposeOp op) : op(op) {
  auto x = rankedType(op.getX());
  ArrayRef<int64_t> perm = op.getPerm();
  contiguousFrom = perm.size();
  int64_t next = x.getRank() - 1;
  while (contiguousFrom > 0) {
    int64_t axis = perm[contiguousFrom - 1];
    while (next >= 0 && x.getDimSize(next) == 1)
      --next;
    if (x.getDimSize(axis) != 1 && axis != next)
      break;
    if (axis == next)
      --next;
    --contiguousFrom;
  }
  // Where only dims of extent 1 are in place, the last dim that counts moves.
  auto counts = [&](int64_t i) { return x.getDimSize(perm[i]) != 1; };
  bool moves = llvm::none_of(llvm::seq<int64_t>(contiguousFrom, perm.size()), counts);
  if (!moves || !x.getElementType().isIntOrFloat())
    return;
  int64_t lastOfX = -1;
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (x.getDimSize(i) != 1)
      lastOfX = i;
  if (lastOfX < 0)
    return;
  for (int64_t i = 0; i < static_cast<int64_t>(perm.size()); ++i) {
    if (perm[i] == lastOfX)
      rows = i;
    if (counts(i))
      columns = i;
  }
  for (int64_t i = 0; i < static_cast<int64_t>(perm.size()); ++i)
    if (i != rows && i != columns)
      others.push_back(i);
}

AffineMap TransposeShape::tiledItems(nn::GroupOp group) {
  SmallVector<AffineExpr> results;
  for (int64_t i : others)
    results.push_back(getAffineDimExpr(i, group.getContext()));
  results.push_back(getAffineDimExpr(rows, group.getContext()).ceilDiv(strip));
  return AffineMap::get(op.getPerm().size(), 0, results, group.getContext());
}

void TransposeShape::copyTiles(KernelBuilder &k, ArrayRef<Value> strides) {
  Value y = op.getY(), from = k.flat(k.memref(op.getX())), to = k.flat(k.memref(y));
  SmallVector<Value> dims = k.dimsOf(y), targetStrides = stridesOf(k, y);
  auto element = cast<MemRefType>(to.getType()).getElementType();
  Value width = k.index(side), columnCount = dims[columns];
  Value wholeColumns = k.mul(k.div(columnCount, width), width);
  auto type = rankedType(y);
  k.grain = std::max<int64_t>(1, kLeastMoved / (strip * estimatedSize(type, columns, columns + 1)));

  k.forEachItem([&](ValueRange point) {
    Value source = k.index(0), target = k.index(0);
    for (auto [i, dim] : llvm::enumerate(others)) {
      source = k.add(source, k.mul(point[i], strides[dim]));
      target = k.add(target, k.mul(point[i], targetStrides[dim]));
    }
    auto sourceAt = [&](Value row, Value column) { return k.add(k.add(source, row), k.mul(column, strides[columns])); };
    auto targetAt = [&](Value row, Value column) { return k.add(k.add(target, k.mul(row, targetStrides[rows])), column); };
    auto scalars = [&](Value row, Value rowEnd, Value column, Value columnEnd) {
      k.loop(row, rowEnd, k.index(1), [&](Value r) {
        k.loop(column, columnEnd, k.index(1), [&](Value c) {
          storeStored(k, loadStored(k, {from, sourceAt(r, c)}), {to, targetAt(r, c)});
        });
      });
    };
    Value first = k.mul(point[others.size()], strip), last = k.min(k.add(first, strip), dims[rows]);
    Value wholeRows = k.add(first, k.mul(k.div(k.sub(last, first), width), width));
    k.loop(k.index(0), wholeColumns, width, [&](Value column) {
      k.loop(first, wholeRows, width, [&](Value row) {
        auto square = VectorType::get({side}, element);
        SmallVector<Value> vectors;
        for (int64_t i = 0; i < side; ++i)
          vectors.push_back(vector::LoadOp::create(k.b, k.loc, square, from, sourceAt(row, k.add(column, i))));
        transposeSquare(k, vectors);
        for (int64_t i = 0; i < side; ++i)
          vector::StoreOp::create(k.b, k.loc, vectors[i], to, targetAt(k.add(row, i), column));
      });
    });
    scalars(wholeRows, last, k.index(0), wholeColumns);
    scalars(first, last, wholeColumns, columnCount);
  });
}

} // namespace nnc
