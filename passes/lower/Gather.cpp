// Elements and slices picked by indices: nn.gather, nn.gather_elements, nn.gather_nd. Indices out of range fail the
// run and read nothing.
#include "passes/lower/Indices.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

namespace {

/// Where the runs of slices that begin at dim `from` of y start.
int64_t sliceRunStart(RankedTensorType y, int64_t from) { return from < y.getRank() ? runStart(y, from) : from; }

//===----------------------------------------------------------------------===//
// nn.gather
//===----------------------------------------------------------------------===//

/// Whether single elements are picked, by rows of indices: x is contiguous along the axis.
bool picksElements(nn::GatherOp op) {
  auto isOne = [](int64_t extent) { return extent == 1; };
  return llvm::all_of(rankedType(op.getX()).getShape().drop_front(op.getAxis() + 1), isOne) &&
         rankedType(op.getIndices()).getRank() > 0;
}

int64_t gatherRunStart(nn::GatherOp op) {
  auto y = rankedType(op.getY());
  return picksElements(op) ? y.getRank() : sliceRunStart(y, op.getAxis() + rankedType(op.getIndices()).getRank());
}

AffineMap gatherItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, gatherRunStart(cast<nn::GatherOp>(root)));
}

LogicalResult emitGather(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::GatherOp>(root);
  auto y = rankedType(op.getY());
  int64_t axis = op.getAxis(), indexRank = rankedType(op.getIndices()).getRank(), start = gatherRunStart(op);
  SmallVector<Value> xStrides = stridesOf(k, op.getX()), yStrides = stridesOf(k, op.getY());
  SmallVector<Value> indexStrides = stridesOf(k, op.getIndices());
  Value x = k.flat(k.memref(op.getX())), flat = k.flat(k.memref(op.getY()));
  Value indices = k.flat(k.memref(op.getIndices())), extent = k.dimOf(op.getX(), axis);
  Value count = productOf(k, ArrayRef(k.dimsOf(op.getY())).drop_front(start));
  k.grain = grainOfRuns(y, start);
  if (picksElements(op)) {
    Value width = k.dimOf(op.getIndices(), indexRank - 1);
    forEachRow(k, k.begin, k.end, width, [&](Value row, Value begin, Value end) {
      // The dims before the indices' own come first.
      Value indexRows = productOf(k, ArrayRef(k.dimsOf(op.getIndices())).drop_back());
      Value source = k.mul(k.div(row, indexRows), extent), at = k.mul(k.rem(row, indexRows), width);
      forEachIndex(k, "gather", op.getIndices(), indices, at, begin, end, extent, [&](Value i, Value index) {
        storeStored(k, loadStored(k, {x, k.add(source, index)}), {flat, k.add(k.mul(row, width), i)});
      });
    });
    return success();
  }
  k.forEachItem([&](ValueRange point) {
    Value at = dotProduct(k, point.slice(axis, indexRank), indexStrides);
    Value index = loadIndexOf(k, op.getIndices(), indices, at);
    withIndex(k, "gather", index, extent, [&](Value i) {
      Value source = k.add(dotProduct(k, point.take_front(axis), xStrides), k.mul(i, xStrides[axis]));
      source = k.add(source, dotProduct(k, point.drop_front(axis + indexRank), ArrayRef(xStrides).drop_front(axis + 1)));
      copyRun(k, {x, source}, {flat, dotProduct(k, point, yStrides)}, count);
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.gather_elements
//===----------------------------------------------------------------------===//

LogicalResult emitGatherElements(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::GatherElementsOp>(root);
  auto xType = rankedType(op.getX()), indexType = rankedType(op.getIndices());
  int64_t axis = op.getAxis(), rank = xType.getRank();
  SmallVector<Value> xDims = k.dimsOf(op.getX()), xStrides = stridesOf(k, op.getX());
  SmallVector<Value> dims = k.dimsOf(op.getIndices());
  Value x = k.flat(k.memref(op.getX())), y = k.flat(k.memref(op.getY())), indices = k.flat(k.memref(op.getIndices()));
  k.grain = 4096;
  forEachRow(k, k.begin, k.end, dims.back(), [&](Value row, Value begin, Value end) {
    Value at = k.mul(row, dims.back()), source = k.index(0);
    // The indices may have more of the other dims than x only where the types do not tell.
    Value fits = constantBool(k, true);
    auto fitsDim = [&](int64_t d, Value count) {
      int64_t most = xType.getDimSize(d), known = indexType.getDimSize(d);
      if (ShapedType::isDynamic(most) || ShapedType::isDynamic(known) || known > most)
        fits = k.both(fits, k.compare(arith::CmpIPredicate::sle, count, xDims[d]));
    };
    for (int64_t d = rank - 1; d-- > 0;) {
      Value position = d ? k.rem(row, dims[d]) : row;
      row = k.div(row, dims[d]);
      if (d == axis)
        continue;
      fitsDim(d, k.add(position, 1));
      source = k.add(source, k.mul(position, xStrides[d]));
    }
    bool isAlong = axis == rank - 1;
    if (!isAlong)
      fitsDim(rank - 1, end);
    k.ifThen(k.negated(fits), [&] { k.fail("gather_elements: the indices reach beyond another dim than the axis"); });
    end = k.select(fits, end, begin);
    forEachIndex(k, "gather_elements", op.getIndices(), indices, at, begin, end, xDims[axis], [&](Value i, Value index) {
      Value from = isAlong ? index : k.add(k.mul(index, xStrides[axis]), i);
      storeStored(k, loadStored(k, {x, k.add(source, from)}), {y, k.add(at, i)});
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// nn.gather_nd
//===----------------------------------------------------------------------===//

int64_t gatherNdRunStart(nn::GatherNdOp op) {
  return sliceRunStart(rankedType(op.getY()), rankedType(op.getIndices()).getRank() - 1);
}

AffineMap gatherNdItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, gatherNdRunStart(cast<nn::GatherNdOp>(root)));
}

LogicalResult emitGatherNd(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::GatherNdOp>(root);
  auto y = rankedType(op.getY()), indexType = rankedType(op.getIndices());
  int64_t tuples = indexType.getRank() - 1, length = indexType.getDimSize(tuples), batch = op.getBatchDims();
  int64_t start = gatherNdRunStart(op);
  SmallVector<Value> xDims = k.dimsOf(op.getX()), xStrides = stridesOf(k, op.getX());
  SmallVector<Value> yStrides = stridesOf(k, op.getY()), indexStrides = stridesOf(k, op.getIndices());
  Value x = k.flat(k.memref(op.getX())), flat = k.flat(k.memref(op.getY())), indices = k.flat(k.memref(op.getIndices()));
  Value count = productOf(k, ArrayRef(k.dimsOf(op.getY())).drop_front(start));
  k.grain = grainOfRuns(y, start);
  k.forEachItem([&](ValueRange point) {
    Value tuple = dotProduct(k, point.take_front(tuples), indexStrides);
    Value base = dotProduct(k, point.drop_front(tuples), ArrayRef(xStrides).drop_front(batch + length));
    std::function<void(int64_t, Value)> descend = [&](int64_t i, Value source) {
      if (i == length)
        return copyRun(k, {x, source}, {flat, dotProduct(k, point, yStrides)}, count);
      Value index = loadIndexOf(k, op.getIndices(), indices, k.add(tuple, i));
      withIndex(k, "gather_nd", index, xDims[batch + i],
                [&](Value in) { descend(i + 1, k.add(source, k.mul(in, xStrides[batch + i]))); });
    };
    // The batch dims agree, but for those that only the run knows.
    std::function<void(int64_t)> enterBatch = [&](int64_t d) {
      if (d == batch)
        return descend(0, k.add(base, dotProduct(k, point.take_front(batch), xStrides)));
      withIndex(k, "gather_nd", point[d], xDims[d], [&](Value) { enterBatch(d + 1); });
    };
    enterBatch(0);
  });
  return success();
}

} // namespace

void registerGatherLowerings(LoweringRegistry &registry) {
  registry.add<nn::GatherOp>({gatherItems, emitGather});
  registry.add<nn::GatherElementsOp>({itemPerElement, emitGatherElements});
  registry.add<nn::GatherNdOp>({gatherNdItems, emitGatherNd});
}

} // namespace nnc
