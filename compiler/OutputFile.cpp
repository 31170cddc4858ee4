#include "compiler/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace nnc {

Expected<OutputFile> OutputFile::create(StringRef finalPath) {
  // Renaming over a device or a folder would not do what was asked for.
  if (sys::fs::exists(finalPath) && !sys::fs::is_regular_file(finalPath))
    return createStringError("'" + finalPath + "' is not a regular file");
  SmallString<128> temporary;
  int descriptor;
  if (std::error_code code = sys::fs::createUniqueFile(finalPath + ".tmp-%%%%%%%%", descriptor, temporary))
    return createFileError(finalPath, code);
  sys::Process::SafelyCloseFileDescriptor(descriptor);
  sys::RemoveFileOnSignal(temporary);
  return OutputFile(temporary.str().str(), finalPath.str());
}

OutputFile::OutputFile(OutputFile &&other)
    : temporary(std::move(other.temporary)), finalPath(std::move(other.finalPath)) {
  other.temporary.clear();
}

OutputFile::~OutputFile() {
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

static constexpr size_t kPiece = 8 << 20;

Error writePart(raw_ostream &stream, StringRef file, uint64_t begin, uint64_t end) {
  Expected<sys::fs::file_t> source = sys::fs::openNativeFileForRead(file);
  if (!source)
    return source.takeError();
  // Read rather than mapped: where the kernel must fault in what it writes, it falls back to small pages.
  std::vector<char> piece(kPiece);
  Error result = Error::success();
  while (!result && begin < end) {
    MutableArrayRef<char> wanted(piece.data(), std::min<uint64_t>(piece.size(), end - begin));
    Expected<size_t> count = sys::fs::readNativeFileSlice(*source, wanted, begin);
    if (!count)
      result = count.takeError();
    else if (*count == 0)
      break;
    else
      stream.write(piece.data(), *count);
    begin += count ? *count : 0;
  }
  sys::fs::closeFile(*source);
  return result;
}

Error OutputFile::write(StringRef bytes) {
  return write([&](raw_ostream &stream) {
    stream << bytes;
    return Error::success();
  });
}

Error OutputFile::write(function_ref<Error(raw_ostream &)> body) {
  std::error_code code;
  raw_fd_ostream stream(temporary, code, sys::fs::OF_None);
  if (code)
    return createFileError(finalPath, code);
  // Pieces start at multiples of their size: the page cache holds them in the largest pages.
  stream.SetBufferSize(kPiece);
  Error error = body(stream);
  stream.close();
  code = stream.error();
  stream.clear_error();
  if (error)
    return error;
  return code ? createFileError(finalPath, code) : Error::success();
}

Error OutputFile::commit(bool executable) {
  unsigned mode = (executable ? 0777 : 0666) & ~sys::fs::getUmask();
  if (std::error_code code = sys::fs::setPermissions(temporary, static_cast<sys::fs::perms>(mode)))
    return createFileError(finalPath, code);
  if (std::error_code code = sys::fs::rename(temporary, finalPath))
    return createFileError(finalPath, code);
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}

} // namespace nnc
