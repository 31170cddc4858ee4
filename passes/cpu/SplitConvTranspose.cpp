// A transposed convolution of stride s writes each input to outputs s apart: output q s + r sums over the
// taps r, r + s, ... alone. The outputs of one remainder r are thus an ordinary convolution of stride 1 with
// every s-th tap, backwards. All remainders together are one convolution with s times the filters (in every
// dim), whose results are then interleaved.
//
// They have not all the same taps and look at not quite the same inputs: one convolution multiplies zeros, and
// computes outputs at the border that are cut off. On small images that is more than half of the work; then each
// remainder has a convolution of its own.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/TransposedWeights.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_SPLITCONVTRANSPOSE
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// One spatial dim.
struct Split {
  int64_t kernel, stride, dilation;
  /// Taps of a remainder, padding of the convolution, and what is cut off the interleaved result.
  int64_t taps, padBegin, padEnd, cutBegin, cutEnd;

  /// False where the padding of the convolution would be negative.
  bool plan(int64_t begin, int64_t end, int64_t outputPadding) {
    if (stride == 1) {
      taps = kernel;
      padBegin = (kernel - 1) * dilation - begin;
      padEnd = (kernel - 1) * dilation - end + outputPadding;
      cutBegin = cutEnd = 0;
      return padBegin >= 0 && padEnd >= 0;
    }
    if (dilation != 1 || begin < 0)
      return false;
    taps = llvm::divideCeilSigned(kernel, stride);
    // More outputs than any input reaches: the convolution looks beyond its input for them.
    int64_t beyond =
        std::max<int64_t>(llvm::divideCeilSigned(kernel + outputPadding - end, stride) - taps, 0);
    padBegin = taps - 1;
    padEnd = taps - 1 + beyond;
    cutBegin = begin;
    cutEnd = stride * (taps + beyond) - kernel - outputPadding + end;
    return cutEnd >= 0;
  }
};

/// One dim of the outputs o = q * stride + remainder: which taps they sum over, and the padding of that convolution.
struct Remainder {
  int64_t first, taps, padBegin, padEnd;

  /// Of `dim` with padding `begin`, from `in` inputs to `count` outputs.
  static Remainder of(const Split &dim, int64_t begin, int64_t remainder, int64_t in, int64_t count) {
    int64_t first = (remainder + begin) % dim.stride, start = (remainder + begin) / dim.stride;
    int64_t taps = llvm::divideCeilSigned(dim.kernel - first, dim.stride);
    return {first, taps, taps - 1 - start, start + count - in};
  }
  bool isConvolution() const { return taps > 0 && padBegin >= 0 && padEnd >= 0; }
};

/// The unary ops that alone follow an op. They are applied before results are interleaved, where they join the kernel
/// of the convolution.
class Activations {
public:
  explicit Activations(Operation *op) : ops{op} {
    while (ops.back()->hasOneUse()) {
      auto unary = dyn_cast<nn::UnaryOp>(*ops.back()->getUsers().begin());
      if (!unary || unary.getY().getType() != unary.getX().getType())
        break;
      ops.push_back(unary);
    }
  }
  Value apply(OpBuilder &b, Value x) const {
    for (Operation *op : ArrayRef(ops).drop_front()) {
      Operation *moved = b.clone(*op);
      moved->setOperand(0, x);
      moved->getResult(0).setType(x.getType());
      x = moved->getResult(0);
    }
    return x;
  }
  /// Puts `result` in the place of the last op and erases all of them.
  void replace(Value result) {
    ops.back()->getResult(0).replaceAllUsesWith(result);
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

private:
  SmallVector<Operation *> ops;
};

struct SplitConvTranspose : impl::SplitConvTransposeBase<SplitConvTranspose> {
  void runOnOperation() override {
    SmallVector<nn::ConvTransposeOp> ops;
    getOperation().walk([&](nn::ConvTransposeOp op) { ops.push_back(op); });
    for (nn::ConvTransposeOp op : ops)
      split(op);
  }

private:
  void split(nn::ConvTransposeOp op) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    if (!x || !y || !TransposedWeights::arePickable(op) || x.isDynamicDim(1) || llvm::is_contained(x.getShape(), 0))
      return;
    size_t n = x.getRank() - 2;
    SmallVector<Split> dims;
    SmallVector<TapRange> taps;
    int64_t phases = 1;
    for (size_t i = 0; i < n; ++i) {
      Split dim{w.getDimSize(2 + i), op.getStrides()[i], op.getDilations()[i], 0, 0, 0, 0, 0};
      if (!dim.plan(op.getPads()[i], op.getPads()[n + i], op.getOutputPadding()[i]))
        return;
      dims.push_back(dim);
      phases *= dim.stride;
      taps.push_back({0, dim.taps, dim.stride});
    }
    int64_t groups = op.getGroups(), filters = w.getDimSize(1);
    OpBuilder b(op);
    Location loc = op.getLoc();
    Activations activations(op);
    TransposedWeights weights(b, op);
    if (Value apart = splitApart(b, op, dims, weights, activations))
      return activations.replace(apart);

