//===- Descriptor.h - nnc_model as LLVM constants ---------------------------===//
#ifndef NNC_COMPILER_DESCRIPTOR_H
#define NNC_COMPILER_DESCRIPTOR_H

#include "compiler/ModelInfo.h"
#include "compiler/Target.h"

#include "llvm/Support/Error.h"

namespace llvm {
class Module;
} // namespace llvm

namespace nnc {

/// An element type as DLPack and C spell it.
struct ElementLayout {
  /// DLDataTypeCode.
  uint8_t code;
  /// Of one element; in memory it takes whole bytes.
  uint8_t bits;
  /// The C type of one element, e.g. "float", "uint16_t" for bfloat16.
  llvm::StringRef cType;
};

/// The layout of an element type, or an error that names the value it belongs to.
llvm::Expected<ElementLayout> elementLayout(const ValueInfo &value);

/// Adds the constant `<name>_model` and everything that it points to: the structs of nnc/nnc.h and
/// runtime/internal.h. The runtime's table of functions is `<name>__nncrt_api`, of another object.
llvm::Error buildDescriptor(llvm::Module &module, const ModelInfo &info, const Target &target);

} // namespace nnc

#endif
