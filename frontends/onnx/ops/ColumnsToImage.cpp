//===- ColumnsToImage.cpp - overlapping blocks summed into an image -----------===//
//
// Col2Im takes the blocks that a window cuts out of an image and adds them up where they came from. The spatial dims are
// folded one after the other. Along a dim of stride s the places p with the same remainder of p / s form a phase: a tap
// adds all its numbers to one phase, moved by a whole number of places. So a phase is a sum of padded slices, without a
// scatter, and the phases laid side by side are the image. A wide block, such as a frame of a signal, is cut by whole
// strides instead: a piece has a tap for every phase, and the image is a sum of a few padded pieces. Blocks of too many
// parts for an op each, and those known by the run only, are scattered.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

/// Parts of a block along a dim that are worth an op each: the time to compile the sum grows with their square.
constexpr int64_t kMostParts = 64;
/// Taps along a dim from which on they are taken by whole strides.
constexpr int64_t kWide = 16;
/// No sum of a few numbers up to here overflows.
constexpr int64_t kMostNumber = INT32_MAX;

/// columns: [N,C*k1*..*kn,o1*..*on], image_shape: [n], block_shape: [n] -> [N,C,i1,..,in].
class Fold {
public:
  explicit Fold(NodeImporter &node)
      : node(node), i64(node.builder().getI64Type()), columns(node.input(0)), image(node.input(1)),
        type(node.elementType(0)), sumType(type.isF16() || type.isBF16() ? Type(node.builder().getF32Type()) : type) {}

  LogicalResult import() {
    if (failed(check()))
      return failure();
    columns = node.castTo(columns, sumType);
    Value result = hasFewParts() ? sumParts() : scatter();
    node.setOutput(0, node.castTo(result, type));
    return node.status();
  }

private:
  int64_t rank() const { return NodeImporter::shapeOf(node.input(2)).front(); }

  LogicalResult check() {
    if (type.isInteger(1))
      return node.error("unsupported: sums of bool");
    if (NodeImporter::rankOf(columns) != 3)
      return node.error("the input has rank " + Twine(NodeImporter::rankOf(columns)) + " instead of 3");
    ArrayRef<int64_t> entries = NodeImporter::shapeOf(node.input(2));
    if (entries.size() != 1 || entries[0] < 1 || NodeImporter::shapeOf(image) != entries)
      return node.error("image_shape and block_shape must have an entry for every spatial dim");
    block = node.constantInts(2);
    strides = node.intsAttr("strides", SmallVector<int64_t>(rank(), 1));
    dilations = node.intsAttr("dilations", SmallVector<int64_t>(rank(), 1));
    pads = node.intsAttr("pads", SmallVector<int64_t>(2 * rank(), 0));
    if (int64_t(strides.size()) != rank() || int64_t(dilations.size()) != rank() || int64_t(pads.size()) != 2 * rank())
      return node.error("strides and dilations need " + Twine(rank()) + " entries, pads " + Twine(2 * rank()));
    auto isCount = [](int64_t n) { return n > 0 && n <= kMostNumber; };
    if ((block && !llvm::all_of(*block, isCount)) || !llvm::all_of(strides, isCount) || !llvm::all_of(dilations, isCount) ||
        llvm::any_of(pads, [](int64_t n) { return n < 0 || n > kMostNumber; }))
      return node.error("block shape, strides and dilations must be positive, pads not negative, and all below 2^31");
    return block ? checkExtents() : success();
  }

