//===- TensorReader.cpp - TensorProto to ElementsAttr -------------------------===//
#include "frontends/onnx/TensorReader.h"

#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/ElementTypes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using ::onnx::TensorProto;
using llvm::Error;
using llvm::Expected;

namespace nnc::onnx {
namespace {

/// Above this many bytes a tensor becomes a resource.
constexpr size_t maxDenseBytes = 1024;

/// The printed shape, "[2,3]".
std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, ",");
  return text + "]";
}

/// Resource names print bare when they are made of these characters only.
std::string resourceName(StringRef name) {
  std::string out;
  for (char c : name.take_back(60))
    out += llvm::isAlnum(c) || c == '_' || c == '.' || c == '$' ? c : '_';
  if (out.empty() || !(llvm::isAlpha(out[0]) || out[0] == '_'))
    out.insert(0, "w_");
  return out;
}

ElementsAttr resource(RankedTensorType type, AsmResourceBlob blob, StringRef name) {
  return DenseResourceElementsAttr::get(type, resourceName(name), std::move(blob));
}

size_t alignmentOf(RankedTensorType type) {
  Type element = type.getElementType();
  if (auto complex = dyn_cast<ComplexType>(element))
    element = complex.getElementType();
  return std::max<size_t>(1, element.getIntOrFloatBitWidth() / 8);
}

/// Tells the system that a part of a mapped file was copied and need not stay in memory.
void forgetPages(ArrayRef<char> bytes) {
  uintptr_t page = sysconf(_SC_PAGESIZE);
  uintptr_t begin = llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.begin()), page);
  uintptr_t end = llvm::alignDown(reinterpret_cast<uintptr_t>(bytes.end()), page);
  if (end > begin + 16 * page)
    madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

/// Appends the low `bytes` bytes of each entry of a typed field.
template <typename Field>
void appendEntries(llvm::SmallVectorImpl<char> &out, const Field &field, size_t bytes) {
  out.reserve(field.size() * bytes);
  for (auto entry : field) {
    const char *data = reinterpret_cast<const char *>(&entry);
    out.append(data, data + bytes);
  }
}

/// The typed field that a data type uses, as the bytes of its entries.
struct TypedField {
  StringRef name;
  size_t entries;
  llvm::SmallVector<char> bytes;
};

TypedField typedField(const TensorProto &tensor) {
  TypedField out;
  auto use = [&](StringRef name, const auto &field, size_t bytesPerEntry) {
    out.name = name;
    out.entries = field.size();
    appendEntries(out.bytes, field, bytesPerEntry);
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64: use("float_data", tensor.float_data(), 4); break;
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128: use("double_data", tensor.double_data(), 8); break;
  case TensorProto::INT64: use("int64_data", tensor.int64_data(), 8); break;
  case TensorProto::UINT64: use("uint64_data", tensor.uint64_data(), 8); break;
  case TensorProto::UINT32: use("uint64_data", tensor.uint64_data(), 4); break;
  default: use("int32_data", tensor.int32_data(), bytesInMemory(tensor.data_type())); break;
  }
  return out;
}

/// The typed fields that hold something, by name.
SmallVector<StringRef> filledFields(const TensorProto &tensor) {
  SmallVector<StringRef> names;
  auto add = [&](StringRef name, int size) {
    if (size)
      names.push_back(name);
  };
  add("float_data", tensor.float_data_size());
  add("int32_data", tensor.int32_data_size());
  add("int64_data", tensor.int64_data_size());
  add("uint64_data", tensor.uint64_data_size());
  add("double_data", tensor.double_data_size());
  add("string_data", tensor.string_data_size());
  return names;
}

/// Checks dims and returns the number of elements.
Expected<int64_t> countElements(ArrayRef<int64_t> dims) {
  int64_t count = 1;
  bool isEmpty = llvm::is_contained(dims, 0);
  for (int64_t dim : dims) {
    if (dim < 0)
      return makeError("negative dim in the shape " + shapeText(dims));
    // No element takes more than 16 bytes, so sizes in bytes fit 63 bits as well.
    if (!isEmpty && (llvm::MulOverflow(count, dim, count) || count > (int64_t(1) << 58)))
      return makeError("the shape " + shapeText(dims) + " has too many elements");
  }
  return isEmpty ? 0 : count;
}

} // namespace

