// Weights in the order in which micro-kernels read them. The layouts are those of nn.packed_matmul and nn.packed_conv;
// what is worth it is said below.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/cpu/PackOperands.h"
#include "passes/graph/Constants.h"
#include "passes/graph/SpentConstants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "passes/Passes.h.inc"

namespace {

/// Fills `to`, which is zeros, element by element; `from(i)` is the source's index for element i, or -1 for padding.
template <typename Element, typename Index>
void permute(const Elements &source, MutableArrayRef<char> to, Index from) {
  for (size_t i = 0, count = to.size() / sizeof(Element); i < count; ++i)
    if (int64_t index = from(i); index >= 0)
      memcpy(to.data() + i * sizeof(Element),
             source.bytes.data() + (source.isSplat ? 0 : index * sizeof(Element)), sizeof(Element));
}

/// A constant of `type` made from `source` by `from`.
template <typename Index>
ElementsAttr permuted(const Elements &source, RankedTensorType type, Index from) {
  unsigned size = type.getElementTypeBitWidth() / 8;
  std::vector<char> buffer(type.getNumElements() * size, 0);
  MutableArrayRef<char> to(buffer);
  if (size == 1)
    permute<uint8_t>(source, to, from);
  else if (size == 2)
    permute<uint16_t>(source, to, from);
  else if (size == 4)
    permute<uint32_t>(source, to, from);
  else
    permute<uint64_t>(source, to, from);
  return constantFromBytes(type, std::move(buffer));
}

struct PackWeights : impl::PackWeightsBase<PackWeights> {
  void runOnOperation() override {
    SmallVector<nn::MatMulOp> products;
    SmallVector<nn::ConvOp> convolutions;
    getOperation().walk([&](Operation *op) {
      if (auto product = dyn_cast<nn::MatMulOp>(op))
        products.push_back(product);
      else if (auto convolution = dyn_cast<nn::ConvOp>(op))
        convolutions.push_back(convolution);
    });
    spent.emplace(getOperation());
    for (nn::MatMulOp op : products)
      pack(op);
    for (nn::ConvOp op : convolutions)
      pack(op);
    markCached();
  }

private:
  /// Where the third-level cache keeps all constants, so that a run finds there what the one before read.
  void markCached() {
    constexpr int64_t kept = 16 << 20;
    int64_t bytes = 0;
    getOperation().walk([&](nn::ConstantOp op) {
      auto type = cast<RankedTensorType>(op.getType());
      if (type.getElementType().isIntOrFloat())
        bytes += llvm::divideCeil(type.getNumElements() * type.getElementTypeBitWidth(), 8);
    });
    if (bytes <= kept)
      getOperation().walk([](nn::PackedMatMulOp op) { op.setCached(bool(constantValue(op.getPanels()))); });
  }

  void pack(nn::MatMulOp op) {
    auto a = dyn_cast<RankedTensorType>(op.getA().getType());
    auto b = dyn_cast<RankedTensorType>(op.getB().getType());
    ElementsAttr constant = constantValue(op.getB());
    auto source = elementsOf(constant);
    if (!a || !b || !source || a.getRank() < 2 || b.getRank() < 2)
      return;
    int64_t depth = b.getDimSize(b.getRank() - 2), columns = b.getDimSize(b.getRank() - 1);
    bool transposed = op.getTransposeB();
    if (transposed)
      std::swap(depth, columns);
    constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns;
    if (depth == 0 || columns == 0 || constantValue(op.getA()))
      return;
    int64_t count = llvm::divideCeil(columns, width);
    if (nn::isByte(a.getElementType()) && nn::isByte(b.getElementType()) && b.getRank() == 2 &&
        getElementTypeOrSelf(op.getY().getType()).isInteger(32))
      return packBytes(op, a.getElementType(), b.getElementType(), constant, *source, depth, columns);
    // A panel that would be mostly padding is not worth it: such columns are read one by one, as they then lie.
    if (columns < 3) {
      if (transposed || op.getTransposeA())
        return;
      SmallVector<int64_t> shape(b.getShape().drop_back(2));
      shape.append({columns, depth});
      auto type = RankedTensorType::get(shape, b.getElementType());
      auto at = [=](int64_t i) {
        return i / (depth * columns) * depth * columns + i % depth * columns + i / depth % columns;
      };
      op.getBMutable().assign(packedConstant(op, constant, 4, type, [&] { return permuted(*source, type, at); }));
      op.setTransposeB(true);
      return;
    }
    // Two bf16 of a column side by side, as machines multiply them.
    int64_t perStep = a.getElementType().isBF16() && b.getElementType().isBF16() ? 2 : 1,
            steps = llvm::divideCeil(depth, perStep), perPanel = steps * width * perStep;
    SmallVector<int64_t> shape(b.getShape().drop_back(2));
    shape.append({count, steps, width * perStep});
    auto type = RankedTensorType::get(shape, b.getElementType());
    auto at = [=](int64_t i) -> int64_t {
      int64_t column = i / perPanel % count * width + i / perStep % width,
              k = i / (width * perStep) % steps * perStep + i % perStep;
      if (column >= columns || k >= depth)
        return -1;
      int64_t matrix = i / (count * perPanel) * depth * columns;
      return matrix + (transposed ? column * depth + k : k * columns + column);
    };
    OpBuilder builder(op);
    Value panels = packedConstant(op, constant, transposed, type, [&] {
      return permuted(*source, type, at);
    });
    auto packed = nn::PackedMatMulOp::create(builder, op.getLoc(), op.getY().getType(), orderedLeftFactor(builder, op),
                                             panels, columns);
    replace(op, packed, op.getB());
  }

