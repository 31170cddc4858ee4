// Lowering of nn.roi_align. An item is one region in one channel; a bin is the mean or the maximum of samples on a
// regular grid inside it, each interpolated from its four neighbours. Where the samples are and their weights is found
// once for the channels that follow each other, unless they are too many to keep.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Runs.h"
#include "passes/lower/Sampling.h"

using namespace mlir;

namespace nnc {

namespace {

/// Neighbours along one dim of the samples kept at most, in all bins.
constexpr int64_t kMostKept = 512;

/// The neighbours and weights of all samples along one dim, as memrefs.
struct Kept {
  Value low, high, weightLow, weightHigh;
};

/// A region along one spatial dim.
struct Axis {
  Value start, binSize;  // reals
  Value samples;         // per bin, index
  Value extent;          // of x, index
  int64_t bins;
  std::optional<Kept> kept;
};

/// The neighbours of a sample along one dim, and their weights. Those of kept ones are 0 outside.
struct Neighbours {
  Value low, high, weightLow, weightHigh, isInside;
};

class RoiAligner {
public:
  RoiAligner(KernelBuilder &k, nn::RoiAlignOp op)
      : k(k), op(op), element(getElementTypeOrSelf(op.getX().getType())), f{k, realTypeFor(element)} {}

  /// The items [from, to): the channels of one region after another.
  void emit(Value from, Value to) {
    forEachRow(k, from, to, k.dimOf(op.getX(), 1),
               [&](Value roi, Value first, Value last) { region(roi, first, last); });
  }

private:
  /// The channels [from, to) of a region.
  void region(Value roi, Value from, Value to) {
    Value batch = k.loadIndex(op.getBatchIndices(), {roi}), batches = k.dimOf(op.getX(), 0);
    Value isValid = k.inRange(batch, batches);
    k.ifThen(k.negated(isValid), [&] { k.fail("RoiAlign: batch index %0 is outside of [0, %1)", batch, batches); });
    k.ifThen(isValid, [&] {
      Axis y = axisOf(roi, 1, 3, 2, op.getOutputHeight()), x = axisOf(roi, 0, 2, 3, op.getOutputWidth());
      auto channels = [&] {
        k.loop(from, to, k.index(1), [&](Value channel) {
          k.loop(k.index(op.getOutputHeight()), [&](Value binY) {
            k.scalarLoop(k.index(op.getOutputWidth()), [&](Value binX) {
              Value result = bin(batch, channel, y, binY, x, binX);
              k.store(f.toElement(result, element), op.getY(), {roi, channel, binY, binX});
            });
          });
        });
      };
      // What a sample needs is the same in all channels.
      auto fits = [&](const Axis &axis) {
        return k.compare(arith::CmpIPredicate::sle, k.mul(axis.samples, axis.bins), k.index(kMostKept));
      };
      Value bothFit = k.both(fits(y), fits(x));
      k.ifThen(bothFit, [&] {
        for (Axis *axis : {&y, &x})
          keep(*axis);
        channels();
      });
      y.kept = x.kept = {};
      k.ifThen(k.negated(bothFit), channels);
    });
  }

  Axis axisOf(Value roi, int64_t first, int64_t second, int64_t dim, int64_t bins) {
    Type roiType = getElementTypeOrSelf(op.getRois().getType());
    auto edge = [&](int64_t i) {
      Value place = f.mul(f.fromElement(k.load(op.getRois(), {roi, k.index(i)}), roiType),
                          op.getSpatialScale().convertToDouble());
      return op.getHalfPixel() ? f.sub(place, 0.5) : place;
    };
    Axis axis;
    axis.start = edge(first);
    axis.extent = k.dimOf(op.getX(), dim);
    Value size = f.sub(edge(second), axis.start);
    if (!op.getHalfPixel()) // malformed regions count as 1x1
      size = f.max(size, f.c(1));
    axis.binSize = f.div(size, f.c(bins));
    axis.bins = bins;
    // A sample for every input position that a bin covers, unless told how many.
    axis.samples = k.index(op.getSamplingRatio());
    if (op.getSamplingRatio() == 0) {
      constexpr int64_t limit = 4096;
      Value wanted = f.ceil(axis.binSize), isTooLarge = f.compare(arith::CmpFPredicate::OGT, wanted, f.c(limit));
      k.ifThen(isTooLarge, [&] { k.fail("RoiAlign: a bin of region %0 takes more than %1 samples", roi, k.index(limit)); });
      axis.samples = f.toIndex(f.select(isTooLarge, f.c(1), wanted), f.c(0), f.c(limit));
    }
    return axis;
  }

  /// The neighbours of all samples along an axis go to memory of the workspace.
  void keep(Axis &axis) {
    Type i64 = k.b.getI64Type();
    Kept kept;
    for (auto [memref, type] : {std::pair(&kept.low, i64), {&kept.high, i64}, {&kept.weightLow, f.type},
                                {&kept.weightHigh, f.type}})
      *memref = k.workspace(MemRefType::get({kMostKept}, type));
    k.loops({k.index(axis.bins), axis.samples}, [&](ValueRange at) {
      Neighbours found = neighbours(axis, at[0], at[1]);
      Value place = k.add(k.mul(at[0], axis.samples), at[1]);
      auto store = [&](Value value, Value memref) { memref::StoreOp::create(k.b, k.loc, value, memref, place); };
      store(k.fromIndex(found.low, i64), kept.low);
      store(k.fromIndex(found.high, i64), kept.high);
      // A sample outside has no weight.
      store(f.select(found.isInside, found.weightLow, f.c(0)), kept.weightLow);
      store(f.select(found.isInside, found.weightHigh, f.c(0)), kept.weightHigh);
    });
    axis.kept = kept;
  }

