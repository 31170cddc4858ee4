// nn.blocked_depthwise and nn.blocked_pool: what slides over each channel by itself. An item is one row of
// outputs of one block. A tile of neighbouring outputs is kept in registers while the window's rows go by;
// the inputs of a row are loaded once for all the outputs that share them. Since a pixel is a whole vector,
// padding on the left and on the right concerns no lane but whole taps: the tiles at the borders are written
// with just the taps that read inside.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What the two kinds of windows have in common; `Derived` says what a tap does.
class SlidingWindow {
public:
  SlidingWindow(KernelBuilder &k, Operation *op, Value x, const BlockedGeometry &g)
      : k(k), op(op), g(g), lanes(std::min(k.lanes(), kBlock)),
        vector(VectorType::get({lanes}, k.b.getF32Type())), x(k.flat(k.memref(x))),
        blocks(typeOf(x).getDimSize(1)) {}
  virtual ~SlidingWindow() = default;

  LogicalResult emit() {
    int64_t work = g.columns.out * kBlock * g.rows.kernel * g.columns.kernel;
    k.grain = std::max<int64_t>(1, 65536 / work);
    // Registers: a tile's sums, the weights of a row of taps, and inputs on their way.
    int64_t registers = k.target.vectorBits == 256 ? 16 : 32;
    int64_t most = std::clamp<int64_t>((registers - 2 - g.columns.kernel) * 2 / 3, 1, 14);
    columns = EvenParts{g.columns.out, llvm::divideCeilSigned(g.columns.out, most)};
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      block = point[1];
      row = g.n == 2 ? point[2] : k.index(0);
      Value origin = k.sub(k.mul(row, g.rows.stride), k.index(g.rows.padBegin));
      Value dilation = k.index(g.rows.dilation);
      Value before = k.max(k.sub(k.index(0), origin), k.index(0));
      firstTap = k.div(k.add(before, g.rows.dilation - 1), dilation);
      Value room = k.max(k.sub(k.index(g.rows.in), origin), k.index(0));
      lastTap = k.min(k.div(k.add(room, g.rows.dilation - 1), dilation), k.index(g.rows.kernel));
      Value plane = k.mul(k.add(k.mul(image, blocks), block), g.rows.in);
      base = k.mul(k.add(plane, origin), g.columns.in);
      for (lane = 0; lane < kBlock; lane += lanes)
        overTiles();
    });
    return status;
  }

protected:
  /// The value of a tile's accumulator before the first tap; `column` is the output's.
  virtual Value initial() = 0;
  /// What the taps of row `ky` share: one value per column of the window.
  virtual SmallVector<Value> weightsOf(Value ky) { return SmallVector<Value>(g.columns.kernel); }
  virtual Value combine(Value acc, Value input, Value weight) = 0;
  /// The accumulator as a result, of a window with `taps` columns inside.
  virtual Value finish(Value acc, int64_t taps) { return acc; }

  KernelBuilder &k;
  Operation *op;
  const BlockedGeometry &g;
  int64_t lanes;
  VectorType vector;
  Value x;
  int64_t blocks, lane = 0;
  // Of the item at hand:
  Value image, block, row, firstTap, lastTap;

private:
  bool isInterior(int64_t start, int64_t size) const {
    return g.columns.isInside(start, 0) && g.columns.isInside(start + size - 1, g.columns.kernel - 1);
  }

  /// Tiles at the borders one by one, the ones between them in loops.
  void overTiles() {
    int64_t t = 0, parts = columns.parts;
    auto startOf = [&](int64_t i) { return i * columns.shortSize() + std::min(i, columns.longCount()); };
    auto sizeOf = [&](int64_t i) { return columns.shortSize() + (i < columns.longCount()); };
    while (t < parts) {
      int64_t end = t;
      while (end < parts && isInterior(startOf(end), sizeOf(end)))
        ++end;
      if (end - t < 2) {
        tile(k.index(startOf(t)), sizeOf(t), startOf(t));
        ++t;
        continue;
      }
      columns.forEach(k, k.index(t), k.index(end),
                      [&](Value start, int64_t size) { tile(start, size, std::nullopt); });
      t = end;
    }
  }

  /// The outputs [start, start + size) of the row. `known` is the start of a tile at a border, whose taps may
  /// be outside.
  void tile(Value start, int64_t size, std::optional<int64_t> known) {
    auto isInside = [&](int64_t i, int64_t tap) { return !known || g.columns.isInside(*known + i, tap); };
    SmallVector<Value> sums;
    for (int64_t i = 0; i < size; ++i)
      sums.push_back(initial());
    Value first = k.sub(k.mul(start, g.columns.stride), k.index(g.columns.padBegin));
    sums = k.loop(firstTap, lastTap, k.index(1), sums, [&](Value ky, ValueRange carried) {
      SmallVector<Value> next(carried), weights = weightsOf(ky);
      Value rowBase = k.add(base, k.mul(ky, g.rows.dilation * g.columns.in));
      llvm::SmallDenseMap<int64_t, Value> loaded;
      auto input = [&](int64_t column) {
        Value &value = loaded[column];
        if (!value) {
          Value at = k.add(k.mul(k.add(rowBase, k.add(first, column)), kBlock), lane);
          value = vector::LoadOp::create(k.b, k.loc, vector, x, ValueRange{at});
        }
        return value;
      };
      for (int64_t i = 0; i < size; ++i)
        for (int64_t tap = 0; tap < g.columns.kernel; ++tap)
          if (isInside(i, tap))
            next[i] = combine(next[i], input(i * g.columns.stride + tap * g.columns.dilation), weights[tap]);
      return next;
    });
    for (int64_t i = 0; i < size; ++i) {
      int64_t taps = 0;
      for (int64_t tap = 0; tap < g.columns.kernel; ++tap)
        taps += isInside(i, tap);
      Value result = finish(sums[i], taps);
      if (failed(storeThroughEpilogue(k, op, result,
                                      g.indices(k, image, block, row, k.add(start, i), k.index(lane)))))
        status = failure();
    }
  }

  EvenParts columns{1, 1};
  /// The pixel of x, counted over all rows, that the first tap of column 0 would read.
  Value base;
  LogicalResult status = success();
};

