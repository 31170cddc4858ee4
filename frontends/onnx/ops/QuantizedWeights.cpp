//===- QuantizedWeights.cpp - com.microsoft's products by packed integers -----===//
//
// Language models store the weights of their products as integers of 2, 4 or 8 bits with a scale for every few of them.
// They are imported as what they stand for: nn.dequantize of a constant, with a byte for each integer, and nn.matmul.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorReader.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

/// The bytes of a constant input of so many elements; an error otherwise.
std::optional<SmallVector<char>> constantBytes(NodeImporter &node, unsigned i, int64_t elements) {
  ElementsAttr value = node.hasInput(i) ? NodeImporter::constantOf(node.input(i)) : nullptr;
  if (!value || value.getNumElements() != elements) {
    (void)node.error("input " + Twine(i) + " is not a constant of " + Twine(elements) + " elements");
    return std::nullopt;
  }
  return bytesOfAllElements(value);
}

/// MatMulNBits(A, B, scales, zero_points?, g_idx?, bias?): A [..,K] times the transpose of B [N,K], whose rows are blocks
/// of block_size integers of `bits` bits. Sums are those of f32, whatever `accuracy_level` allows.
LogicalResult importMatMulNBits(NodeImporter &node) {
  int64_t depth = node.intAttr("K", 0), columns = node.intAttr("N", 0), bits = node.intAttr("bits", 4),
          block = node.intAttr("block_size", 0);
  node.ignoreAttr("accuracy_level");
  if (failed(node.status()))
    return failure();
  if (depth < 1 || columns < 1 || block < 1 || !llvm::is_contained({2, 4, 8}, bits))
    return node.error("K, N, bits and block_size are " + Twine(depth) + ", " + Twine(columns) + ", " + Twine(bits) +
                      " and " + Twine(block));
  if (node.hasInput(4))
    return node.error("unsupported: an order of the blocks (g_idx)");
  if (depth % block || block * bits % 8)
    return node.error("unsupported: K is " + Twine(depth) + ", no multiple of block_size " + Twine(block) +
                      ", or blocks are no whole bytes");
  auto element = node.hasInput(0) ? dyn_cast<FloatType>(node.elementType(0)) : FloatType();
  auto isByte = [&](unsigned i) { return node.hasInput(i) && node.elementType(i).isUnsignedInteger(8); };
  if (!element || !isByte(1) || !node.hasInput(2) || node.elementType(2) != element || element.getWidth() > 32)
    return node.error("A and the scales are not floats of one type, or B is not uint8");
  if (node.hasInput(3) && !isByte(3))
    return node.error("unsupported: zero points that are not uint8");
  int64_t blocks = depth / block, zeroBytes = llvm::divideCeil(blocks * bits, 8);
  auto packed = constantBytes(node, 1, columns * depth * bits / 8);
  auto scales = constantBytes(node, 2, columns * blocks);
  if (!packed || !scales)
    return failure();
  SmallVector<char> zeros(columns * blocks, static_cast<char>(1 << (bits - 1)));
  if (node.hasInput(3)) {
    auto packedZeros = constantBytes(node, 3, columns * zeroBytes);
    if (!packedZeros)
      return failure();
    zeros.clear();
    // Every row starts with a byte.
    for (int64_t row = 0; row < columns; ++row)
      zeros.append(unpackBits(ArrayRef(*packedZeros).slice(row * zeroBytes, zeroBytes), bits, blocks));
  }
  MLIRContext *context = node.getContext();
  Type byte = IntegerType::get(context, 8, IntegerType::Unsigned), real = Float32Type::get(context);
  auto constant = [&](ArrayRef<int64_t> shape, Type type, ArrayRef<char> bytes) {
    return node.constant(elementsFromBytes(RankedTensorType::get(shape, type), bytes, "weights"));
  };
  Value w = node.create<nn::DequantizeOp>(
      real, constant({columns, depth}, byte, unpackBits(*packed, bits, columns * depth)),
      node.castTo(constant({columns, blocks}, element, *scales), real), constant({columns, blocks}, byte, zeros),
      /*axis=*/1, block);
  Value y = node.create<nn::MatMulOp>(real, node.castTo(node.input(0), real), w, /*transpose_a=*/false,
                                      /*transpose_b=*/true);
  if (node.hasInput(5))
    y = node.create<nn::BinaryOp>(real, BinaryKind::add, y, node.castTo(node.input(5), real));
  node.setOutput(0, node.castTo(y, element));
  return node.status();
}

} // namespace

void registerQuantizedWeightImporters(Registry &registry) {
  registry.addTo("com.microsoft", "MatMulNBits", importMatMulNBits);
}

} // namespace nnc::onnx
