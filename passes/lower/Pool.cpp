// Lowerings of nn.pool, nn.max_pool_with_indices and nn.max_unpool. An item is a row of the result, but for pools that
// are done by rows (SeparablePool.h). Along a row the outputs whose window lies inside altogether are computed as
// vectors, where the stride is small enough to pick their elements from the vectors between the first and the last.
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SeparablePool.h"

using namespace mlir;

namespace nnc {

using namespace pool;

namespace {

AffineMap poolItems(nn::GroupOp group, Operation *root) {
  if (auto op = dyn_cast<nn::PoolOp>(root); op && isSeparable(op))
    return separableItems(op);
  return itemPerLeadingDims(group, cast<RankedTensorType>(root->getResult(0).getType()).getRank() - 1);
}

/// Enough rows to be worth a thread.
void setGrain(KernelBuilder &k, ArrayRef<int64_t> kernel) {
  auto type = cast<RankedTensorType>(k.group.getResult(0).getType());
  int64_t width = type.isDynamicDim(type.getRank() - 1) ? 64 : type.getDimSize(type.getRank() - 1), work = width;
  for (int64_t extent : kernel)
    work = std::min<int64_t>(work * extent, 1 << 20);
  k.grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(work, 1));
}

/// A row of nn.pool.
struct PoolRow {
  KernelBuilder &k;
  nn::PoolOp op;
  ArrayRef<Axis> axes;
  Reduction reduction;
  ValueRange point;
  SmallVector<Taps> outer;   // per spatial dim but the last
  Value outerCount;          // what the outer dims contribute to an average's divisor

  const Axis &rowAxis() const { return axes.back(); }

  void compute() {
    outerCount = k.index(1);
    for (auto [axis, out] : llvm::zip(axes.drop_back(), point.drop_front(2))) {
      outer.push_back(tapsOf(k, axis, out));
      outerCount = k.mul(outerCount, countOf(k, op, axis, outer.back()));
    }
    Value count = k.dim(k.output(0), point.size()), done = k.index(0);
    if (rowAxis().stride <= kWidestStride)
      done = vectors(count);
    k.loop(done, count, k.index(1), [&](Value x) { scalar(x); });
  }

private:
  /// Computes a leading part of the row, its end in vectors. Returns how many outputs that makes.
  Value vectors(Value count) {
    const Axis &axis = rowAxis();
    int64_t lanes = k.lanes(), reach = (axis.kernel - 1) * axis.dilation + axis.stride * lanes;
    Value stride = k.index(axis.stride), width = k.index(lanes);
    // The first output whose window starts inside, and the last one from which a vector stays inside.
    Value from = k.div(k.add(axis.padBegin, axis.stride - 1), stride);
    Value room = k.add(k.sub(axis.in, k.index(reach)), axis.padBegin);
    Value inside = k.select(k.compare(arith::CmpIPredicate::slt, room, k.index(0)), k.index(-1), k.div(room, stride));
    Value last = k.min(inside, k.sub(count, width));
    Value fits = k.compare(arith::CmpIPredicate::sge, last, from);
    k.loop(k.select(fits, from, k.index(0)), [&](Value x) { scalar(x); });
    // The last vector overlaps the one before it, rather than leaving outputs to scalar code.
    Value steps = k.select(fits, k.add(k.div(k.add(k.max(k.sub(last, from), k.index(0)), lanes - 1), width), 1), k.index(0));
    k.loop(steps, [&](Value step) { vector(k.min(k.add(from, k.mul(step, lanes)), last)); });
    return k.select(fits, k.add(last, lanes), k.index(0));
  }

  void scalar(Value x) {
    Taps taps = tapsOf(k, rowAxis(), x);
    Value acc = overOuter(k.b.getF32Type(), [&](SmallVector<Value> at, Value acc) {
      return k.loop(taps.first, taps.last, k.index(1), acc, [&](Value tap, ValueRange carried) -> SmallVector<Value> {
        SmallVector<Value> indices = at;
        indices.push_back(position(k, rowAxis(), taps.start, tap));
        return {reduction.combine(carried[0], k.load(op.getX(), indices))};
      })[0];
    });
    store(acc, x, k.mul(outerCount, countOf(k, op, rowAxis(), taps)));
  }

