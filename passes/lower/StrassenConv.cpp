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

static BlockedGeometry geometryOf(nn::GroupOp group, nn::BlockedConvOp op) {
  return BlockedGeometry(group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                         /*mayFlatten=*/true);
}

bool takesStrassen(nn::GroupOp group, nn::BlockedConvOp op, KernelTarget target) {
  // (Measured: the largest layers of ResNet-50 gain nothing with AVX2.)
  if (!op.getStrassen() || target.vectorBits == 256)
    return false;
  BlockedGeometry geometry = geometryOf(group, op);
  return (geometry.isFlat || geometry.n == 1) && paysStrassen(strassenSizeOf(op), target.vectorBits);
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
  BlockedGeometry geometry = geometryOf(k.group, op);
  llvm::DenseMap<Value, Value> flattened = geometry.flatten(k);
  StrassenProduct product{strassenSizeOf(op), k.flat(k.memref(op.getX()))};
  const StrassenSize &size = product.size;
  product.rowStride = kBlock;
  product.stepsStride = size.rows * kBlock;
  if (typeOf(op.getX()).getDimSize(0) != 1)
    product.matrixStride = size.rows * size.depth;
  product.panels = k.merged(k.memref(op.getPanels()), 2);
  Value bias = op.getBias() ? k.flat(k.memref(op.getBias())) : Value();
  product.store = [&](Value sums, Value image, Value pixel, Value filter) {
    if (bias) {
      Value start = vector::LoadOp::create(k.b, k.loc, cast<VectorType>(sums.getType()), bias, ValueRange{filter});
      sums = arith::AddFOp::create(k.b, k.loc, sums, start);
    }
    Value block = k.div(filter, k.index(kBlock)), lane = k.rem(filter, k.index(kBlock));
    return storeThroughEpilogue(k, op, sums, geometry.indices(k, image, block, k.index(0), pixel, lane), flattened);
  };
  return emitStrassen(k, product);
}

} // namespace nnc
