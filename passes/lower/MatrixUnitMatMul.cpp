// nn.packed_byte_matmul by the matrix unit: the rows of a tile are copied to where they lie as the unit wants them,
// which takes a fraction of what their products with the item's panels do, and pairs of panels run past them.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/MatrixUnitKernels.h"
#include "passes/lower/MatrixUnitTiles.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedByteMatMulOp::kPanelColumns;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

class MatrixUnitMatMul {
public:
  MatrixUnitMatMul(KernelBuilder &k, nn::PackedByteMatMulOp op, const PanelRows &rows, int64_t steps,
                   const ByteMatMulPlan &plan)
      : k(k), op(op), rows(rows), plan(plan), steps(steps),
        unit(k, steps, typeOf(op.getPanels()).getElementType().isUnsignedInteger()),
        tiles(k, unit, rows.known && *rows.known <= MatrixUnit::kRows ? 1 : 2, std::min<int64_t>(rows.panels(), 2)),
        a(k.flat(k.memref(op.getA()))) {
    int64_t bytes = tiles.rows() * MatrixUnit::leftStride(steps);
    left = k.workspace(MemRefType::get({bytes}, k.b.getI8Type()));
    operands = {left, k.index(0), k.flat(k.memref(op.getPanels())), op.getStart() ? k.memref(op.getStart()) : Value()};
  }

  LogicalResult emit() {
    k.note("by the matrix unit, an item is " + Twine(plan.rowBlock) + " x " + Twine(plan.panelBlock * kWidth));
    int64_t work = plan.rowBlock * plan.panelBlock * kWidth * steps;
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    Value total = rows.total(k);
    unit.configure();
    k.forEachItem([&](ValueRange point) {
      Value panel = k.mul(point[0], plan.panelBlock);
      Value panelEnd = k.min(k.add(panel, plan.panelBlock), k.index(rows.panels()));
      rows.overBlocks(k, point.back(), plan.rowBlock, total, [&](Value first, Value last) {
        k.loop(first, last, k.index(tiles.rows()), [&](Value row) {
          Value height = k.min(k.sub(last, row), k.index(tiles.rows()));
          copyRows(row, height);
          overPanels(panel, panelEnd, row, height);
        });
      });
    });
    unit.release();
    return status;
  }

private:
  /// Rows [from, +count) of a as the unit takes them.
  void copyRows(Value from, Value count) {
    constexpr int64_t bytes = MatrixUnit::kRowBytes;
    auto type = VectorType::get({bytes}, k.b.getI8Type());
    // Where only the run knows how many bytes the last step has, it has one at least.
    RankedTensorType aType = typeOf(op.getA());
    int64_t rank = aType.getRank(), least = steps * nn::kByteStep - (nn::kByteStep - 1);
    if (!aType.isDynamicDim(rank - 1))
      least = aType.getDimSize(rank - 1);
    Value depth = k.dimOf(op.getA(), rank - 1);
    int64_t whole = least / bytes * bytes;
    bool hasRest = aType.isDynamicDim(rank - 1) || least > whole;
    k.loop(count, [&](Value i) {
      Value source = k.mul(k.add(from, i), depth), to = k.mul(i, MatrixUnit::leftStride(steps));
      auto copied = [&](Value loaded) {
        if (op.getFlip())
          loaded = arith::XOrIOp::create(k.b, k.loc, loaded, integerLike(k.b, k.loc, type, int8_t(0x80)));
        return loaded;
      };
      k.loop(k.index(0), k.index(whole), k.index(bytes), [&](Value at) {
        Value loaded = vector::LoadOp::create(k.b, k.loc, type, a, k.add(source, at));
        vector::StoreOp::create(k.b, k.loc, copied(loaded), left, k.add(to, at));
      });
      if (hasRest) {
        // What is not of the row meets zeros of the panels.
        Value mask = firstLanes(k, k.sub(depth, k.index(whole)), bytes), none = integerLike(k.b, k.loc, type, 0);
        Value loaded = vector::MaskedLoadOp::create(k.b, k.loc, type, a, k.add(source, whole), mask, none);
        vector::StoreOp::create(k.b, k.loc, copied(loaded), left, k.add(to, whole));
      }
      unit.completeRow(left, to);
    });
  }

  /// The panels [panel, panelEnd) of a tile's rows.
  void overPanels(Value panel, Value panelEnd, Value row, Value height) {
    Value width = k.index(tiles.panels()), count = k.div(k.add(k.sub(panelEnd, panel), tiles.panels() - 1), width);
    auto placeOf = [&](Value tile) -> MatrixUnitTiles::Place {
      return {k.add(panel, k.mul(tile, width)), row, height};
    };
    auto operandsOf = [&](const MatrixUnitTiles::Place &place) {
      unit.setPanels(operands, place.panel, k.index(rows.panels() - 1));
      return operands;
    };
    tiles.forEach(count, placeOf, operandsOf,
                  [&](const MatrixUnitTiles::Place &place, Value from, Value to, Value start) {
                    for (int64_t j = 0; j < tiles.panels(); ++j)
                      finish(place, j, from, to, start);
                  });
  }

  /// Rows [from, to) of panel j of a tile, as far as the result has columns.
  void finish(const MatrixUnitTiles::Place &place, int64_t j, Value from, Value to, Value start) {
    Value column = k.mul(k.add(place.panel, j), kWidth), columns = k.index(rows.columns);
    auto whole = [&] {
      k.loop(from, to, k.index(1), [&](Value i) { store(tiles.load(i, j, 1, start), k.add(place.row, i), column); });
    };
    if (!rows.hasPadding() && rows.panels() % tiles.panels() == 0)
      return whole();
    k.ifThen(k.compare(arith::CmpIPredicate::sle, k.add(column, kWidth), columns), whole);
    if (!rows.hasPadding())
      return;
    Value rest = k.index(rows.columns % kWidth), restColumn = k.index(rows.columns / kWidth * kWidth);
    k.ifThen(k.compare(arith::CmpIPredicate::eq, column, restColumn), [&] {
      k.loop(from, to, k.index(1), [&](Value i) {
        k.loop(rest, [&](Value at) {
          Value sum = vector::ExtractOp::create(k.b, k.loc, tiles.load(i, j, 1, start), at);
          store(sum, k.add(place.row, i), k.add(column, at));
        });
      });
    });
  }

  void store(Value value, Value row, Value column) {
    if (failed(storeThroughEpilogue(k, op, value, rows.indices(k, {}, row, column))))
      status = failure();
  }

  KernelBuilder &k;
  nn::PackedByteMatMulOp op;
  PanelRows rows;
  ByteMatMulPlan plan;
  int64_t steps;
  MatrixUnit unit;
  MatrixUnitTiles tiles;
  Value a, left;
  MatrixUnit::Operands operands;
  LogicalResult status = success();
};

} // namespace

LogicalResult emitByMatrixUnit(KernelBuilder &k, nn::PackedByteMatMulOp op, const PanelRows &rows, int64_t steps,
                               const ByteMatMulPlan &plan) {
  return MatrixUnitMatMul(k, op, rows, steps, plan).emit();
}

} // namespace nnc