  /// A product of bytes. Factors that both have a sign, or both none, are made different by flipping the
  /// highest bits of the left one; what that adds to the sum of a column is the same in every row.
  void packBytes(nn::MatMulOp op, Type left, Type element, ElementsAttr constant, const Elements &source,
                 int64_t depth, int64_t columns) {
    using Packed = nn::PackedByteMatMulOp;
    constexpr int64_t width = Packed::kPanelColumns, step = nn::kByteStep;
    bool transposed = op.getTransposeB(), flip = left == element;
    int64_t count = llvm::divideCeil(columns, width), steps = llvm::divideCeil(depth, step);
    auto indexOf = [=](int64_t k, int64_t column) {
      return transposed ? column * depth + k : k * columns + column;
    };
    auto at = [=](int64_t i) -> int64_t {
      int64_t k = i / (width * step) % steps * step + i % step;
      int64_t column = i / (steps * width * step) * width + i / step % width;
      return k < depth && column < columns ? indexOf(k, column) : -1;
    };
    auto type = RankedTensorType::get({count, steps, width, step}, element);
    OpBuilder builder(op);
    Value panels =
        packedConstant(op, constant, transposed, type, [&] { return permuted(source, type, at); });
    Value start;
    if (flip) {
      auto startType = RankedTensorType::get({count * width}, builder.getI32Type());
      start = packedConstant(op, constant, 2 + transposed, startType, [&] {
        std::vector<int32_t> sums(count * width, 0);
        for (int64_t column = 0; column < columns; ++column)
          for (int64_t k = 0; k < depth; ++k) {
            auto byte = static_cast<uint8_t>(source.bytes[source.isSplat ? 0 : indexOf(k, column)]);
            // What is multiplied is a + 128 in place of a signed a, and a - 128 in place of one without a
            // sign.
            sums[column] += element.isUnsignedInteger() ? 128 * byte : -128 * static_cast<int8_t>(byte);
          }
        return constantFromBytes(startType,
                                 ArrayRef(reinterpret_cast<const char *>(sums.data()), sums.size() * 4));
      });
    }
    auto packed = Packed::create(builder, op.getLoc(), op.getY().getType(), orderedLeftFactor(builder, op),
                                 panels, start, columns, flip);
    replace(op, packed, op.getB());
  }

