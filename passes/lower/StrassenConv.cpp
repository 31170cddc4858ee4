// nn.blocked_conv of one pixel by Strassen's algorithm: rows are the pixels of an image, and 16 steps a block of
// channels.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Strassen.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

bool takesStrassen(nn::BlockedConvOp op, KernelTarget target) {
  // Its weights are in the cache, or nearly, and register tiles of a few pixels read them more often than S is formed.
  // (Measured on Zen 2: 1024 channels, 196 pixels and 256 filters make ResNet-50 1.5% faster.)
  return op.getStrassen() && paysStrassen(strassenSizeOf(op), target, /*leastColumns=*/256);
}

AffineMap strassenItems(nn::BlockedConvOp op, KernelTarget target) {
  StrassenSize size = strassenSizeOf(op);
  StrassenPlan plan = planStrassen(target, size);
  MLIRContext *context = op.getContext();
  int64_t panelItems = size.columns / kBlock / (2 * plan.halfPanels),
          rowItems = llvm::divideCeil(size.rows, plan.rowBlock);
  return AffineMap::get(typeOf(op.getY()).getRank(), 0,
                        {getAffineDimExpr(0, context), getAffineConstantExpr(panelItems, context),
                         getAffineConstantExpr(rowItems, context)},
                        context);
}

LogicalResult emitStrassen(KernelBuilder &k, nn::BlockedConvOp op) {
  BlockedGeometry geometry(k.group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                           /*mayFlatten=*/true);
  llvm::DenseMap<Value, Value> flattened = geometry.flatten(k);
  const SpatialWindow &rows = geometry.rows, &columns = geometry.columns;
  // The row and the column of a pixel of the result.
  auto placeOf = [&](Value pixel) {
    Value width = k.index(columns.out);
    return rows.out == 1 ? std::pair(k.index(0), pixel) : std::pair(k.div(pixel, width), k.rem(pixel, width));
  };
  StrassenProduct product{strassenSizeOf(op), k.flat(k.memref(op.getX()))};
  product.isUneven = rows.out > 1 && rows.stride * columns.in != columns.out * columns.stride;
  product.rowStart = [&](Value pixel) {
    if (!product.isUneven)
      return k.mul(pixel, columns.stride * kBlock);
    auto [row, column] = placeOf(pixel);
    return k.mul(k.add(k.mul(row, rows.stride * columns.in), k.mul(column, columns.stride)), kBlock);
  };
  int64_t inputs = rows.in * columns.in;
  product.stepsStride = inputs * kBlock;
  if (typeOf(op.getX()).getDimSize(0) != 1)
    product.matrixStride = inputs * product.size.depth;
  product.panels = k.merged(k.memref(op.getPanels()), 2);
  Value bias = op.getBias() ? k.flat(k.memref(op.getBias())) : Value();
  product.store = [&](Value sums, Value image, Value pixel, Value filter) {
    if (bias) {
      Value start = vector::LoadOp::create(k.b, k.loc, cast<VectorType>(sums.getType()), bias, ValueRange{filter});
      sums = arith::AddFOp::create(k.b, k.loc, sums, start);
    }
    Value block = k.div(filter, k.index(kBlock)), lane = k.rem(filter, k.index(kBlock));
    auto [row, column] = placeOf(pixel);
    return storeThroughEpilogue(k, op, sums, geometry.indices(k, image, block, row, column, lane), flattened);
  };
  return emitStrassen(k, product);
}

} // namespace nnc
