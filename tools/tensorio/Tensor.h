//===- Tensor.h - A tensor in memory and its files --------------------------------------------------------------===//
//
// What nnc's tools read and write: numpy's .npy and .npz, ONNX's TensorProto (.pb). Every file is taken as hostile:
// a malformed one is an error that names the file, never a crash, and no size is believed before it is checked
// against the bytes that are there.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_TOOLS_TENSORIO_TENSOR_H
#define NNC_TOOLS_TENSORIO_TENSOR_H

#include "tools/tensorio/Element.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace nnc::io {

/// A dense row-major tensor that owns its elements, 64-byte aligned.
class Tensor {
public:
  Tensor() = default;

  /// A tensor of uninitialized elements. Fails where the shape has a negative dim, does not fit into memory or its
  /// size overflows.
  static llvm::Expected<Tensor> create(Element type, llvm::ArrayRef<int64_t> shape);

  Element type() const { return elementType; }
  llvm::ArrayRef<int64_t> shape() const { return dims; }
  int64_t numElements() const { return count; }
  size_t numBytes() const { return size_t(count) * getByteWidth(elementType); }
  char *data() { return bytes.get(); }
  const char *data() const { return bytes.get(); }
  char *at(int64_t index) { return bytes.get() + size_t(index) * getByteWidth(elementType); }
  const char *at(int64_t index) const { return bytes.get() + size_t(index) * getByteWidth(elementType); }

  /// This tensor as one of `wanted`, where its elements are that type's bytes under a name that the file format had
  /// to use instead: raw bytes or unsigned integers of the same width, or numpy's int8 for int4. Does nothing when
  /// the types agree; false when they do not.
  bool viewAs(Element wanted);

private:
  struct Free {
    void operator()(char *p) const { free(p); }
  };
  Element elementType = Element::Float32;
  std::vector<int64_t> dims;
  int64_t count = 0;
  std::unique_ptr<char, Free> bytes;
};

/// A tensor and the name under which a file holds it; files without names leave it empty.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The product of `shape` times the width of `type`; none where a dim is negative or the product overflows.
std::optional<uint64_t> getByteSize(Element type, llvm::ArrayRef<int64_t> shape);

/// "float32[2,3]".
std::string formatType(Element type, llvm::ArrayRef<int64_t> shape);

/// An error with one line of text.
template <typename... Ts> llvm::Error makeError(const char *format, Ts &&...values) {
  return llvm::createStringError(format, std::forward<Ts>(values)...);
}

/// Reads one .npy file.
llvm::Expected<Tensor> readNpy(const std::string &path);

/// Reads an .npz file as numpy's savez and savez_compressed write it.
llvm::Expected<std::vector<NamedTensor>> readNpz(const std::string &path);

/// What writeNpz takes: tensors that someone else owns.
struct TensorView {
  std::string name;
  Element type;
  llvm::ArrayRef<int64_t> shape;
  const char *data;
};

/// Writes an .npz file, uncompressed; the same tensors give the same bytes.
llvm::Error writeNpz(const std::string &path, llvm::ArrayRef<TensorView> tensors);

/// Reads a file with one serialized onnx.TensorProto.
llvm::Expected<NamedTensor> readTensorProto(const std::string &path);

/// Writes a file with one serialized onnx.TensorProto.
llvm::Error writeTensorProto(const std::string &path, const TensorView &tensor);

} // namespace nnc::io

#endif
