//===- QuantizedWeights.cpp - com.microsoft's products by packed integers -----===//
//
// Language models store the weights of their products as integers of 2, 4 or 8 bits with a scale for every few of them.
// They are imported as what they stand for: nn.dequantize of a constant, with a byte for each integer, and nn.matmul.
// Rows that are looked up stay packed: only those that a run asks for are unpacked.
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

/// MatMulNBits(A, B, scales, zero_points?, g_idx?, bias?): A [..,K] times the transpose of B [N,K], whose rows are
/// blocks of block_size integers of `bits` bits. Sums are those of f32, whatever `accuracy_level` allows.
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

/// The integers of `bits` bits in the bytes of each row, the first in the lowest bits.
Value unpacked(NodeImporter &node, Value bytes, int64_t bits) {
  Type type = NodeImporter::elementTypeOf(bytes);
  int64_t rank = NodeImporter::rankOf(bytes), perByte = 8 / bits;
  if (perByte == 1 || failed(node.status()))
    return bytes;
  SmallVector<Value> parts;
  for (int64_t i = 0; i < perByte; ++i) {
    Value part = bytes;
    if (i > 0)
      part = node.create<nn::BinaryOp>(type, BinaryKind::shift_right, part, node.intScalarConstant(type, i * bits));
    if (i + 1 < perByte)
      part = node.create<nn::BinaryOp>(type, BinaryKind::bitwise_and, part,
                                       node.intScalarConstant(type, (1 << bits) - 1));
    parts.push_back(node.create<nn::UnsqueezeOp>(type, part, ArrayRef<int64_t>{rank}));
  }
  SmallVector<int64_t> shape(rank - 1, 0);
  shape.push_back(-1);
  return node.create<nn::ReshapeOp>(type, node.create<nn::ConcatOp>(type, parts, rank), node.intsConstant(shape),
                                    /*allow_zero=*/false);
}

/// GatherBlockQuantized(data, indices, scales, zero_points?): rows of integers with a scale for each block of them.
/// Bytes hold integers of `bits` bits, whose zero is in the middle unless there are zero points; the types of 4 bits
/// have theirs at 0.
LogicalResult importGatherBlockQuantized(NodeImporter &node) {
  int64_t bits = node.intAttr("bits", 4), block = node.intAttr("block_size", 128);
  int64_t rank = node.hasInput(0) ? NodeImporter::rankOf(node.input(0)) : 0;
  int64_t axis = node.normalizeAxis(node.intAttr("gather_axis", 0), rank);
  int64_t blockAxis = node.normalizeAxis(node.intAttr("quantize_axis", 1), rank);
  if (failed(node.status()))
    return failure();
  if (node.numInputs() < 3 || node.numInputs() > 4 || !node.hasInput(1) || !node.hasInput(2))
    return node.error("it needs data, indices and scales");
  auto integer = dyn_cast<IntegerType>(node.elementType(0));
  auto element = dyn_cast<FloatType>(node.elementType(2));
  bool isPacked = integer && integer.isUnsigned() && integer.getWidth() == 8;
  if (!element || !isa<IntegerType>(node.elementType(1)) || !(isPacked || (integer && integer.getWidth() == 4)))
    return node.error("unsupported: data that are not uint8, uint4 or int4, indices that are no integers, or scales "
                      "that are no floats");
  if (isPacked && !llvm::is_contained({2, 4, 8}, bits))
    return node.error("bits is " + Twine(bits));
  if (axis != 0 || rank < 2 || blockAxis != rank - 1)
    return node.error("unsupported: a gather_axis that is not the first, or a quantize_axis that is not the last");
  int64_t stored = NodeImporter::shapeOf(node.input(0)).back(), width = isPacked ? stored * (8 / bits) : stored;
  if (ShapedType::isDynamic(stored) || block < 1 || width % block || NodeImporter::rankOf(node.input(2)) != rank ||
      NodeImporter::shapeOf(node.input(2)).back() != width / block)
    return node.error("unsupported: rows that are not known to be whole blocks of " + Twine(block) +
                      " with a scale each");

  Type real = node.builder().getF32Type();
  auto rows = [&](unsigned i) {
    return node.create<nn::GatherOp>(node.elementType(i), node.input(i), node.input(1), 0);
  };
  auto numbers = [&](unsigned i) { return node.castTo(isPacked ? unpacked(node, rows(i), bits) : rows(i), real); };
  Value x = numbers(0);
  if (failed(node.status()))
    return failure();
  int64_t last = NodeImporter::rankOf(x) - 1;
  auto reshaped = [&](Value value, ArrayRef<int64_t> tail) {
    SmallVector<int64_t> shape(last, 0);
    shape.append(tail.begin(), tail.end());
    return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(value), value, node.intsConstant(shape),
                                      /*allow_zero=*/false);
  };
  x = reshaped(x, {width / block, block});
  if (node.hasInput(3)) {
    if (node.elementType(3) != integer)
      return node.error("the zero points are not of the type of data");
    // A row's last byte may be filled up.
    Value zeros = node.create<nn::SliceOp>(real, numbers(3), node.intsConstant({0}), node.intsConstant({width / block}),
                                           ArrayRef<int64_t>{last}, ArrayRef<int64_t>{1});
    x = node.create<nn::BinaryOp>(real, BinaryKind::sub, x, reshaped(zeros, {width / block, 1}));
  } else if (isPacked) {
    x = node.create<nn::BinaryOp>(real, BinaryKind::sub, x, node.scalarConstant(real, 1 << (bits - 1)));
  }
  Value scales = reshaped(node.castTo(rows(2), real), {width / block, 1});
  x = node.create<nn::BinaryOp>(real, BinaryKind::mul, x, scales);
  SmallVector<int64_t> flat(last, 0);
  flat.push_back(width);
  x = node.create<nn::ReshapeOp>(real, x, node.intsConstant(flat), /*allow_zero=*/false);
  node.setOutput(0, node.castTo(x, element));
  return node.status();
}

} // namespace

void registerQuantizedWeightImporters(Registry &registry) {
  registry.addTo("com.microsoft", "GatherBlockQuantized", importGatherBlockQuantized);
  registry.addTo("com.microsoft", "MatMulNBits", importMatMulNBits);
}

} // namespace nnc::onnx
