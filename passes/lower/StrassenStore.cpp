#include "passes/lower/StrassenStore.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"

using namespace mlir;

namespace nnc::strassen {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;

bool SumStore::isAtOnce() const { return !plan.isCut(p.size) && !plan.isFilledUp(p.size) && hasShortEpilogue(k.group); }

void SumStore::store(const Place &place, const Tile &tile, int64_t quadrant, ValueRange values) {
  Value row = k.add(place.rows[quadrant / 2], tile.row);
  Value column = k.mul(k.add(k.add(place.panel, tile.panel), quadrant % 2 * plan.halfPanels), kWidth);
  // The lower half leaves out rows that the upper one has, too.
  std::optional<Value> begin;
  bool isShared = p.size.rows % plan.rowBlock != 0 || plan.rowBlock % 2 != 0;
  if (quadrant >= 2 && isShared)
    begin = k.sub(k.add(place.rows[0], plan.halfRows), row);
  if (plan.hasOverlap())
    begin = begin ? k.max(*begin, tile.overlap) : tile.overlap;
  for (int64_t i = 0; i < tile.height; ++i) {
    auto storeRow = [&] {
      for (int64_t j = 0; j < plan.vectors(); ++j)
        storeVector(values[i * plan.vectors() + j], place, k.add(row, i), k.add(column, j * plan.lanes));
    };
    if (begin)
      k.ifThen(k.compare(arith::CmpIPredicate::sle, *begin, k.index(i)), storeRow);
    else
      storeRow();
  }
}

void SumStore::storeAll(const Place &place, const Tile &tile) {
  VectorType vector = VectorType::get({plan.lanes}, cast<MemRefType>(c.memref.getType()).getElementType());
  k.loop(k.index(4), [&](Value number) {
    Value isUpper = k.compare(arith::CmpIPredicate::slt, number, k.index(2));
    Value row = k.add(k.select(isUpper, place.rows[0], place.rows[1]), tile.row);
    Value right = k.rem(number, k.index(2));
    Value column = k.mul(k.add(k.add(place.panel, tile.panel), k.mul(right, plan.halfPanels)), kWidth);
    Value shared = k.sub(k.add(place.rows[0], plan.halfRows), row);
    Value begin = k.select(isUpper, k.index(0), k.min(k.max(shared, k.index(0)), k.index(tile.height)));
    if (plan.hasOverlap())
      begin = k.max(begin, tile.overlap);
    k.loop(begin, k.index(tile.height), k.index(1), [&](Value i) {
      for (int64_t j = 0; j < plan.vectors(); ++j) {
        Value lane = k.index(j * plan.lanes), first = k.add(column, lane);
        Value at[] = {number, k.add(tile.sumRow, i), k.add(tile.sumColumn, lane)};
        auto whole = [&] {
          storeVector(vector::LoadOp::create(k.b, k.loc, vector, c.memref, at), place, k.add(row, i), first);
        };
        if (!plan.isFilledUp(p.size)) {
          whole();
          continue;
        }
        Value end = k.index(p.size.columns);
        Value isWhole = k.compare(arith::CmpIPredicate::sle, k.add(first, plan.lanes), end);
        k.ifThen(isWhole, whole);
        k.loop(k.select(isWhole, end, first), end, k.index(1), [&](Value one) {
          Value from[] = {at[0], at[1], k.add(at[2], k.sub(one, first))};
          storeVector(memref::LoadOp::create(k.b, k.loc, c.memref, from), place, k.add(row, i), one);
        });
      }
    });
  });
}

void SumStore::storeVector(Value sums, const Place &place, Value row, Value column) {
  if (failed(p.store(sums, place.matrix, row, column)))
    status = failure();
}

} // namespace nnc::strassen
