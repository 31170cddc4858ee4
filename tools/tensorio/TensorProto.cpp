//===- TensorProto.cpp - Tensors in ONNX's protobuf format ------------------------------------------------------===//

#include "tools/tensorio/Tensor.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <onnx-ml.pb.h>

#include <cstring>

namespace nnc::io {
namespace {

struct TypePair {
  onnx::TensorProto_DataType onnx;
  Element element;
};

constexpr TypePair kTypes[] = {
    {onnx::TensorProto_DataType_BOOL, Element::Bool},
    {onnx::TensorProto_DataType_INT2, Element::Int2},
    {onnx::TensorProto_DataType_UINT2, Element::UInt2},
    {onnx::TensorProto_DataType_INT4, Element::Int4},
    {onnx::TensorProto_DataType_UINT4, Element::UInt4},
    {onnx::TensorProto_DataType_INT8, Element::Int8},
    {onnx::TensorProto_DataType_UINT8, Element::UInt8},
    {onnx::TensorProto_DataType_INT16, Element::Int16},
    {onnx::TensorProto_DataType_UINT16, Element::UInt16},
    {onnx::TensorProto_DataType_INT32, Element::Int32},
    {onnx::TensorProto_DataType_UINT32, Element::UInt32},
    {onnx::TensorProto_DataType_INT64, Element::Int64},
    {onnx::TensorProto_DataType_UINT64, Element::UInt64},
    {onnx::TensorProto_DataType_FLOAT16, Element::Float16},
    {onnx::TensorProto_DataType_BFLOAT16, Element::BFloat16},
    {onnx::TensorProto_DataType_FLOAT, Element::Float32},
    {onnx::TensorProto_DataType_DOUBLE, Element::Float64},
    {onnx::TensorProto_DataType_FLOAT8E4M3FN, Element::Float8E4M3FN},
    {onnx::TensorProto_DataType_FLOAT8E4M3FNUZ, Element::Float8E4M3FNUZ},
    {onnx::TensorProto_DataType_FLOAT8E5M2, Element::Float8E5M2},
    {onnx::TensorProto_DataType_FLOAT8E5M2FNUZ, Element::Float8E5M2FNUZ},
    {onnx::TensorProto_DataType_FLOAT8E8M0, Element::Float8E8M0FNU},
    {onnx::TensorProto_DataType_FLOAT4E2M1, Element::Float4E2M1FN},
    {onnx::TensorProto_DataType_COMPLEX64, Element::Complex64},
    {onnx::TensorProto_DataType_COMPLEX128, Element::Complex128},
};

/// Spreads elements narrower than a byte, packed from the low bits up, to one byte each.
void unpack(Tensor &tensor, llvm::function_ref<uint8_t(int64_t)> getPackedByte) {
  unsigned bits = getBitWidth(tensor.type()), perByte = 8 / bits;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    uint8_t raised = uint8_t(uint8_t(getPackedByte(i / perByte) >> (i % perByte * bits)) << (8 - bits));
    tensor.data()[i] =
        isSignedInteger(tensor.type()) ? char(int8_t(raised) >> (8 - bits)) : char(raised >> (8 - bits));
  }
}

/// Copies one of the typed fields, `perElement` of its values to an element, narrowing each to Stored.
template <typename Stored, typename Field>
llvm::Error copyField(Tensor &tensor, const Field &field, int64_t perElement = 1) {
  if (int64_t(field.size()) != tensor.numElements() * perElement)
    return makeError("%s does not fit the %lld values present",
                     formatType(tensor.type(), tensor.shape()).c_str(), (long long)field.size());
  Stored *to = reinterpret_cast<Stored *>(tensor.data());
  for (auto value : field)
    *to++ = static_cast<Stored>(value);
  return llvm::Error::success();
}

llvm::Error copyRawData(Tensor &tensor, llvm::StringRef raw) {
  unsigned bits = getBitWidth(tensor.type());
  uint64_t expected = bits < 8 ? (uint64_t(tensor.numElements()) * bits + 7) / 8 : tensor.numBytes();
  if (raw.size() != expected)
    return makeError("%s does not fit the %llu bytes of data",
                     formatType(tensor.type(), tensor.shape()).c_str(), (unsigned long long)raw.size());
  if (bits < 8)
    unpack(tensor, [&](int64_t i) { return uint8_t(raw[size_t(i)]); });
  else
    memcpy(tensor.data(), raw.data(), raw.size());
  return llvm::Error::success();
}

llvm::Error copyTypedData(Tensor &tensor, const onnx::TensorProto &proto) {
  switch (tensor.type()) {
  case Element::Float32:
    return copyField<float>(tensor, proto.float_data());
  case Element::Complex64:
    return copyField<float>(tensor, proto.float_data(), 2);
  case Element::Float64:
    return copyField<double>(tensor, proto.double_data());
  case Element::Complex128:
    return copyField<double>(tensor, proto.double_data(), 2);
  case Element::Int64:
    return copyField<int64_t>(tensor, proto.int64_data());
  case Element::UInt64:
    return copyField<uint64_t>(tensor, proto.uint64_data());
  case Element::UInt32:
    return copyField<uint32_t>(tensor, proto.uint64_data());
  case Element::Int32:
    return copyField<int32_t>(tensor, proto.int32_data());
  default:
    break;
  }
  // All the others travel in int32_data, as values or as bit patterns.
  if (getByteWidth(tensor.type()) == 2)
    return copyField<uint16_t>(tensor, proto.int32_data());
  unsigned bits = getBitWidth(tensor.type());
  if (bits == 8)
    return copyField<uint8_t>(tensor, proto.int32_data());
  if (uint64_t(proto.int32_data_size()) != (uint64_t(tensor.numElements()) * bits + 7) / 8)
    return makeError("%s does not fit the %d values present",
                     formatType(tensor.type(), tensor.shape()).c_str(), proto.int32_data_size());
  unpack(tensor, [&](int64_t i) { return uint8_t(proto.int32_data(int(i))); });
  return llvm::Error::success();
}

/// No element takes less than a quarter of a byte of the file, so a shape of more cannot be true.
bool isPlausible(Element type, llvm::ArrayRef<int64_t> shape, uint64_t fileSize) {
  std::optional<uint64_t> size = getByteSize(type, shape);
  return size && *size / 8 <= fileSize;
}

llvm::Expected<NamedTensor> convert(const onnx::TensorProto &proto, uint64_t fileSize) {
  if (proto.data_type() == onnx::TensorProto_DataType_STRING)
    return makeError("string tensors are not supported");
  if (proto.data_location() == onnx::TensorProto_DataLocation_EXTERNAL)
    return makeError("tensors with external data are not supported");
  const TypePair *type = llvm::find_if(kTypes, [&](TypePair pair) { return pair.onnx == proto.data_type(); });
  if (type == std::end(kTypes))
    return makeError("unknown element type %d", proto.data_type());
  llvm::ArrayRef<int64_t> shape(proto.dims().data(), size_t(proto.dims_size()));
  if (!isPlausible(type->element, shape, fileSize))
    return makeError("%s does not fit the file", formatType(type->element, shape).c_str());
  llvm::Expected<Tensor> tensor = Tensor::create(type->element, shape);
  if (!tensor)
    return tensor.takeError();
  llvm::Error error = proto.has_raw_data() ? copyRawData(*tensor, proto.raw_data()) : copyTypedData(*tensor, proto);
  if (error)
    return error;
  return NamedTensor{proto.name(), std::move(*tensor)};
}

} // namespace

