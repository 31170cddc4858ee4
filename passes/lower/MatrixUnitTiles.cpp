#include "passes/lower/MatrixUnitTiles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace nnc {

MatrixUnitTiles::MatrixUnitTiles(KernelBuilder &k, const MatrixUnit &unit, int64_t rowTiles, int64_t panels)
    : k(k), unit(unit), rowTiles(rowTiles), panelCount(panels),
      sums(k.workspace(MemRefType::get({2 * MatrixUnit::kSums}, k.b.getI32Type()))) {}

Value MatrixUnitTiles::load(Value row, int64_t panel, int64_t count, Value start) const {
  constexpr int64_t width = MatrixUnit::kRows;
  auto type = VectorType::get({count * width}, k.b.getI32Type());
  Value at = k.add(k.add(start, MatrixUnit::sumsOffset(0, panel)), k.mul(row, width));
  return vector::LoadOp::create(k.b, k.loc, type, sums, at);
}

void MatrixUnitTiles::forEach(
    Value count, llvm::function_ref<Place(Value)> placeOf,
    llvm::function_ref<MatrixUnit::Operands(const Place &)> operandsOf,
    llvm::function_ref<void(const Place &, Value, Value, Value)> finish) const {
  auto startOf = [&](Value tile) { return k.mul(k.rem(tile, k.index(2)), MatrixUnit::kSums); };
  int64_t share = llvm::divideCeil(rows(), unit.slots(rowTiles, panelCount));
  Value none = k.index(0);
  SmallVector<Value> last = k.loop(none, count, k.index(1), {none, none, none}, [&](Value tile, ValueRange before) {
    Place place = placeOf(tile), previous{before[0], before[1], before[2]};
    Value previousStart = startOf(k.add(tile, 1));
    unit.multiply(rowTiles, panelCount, operandsOf(place), sums, startOf(tile), [&](Value slot) {
      Value from = k.min(k.mul(slot, share), previous.rows);
      finish(previous, from, k.min(k.add(from, share), previous.rows), previousStart);
    });
    return SmallVector<Value>{place.panel, place.row, place.rows};
  });
  finish({last[0], last[1], last[2]}, none, last[2], startOf(k.add(count, 1)));
}

} // namespace nnc
