#include "passes/lower/StrassenSums.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Contraction.h"

using namespace mlir;

namespace nnc::strassen {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

ProductSums::ProductSums(KernelBuilder &k, const StrassenPlan &plan, VectorType vector, bool isCut)
    : k(k), plan(plan), vector(vector) {
  int64_t rows = plan.tiles() * plan.rows;
  Type f32 = vector.getElementType();
  Value sums = k.workspace(MemRefType::get({4, rows, (isCut ? plan.halfPanels : plan.panels) * kWidth}, f32));
  Value parts = k.workspace(MemRefType::get({2, rows, plan.panels * kWidth}, f32));
  for (int64_t number = 0; number < 4; ++number)
    c.push_back({sums, number});
  u2 = {parts, 0};
  u3 = {parts, 1};
}

void ProductSums::clear(Value column) {
  Value zeros = zeroOf(k, vector);
  k.loops({k.index(4), k.index(plan.tiles() * plan.rows)}, [&](ValueRange at) {
    for (int64_t j = 0; j < plan.panels * kWidth / plan.lanes; ++j)
      vector::StoreOp::create(k.b, k.loc, zeros, c[0].memref,
                              ValueRange{at[0], at[1], k.add(column, j * plan.lanes)});
  });
}

Value ProductSums::columnOf(const Tile &tile, Sums of) {
  return of.memref == c[0].memref ? tile.sumColumn : tile.partColumn;
}

SmallVector<Value> ProductSums::placeOf(const Tile &tile, Sums of, int64_t i) {
  Value row = k.add(tile.sumRow, i / plan.vectors());
  return {k.index(of.number), row, k.add(columnOf(tile, of), i % plan.vectors() * plan.lanes)};
}

SmallVector<Value> ProductSums::load(const Tile &tile, ArrayRef<Sums> of) {
  SmallVector<Value> total;
  for (Sums sums : of) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < tile.height * plan.vectors(); ++i)
      values.push_back(vector::LoadOp::create(k.b, k.loc, vector, sums.memref, placeOf(tile, sums, i)));
    total = total.empty() ? values : added(total, values);
  }
  return of.empty() ? SmallVector<Value>(tile.height * plan.vectors(), zeroOf(k, vector)) : total;
}

void ProductSums::store(const Tile &tile, ValueRange values, Sums of) {
  for (auto [i, value] : llvm::enumerate(values))
    vector::StoreOp::create(k.b, k.loc, value, of.memref, placeOf(tile, of, i));
}

SmallVector<Value> ProductSums::added(ValueRange x, ValueRange y) {
  SmallVector<Value> result;
  for (auto [one, other] : llvm::zip_equal(x, y))
    result.push_back(arith::AddFOp::create(k.b, k.loc, one, other));
  return result;
}

void ProductSums::fetchNext(const Tile &tile, ArrayRef<Sums> of, Value at, int64_t parts) {
  int64_t share = llvm::divideCeil(plan.rows, parts);
  Value first = k.add(k.add(tile.sumRow, plan.rows), k.mul(at, share));
  for (int64_t i = 0; i < share; ++i)
    for (Sums sums : of)
      for (int64_t j = 0; j < plan.tilePanels; ++j) {
        Value row = k.min(k.add(first, i), k.index(plan.tiles() * plan.rows - 1));
        Value place[] = {k.index(sums.number), row, k.add(columnOf(tile, sums), j * kWidth)};
        memref::PrefetchOp::create(k.b, k.loc, sums.memref, place, /*isWrite=*/false, /*localityHint=*/3,
                                   /*isDataCache=*/true);
      }
}

} // namespace nnc::strassen
