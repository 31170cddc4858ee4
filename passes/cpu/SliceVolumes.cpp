// A convolution over a volume is one over images: the slices of the volume along its depth are images of a batch, and
// the slices under the kernel are channels of one image. The walk in program order keeps a volume in slices from
// its first convolution to its last, as nn-block-channels does with blocks; what lies between them follows.
//
// A slice is copied once for every tap along the depth that reads it. That costs a fraction of the products, which
// gain everything that convolutions over images have: blocks of channels, register tiles, Winograd's algorithm.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/cpu/ConvolutionPlan.h"
#include "passes/cpu/WeightPanels.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"
#include "passes/graph/WindowPads.h"
#include "passes/lower/BlockedGeometry.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_SLICEVOLUMES
#include "passes/Passes.h.inc"

namespace {

/// What the copies for one convolution may take.
constexpr int64_t kMostBytes = 256 << 20;
/// Taps along the depth from which on a maximum of slices would read more than it spares.
constexpr int64_t kMostPooled = 4;

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// f32 of [N,C,D,H,W], all extents known and none empty.
bool isVolume(RankedTensorType type) {
  return type && type.getRank() == 5 && type.hasStaticShape() && type.getElementType().isF32() &&
         type.getNumElements() != 0;
}

/// [N,C,D,H,W] to [N*D,C,H,W].
RankedTensorType imagesType(RankedTensorType volume) {
  ArrayRef<int64_t> s = volume.getShape();
  return RankedTensorType::get({s[0] * s[2], s[1], s[3], s[4]}, volume.getElementType());
}

/// The depth's share of a window: its inputs and outputs are slices.
template <typename OpTy> SpatialWindow depthOf(OpTy op, ArrayRef<int64_t> kernel, ArrayRef<int64_t> pads) {
  return {typeOf(op.getX()).getDimSize(2),
          typeOf(op.getY()).getDimSize(2),
          kernel[0],
          op.getStrides()[0],
          op.getDilations()[0],
          pads[0],
          pads[3]};
}

/// Whether every output is the input of its number.
bool isIdentity(const SpatialWindow &window) {
  return window.kernel == 1 && window.stride == 1 && window.padBegin == 0 && window.in == window.out;
}

/// The pads of the window's other two dims.
SmallVector<int64_t> imagePads(ArrayRef<int64_t> pads) { return {pads[1], pads[2], pads[4], pads[5]}; }

struct SliceVolumes : impl::SliceVolumesBase<SliceVolumes> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      TypeSwitch<Operation *>(op)
          .Case<nn::ConvOp, nn::PoolOp, nn::ReduceOp, nn::ConcatOp>([&](auto known) { convert(known); })
          .Default([&](Operation *other) {
            if (isElementwiseOp(other))
              convertElementwise(other);
          });
    slices.clear();
  }

