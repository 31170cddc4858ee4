// Lowering of nn.lrn: an item is one channel of one image, vectorized over the places in it.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/MathFunctions.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap lrnItems(nn::GroupOp group, Operation *) { return itemPerLeadingDims(group, 2); }

LogicalResult emitLrn(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::LrnOp>(root);
  auto tensorType = cast<RankedTensorType>(op.getX().getType());
  Type element = tensorType.getElementType();
  if (!isa<FloatType>(element))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element);
  FlatTensor x(k, k.memref(op.getX()), element), y(k, k.output(0), element);
  int64_t size = op.getSize();
  Value channels = k.dimOf(op.getX(), 1), area = k.index(1);
  for (int64_t i = 2; i < tensorType.getRank(); ++i)
    area = k.mul(area, k.dimOf(op.getX(), i));
  double scale = op.getAlpha().convertToDouble() / size, beta = op.getBeta().convertToDouble();
  double bias = op.getBias().convertToDouble();

  auto place = [&](Type shape, Value image, Value from, Value to, Value at, Value i) {
    Value zero = constantLike(k.b, k.loc, withShapeOf(shape, type), 0.0);
    Value sum = k.loop(from, to, k.index(1), zero, [&](Value channel, ValueRange carried) -> SmallVector<Value> {
      Value v = x.load(shape, k.add(k.mul(k.add(image, channel), area), i));
      Value square = arith::MulFOp::create(k.b, k.loc, v, v);
      return {arith::AddFOp::create(k.b, k.loc, carried[0], square)};
    })[0];
    auto c = [&](double value) { return constantLike(k.b, k.loc, sum.getType(), value); };
    Value base = arith::AddFOp::create(k.b, k.loc, c(bias), arith::MulFOp::create(k.b, k.loc, c(scale), sum));
    Value divisor;
    if (beta == 0.75) { // what every published network uses
      Value root = math::SqrtOp::create(k.b, k.loc, base);
      divisor = arith::MulFOp::create(k.b, k.loc, root, math::SqrtOp::create(k.b, k.loc, root));
    } else {
      divisor = power(k.b, k.loc, base, c(beta));
    }
    Value here = k.add(at, i);
    y.store(arith::DivFOp::create(k.b, k.loc, x.load(shape, here), divisor), here);
  };
  k.grain = 16;
  k.forEachItem([&](ValueRange point) {
    Value image = k.mul(point[0], channels), channel = point[1];
    Value from = k.max(k.sub(channel, k.index((size - 1) / 2)), k.index(0));
    Value to = k.min(k.add(channel, size / 2 + 1), channels);
    Value at = k.mul(k.add(image, channel), area);
    int64_t lanes = std::max<int64_t>(1, k.target.vectorBits / type.getIntOrFloatBitWidth());
    Value width = k.index(lanes), vectorEnd = k.mul(k.div(area, width), width);
    Type shape = VectorType::get({lanes}, type);
    k.loop(k.index(0), vectorEnd, width, [&](Value i) { place(shape, image, from, to, at, i); });
    k.loop(vectorEnd, area, k.index(1), [&](Value i) { place(type, image, from, to, at, i); });
  });
  return success();
}

} // namespace

void registerLrnLowerings(LoweringRegistry &registry) { registry.add<nn::LrnOp>({lrnItems, emitLrn}); }

} // namespace nnc
