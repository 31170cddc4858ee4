#include "passes/cpu/BlockScaledWeights.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Quantized.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// A constant of f32, or one of halves that is cast to it, as f32; else null.
static ElementsAttr realConstant(Value value) {
  auto cast = value.getDefiningOp<nn::CastOp>();
  return cast ? widenedConstant(constantValue(cast.getX())) : constantValue(value);
}

std::optional<BlockScaledWeights> BlockScaledWeights::find(nn::MatMulOp op) {
  BlockScaledWeights found;
  found.areTransposed = op.getTransposeB();
  Operation *before = op.getB().getDefiningOp();
  if (auto transpose = dyn_cast_or_null<nn::TransposeOp>(before); transpose && transpose.getPerm().size() == 2) {
    found.areTransposed ^= transpose.getPerm()[0] == 1;
    before = transpose.getX().getDefiningOp();
  }
  found.source = dyn_cast_or_null<nn::DequantizeOp>(before);
  RankedTensorType type = found.source ? typeOf(found.source.getX()) : nullptr;
  if (!type || type.getRank() != 2 || !constantValue(found.source.getX()) || !nn::isByte(type.getElementType()) ||
      !type.hasStaticShape() || type.getNumElements() == 0)
    return std::nullopt;
  int64_t along = found.areTransposed ? 1 : 0;
  found.depth = type.getDimSize(along);
  found.columns = type.getDimSize(1 - along);
  RankedTensorType scale = typeOf(found.source.getScale());
  int64_t axis = found.source.getAxis(), block = found.source.getBlockSize();
  if (!scale || !scale.getElementType().isF32() || !scale.hasStaticShape())
    return std::nullopt;
  if (block > 0 && axis == along && found.depth % block == 0)
    found.block = block;
  else if (block == 0 && axis != along && scale.getNumElements() == found.columns && scale.getRank() == 1)
    found.block = found.depth;
  else
    return std::nullopt;
  return found;
}

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns, kInWord = nn::PackedMatMulOp::kNumbersOfWord;

/// The numbers less their zero points, and their scales.
class Numbers {
public:
  static std::optional<Numbers> of(const BlockScaledWeights &w) {
    Numbers found(w);
    ElementsAttr reals = realConstant(found.w.source.getScale());
    Value zero = found.w.source.getZeroPoint();
    auto bytes = elementsOf(constantValue(found.w.source.getX())), scales = elementsOf(reals);
    found.zeros = isZeroPoint(zero) ? std::nullopt : elementsOf(constantValue(zero));
    if (!bytes || !scales || (!found.zeros && !isZeroPoint(zero)))
      return std::nullopt;
    found.bytes = *bytes;
    found.scales = *scales;
    return found;
  }

  float scale(int64_t block, int64_t column) const { return scales.f32(w.at(block, column, w.blocks())); }

  /// Of a block of 16 columns, as [block,16]; 0 behind the last column.
  std::vector<int32_t> ofPanel(int64_t panel, int64_t block) const {
    std::vector<int32_t> numbers(w.block * kWidth);
    int64_t lanes = std::min(kWidth, w.columns - panel * kWidth);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t column = panel * kWidth + lane;
      int32_t zero = zeros ? zeros->integer(w.at(block, column, w.blocks()), element) : 0;
      const char *first = bytes.bytes.data() + (bytes.isSplat ? 0 : w.at(block * w.block, column, w.depth));
      int64_t apart = bytes.isSplat ? 0 : w.areTransposed ? 1 : w.columns;
      for (int64_t k = 0; k < w.block; ++k) {
        char byte = first[k * apart];
        numbers[k * kWidth + lane] = (isUnsigned ? static_cast<uint8_t>(byte) : static_cast<int8_t>(byte)) - zero;
      }
    }
    return numbers;
  }

private:
  explicit Numbers(const BlockScaledWeights &w)
      : w(w), element(typeOf(this->w.source.getX()).getElementType()), isUnsigned(element.isUnsignedInteger()) {}

  BlockScaledWeights w;
  Type element;
  bool isUnsigned;
  Elements bytes, scales;
  std::optional<Elements> zeros;
};

} // namespace

std::optional<BlockScaledWeights::Packed> BlockScaledWeights::pack() const {
  auto numbers = Numbers::of(*this);
  if (!numbers)
    return std::nullopt;
  int64_t panels = llvm::divideCeil(columns, kWidth);
  // What is taken from the numbers of a block so that they have four bits.
  std::vector<int32_t> shifts(panels * blocks() * kWidth);
  bool areBytes = true, areWords = block % kInWord == 0, areShifted = false;
  for (int64_t at = 0; at < panels * blocks() && (areBytes || areWords); ++at) {
    std::vector<int32_t> ofBlock = numbers->ofPanel(at / blocks(), at % blocks());
    for (int64_t lane = 0; lane < kWidth; ++lane) {
      int32_t least = INT32_MAX, most = INT32_MIN;
      for (size_t i = lane; i < ofBlock.size(); i += kWidth) {
        least = std::min(least, ofBlock[i]);
        most = std::max(most, ofBlock[i]);
      }
      bool isCentered = least >= -8 && most <= 7;
      areBytes &= least >= INT8_MIN && most <= INT8_MAX;
      areWords &= most - least < 16;
      areShifted |= !isCentered;
      shifts[at * kWidth + lane] = isCentered ? 0 : least + 8;
    }
  }
  // Scales of whole columns are for the sums.
  if (!areWords && (!areBytes || block == depth))
    return std::nullopt;
  int64_t factors = areWords && areShifted ? 2 * kWidth : kWidth, steps = areWords ? depth / kInWord : depth;
  std::vector<float> scales(panels * blocks() * factors, 0);
  std::vector<uint32_t> words(areWords ? panels * steps * kWidth : 0);
  std::vector<char> bytes(areWords ? 0 : panels * steps * kWidth);
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t b = 0; b < blocks(); ++b) {
      int64_t at = panel * blocks() + b;
      const int32_t *shift = &shifts[at * kWidth];
      for (int64_t lane = 0; lane < std::min(kWidth, columns - panel * kWidth); ++lane) {
        float *factor = &scales[at * factors + lane];
        factor[0] = numbers->scale(b, panel * kWidth + lane);
        if (factors > kWidth)
          factor[kWidth] = factor[0] * static_cast<float>(shift[lane]);
      }
      std::vector<int32_t> ofBlock = numbers->ofPanel(panel, b);
      for (int64_t i = 0; i < block * kWidth; ++i) {
        int64_t k = i / kWidth, lane = i % kWidth;
        if (areWords)
          words[(panel * steps + (b * block + k) / kInWord) * kWidth + lane] |=
              (static_cast<uint32_t>(ofBlock[i] - shift[lane]) & 15) << k % kInWord * 4;
        else
          bytes[(panel * steps + b * block + k) * kWidth + lane] = static_cast<char>(ofBlock[i]);
      }
    }
  MLIRContext *context = source->getContext();
  auto constant = [&](ArrayRef<int64_t> shape, Type type, const auto &elements) {
    ArrayRef<char> data(reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(elements[0]));
    return constantFromBytes(RankedTensorType::get(shape, type), data);
  };
  SmallVector<int64_t> shape{panels, steps, kWidth};
  return Packed{areWords ? constant(shape, IntegerType::get(context, 32), words)
                         : constant(shape, IntegerType::get(context, 8), bytes),
                constant({panels, blocks(), factors}, Float32Type::get(context), scales)};
}

} // namespace nnc