  void vector(Value x) {
    Type shape = VectorType::get({k.lanes()}, k.b.getF32Type());
    Value start = k.sub(k.mul(x, rowAxis().stride), rowAxis().padBegin);
    Value acc = overOuter(shape, [&](SmallVector<Value> at, Value acc) {
      auto stretchAt = [&](Value ahead) {
        SmallVector<Value> indices = at;
        indices.push_back(k.add(start, ahead));
        return loadStretch(indices);
      };
      return overRowTaps(k, rowAxis(), rowAxis().stride, acc, stretchAt, [&](Value sum, Value elements) {
        return reduction.combine(sum, toCompute(k.b, k.loc, elements, element()));
      });
    });
    store(acc, x, k.mul(outerCount, rowAxis().kernel));
  }

  /// Reduces over the taps of the outer dims; `row` adds the taps along the row at the given leading indices.
  Value overOuter(Type shape, llvm::function_ref<Value(SmallVector<Value> at, Value acc)> row) {
    SmallVector<Value> at = {point[0], point[1]};
    std::function<Value(size_t, Value)> nest = [&](size_t d, Value acc) -> Value {
      if (d == outer.size())
        return row(at, acc);
      return k.loop(outer[d].first, outer[d].last, k.index(1), acc,
                    [&](Value tap, ValueRange carried) -> SmallVector<Value> {
                      at.push_back(position(k, axes[d], outer[d].start, tap));
                      Value next = nest(d + 1, carried[0]);
                      at.pop_back();
                      return {next};
                    })[0];
    };
    return nest(0, reduction.initial(shape));
  }

  /// The elements from one place on that a vector of outputs and its strides span, as they are stored.
  Value loadStretch(ValueRange indices) {
    auto type = VectorType::get({k.lanes() * rowAxis().stride}, storageType(element()));
    return vector::LoadOp::create(k.b, k.loc, type, k.memref(op.getX()), indices);
  }

  Type element() { return getElementTypeOrSelf(op.getX().getType()); }

  void store(Value acc, Value x, Value count) {
    SmallVector<Value> indices(point);
    indices.push_back(x);
    bool divides = op.getKind() == nn::PoolKind::average;
    Value value = reduction.finish(acc, divides ? reduction.asCount(count, acc.getType()) : Value());
    if (!isa<VectorType>(value.getType()))
      return k.store(value, op.getY(), indices);
    Value stored = toStorage(k.b, k.loc, value, getElementTypeOrSelf(op.getY().getType()));
    vector::StoreOp::create(k.b, k.loc, stored, k.output(0), indices);
  }
};

LogicalResult emitPool(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::PoolOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  bool isMax = op.getKind() == nn::PoolKind::max;
  if (!isa<FloatType>(element) && !(isMax && isa<IntegerType>(element) && !element.isInteger(1)))
    return op.emitOpError("unsupported element type ") << element;
  if (op.getKind() == nn::PoolKind::lp && op.getP() < 1)
    return op.emitOpError("unsupported norm ") << op.getP();
  SmallVector<Axis> axes = axesOf(k, op);
  setGrain(k, op.getKernel());
  if (isSeparable(op)) {
    emitSeparable(k, op, axes);
    return success();
  }
  k.forEachItem([&](ValueRange point) {
    PoolRow row{k, op, axes, Reduction{k, op, element}, point, {}, Value()};
    row.compute();
  });
  return success();
}

LogicalResult emitMaxPoolWithIndices(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::MaxPoolWithIndicesOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType()), compute = computeType(element);
  if (!isa<FloatType, IntegerType>(element) || element.isInteger(1))
    return op.emitOpError("unsupported element type ") << element;
  SmallVector<Axis> axes = axesOf(k, op);
  setGrain(k, op.getKernel());
  size_t n = axes.size();
  Value spatial = k.index(1);
  for (const Axis &axis : axes)
    spatial = k.mul(spatial, axis.in);

  /// The flat index into x of a position in the plane (n, c).
  auto flatIndex = [&](ValueRange at) {
    Value plane = k.add(k.mul(at[0], k.dimOf(op.getX(), 1)), at[1]), inside = k.index(0);
    for (size_t i = 0; i < n; ++i) {
      size_t d = op.getColumnMajor() ? n - 1 - i : i;
      inside = k.add(k.mul(inside, axes[d].in), at[2 + d]);
    }
    return k.add(k.mul(plane, spatial), inside);
  };