  /// Whether the blocks are as many and as large as the window says, as far as it is known.
  LogicalResult checkExtents() {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(columns);
    uint64_t elements = elementsOfBlock(), count = 1;
    if (!ShapedType::isDynamic(shape[1]) && shape[1] % elements)
      return node.error("dim 1 has extent " + Twine(shape[1]) + ", which is no multiple of the block's " +
                        Twine(elements) + " elements");
    std::optional<SmallVector<int64_t>> extents = node.integersOf(image);
    if (!extents)
      return success();
    for (int64_t i = 0; i < rank(); ++i) {
      if ((*extents)[i] < 1 || (*extents)[i] > kMostNumber)
        return node.error("extent " + Twine((*extents)[i]) + " of the image must be positive and below 2^31");
      int64_t room = (*extents)[i] + pads[i] + pads[rank() + i] - ((*block)[i] - 1) * dilations[i] - 1;
      count = llvm::SaturatingMultiply<uint64_t>(count, room < 0 ? 0 : room / strides[i] + 1);
    }
    if (!ShapedType::isDynamic(shape[2]) && uint64_t(shape[2]) != count)
      return node.error("dim 2 has extent " + Twine(shape[2]) + ", but the image has " + Twine(count) + " blocks");
    return success();
  }

  uint64_t elementsOfBlock() const {
    uint64_t count = 1;
    for (int64_t extent : *block)
      count = llvm::SaturatingMultiply<uint64_t>(count, extent);
    return count;
  }

  /// Whether dim i of a block is cut by whole strides, not tap by tap.
  bool isWide(int64_t i) const { return (*block)[i] >= kWide && strides[i] > 1 && dilations[i] == 1; }

  /// Whether the blocks are of a known shape and of few parts.
  bool hasFewParts() const {
    auto isFew = [this](int64_t i) {
      int64_t taps = (*block)[i], stride = strides[i];
      return (isWide(i) ? llvm::divideCeil(taps, stride) : std::max(taps, stride)) <= uint64_t(kMostParts);
    };
    return block && llvm::all_of(llvm::seq<int64_t>(0, rank()), isFew);
  }

  //===----------------------------------------------------------------------===//
  // Extents, as i64 tensors [1] that are mostly known
  //===----------------------------------------------------------------------===//

  Value binary(BinaryKind kind, Value a, Value b) { return node.create<nn::BinaryOp>(i64, kind, a, b); }
  Value binary(BinaryKind kind, Value a, int64_t b) { return binary(kind, a, node.intsConstant({b})); }
  Value blockExtent(int64_t i) { return sliceAt(node, node.input(2), i); }
  /// Extent i of the image with its pads.
  Value paddedExtent(int64_t i) { return binary(BinaryKind::add, sliceAt(node, image, i), pads[i] + pads[rank() + i]); }
  /// How many blocks there are along dim i.
  Value blockCount(int64_t i) {
    Value reach = binary(BinaryKind::mul, binary(BinaryKind::sub, blockExtent(i), 1), dilations[i]);
    Value room = binary(BinaryKind::sub, binary(BinaryKind::sub, paddedExtent(i), reach), 1);
    return binary(BinaryKind::add, binary(BinaryKind::div, room, strides[i]), 1);
  }
  Value list(ArrayRef<Value> numbers) { return node.create<nn::ConcatOp>(i64, numbers, 0); }

  //===----------------------------------------------------------------------===//
  // Tensors
  //===----------------------------------------------------------------------===//

