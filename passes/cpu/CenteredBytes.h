//===- CenteredBytes.h - factors of convolutions that are bytes ---------------===//
#ifndef NNC_PASSES_CPU_CENTEREDBYTES_H
#define NNC_PASSES_CPU_CENTEREDBYTES_H

#include "mlir/IR/Value.h"
#include "passes/cpu/ConstantElements.h"

namespace nnc {

/// Integers of i32 that are bytes less a zero point, as importers and nn-form-byte-products write them.
struct CenteredBytes {
  mlir::Value bytes;
  int64_t zero = 0;
  /// Where only the run knows the zero point: one element of the bytes' type, and the same in i32.
  mlir::Value zeroByte, zeroNumber;

  static std::optional<CenteredBytes> find(mlir::Value value);
};

/// The type of bytes that holds all of `count` elements of i32, or null.
mlir::Type byteTypeOf(const Elements &weight, int64_t count, mlir::MLIRContext *context);

} // namespace nnc

#endif