class Depthwise : public SlidingWindow {
public:
  Depthwise(KernelBuilder &k, nn::BlockedDepthwiseOp op, const BlockedGeometry &g)
      : SlidingWindow(k, op, op.getX(), g), w(k.flat(k.memref(op.getW()))) {
    if (op.getBias())
      bias = k.flat(k.memref(op.getBias()));
  }

private:
  Value initial() override {
    if (!bias)
      return zeroOf(k, vector);
    return vector::LoadOp::create(k.b, k.loc, vector, bias, ValueRange{k.add(k.mul(block, kBlock), lane)});
  }
  SmallVector<Value> weightsOf(Value ky) override {
    SmallVector<Value> weights;
    Value tap = k.add(k.mul(block, g.rows.kernel * g.columns.kernel), k.mul(ky, g.columns.kernel));
    for (int64_t kx = 0; kx < g.columns.kernel; ++kx)
      weights.push_back(vector::LoadOp::create(k.b, k.loc, vector, w,
                                               ValueRange{k.add(k.mul(k.add(tap, kx), kBlock), lane)}));
    return weights;
  }
  Value combine(Value acc, Value input, Value weight) override { return multiplyAdd(k, input, weight, acc); }

  Value w, bias;
};

class Pool : public SlidingWindow {
public:
  Pool(KernelBuilder &k, nn::BlockedPoolOp op, const BlockedGeometry &g)
      : SlidingWindow(k, op, op.getX(), g), isMax(op.getKind() == nn::PoolKind::max),
        countPads(op.getCountIncludePad()) {}

private:
  Value initial() override {
    return constantLike(k.b, k.loc, vector, isMax ? -std::numeric_limits<double>::infinity() : 0.0);
  }
  Value combine(Value acc, Value input, Value) override {
    if (isMax)
      return arith::MaximumFOp::create(k.b, k.loc, acc, input);
    return arith::AddFOp::create(k.b, k.loc, acc, input);
  }
  Value finish(Value acc, int64_t taps) override {
    if (isMax)
      return acc;
    if (countPads)
      return arith::DivFOp::create(k.b, k.loc, acc,
                                   constantLike(k.b, k.loc, vector, g.rows.kernel * g.columns.kernel));
    Value count = k.mul(k.max(k.sub(lastTap, firstTap), k.index(0)), taps);
    Value number =
        arith::SIToFPOp::create(k.b, k.loc, k.b.getF32Type(), k.fromIndex(count, k.b.getI64Type()));
    return arith::DivFOp::create(k.b, k.loc, acc, broadcastTo(k, vector, number));
  }

  bool isMax, countPads;
};

template <typename OpTy, typename WindowTy>
LogicalResult emitWindow(KernelBuilder &k, Operation *root) {
  auto op = cast<OpTy>(root);
  BlockedGeometry g(k.group, op, op.getX(), op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(),
                    false);
  return WindowTy(k, op, g).emit();
}

AffineMap windowItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, typeOf(root->getResult(0)).getRank() - 2);
}

} // namespace

void registerBlockedWindowLowerings(LoweringRegistry &registry) {
  registry.add<nn::BlockedDepthwiseOp>(
      {windowItems, emitWindow<nn::BlockedDepthwiseOp, Depthwise>});
  registry.add<nn::BlockedPoolOp>({windowItems, emitWindow<nn::BlockedPoolOp, Pool>});
}

} // namespace nnc
