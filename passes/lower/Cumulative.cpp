// Lowering of nn.cumulative: running sums and products, vectorized over neighbouring lanes.
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap cumulativeItems(nn::GroupOp group, Operation *root) {
  return itemPerRow(group, cast<nn::CumulativeOp>(root).getAxis());
}

LogicalResult emitCumulative(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::CumulativeOp>(root);
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!isa<FloatType, IntegerType>(element) || element.isInteger(1))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element);
  FlatTensor x(k, k.memref(op.getX()), element), y(k, k.output(0), element);
  // Whole lines of several vectors: from one step to the next is further than machines fetch ahead.
  Lanes lanes(k, op.getX(), static_cast<int64_t>(op.getAxis()), type, 16);
  k.grain = lanes.grain(2);
  Join join = op.getKind() == nn::CumulativeKind::sum ? Join::add : Join::mul;
  Accumulator total = accumulator(join, type, isUnsignedElement(element));
  lanes.forEach([&](Lane &lane) {
    Value start = spread(k, arith::ConstantOp::create(k.b, k.loc, total.neutral), lane.shape);
    lane.scan(op.getReverse(), start, [&](Spot at, ValueRange carried) -> SmallVector<Value> {
      Value next = vector::makeArithReduction(k.b, k.loc, total.kind, carried[0], x.load(at.shape, at.offset));
      y.store(op.getExclusive() ? carried[0] : next, at.offset);
      return {next};
    });
  });
  return success();
}

} // namespace

void registerCumulativeLowerings(LoweringRegistry &registry) {
  registry.add<nn::CumulativeOp>({cumulativeItems, emitCumulative});
}

} // namespace nnc
