// nn.packed_conv by the micro-kernel, on plain NCHW. A few vectors of neighbouring outputs of one image ("pixels") are
// a column block of a matrix product: the inputs that they read are gathered into a panel [depth][pixels] in the
// first-level cache, channel by channel and tap by tap, with zeros where the window leaves the input. Every filter then
// runs over that panel, which spreads the cost of gathering.
//
// A few pixels would leave most lanes of such vectors empty: a short signal at the end of its network has one. They are
// the scalars of the micro-kernel, then, and its vectors lie along the six filters of a panel.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Exponential.h"
#include "passes/lower/GatheredPixels.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedConvOp::kPanelFilters;

/// So many pixels are few: they take two tiles of four.
constexpr int64_t kFewPixels = 8, kFewAtOnce = 4;
/// Lanes of a vector of filters, of which the last ones stay empty.
constexpr int64_t kFilterLanes = 8;

class PackedConv {
public:
  PackedConv(KernelBuilder &k, nn::PackedConvOp op)
      : k(k), op(op), shape(op), plan(planPackedConv(shape, op, k.target)), space(k, op),
        gatheredPixels(k, op, shape, plan, space),
        wElement(getElementTypeOrSelf(op.getPanels().getType())),
        outElement(getElementTypeOrSelf(op.getY().getType())), panels(k.memref(op.getPanels())),
        vector(VectorType::get({plan.lanes}, computeType(outElement))), pixels(plan.vectors * plan.lanes),
        shortEpilogue(hasShortEpilogue(k.group)) {
    parts = llvm::divideCeil(shape.taps, plan.tapBlock);
    blocks = parts * llvm::divideCeil(shape.channels, plan.channelBlock);
    gathered = scratch({plan.channelBlock * plan.tapBlock, pixels});
    sums = scratch({blocks > 1 || mayBeFew() ? plan.filterBlock : plan.filters, pixels});
    if (mayBeFew())
      filterSums = scratch({fewPanels(), kFewAtOnce, kFilterLanes});
  }

  LogicalResult emit() {
    int64_t work = pixels * plan.filterBlock * shape.taps * shape.channels;
    k.grain = std::max<int64_t>(1, 200000 / std::max<int64_t>(work, 1));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      group = point[1];
      firstFilter = k.mul(point[2], plan.filterBlock);
      filterCount = k.min(k.sub(k.index(shape.filters), firstFilter), k.index(plan.filterBlock));
      space.forEachTile(point.drop_front(3), pixels, [&](Value first) { pixelTile(first); });
    });
    return status;
  }

