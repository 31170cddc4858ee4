//===- Element.cpp - The element types of tensors ---------------------------------------------------------------===//

#include "tools/tensorio/Element.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

namespace nnc::io {
namespace {

struct Row {
  const char *name;
  const char *numpy;
  uint8_t code;
  uint8_t bits;
};

/// In the order of Element.
constexpr Row kRows[] = {
    {"bool", "|b1", kDLBool, 8},
    {"int2", "|i1", kDLInt, 2},
    {"uint2", "|u1", kDLUInt, 2},
    {"int4", "|i1", kDLInt, 4},
    {"uint4", "|u1", kDLUInt, 4},
    {"int8", "|i1", kDLInt, 8},
    {"uint8", "|u1", kDLUInt, 8},
    {"int16", "<i2", kDLInt, 16},
    {"uint16", "<u2", kDLUInt, 16},
    {"int32", "<i4", kDLInt, 32},
    {"uint32", "<u4", kDLUInt, 32},
    {"int64", "<i8", kDLInt, 64},
    {"uint64", "<u8", kDLUInt, 64},
    {"float16", "<f2", kDLFloat, 16},
    {"bfloat16", "|V2", kDLBfloat, 16},
    {"float32", "<f4", kDLFloat, 32},
    {"float64", "<f8", kDLFloat, 64},
    {"float8_e4m3fn", "|V1", kDLFloat8_e4m3fn, 8},
    {"float8_e4m3fnuz", "|V1", kDLFloat8_e4m3fnuz, 8},
    {"float8_e5m2", "|V1", kDLFloat8_e5m2, 8},
    {"float8_e5m2fnuz", "|V1", kDLFloat8_e5m2fnuz, 8},
    {"float8_e8m0fnu", "|V1", kDLFloat8_e8m0fnu, 8},
    {"float4_e2m1fn", "|V1", kDLFloat4_e2m1fn, 4},
    {"complex64", "<c8", kDLComplex, 64},
    {"complex128", "<c16", kDLComplex, 128},
    {"raw bytes of width 1", "|V1", 0, 8},
    {"raw bytes of width 2", "|V2", 0, 16},
};
constexpr size_t kNumRows = sizeof(kRows) / sizeof(kRows[0]);
static_assert(kNumRows == size_t(Element::Raw2) + 1);

const Row &rowOf(Element type) { return kRows[size_t(type)]; }

/// The format of a floating-point type that C++ has no type for; null for all others.
const llvm::fltSemantics *getSemantics(Element type) {
  switch (type) {
  case Element::Float16:
    return &llvm::APFloat::IEEEhalf();
  case Element::BFloat16:
    return &llvm::APFloat::BFloat();
  case Element::Float8E4M3FN:
    return &llvm::APFloat::Float8E4M3FN();
  case Element::Float8E4M3FNUZ:
    return &llvm::APFloat::Float8E4M3FNUZ();
  case Element::Float8E5M2:
    return &llvm::APFloat::Float8E5M2();
  case Element::Float8E5M2FNUZ:
    return &llvm::APFloat::Float8E5M2FNUZ();
  case Element::Float8E8M0FNU:
    return &llvm::APFloat::Float8E8M0FNU();
  case Element::Float4E2M1FN:
    return &llvm::APFloat::Float4E2M1FN();
  default:
    return nullptr;
  }
}

template <typename T> T read(const void *data) {
  T value;
  memcpy(&value, data, sizeof(T));
  return value;
}

template <typename T> void write(void *data, double value) {
  T converted = static_cast<T>(value);
  memcpy(data, &converted, sizeof(T));
}

} // namespace

const char *getName(Element type) { return rowOf(type).name; }
unsigned getBitWidth(Element type) { return rowOf(type).bits; }
size_t getByteWidth(Element type) { return (rowOf(type).bits + 7) / 8; }
const char *getNumpyDescr(Element type) { return rowOf(type).numpy; }

bool isComplex(Element type) { return type == Element::Complex64 || type == Element::Complex128; }
bool isInteger(Element type) { return type >= Element::Int2 && type <= Element::UInt64; }
bool isSignedInteger(Element type) { return isInteger(type) && rowOf(type).code == kDLInt; }
bool isUnknownToNumpy(Element type) { return rowOf(type).numpy[1] == 'V'; }

std::optional<Element> getElementFromNumpy(char kind, unsigned bytes) {
  // ml_dtypes calls float8_e5m2 "f1"; numpy itself has no such type.
  if (kind == 'V' || (kind == 'f' && bytes == 1))
    return bytes == 1 ? std::optional(Element::Raw1) : bytes == 2 ? std::optional(Element::Raw2) : std::nullopt;
  for (size_t i = 0; i < kNumRows; ++i)
    if (kRows[i].numpy[1] == kind && kRows[i].bits == bytes * 8)
      return Element(i);
  return std::nullopt;
}

std::optional<Element> getElementFromDLPack(DLDataType type) {
  if (type.lanes != 1)
    return std::nullopt;
  for (size_t i = 0; i < size_t(Element::Raw1); ++i)
    if (kRows[i].code == type.code && kRows[i].bits == type.bits)
      return Element(i);
  return std::nullopt;
}

DLDataType getDLPackType(Element type) {
  DLDataType result;
  result.code = rowOf(type).code;
  result.bits = rowOf(type).bits;
  result.lanes = 1;
  return result;
}

Number loadNumber(Element type, const void *data) {
  switch (type) {
  case Element::Bool:
    return {read<uint8_t>(data) != 0 ? 1.0L : 0.0L};
  case Element::Int2:
  case Element::Int4:
  case Element::Int8:
    return {(long double)read<int8_t>(data)};
  case Element::UInt2:
  case Element::UInt4:
  case Element::UInt8:
  case Element::Raw1:
    return {(long double)read<uint8_t>(data)};
  case Element::Int16:
    return {(long double)read<int16_t>(data)};
  case Element::UInt16:
  case Element::Raw2:
    return {(long double)read<uint16_t>(data)};
  case Element::Int32:
    return {(long double)read<int32_t>(data)};
  case Element::UInt32:
    return {(long double)read<uint32_t>(data)};
  case Element::Int64:
    return {(long double)read<int64_t>(data)};
  case Element::UInt64:
    return {(long double)read<uint64_t>(data)};
  case Element::Float32:
    return {read<float>(data)};
  case Element::Float64:
    return {read<double>(data)};
  case Element::Complex64:
    return {read<float>(data), read<float>(static_cast<const char *>(data) + 4)};
  case Element::Complex128:
    return {read<double>(data), read<double>(static_cast<const char *>(data) + 8)};
  default:
    break;
  }
  const llvm::fltSemantics &semantics = *getSemantics(type);
  unsigned bits = getBitWidth(type);
  uint64_t pattern = bits == 16 ? read<uint16_t>(data) : read<uint8_t>(data) & ((1u << bits) - 1);
  llvm::APFloat value(semantics, llvm::APInt(bits, pattern));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return {value.convertToDouble()};
}

void storeNumber(Element type, void *data, double value) {
  switch (type) {
  case Element::Bool:
    return write<uint8_t>(data, value != 0);
  case Element::Int2:
  case Element::Int4:
  case Element::Int8:
    return write<int8_t>(data, value);
  case Element::UInt2:
  case Element::UInt4:
  case Element::UInt8:
  case Element::Raw1:
    return write<uint8_t>(data, value);
  case Element::Int16:
    return write<int16_t>(data, value);
  case Element::UInt16:
  case Element::Raw2:
    return write<uint16_t>(data, value);
  case Element::Int32:
    return write<int32_t>(data, value);
  case Element::UInt32:
    return write<uint32_t>(data, value);
  case Element::Int64:
    return write<int64_t>(data, value);
  case Element::UInt64:
    return write<uint64_t>(data, value);
  case Element::Float32:
    return write<float>(data, value);
  case Element::Float64:
    return write<double>(data, value);
  case Element::Complex64:
    write<float>(data, value);
    return write<float>(static_cast<char *>(data) + 4, 0);
  case Element::Complex128:
    write<double>(data, value);
    return write<double>(static_cast<char *>(data) + 8, 0);
  default:
    break;
  }
  llvm::APFloat converted(value);
  bool losesInfo;
  converted.convert(*getSemantics(type), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  uint64_t pattern = converted.bitcastToAPInt().getZExtValue();
  memcpy(data, &pattern, getByteWidth(type));
}

} // namespace nnc::io
