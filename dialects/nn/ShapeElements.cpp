// Constants, and what has been found out of other small tensors.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "dialects/nn/SmallTensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>

using namespace mlir;

namespace nnc::nn {

const SmallVector<AffineExpr> *ShapeAnalysis::contents(Value value) {
  auto found = elements.find(value);
  if (found != elements.end())
    return &found->second;
  auto type = smallTensor(value);
  if (!type)
    return nullptr;
  SmallVector<AffineExpr> exprs;
  if (auto numbers = constantIntegers(value, kMaxContents)) {
    for (int64_t n : *numbers)
      exprs.push_back(getAffineConstantExpr(n, context));
    return &(elements[value] = exprs);
  }
  if (auto numbers = realContents(value)) {
    for (double n : *numbers) {
      if (n != std::floor(n) || std::abs(n) > kMaxWhole || (n == 0 && std::signbit(n)))
        return nullptr;
      exprs.push_back(getAffineConstantExpr(static_cast<int64_t>(n), context));
    }
    return &(elements[value] = exprs);
  }
  // Elements of an integer tensor that nothing is known of are symbols, so that equal uses give equal extents.
  if (!type.getElementType().isSignlessInteger(64) && !type.getElementType().isSignlessInteger(32))
    return nullptr;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    exprs.push_back(freshSymbol());
  return &(elements[value] = exprs);
}

std::optional<SmallVector<int64_t>> ShapeAnalysis::constantContents(Value value) {
  auto *exprs = contents(value);
  if (!exprs)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (AffineExpr expr : *exprs) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (!constant)
      return std::nullopt;
    numbers.push_back(constant.getValue());
  }
  return numbers;
}

std::optional<SmallVector<double>> ShapeAnalysis::realContents(Value value) {
  if (auto found = reals.find(value); found != reals.end())
    return found->second;
  auto type = smallTensor(value);
  if (!type)
    return std::nullopt;
  SmallVector<double> numbers;
  if (auto constant = value.getDefiningOp<ConstantOp>(); constant && isReal(type.getElementType())) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
    AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
    size_t bytes = type.getElementTypeBitWidth() / 8;
    if (dense) {
      for (const APFloat &number : dense.getValues<APFloat>())
        numbers.push_back(number.convertToDouble());
    } else if (blob && blob->getData().size() == type.getNumElements() * bytes) {
      for (int64_t i = 0; i < type.getNumElements(); ++i) {
        float single;
        double number;
        memcpy(bytes == 4 ? static_cast<void *>(&single) : &number, blob->getData().data() + i * bytes, bytes);
        numbers.push_back(bytes == 4 ? single : number);
      }
    } else {
      return std::nullopt;
    }
    return reals[value] = numbers;
  }
  // Whole numbers are known as such.
  auto found = elements.find(value);
  bool isInteger = isa<IntegerType>(type.getElementType());
  if (found == elements.end() && !(isInteger && constantIntegers(value, kMaxContents)))
    return std::nullopt;
  auto integers = constantContents(value);
  if (!integers)
    return std::nullopt;
  for (int64_t n : *integers)
    numbers.push_back(static_cast<double>(n));
  return numbers;
}

std::optional<SmallVector<int64_t>> integerElements(Attribute attribute, int64_t limit) {
  auto attr = dyn_cast_if_present<ElementsAttr>(attribute);
  if (!attr || attr.getNumElements() > limit)
    return std::nullopt;
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  if (!type)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  auto append = [&](const APInt &value) {
    numbers.push_back(type.isUnsigned() || type.getWidth() == 1 ? static_cast<int64_t>(value.getZExtValue())
                                                                : value.getSExtValue());
  };
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    for (const APInt &value : dense.getValues<APInt>())
      append(value);
    return numbers;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    unsigned bytes = llvm::divideCeil(type.getWidth(), 8);
    if (!blob || blob->getData().size() != static_cast<size_t>(attr.getNumElements()) * bytes)
      return std::nullopt;
    for (int64_t i = 0; i < attr.getNumElements(); ++i) {
      uint64_t bits = 0;
      memcpy(&bits, blob->getData().data() + i * bytes, bytes);
      append(APInt(type.getWidth(), bits, /*isSigned=*/false, /*implicitTrunc=*/true));
    }
    return numbers;
  }
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> constantIntegers(Value value, int64_t limit) {
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return integerElements(constant.getValue(), limit);
  return std::nullopt;
}

} // namespace nnc::nn