ElementsAttr elementsFromBytes(RankedTensorType type, ArrayRef<char> bytes, StringRef name) {
  if (type.getElementType().isInteger(1) && bytes.size() <= maxDenseBytes) {
    // The dense attribute packs bools to bits.
    SmallVector<bool> bools(llvm::map_range(bytes, [](char c) { return c != 0; }));
    return DenseElementsAttr::get(type, ArrayRef<bool>(bools));
  }
  if (bytes.size() <= maxDenseBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  return resource(type, HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, alignmentOf(type)), name);
}

llvm::SmallVector<char> unpackBits(ArrayRef<char> stream, unsigned bits, size_t count) {
  llvm::SmallVector<char> out(count);
  for (size_t i = 0; i < count; ++i) {
    size_t bit = i * bits;
    unsigned pair = static_cast<uint8_t>(stream[bit / 8]);
    if (bit / 8 + 1 < stream.size())
      pair |= static_cast<uint8_t>(stream[bit / 8 + 1]) << 8;
    out[i] = static_cast<char>(pair >> (bit % 8) & ((1u << bits) - 1));
  }
  return out;
}

llvm::SmallVector<char> bytesOfElements(ElementsAttr attribute) {
  llvm::SmallVector<char> out;
  if (auto dense = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    if (AsmResourceBlob *blob = dense.getRawHandle().getBlob())
      out.append(blob->getData().begin(), blob->getData().end());
  } else if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    if (dense.getElementType().isInteger(1))
      for (bool value : dense.getValues<bool>())
        out.push_back(value);
    else
      out.append(dense.getRawData().begin(), dense.getRawData().end());
  }
  return out;
}

llvm::SmallVector<char> bytesOfAllElements(ElementsAttr attribute) {
  llvm::SmallVector<char> bytes = bytesOfElements(attribute);
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute); dense && dense.isSplat()) {
    llvm::SmallVector<char> one = bytes;
    for (int64_t i = 1; i < attribute.getNumElements(); ++i)
      bytes.append(one.begin(), one.end());
  }
  return bytes;
}

Expected<ElementsAttr> TensorReader::fromFileBytes(RankedTensorType type, int32_t dataType, FileBytes bytes,
                                                   StringRef name) {
  size_t count = type.getNumElements();
  unsigned bits = bitsInFile(dataType);
  size_t needed = bits < 8 ? llvm::divideCeil(count * bits, 8) : count * (bits / 8);
  if (bytes.data.size() != needed)
    return makeError("the shape " + shapeText(type.getShape()) + " of " + dataTypeName(dataType) + " needs " +
                     Twine(needed) + " bytes, the data has " + Twine(bytes.data.size()));
  if (bits < 8)
    return elementsFromBytes(type, unpackBits(bytes.data, bits, count), name);
  if (dataType == TensorProto::BOOL) {
    // Any other byte than 0 and 1 would be undefined behaviour later on.
    SmallVector<char> bools(llvm::map_range(bytes.data, [](char c) { return static_cast<char>(c != 0); }));
    return elementsFromBytes(type, bools, name);
  }
  if (needed <= maxDenseBytes || reinterpret_cast<uintptr_t>(bytes.data.data()) % alignmentOf(type) != 0) {
    ElementsAttr elements = elementsFromBytes(type, bytes.data, name);
    forgetPages(bytes.data);
    return elements;
  }
  auto keepAlive = [owner = bytes.owner](void *, size_t, size_t) mutable { owner.reset(); };
  return resource(type, AsmResourceBlob(bytes.data, alignmentOf(type), std::move(keepAlive), /*dataIsMutable=*/false),
                  name);
}

