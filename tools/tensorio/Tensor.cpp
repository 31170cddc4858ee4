//===- Tensor.cpp - A tensor in memory --------------------------------------------------------------------------===//

#include "tools/tensorio/Tensor.h"

#include "llvm/ADT/StringExtras.h"

namespace nnc::io {

std::optional<uint64_t> getByteSize(Element type, llvm::ArrayRef<int64_t> shape) {
  // A dim of 0 makes the size 0 whatever the other dims are, yet they must still be legal.
  uint64_t size = getByteWidth(type);
  bool empty = false, overflow = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true;
    else
      overflow |= __builtin_mul_overflow(size, uint64_t(dim), &size);
  }
  if (empty)
    return 0;
  if (overflow || size > uint64_t(INT64_MAX))
    return std::nullopt;
  return size;
}

std::string formatType(Element type, llvm::ArrayRef<int64_t> shape) {
  std::string text = getName(type);
  text += '[';
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + llvm::itostr(shape[i]);
  return text + ']';
}

llvm::Expected<Tensor> Tensor::create(Element type, llvm::ArrayRef<int64_t> shape) {
  std::optional<uint64_t> size = getByteSize(type, shape);
  if (!size)
    return makeError("impossible shape %s", formatType(type, shape).c_str());
  Tensor result;
  result.elementType = type;
  result.dims.assign(shape.begin(), shape.end());
  result.count = int64_t(*size / getByteWidth(type));
  // aligned_alloc wants a multiple of the alignment; never 0 bytes, so that data() is not null.
  uint64_t allocated = (*size + 64) / 64 * 64;
  result.bytes.reset(static_cast<char *>(aligned_alloc(64, allocated)));
  if (!result.bytes)
    return makeError("no memory for %s", formatType(type, shape).c_str());
  return result;
}

bool Tensor::viewAs(Element wanted) {
  if (wanted == elementType)
    return true;
  if (getByteWidth(wanted) != getByteWidth(elementType))
    return false;
  bool raw = elementType == Element::Raw1 || elementType == Element::Raw2;
  bool narrow = getBitWidth(wanted) < 8;
  bool isUnsigned = elementType == Element::UInt8 || elementType == Element::UInt16;
  bool narrowInteger = narrow && isInteger(wanted) && (elementType == Element::Int8 || elementType == Element::UInt8);
  if (!raw && !narrowInteger && !(isUnsigned && isUnknownToNumpy(wanted)))
    return false;
  elementType = wanted;
  if (!narrow)
    return true;
  // Of a byte that holds a narrower value only the low bits count.
  unsigned shift = 8 - getBitWidth(wanted);
  for (int64_t i = 0; i < count; ++i) {
    uint8_t raised = uint8_t(uint8_t(data()[i]) << shift);
    data()[i] = isSignedInteger(wanted) ? char(int8_t(raised) >> shift) : char(raised >> shift);
  }
  return true;
}

} // namespace nnc::io