  Value reshape(Value x, Value shape) {
    return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(x), x, shape, /*allow_zero=*/false);
  }
  Value zerosOf(Value shape) {
    Value zero = isa<FloatType>(sumType) ? node.scalarConstant(sumType, 0) : node.intScalarConstant(sumType, 0);
    return node.create<nn::BroadcastToOp>(sumType, zero, shape);
  }
  /// Cuts the pads of dim i off, which is along `axis`.
  Value crop(Value x, int64_t i, int64_t axis) {
    Value end = binary(BinaryKind::add, sliceAt(node, image, i), pads[i]);
    return node.create<nn::SliceOp>(sumType, x, node.intsConstant({pads[i]}), end, ArrayRef<int64_t>{axis},
                                    ArrayRef<int64_t>{1});
  }

  //===----------------------------------------------------------------------===//
  // Blocks of a known shape and of few parts
  //===----------------------------------------------------------------------===//

  Value sumParts() {
    int64_t channels = NodeImporter::shapeOf(columns)[1];
    if (!ShapedType::isDynamic(channels))
      channels /= elementsOfBlock();
    SmallVector<int64_t> leading = {0, ShapedType::isDynamic(channels) ? -1 : channels};
    leading.append(*block);
    SmallVector<Value> dims = {node.intsConstant(leading)};
    for (int64_t i = 0; i < rank(); ++i)
      dims.push_back(blockCount(i));
    Value x = reshape(columns, list(dims));
    for (int64_t i = 0; i < rank(); ++i)
      x = crop(isWide(i) ? sumPieces(x, i) : sumPhases(x, i), i, along());
    return x;
  }

  /// Where the blocks of the dim that is folded lie, and the image's places thereafter.
  int64_t along() const { return 1 + rank(); }
  /// Strides along dim i, the last one not always whole.
  Value strideCount(int64_t i) {
    return binary(BinaryKind::div, binary(BinaryKind::add, paddedExtent(i), strides[i] - 1), strides[i]);
  }

  /// [N,C,ki,..,kn,i1,..,oi,..,on] -> [N,C,kj,..,kn,i1,..,ii,..,on] for j = i + 1, up to a whole number of strides.
  Value sumPhases(Value x, int64_t i) {
    const int64_t taps = 2, stride = strides[i];
    Value extent = strideCount(i);
    SmallVector<Value> phases(stride);
    for (int64_t tap = 0; tap < (*block)[i]; ++tap) {
      Value one = sliceAt(node, x, tap, taps);
      one = node.create<nn::SqueezeOp>(sumType, one, ArrayRef<int64_t>{taps});
      int64_t start = tap * dilations[i];
      one = place(one, along(), start / stride, extent);
      Value &phase = phases[start % stride];
      phase = phase ? node.create<nn::BinaryOp>(sumType, BinaryKind::add, phase, one) : one;
    }
    return interleave(phases, along());
  }

  /// The same: the taps go behind the blocks, [.., oi, ki, ..], and each stride of them is moved by so many places.
  Value sumPieces(Value x, int64_t i) {
    const int64_t stride = strides[i], taps = (*block)[i], xRank = NodeImporter::rankOf(x);
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, xRank));
    std::rotate(order.begin() + 2, order.begin() + 3, order.begin() + along() + 2);
    x = node.create<nn::TransposeOp>(sumType, x, order);
    const int64_t pieces = llvm::divideCeil(taps, stride);
    Value extent = strideCount(i), sum;
    x = place(x, along(), pieces - 1, binary(BinaryKind::add, extent, pieces - 1), pieces * stride - taps);
    for (int64_t piece = 0; piece < pieces; ++piece) {
      Value start = node.intsConstant({pieces - 1 - piece, piece * stride});
      Value end = list({binary(BinaryKind::add, extent, pieces - 1 - piece), node.intsConstant({(piece + 1) * stride})});
      Value one = node.create<nn::SliceOp>(sumType, x, start, end, ArrayRef<int64_t>{along(), along() + 1},
                                           ArrayRef<int64_t>{1, 1});
      sum = sum ? node.create<nn::BinaryOp>(sumType, BinaryKind::add, sum, one) : one;
    }
    return mergeWithNext(sum, along(), stride);
  }

  /// Zeros around `x`: `before` in front of it along an axis, behind it up to `extent`, and some along the next axis.
  Value place(Value x, int64_t axis, int64_t before, Value extent, int64_t behindNext = 0) {
    int64_t xRank = NodeImporter::rankOf(x);
    Value own = node.create<nn::ShapeOfOp>(i64, x, axis, axis + 1);
    Value behind = binary(BinaryKind::sub, binary(BinaryKind::sub, extent, own), before);
    SmallVector<int64_t> front(xRank + axis, 0);
    front[axis] = before;
    SmallVector<Value> parts = {node.intsConstant(front), behind};
    SmallVector<int64_t> rest(xRank - axis - 1, 0);
    if (behindNext)
      rest.front() = behindNext;
    if (!rest.empty())
      parts.push_back(node.intsConstant(rest));
    return node.create<nn::PadOp>(sumType, nn::PadMode::constant, x, list(parts), Value());
  }

  /// Takes one number of each phase in turn along an axis. Phases that no tap reaches are null.
  Value interleave(ArrayRef<Value> phases, int64_t axis) {
    if (phases.size() == 1)
      return phases.front();
    Value present = *llvm::find_if(phases, [](Value phase) { return phase != nullptr; });
    Value zeros;
    SmallVector<Value> sides;
    for (Value phase : phases) {
      if (!phase && !zeros)
        zeros = zerosOf(node.create<nn::ShapeOfOp>(i64, present, 0, NodeImporter::rankOf(present)));
      sides.push_back(node.create<nn::UnsqueezeOp>(sumType, phase ? phase : zeros, ArrayRef<int64_t>{axis + 1}));
    }
    return mergeWithNext(node.create<nn::ConcatOp>(sumType, sides, axis + 1), axis, phases.size());
  }

  /// Makes one dim of `axis` and the next, whose extent is `inner`.
  Value mergeWithNext(Value x, int64_t axis, int64_t inner) {
    SmallVector<Extent> shape;
    for (int64_t d = 0, xRank = NodeImporter::rankOf(x); d < xRank; ++d)
      if (d != axis + 1)
        shape.push_back(Extent::of(d).times(d == axis ? inner : 1));
    return reshape(x, shapeTensor(node, x, shape));
  }

  //===----------------------------------------------------------------------===//
  // Blocks of any shape
  //===----------------------------------------------------------------------===//

  Value scatter() {
    Value taps = blockExtent(0), blocks = blockCount(0), size = paddedExtent(0);
    for (int64_t i = 1; i < rank(); ++i) {
      taps = binary(BinaryKind::mul, taps, blockExtent(i));
      blocks = binary(BinaryKind::mul, blocks, blockCount(i));
      size = binary(BinaryKind::mul, size, paddedExtent(i));
    }
    Value any = node.intsConstant({0, -1});
    Value updates = reshape(columns, list({any, binary(BinaryKind::mul, taps, blocks)}));
    Value leading = node.create<nn::ShapeOfOp>(i64, updates, 0, 2);
    Value indices = node.create<nn::BroadcastToOp>(i64, places(), node.create<nn::ShapeOfOp>(i64, updates, 0, 3));
    Value sums = node.create<nn::ScatterElementsOp>(sumType, nn::ScatterReduction::add, zerosOf(list({leading, size})),
                                                    indices, updates, 2);
    SmallVector<Value> shape = {node.intsConstant({0, 0})};
    for (int64_t i = 0; i < rank(); ++i)
      shape.push_back(paddedExtent(i));
    Value x = reshape(sums, list(shape));
    for (int64_t i = 0; i < rank(); ++i)
      x = crop(x, i, 2 + i);
    return x;
  }

  /// Where in an image of one channel, with its pads, each element of each block lies: [k1*..*kn*o1*..*on].
  Value places() {
    Value all;
    for (int64_t i = 0; i < rank(); ++i) {
      Value steps = binary(BinaryKind::mul, countTo(node, blockExtent(i)), dilations[i]);
      Value starts = binary(BinaryKind::mul, countTo(node, blockCount(i)), strides[i]);
      Value along = binary(BinaryKind::add, alongDim(steps, i), alongDim(starts, rank() + i));
      all = all ? binary(BinaryKind::add, binary(BinaryKind::mul, all, paddedExtent(i)), along) : along;
    }
    return reshape(all, node.intsConstant({-1}));
  }

  /// A list as dim `at` of the 2n of places().
  Value alongDim(Value numbers, int64_t at) {
    SmallVector<int64_t> shape(2 * rank(), 1);
    shape[at] = -1;
    return reshape(numbers, node.intsConstant(shape));
  }

  NodeImporter &node;
  Type i64;
  Value columns, image;
  Type type, sumType;
  std::optional<SmallVector<int64_t>> block;
  SmallVector<int64_t> strides, dilations, pads;
};

LogicalResult importCol2Im(NodeImporter &node) { return Fold(node).import(); }

} // namespace

void registerColumnsToImageImporters(Registry &registry) { registry.add("Col2Im", importCol2Im, 18); }

} // namespace nnc::onnx
