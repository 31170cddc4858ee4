// Ops whose result is a strided view of an operand made dense: nn.transpose, nn.slice, nn.broadcast_to; and those
// that put contiguous pieces together or take them apart: nn.concat, nn.split.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/graph/Group.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"
#include "passes/lower/Transpose.h"

using namespace mlir;

namespace nnc {

namespace {

//===----------------------------------------------------------------------===//
// Strided views
//===----------------------------------------------------------------------===//

/// The first of the trailing dims along which x and y are the same, known from the types alone: kernels are shared by
/// groups with equal types, so what their constant operands hold must not matter.
int64_t sameFrom(RankedTensorType x, RankedTensorType y, llvm::function_ref<bool(int64_t yDim)> isSame) {
  int64_t from = y.getRank(), ahead = y.getRank() - x.getRank();
  while (from > ahead && isSame(from - 1))
    --from;
  return from;
}

bool isSliced(nn::SliceOp op, int64_t dim) {
  auto x = rankedType(op.getX()), y = rankedType(op.getY());
  auto axis = llvm::find(op.getAxes(), dim);
  if (axis == op.getAxes().end())
    return false;
  // As many elements as there were in steps of one are all of them, in order.
  return op.getSteps()[axis - op.getAxes().begin()] != 1 || x.isDynamicDim(dim) || x.getDimSize(dim) != y.getDimSize(dim);
}

int64_t sliceContiguousFrom(nn::SliceOp op) {
  int64_t from = sameFrom(rankedType(op.getX()), rankedType(op.getY()), [&](int64_t i) { return !isSliced(op, i); });
  // A box in steps of one is contiguous along its last sliced dim, too.
  if (from > 0) {
    auto axis = llvm::find(op.getAxes(), from - 1);
    if (op.getSteps()[axis - op.getAxes().begin()] == 1)
      --from;
  }
  return from;
}

int64_t broadcastContiguousFrom(nn::BroadcastToOp op) {
  auto x = rankedType(op.getX()), y = rankedType(op.getY());
  return sameFrom(x, y, [&](int64_t i) {
    int64_t extent = x.getDimSize(i - (y.getRank() - x.getRank()));
    return !ShapedType::isDynamic(extent) && extent == y.getDimSize(i);
  });
}

/// Where the runs of a view start: there are none where it is not contiguous at all.
int64_t viewRunStart(RankedTensorType y, int64_t contiguousFrom) {
  return contiguousFrom < y.getRank() ? runStart(y, contiguousFrom) : std::max<int64_t>(y.getRank() - 1, 0);
}

/// Copies a view given by the distances between neighbours along each dim of y.
void copyView(KernelBuilder &k, Value x, Value base, ArrayRef<Value> viewStrides, Value y, int64_t contiguousFrom) {
  auto type = rankedType(y);
  int64_t rank = type.getRank(), start = viewRunStart(type, contiguousFrom);
  Value from = k.flat(k.memref(x)), to = k.flat(k.memref(y));
  SmallVector<Value> dims = k.dimsOf(y), strides = stridesOf(k, y);
  Value count = productOf(k, ArrayRef(dims).drop_front(start));
  k.grain = grainOfRuns(type, start);
  k.forEachItem([&](ValueRange point) {
    Place source{from, k.add(base, dotProduct(k, point, viewStrides))}, target{to, dotProduct(k, point, strides)};
    Value stride = contiguousFrom < rank || rank == 0 ? k.index(1) : viewStrides[rank - 1];
    copyStridedRun(k, source, stride, target, count);
  });
}

AffineMap sliceItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::SliceOp>(root);
  return itemPerLeadingDims(group, viewRunStart(rankedType(op.getY()), sliceContiguousFrom(op)));
}

LogicalResult emitSlice(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::SliceOp>(root);
  SmallVector<Value> strides = stridesOf(k, op.getX());
  Value base = k.index(0);
  for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
    if (!isSliced(op, axis))
      continue;
    // The rule by which the shape was computed, too (SliceOp::shapes).
    int64_t step = op.getSteps()[i];
    Value extent = k.dimOf(op.getX(), axis), start = k.loadIndex(op.getStarts(), k.index(i));
    Value low = k.index(step > 0 ? 0 : -1), high = step > 0 ? extent : k.add(extent, -1);
    Value isNegative = k.compare(arith::CmpIPredicate::slt, start, k.index(0));
    start = k.select(isNegative, k.add(start, extent), start);
    start = k.min(k.max(start, low), high);
    base = k.add(base, k.mul(start, strides[axis]));
    strides[axis] = k.mul(strides[axis], step);
  }
  copyView(k, op.getX(), base, strides, op.getY(), sliceContiguousFrom(op));
  return success();
}

AffineMap broadcastItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::BroadcastToOp>(root);
  return itemPerLeadingDims(group, viewRunStart(rankedType(op.getY()), broadcastContiguousFrom(op)));
}