    SmallVector<int64_t> pads(2 * n), ones(n, 1), dilations;
    SmallVector<int64_t> outShape = {x.getDimSize(0), groups * phases * filters};
    for (auto [i, dim] : llvm::enumerate(dims)) {
      pads[i] = dim.padBegin;
      pads[n + i] = dim.padEnd;
      dilations.push_back(dim.stride == 1 ? dim.dilation : 1);
      int64_t grows = dim.padBegin + dim.padEnd - (dim.taps - 1) * dilations.back();
      outShape.push_back(x.isDynamicDim(2 + i) ? ShapedType::kDynamic : x.getDimSize(2 + i) + grows);
    }
    Value sums =
        nn::ConvOp::create(b, loc, RankedTensorType::get(outShape, y.getElementType()), op.getX(),
                           weights.ofAll(taps), weights.biasOfAll(phases), ones, pads, dilations, groups,
                           nn::AutoPad::explicit_pads);
    if (phases > 1)
      sums = interleave(b, loc, activations.apply(b, sums), dims, groups, filters, y);
    else
      sums = activations.apply(b, sums);
    activations.replace(sums);
  }

  /// A convolution for each remainder, where that saves work; null elsewhere.
  static Value splitApart(OpBuilder &b, nn::ConvTransposeOp op, ArrayRef<Split> dims,
                          TransposedWeights &weights, const Activations &activations) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    int64_t n = dims.size(), groups = op.getGroups(), channels = w.getDimSize(0) / groups, perGroup = w.getDimSize(1),
            filters = groups * perGroup, phases = 1;
    bool isDepthwise = groups > 1 && channels == 1 && perGroup == 1;
    if (groups > 1 && !isDepthwise && (channels % nn::kBlock || perGroup % nn::kBlock))
      return {};
    if (!x.hasStaticShape() || !y.hasStaticShape() || filters % nn::kBlock ||
        llvm::any_of(dims, [](const Split &dim) { return dim.stride == 1 && dim.dilation != 1; }))
      return {};
    // Extents of all remainders' outputs: those of the longest, which are cut afterwards.
    SmallVector<int64_t> shape = {x.getDimSize(0), filters};
    int64_t together = 1, apart = 0;
    for (int64_t i = 0; i < n; ++i) {
      phases *= dims[i].stride;
      shape.push_back(llvm::divideCeilSigned(y.getDimSize(2 + i), dims[i].stride));
      together *= (x.getDimSize(2 + i) + dims[i].padBegin + dims[i].padEnd - dims[i].taps + 1) * dims[i].taps;
    }
    if (phases == 1)
      return {};
    SmallVector<SmallVector<Remainder>> parts;
    for (int64_t phase = 0; phase < phases; ++phase) {
      SmallVector<Remainder> part(n);
      int64_t rest = phase, work = 1;
      for (int64_t i = n - 1; i >= 0; rest /= dims[i].stride, --i) {
        part[i] = Remainder::of(dims[i], op.getPads()[i], rest % dims[i].stride, x.getDimSize(2 + i), shape[2 + i]);
        if (!part[i].isConvolution())
          return {};
        work *= shape[2 + i] * part[i].taps;
      }
      apart += work;
      parts.push_back(part);
    }
    // All remainders of a channel together would be a group of several filters, for which there are no blocks.
    constexpr int64_t mostDepthwise = 16;
    if (isDepthwise ? phases > mostDepthwise : apart * 10 > together * phases * 9)
      return {};

