//===- DeformableConvolution.cpp - convolutions whose taps move ---------------===//
//
// DeformConv adds offsets from the data to the places that a window takes, which then lie between pixels. Sampling there
// makes a channel of every channel and tap; what is left is a convolution of 1 x 1 over those.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Shapes.h"
#include "frontends/onnx/ops/Window.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

/// X: [N,C,H,W], W: [M,C/group,kh,kw], offset: [N,G*kh*kw*2,oh,ow], B: [M], mask: [N,G*kh*kw,oh,ow] -> [N,M,oh,ow]
/// for G offset groups. Channels of one group have their taps in the same places; of each tap comes the row first.
class Deformable {
public:
  explicit Deformable(NodeImporter &node)
      : node(node), x(node.input(0)), w(node.input(1)), offset(node.input(2)), mask(node.input(4)),
        groups(node.intAttr("group", 1)), offsetGroups(node.intAttr("offset_group", 1)), type(node.elementType(0)),
        // Half floats would not tell apart the pixels of large images.
        places(type.isF64() ? Type(node.builder().getF64Type()) : node.builder().getF32Type()) {}

  LogicalResult import() {
    if (failed(check()))
      return failure();
    Value images = reshape(x, x, {Extent::of(0).times(offsetGroups), channels / offsetGroups, Extent::of(2), Extent::of(3)});
    Value scale = mask ? reshape(mask, mask, {Extent::of(0).times(offsetGroups), Extent::of(2).times(taps), Extent::of(3)})
                       : Value();
    Value samples = node.create<nn::GridSampleOp>(type, nn::ResizeMode::linear, images, grid(), scale, "zeros",
                                                  /*align_corners=*/false, /*pixels=*/true);
    Value columns = reshape(samples, offset, {Extent::of(0), channels * taps, Extent::of(2), Extent::of(3)});
    Value weight = reshape(w, w, {Extent::of(0), channels / groups * taps, 1, 1});
    int64_t ones[] = {1, 1}, zeros[] = {0, 0, 0, 0};
    node.setOutput(0, node.create<nn::ConvOp>(type, columns, weight, node.input(3), ones, zeros, ones, groups,
                                              nn::AutoPad::explicit_pads));
    return node.status();
  }

private:
  LogicalResult check() {
    FailureOr<Window> read = readWindow(node);
    if (failed(read))
      return failure();
    window = *read;
    if (window.kernel.size() != 2)
      return node.error("unsupported: " + Twine(window.kernel.size()) + " spatial dims instead of 2");
    taps = window.kernel[0] * window.kernel[1];
    channels = NodeImporter::shapeOf(x)[1];
    if (ShapedType::isDynamic(channels))
      return node.error("unsupported: an unknown number of channels");
    if (groups < 1 || offsetGroups < 1 || channels % groups || channels % offsetGroups)
      return node.error("group and offset_group must divide the " + Twine(channels) + " channels");
    if (!fits(offset, 2 * offsetGroups * taps))
      return node.error("the offsets must have the shape [N, " + Twine(2 * offsetGroups * taps) + ", rows, columns] of " +
                        "the result's rows and columns");
    if (mask && !fits(mask, offsetGroups * taps))
      return node.error("the mask must have the shape [N, " + Twine(offsetGroups * taps) + ", rows, columns] of the " +
                        "result's rows and columns");
    return success();
  }

  /// Whether a tensor has so many numbers for every pixel of the result, as far as it is known.
  bool fits(Value tensor, int64_t numbers) {
    ArrayRef<int64_t> shape = NodeImporter::shapeOf(tensor), in = NodeImporter::shapeOf(x);
    if (shape.size() != 4 || shape[1] != numbers)
      return false;
    auto agrees = [](int64_t a, int64_t b) { return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b; };
    bool all = agrees(shape[0], in[0]);
    for (int64_t i = 0; i < 2; ++i) {
      int64_t room = in[2 + i] + window.pads[i] + window.pads[2 + i] - window.span(i);
      all &= ShapedType::isDynamic(in[2 + i]) || agrees(shape[2 + i], room < 0 ? 0 : room / window.strides[i] + 1);
    }
    return all;
  }

  Value reshape(Value tensor, Value dims, ArrayRef<Extent> extents) {
    return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(tensor), tensor, shapeTensor(node, dims, extents),
                                      /*allow_zero=*/false);
  }

  /// Along spatial dim `d`: the places of the window without its offsets, [taps,1,rows,1] or [taps,1,1,columns].
  Value windowPlaces(int64_t d) {
    Type i64 = node.builder().getI64Type();
    Value steps = countTo(node, node.create<nn::ShapeOfOp>(i64, offset, 2 + d, 3 + d));
    Value starts = node.create<nn::BinaryOp>(i64, BinaryKind::mul, steps, node.intScalarConstant(i64, window.strides[d]));
    if (d == 0)
      starts = node.create<nn::UnsqueezeOp>(i64, starts, ArrayRef<int64_t>{1});
    SmallVector<int64_t> ahead;
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t along = d == 0 ? tap / window.kernel[1] : tap % window.kernel[1];
      ahead.push_back(along * window.dilations[d] - window.pads[d]);
    }
    Value distances = node.create<nn::UnsqueezeOp>(i64, node.intsConstant(ahead), ArrayRef<int64_t>{1, 2, 3});
    return node.castTo(node.create<nn::BinaryOp>(i64, BinaryKind::add, distances, starts), places);
  }

  /// Where to sample: [N*G, taps*rows, columns, 2], the column first.
  Value grid() {
    Value pairs = reshape(offset, offset, {Extent::of(0).times(offsetGroups), taps, 2, Extent::of(2), Extent::of(3)});
    pairs = node.castTo(pairs, places);
    SmallVector<Value> coordinates;
    for (int64_t d : {1, 0}) {
      Value moved = sliceAt(node, pairs, d, 2);
      coordinates.push_back(node.create<nn::BinaryOp>(places, BinaryKind::add, moved, windowPlaces(d)));
    }
    Value all = node.create<nn::ConcatOp>(places, coordinates, 2);
    all = node.create<nn::TransposeOp>(places, all, ArrayRef<int64_t>{0, 1, 3, 4, 2});
    return reshape(all, offset, {Extent::of(0).times(offsetGroups), Extent::of(2).times(taps), Extent::of(3), 2});
  }

  NodeImporter &node;
  Value x, w, offset, mask;
  int64_t groups, offsetGroups;
  Type type, places;
  Window window;
  int64_t taps = 0, channels = 0;
};

LogicalResult importDeformConv(NodeImporter &node) { return Deformable(node).import(); }

} // namespace

void registerDeformableConvolutionImporters(Registry &registry) { registry.add("DeformConv", importDeformConv, 19); }

} // namespace nnc::onnx