private:
  Value imagesBehind(Value volume) { return slices.lookup(volume); }

  /// [N,C,D,..] to [N,D,C,..] and back.
  static Value exchanged(OpBuilder &b, Location loc, Value x) { return createTranspose(b, loc, x, {0, 2, 1, 3, 4}); }

  Value toImages(OpBuilder &b, Location loc, Value volume) {
    if (Value images = imagesBehind(volume))
      return images;
    return createReshape(b, loc, exchanged(b, loc, volume), imagesType(typeOf(volume)).getShape());
  }

  void replace(Operation *op, Value images) {
    OpBuilder b(op);
    RankedTensorType type = typeOf(op->getResult(0));
    ArrayRef<int64_t> s = type.getShape();
    Value apart = createReshape(b, op->getLoc(), images, {s[0], s[2], s[1], s[3], s[4]});
    Value volume = exchanged(b, op->getLoc(), apart);
    slices[volume] = images;
    op->getResult(0).replaceAllUsesWith(volume);
    op->erase();
  }

  /// The slices that taps [from, from + count) read, tap after tap for every group of channels of every output of every
  /// volume: [N*O*groups*count,C/groups,H,W].
  static Value gathered(OpBuilder &b, Location loc, Value images, const SpatialWindow &window, int64_t volumes,
                        int64_t from, int64_t count, int64_t groups = 1) {
    SmallVector<int64_t> indices, shape(typeOf(images).getShape());
    if (groups > 1) {
      shape[0] *= groups;
      shape[1] /= groups;
      images = createReshape(b, loc, images, shape);
    }
    int64_t zeros = shape[0];
    bool pads = false;
    for (int64_t n = 0; n < volumes; ++n)
      for (int64_t o = 0; o < window.out; ++o)
        for (int64_t group = 0; group < groups; ++group)
          for (int64_t tap = from; tap < from + count; ++tap) {
            bool isInside = window.isInside(o, tap);
            pads |= !isInside;
            indices.push_back(isInside ? (n * window.in + window.inputOf(o, tap)) * groups + group : zeros);
          }
    if (pads) {
      shape[0] = 1;
      auto type = typeOf(images).clone(shape);
      Value zero = nn::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, 0.0f));
      shape[0] = zeros + 1;
      images = nn::ConcatOp::create(b, loc, type.clone(shape), ValueRange{images, zero}, 0);
    }
    shape[0] = indices.size();
    return nn::GatherOp::create(b, loc, typeOf(images).clone(shape), images, createIndexList(b, loc, indices), 0);
  }

  /// [M,C,K,H,W] as [M,K*C,H,W].
  static Value imageWeight(OpBuilder &b, Location loc, const Elements &weight, RankedTensorType type) {
    ArrayRef<int64_t> s = type.getShape();
    int64_t taps = s[3] * s[4];
    std::vector<float> to(type.getNumElements());
    for (int64_t m = 0; m < s[0]; ++m)
      for (int64_t c = 0; c < s[1]; ++c)
        for (int64_t z = 0; z < s[2]; ++z)
          for (int64_t t = 0; t < taps; ++t)
            to[((m * s[2] + z) * s[1] + c) * taps + t] = weight.f32(((m * s[1] + c) * s[2] + z) * taps + t);
    auto own = type.clone({s[0], s[2] * s[1], s[3], s[4]});
    ArrayRef<char> bytes(reinterpret_cast<const char *>(to.data()), to.size() * sizeof(float));
    return nn::ConstantOp::create(b, loc, own, constantFromBytes(own, bytes));
  }

  void convert(nn::ConvOp op) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    auto weight = elementsOf(constantValue(op.getW()));
    if (!isVolume(x) || !isVolume(y) || !isVolume(w) || !weight || constantValue(op.getX()))
      return;
    int64_t groups = op.getGroups();
    if (groups > 1 && w.getDimSize(1) < nn::kBlock)
      return convertDepthwise(op);
    // Groups of whole blocks; others would be cut and put together again.
    if (groups > 1 && (w.getDimSize(1) % nn::kBlock || y.getDimSize(1) / groups % nn::kBlock))
      return;
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    SmallVector<int64_t> pads = explicitPads(op, kernel);
    SpatialWindow window = depthOf(op, kernel, pads);
    RankedTensorType source = imagesType(x), result = imagesType(y);
    int64_t count = y.getDimSize(0) * window.out, perSlice = source.getNumElements() / source.getDimSize(0);
    if (count * window.kernel * perSlice * 4 > kMostBytes)
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value images = toImages(b, loc, op.getX());
    if (!isIdentity(window)) {
      images = gathered(b, loc, images, window, x.getDimSize(0), 0, window.kernel, groups);
      images =
          createReshape(b, loc, images, {count, window.kernel * x.getDimSize(1), x.getDimSize(3), x.getDimSize(4)});
    }
    replace(op, nn::ConvOp::create(b, loc, result, images, imageWeight(b, loc, *weight, w), op.getBias(),
                                   op.getStrides().drop_front(), imagePads(pads), op.getDilations().drop_front(),
                                   groups, nn::AutoPad::explicit_pads));
  }

  /// A convolution with one filter to a channel, or with small groups: its kernel reads the slices where they lie.
  void convertDepthwise(nn::ConvOp op) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    Value images = imagesBehind(op.getX());
    int64_t channels = x.getDimSize(1), perGroup = w.getDimSize(1);
    if (!images || y.getDimSize(1) != channels || channels < nn::kBlock ||
        !llvm::is_contained({1, 2, 4, 8}, perGroup) || !w.getElementType().isF32() ||
        (op.getBias() && !typeOf(op.getBias()).getElementType().isF32()))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    SmallVector<int64_t> pads = explicitPads(op, kernel);
    SpatialWindow window = depthOf(op, kernel, pads);
    int64_t depth[] = {window.in, window.kernel, window.stride, window.dilation, window.padBegin, window.padEnd};
    WeightShape shape{channels, perGroup, ShapedType::getNumElements(kernel), static_cast<int64_t>(op.getGroups())};
    auto blockedType = [](RankedTensorType images) {
      ArrayRef<int64_t> s = images.getShape();
      return images.clone({s[0], nn::blocksOf(s[1]), s[2], s[3], nn::kBlock});
    };
    RankedTensorType result = imagesType(y);
    Value blocks = nn::BlockChannelsOp::create(b, loc, blockedType(typeOf(images)), images);
    Value filtered =
        nn::BlockedDepthwiseOp::create(b, loc, blockedType(result), blocks, depthwisePanels(b, loc, op.getW(), shape),
                                       op.getBias() ? blockedLanes(b, loc, op.getBias(), channels) : Value(),
                                       kernel.drop_front(), op.getStrides().drop_front(), imagePads(pads),
                                       op.getDilations().drop_front(), perGroup, b.getDenseI64ArrayAttr(depth));
    replace(op, nn::UnblockChannelsOp::create(b, loc, result, filtered, channels));
  }

  /// Within the slices first; then the maximum of those under the window.
  void convert(nn::PoolOp op) {
    Value images = imagesBehind(op.getX());
    RankedTensorType x = typeOf(op.getX()), y = typeOf(op.getY());
    if (!images || !isVolume(y))
      return;
    SmallVector<int64_t> pads = explicitPads(op, op.getKernel());
    SpatialWindow window = depthOf(op, op.getKernel(), pads);
    bool isMax = op.getKind() == nn::PoolKind::max;
    if (!isIdentity(window) &&
        (!isMax || window.kernel > kMostPooled || window.tapsInside() != window.out * window.kernel))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    SmallVector<int64_t> shape(imagesType(y).getShape());
    shape[0] = typeOf(images).getDimSize(0);
    Value pooled = nn::PoolOp::create(b, loc, y.clone(shape), op.getKind(), images, op.getCountIncludePad(), op.getP(),
                                      op.getKernel().drop_front(), op.getStrides().drop_front(), imagePads(pads),
                                      op.getDilations().drop_front(), nn::AutoPad::explicit_pads, op.getCeilMode());
    if (isIdentity(window))
      return replace(op, pooled);
    Value most;
    for (int64_t tap = 0; tap < window.kernel; ++tap) {
      Value picked = gathered(b, loc, pooled, window, x.getDimSize(0), tap, 1);
      most =
          most ? nn::BinaryOp::create(b, loc, picked.getType(), nn::BinaryKind::max, most, picked).getResult() : picked;
    }
    replace(op, most);
  }

  /// Over all of a channel, which is what global pooling is: over each slice first, then over the slices.
  void convert(nn::ReduceOp op) {
    using nn::ReduceKind;
    Value images = imagesBehind(op.getX());
    SmallVector<int64_t> axes(op.getAxes());
    llvm::sort(axes);
    bool isTwofold =
        llvm::is_contained({ReduceKind::sum, ReduceKind::mean, ReduceKind::max, ReduceKind::min}, op.getKind());
    if (!images || !isTwofold || axes != SmallVector<int64_t>{2, 3, 4})
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    RankedTensorType x = typeOf(op.getX());
    int64_t volumes = x.getDimSize(0), channels = x.getDimSize(1), slices = x.getDimSize(2);
    auto reduced = [&](ArrayRef<int64_t> shape, Value from, ArrayRef<int64_t> along) {
      return nn::ReduceOp::create(b, loc, x.clone(shape), op.getKind(), from, along, /*keepdims=*/true);
    };
    Value perSlice = reduced({volumes * slices, channels, 1, 1}, images, {2, 3});
    Value apart = createReshape(b, loc, perSlice, {volumes, slices, channels, 1});
    Value all = reduced({volumes, 1, channels, 1}, apart, {1});
    if (op.getKeepdims())
      return replace(op, createReshape(b, loc, all, {volumes, channels, 1, 1}));
    op.getY().replaceAllUsesWith(createReshape(b, loc, all, {volumes, channels}));
    op.erase();
  }

  /// Along channels.
  void convert(nn::ConcatOp op) {
    RankedTensorType y = typeOf(op.getY());
    auto isSliced = [&](Value input) { return bool(imagesBehind(input)); };
    if (!isVolume(y) || op.getAxis() != 1 || llvm::none_of(op.getInputs(), isSliced) ||
        !llvm::all_of(op.getInputs(), [](Value input) { return isVolume(typeOf(input)); }))
      return;
    OpBuilder b(op);
    SmallVector<Value> images;
    for (Value input : op.getInputs())
      images.push_back(toImages(b, op.getLoc(), input));
    replace(op, nn::ConcatOp::create(b, op.getLoc(), imagesType(y), images, 1));
  }

  /// The operand of an elementwise op over slices, or nothing: a number, a value for each channel, or a volume.
  std::optional<Value> operandFor(OpBuilder &b, Location loc, Value operand, RankedTensorType volume) {
    RankedTensorType type = typeOf(operand);
    if (!type || !type.hasStaticShape())
      return std::nullopt;
    // A number is one in any rank, but must not raise the result's.
    if (type.getNumElements() == 1)
      return type.getRank() < 5 ? operand : createReshape(b, loc, operand, {1, 1, 1, 1});
    if (type.getShape() == volume.getShape())
      return toImages(b, loc, operand);
    int64_t at = type.getRank() - 4, channels = volume.getDimSize(1), volumes = volume.getDimSize(0);
    // What the run makes of a volume, such as the gates of squeeze and excitation.
    if (imagesBehind(operand) && type.getShape() == ArrayRef<int64_t>{volumes, channels, 1, 1, 1}) {
      SmallVector<int64_t> indices;
      for (int64_t image = 0; image < volumes * volume.getDimSize(2); ++image)
        indices.push_back(image / volume.getDimSize(2));
      Value images = imagesBehind(operand);
      if (volumes == 1)
        return images;
      auto repeated = type.clone({static_cast<int64_t>(indices.size()), channels, 1, 1});
      return nn::GatherOp::create(b, loc, repeated, images, createIndexList(b, loc, indices), 0);
    }
    if ((at != 0 && at != 1) || type.getDimSize(at) != channels || type.getNumElements() != channels)
      return std::nullopt;
    auto perChannel = type.clone({1, channels, 1, 1});
    auto stored = elementsOf(constantValue(operand));
    if (!stored || stored->isSplat)
      return createReshape(b, loc, operand, perChannel.getShape());
    return nn::ConstantOp::create(b, loc, perChannel, constantFromBytes(perChannel, stored->bytes));
  }

  void convertElementwise(Operation *op) {
    RankedTensorType y = typeOf(op->getResult(0));
    if (op->getNumResults() != 1 || !y || y.getRank() != 5 || !y.hasStaticShape() || y.getNumElements() == 0 ||
        llvm::none_of(op->getOperands(), [&](Value operand) {
          return imagesBehind(operand) && typeOf(operand).getShape() == y.getShape();
        }))
      return;
    OpBuilder b(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      std::optional<Value> image = operandFor(b, op->getLoc(), operand, y);
      if (!image)
        return;
      operands.push_back(*image);
    }
    Operation *sliced = b.clone(*op);
    sliced->setOperands(operands);
    sliced->getResult(0).setType(imagesType(y));
    replace(op, sliced->getResult(0));
  }

  /// Volumes and the images that they were put together from.
  llvm::DenseMap<Value, Value> slices;
};

} // namespace
} // namespace nnc
