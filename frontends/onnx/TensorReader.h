//===- TensorReader.h - TensorProto to ElementsAttr ---------------------------===//
#ifndef NNC_FRONTENDS_ONNX_TENSORREADER_H
#define NNC_FRONTENDS_ONNX_TENSORREADER_H

#include "frontends/onnx/ExternalData.h"
#include "frontends/onnx/ModelFile.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace nnc::onnx {

/// Reads the tensors of one model: initializers and tensor attributes.
///
/// Tensors over 1 KiB become DenseResourceElementsAttr. Their data is the mapped file itself, kept alive by the
/// resource, unless it has to be unpacked or lies unaligned in the file. Smaller ones become DenseElementsAttr.
/// In memory every element takes whole bytes; narrower ones (int4, float4e2m1) lie in the low bits with zeros above.
class TensorReader {
public:
  TensorReader(mlir::MLIRContext *context, const ModelFile &file)
      : context(context), file(file), external(file.path()) {}

  /// `name` becomes the name of the resource.
  llvm::Expected<mlir::ElementsAttr> read(const ::onnx::TensorProto &tensor, llvm::StringRef name);

  /// The dense form of a sparse tensor.
  llvm::Expected<mlir::ElementsAttr> read(const ::onnx::SparseTensorProto &tensor, llvm::StringRef name);

private:
  llvm::Expected<mlir::ElementsAttr> fromFileBytes(mlir::RankedTensorType type, int32_t dataType, FileBytes bytes,
                                                   llvm::StringRef name);

  mlir::MLIRContext *context;
  const ModelFile &file;
  ExternalData external;
};

/// An attribute over bytes laid out as in memory: dense when small, else a resource that owns a copy.
mlir::ElementsAttr elementsFromBytes(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes, llvm::StringRef name);

/// The first `count` integers of `bits` bits, 8 at most, of a stream whose first is in the lowest bits, in a byte each.
llvm::SmallVector<char> unpackBits(llvm::ArrayRef<char> stream, unsigned bits, size_t count);

/// The elements of an attribute as they lie in memory (a splat has one); empty if `attribute` holds no such data.
llvm::SmallVector<char> bytesOfElements(mlir::ElementsAttr attribute);
/// The same with a splat's element as often as it stands for one.
llvm::SmallVector<char> bytesOfAllElements(mlir::ElementsAttr attribute);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_TENSORREADER_H
