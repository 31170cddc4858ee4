// One walk in program order: a convolution leaves nn.unblock_channels behind it, and each op that follows
// pulls that through itself. What meets it again as nn.block_channels cancels.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/BlockedTypes.h"
#include "passes/cpu/CenteredBytes.h"
#include "passes/cpu/ConvolutionPlan.h"
#include "passes/cpu/InterleaveBlocks.h"
#include "passes/cpu/LoneConvolution.h"
#include "passes/cpu/MergeGroups.h"
#include "passes/cpu/TilePlan.h"
#include "passes/cpu/WeightPanels.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"
#include "passes/graph/SpentConstants.h"
#include "passes/graph/WindowPads.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_BLOCKCHANNELS
#include "passes/Passes.h.inc"

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

struct BlockChannels : impl::BlockChannelsBase<BlockChannels> {
  using BlockChannelsBase::BlockChannelsBase;

  /// Threads that share blocks in a window's kernel shall find in their caches what they brought into blocks,
  /// and the other way round.
  static void shareLikeNeighbour(Operation *op) {
    auto sharesBlocks = [](Operation *other) {
      return other && isa<nn::BlockedDepthwiseOp, nn::BlockedPoolOp>(other) &&
             !windowHalf(typeOf(other->getResult(0)).getShape());
    };
    if (auto block = dyn_cast<nn::BlockChannelsOp>(op))
      block.setByBlock(llvm::any_of(block->getUsers(), sharesBlocks));
    if (auto unblock = dyn_cast<nn::UnblockChannelsOp>(op)) {
      Operation *source = unblock.getX().getDefiningOp();
      while (source && isElementwiseOp(source))
        source = source->getOperand(0).getDefiningOp();
      unblock.setByBlock(sharesBlocks(source));
    }
  }

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    spent.emplace(getOperation());
    for (Operation *op : ops)
      TypeSwitch<Operation *>(op)
          .Case<nn::ConvOp, nn::PoolOp, nn::ReduceOp, nn::ConcatOp, nn::ResizeOp, nn::GatherOp, nn::ReshapeOp,
                nn::BlockChannelsOp>([&](auto known) { convert(known); })
          .Default([&](Operation *other) {
            if (isElementwiseOp(other))
              convertElementwise(other);
          });
    // What nothing uses any more would keep the layout that it was written for.
    eraseDeadOps(getOperation());
    getOperation().walk([&](Operation *op) {
      if (isa<nn::UnblockChannelsOp, nn::BlockChannelsOp>(op))
        simplify(op);
    });
    getOperation().walk([](Operation *op) { shareLikeNeighbour(op); });
  }

