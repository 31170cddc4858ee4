#include "passes/lower/ItemSums.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

ItemSums::ItemSums(KernelBuilder &k, int64_t panels, int64_t rows, int64_t columns, VectorType vector)
    : k(k), rows(rows), columns(columns), vector(vector),
      sums(k.workspace(MemRefType::get({panels * rows * columns * kBlock}, vector.getElementType()))) {}

Value ItemSums::at(Value panel, Value row, Value column) const {
  return k.add(k.mul(k.add(k.mul(panel, rows), row), perRow()), k.mul(column, kBlock));
}

/// Where the i-th vector of a tile lies.
Value ItemSums::placeOf(const Tile &tile, int64_t i) const {
  int64_t lanes = vector.getNumElements(), vectors = kBlock / lanes, output = i / vectors;
  int64_t inTile = output / tile.columns * perRow() + output % tile.columns * kBlock + i % vectors * lanes;
  return k.add(at(tile.panel, tile.row, tile.column), inTile);
}

SmallVector<Value> ItemSums::load(const Tile &tile) const {
  SmallVector<Value> values;
  int64_t vectors = kBlock / vector.getNumElements();
  for (int64_t i = 0; i < tile.height * tile.columns * vectors; ++i)
    values.push_back(vector::LoadOp::create(k.b, k.loc, vector, sums, ValueRange{placeOf(tile, i)}));
  return values;
}

void ItemSums::store(const Tile &tile, ValueRange values) const {
  for (auto [i, value] : llvm::enumerate(values))
    vector::StoreOp::create(k.b, k.loc, value, sums, ValueRange{placeOf(tile, i)});
}

void ItemSums::fill(Value panel, Value height, Value columns, ValueRange values) const {
  k.loops({height, columns}, [&](ValueRange at) { store({panel, at[0], at[1], 1, 1}, values); });
}

} // namespace nnc
