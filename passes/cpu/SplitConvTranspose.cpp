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
#include "passes/cpu/ConstantElements.h"
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

  /// The tap of the transposed convolution that tap `j` of remainder `r` is, or -1.
  int64_t tapOf(int64_t r, int64_t j) const {
    int64_t tap = r + (taps - 1 - j) * stride;
    return tap < kernel ? tap : -1;
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
    auto weight = elementsOf(constantValue(op.getW()));
    auto bias = op.getBias() ? elementsOf(constantValue(op.getBias())) : Elements();
    if (!x || !y || !weight || !bias || !w.hasStaticShape() || w.getNumElements() == 0 ||
        x.isDynamicDim(1) || llvm::is_contained(x.getShape(), 0))
      return;
    size_t n = x.getRank() - 2;
    SmallVector<Split> dims;
    int64_t phases = 1, taps = 1;
    for (size_t i = 0; i < n; ++i) {
      Split dim{w.getDimSize(2 + i), op.getStrides()[i], op.getDilations()[i], 0, 0, 0, 0, 0};
      if (!dim.plan(op.getPads()[i], op.getPads()[n + i], op.getOutputPadding()[i]))
        return;
      dims.push_back(dim);
      phases *= dim.stride;
      taps *= dim.taps;
    }
    int64_t groups = op.getGroups(), channels = w.getDimSize(0) / groups, filters = w.getDimSize(1);
    OpBuilder b(op);
    Location loc = op.getLoc();
    Activations activations(op);
    if (Value apart = splitApart(b, op, dims, *weight, activations))
      return activations.replace(apart);

    // [groups, remainders, filters] x [channels, taps], and a bias for each of the former.
    SmallVector<int64_t> weightShape = {groups * phases * filters, channels}, kernel, pads(2 * n), ones(n, 1),
                         dilations;
    SmallVector<int64_t> outShape = {x.getDimSize(0), groups * phases * filters};
    for (auto [i, dim] : llvm::enumerate(dims)) {
      kernel.push_back(dim.taps);
      pads[i] = dim.padBegin;
      pads[n + i] = dim.padEnd;
      dilations.push_back(dim.stride == 1 ? dim.dilation : 1);
      int64_t grows = dim.padBegin + dim.padEnd - (dim.taps - 1) * dilations.back();
      outShape.push_back(x.isDynamicDim(2 + i) ? ShapedType::kDynamic : x.getDimSize(2 + i) + grows);
    }
    weightShape.append(kernel);
    std::vector<char> bytes, biasBytes;
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t phase = 0; phase < phases; ++phase) {
        SmallVector<int64_t> picked;
        for (int64_t t = 0; t < taps; ++t)
          picked.push_back(tapOf(dims, phase, t));
        appendTaps(*weight, w, group, channels, picked, bytes);
      }
    auto constant = [&](ArrayRef<int64_t> shape, Type element, ArrayRef<char> elements) -> Value {
      auto type = RankedTensorType::get(shape, element);
      return nn::ConstantOp::create(b, loc, type, constantFromBytes(type, elements));
    };
    Value newBias;
    if (op.getBias()) {
      Type element = typeOf(op.getBias()).getElementType();
      int64_t width = element.getIntOrFloatBitWidth() / 8;
      biasBytes.resize(weightShape[0] * width);
      for (int64_t row = 0; row < weightShape[0]; ++row) {
        int64_t from = row / filters / phases * filters + row % filters;
        memcpy(&biasBytes[row * width], bias->bytes.data() + (bias->isSplat ? 0 : from * width), width);
      }
      newBias = constant(weightShape[0], element, biasBytes);
    }
    Value newWeight = constant(weightShape, w.getElementType(), bytes);
    Value sums =
        nn::ConvOp::create(b, loc, RankedTensorType::get(outShape, y.getElementType()), op.getX(), newWeight,
                           newBias, ones, pads, dilations, groups, nn::AutoPad::explicit_pads);
    if (phases > 1)
      sums = interleave(b, loc, activations.apply(b, sums), dims, groups, filters, y);
    else
      sums = activations.apply(b, sums);
    activations.replace(sums);
  }

  /// A convolution for each remainder, where that saves work; null elsewhere.
  static Value splitApart(OpBuilder &b, nn::ConvTransposeOp op, ArrayRef<Split> dims, const Elements &weight,
                          const Activations &activations) {
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
      SmallVector<int64_t> own = {filters, channels}, pads(2 * n);
      for (auto [i, dim] : llvm::enumerate(part)) {
        own.push_back(dim.taps);
        pads[i] = dim.padBegin;
        pads[n + i] = dim.padEnd;
      }
      auto type = RankedTensorType::get(own, w.getElementType());
      SmallVector<int64_t> picked(ShapedType::getNumElements(ArrayRef(own).drop_front(2)), 0);
      for (auto [t, tap] : llvm::enumerate(picked)) {
        int64_t scale = 1, rest = t;
        for (int64_t i = n - 1; i >= 0; rest /= part[i].taps, scale *= dims[i].kernel, --i)
          tap += (part[i].first + (part[i].taps - 1 - rest % part[i].taps) * dims[i].stride) * scale;
      }
      std::vector<char> bytes;
      for (int64_t group = 0; group < groups; ++group)
        appendTaps(weight, w, group, channels, picked, bytes);
      Value constant = nn::ConstantOp::create(b, loc, type, constantFromBytes(type, bytes));
      Value sums = nn::ConvOp::create(b, loc, y.clone(shape), op.getX(), constant, op.getBias(), ones, pads, ones,
                                      groups, nn::AutoPad::explicit_pads);
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

  /// Appends the weights of a group's filters, [filters, channels, taps], with the taps of `weight`, row-major, that
  /// `taps` names, and zeros for -1.
  static void appendTaps(const Elements &weight, RankedTensorType w, int64_t group, int64_t channels,
                         ArrayRef<int64_t> taps, std::vector<char> &bytes) {
    int64_t size = w.getElementTypeBitWidth() / 8, filters = w.getDimSize(1);
    int64_t perFilter = w.getNumElements() / (w.getDimSize(0) * filters);
    for (int64_t filter = 0; filter < filters; ++filter)
      for (int64_t c = group * channels; c < (group + 1) * channels; ++c)
        for (int64_t tap : taps) {
          size_t at = bytes.size();
          bytes.resize(at + size, 0);
          int64_t from = weight.isSplat ? 0 : ((c * filters + filter) * perFilter + tap) * size;
          if (tap >= 0)
            memcpy(&bytes[at], weight.bytes.data() + from, size);
        }
  }

  /// The tap, row-major, that tap `t` of remainder `phase` (both row-major) stands for, or -1.
  static int64_t tapOf(ArrayRef<Split> dims, int64_t phase, int64_t t) {
    int64_t tap = 0, scale = 1;
    for (const Split &dim : llvm::reverse(dims)) {
      int64_t own = dim.tapOf(phase % dim.stride, t % dim.taps);
      if (own < 0)
        return -1;
      tap += own * scale;
      scale *= dim.kernel;
      phase /= dim.stride;
      t /= dim.taps;
    }
    return tap;
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
