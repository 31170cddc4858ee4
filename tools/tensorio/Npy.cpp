//===- Npy.cpp - numpy's .npy format ----------------------------------------------------------------------------===//
//
// A magic string, a version, and a Python dictionary literal such as
//   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
// padded with blanks to a multiple of 64 bytes; then the elements.
//
//===----------------------------------------------------------------------===//

#include "tools/tensorio/Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cstring>

namespace nnc::io {
namespace {

constexpr llvm::StringLiteral kMagic("\x93NUMPY");
/// numpy pads headers to 64 and never comes near this.
constexpr uint64_t kMaxHeader = 1 << 16;
/// numpy's own limit.
constexpr size_t kMaxRank = 64;

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Reads the header's dictionary literal: three keys in any order, nothing else.
class HeaderParser {
public:
  explicit HeaderParser(llvm::StringRef text) : text(text) {}

  std::optional<Header> parse() {
    Header header;
    unsigned seen = 0;
    if (!take("{"))
      return std::nullopt;
    while (!take("}")) {
      std::string key;
      if (!takeString(key) || !take(":"))
        return std::nullopt;
      if (key == "descr" && takeString(header.descr))
        seen |= 1;
      else if (key == "fortran_order" && takeBool(header.fortranOrder))
        seen |= 2;
      else if (key == "shape" && takeShape(header.shape))
        seen |= 4;
      else
        return std::nullopt;
      if (!take(",") && !text.ltrim().starts_with("}"))
        return std::nullopt;
    }
    return seen == 7 && text.trim().empty() ? std::optional(std::move(header)) : std::nullopt;
  }

private:
  bool take(llvm::StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }

  bool takeString(std::string &value) {
    text = text.ltrim();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return false;
    size_t end = text.find(text[0], 1);
    if (end == llvm::StringRef::npos)
      return false;
    value = text.slice(1, end).str();
    text = text.drop_front(end + 1);
    return true;
  }

  bool takeBool(bool &value) {
    value = take("True");
    return value || take("False");
  }

  bool takeShape(std::vector<int64_t> &shape) {
    if (!take("("))
      return false;
    shape.clear();
    while (!take(")")) {
      int64_t dim;
      text = text.ltrim();
      if (shape.size() == kMaxRank || text.consumeInteger(10, dim) || dim < 0)
        return false;
      text.consume_front("L"); // Python 2 wrote long integers so
      shape.push_back(dim);
      if (!take(",") && !text.ltrim().starts_with(")"))
        return false;
    }
    return true;
  }

  llvm::StringRef text;
};

/// Reverses the bytes of each of the tensor's scalars, for files of big-endian machines.
void swapBytes(Tensor &tensor) {
  size_t width = getByteWidth(tensor.type()) / (isComplex(tensor.type()) ? 2 : 1);
  for (char *p = tensor.data(), *end = p + tensor.numBytes(); p != end; p += width)
    std::reverse(p, p + width);
}

/// Makes a row-major tensor of one whose elements lie in column-major order.
llvm::Expected<Tensor> transposeFromFortran(const Tensor &tensor) {
  llvm::Expected<Tensor> result = Tensor::create(tensor.type(), tensor.shape());
  if (!result)
    return result;
  size_t rank = tensor.shape().size(), width = getByteWidth(tensor.type());
  std::vector<int64_t> strides(rank), index(rank);
  int64_t stride = 1, source = 0;
  for (size_t i = 0; i < rank; ++i) {
    strides[i] = stride;
    stride *= tensor.shape()[i];
  }
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    memcpy(result->at(i), tensor.at(source), width);
    for (size_t axis = rank; axis-- > 0;) {
      source += strides[axis];
      if (++index[axis] < tensor.shape()[axis])
        break;
      source -= strides[axis] * index[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/// The element type of a description such as "<f4".
llvm::Expected<Element> parseDescr(llvm::StringRef descr, bool &bigEndian) {
  llvm::StringRef rest = descr;
  bigEndian = rest.consume_front(">");
  if (!bigEndian && !rest.consume_front("<") && !rest.consume_front("|"))
    rest.consume_front("=");
  unsigned bytes;
  if (rest.size() >= 2 && !rest.drop_front().getAsInteger(10, bytes) && bytes <= 16)
    if (std::optional<Element> type = getElementFromNumpy(rest[0], bytes))
      return *type;
  return makeError("elements of numpy type '%s' are not supported", descr.str().c_str());
}

} // namespace

llvm::Expected<Tensor> parseNpy(uint64_t size, ReadBytes read) {
  char start[12];
  if (size < 10)
    return makeError("not an .npy file");
  if (llvm::Error error = read(start, 10))
    return error;
  if (llvm::StringRef(start, 6) != kMagic)
    return makeError("not an .npy file");
  unsigned version = uint8_t(start[6]);
  uint64_t headerSize = llvm::support::endian::read16le(start + 8), used = 10;
  if (version == 2 || version == 3) {
    if (size < 12)
      return makeError("the file is truncated");
    if (llvm::Error error = read(start + 10, 2))
      return error;
    headerSize = llvm::support::endian::read32le(start + 8);
    used = 12;
  } else if (version != 1) {
    return makeError("unknown .npy version %u", version);
  }
  if (headerSize > kMaxHeader)
    return makeError("malformed .npy header");
  if (headerSize > size - used)
    return makeError("the file is truncated");
  std::string text(headerSize, '\0');
  if (llvm::Error error = read(text.data(), headerSize))
    return error;
  std::optional<Header> header = HeaderParser(text).parse();
  if (!header)
    return makeError("malformed .npy header");

  bool bigEndian;
  llvm::Expected<Element> type = parseDescr(header->descr, bigEndian);
  if (!type)
    return type.takeError();
  uint64_t present = size - used - headerSize;
  if (std::optional<uint64_t> expected = getByteSize(*type, header->shape); !expected || *expected != present)
    return makeError("%s does not fit the %llu bytes of data", formatType(*type, header->shape).c_str(),
                     (unsigned long long)present);
  llvm::Expected<Tensor> tensor = Tensor::create(*type, header->shape);
  if (!tensor)
    return tensor;
  if (llvm::Error error = read(tensor->data(), tensor->numBytes()))
    return error;
  if (bigEndian)
    swapBytes(*tensor);
  if (header->fortranOrder && header->shape.size() > 1)
    return transposeFromFortran(*tensor);
  return tensor;
}

std::string makeNpyHeader(Element type, llvm::ArrayRef<int64_t> shape) {
  std::string dict = std::string("{'descr': '") + getNumpyDescr(type) + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    dict += (i ? ", " : "") + llvm::itostr(shape[i]);
  dict += shape.size() == 1 ? ",), }" : "), }";
  size_t padded = (10 + dict.size() + 1 + 63) / 64 * 64 - 10;
  dict.resize(padded - 1, ' ');
  dict += '\n';
  return kMagic.str() + std::string("\1\0", 2) + char(padded & 0xff) + char(padded >> 8) + dict;
}

llvm::Expected<Tensor> readNpy(const std::string &path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return makeError("%s: %s", path.c_str(), file.getError().message().c_str());
  llvm::StringRef rest = (*file)->getBuffer();
  llvm::Expected<Tensor> tensor = parseNpy(rest.size(), [&](char *data, size_t size) -> llvm::Error {
    if (size > rest.size())
      return makeError("the file is truncated");
    memcpy(data, rest.data(), size);
    rest = rest.drop_front(size);
    return llvm::Error::success();
  });
  if (!tensor)
    return makeError("%s: %s", path.c_str(), llvm::toString(tensor.takeError()).c_str());
  return tensor;
}

} // namespace nnc::io
