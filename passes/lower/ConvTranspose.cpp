// The reference lowering of nn.conv_transpose. Each output gathers what reaches it: tap k of output o comes from input
// (o + begin - k * dilation) / stride where that is a whole number inside the input. An item is one row of the output.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap convTransposeItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, cast<RankedTensorType>(root->getResult(0).getType()).getRank() - 1);
}

LogicalResult emitConvTranspose(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::ConvTransposeOp>(root);
  Type xElement = getElementTypeOrSelf(op.getX().getType()), wElement = getElementTypeOrSelf(op.getW().getType());
  Type outElement = getElementTypeOrSelf(op.getY().getType());
  if (!isa<FloatType, IntegerType>(xElement))
    return op.emitOpError("unsupported element type ") << xElement;
  auto wType = cast<RankedTensorType>(op.getW().getType());
  int64_t n = wType.getRank() - 2;
  Value x = k.memref(op.getX()), w = k.memref(op.getW()), zero = k.index(0);
  Value channels = k.div(k.dim(x, 1), k.index(op.getGroups())), filters = k.dim(w, 1);
  Type scalar = k.b.getF32Type();
  k.grain = 8;

  LogicalResult status = success();
  k.forEachItem([&](ValueRange point) {
    Value group = k.div(point[1], filters), filter = k.rem(point[1], filters);
    Value firstChannel = k.mul(group, channels);
    Value bias = op.getBias() ? loadWidened(k, k.memref(op.getBias()), point[1], scalar, outElement, outElement)
                              : zeroOf(k, computeType(outElement));
    k.loop(k.dim(k.output(0), n + 1), [&](Value last) {
      SmallVector<Value> indices(point), xAt = {point[0], zero}, wAt = {zero, filter};
      indices.push_back(last);
      std::function<Value(int64_t, Value)> taps = [&](int64_t i, Value acc) -> Value {
        if (i == n)
          return k.loop(zero, channels, k.index(1), acc, [&](Value c, ValueRange carried) -> SmallVector<Value> {
            xAt[1] = wAt[0] = k.add(firstChannel, c);
            Value from = loadWidened(k, x, xAt, scalar, xElement, outElement);
            Value factor = loadWidened(k, w, wAt, scalar, wElement, outElement);
            return {multiplyAdd(k, from, factor, carried[0])};
          })[0];
        Value kernel = k.index(wType.getDimSize(2 + i)), stride = k.index(op.getStrides()[i]);
        Value origin = k.add(indices[2 + i], op.getPads()[i]);
        return k.loop(zero, kernel, k.index(1), acc, [&](Value tap, ValueRange carried) -> SmallVector<Value> {
          Value distance = k.sub(origin, k.mul(tap, op.getDilations()[i]));
          Value positive = k.max(distance, zero), in = k.div(positive, stride);
          Value whole = k.compare(arith::CmpIPredicate::eq, k.mul(in, stride), distance);
          Value inside = k.both(whole, k.inRange(in, k.dim(x, 2 + i)));
          Value next = k.ifElse(
              inside,
              [&] {
                xAt.push_back(in);
                wAt.push_back(tap);
                Value sum = taps(i + 1, carried[0]);
                xAt.pop_back();
                wAt.pop_back();
                return sum;
              },
              [&] { return Value(carried[0]); });
          return {next};
        })[0];
      };
      if (failed(storeThroughEpilogue(k, root, taps(0, bias), indices)))
        status = failure();
    });
  });
  return status;
}

} // namespace

void registerConvTransposeLowerings(LoweringRegistry &registry) {
  registry.add<nn::ConvTransposeOp>({convTransposeItems, emitConvTranspose});
}

} // namespace nnc
