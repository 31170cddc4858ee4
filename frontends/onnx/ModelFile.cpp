//===- ModelFile.cpp - an ONNX file, mapped and parsed without its weights ----===//
#include "frontends/onnx/ModelFile.h"

#include "frontends/onnx/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include <google/protobuf/io/coded_stream.h>

using namespace llvm;

namespace nnc::onnx {
namespace {

/// The messages on a path from the model to a tensor.
enum class Message { Model, Graph, Node, Attribute, Tensor, SparseTensor, Function, Training };

/// The message in field `number` of `parent`, if that can hold tensors.
std::optional<Message> childMessage(Message parent, uint64_t number) {
  switch (parent) {
  case Message::Model:
    return number == 7    ? std::optional(Message::Graph)
           : number == 20 ? std::optional(Message::Training)
           : number == 25 ? std::optional(Message::Function)
                          : std::nullopt;
  case Message::Training:
    return number == 1 || number == 2 ? std::optional(Message::Graph) : std::nullopt;
  case Message::Function:
    return number == 7    ? std::optional(Message::Node)
           : number == 11 ? std::optional(Message::Attribute)
                          : std::nullopt;
  case Message::Graph:
    return number == 1    ? std::optional(Message::Node)
           : number == 5  ? std::optional(Message::Tensor)
           : number == 15 ? std::optional(Message::SparseTensor)
                          : std::nullopt;
  case Message::Node:
    return number == 5 ? std::optional(Message::Attribute) : std::nullopt;
  case Message::Attribute:
    return number == 5 || number == 10    ? std::optional(Message::Tensor)
           : number == 6 || number == 11  ? std::optional(Message::Graph)
           : number == 22 || number == 23 ? std::optional(Message::SparseTensor)
                                          : std::nullopt;
  case Message::SparseTensor:
    return number == 1 || number == 2 ? std::optional(Message::Tensor) : std::nullopt;
  case Message::Tensor:
    return std::nullopt;
  }
  llvm_unreachable("unknown message");
}

constexpr uint64_t tensorSegmentField = 3;
constexpr uint64_t tensorRawDataField = 9;

void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void appendTag(std::string &out, uint64_t field, unsigned wireType) { appendVarint(out, field << 3 | wireType); }

/// Copies a file's wire format without the payloads of raw_data.
class SkeletonBuilder {
public:
  explicit SkeletonBuilder(StringRef file) : file(file) {}

  Expected<std::string> build() {
    std::string out;
    if (Error e = copyMessage(Message::Model, 0, file.size(), 0, out))
      return std::move(e);
    return out;
  }

private:
  Error malformed(size_t at) {
    return makeError("not an ONNX model: malformed protobuf at byte " + Twine(at));
  }

  /// Reads a varint at `pos`, which moves behind it; none beyond `end`.
  std::optional<uint64_t> varint(size_t &pos, size_t end) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && pos < end; shift += 7) {
      uint8_t byte = file[pos++];
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (!(byte & 0x80))
        return value;
    }
    return std::nullopt;
  }

