// Lowerings of nn.quantize and nn.dequantize: one pass over x in which the scale is, along a row of contiguous
// elements, either one element or as dense as x.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/QuantizedElements.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

/// How many leading dims of x make the items, given that elements of one row follow one rule for the scale.
template <typename OpTy>
int64_t leadingDims(OpTy op) {
  int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
  auto scale = cast<RankedTensorType>(op.getScale().getType());
  if (scale.hasStaticShape() && scale.getNumElements() == 1)
    return rank;
  auto axis = static_cast<int64_t>(op.getAxis());
  return axis == rank - 1 ? rank - 1 : axis + 1;
}

template <typename OpTy>
AffineMap quantizeItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, leadingDims(cast<OpTy>(root)));
}

/// The elements [from, to) from `base` on; scale and zero point at `scaleBase`, or from there on when `dense`.
template <typename OpTy>
void emitRow(KernelBuilder &k, OpTy op, Value from, Value to, Value base, Value scaleBase, bool dense) {
  OpBuilder &b = k.b;
  Location loc = k.loc;
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.output(0)), scale = k.flat(k.memref(op.getScale()));
  Value zero = op.getZeroPoint() ? k.flat(k.memref(op.getZeroPoint())) : Value();
  auto load = [&](Type shape, Value memref, Value tensor, Value offset, bool splat) -> Value {
    Type element = getElementTypeOrSelf(tensor.getType()), stored = withShapeOf(shape, storageType(element));
    auto vectorType = dyn_cast<VectorType>(stored);
    if (vectorType && !splat)
      return toCompute(b, loc, vector::LoadOp::create(b, loc, vectorType, memref, offset), element);
    Value scalar = toCompute(b, loc, memref::LoadOp::create(b, loc, memref, offset), element);
    return vectorType ? vector::BroadcastOp::create(b, loc, withShapeOf(shape, scalar.getType()), scalar).getResult()
                      : scalar;
  };
  auto at = [&](Type shape, Value i) {
    Value offset = k.add(base, i), scaleOffset = dense ? k.add(scaleBase, i) : scaleBase;
    Value value = load(shape, x, op.getX(), offset, false);
    Value factor = load(shape, scale, op.getScale(), scaleOffset, !dense);
    Value shift = zero ? load(shape, zero, op.getZeroPoint(), scaleOffset, !dense) : Value();
    Value result = toStorage(b, loc, scaledElement(b, loc, op, value, factor, shift),
                             getElementTypeOrSelf(op.getY().getType()));
    if (isa<VectorType>(shape))
      vector::StoreOp::create(b, loc, result, y, offset);
    else
      memref::StoreOp::create(b, loc, result, y, offset);
  };
  Value width = k.index(k.lanes()), vectorEnd = k.add(from, k.mul(k.div(k.sub(to, from), width), width));
  k.loop(from, vectorEnd, width, [&](Value i) { at(VectorType::get({k.lanes()}, b.getF32Type()), i); });
  k.loop(vectorEnd, to, k.index(1), [&](Value i) { at(b.getF32Type(), i); });
}

template <typename OpTy>
LogicalResult emitQuantize(KernelBuilder &k, Operation *root) {
  auto op = cast<OpTy>(root);
  if (failed(checkQuantizedTypes(op)))
    return failure();
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t rank = type.getRank(), leading = leadingDims(op), axis = op.getAxis(), block = op.getBlockSize();
  if (leading == rank && cast<RankedTensorType>(op.getScale().getType()).hasStaticShape() &&
      cast<RankedTensorType>(op.getScale().getType()).getNumElements() == 1) {
    // One scale for all: the items are the elements, and a thread's are contiguous.
    k.grain = 8192;
    emitRow(k, op, k.begin, k.end, k.index(0), k.index(0), /*dense=*/false);
    return success();
  }
  SmallVector<Value> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(k.dim(k.output(0), i));
  Value inner = k.index(1);
  int64_t innerSize = 1;
  for (int64_t i = leading; i < rank; ++i) {
    inner = k.mul(inner, dims[i]);
    innerSize = std::min<int64_t>(innerSize * (type.isDynamicDim(i) ? 64 : type.getDimSize(i)), 8192);
  }
  k.grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(innerSize, 1));
  k.forEachItem([&](ValueRange point) {
    Value item = k.index(0), outer = k.index(0); // the point's flat index, and that of its part before the axis
    for (int64_t d = 0; d < leading; ++d) {
      item = k.add(k.mul(item, dims[d]), point[d]);
      if (d < axis)
        outer = k.add(k.mul(outer, dims[d]), point[d]);
    }
    Value base = k.mul(item, inner);
    bool rowIsAxis = leading == axis;
    if (block == 0) {
      emitRow(k, op, k.index(0), inner, base, rowIsAxis ? k.index(0) : point[axis], /*dense=*/rowIsAxis);
      return;
    }
    Value blocks = k.dimOf(op.getScale(), axis);
    if (!rowIsAxis) {
      Value line = k.add(k.mul(outer, blocks), k.div(point[axis], k.index(block)));
      emitRow(k, op, k.index(0), inner, base, k.mul(line, inner), /*dense=*/true);
      return;
    }
    k.loop(blocks, [&](Value i) {
      Value from = k.min(k.mul(i, block), inner), to = k.min(k.add(from, block), inner);
      emitRow(k, op, from, to, base, k.add(k.mul(outer, blocks), i), /*dense=*/false);
    });
  });
  return success();
}

} // namespace

void registerQuantizeLowerings(LoweringRegistry &registry) {
  registry.add<nn::QuantizeOp>({quantizeItems<nn::QuantizeOp>, emitQuantize<nn::QuantizeOp>});
  registry.add<nn::DequantizeOp>({quantizeItems<nn::DequantizeOp>, emitQuantize<nn::DequantizeOp>});
}

} // namespace nnc
