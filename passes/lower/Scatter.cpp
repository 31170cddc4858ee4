// A copy of x with elements or slices replaced: nn.scatter_elements, nn.scatter_nd. Updates of one place are applied
// in order, so every item owns the places it writes. Indices out of range fail the run and write nothing.
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Indices.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"

using namespace mlir;
using nnc::nn::ScatterReduction;

namespace nnc {

namespace {

/// What becomes of a value met by an update, both in the compute type.
Value reduce(KernelBuilder &k, ScatterReduction kind, Type element, Value x, Value update) {
  OpBuilder &b = k.b;
  bool isFloat = isa<FloatType>(element), isBool = element.isInteger(1), isUnsigned = isUnsignedElement(element);
  switch (kind) {
  case ScatterReduction::none:
    return update;
  case ScatterReduction::add:
    if (isFloat)
      return arith::AddFOp::create(b, k.loc, x, update);
    return isBool ? arith::OrIOp::create(b, k.loc, x, update).getResult()
                  : arith::AddIOp::create(b, k.loc, x, update).getResult();
  case ScatterReduction::mul:
    if (isFloat)
      return arith::MulFOp::create(b, k.loc, x, update);
    return isBool ? arith::AndIOp::create(b, k.loc, x, update).getResult()
                  : arith::MulIOp::create(b, k.loc, x, update).getResult();
  case ScatterReduction::max:
    if (isFloat)
      return arith::MaximumFOp::create(b, k.loc, x, update);
    return isUnsigned ? arith::MaxUIOp::create(b, k.loc, x, update).getResult()
                      : arith::MaxSIOp::create(b, k.loc, x, update).getResult();
  case ScatterReduction::min:
    if (isFloat)
      return arith::MinimumFOp::create(b, k.loc, x, update);
    return isUnsigned ? arith::MinUIOp::create(b, k.loc, x, update).getResult()
                      : arith::MinSIOp::create(b, k.loc, x, update).getResult();
  }
  llvm_unreachable("unknown reduction");
}

/// Applies `count` updates that lie one after another to places that do, too.
void applyRun(KernelBuilder &k, ScatterReduction kind, Type element, Place update, Place to, Value count) {
  if (kind == ScatterReduction::none)
    return copyRun(k, update, to, count);
  k.loop(count, [&](Value i) {
    Place target{to.memref, k.add(to.offset, i)};
    Value x = toCompute(k.b, k.loc, loadStored(k, target), element);
    Value u = toCompute(k.b, k.loc, loadStored(k, {update.memref, k.add(update.offset, i)}), element);
    storeStored(k, toStorage(k.b, k.loc, reduce(k, kind, element, x, u), element), target);
  });
}

LogicalResult checkElement(Operation *op, ScatterReduction kind, Type element) {
  if (kind != ScatterReduction::none && !element.isIntOrFloat())
    return op->emitOpError("unsupported element type ") << element;
  return success();
}

//===----------------------------------------------------------------------===//
// nn.scatter_elements
//===----------------------------------------------------------------------===//

AffineMap scatterElementsItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, cast<nn::ScatterElementsOp>(root).getAxis());
}