Expected<ElementsAttr> TensorReader::read(const TensorProto &tensor, StringRef name) {
  int32_t dataType = tensor.data_type();
  if (dataType == TensorProto::STRING)
    return makeError("unsupported: a tensor of strings");
  Type element = elementType(context, dataType);
  if (!element)
    return makeError(dataType == TensorProto::UNDEFINED ? Twine("the data type is undefined")
                                                        : "unknown data type " + Twine(dataType));
  ArrayRef<int64_t> dims(tensor.dims().data(), tensor.dims_size());
  Expected<int64_t> count = countElements(dims);
  if (!count)
    return count.takeError();
  RankedTensorType type = RankedTensorType::get(dims, element);

  SmallVector<StringRef> fields = filledFields(tensor);
  bool isExternal = tensor.data_location() == TensorProto::EXTERNAL;
  if (fields.size() + tensor.has_segment() + isExternal > 1)
    return makeError("the tensor has more than one of raw_data, typed data and external data");
  if (isExternal) {
    Expected<FileBytes> bytes = external.read(tensor);
    if (!bytes)
      return bytes.takeError();
    return fromFileBytes(type, dataType, *bytes, name);
  }
  if (tensor.has_segment())
    return fromFileBytes(type, dataType, file.rawData(tensor), name);

  TypedField field = typedField(tensor);
  if (!fields.empty() && fields.front() != field.name)
    return makeError("a tensor of " + dataTypeName(dataType) + " with " + fields.front() + " instead of " +
                     field.name);
  // Two-bit and four-bit elements come packed, several to an entry.
  size_t bits = bitsInFile(dataType);
  size_t entries = *count;
  if (bits == 2 || bits == 4)
    entries = llvm::divideCeil(entries * bits, 8);
  else if (isa<ComplexType>(element))
    entries *= 2;
  if (field.entries != entries)
    return makeError("the shape " + shapeText(dims) + " of " + dataTypeName(dataType) + " needs " + Twine(entries) +
                     " entries, " + field.name + " has " + Twine(field.entries));
  if (bits == 2 || bits == 4)
    field.bytes = unpackBits(field.bytes, bits, *count);
  else if (bits == 6)
    llvm::for_each(field.bytes, [](char &c) { c &= 0x3F; });
  else if (dataType == TensorProto::BOOL)
    llvm::for_each(field.bytes, [](char &c) { c = c != 0; });
  return elementsFromBytes(type, field.bytes, name);
}

Expected<ElementsAttr> TensorReader::read(const ::onnx::SparseTensorProto &sparse, StringRef name) {
  Expected<ElementsAttr> values = read(sparse.values(), name);
  if (!values)
    return values.takeError();
  Expected<ElementsAttr> indices = read(sparse.indices(), name);
  if (!indices)
    return indices.takeError();
  ArrayRef<int64_t> dims(sparse.dims().data(), sparse.dims_size());
  Expected<int64_t> count = countElements(dims);
  if (!count)
    return count.takeError();
  auto valueType = cast<RankedTensorType>((*values).getType());
  auto indexType = cast<RankedTensorType>((*indices).getType());
  int64_t entries = valueType.getNumElements();
  int64_t rank = dims.size();
  bool isLinear = indexType.getRank() == 1;
  if (!indexType.getElementType().isInteger(64) || valueType.getRank() != 1 ||
      indexType.getNumElements() != entries * (isLinear ? 1 : rank) || (!isLinear && indexType.getRank() != 2))
    return makeError("a sparse tensor with indices of shape " + shapeText(indexType.getShape()) +
                     " for values of shape " + shapeText(valueType.getShape()));

  // The dense form must not be a bomb in a small file.
  int32_t dataType = sparse.values().data_type();
  size_t width = bytesInMemory(dataType);
  if (*count * width > (size_t(1) << 30))
    return makeError("unsupported: a sparse tensor of over 1 GiB when dense");
  llvm::SmallVector<char> from = bytesOfElements(*values), at = bytesOfElements(*indices);
  llvm::SmallVector<char> dense(*count * width);
  // A splat holds its one element once.
  size_t fromStep = from.size() > width ? width : 0, atStep = at.size() > 8 ? 8 : 0;
  for (int64_t i = 0; i < entries; ++i) {
    int64_t linear = 0;
    for (int64_t d = 0, e = isLinear ? 1 : rank; d < e; ++d) {
      int64_t index;
      std::memcpy(&index, at.data() + (i * e + d) * atStep, sizeof(index));
      int64_t extent = isLinear ? *count : dims[d];
      if (index < 0 || index >= extent)
        return makeError("sparse index " + Twine(index) + " outside of " + Twine(extent));
      linear = linear * (isLinear ? 1 : extent) + index;
    }
    std::memcpy(dense.data() + linear * width, from.data() + i * fromStep, width);
  }
  return elementsFromBytes(RankedTensorType::get(dims, valueType.getElementType()), dense, name);
}

} // namespace nnc::onnx
