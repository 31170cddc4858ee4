//===- ConstantElements.h - weights where they lie ----------------------------===//
#ifndef NNC_PASSES_CPU_CONSTANTELEMENTS_H
#define NNC_PASSES_CPU_CONSTANTELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"

#include <cstring>
#include <optional>
#include <vector>

namespace nnc {

/// The elements of a constant where they lie in memory.
struct Elements {
  llvm::ArrayRef<char> bytes;
  /// Every element is the first one.
  bool isSplat = false;

  /// Element `i` of a constant of f32, of i32.
  float f32(int64_t i) const { return at<float>(i); }
  int32_t i32(int64_t i) const { return at<int32_t>(i); }
  /// Element `i` of bytes or of i32 as i32; `count` of them.
  int32_t integer(int64_t i, mlir::Type element) const;
  std::vector<int32_t> integers(int64_t count, mlir::Type element) const;

  template <typename T>
  T at(int64_t i) const {
    T value; // a file's weights are not always aligned
    memcpy(&value, bytes.data() + (isSplat ? 0 : i * sizeof value), sizeof value);
    return value;
  }
};

/// A constant of f16 or bf16 as one of f32. Null for an absent constant and for other types.
mlir::ElementsAttr widenedConstant(mlir::ElementsAttr constant);

/// Nothing for an absent constant, and for types other than of whole bytes: their elements do not lie in the
/// attribute as they do in memory.
std::optional<Elements> elementsOf(mlir::ElementsAttr constant);

} // namespace nnc

#endif
