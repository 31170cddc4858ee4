// Lowering of nn.normalize: the moments of a lane, then every element shifted and scaled. Rows of f32
// have a kernel of their own (NormalizeRows.cpp).
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/NormalizeRows.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap normalizeItems(nn::GroupOp group, Operation *root) {
  ArrayRef<int64_t> axes = cast<nn::NormalizeOp>(root).getAxes();
  int64_t rank = cast<RankedTensorType>(group.getResult(0).getType()).getRank();
  SmallVector<AffineExpr> kept;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      kept.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, kept, group.getContext());
}

LogicalResult emitNormalize(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::NormalizeOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!isa<FloatType>(element))
    return op.emitOpError("unsupported element type ") << element;
  if (isAlongRows(op))
    return emitNormalizeRows(k, op);
  Type type = computeType(element);
  FlatTensor x(k, k.memref(op.getX()), element), y(k, k.output(0), element);
  Lanes lanes(k, op.getX(), op.getAxes(), type, 4);
  k.grain = lanes.grain(3);

  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(k.b, k.loc, a, b); };
  auto sub = [&](Value a, Value b) -> Value { return arith::SubFOp::create(k.b, k.loc, a, b); };
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(k.b, k.loc, a, b); };
  auto div = [&](Value a, Value b) -> Value { return arith::DivFOp::create(k.b, k.loc, a, b); };
  Value length = arith::SIToFPOp::create(k.b, k.loc, type, k.fromIndex(lanes.length(), k.b.getI64Type()));
  bool centers = op.getKind() == nn::NormalizeKind::standard;
  Accumulator sum = accumulator(Join::add, type, false);

  lanes.forEach([&](Lane &lane) {
    Value count = spread(k, length, lane.shape), mean;
    auto load = [&](Spot at) {
      Value value = x.load(at.shape, at.offset);
      return centers && mean ? sub(value, spread(k, mean, at.shape)) : value;
    };
    // The variance from the centered elements: the difference of the two moments would cancel where the mean is large.
    if (centers)
      mean = div(lane.fold(sum, load), count);
    Value squares = lane.fold(sum, [&](Spot at) {
      Value value = load(at);
      return mul(value, value);
    });
    Value epsilon = constantLike(k.b, k.loc, lane.shape, op.getEpsilon().convertToDouble());
    Value deviation = math::SqrtOp::create(k.b, k.loc, add(div(squares, count), epsilon));
    Value scale = div(constantLike(k.b, k.loc, lane.shape, 1.0), deviation);
    lane.map([&](Spot at) { y.store(mul(load(at), spread(k, scale, at.shape)), at.offset); });
  });
  return success();
}

} // namespace

void registerNormalizeLowerings(LoweringRegistry &registry) {
  registry.add<nn::NormalizeOp>({normalizeItems, emitNormalize, nullptr, /*epilogueInPlace=*/true});
}

} // namespace nnc
