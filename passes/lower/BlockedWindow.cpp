// nn.blocked_depthwise and nn.blocked_pool: an item is one row of outputs of one block. Items of the upper
// half of an image come before those of the lower half: so two threads read rows that the convolution before,
// whose items are pixels where weights are small, has left in their own caches.
#include "dialects/nn/Blocked.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SlidingWindow.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

class Depthwise : public DepthwiseWindow {
public:
  Depthwise(KernelBuilder &k, nn::BlockedDepthwiseOp op, const BlockedGeometry &g)
      : DepthwiseWindow(k, op, k.flat(k.memref(op.getX())), typeOf(op.getX()).getDimSize(1),
                        k.flat(k.memref(op.getW())),
                        op.getBias() ? k.flat(k.memref(op.getBias())) : Value(), g, op.getPerGroup()) {
    auto depth = op.getDepth();
    if (!depth)
      return;
    ArrayRef<int64_t> d = *depth;
    int64_t volumes = typeOf(op.getX()).getDimSize(0) / d[0], out = typeOf(op.getY()).getDimSize(0) / volumes;
    alongDepth({d[0], out, d[1], d[2], d[3], d[4], d[5]});
  }
};

class Pool : public SlidingWindow {
public:
  Pool(KernelBuilder &k, nn::BlockedPoolOp op, const BlockedGeometry &g)
      : SlidingWindow(k, op, k.flat(k.memref(op.getX())), typeOf(op.getX()).getDimSize(1), g),
        isMax(op.getKind() == nn::PoolKind::max), countPads(op.getCountIncludePad()) {}

private:
  Value initial() override {
    return constantLike(k.b, k.loc, vector, isMax ? -std::numeric_limits<double>::infinity() : 0.0);
  }
  Value combine(Value acc, Value input, Value) override {
    if (isMax)
      return arith::MaximumFOp::create(k.b, k.loc, acc, input);
    return arith::AddFOp::create(k.b, k.loc, acc, input);
  }
  Value finish(Value acc, Value taps) override {
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
  g.findExtents(k, op.getX());
  WindowTy window(k, op, g);
  k.grain = std::max<int64_t>(1, 65536 / window.rowWork());
  LogicalResult status = success();
  std::optional<int64_t> half = windowHalf(typeOf(op.getY()).getShape());
  k.forEachItem([&](ValueRange point) {
    if (!half) {
      status = window.outputRow(point[0], point[1], g.n == 2 ? point[2] : k.index(0));
      return;
    }
    Value row = k.add(k.mul(point[1], *half), point[3]);
    auto outputRow = [&] { status = window.outputRow(point[0], point[2], row); };
    if (g.rows.out % 2 == 0)
      outputRow();
    else
      k.ifThen(k.compare(arith::CmpIPredicate::slt, row, k.index(g.rows.out)), outputRow);
  });
  return status;
}

AffineMap windowItems(nn::GroupOp group, Operation *root) {
  RankedTensorType type = typeOf(root->getResult(0));
  std::optional<int64_t> half = windowHalf(type.getShape());
  if (!half)
    return itemPerLeadingDims(group, type.getRank() - 2);
  MLIRContext *context = group.getContext();
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  return AffineMap::get(
      5, 0, {getAffineDimExpr(0, context), constant(2), constant(type.getDimSize(1)), constant(*half)},
      context);
}

} // namespace

void registerBlockedWindowLowerings(LoweringRegistry &registry) {
  registry.add<nn::BlockedDepthwiseOp>(
      {windowItems, emitWindow<nn::BlockedDepthwiseOp, Depthwise>});
  registry.add<nn::BlockedPoolOp>({windowItems, emitWindow<nn::BlockedPoolOp, Pool>});
}

} // namespace nnc