  k.forEachItem([&](ValueRange leading) {
    k.loop(k.dim(k.output(0), n + 1), [&](Value x) {
      SmallVector<Value> out(leading);
      out.push_back(x);
      SmallVector<Taps> taps;
      for (size_t i = 0; i < n; ++i)
        taps.push_back(tapsOf(k, axes[i], out[2 + i]));
      SmallVector<Value> at = {out[0], out[1]};
      std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t d, ValueRange best) {
        if (d < n)
          return k.loop(taps[d].first, taps[d].last, k.index(1), best, [&](Value tap, ValueRange carried) {
            at.push_back(position(k, axes[d], taps[d].start, tap));
            SmallVector<Value> next = nest(d + 1, carried);
            at.pop_back();
            return next;
          });
        // The first of equal elements wins; a NaN wins and stays.
        Value value = k.load(op.getX(), at), wins;
        if (isa<FloatType>(compute)) {
          wins = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UGT, value, best[0]);
          Value isNumber = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::ORD, best[0], best[0]);
          wins = k.both(wins, isNumber);
        } else {
          wins = k.compare(isUnsignedElement(element) ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, value,
                           best[0]);
        }
        Value isFirst = k.compare(arith::CmpIPredicate::slt, best[1], k.index(0));
        wins = arith::OrIOp::create(k.b, k.loc, wins, isFirst);
        return SmallVector<Value>{k.select(wins, value, best[0]), k.select(wins, flatIndex(at), best[1])};
      };
      Value lowest =
          isa<FloatType>(compute)
              ? constantLike(k.b, k.loc, compute, -std::numeric_limits<double>::infinity())
              : integerLike(k.b, k.loc, compute,
                            isUnsignedElement(element)
                                ? 0
                                : APInt::getSignedMinValue(compute.getIntOrFloatBitWidth()).getSExtValue());
      SmallVector<Value> best = nest(0, ValueRange{lowest, k.index(-1)});
      k.store(best[0], op.getY(), out);
      k.store(k.fromIndex(best[1], k.b.getI64Type()), op.getIndices(), out);
    });
  });
  return success();
}

/// One item: the indices may point anywhere in the result.
LogicalResult emitMaxUnpool(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::MaxUnpoolOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
  size_t n = rank - 2;
  // The indices count in the tensor that was pooled, which `shape` may enlarge at the ends.
  SmallVector<Value> pooled = {k.dimOf(op.getX(), 0), k.dimOf(op.getX(), 1)}, out;
  for (size_t i = 0; i < n; ++i)
    pooled.push_back(k.add(k.mul(k.sub(k.dimOf(op.getX(), 2 + i), k.index(1)), op.getStrides()[i]),
                           op.getKernel()[i] - op.getPads()[i] - op.getPads()[n + i]));
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(k.dim(k.output(0), i));
  Type compute = computeType(element);
  Value zero = isa<FloatType>(compute) ? constantLike(k.b, k.loc, compute, 0.0) : integerLike(k.b, k.loc, compute, 0);
  k.forEachItem([&](ValueRange) {
    k.loops(out, [&](ValueRange at) { k.store(zero, op.getY(), at); });
    Value elements = k.index(1);
    for (Value extent : pooled)
      elements = k.mul(elements, k.max(extent, k.index(1)));
    k.loops(k.dimsOf(op.getX()), [&](ValueRange at) {
      Value index = k.loadIndex(op.getIndices(), at);
      Value valid = k.inRange(index, elements), rest = k.select(valid, index, k.index(0));
      SmallVector<Value> target(rank);
      for (int64_t i = rank - 1; i >= 0; --i) {
        Value extent = k.max(pooled[i], k.index(1));
        target[i] = k.rem(rest, extent);
        rest = k.div(rest, extent);
        valid = k.both(valid, k.inRange(target[i], out[i]));
      }
      k.ifThen(valid, [&] { k.store(k.load(op.getX(), at), op.getY(), target); });
      Value invalid = arith::XOrIOp::create(k.b, k.loc, valid, integerLike(k.b, k.loc, valid.getType(), 1));
      k.ifThen(invalid, [&] { k.fail("MaxUnpool: index %0 lies outside of the result", index); });
    });
  });
  return success();
}

} // namespace

void registerPoolLowerings(LoweringRegistry &registry) {
  registry.add<nn::PoolOp>({poolItems, emitPool});
  registry.add<nn::MaxPoolWithIndicesOp>({poolItems, emitMaxPoolWithIndices});
  registry.add<nn::MaxUnpoolOp>({singleItem, emitMaxUnpool});
}

} // namespace nnc