llvm::Expected<NamedTensor> readTensorProto(const std::string &path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return makeError("%s: %s", path.c_str(), file.getError().message().c_str());
  uint64_t size = (*file)->getBufferSize();
  onnx::TensorProto proto;
  if (size > INT32_MAX || !proto.ParseFromArray((*file)->getBufferStart(), int(size)))
    return makeError("%s: not a TensorProto", path.c_str());
  llvm::Expected<NamedTensor> tensor = convert(proto, size);
  if (!tensor)
    return makeError("%s: %s", path.c_str(), llvm::toString(tensor.takeError()).c_str());
  return tensor;
}

llvm::Error writeTensorProto(const std::string &path, const TensorView &tensor) {
  onnx::TensorProto proto;
  proto.set_name(tensor.name);
  const TypePair *type = llvm::find_if(kTypes, [&](TypePair pair) { return pair.element == tensor.type; });
  if (type == std::end(kTypes))
    return makeError("%s: ONNX has no type for %s", path.c_str(), getName(tensor.type));
  proto.set_data_type(type->onnx);
  for (int64_t dim : tensor.shape)
    proto.add_dims(dim);
  uint64_t size = *getByteSize(tensor.type, tensor.shape);
  if (unsigned bits = getBitWidth(tensor.type); bits < 8) {
    std::string packed((size * bits + 7) / 8, '\0');
    for (uint64_t i = 0; i < size; ++i)
      packed[i * bits / 8] |= char((uint8_t(tensor.data[i]) & ((1u << bits) - 1)) << (i * bits % 8));
    proto.set_raw_data(std::move(packed));
  } else {
    proto.set_raw_data(tensor.data, size);
  }
  std::string bytes;
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  if (code)
    return makeError("%s: %s", path.c_str(), code.message().c_str());
  if (size > INT32_MAX || !proto.SerializeToString(&bytes))
    return makeError("%s: the tensor is larger than a protobuf file can be", path.c_str());
  out << bytes;
  out.close();
  if (out.has_error()) {
    code = out.error();
    out.clear_error();
    return makeError("%s: %s", path.c_str(), code.message().c_str());
  }
  return llvm::Error::success();
}

} // namespace nnc::io
