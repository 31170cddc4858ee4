//===- ElementTypes.h - TensorProto.DataType and MLIR element types -----------===//
#ifndef NNC_FRONTENDS_ONNX_ELEMENTTYPES_H
#define NNC_FRONTENDS_ONNX_ELEMENTTYPES_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace nnc::onnx {

/// The element type of an ONNX data type: signless integers are signed, `ui*` unsigned, i1 is bool. Null for
/// UNDEFINED, STRING and numbers that are no data type.
mlir::Type elementType(mlir::MLIRContext *context, int32_t dataType);

/// The TensorProto.DataType of an element type; 0 for a type that ONNX lacks.
int32_t dataTypeOf(mlir::Type elementType);

/// ONNX's name of a data type, "float16"; "type 77" for a number that is none.
std::string dataTypeName(int32_t dataType);

/// Bits that one element takes in raw_data (4 for int4, 8 for bool): below 8 the elements form one stream of bits.
unsigned bitsInFile(int32_t dataType);

/// Bytes that one element takes in a compiled model: elements narrower than a byte take a whole one.
unsigned bytesInMemory(int32_t dataType);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_ELEMENTTYPES_H
