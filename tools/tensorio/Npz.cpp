//===- Npz.cpp - numpy's .npz files -----------------------------------------------------------------------------===//
//
// An .npz is a zip archive with one .npy stream per array; the member `x.npy` is the array `x`.
//
//===----------------------------------------------------------------------===//

#include "tools/tensorio/Npy.h"

#include "llvm/Support/FileSystem.h"

#include <zip.h>

namespace nnc::io {
namespace {

/// Deflate cannot shrink anything by more than this, so a member that claims to is a forgery (or a bomb).
constexpr uint64_t kMaxRatio = 1032;

struct CloseArchive {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t *file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;

llvm::Expected<Archive> openArchive(const std::string &path, int flags) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), flags, &code));
  if (archive)
    return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string message = zip_error_strerror(&error);
  zip_error_fini(&error);
  return makeError("%s: %s", path.c_str(), message.c_str());
}

llvm::Expected<Tensor> readMember(zip_t *archive, uint64_t index, const zip_stat_t &stat) {
  if (stat.comp_size < stat.size / kMaxRatio)
    return makeError("the archive is damaged");
  std::unique_ptr<zip_file_t, CloseMember> file(zip_fopen_index(archive, index, 0));
  if (!file)
    return makeError("%s", zip_strerror(archive));
  auto read = [&](char *data, size_t size) -> llvm::Error {
    while (size) {
      zip_int64_t got = zip_fread(file.get(), data, size);
      if (got < 0)
        return makeError("%s", zip_file_strerror(file.get()));
      if (got == 0)
        return makeError("the file is truncated");
      data += got;
      size -= size_t(got);
    }
    return llvm::Error::success();
  };
  llvm::Expected<Tensor> tensor = parseNpy(stat.size, read);
  if (!tensor)
    return tensor;
  // The checksum is compared when a read comes to the end.
  char extra;
  if (zip_fread(file.get(), &extra, 1) != 0)
    return makeError("%s", zip_file_strerror(file.get()));
  return tensor;
}

} // namespace

llvm::Expected<std::vector<NamedTensor>> readNpz(const std::string &path) {
  llvm::Expected<Archive> archive = openArchive(path, ZIP_RDONLY);
  if (!archive)
    return archive.takeError();
  std::vector<NamedTensor> result;
  zip_int64_t count = zip_get_num_entries(archive->get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    constexpr uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if (zip_stat_index(archive->get(), zip_uint64_t(i), 0, &stat) != 0 || (stat.valid & needed) != needed)
      return makeError("%s: the archive is damaged", path.c_str());
    llvm::StringRef name = stat.name;
    if (!name.consume_back(".npy"))
      return makeError("%s: member '%s' is not an .npy", path.c_str(), stat.name);
    llvm::Expected<Tensor> tensor = readMember(archive->get(), zip_uint64_t(i), stat);
    if (!tensor)
      return makeError("%s: '%s': %s", path.c_str(), name.str().c_str(),
                       llvm::toString(tensor.takeError()).c_str());
    result.push_back({name.str(), std::move(*tensor)});
  }
  return result;
}

llvm::Error writeNpz(const std::string &path, llvm::ArrayRef<TensorView> tensors) {
  llvm::Expected<Archive> archive = openArchive(path, ZIP_CREATE | ZIP_TRUNCATE);
  if (!archive)
    return archive.takeError();
  // libzip reads the sources when it closes the archive: the headers live until then.
  std::vector<std::string> headers;
  headers.reserve(tensors.size());
  for (const TensorView &tensor : tensors) {
    headers.push_back(makeNpyHeader(tensor.type, tensor.shape));
    const std::string &header = headers.back();
    zip_buffer_fragment_t fragments[2];
    fragments[0].data = reinterpret_cast<zip_uint8_t *>(const_cast<char *>(header.data()));
    fragments[0].length = header.size();
    fragments[1].data = reinterpret_cast<zip_uint8_t *>(const_cast<char *>(tensor.data));
    fragments[1].length = *getByteSize(tensor.type, tensor.shape);
    zip_source_t *source =
        zip_source_buffer_fragment(archive->get(), fragments, fragments[1].length ? 2 : 1, /*freep=*/0);
    zip_int64_t index = source ? zip_file_add(archive->get(), (tensor.name + ".npy").c_str(), source,
                                              ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8)
                               : -1;
    if (index < 0) {
      if (source)
        zip_source_free(source);
      return makeError("%s: '%s': %s", path.c_str(), tensor.name.c_str(), zip_strerror(archive->get()));
    }
    // 1980-01-01, the zip format's zero, so that the bytes depend on the tensors alone.
    zip_set_file_compression(archive->get(), zip_uint64_t(index), ZIP_CM_STORE, 0);
    zip_file_set_dostime(archive->get(), zip_uint64_t(index), 0, (1 << 5) | 1, 0);
  }
  if (zip_close(archive->get()) != 0)
    return makeError("%s: %s", path.c_str(), zip_strerror(archive->get()));
  archive->release();
  return llvm::Error::success();
}

} // namespace nnc::io
