#include "passes/cpu/ConstantElements.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace nnc {

std::vector<int32_t> Elements::integers(int64_t count, Type element) const {
  std::vector<int32_t> numbers(count);
  for (int64_t i = 0; i < count; ++i) {
    if (!element.isInteger(8))
      numbers[i] = i32(i);
    else if (element.isUnsignedInteger())
      numbers[i] = at<uint8_t>(i);
    else
      numbers[i] = at<int8_t>(i);
  }
  return numbers;
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
