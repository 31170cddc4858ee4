//===- Constants.h - reading and making nn.constant values --------------------===//
#ifndef NNC_PASSES_GRAPH_CONSTANTS_H
#define NNC_PASSES_GRAPH_CONSTANTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <optional>

namespace nnc {

/// The value of the nn.constant that defines `value`, or null.
mlir::ElementsAttr constantValue(mlir::Value value);

/// The number that every element of a constant of numbers or bools is, if it is one number.
std::optional<double> uniformNumber(mlir::Value value);

/// The elements of a constant of f16, bf16, f32 or f64.
std::optional<std::vector<double>> floatElements(mlir::ElementsAttr constant);

/// The elements of a constant of numbers or bools.
std::optional<std::vector<double>> numberElements(mlir::ElementsAttr constant);

/// The elements of a constant of f32.
std::optional<std::vector<float>> f32Elements(mlir::ElementsAttr constant);

/// A constant of f16, bf16, f32 or f64 with these elements, rounded to nearest. Null where a finite one overflows.
mlir::ElementsAttr constantFromDoubles(mlir::RankedTensorType type, llvm::ArrayRef<double> elements);

/// A constant from elements as they lie in a tensor's memory (passes/lower/ElementTypes.h): row-major, little endian,
/// everything narrower than a byte in a byte. Big ones become resources; equal elements are stored once.
mlir::ElementsAttr constantFromBytes(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);
/// The same of bytes that big constants keep, without a copy.
mlir::ElementsAttr constantFromBytes(mlir::RankedTensorType type, std::vector<char> &&bytes);

/// An nn.constant of the value's type.
mlir::Value createConstant(mlir::OpBuilder &b, mlir::Location loc, mlir::ElementsAttr value);

/// A 1-D i64 nn.constant.
mlir::Value createIndexList(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<int64_t> numbers);

} // namespace nnc

#endif
