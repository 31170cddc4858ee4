//===- ModelFile.h - an ONNX file, mapped and parsed without its weights ------===//
//
// Protobuf copies every `bytes` field into a string of its own, so parsing a model the plain way costs its weights in
// memory once more and takes as long as reading them. Here the file is mapped and walked first: the walk knows the
// few messages in which a TensorProto can lie, and rebuilds the file as a skeleton without the payloads of raw_data.
// Each leaves its place in the mapping behind, in the tensor's `segment` field (which ONNX reserves for tensors in
// pieces and no one writes): `[begin, end)` in bytes. Protobuf then parses the skeleton.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_MODELFILE_H
#define NNC_FRONTENDS_ONNX_MODELFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <onnx-ml.pb.h>
#include <string>

namespace nnc::onnx {

/// Bytes of a file that stay valid as long as `owner` lives.
struct FileBytes {
  llvm::ArrayRef<char> data;
  std::shared_ptr<const llvm::MemoryBuffer> owner;
};

/// Maps a regular file; anything else (a folder, a device) is an error.
llvm::Expected<std::shared_ptr<const llvm::MemoryBuffer>> mapFile(llvm::StringRef path);

/// A parsed model and the mapping that holds its weights.
class ModelFile {
public:
  /// Reads `path`. The message of an error lacks the path.
  static llvm::Expected<ModelFile> open(llvm::StringRef path);

  const ::onnx::ModelProto &model() const { return *proto; }
  llvm::StringRef path() const { return filePath; }

  /// The raw_data of a tensor of this model; it must have one (`has_segment()`).
  FileBytes rawData(const ::onnx::TensorProto &tensor) const;

private:
  std::string filePath;
  std::shared_ptr<const llvm::MemoryBuffer> buffer;
  std::unique_ptr<::onnx::ModelProto> proto;
};

/// Deepest nesting of subgraphs that is read: beyond it a file is hostile.
constexpr unsigned maxGraphDepth = 64;

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_MODELFILE_H
