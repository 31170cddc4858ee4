#include "passes/graph/Constants.h"

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace nnc {

namespace {

/// Constants up to this size are attributes that MLIR compares and prints by content.
constexpr size_t kMaxInlineBytes = 1024;

/// Bytes of one element in memory; 0 for types without numbers.
unsigned bytesOf(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * bytesOf(complex.getElementType());
  return element.isIntOrFloat() ? llvm::divideCeil(element.getIntOrFloatBitWidth(), 8) : 0;
}

bool isFolding(Type element) { return element.isF16() || element.isBF16() || element.isF32() || element.isF64(); }

/// Calls `visit` with the bits of each element until it returns false. Fails for constants whose bytes are not there.
bool visitBits(ElementsAttr constant, llvm::function_ref<bool(const APInt &)> visit) {
  Type element = constant.getElementType();
  if (!element.isIntOrFloat())
    return false;
  unsigned width = element.getIntOrFloatBitWidth(), bytes = bytesOf(element);
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    auto bitsOf = [&](auto value) {
      if constexpr (std::is_same_v<decltype(value), APFloat>)
        return value.bitcastToAPInt();
      else
        return value;
    };
    auto visitAll = [&](auto values) {
      for (const auto &value : values)
        if (!visit(bitsOf(value)))
          return;
    };
    if (dense.isSplat())
      isa<FloatType>(element) ? (void)visit(dense.getSplatValue<APFloat>().bitcastToAPInt())
                              : (void)visit(dense.getSplatValue<APInt>());
    else if (isa<FloatType>(element))
      visitAll(dense.getValues<APFloat>());
    else
      visitAll(dense.getValues<APInt>());
    return true;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || blob->getData().size() != static_cast<size_t>(constant.getNumElements()) * bytes)
    return false;
  for (int64_t i = 0; i < constant.getNumElements(); ++i) {
    uint64_t bits = 0;
    memcpy(&bits, blob->getData().data() + i * bytes, bytes);
    if (!visit(APInt(width, bits, /*isSigned=*/false, /*implicitTrunc=*/true)))
      break;
  }
  return true;
}

double toDouble(const APInt &bits, Type element) {
  if (auto type = dyn_cast<FloatType>(element)) {
    APFloat value(type.getFloatSemantics(), bits);
    bool lost;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return value.convertToDouble();
  }
  return element.isUnsignedInteger() || element.isInteger(1) ? bits.roundToDouble() : bits.signedRoundToDouble();
}

} // namespace

ElementsAttr constantValue(Value value) {
  if (auto constant = value ? value.getDefiningOp<nn::ConstantOp>() : nullptr)
    return constant.getValue();
  return nullptr;
}

std::optional<double> uniformNumber(Value value) {
  ElementsAttr constant = constantValue(value);
  if (!constant || constant.getNumElements() == 0)
    return std::nullopt;
  std::optional<APInt> first;
  bool uniform = true;
  bool read = visitBits(constant, [&](const APInt &bits) {
    if (!first)
      first = bits;
    uniform = *first == bits;
    return uniform;
  });
  if (!read || !uniform || !first)
    return std::nullopt;
  return toDouble(*first, constant.getElementType());
}

std::optional<std::vector<double>> floatElements(ElementsAttr constant) {
  return constant && isFolding(constant.getElementType()) ? numberElements(constant) : std::nullopt;
}

std::optional<std::vector<double>> numberElements(ElementsAttr constant) {
  if (!constant)
    return std::nullopt;
  std::vector<double> elements;
  elements.reserve(constant.getNumElements());
  bool read = visitBits(constant, [&](const APInt &bits) {
    elements.push_back(toDouble(bits, constant.getElementType()));
    return true;
  });
  if (!read)
    return std::nullopt;
  if (elements.size() == 1)
    elements.resize(constant.getNumElements(), elements[0]);
  return elements;
}

std::optional<std::vector<float>> f32Elements(ElementsAttr constant) {
  if (!constant || !constant.getElementType().isF32())
    return std::nullopt;
  size_t count = constant.getNumElements();
  ArrayRef<char> bytes;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    bytes = dense.getRawData();
    if (dense.isSplat() && count > 0) {
      float value;
      memcpy(&value, bytes.data(), sizeof value);
      return std::vector<float>(count, value);
    }
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  }
  if (bytes.size() != count * sizeof(float))
    return std::nullopt;
  std::vector<float> elements(count);
  memcpy(elements.data(), bytes.data(), bytes.size());
  return elements;
}

ElementsAttr constantFromDoubles(RankedTensorType type, ArrayRef<double> elements) {
  auto element = cast<FloatType>(type.getElementType());
  unsigned bytes = bytesOf(element);
  std::vector<char> buffer(elements.size() * bytes);
  for (auto [i, number] : llvm::enumerate(elements)) {
    APFloat value(number);
    bool lost;
    value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    if (!value.isFinite() && std::isfinite(number))
      return nullptr;
    uint64_t bits = value.bitcastToAPInt().getZExtValue();
    memcpy(buffer.data() + i * bytes, &bits, bytes);
  }
  return constantFromBytes(type, buffer);
}

/// Whether all elements are the same: each equals the one before.
static bool isUniform(RankedTensorType type, ArrayRef<char> bytes) {
  size_t size = bytesOf(type.getElementType());
  return type.getNumElements() > 1 && memcmp(bytes.data(), bytes.data() + size, bytes.size() - size) == 0;
}

ElementsAttr constantFromBytes(RankedTensorType type, std::vector<char> &&bytes) {
  if (bytes.size() <= kMaxInlineBytes || isUniform(type, bytes))
    return constantFromBytes(type, ArrayRef<char>(bytes));
  auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
  ArrayRef<char> data = *owner;
  // What operator new aligns by.
  AsmResourceBlob blob(data, alignof(std::max_align_t), [owner](void *, size_t, size_t) mutable { owner.reset(); },
                       /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, "folded", std::move(blob));
}

ElementsAttr constantFromBytes(RankedTensorType type, ArrayRef<char> bytes) {
  Type element = type.getElementType();
  size_t size = bytesOf(element), count = type.getNumElements();
  if (isUniform(type, bytes)) {
    count = 1;
    bytes = bytes.take_front(size);
  }
  if (bytes.size() > kMaxInlineBytes) {
    auto blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/64, /*dataIsMutable=*/false);
    return DenseResourceElementsAttr::get(type, "folded", std::move(blob));
  }
  bool wholeBytes = isa<ComplexType>(element) || element.getIntOrFloatBitWidth() % 8 == 0;
  if (wholeBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<Attribute> values;
  for (size_t i = 0; i < count; ++i) {
    APInt bits(element.getIntOrFloatBitWidth(), static_cast<uint8_t>(bytes[i]), /*isSigned=*/false, /*implicitTrunc=*/true);
    if (auto floatType = dyn_cast<FloatType>(element))
      values.push_back(FloatAttr::get(floatType, APFloat(floatType.getFloatSemantics(), bits)));
    else
      values.push_back(IntegerAttr::get(element, bits));
  }
  return DenseElementsAttr::get(type, values);
}

Value createConstant(OpBuilder &b, Location loc, ElementsAttr value) {
  return nn::ConstantOp::create(b, loc, value.getShapedType(), value);
}

Value createIndexList(OpBuilder &b, Location loc, ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get(static_cast<int64_t>(numbers.size()), b.getI64Type());
  return nn::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, numbers));
}

} // namespace nnc
