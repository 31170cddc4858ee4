//===- ExternalData.cpp - tensors stored beside the model ---------------------===//
#include "frontends/onnx/ExternalData.h"

#include "frontends/onnx/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace nnc::onnx {

ExternalData::ExternalData(StringRef modelPath) : folder(sys::path::parent_path(modelPath)) {
  if (folder.empty())
    folder = ".";
}

/// Why a location may not be used, or an empty string.
static StringRef objectionTo(StringRef location) {
  if (location.empty())
    return "is empty";
  if (location.contains('\0'))
    return "contains a NUL";
  if (location.contains('\\'))
    return "contains a backslash";
  if (sys::path::is_absolute(location))
    return "is absolute";
  if (is_contained(make_range(sys::path::begin(location), sys::path::end(location)), ".."))
    return "contains '..'";
  return "";
}

Expected<std::shared_ptr<const MemoryBuffer>> ExternalData::open(StringRef location) {
  auto refuse = [&](const Twine &why) {
    return makeError("external data location '" + printable(location) + "' " + why);
  };
  if (StringRef objection = objectionTo(location); !objection.empty())
    return refuse(objection);
  auto [entry, isNew] = files.try_emplace(location);
  if (!isNew)
    return entry->second;

  auto drop = [&](const Twine &why) {
    Error error = refuse(why);
    files.erase(location);
    return error;
  };
  SmallString<256> path(folder), realPath, realFolder;
  sys::path::append(path, location);
  if (std::error_code ec = sys::fs::real_path(path, realPath))
    return drop("cannot be opened: " + ec.message());
  if (std::error_code ec = sys::fs::real_path(folder, realFolder))
    return drop("cannot be opened: " + ec.message());
  // Links are resolved by now: the file itself has to lie in the model's folder.
  if (!realFolder.ends_with("/"))
    realFolder += '/';
  if (!realPath.str().starts_with(realFolder))
    return drop("leaves the model's folder");
  Expected<std::shared_ptr<const MemoryBuffer>> buffer = mapFile(realPath);
  if (!buffer)
    return drop("cannot be used: " + toString(buffer.takeError()));
  return entry->second = std::move(*buffer);
}

Expected<FileBytes> ExternalData::read(const ::onnx::TensorProto &tensor) {
  std::optional<StringRef> location, offsetText, lengthText;
  for (const ::onnx::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef key = entry.key();
    if (key == "location")
      location = entry.value();
    else if (key == "offset")
      offsetText = entry.value();
    else if (key == "length")
      lengthText = entry.value();
  }
  if (!location)
    return makeError("external data without a location");

  uint64_t offset = 0, length = 0;
  if (offsetText && offsetText->getAsInteger(10, offset))
    return makeError("external data offset '" + printable(*offsetText) + "' is not a number");
  if (lengthText && lengthText->getAsInteger(10, length))
    return makeError("external data length '" + printable(*lengthText) + "' is not a number");
  Expected<std::shared_ptr<const MemoryBuffer>> buffer = open(*location);
  if (!buffer)
    return buffer.takeError();

  uint64_t size = (*buffer)->getBufferSize();
  if (offset > size)
    return makeError("external data offset " + Twine(offset) + " lies beyond the " + Twine(size) + " bytes of '" +
                     printable(*location) + "'");
  if (!lengthText)
    length = size - offset;
  if (length > size - offset)
    return makeError("external data of " + Twine(length) + " bytes at offset " + Twine(offset) +
                     " runs beyond the " + Twine(size) + " bytes of '" + printable(*location) + "'");
  return FileBytes{ArrayRef<char>((*buffer)->getBufferStart() + offset, length), *buffer};
}

} // namespace nnc::onnx
