#include "compiler/Weights.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/lower/ElementTypes.h"

#include <malloc.h>

using namespace mlir;

namespace nnc {

llvm::ArrayRef<char> elementBytesOf(ElementsAttr attr, std::deque<std::string> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    ArrayRef<char> data = blob ? blob->getData() : ArrayRef<char>();
    auto integer = dyn_cast<IntegerType>(attr.getElementType());
    if (!integer || !integer.isSignless() || integer.getWidth() == 1 || integer.getWidth() >= 8)
      return data;
    // The file's narrow integers have zeros in the high bits, tensors in memory have the sign there.
    std::string &bytes = storage.emplace_back();
    unsigned spare = 8 - integer.getWidth();
    for (char c : data)
      bytes += static_cast<char>(static_cast<int8_t>(static_cast<uint8_t>(c) << spare) >> spare);
    return ArrayRef<char>(bytes.data(), bytes.size());
  }
  auto dense = cast<DenseElementsAttr>(attr);
  Type element = dense.getElementType();
  int64_t size = elementBytes(element), count = dense.getNumElements();
  bool isBytes = !element.isInteger(1) && element.getIntOrFloatBitWidth() % 8 == 0;
  if (isBytes && !dense.isSplat())
    return dense.getRawData();
  std::string &bytes = storage.emplace_back();
  bytes.reserve(count * size);
  auto append = [&](const APInt &bits) {
    APInt wide = bits.zextOrTrunc(8 * size);
    bytes.append(reinterpret_cast<const char *>(wide.getRawData()), size);
  };
  if (isa<ComplexType>(element)) {
    for (int64_t i = 0; i < count; ++i)
      bytes.append(dense.getRawData().data(), size);
  } else if (isa<FloatType>(element)) {
    for (const APFloat &value : dense.getValues<APFloat>())
      append(value.bitcastToAPInt());
  } else {
    bool isSigned = !element.isUnsignedInteger() && !element.isInteger(1);
    for (const APInt &value : dense.getValues<APInt>())
      append(isSigned ? value.sextOrTrunc(8 * size) : value);
  }
  return ArrayRef<char>(bytes.data(), bytes.size());
}

void releaseResources(MLIRContext &context) {
  auto &manager = DenseResourceElementsHandle::getManagerInterface(&context).getBlobManager();
  std::vector<std::string> keys;
  manager.getBlobMap([&](const auto &blobs) {
    for (const auto &entry : blobs)
      keys.push_back(entry.getKey().str());
  });
  for (const std::string &key : keys)
    manager.update(key, AsmResourceBlob());
#ifdef __GLIBC__
  // Freed blocks below others that live on go back to the system only when asked for.
  malloc_trim(0);
#endif
}

llvm::Expected<WeightsSection> collectWeights(ModuleOp module) {
  WeightsSection section;
  auto values = module->getAttrOfType<ArrayAttr>("nn.weights");
  auto places = module->getAttrOfType<DenseI64ArrayAttr>("nn.weight_offsets");
  auto total = module->getAttrOfType<IntegerAttr>("nn.weight_bytes");
  if (!values || !places || !total)
    return section;
  section.bytes = total.getInt();
  for (auto [value, place] : llvm::zip(values, places.asArrayRef())) {
    auto attr = cast<ElementsAttr>(value);
    ArrayRef<char> bytes = elementBytesOf(attr, section.expanded);
    uint64_t expected = attr.getNumElements() * elementBytes(attr.getElementType());
    if (bytes.size() != expected)
      return llvm::createStringError("a constant has " + Twine(bytes.size()) + " bytes, its type needs " + Twine(expected));
    if (!bytes.empty())
      section.chunks.push_back({static_cast<uint64_t>(place), bytes});
  }
  return section;
}

} // namespace nnc