private:
  Value scratch(ArrayRef<int64_t> extents) {
    auto type = MemRefType::get(extents, vector.getElementType());
    return memref::AllocaOp::create(k.b, k.loc, type, k.b.getI64IntegerAttr(64));
  }

  /// Whether some tile has few pixels, as far as is known, and filters that can be the lanes of a vector.
  bool mayBeFew() const {
    if (k.target.vectorBits < 256 || !wElement.isF32() || !outElement.isF32())
      return false;
    std::optional<int64_t> known = getConstantIntValue(space.count);
    return !known || (*known % pixels > 0 && *known % pixels <= kFewPixels);
  }

  /// All filters of the item for the pixels from `first` on.
  void pixelTile(Value first) {
    base = first;
    tilePixels = k.min(k.sub(space.count, base), k.index(pixels));
    if (mayBeFew())
      areFew = k.compare(arith::CmpIPredicate::sle, tilePixels, k.index(kFewPixels));
    if (blocks == 1) {
      gather(k.index(0), k.index(shape.taps), k.index(0), k.index(shape.channels));
      nextChannel = k.index(0);
      nextPixel = k.add(base, pixels);
      Value depth = k.index(shape.taps * shape.channels);
      auto asFew = [&] {
        startSums();
        addFew(k.index(0), depth);
        writeSums(firstFilter, filterCount);
      };
      ifFew(asFew, [&] {
        overFilters([&](Value filter, int64_t count) {
          SmallVector<Value> initial;
          for (int64_t i = 0; i < count; ++i)
            initial.append(plan.vectors, broadcastTo(k, vector, biasOf(k.add(filter, i))));
          finish(filter, count, products(filter, count, k.index(0), depth, initial));
        });
      });
      return;
    }
    // Long sums come in parts; what is summed so far waits in `sums`.
    startSums();
    k.loop(k.index(blocks), [&](Value block) {
      Value tap = k.mul(k.rem(block, k.index(parts)), plan.tapBlock);
      Value tapEnd = k.min(k.add(tap, plan.tapBlock), k.index(shape.taps));
      Value channel = k.mul(k.div(block, k.index(parts)), plan.channelBlock);
      Value channelEnd = k.min(k.add(channel, plan.channelBlock), k.index(shape.channels));
      gather(tap, tapEnd, channel, channelEnd);
      Value isLast = k.compare(arith::CmpIPredicate::eq, channelEnd, k.index(shape.channels));
      nextChannel = k.select(isLast, k.index(0), channelEnd);
      nextPixel = k.select(isLast, k.add(base, pixels), base);
      // Blocks with a part of the taps have one channel, so that their weights, too, lie together.
      Value from = k.add(k.mul(channel, shape.taps), tap);
      Value depth = k.mul(k.sub(tapEnd, tap), k.sub(channelEnd, channel));
      ifFew([&] { addFew(from, depth); }, [&] {
        overFilters([&](Value filter, int64_t count) {
          SmallVector<Value> initial;
          Value row = k.sub(filter, firstFilter);
          for (int64_t i = 0; i < count; ++i)
            for (int64_t j = 0; j < plan.vectors; ++j)
              initial.push_back(vector::LoadOp::create(k.b, k.loc, vector, sums,
                                                       ValueRange{k.add(row, i), k.index(j * plan.lanes)}));
          SmallVector<Value> next = products(filter, count, from, depth, initial);
          for (int64_t i = 0; i < count; ++i)
            for (int64_t j = 0; j < plan.vectors; ++j)
              storeSum(next[i * plan.vectors + j], k.add(row, i), j);
        });
      });
    });
    writeSums(firstFilter, filterCount);
  }

  void ifFew(llvm::function_ref<void()> few, llvm::function_ref<void()> many) {
    if (!areFew)
      return many();
    Value areMany = k.negated(areFew);
    k.ifThen(areFew, few);
    k.ifThen(areMany, many);
  }

  /// The biases of the item's filters.
  void startSums() {
    k.loop(filterCount, [&](Value i) {
      Value bias = broadcastTo(k, vector, biasOf(k.add(firstFilter, i)));
      for (int64_t j = 0; j < plan.vectors; ++j)
        storeSum(bias, i, j);
    });
  }

  /// Adds the products with few pixels to `sums`.
  void addFew(Value from, Value depth) {
    Value isOne = k.compare(arith::CmpIPredicate::eq, tilePixels, k.index(1)), areMore = k.negated(isOne);
    Value width = k.index(kWidth), end = k.div(k.add(filterCount, kWidth - 1), width);
    k.loop(k.index(0), end, k.index(fewPanels()), [&](Value panel) {
      k.ifThen(isOne, [&] { fewTile(1, k.index(0), panel, end, from, depth); });
      k.ifThen(areMore, [&] {
        k.loop(k.index(0), tilePixels, k.index(kFewAtOnce),
               [&](Value pixel) { fewTile(kFewAtOnce, pixel, panel, end, from, depth); });
      });
    });
  }

  /// Panels side by side: with four pixels all of AVX2's registers but some, and of AVX-512's enough.
  int64_t fewPanels() const { return k.target.vectorBits == 256 ? 2 : 3; }

  /// Some pixels times the filters of some of the item's panels, of which there are `end`.
  void fewTile(int64_t count, Value pixel, Value panel, Value end, Value from, Value depth) {
    auto filters = VectorType::get({kFilterLanes}, vector.getElementType());
    MicroKernel kernel{count, fewPanels(), filters, /*parts=*/kFewAtOnce / count};
    Value mask = firstLanes(k, k.index(kWidth), kFilterLanes);
    Value none = zeroOf(k, filters), firstPanel = k.div(firstFilter, k.index(kWidth)), last = k.sub(end, k.index(1));
    auto scalar = [&](int64_t i, Value step) -> Value {
      return memref::LoadOp::create(k.b, k.loc, gathered, ValueRange{step, k.add(pixel, i)});
    };
    // Past the last panel it is read again.
    auto panelOf = [&](int64_t j, Value step) -> Value {
      SmallVector<Value> at = {group, k.add(firstPanel, k.min(k.add(panel, j), last)), k.add(from, step), k.index(0)};
      return vector::MaskedLoadOp::create(k.b, k.loc, filters, panels, at, mask, none);
    };
    SmallVector<Value> results = kernel.emit(k, k.index(0), depth, kernel.zeros(k), scalar, panelOf);
    for (auto [n, result] : llvm::enumerate(results))
      vector::StoreOp::create(k.b, k.loc, result, filterSums,
                              ValueRange{k.index(n % kernel.vectors), k.index(n / kernel.vectors), k.index(0)});
    k.loop(k.min(k.sub(end, panel), k.index(kernel.vectors)), [&](Value j) {
      Value row = k.mul(k.add(panel, j), k.index(kWidth));
      k.loop(k.min(k.sub(filterCount, row), k.index(kWidth)), [&](Value filter) {
        for (int64_t i = 0; i < count; ++i) {
          Value sum = memref::LoadOp::create(k.b, k.loc, filterSums, ValueRange{j, k.index(i), filter});
          Value at[] = {k.add(row, filter), k.add(pixel, i)};
          Value before = memref::LoadOp::create(k.b, k.loc, sums, at);
          memref::StoreOp::create(k.b, k.loc, arith::AddFOp::create(k.b, k.loc, before, sum), sums, at);
        }
      });
    });
  }

  /// The register tiles of the item's filters: full ones and a rest, which only the group's last filters have.
  void overFilters(llvm::function_ref<void(Value filter, int64_t count)> body) {
    Value step = k.index(plan.filters), end = k.add(firstFilter, filterCount);
    Value fullEnd = k.add(firstFilter, k.mul(k.div(filterCount, step), step));
    k.loop(firstFilter, fullEnd, step, [&](Value filter) { body(filter, plan.filters); });
    if (int64_t rest = shape.filters % plan.filters)
      k.ifThen(k.compare(arith::CmpIPredicate::slt, fullEnd, end), [&] { body(fullEnd, rest); });
  }

  SmallVector<Value> products(Value filter, int64_t count, Value from, Value depth, ValueRange initial) {
    MicroKernel kernel{count, plan.vectors, vector};
    kernel.unroll = stepsOfTurn(k.target);
    Value panel = k.div(filter, k.index(kWidth));
    auto left = [&](int64_t i, Value step) {
      SmallVector<Value> at = {group, k.add(panel, i / kWidth), k.add(from, step), k.index(i % kWidth)};
      return loadWidened(k, panels, at, vector.getElementType(), wElement, outElement);
    };
    auto right = [&](int64_t j, Value step) -> Value {
      return vector::LoadOp::create(k.b, k.loc, vector, gathered, ValueRange{step, k.index(j * plan.lanes)});
    };
    if (!space.isPointwise)
      return kernel.emit(k, k.index(0), depth, initial, left, right);
    return kernel.emit(k, k.index(0), depth, initial, left, right,
                       [&](Value step, int64_t, int64_t) { fetchNext(k.sub(filter, firstFilter), step); });
  }

  /// A step of a pointwise convolution's tile asks for what the next panel gathers of one channel, on a page of its
  /// own: the item's tiles share the lines.
  void fetchNext(Value filterOfItem, Value step) {
    constexpr int64_t lineBytes = 64;
    int64_t perLine = lineBytes * 8 / storageType(getElementTypeOrSelf(op.getX().getType())).getIntOrFloatBitWidth();
    int64_t lines = llvm::divideCeil(pixels, perLine), tiles = llvm::divideCeil(plan.filterBlock, plan.filters);
    int64_t perTile = llvm::divideCeil(lines, tiles);
    // With more tiles than lines, neighbouring tiles ask for the same one.
    Value tile = k.div(filterOfItem, k.index(plan.filters));
    Value first = perTile == 1 ? k.div(k.mul(tile, lines), k.index(tiles)) : k.mul(tile, perTile);
    for (int64_t i = 0; i < perTile; ++i) {
      SmallVector<Value> at = {image, k.add(k.add(k.mul(group, shape.channels), nextChannel), step),
                               k.add(nextPixel, k.mul(k.add(first, i), perLine))};
      memref::PrefetchOp::create(k.b, k.loc, space.input, at, /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
    }
  }

  Value filterIndex(Value filter) { return k.add(k.mul(group, shape.filters), filter); }

  Value biasOf(Value filter) {
    if (!op.getBias())
      return zeroOf(k, vector.getElementType());
    return loadWidened(k, k.memref(op.getBias()), filterIndex(filter), vector.getElementType(), outElement, outElement);
  }

  void storeSum(Value value, Value row, int64_t j) {
    vector::StoreOp::create(k.b, k.loc, value, sums, ValueRange{row, k.index(j * plan.lanes)});
  }

  /// A tile's results through the epilogue to the output: from registers where that is short and all pixels exist.
  void finish(Value filter, int64_t count, ArrayRef<Value> results) {
    auto throughMemory = [&] {
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < plan.vectors; ++j)
          storeSum(results[i * plan.vectors + j], k.index(i), j);
      writeSums(filter, k.index(count));
    };
    if (!shortEpilogue)
      return throughMemory();
    Value isFull = k.compare(arith::CmpIPredicate::sle, k.add(base, pixels), space.count);
    k.ifThen(isFull, [&] {
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < plan.vectors; ++j)
          write(results[i * plan.vectors + j], k.add(filter, i), k.add(base, j * plan.lanes));
    });
    k.ifThen(k.compare(arith::CmpIPredicate::sgt, k.add(base, pixels), space.count), throughMemory);
  }

  /// Rows [0, count) of `sums` are those of the filters from `filter` on.
  void writeSums(Value filter, Value count) {
    Value lanes = k.index(plan.lanes);
    Value vectorEnd = k.mul(k.div(tilePixels, lanes), lanes);
    k.loop(count, [&](Value i) {
      k.loop(k.index(0), vectorEnd, lanes, [&](Value j) {
        write(vector::LoadOp::create(k.b, k.loc, vector, sums, ValueRange{i, j}), k.add(filter, i), k.add(base, j));
      });
      k.loop(vectorEnd, tilePixels, k.index(1), [&](Value j) {
        write(memref::LoadOp::create(k.b, k.loc, sums, ValueRange{i, j}), k.add(filter, i), k.add(base, j));
      });
    });
  }

  void write(Value value, Value filter, Value pixel) {
    if (failed(space.store(value, image, filterIndex(filter), pixel)))
      status = failure();
  }

  /// Fills `gathered` with what the pixels read through some taps of some channels.
  void gather(Value tap, Value tapEnd, Value channel, Value channelEnd) {
    Value count = k.index(pixels);
    if (areFew)
      count = k.select(areFew, k.mul(k.div(k.add(tilePixels, kFewAtOnce - 1), k.index(kFewAtOnce)), kFewAtOnce), count);
    gatheredPixels.fill(gathered, image, k.mul(group, shape.channels), base, count,
                        {tap, tapEnd, channel, channelEnd});
  }

  KernelBuilder &k;
  nn::PackedConvOp op;
  PackedConvShape shape;
  ConvPlan plan;
  PixelSpace space;
  GatheredPixels gatheredPixels;
  Type wElement, outElement;
  Value panels;
  VectorType vector;
  int64_t pixels, parts, blocks;
  bool shortEpilogue;
  /// The panel of inputs; sums on their way from registers, those of few pixels by panels, pixels and filters.
  Value gathered, sums, filterSums;
  // Of the item and tile at hand:
  Value image, group, firstFilter, filterCount, base;
  /// How many pixels the tile has, and whether they are few: null where that is out of the question.
  Value tilePixels, areFew;
  /// Where what is gathered next begins.
  Value nextChannel, nextPixel;
  LogicalResult status = success();
};

AffineMap packedConvItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::PackedConvOp>(root);
  PackedConvShape shape(op);
  ConvPlan plan = planPackedConv(shape, op, target);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(0, context), getAffineConstantExpr(op.getGroups(), context),
                                     getAffineConstantExpr(llvm::divideCeil(shape.filters, plan.filterBlock), context)};
  appendPixelItems(results, group, op, plan.vectors * plan.lanes);
  return AffineMap::get(op.getKernel().size() + 2, 0, results, context);
}

LogicalResult emitPackedConv(KernelBuilder &k, Operation *root) {
  return PackedConv(k, cast<nn::PackedConvOp>(root)).emit();
}

} // namespace

void registerPackedConvLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedConvOp>({nullptr, emitPackedConv, packedConvItems});
}

} // namespace nnc