private:
  /// The blocks that `value` was taken out of, or null.
  static Value blocksBehind(Value value) {
    auto unblock = value.getDefiningOp<nn::UnblockChannelsOp>();
    return unblock ? unblock.getX() : Value();
  }

  static Value toBlocks(OpBuilder &b, Location loc, Value image) {
    if (Value blocked = blocksBehind(image))
      return blocked;
    // Bytes are brought into blocks as bytes, as the products with them want them too.
    if (auto dequantize = image.getDefiningOp<nn::DequantizeOp>(); dequantize && isElementwiseOp(dequantize)) {
      Value bytes = toBlocks(b, loc, dequantize.getX());
      Operation *blocked = b.clone(*dequantize);
      blocked->setOperand(0, bytes);
      blocked->getResult(0).setType(blockedType(typeOf(image)));
      return blocked->getResult(0);
    }
    RankedTensorType type = blockedType(typeOf(image));
    if (auto uniform = dyn_cast_or_null<SplatElementsAttr>(constantValue(image)))
      return nn::ConstantOp::create(b, loc, type, uniform.resizeSplat(type));
    return nn::BlockChannelsOp::create(b, loc, type, image);
  }

  static void replace(Operation *op, Value blocked) {
    OpBuilder b(op);
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    op->replaceAllUsesWith(nn::UnblockChannelsOp::create(b, op->getLoc(), type, blocked, type.getDimSize(1)));
    op->erase();
  }

  /// A convolution of i32 whose factors are bytes.
  void convertBytes(nn::ConvOp op) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    auto stored = elementsOf(constantValue(op.getW()));
    if (!hasImageShape(x) || !hasImageShape(y) || !stored || !hasKnownPads(op) ||
        !(nn::isByte(w.getElementType()) || w.getElementType().isSignlessInteger(32)))
      return;
    std::vector<int32_t> numbers = stored->integers(w.getNumElements(), w.getElementType());
    std::optional<Elements> weight =
        Elements{ArrayRef(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(int32_t))};
    std::optional<Elements> bias = op.getBias() ? elementsOf(constantValue(op.getBias())) : std::nullopt;
    Value blocks = blocksBehind(op.getX());
    auto source = CenteredBytes::find(blocks ? blocks : op.getX());
    Type element = byteTypeOf(*weight, w.getNumElements(), &getContext());
    int64_t groups = op.getGroups(), channels = x.getDimSize(1), filters = w.getDimSize(0);
    if (!source || !element || (op.getBias() && !bias))
      return;
    if (groups > 1 && groups == channels && filters == channels)
      return convertDepthwiseBytes(op, *source, *weight, bias);
    if (filters <= 4 || (groups > 1 && (w.getDimSize(1) % kBlock || filters / groups % kBlock)) ||
        !fitsPatches(op, w.getDimSize(1)))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    WeightShape shape{filters, w.getDimSize(1), ShapedType::getNumElements(kernel), groups};
    Type left = typeOf(source->bytes).getElementType();
    bool flip = left == element;
    // What is multiplied is x + 128 in place of a signed x, and x - 128 in place of one without a sign.
    int64_t offset = source->zero + (flip ? left.isUnsignedInteger() ? -128 : 128 : 0);
    Value start, zero = source->zeroByte;
    if (offset || bias)
      start = createConstant(b, loc, packWeightSums(*weight, shape, -offset, bias, &getContext()));
    if (source->zero) {
      auto type = RankedTensorType::get({}, left);
      APInt number(8, source->zero, /*isSigned=*/source->zero < 0);
      zero = createConstant(b, loc, DenseElementsAttr::get(type, number));
    }
    Value bytes = blocks ? source->bytes : toBlocks(b, loc, source->bytes);
    Value sums = nn::BlockedByteConvOp::create(
        b, loc, blockedType(y), bytes, createConstant(b, loc, packDirectBytes(*weight, shape, element)), zero, start,
        kernel, op.getStrides(), explicitPads(op, kernel), op.getDilations(), channels, filters, groups, flip);
    if (source->zeroNumber) {
      Value part = perLane(b, loc, packWeightSums(*weight, shape, 1, std::nullopt, &getContext()), y.getRank());
      part = nn::BinaryOp::create(b, loc, part.getType(), nn::BinaryKind::mul, part, source->zeroNumber);
      sums = nn::BinaryOp::create(b, loc, blockedType(y), nn::BinaryKind::sub, sums, part);
    }
    replace(op, sums);
  }

  /// [blocks,16] as a constant that broadcasts over an image of `rank` dims in blocks.
  static Value perLane(OpBuilder &b, Location loc, ElementsAttr lanes, int64_t rank) {
    SmallVector<int64_t> shape(rank + 1, 1);
    shape[1] = lanes.getShapedType().getDimSize(0);
    shape[rank] = kBlock;
    auto type = RankedTensorType::get(shape, lanes.getElementType());
    return nn::ConstantOp::create(b, loc, type, constantFromBytes(type, bytesOf(lanes)));
  }

  /// One filter to a channel: no factor is shared, so that nothing is gained by bytes but loads, and sums of
  /// so few products are exact in f32.
  void convertDepthwiseBytes(nn::ConvOp op, const CenteredBytes &source, const Elements &weight,
                             std::optional<Elements> bias) {
    RankedTensorType w = typeOf(op.getW()), x = typeOf(op.getX()), y = typeOf(op.getY());
    constexpr int64_t exact = 1 << 24;
    int64_t channels = w.getDimSize(0), taps = w.getNumElements() / channels, most = taps * 255 * 255;
    std::vector<float> factors, shifts;
    for (int64_t i = 0; i < w.getNumElements(); ++i)
      factors.push_back(weight.i32(i));
    for (int64_t i = 0; bias && i < channels; ++i) {
      most = std::max<int64_t>(most, taps * 255 * 255 + std::abs<int64_t>(bias->i32(i)));
      shifts.push_back(bias->i32(i));
    }
    if (most >= exact)
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto elementsAs = [](const std::vector<float> &numbers) {
      return Elements{ArrayRef(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(float))};
    };
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    WeightShape shape{channels, 1, taps, channels};
    Value blocks = blocksBehind(op.getX());
    Value centered = blocks ? source.bytes : toBlocks(b, loc, source.bytes);
    RankedTensorType in = blockedType(x.clone(b.getF32Type())), out = y.clone(b.getF32Type());
    centered = nn::CastOp::create(b, loc, in, centered);
    if (source.zero || source.zeroByte) {
      auto scalar = RankedTensorType::get({}, b.getF32Type());
      Value zero = source.zeroByte
                       ? nn::CastOp::create(b, loc, scalar, source.zeroByte).getResult()
                       : createConstant(b, loc, DenseElementsAttr::get(scalar, static_cast<float>(source.zero)));
      centered = nn::BinaryOp::create(b, loc, in, nn::BinaryKind::sub, centered, zero);
    }
    Value shift = bias ? createConstant(b, loc, packLanes(elementsAs(shifts), channels, &getContext())) : Value();
    Value sums = nn::BlockedDepthwiseOp::create(
        b, loc, blockedType(out), centered,
        createConstant(b, loc, packDepthwise(elementsAs(factors), shape, &getContext())), shift, kernel,
        op.getStrides(), explicitPads(op, kernel), op.getDilations(), /*per_group=*/1, /*depth=*/DenseI64ArrayAttr());
    // What wants reals gets them.
    Value reals = nn::UnblockChannelsOp::create(b, loc, out, sums, channels);
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (isa<nn::CastOp>(user) && user->getResult(0).getType() == out)
        user->replaceAllUsesWith(ValueRange{reals});
    op.getY().replaceAllUsesWith(nn::CastOp::create(b, loc, y, reals));
    op.erase();
  }

  static bool fitsPatches(nn::ConvOp op, int64_t pixelBytes) {
    ArrayRef<int64_t> kernel = typeOf(op.getW()).getShape().drop_front(2);
    return nnc::fitsPatches(typeOf(op.getX()), typeOf(op.getY()), kernel, op.getStrides(), explicitPads(op, kernel),
                            op.getDilations(), pixelBytes);
  }

  void convert(nn::ConvOp op) {
    // Its weights have been visited.
    auto weights = op.getW().getDefiningOp<nn::ConstantOp>();
    if (winograd && weights && (blocksBehind(op.getX()) || !isLoneConvolution(op))) {
      mergeGroups(op);
      if (op.getW() != weights.getResult()) {
        spent->release(weights);
        weights = op.getW().getDefiningOp<nn::ConstantOp>();
        spent->add(weights);
      }
    }
    convertConvolution(op);
    spent->release(weights);
  }

  void convertConvolution(nn::ConvOp op) {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getY());
    if (x && y && y.getElementType().isSignlessInteger(32))
      return convertBytes(op);
    if (!isImage(x) || !y || !isImage(y) || !w || !w.hasStaticShape() || !w.getElementType().isF32() ||
        constantValue(op.getX()) || !hasKnownPads(op))
      return;
    RankedTensorType biasType = op.getBias() ? typeOf(op.getBias()) : RankedTensorType();
    if (op.getBias() && (!biasType || !biasType.hasStaticShape() || !biasType.getElementType().isF32()))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    ArrayRef<int64_t> kernel = w.getShape().drop_front(2);
    SmallVector<int64_t> pads = explicitPads(op, kernel);
    int64_t groups = op.getGroups(), channels = x.getDimSize(1), filters = w.getDimSize(0);
    WeightShape shape{filters, w.getDimSize(1), ShapedType::getNumElements(kernel), groups};
    bool isBlocked = bool(blocksBehind(op.getX()));
    bool isDepthwise = groups > 1 && liesWithinVector(shape.channels, filters / groups);
    if (isDepthwise && shape.channels > 1 && !constantValue(op.getW()))
      return;
    auto choice = winograd ? planWinograd(op) : std::nullopt;
    // Blocks that would be mostly empty cost more than they save.
    if (isDepthwise ? channels < (shape.channels == 1 ? 8 : kBlock) && !isBlocked
                    : !fillsBlocks(filters, shape.taps, y.getShape().back(), choice.has_value()))
      return;
    if (!isDepthwise && groups > 1 && (shape.channels % kBlock || filters / groups % kBlock))
      return;
    if (!isBlocked && isLoneConvolution(op))
      return;
    if (!isDepthwise && !choice && !fitsPatches(op, shape.channels * sizeof(float)))
      return;
    Value bias = op.getBias() ? blockedLanes(b, loc, op.getBias(), filters) : Value();
    Type type = blockedType(y);
    if (isDepthwise) {
      Value packed = depthwisePanels(b, loc, op.getW(), shape);
      return replace(op, nn::BlockedDepthwiseOp::create(b, loc, type, toBlocks(b, loc, op.getX()), packed, bias, kernel,
                                                        op.getStrides(), pads, op.getDilations(), shape.channels,
                                                        /*depth=*/DenseI64ArrayAttr()));
    }
    if (choice) {
      const auto &[filtering, fromTaps] = *choice;
      Value packed = fromTaps ? tapPanels(b, loc, op.getW(), shape)
                              : winogradPanels(b, loc, op.getW(), shape, filtering);
      SmallVector<int64_t> outputs = filtering.outputs(kernel.size());
      return replace(op, nn::WinogradConvOp::create(b, loc, type, toBlocks(b, loc, op.getX()), packed, bias, pads,
                                                    channels, filters, outputs, kernel, op.getDilations(),
                                                    filtering.stride(), groups, fromTaps));
    }
    // A picture's few channels are read as they come.
    bool plain = !isBlocked && groups == 1 && channels < kBlock;
    Value packed = directPanels(b, loc, op.getW(), shape, plain);
    SmallVector<int64_t> strides(op.getStrides());
    Value in = plain ? op.getX() : pickPixels(b, loc, toBlocks(b, loc, op.getX()), y, kernel, pads, strides);
    replace(op, nn::BlockedConvOp::create(b, loc, type, in, packed, bias, kernel, strides, pads, op.getDilations(),
                                          channels, filters, groups));
  }

  /// In front of what already works on blocks.
  void convert(nn::BlockChannelsOp op) {
    OpBuilder b(op);
    op.replaceAllUsesWith(toBlocks(b, op.getLoc(), op.getX()));
    op.erase();
  }

  void convert(nn::PoolOp op) {
    Value blocked = blocksBehind(op.getX());
    RankedTensorType x = typeOf(op.getX()), y = typeOf(op.getY());
    bool isAverage = op.getKind() == nn::PoolKind::average;
    // How far a window reaches beyond an image whose extent only the run knows is not known either.
    bool isKnown = !ShapedType::isDynamicShape(x.getShape().drop_front(2));
    if (!blocked || !y || !isImage(y) || op.getKind() == nn::PoolKind::lp || !hasKnownPads(op) ||
        (op.getCeilMode() && (isAverage || !isKnown)))
      return;
    SmallVector<int64_t> pads = explicitPads(op, op.getKernel());
    // As much padding behind as the last window needs: less than there was, or more where it was rounded up.
    size_t n = op.getKernel().size();
    if (isKnown && !(isAverage && op.getCountIncludePad()))
      for (size_t i = 0; i < n; ++i) {
        int64_t span = (op.getKernel()[i] - 1) * op.getDilations()[i] + 1;
        pads[n + i] =
            std::max<int64_t>((y.getDimSize(2 + i) - 1) * op.getStrides()[i] + span - x.getDimSize(2 + i) - pads[i], 0);
      }
    OpBuilder b(op);
    replace(op, nn::BlockedPoolOp::create(b, op.getLoc(), blockedType(y), op.getKind(), blocked, op.getKernel(),
                                          op.getStrides(), pads, op.getDilations(), op.getCountIncludePad()));
  }

  /// Over all the pixels of a channel, which is what global pooling is.
  void convert(nn::ReduceOp op) {
    Value blocked = blocksBehind(op.getX());
    if (!blocked)
      return;
    RankedTensorType x = typeOf(op.getX());
    SmallVector<int64_t> axes(op.getAxes()), spatial = llvm::to_vector(llvm::seq<int64_t>(2, x.getRank()));
    llvm::sort(axes);
    if (axes != spatial)
      return;
    OpBuilder b(op);
    SmallVector<int64_t> shape(x.getShape());
    std::fill(shape.begin() + 2, shape.end(), 1);
    auto reduced = RankedTensorType::get(shape, x.getElementType());
    Value y = nn::ReduceOp::create(b, op.getLoc(), blockedType(reduced), op.getKind(), blocked, spatial,
                                   /*keepdims=*/true);
    if (op.getKeepdims())
      return replace(op, y);
    Value unblocked = nn::UnblockChannelsOp::create(b, op.getLoc(), reduced, y, x.getDimSize(1));
    op.replaceAllUsesWith(nn::SqueezeOp::create(b, op.getLoc(), op.getY().getType(), unblocked, spatial).getResult());
    op.erase();
  }

  /// Along channels, where every operand but the last fills its blocks, or along anything else.
  void convert(nn::ConcatOp op) {
    RankedTensorType y = typeOf(op.getY());
    if (!y || !isImage(y) || llvm::none_of(op.getInputs(), [](Value input) { return bool(blocksBehind(input)); }))
      return;
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      bool isLast = i + 1 == op.getInputs().size();
      if (!isImage(typeOf(input)) || (op.getAxis() == 1 && !isLast && typeOf(input).getDimSize(1) % kBlock))
        return;
    }
    OpBuilder b(op);
    SmallVector<Value> blocked;
    for (Value input : op.getInputs())
      blocked.push_back(toBlocks(b, op.getLoc(), input));
    replace(op, nn::ConcatOp::create(b, op.getLoc(), blockedType(y), blocked, op.getAxis()));
  }

  /// Whole images.
  void convert(nn::GatherOp op) {
    Value blocked = blocksBehind(op.getX());
    RankedTensorType y = typeOf(op.getY());
    if (!blocked || op.getAxis() != 0 || !y || y.getRank() != typeOf(op.getX()).getRank() || !isImage(y))
      return;
    OpBuilder b(op);
    replace(op, nn::GatherOp::create(b, op.getLoc(), blockedType(y), blocked, op.getIndices(), 0));
  }

  /// The channels of neighbouring images become those of one, as nn-slice-volumes wants them, or groups of channels
  /// images; or channels become pixels.
  void convert(nn::ReshapeOp op) {
    RankedTensorType x = typeOf(op.getX()), y = typeOf(op.getY());
    if (Value source = sourceOfInterleaving(op); source && isImage(y) && blocksBehind(source)) {
      OpBuilder b(op);
      return replace(op, interleaveBlocks(b, op, blocksBehind(source)));
    }
    Value blocked = blocksBehind(op.getX());
    if (!blocked || !y || !isImage(y) || !x.hasStaticShape() || !y.hasStaticShape() || x.getDimSize(1) % kBlock ||
        y.getDimSize(1) % kBlock || (y.getDimSize(1) % x.getDimSize(1) && x.getDimSize(1) % y.getDimSize(1)) ||
        x.getShape().drop_front(2) != y.getShape().drop_front(2))
      return;
    OpBuilder b(op);
    replace(op, createReshape(b, op.getLoc(), blocked, blockedType(y).getShape()));
  }

  /// Of the spatial dims alone: along the lanes nothing changes.
  void convert(nn::ResizeOp op) {
    Value blocked = blocksBehind(op.getX());
    RankedTensorType x = typeOf(op.getX()), y = typeOf(op.getY());
    if (!blocked || !y || !isImage(y) || x.getDimSize(1) != y.getDimSize(1) || op.getRoiValues() ||
        op.getScaleValues() || op.getCoordinates() == nn::ResizeCoordinates::tf_crop_and_resize)
      return;
    OpBuilder b(op);
    auto resize = cast<nn::ResizeOp>(b.clone(*op));
    if (op.getScales()) {
      SmallVector<double> scales(*op.getScales());
      if (scales[0] != 1 || scales[1] != 1)
        return resize.erase();
      scales.push_back(1);
      resize.setScalesAttr(b.getDenseF64ArrayAttr(scales));
    }
    RankedTensorType type = blockedType(y);
    if (op.getSizes()) {
      resize.getSizesMutable().assign(blockedExtents(b, op.getLoc(), op.getSizes(), type));
      resize->moveAfter(resize.getSizes().getDefiningOp());
    }
    resize.getXMutable().assign(blocked);
    resize.setRoiAttr({}); // serves no other coordinates
    resize.getY().setType(type);
    replace(op, resize.getY());
  }

  void convertElementwise(Operation *op) {
    RankedTensorType y = typeOf(op->getResult(0));
    if (!y || (y.getRank() != 3 && y.getRank() != 4) || y.isDynamicDim(1))
      return;
    int64_t rank = y.getRank(), channels = y.getDimSize(1);
    // How each operand comes into blocks; nothing is built before all of them do.
    enum class Kind { single, blocked, lanes, image };
    SmallVector<Kind> kinds;
    bool anyBlocked = false;
    for (Value operand : op->getOperands()) {
      RankedTensorType type = typeOf(operand);
      if (!type)
        return;
      if (llvm::all_of(type.getShape(), [](int64_t extent) { return extent == 1; })) {
        kinds.push_back(Kind::single);
      } else if (blocksBehind(operand) && type.getRank() == rank && type.getDimSize(1) == channels) {
        kinds.push_back(Kind::blocked);
        anyBlocked |= type.getShape() == y.getShape();
      } else if (isPerChannel(type, rank, channels) && elementsOf(constantValue(operand)) &&
                 type.getElementType().isF32()) {
        kinds.push_back(Kind::lanes);
      } else if (type.getRank() == rank && type.getDimSize(1) == channels) {
        kinds.push_back(Kind::image);
      } else {
        return;
      }
    }
    if (!anyBlocked)
      return;
    OpBuilder b(op);
    SmallVector<Value> operands;
    for (auto [operand, kind] : llvm::zip(op->getOperands(), kinds)) {
      if (kind == Kind::single) {
        operands.push_back(operand);
      } else if (kind == Kind::lanes) {
        ElementsAttr packed = packLanes(*elementsOf(constantValue(operand)), channels, &getContext());
        operands.push_back(perLane(b, op->getLoc(), packed, rank));
      } else {
        operands.push_back(toBlocks(b, op->getLoc(), operand));
      }
    }
    Operation *blocked = b.clone(*op);
    blocked->setOperands(operands);
    blocked->getResult(0).setType(blockedType(y));
    replace(op, blocked->getResult(0));
  }

  static ArrayRef<char> bytesOf(ElementsAttr constant) { return elementsOf(constant)->bytes; }

  /// One value for each channel: [C,1..1] or [1,C,1..1].
  static bool isPerChannel(RankedTensorType type, int64_t rank, int64_t channels) {
    int64_t at = type.getRank() - (rank - 1);
    if (at < 0 || at > 1 || type.getDimSize(at) != channels)
      return false;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != at && type.getDimSize(i) != 1)
        return false;
    return true;
  }

  /// One pixel with whole blocks has the same bytes in blocks and out of them.
  void simplify(Operation *op) {
    if (op->use_empty())
      return op->erase();
    auto block = dyn_cast<nn::BlockChannelsOp>(op);
    RankedTensorType x = typeOf(op->getOperand(0)), y = typeOf(op->getResult(0)), image = block ? x : y;
    if (image.getDimSize(1) % kBlock ||
        llvm::any_of(image.getShape().drop_front(2), [](int64_t extent) { return extent != 1; }))
      return;
    OpBuilder b(op);
    SmallVector<int64_t> shape(y.getShape());
    if (y.isDynamicDim(0))
      shape[0] = 0; // the operand's
    Value extents = createIndexList(b, op->getLoc(), shape);
    op->replaceAllUsesWith(nn::ReshapeOp::create(b, op->getLoc(), y, op->getOperand(0), extents, /*allow_zero=*/false));
    op->erase();
  }

  std::optional<SpentConstants> spent;
};

} // namespace
} // namespace nnc