    Location loc = op.getLoc();
    SmallVector<int64_t> ones(n, 1);
    SmallVector<Value> results;
    for (ArrayRef<Remainder> part : parts) {
      SmallVector<TapRange> taps;
      SmallVector<int64_t> pads(2 * n);
      for (auto [i, dim] : llvm::enumerate(part)) {
        taps.push_back({dim.first, dim.taps, dims[i].stride});
        pads[i] = dim.padBegin;
        pads[n + i] = dim.padEnd;
      }
      Value sums = nn::ConvOp::create(b, loc, y.clone(shape), op.getX(), weights.ofRemainder(taps), op.getBias(), ones,
                                      pads, ones, groups, nn::AutoPad::explicit_pads);
      results.push_back(activations.apply(b, sums));
    }
    SmallVector<int64_t> all(shape);
    all[1] *= phases;
    Value sums = nn::ConcatOp::create(b, loc, y.clone(all), results, 1);
    SmallVector<Split> cuts(dims);
    for (int64_t i = 0; i < n; ++i) {
      cuts[i].cutBegin = 0;
      cuts[i].cutEnd = shape[2 + i] * dims[i].stride - y.getDimSize(2 + i);
    }
    return interleave(b, loc, sums, cuts, /*groups=*/1, filters, y);
  }

  /// [N, groups * remainders * filters, Q1..Qn] to [N, groups * filters, Q1 * s1 .. Qn * sn], cut to the
  /// result. Where the run decides extents, it computes the shapes from that of the sums.
  static Value interleave(OpBuilder &b, Location loc, Value sums, ArrayRef<Split> dims, int64_t groups,
                          int64_t filters, RankedTensorType y) {
    RankedTensorType from = typeOf(sums);
    Type element = from.getElementType();
    int64_t n = dims.size(), batch = from.getDimSize(0);
    bool isStatic = !ShapedType::isDynamicShape(from.getShape().drop_front());
    auto numbers = [&](int64_t count) { return RankedTensorType::get({count}, b.getI64Type()); };
    Value extents = isStatic ? Value() : nn::ShapeOfOp::create(b, loc, numbers(n), sums, 2, 2 + n);
    // The last n extents are the spatial ones times `factors`.
    auto reshape = [&](Value x, SmallVector<int64_t> shape, ArrayRef<int64_t> factors) -> Value {
      auto type = RankedTensorType::get(shape, element);
      shape[0] = ShapedType::isDynamic(batch) ? 0 : batch; // 0: x's own
      Value list;
      if (isStatic) {
        list = createIndexList(b, loc, shape);
      } else {
        Value scaled = extents;
        if (!factors.empty())
          scaled = nn::BinaryOp::create(b, loc, numbers(n), nn::BinaryKind::mul, extents,
                                        createIndexList(b, loc, factors));
        ArrayRef<int64_t> known = ArrayRef(shape).drop_back(n);
        Value parts[] = {createIndexList(b, loc, known), scaled};
        list = nn::ConcatOp::create(b, loc, numbers(shape.size()), parts, 0);
      }
      return nn::ReshapeOp::create(b, loc, type, x, list, /*allow_zero=*/false);
    };
    SmallVector<int64_t> apart = {batch, groups}, together = {batch, groups * filters},
                         turned = {batch, groups, filters};
    SmallVector<int64_t> perm = {0, 1, n + 2};
    for (const Split &dim : dims)
      apart.push_back(dim.stride);
    apart.push_back(filters);
    SmallVector<int64_t> factors;
    for (int64_t i = 0; i < n; ++i) {
      int64_t extent = from.getDimSize(2 + i);
      factors.push_back(dims[i].stride);
      apart.push_back(extent);
      turned.append({extent, dims[i].stride});
      together.push_back(ShapedType::isDynamic(extent) ? extent : extent * dims[i].stride);
      perm.append({n + 3 + i, 2 + i});
    }
    Value result = reshape(sums, apart, {});
    result = nn::TransposeOp::create(b, loc, RankedTensorType::get(turned, element), result, perm);
    result = reshape(result, together, factors);
    SmallVector<int64_t> starts, ends, axes, steps(n, 1);
    bool cuts = false;
    for (int64_t i = 0; i < n; ++i) {
      starts.push_back(dims[i].cutBegin);
      // Counted from the end where the extent is not known.
      ends.push_back(!ShapedType::isDynamic(together[2 + i]) ? together[2 + i] - dims[i].cutEnd
                     : dims[i].cutEnd                        ? -dims[i].cutEnd
                                                             : std::numeric_limits<int64_t>::max());
      axes.push_back(2 + i);
      cuts |= dims[i].cutBegin || dims[i].cutEnd;
    }
    if (!cuts)
      return result;
    return nn::SliceOp::create(b, loc, y, result, createIndexList(b, loc, starts),
                               createIndexList(b, loc, ends), axes, steps);
  }
};

} // namespace
} // namespace nnc
