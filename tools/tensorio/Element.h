//===- Element.h - The element types of tensors -----------------------------------------------------------------===//
//
// One table says what an element type is called, how DLPack describes it and how numpy does; everything that reads,
// writes, prints or compares tensors goes through it.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_TOOLS_TENSORIO_ELEMENT_H
#define NNC_TOOLS_TENSORIO_ELEMENT_H

#include "nnc/nnc.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace nnc::io {

/// The type of a tensor's elements. Raw1 and Raw2 are bytes of a type that numpy has no name for; they become a real
/// type when it is known which one is meant (see Tensor::viewAs).
enum class Element : uint8_t {
  Bool,
  Int2,
  UInt2,
  Int4,
  UInt4,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Float16,
  BFloat16,
  Float32,
  Float64,
  Float8E4M3FN,
  Float8E4M3FNUZ,
  Float8E5M2,
  Float8E5M2FNUZ,
  Float8E8M0FNU,
  Float4E2M1FN,
  Complex64,
  Complex128,
  Raw1,
  Raw2
};

/// The type's name, e.g. "float32".
const char *getName(Element type);

/// Bytes that one element takes in memory. Types narrower than a byte take a byte each; the signed ones of these are
/// sign-extended.
size_t getByteWidth(Element type);

/// Bits of one element's value: 4 for int4.
unsigned getBitWidth(Element type);

bool isComplex(Element type);
bool isSignedInteger(Element type);
bool isInteger(Element type);

/// numpy's description of the type ("<f4"). Types that numpy lacks are "|V1" or "|V2"; integers narrower than a byte
/// are numpy's int8 or uint8.
const char *getNumpyDescr(Element type);

/// True when numpy has no type of this name, so that a file can only hold its bytes.
bool isUnknownToNumpy(Element type);

/// The type that a byte-order-less numpy description such as "f4" names; none where it names no element type.
std::optional<Element> getElementFromNumpy(char kind, unsigned bytes);

/// The type that DLPack describes like this; none for types that no model has.
std::optional<Element> getElementFromDLPack(DLDataType type);
DLDataType getDLPackType(Element type);

/// A number of any element type. long double holds every 64-bit integer exactly.
struct Number {
  long double real = 0, imag = 0;
};

/// Reads the element at `data`.
Number loadNumber(Element type, const void *data);

/// Writes `value` at `data`, rounded to the type. The value must be in its range.
void storeNumber(Element type, void *data, double value);

} // namespace nnc::io

#endif
