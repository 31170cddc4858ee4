//===- Inputs.cpp - Tensors from files --------------------------------------------------------------------------===//

#include "tools/nnc-run/Inputs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace nnc::run {
namespace {

using Tensors = std::vector<io::Tensor>;

/// Names follow `kind` in quotes: "input 'x'".
std::string quote(llvm::StringRef kind, const Value &value) { return (kind + " '" + value.name + "'").str(); }

llvm::Expected<Tensors> readNpz(const std::string &path, llvm::ArrayRef<Value> values, llvm::StringRef kind) {
  llvm::Expected<std::vector<io::NamedTensor>> file = io::readNpz(path);
  if (!file)
    return file.takeError();
  for (const io::NamedTensor &entry : *file)
    if (llvm::none_of(values, [&](const Value &value) { return value.name == entry.name; }))
      return io::makeError("%s: the model has no %s '%s'", path.c_str(), kind.str().c_str(), entry.name.c_str());
  Tensors result;
  for (const Value &value : values) {
    auto entry = llvm::find_if(*file, [&](const io::NamedTensor &entry) { return entry.name == value.name; });
    if (entry == file->end())
      return io::makeError("%s: %s is missing", path.c_str(), quote(kind, value).c_str());
    result.push_back(std::move(entry->tensor));
  }
  return result;
}

llvm::Expected<Tensors> readFolder(const std::string &path, llvm::ArrayRef<Value> values, llvm::StringRef kind) {
  Tensors result;
  auto fileOf = [&](size_t index) {
    llvm::SmallString<128> file(path);
    llvm::sys::path::append(file, kind + "_" + llvm::Twine(index) + ".pb");
    return std::string(file);
  };
  for (size_t i = 0; i < values.size(); ++i) {
    if (!llvm::sys::fs::exists(fileOf(i)))
      return io::makeError("%s: no such file, for %s", fileOf(i).c_str(), quote(kind, values[i]).c_str());
    llvm::Expected<io::NamedTensor> tensor = io::readTensorProto(fileOf(i));
    if (!tensor)
      return tensor.takeError();
    result.push_back(std::move(tensor->tensor));
  }
  if (llvm::sys::fs::exists(fileOf(values.size())))
    return io::makeError("%s: the model has only %zu %ss", fileOf(values.size()).c_str(), values.size(),
                         kind.str().c_str());
  return result;
}

llvm::Expected<Tensors> readNpys(llvm::ArrayRef<std::string> paths, llvm::ArrayRef<Value> values,
                                 llvm::StringRef kind) {
  if (paths.size() != values.size())
    return io::makeError("%zu .npy files for %zu %ss", paths.size(), values.size(), kind.str().c_str());
  Tensors result;
  for (const std::string &path : paths) {
    llvm::Expected<io::Tensor> tensor = io::readNpy(path);
    if (!tensor)
      return tensor.takeError();
    result.push_back(std::move(*tensor));
  }
  return result;
}

llvm::Expected<Tensors> readAny(llvm::ArrayRef<std::string> paths, llvm::ArrayRef<Value> values,
                                llvm::StringRef kind) {
  if (paths.size() == 1 && llvm::sys::fs::is_directory(paths[0]))
    return readFolder(paths[0], values, kind);
  if (paths.size() == 1 && llvm::StringRef(paths[0]).ends_with(".npz"))
    return readNpz(paths[0], values, kind);
  for (const std::string &path : paths) {
    if (!llvm::sys::fs::exists(path))
      return io::makeError("%s: no such file or folder", path.c_str());
    if (!llvm::StringRef(path).ends_with(".npy"))
      return io::makeError("%s: %ss come from one .npz, from .npy files or from one folder of %s_<j>.pb",
                           path.c_str(), kind.str().c_str(), kind.str().c_str());
  }
  return readNpys(paths, values, kind);
}

} // namespace

llvm::Expected<Tensors> readTensors(llvm::ArrayRef<std::string> paths, llvm::ArrayRef<Value> values,
                                    llvm::StringRef kind) {
  llvm::Expected<Tensors> tensors = readAny(paths, values, kind);
  if (!tensors)
    return tensors;
  // Where the types differ for real the runtime's own check, or the comparison, says so.
  for (size_t i = 0; i < values.size(); ++i)
    (*tensors)[i].viewAs(values[i].type);
  return tensors;
}

} // namespace nnc::run