  Neighbours neighbours(const Axis &axis, Value bin, Value sample) {
    if (axis.kept) {
      Value place = k.add(k.mul(bin, axis.samples), sample);
      auto load = [&](Value memref) -> Value { return memref::LoadOp::create(k.b, k.loc, memref, place); };
      return {k.toIndex(load(axis.kept->low)), k.toIndex(load(axis.kept->high)), load(axis.kept->weightLow),
              load(axis.kept->weightHigh), Value()};
    }
    Value step = f.div(f.mul(f.add(f.spread(sample), 0.5), axis.binSize), f.spread(axis.samples));
    Value place = f.add(f.add(axis.start, f.mul(f.spread(bin), axis.binSize)), step);
    Value extent = f.spread(axis.extent), last = f.sub(extent, 1);
    Neighbours result;
    result.isInside = k.both(f.compare(arith::CmpFPredicate::OGE, place, f.c(-1)),
                             f.compare(arith::CmpFPredicate::OLE, place, extent));
    place = f.min(f.max(place, f.c(0)), last);
    Value low = f.floor(place);
    result.weightHigh = f.sub(place, low);
    result.weightLow = f.sub(f.c(1), result.weightHigh);
    result.low = f.toIndex(low, f.c(0), last);
    result.high = f.toIndex(f.add(low, 1), f.c(0), last);
    return result;
  }

  Value bin(Value batch, Value channel, const Axis &y, Value binY, const Axis &x, Value binX) {
    bool isMax = op.getMaxMode();
    // Of no samples at all the result is 0.
    SmallVector<Value> initial = {f.c(0)};
    if (isMax)
      initial.push_back(integerLike(k.b, k.loc, k.b.getI1Type(), 0));
    SmallVector<Value> result = k.loop(k.index(0), y.samples, k.index(1), initial, [&](Value sampleY, ValueRange outer) {
      Neighbours row = neighbours(y, binY, sampleY);
      return k.loop(k.index(0), x.samples, k.index(1), outer, [&](Value sampleX, ValueRange inner) {
        Neighbours column = neighbours(x, binX, sampleX);
        Value isInside = row.isInside ? k.both(row.isInside, column.isInside) : Value();
        auto at = [&](Value h, Value w) { return f.fromElement(k.load(op.getX(), {batch, channel, h, w}), element); };
        if (!isMax) {
          auto along = [&](Value h) {
            return f.add(f.mul(at(h, column.low), column.weightLow), f.mul(at(h, column.high), column.weightHigh));
          };
          Value sum = f.add(f.mul(along(row.low), row.weightLow), f.mul(along(row.high), row.weightHigh));
          return SmallVector<Value>{f.add(inner[0], isInside ? f.select(isInside, sum, f.c(0)) : sum)};
        }
        auto corner = [&](Value h, Value weightH, Value w, Value weightW) {
          Value weight = f.mul(weightH, weightW);
          return f.mul(at(h, w), isInside ? f.select(isInside, weight, f.c(0)) : weight);
        };
        Value corners[] = {corner(row.low, row.weightLow, column.low, column.weightLow),
                           corner(row.low, row.weightLow, column.high, column.weightHigh),
                           corner(row.high, row.weightHigh, column.low, column.weightLow),
                           corner(row.high, row.weightHigh, column.high, column.weightHigh)};
        // The standard takes the largest of the weighted corners, not of the interpolated samples.
        Value largest = f.max(f.max(corners[0], corners[1]), f.max(corners[2], corners[3]));
        Value yes = integerLike(k.b, k.loc, k.b.getI1Type(), 1);
        return SmallVector<Value>{f.select(inner[1], f.max(inner[0], largest), largest), yes};
      });
    });
    if (isMax)
      return result[0];
    Value count = k.max(k.mul(y.samples, x.samples), k.index(1));
    return f.div(result[0], f.spread(count));
  }

  KernelBuilder &k;
  nn::RoiAlignOp op;
  Type element;
  Reals f;
};

AffineMap roiAlignItems(nn::GroupOp group, Operation *) { return itemPerLeadingDims(group, 2); }

LogicalResult emitRoiAlign(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::RoiAlignOp>(root);
  for (Value v : {op.getX(), op.getRois()})
    if (!isa<FloatType>(getElementTypeOrSelf(v.getType())))
      return op.emitOpError("unsupported element type ") << getElementTypeOrSelf(v.getType());
  if (op.getOutputHeight() < 1 || op.getOutputWidth() < 1)
    return op.emitOpError("unsupported: a result without elements");
  k.grain = 8;
  // Without input positions there is nothing to sample, and with fewer than four numbers no region.
  Value plane = k.mul(k.dimOf(op.getX(), 2), k.dimOf(op.getX(), 3));
  Value isPossible = k.both(k.compare(arith::CmpIPredicate::ne, plane, k.index(0)),
                            k.compare(arith::CmpIPredicate::sge, k.dimOf(op.getRois(), 1), k.index(4)));
  isPossible = k.both(isPossible, k.compare(arith::CmpIPredicate::sge, k.dimOf(op.getBatchIndices(), 0),
                                            k.dimOf(op.getRois(), 0)));
  k.ifThen(k.negated(isPossible), [&] { k.fail("RoiAlign: the regions or the batch indices have a wrong shape"); });
  k.ifThen(isPossible, [&] { RoiAligner(k, op).emit(k.begin, k.end); });
  return success();
}

} // namespace

void registerRoiAlignLowerings(LoweringRegistry &registry) {
  registry.add<nn::RoiAlignOp>({roiAlignItems, emitRoiAlign});
}

} // namespace nnc
