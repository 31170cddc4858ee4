//===- RandomInputs.cpp - Seeded random tensors -----------------------------------------------------------------===//

#include "tools/nnc-run/Inputs.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

#include <random>

namespace nnc::run {
namespace {

/// Integers are drawn below this: masks, and numbers small enough to index into a table of segments.
constexpr uint64_t kIntegerEnd = 2;

/// The sizes given with --dim, and which of them were used.
class Sizes {
public:
  explicit Sizes(const Options &options) {
    for (const auto &[name, size] : options.dims)
      sizes[name] = size;
  }

  llvm::Expected<std::vector<int64_t>> resolve(const Value &value) {
    std::vector<int64_t> shape = value.dims;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] >= 0)
        continue;
      std::string name = value.symbols[axis].empty() ? value.name + ":" + llvm::utostr(axis) : value.symbols[axis];
      auto size = sizes.find(name);
      if (size == sizes.end())
        return io::makeError("input '%s' is %s: give --dim %s=N, or --inputs", value.name.c_str(),
                             value.formatType().c_str(), name.c_str());
      used.insert({name, 0});
      shape[axis] = size->second;
    }
    return shape;
  }

  llvm::Error checkAllUsed() const {
    for (const auto &entry : sizes)
      if (!used.count(entry.first()))
        return io::makeError("--dim %s: no input has such a dim", entry.first().str().c_str());
    return llvm::Error::success();
  }

private:
  llvm::StringMap<int64_t> sizes;
  llvm::StringMap<int> used;
};

/// In [0, 1). The standard's distributions differ between libraries; its generators do not.
double drawUnit(std::mt19937_64 &generator) { return double(generator() >> 11) * 0x1p-53; }

void fill(io::Tensor &tensor, std::mt19937_64 &generator) {
  io::Element type = tensor.type();
  uint64_t end = type == io::Element::Bool || type == io::Element::Int2 ? 2 : kIntegerEnd;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (type == io::Element::Bool || io::isInteger(type)) {
      io::storeNumber(type, tensor.at(i), double(generator() % end));
    } else if (type == io::Element::Float8E8M0FNU) {
      // It has powers of two only: no sign, no zero.
      io::storeNumber(type, tensor.at(i), generator() % 2 ? 1.0 : 0.5);
    } else if (io::isComplex(type)) {
      io::Element part = type == io::Element::Complex64 ? io::Element::Float32 : io::Element::Float64;
      io::storeNumber(part, tensor.at(i), drawUnit(generator) * 2 - 1);
      io::storeNumber(part, tensor.at(i) + io::getByteWidth(part), drawUnit(generator) * 2 - 1);
    } else {
      io::storeNumber(type, tensor.at(i), drawUnit(generator) * 2 - 1);
    }
  }
}

} // namespace

llvm::Expected<std::vector<io::Tensor>> makeRandomTensors(llvm::ArrayRef<Value> values, const Options &options) {
  Sizes sizes(options);
  std::mt19937_64 generator(options.seed);
  std::vector<io::Tensor> result;
  for (const Value &value : values) {
    llvm::Expected<std::vector<int64_t>> shape = sizes.resolve(value);
    if (!shape)
      return shape.takeError();
    llvm::Expected<io::Tensor> tensor = io::Tensor::create(value.type, *shape);
    if (!tensor)
      return io::makeError("input '%s': %s", value.name.c_str(), llvm::toString(tensor.takeError()).c_str());
    fill(*tensor, generator);
    result.push_back(std::move(*tensor));
  }
  if (llvm::Error error = sizes.checkAllUsed())
    return error;
  return result;
}

} // namespace nnc::run
