// nn.packed_matmul by Strassen's algorithm: a row's steps lie one after another.
#include "passes/lower/Epilogue.h"
#include "passes/lower/PanelRows.h"
#include "passes/lower/Strassen.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

static PanelRows rowsOf(nn::PackedMatMulOp op) { return PanelRows(typeOf(op.getY()), 0, op.getColumns()); }

bool takesStrassen(nn::PackedMatMulOp op, KernelTarget target) {
  return op.getStrassen() && !target.twoMultipliers && paysStrassen(strassenSizeOf(op), target, /*leastColumns=*/1024);
}

AffineMap strassenItems(nn::PackedMatMulOp op, KernelTarget target) {
  StrassenPlan plan = planStrassen(target, strassenSizeOf(op));
  return rowsOf(op).items(typeOf(op.getY()), 2 * plan.halfPanels, plan.rowBlock);
}

LogicalResult emitStrassen(KernelBuilder &k, nn::PackedMatMulOp op) {
  PanelRows rows = rowsOf(op);
  StrassenProduct product{strassenSizeOf(op), k.flat(k.memref(op.getA()))};
  product.rowStart = [&](Value row) { return k.mul(row, product.size.depth); };
  product.stepsStride = 16;
  product.panels = k.memref(op.getPanels());
  product.store = [&](Value sums, Value, Value row, Value column) {
    return storeThroughEpilogue(k, op, sums, rows.indices(k, {}, row, column));
  };
  return emitStrassen(k, product);
}

} // namespace nnc