LogicalResult emitBroadcast(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::BroadcastToOp>(root);
  auto x = rankedType(op.getX()), y = rankedType(op.getY());
  int64_t ahead = y.getRank() - x.getRank();
  SmallVector<Value> strides = stridesOf(k, op.getX()), viewStrides(y.getRank(), k.index(0));
  for (int64_t i = 0; i < x.getRank(); ++i) {
    Value isOne = k.compare(arith::CmpIPredicate::eq, k.dimOf(op.getX(), i), k.index(1));
    viewStrides[ahead + i] = k.select(isOne, k.index(0), strides[i]);
  }
  copyView(k, op.getX(), k.index(0), viewStrides, op.getY(), broadcastContiguousFrom(op));
  return success();
}

AffineMap transposeItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::TransposeOp>(root);
  TransposeShape shape(op);
  return shape.isTiled() ? shape.tiledItems(group)
                         : itemPerLeadingDims(group, viewRunStart(rankedType(op.getY()), shape.contiguousFrom));
}

LogicalResult emitTranspose(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::TransposeOp>(root);
  TransposeShape shape(op);
  SmallVector<Value> strides = stridesOf(k, op.getX()), viewStrides;
  for (int64_t axis : op.getPerm())
    viewStrides.push_back(strides[axis]);
  if (shape.isTiled())
    shape.copyTiles(k, viewStrides);
  else
    copyView(k, op.getX(), k.index(0), viewStrides, op.getY(), shape.contiguousFrom);
  return success();
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// Into how many parts each piece is cut for the threads: long pieces may be the only work there is.
int64_t partsOf(RankedTensorType type, int64_t axis) {
  return estimatedSize(type, axis, type.getRank()) >= 65536 ? 16 : 1;
}

/// The dims before the axis, times the parts.
AffineMap pieceItems(nn::GroupOp group, RankedTensorType type, int64_t axis) {
  AffineMap leading = itemPerLeadingDims(group, axis);
  SmallVector<AffineExpr> results(leading.getResults());
  results.push_back(getAffineConstantExpr(partsOf(type, axis), group.getContext()));
  return AffineMap::get(leading.getNumDims(), 0, results, group.getContext());
}

/// The pieces of `whole` along `axis`: calls `copy(piece, place in the piece, place in the whole, count)`.
/// Those at which `skipped` is true are left out.
void forEachPiece(KernelBuilder &k, Value whole, ValueRange pieces, int64_t axis, ArrayRef<bool> skipped,
                  llvm::function_ref<void(Place piece, Place whole, Value count)> copy) {
  auto type = rankedType(whole);
  int64_t parts = partsOf(type, axis);
  Value flat = k.flat(k.memref(whole));
  SmallVector<Value> dims = k.dimsOf(whole);
  Value inner = productOf(k, ArrayRef(dims).drop_front(axis + 1)), row = k.mul(inner, dims[axis]);
  ArrayRef<Value> outerDims = ArrayRef(dims).take_front(axis);
  k.grain = std::max<int64_t>(1, 16384 * parts / estimatedSize(type, axis, type.getRank()));
  k.forEachItem([&](ValueRange point) {
    Value part = point[axis], outer = k.index(0), offset = k.index(0);
    for (auto [i, extent] : llvm::enumerate(outerDims))
      outer = k.add(k.mul(outer, extent), point[i]);
    for (auto [i, piece] : llvm::enumerate(pieces)) {
      Value size = k.mul(k.dimOf(piece, axis), inner);
      if (!skipped.empty() && skipped[i]) {
        offset = k.add(offset, size);
        continue;
      }
      Value from = k.div(k.mul(size, part), k.index(parts)), to = k.div(k.mul(size, k.add(part, 1)), k.index(parts));
      Place inPiece{k.flat(k.memref(piece)), k.add(k.mul(outer, size), from)};
      Place inWhole{flat, k.add(k.add(k.mul(outer, row), offset), from)};
      copy(inPiece, inWhole, k.sub(to, from));
      offset = k.add(offset, size);
    }
  });
}

AffineMap concatItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::ConcatOp>(root);
  return pieceItems(group, rankedType(op.getY()), op.getAxis());
}

LogicalResult emitConcat(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ConcatOp>(root);
  forEachPiece(k, op.getY(), op.getInputs(), op.getAxis(), placedOperands(k.group),
               [&](Place piece, Place whole, Value count) { copyRun(k, piece, whole, count); });
  return success();
}

AffineMap splitItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::SplitOp>(root);
  return pieceItems(group, rankedType(op.getX()), op.getAxis());
}

LogicalResult emitSplit(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::SplitOp>(root);
  forEachPiece(k, op.getX(), op.getPieces(), op.getAxis(), /*skipped=*/{},
               [&](Place piece, Place whole, Value count) { copyRun(k, whole, piece, count); });
  return success();
}

} // namespace

void registerMovementLowerings(LoweringRegistry &registry) {
  registry.add<nn::TransposeOp>({transposeItems, emitTranspose});
  registry.add<nn::SliceOp>({sliceItems, emitSlice});
  registry.add<nn::BroadcastToOp>({broadcastItems, emitBroadcast});
  registry.add<nn::ConcatOp>({concatItems, emitConcat});
  registry.add<nn::SplitOp>({splitItems, emitSplit});
}

} // namespace nnc
