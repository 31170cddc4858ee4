// The reference lowering of nn.conv: right for every rank, element type, padding, grouping and dynamic extent. An item
// is one row of the output; where no tap of the window leaves the input the row is computed in vectors, straight from
// the input's rows. That is also the fast path of depthwise convolutions, which reuse nothing across channels.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/Window.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap convItems(nn::GroupOp group, Operation *root) {
  return itemPerLeadingDims(group, cast<RankedTensorType>(root->getResult(0).getType()).getRank() - 1);
}

class ConvRows {
public:
  ConvRows(KernelBuilder &k, nn::ConvOp op)
      : k(k), op(op), x(k.memref(op.getX())), w(k.memref(op.getW())), window(windowOf(k, op)), n(window.size()),
        xElement(getElementTypeOrSelf(op.getX().getType())), wElement(getElementTypeOrSelf(op.getW().getType())),
        outElement(getElementTypeOrSelf(op.getY().getType())), channels(k.dim(w, 1)) {}

  LogicalResult emit() {
    if (!isa<FloatType, IntegerType>(xElement))
      return op.emitOpError("unsupported element type ") << xElement;
    int64_t work = 1;
    auto shape = cast<RankedTensorType>(op.getW().getType()).getShape();
    for (int64_t extent : shape.drop_front())
      work *= ShapedType::isDynamic(extent) ? 16 : extent;
    int64_t width = cast<RankedTensorType>(op.getY().getType()).getShape().back();
    work *= ShapedType::isDynamic(width) ? 64 : width;
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    k.forEachItem([&](ValueRange point) { row(point); });
    return status;
  }

private:
  /// The outputs (point, *).
  void row(ValueRange at) {
    point.assign(at.begin(), at.end());
    Value filter = point[1];
    Value groupSize = k.div(k.dim(w, 0), k.index(op.getGroups()));
    firstChannel = op.getGroups() == 1 ? k.index(0) : k.mul(k.div(filter, groupSize), channels);
    bias = {};
    if (op.getBias())
      bias = widen(k, memref::LoadOp::create(k.b, k.loc, k.memref(op.getBias()), filter), outElement, outElement);
    // Which taps of the outer dims read inside the input is the same for the whole row.
    outerOrigins.clear();
    outerTaps.clear();
    for (int64_t i = 0; i + 1 < n; ++i) {
      outerOrigins.push_back(window[i].origin(k, point[2 + i]));
      outerTaps.push_back(window[i].taps(k, outerOrigins.back()));
    }

    const WindowDim &inner = window.back();
    std::pair<Value, Value> bounds = inner.interior(k);
    Value first = bounds.first, last = bounds.second;
    auto scalars = [&](Value from, Value to) {
      k.loop(from, to, k.index(1), [&](Value o) { outputs(o, k.b.getF32Type(), /*isInterior=*/false); });
    };
    scalars(k.index(0), first);
    Value o = first;
    if (inner.stride <= 2)
      for (int64_t lanes : {4 * k.lanes(), k.lanes()}) {
        Value step = k.index(lanes), to = k.add(o, k.mul(k.div(k.sub(last, o), step), step));
        k.loop(o, to, step, [&](Value at) { outputs(at, VectorType::get({lanes}, k.b.getF32Type()), true); });
        o = to;
      }
    if (inner.stride <= 2) {
      // The rest once more with what is before it, where that makes a vector.
      Value lanes = k.index(k.lanes()), isWide = k.compare(arith::CmpIPredicate::sle, k.add(first, lanes), last);
      k.ifThen(k.both(isWide, k.compare(arith::CmpIPredicate::slt, o, last)),
               [&] { outputs(k.sub(last, lanes), VectorType::get({k.lanes()}, k.b.getF32Type()), true); });
      o = k.select(isWide, last, o);
    }
    k.loop(o, last, k.index(1), [&](Value at) { outputs(at, k.b.getF32Type(), true); });
    scalars(last, inner.out);
  }

  /// As many outputs from o on as `shape` has lanes.
  void outputs(Value o, Type shape, bool isInterior) {
    const WindowDim &inner = window.back();
    Value origin = inner.origin(k, o);
    std::pair<Value, Value> innerTaps = {k.index(0), k.index(inner.kernel)};
    if (!isInterior)
      innerTaps = inner.taps(k, origin);
    Type type = withShapeOf(shape, computeType(outElement));
    Value sum = bias ? broadcastTo(k, shape, bias) : zeroOf(k, type);
    SmallVector<Value> xAt = {point[0], Value()}, wAt = {point[1], Value()};
    sum = overChannels(sum, xAt, wAt, [&](Value acc) {
      return overTaps(innerTaps, acc, [&](Value tap, Value carried) {
        xAt.push_back(k.add(origin, k.mul(tap, inner.dilation)));
        wAt.push_back(tap);
        Value from = loadWidened(k, x, xAt, shape, xElement, outElement, inner.stride);
        Value factor = loadWidened(k, w, wAt, k.b.getF32Type(), wElement, outElement);
        xAt.pop_back();
        wAt.pop_back();
        return multiplyAdd(k, from, broadcastTo(k, shape, factor), carried);
      });
    });
    SmallVector<Value> indices(point);
    indices.push_back(o);
    if (failed(storeThroughEpilogue(k, op, sum, indices)))
      status = failure();
  }

  using Step = llvm::function_ref<Value(Value acc)>;

  /// The loops over the group's channels and the taps of the outer dims.
  Value overChannels(Value acc, SmallVectorImpl<Value> &xAt, SmallVectorImpl<Value> &wAt, Step body) {
    return overTaps({k.index(0), channels}, acc, [&](Value channel, Value carried) {
      xAt[1] = k.add(firstChannel, channel);
      wAt[1] = channel;
      return overOuterTaps(0, carried, xAt, wAt, body);
    });
  }
  Value overOuterTaps(int64_t i, Value acc, SmallVectorImpl<Value> &xAt, SmallVectorImpl<Value> &wAt, Step body) {
    if (i + 1 == n)
      return body(acc);
    return overTaps(outerTaps[i], acc, [&](Value tap, Value carried) {
      xAt.push_back(k.add(outerOrigins[i], k.mul(tap, window[i].dilation)));
      wAt.push_back(tap);
      Value next = overOuterTaps(i + 1, carried, xAt, wAt, body);
      xAt.pop_back();
      wAt.pop_back();
      return next;
    });
  }
  Value overTaps(std::pair<Value, Value> range, Value acc, llvm::function_ref<Value(Value tap, Value acc)> body) {
    return k.loop(range.first, range.second, k.index(1), acc, [&](Value tap, ValueRange carried) -> SmallVector<Value> {
      return {body(tap, carried[0])};
    })[0];
  }

  KernelBuilder &k;
  nn::ConvOp op;
  Value x, w;
  SmallVector<WindowDim> window;
  int64_t n;
  Type xElement, wElement, outElement;
  Value channels;
  // Of the row at hand:
  SmallVector<Value> point, outerOrigins;
  SmallVector<std::pair<Value, Value>> outerTaps;
  Value firstChannel, bias;
  LogicalResult status = success();
};

LogicalResult emitConv(KernelBuilder &k, Operation *root) { return ConvRows(k, cast<nn::ConvOp>(root)).emit(); }

} // namespace

void registerConvLowerings(LoweringRegistry &registry) {
  registry.add<nn::ConvOp>({convItems, emitConv});
}

} // namespace nnc
