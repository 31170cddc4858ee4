// The reference lowering of nn.matmul: right for every element type, rank, broadcast and dynamic extent; vectorized
// over N where B's rows are contiguous.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap matmulItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::MatMulOp>(root);
  int64_t rank = cast<RankedTensorType>(op.getY().getType()).getRank();
  bool hasColumns = cast<RankedTensorType>(op.getB().getType()).getRank() > 1;
  return itemPerLeadingDims(group, hasColumns ? rank - 1 : rank);
}

LogicalResult emitMatmul(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::MatMulOp>(root);
  auto aType = cast<RankedTensorType>(op.getA().getType()), bType = cast<RankedTensorType>(op.getB().getType());
  auto yType = cast<RankedTensorType>(op.getY().getType());
  Type inElement = aType.getElementType(), outElement = yType.getElementType();
  if (!isa<FloatType, IntegerType>(inElement))
    return op.emitOpError("unsupported element type ") << inElement;
  bool rowVector = aType.getRank() == 1, columnVector = bType.getRank() == 1;
  bool isFloat = isa<FloatType>(outElement);
  Type accType = computeType(outElement);
  Value a = k.memref(op.getA()), b = k.memref(op.getB());
  Value depth = k.dim(a, rowVector || op.getTransposeA() ? aType.getRank() - (rowVector ? 1 : 2) : aType.getRank() - 1);
  int64_t batchRank = yType.getRank() - (rowVector ? 0 : 1) - (columnVector ? 0 : 1);

  auto batchIndices = [&](Value memref, RankedTensorType type, bool isVector, ValueRange point) {
    SmallVector<Value> at;
    int64_t rank = type.getRank() - 2;
    for (int64_t i = 0; !isVector && i < rank; ++i) {
      Value extent = k.dim(memref, i), iv = point[batchRank - rank + i];
      if (type.getDimSize(i) == 1)
        iv = k.index(0);
      else if (type.isDynamicDim(i))
        iv = k.select(k.compare(arith::CmpIPredicate::eq, extent, k.index(1)), k.index(0), iv);
      at.push_back(iv);
    }
    return at;
  };
  auto widen = [&](Value stored, Type element) {
    return convertElement(k.b, k.loc, toCompute(k.b, k.loc, stored, element), element, outElement);
  };
  auto multiplyAdd = [&](Value x, Value y, Value acc) -> Value {
    if (!isFloat)
      return arith::AddIOp::create(k.b, k.loc, acc, arith::MulIOp::create(k.b, k.loc, x, y));
    if (isa<VectorType>(acc.getType()))
      return vector::FMAOp::create(k.b, k.loc, x, y, acc);
    return math::FmaOp::create(k.b, k.loc, x, y, acc);
  };
  k.grain = 4;

  LogicalResult status = success();
  k.forEachItem([&](ValueRange point) {
    SmallVector<Value> aBatch = batchIndices(a, aType, rowVector, point), bBatch = batchIndices(b, bType, columnVector, point);
    Value m = rowVector ? Value() : point[batchRank];
    auto loadA = [&](Value kk) {
      SmallVector<Value> at = aBatch;
      if (rowVector)
        at = {kk};
      else if (op.getTransposeA())
        at.append({kk, m});
      else
        at.append({m, kk});
      return widen(memref::LoadOp::create(k.b, k.loc, a, at), inElement);
    };
    // `width` results from column n on.
    auto columns = [&](Value n, Type shape) {
      Type type = withShapeOf(shape, accType);
      Value zero = isFloat ? constantLike(k.b, k.loc, type, 0.0) : integerLike(k.b, k.loc, type, 0);
      Value sum = k.loop(k.index(0), depth, k.index(1), zero, [&](Value kk, ValueRange carried) -> SmallVector<Value> {
        Value x = loadA(kk), y;
        SmallVector<Value> at = bBatch;
        if (columnVector)
          at = {kk};
        else if (op.getTransposeB())
          at.append({n, kk});
        else
          at.append({kk, n});
        if (isa<VectorType>(shape)) {
          auto stored = cast<VectorType>(withShapeOf(shape, storageType(bType.getElementType())));
          y = widen(vector::LoadOp::create(k.b, k.loc, stored, b, at), bType.getElementType());
          x = vector::BroadcastOp::create(k.b, k.loc, type, x);
        } else {
          y = widen(memref::LoadOp::create(k.b, k.loc, b, at), bType.getElementType());
        }
        return {multiplyAdd(x, y, carried[0])};
      })[0];
      SmallVector<Value> indices(point);
      if (!columnVector)
        indices.push_back(n);
      if (failed(storeThroughEpilogue(k, root, sum, indices)))
        status = failure();
    };
    if (columnVector)
      return columns(Value(), k.b.getF32Type());
    Value count = k.dim(k.output(0), yType.getRank() - 1), width = k.index(2 * k.lanes());
    Value vectorEnd = op.getTransposeB() ? k.index(0) : k.mul(k.div(count, width), width);
    if (!op.getTransposeB())
      k.loop(k.index(0), vectorEnd, width, [&](Value n) { columns(n, VectorType::get({2 * k.lanes()}, k.b.getF32Type())); });
    k.loop(vectorEnd, count, k.index(1), [&](Value n) { columns(n, k.b.getF32Type()); });
  });
  return status;
}

} // namespace

void registerMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::MatMulOp>({matmulItems, emitMatmul, /*hasEpilogue=*/true});
}

} // namespace nnc
