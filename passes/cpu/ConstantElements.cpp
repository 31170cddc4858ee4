#include "passes/cpu/ConstantElements.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {

int32_t Elements::integer(int64_t i, Type element) const {
  if (!element.isInteger(8))
    return i32(i);
  return element.isUnsignedInteger() ? int32_t(at<uint8_t>(i)) : int32_t(at<int8_t>(i));
}

std::vector<int32_t> Elements::integers(int64_t count, Type element) const {
  std::vector<int32_t> numbers(count);
  for (int64_t i = 0; i < count; ++i)
    numbers[i] = integer(i, element);
  return numbers;
}

/// The number that has these bits in bf16 (`isBrain`) or in f16.
static float widened(uint16_t bits, bool isBrain) {
  if (isBrain)
    return llvm::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  return static_cast<float>(llvm::bit_cast<_Float16>(bits));
}

ElementsAttr widenedConstant(ElementsAttr constant) {
  auto elements = elementsOf(constant);
  if (!elements || !(constant.getElementType().isF16() || constant.getElementType().isBF16()))
    return {};
  bool isBrain = constant.getElementType().isBF16();
  auto type = cast<RankedTensorType>(constant.getShapedType()).clone(Float32Type::get(constant.getContext()));
  auto at = [&](int64_t i) { return widened(elements->at<uint16_t>(i), isBrain); };
  if (elements->isSplat)
    return DenseElementsAttr::get(type, at(0));
  std::vector<float> numbers(type.getNumElements());
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = at(i);
  return constantFromBytes(
      type, ArrayRef(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(float)));
}

std::optional<Elements> elementsOf(ElementsAttr constant) {
  if (!constant)
    return std::nullopt;
  Type element = constant.getElementType();
  if (!isa<FloatType, IntegerType>(element) || element.getIntOrFloatBitWidth() % 8 != 0)
    return std::nullopt;
  size_t size = element.getIntOrFloatBitWidth() / 8;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    return Elements{dense.getRawData(), dense.isSplat()};
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || blob->getData().size() != constant.getNumElements() * size)
    return std::nullopt;
  return Elements{blob->getData()};
}

} // namespace nnc