LogicalResult emitScatterElements(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ScatterElementsOp>(root);
  auto type = rankedType(op.getY());
  int64_t axis = op.getAxis(), rank = type.getRank();
  Type element = type.getElementType();
  if (failed(checkElement(op, op.getKind(), element)))
    return failure();
  SmallVector<Value> dims = k.dimsOf(op.getX()), strides = stridesOf(k, op.getX());
  SmallVector<Value> indexDims = k.dimsOf(op.getIndices()), indexStrides = stridesOf(k, op.getIndices());
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY()));
  Value indices = k.flat(k.memref(op.getIndices())), updates = k.flat(k.memref(op.getUpdates()));
  Value block = k.mul(dims[axis], strides[axis]);
  k.grain = grainOfRuns(type, axis);
  // Places of the indices that x does not have would be updates of nothing.
  Value fits = constantBool(k, true);
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      fits = k.both(fits, k.compare(arith::CmpIPredicate::sle, indexDims[d], dims[d]));
  k.forEachItem([&](ValueRange point) {
    Value base = dotProduct(k, point, strides), indexBase = dotProduct(k, point, indexStrides), covered = fits;
    copyRun(k, {x, base}, {y, base}, block);
    for (auto [i, extent] : llvm::zip(point, indexDims))
      covered = k.both(covered, k.compare(arith::CmpIPredicate::slt, i, extent));
    k.ifThen(k.negated(fits), [&] { k.fail("scatter_elements: the indices have a larger dim than x"); });
    k.ifThen(covered, [&] {
      k.loops(ArrayRef(indexDims).drop_front(axis), [&](ValueRange inner) {
        Value at = k.add(indexBase, dotProduct(k, inner, ArrayRef(indexStrides).drop_front(axis)));
        Value target = k.add(base, dotProduct(k, inner.drop_front(), ArrayRef(strides).drop_front(axis + 1)));
        Value index = loadIndexOf(k, op.getIndices(), indices, at);
        withIndex(k, "scatter_elements", index, dims[axis], [&](Value i) {
          applyRun(k, op.getKind(), element, {updates, at}, {y, k.add(target, k.mul(i, strides[axis]))}, k.index(1));
        });
      });
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.scatter_nd
//===----------------------------------------------------------------------===//

int64_t tupleLength(nn::ScatterNdOp op) {
  auto indices = rankedType(op.getIndices());
  return indices.getDimSize(indices.getRank() - 1);
}

/// Into how many parts the slices are cut for the threads.
int64_t sliceParts(nn::ScatterNdOp op) {
  auto type = rankedType(op.getY());
  return estimatedSize(type, tupleLength(op), type.getRank()) >= 4096 ? 16 : 1;
}

AffineMap scatterNdItems(nn::GroupOp group, Operation *root) {
  auto op = cast<nn::ScatterNdOp>(root);
  return AffineMap::get(rankedType(op.getY()).getRank(), 0,
                        {getAffineConstantExpr(sliceParts(op), group.getContext())}, group.getContext());
}

LogicalResult emitScatterNd(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ScatterNdOp>(root);
  auto type = rankedType(op.getY());
  Type element = type.getElementType();
  if (failed(checkElement(op, op.getKind(), element)))
    return failure();
  int64_t length = tupleLength(op), parts = sliceParts(op);
  SmallVector<Value> dims = k.dimsOf(op.getX()), strides = stridesOf(k, op.getX());
  SmallVector<Value> indexDims = k.dimsOf(op.getIndices()), updateDims = k.dimsOf(op.getUpdates());
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY()));
  Value indices = k.flat(k.memref(op.getIndices())), updates = k.flat(k.memref(op.getUpdates()));
  Value slices = productOf(k, ArrayRef(dims).take_front(length)), size = productOf(k, ArrayRef(dims).drop_front(length));
  Value tuples = productOf(k, ArrayRef(indexDims).drop_back());
  k.grain = std::max<int64_t>(1, 16384 * parts / estimatedSize(type, 0, type.getRank()));
  // The updates must be as many as the tuples, each a slice of x: known at compile time but for dynamic dims.
  Value fits = constantBool(k, true);
  SmallVector<Value> expected(indexDims.begin(), indexDims.end() - 1);
  expected.append(dims.begin() + length, dims.end());
  for (auto [is, should] : llvm::zip(updateDims, expected))
    fits = k.both(fits, k.compare(arith::CmpIPredicate::eq, is, should));
  k.forEachItem([&](ValueRange point) {
    Value from = k.div(k.mul(size, point[0]), k.index(parts)), to = k.div(k.mul(size, k.add(point[0], 1)), k.index(parts));
    Value count = k.sub(to, from);
    k.loop(slices, [&](Value slice) {
      Value at = k.add(k.mul(slice, size), from);
      copyRun(k, {x, at}, {y, at}, count);
    });
    k.ifThen(k.negated(fits), [&] { k.fail("scatter_nd: the updates do not have the shape that indices and x ask for"); });
    k.ifThen(fits, [&] {
      k.loop(tuples, [&](Value tuple) {
        std::function<void(int64_t, Value)> descend = [&](int64_t i, Value target) {
          if (i == length)
            return applyRun(k, op.getKind(), element, {updates, k.add(k.mul(tuple, size), from)},
                            {y, k.add(target, from)}, count);
          Value index = loadIndexOf(k, op.getIndices(), indices, k.add(k.mul(tuple, length), i));
          withIndex(k, "scatter_nd", index, dims[i],
                    [&](Value in) { descend(i + 1, k.add(target, k.mul(in, strides[i]))); });
        };
        descend(0, k.index(0));
      });
    });
  });
  return success();
}

} // namespace

void registerScatterLowerings(LoweringRegistry &registry) {
  registry.add<nn::ScatterElementsOp>({scatterElementsItems, emitScatterElements});
  registry.add<nn::ScatterNdOp>({scatterNdItems, emitScatterNd});
}

} // namespace nnc