  Error copyMessage(Message kind, size_t begin, size_t end, unsigned graphDepth, std::string &out) {
    if (kind == Message::Graph && ++graphDepth > maxGraphDepth)
      return makeError("graphs are nested more than " + Twine(maxGraphDepth) + " deep");
    for (size_t pos = begin; pos < end;) {
      size_t fieldBegin = pos;
      std::optional<uint64_t> tag = varint(pos, end);
      if (!tag || *tag >> 3 == 0)
        return malformed(fieldBegin);
      uint64_t field = *tag >> 3;
      switch (*tag & 7) {
      case 0:
        if (!varint(pos, end))
          return malformed(fieldBegin);
        break;
      case 1:
      case 5: {
        size_t width = (*tag & 7) == 1 ? 8 : 4;
        if (end - pos < width)
          return makeError("the file is truncated or damaged at byte " + Twine(fieldBegin));
        pos += width;
        break;
      }
      case 2: {
        std::optional<uint64_t> length = varint(pos, end);
        if (!length)
          return malformed(fieldBegin);
        if (*length > end - pos)
          return makeError("the file is truncated or damaged: the field at byte " + Twine(fieldBegin) + " has " +
                           Twine(*length) + " bytes, " + Twine(end - pos) + " are left");
        size_t payload = pos;
        pos += *length;
        if (kind == Message::Tensor && field == tensorSegmentField)
          return makeError("unsupported: a tensor in segments, at byte " + Twine(fieldBegin));
        if (kind == Message::Tensor && field == tensorRawDataField) {
          std::string range;
          appendTag(range, 1, 0);
          appendVarint(range, payload);
          appendTag(range, 2, 0);
          appendVarint(range, pos);
          appendTag(out, tensorSegmentField, 2);
          appendVarint(out, range.size());
          out += range;
          continue;
        }
        if (std::optional<Message> child = childMessage(kind, field)) {
          std::string body;
          if (Error e = copyMessage(*child, payload, pos, graphDepth, body))
            return e;
          appendTag(out, field, 2);
          appendVarint(out, body.size());
          out += body;
          continue;
        }
        break;
      }
      default: // groups (3, 4) are in no ONNX message
        return malformed(fieldBegin);
      }
      out.append(file.data() + fieldBegin, pos - fieldBegin);
    }
    return Error::success();
  }

  StringRef file;
};

/// Whether the file looks like text: a model in text form, a JSON or HTML page.
bool looksLikeText(StringRef head) {
  return all_of(head.take_front(64), [](char c) { return isPrint(c) || isSpace(c); });
}

} // namespace

Expected<std::shared_ptr<const MemoryBuffer>> mapFile(StringRef path) {
  // Anything but a regular file could block or never end.
  sys::fs::file_status status;
  if (std::error_code ec = sys::fs::status(path, status))
    return makeError("cannot open: " + ec.message());
  if (!sys::fs::is_regular_file(status))
    return makeError("not a regular file");
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read: " + buffer.getError().message());
  return std::shared_ptr<const MemoryBuffer>(std::move(*buffer));
}

Expected<ModelFile> ModelFile::open(StringRef path) {
  ModelFile file;
  file.filePath = path.str();
  Expected<std::shared_ptr<const MemoryBuffer>> buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  file.buffer = std::move(*buffer);

  StringRef bytes = file.buffer->getBuffer();
  if (bytes.empty())
    return makeError("the file is empty");
  if (bytes.starts_with("version https://git-lfs"))
    return makeError("not an ONNX model but a Git LFS pointer to one: run `git lfs pull`");
  Expected<std::string> skeleton = SkeletonBuilder(bytes).build();
  if (!skeleton) {
    if (!looksLikeText(bytes))
      return skeleton.takeError();
    consumeError(skeleton.takeError());
    return makeError("not an ONNX model: the file is text");
  }
  if (skeleton->size() > std::numeric_limits<int>::max())
    return makeError("the model has over 2 GB besides its weights");

  file.proto = std::make_unique<::onnx::ModelProto>();
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(skeleton->data()),
                                                static_cast<int>(skeleton->size()));
  // A subgraph takes three levels of messages: graph, node, attribute.
  stream.SetRecursionLimit(3 * maxGraphDepth + 100);
  if (!file.proto->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return makeError("not an ONNX model: malformed protobuf");
  if (!file.proto->has_graph())
    return makeError("not an ONNX model: it has no graph");
  return file;
}

FileBytes ModelFile::rawData(const ::onnx::TensorProto &tensor) const {
  size_t begin = tensor.segment().begin(), end = tensor.segment().end();
  return {ArrayRef<char>(buffer->getBufferStart() + begin, end - begin), buffer};
}

} // namespace nnc::onnx
