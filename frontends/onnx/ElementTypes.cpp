//===- ElementTypes.cpp - TensorProto.DataType and MLIR element types ---------===//
#include "frontends/onnx/ElementTypes.h"

#include "mlir/IR/BuiltinTypes.h"
#include <onnx-ml.pb.h>

using namespace mlir;
using ::onnx::TensorProto;

namespace nnc::onnx {

Type elementType(MLIRContext *context, int32_t dataType) {
  auto integer = [&](unsigned width) { return IntegerType::get(context, width); };
  auto unsignedInteger = [&](unsigned width) { return IntegerType::get(context, width, IntegerType::Unsigned); };
  switch (dataType) {
  case TensorProto::FLOAT: return Float32Type::get(context);
  case TensorProto::UINT8: return unsignedInteger(8);
  case TensorProto::INT8: return integer(8);
  case TensorProto::UINT16: return unsignedInteger(16);
  case TensorProto::INT16: return integer(16);
  case TensorProto::INT32: return integer(32);
  case TensorProto::INT64: return integer(64);
  case TensorProto::BOOL: return integer(1);
  case TensorProto::FLOAT16: return Float16Type::get(context);
  case TensorProto::DOUBLE: return Float64Type::get(context);
  case TensorProto::UINT32: return unsignedInteger(32);
  case TensorProto::UINT64: return unsignedInteger(64);
  case TensorProto::COMPLEX64: return ComplexType::get(Float32Type::get(context));
  case TensorProto::COMPLEX128: return ComplexType::get(Float64Type::get(context));
  case TensorProto::BFLOAT16: return BFloat16Type::get(context);
  case TensorProto::FLOAT8E4M3FN: return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ: return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2: return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ: return Float8E5M2FNUZType::get(context);
  case TensorProto::UINT4: return unsignedInteger(4);
  case TensorProto::INT4: return integer(4);
  case TensorProto::FLOAT4E2M1: return Float4E2M1FNType::get(context);
  case TensorProto::FLOAT8E8M0: return Float8E8M0FNUType::get(context);
  case TensorProto::UINT2: return unsignedInteger(2);
  case TensorProto::INT2: return integer(2);
  case TensorProto::FLOAT6E2M3: return Float6E2M3FNType::get(context);
  case TensorProto::FLOAT6E3M2: return Float6E3M2FNType::get(context);
  default: return {};
  }
}

int32_t dataTypeOf(Type type) {
  for (int32_t i = TensorProto::DataType_MIN; i <= TensorProto::DataType_MAX; ++i)
    if (Type candidate = elementType(type.getContext(), i); candidate && candidate == type)
      return i;
  return TensorProto::UNDEFINED;
}

std::string dataTypeName(int32_t dataType) {
  if (dataType == TensorProto::UNDEFINED || !TensorProto::DataType_IsValid(dataType))
    return "type " + std::to_string(dataType);
  return StringRef(TensorProto::DataType_Name(dataType)).lower();
}

unsigned bitsInFile(int32_t dataType) {
  switch (dataType) {
  case TensorProto::UINT2:
  case TensorProto::INT2: return 2;
  case TensorProto::UINT4:
  case TensorProto::INT4:
  case TensorProto::FLOAT4E2M1: return 4;
  case TensorProto::FLOAT6E2M3:
  case TensorProto::FLOAT6E3M2: return 6;
  default: return bytesInMemory(dataType) * 8;
  }
}

unsigned bytesInMemory(int32_t dataType) {
  switch (dataType) {
  case TensorProto::UINT16:
  case TensorProto::INT16:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16: return 2;
  case TensorProto::FLOAT:
  case TensorProto::INT32:
  case TensorProto::UINT32: return 4;
  case TensorProto::DOUBLE:
  case TensorProto::INT64:
  case TensorProto::UINT64:
  case TensorProto::COMPLEX64: return 8;
  case TensorProto::COMPLEX128: return 16;
  default: return 1;
  }
}

} // namespace nnc::onnx
