//===- ExternalData.h - tensors stored beside the model -----------------------===//
#ifndef NNC_FRONTENDS_ONNX_EXTERNALDATA_H
#define NNC_FRONTENDS_ONNX_EXTERNALDATA_H

#include "frontends/onnx/ModelFile.h"
#include "llvm/ADT/StringMap.h"

namespace nnc::onnx {

/// Maps the external data files of one model. A model may only name files in its own folder or below it: absolute
/// paths, `..`, and links that lead out are errors.
class ExternalData {
public:
  explicit ExternalData(llvm::StringRef modelPath);

  /// The bytes that `external_data` of a tensor names. Without a `length` the data runs to the end of the file.
  llvm::Expected<FileBytes> read(const ::onnx::TensorProto &tensor);

private:
  llvm::Expected<std::shared_ptr<const llvm::MemoryBuffer>> open(llvm::StringRef location);

  std::string folder;
  llvm::StringMap<std::shared_ptr<const llvm::MemoryBuffer>> files;
};

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_EXTERNALDATA_H