  void pack(nn::ConvOp op) {
    auto x = dyn_cast<RankedTensorType>(op.getX().getType());
    auto w = dyn_cast<RankedTensorType>(op.getW().getType());
    ElementsAttr constant = constantValue(op.getW());
    auto source = elementsOf(constant);
    if (!x || !w || !source || !w.hasStaticShape() || w.getNumElements() == 0 || constantValue(op.getX()))
      return;
    int64_t groups = op.getGroups(), filters = w.getDimSize(0), channels = w.getDimSize(1);
    int64_t perGroup = filters / groups, taps = 1;
    for (int64_t extent : w.getShape().drop_front(2))
      taps *= extent;
    // With so few filters to a group little pays for gathering the inputs: the reference lowering reads rows of up to
    // four filters' inputs as they lie, if their outputs fill vectors, and neighbours are no further apart than two
    // inputs.
    auto y = dyn_cast<RankedTensorType>(op.getY().getType());
    bool isLong = y && (ShapedType::isDynamic(y.getShape().back()) || y.getShape().back() >= 16);
    bool isDense = taps > 1 && op.getStrides().back() <= 2;
    if (groups > 1 && perGroup < 3) {
      // One filter's outputs at the borders of a long row cost less than a copy of it.
      constexpr int64_t longRow = 32;
      if (isDense && !ShapedType::isDynamic(x.getShape().back()) && x.getShape().back() <= longRow)
        padRows(op, taps);
      return;
    }
    if (groups == 1 && perGroup < 5 && isDense && isLong)
      return padRows(op, taps);
    constexpr int64_t width = nn::PackedConvOp::kPanelFilters;
    int64_t depth = taps * channels, count = llvm::divideCeil(perGroup, width);
    auto type = RankedTensorType::get({groups, count, depth, width}, w.getElementType());
    auto at = [=](int64_t i) -> int64_t {
      int64_t group = i / (count * depth * width), panel = i / (depth * width) % count;
      int64_t k = i / width % depth, filter = panel * width + i % width;
      if (filter >= perGroup)
        return -1;
      return (group * perGroup + filter) * depth + k;
    };
    OpBuilder builder(op);
    // The kind tells the groupings of one weight apart.
    Value panels = packedConstant(op, constant, 1 + groups, type, [&] { return permuted(*source, type, at); });
    auto packed = nn::PackedConvOp::create(builder, op.getLoc(), op.getY().getType(), op.getX(), panels, op.getBias(),
                                           w.getShape().drop_front(2), op.getStrides(), op.getPads(),
                                           op.getDilations(), filters, groups, op.getAutoPad());
    replace(op, packed, op.getW());
  }

  /// Outputs whose windows leave the row are summed one by one: where the kernel is large, a padded copy costs less.
  static void padRows(nn::ConvOp op, int64_t taps) {
    auto x = cast<RankedTensorType>(op.getX().getType());
    int64_t rank = x.getRank(), n = rank - 2, width = x.getShape().back();
    SmallVector<int64_t> pads(op.getPads());
    int64_t begin = pads[n - 1], end = pads[2 * n - 1];
    if (op.getAutoPad() != nn::AutoPad::explicit_pads ||
        (begin + end) * taps * 4 < (ShapedType::isDynamic(width) ? 128 : width))
      return;
    SmallVector<int64_t> shape(x.getShape()), list(2 * rank, 0);
    if (!ShapedType::isDynamic(width))
      shape.back() += begin + end;
    list[rank - 1] = begin;
    list[2 * rank - 1] = end;
    pads[n - 1] = pads[2 * n - 1] = 0;
    OpBuilder b(op);
    op.getXMutable().assign(nn::PadOp::create(b, op.getLoc(), x.clone(shape), nn::PadMode::constant, op.getX(),
                                              createIndexList(b, op.getLoc(), list), /*value=*/Value()));
    op.setPads(pads);
  }

  /// The constant that `make` gives; weights that several ops share are packed once.
  Value packedConstant(Operation *op, ElementsAttr constant, int64_t kind, RankedTensorType type,
                       llvm::function_ref<ElementsAttr()> make) {
    ElementsAttr &packed = made[{constant, kind}];
    if (!packed || packed.getShapedType() != type)
      packed = make();
    OpBuilder builder(op);
    return nn::ConstantOp::create(builder, op->getLoc(), type, packed);
  }

  void replace(Operation *op, Operation *packed, Value weight) {
    op->replaceAllUsesWith(packed);
    op->erase();
    spent->release(weight.getDefiningOp<nn::ConstantOp>());
  }

  std::optional<SpentConstants> spent;
  llvm::DenseMap<std::pair<Attribute, int64_t>, ElementsAttr> made;
};

} // namespace
} // namespace nnc
