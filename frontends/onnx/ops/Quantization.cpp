//===- Quantization.cpp - scaled integers, and products of them ---------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorReader.h"
#include "frontends/onnx/ops/Builders.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

bool hasOneElement(Value value) {
  return llvm::all_of(NodeImporter::shapeOf(value), [](int64_t extent) { return extent == 1; });
}

//===----------------------------------------------------------------------===//
// QuantizeLinear, DequantizeLinear
//===----------------------------------------------------------------------===//

/// Along which axis, and in blocks of how many elements, a scale applies.
struct Granularity {
  int64_t axis = 0, block = 0;
};

/// Exporters write one element as a scalar or as [1], and not always the zero point as the scale.
Value asScalar(NodeImporter &node, Value value) {
  if (!value || !hasOneElement(value) || NodeImporter::rankOf(value) == 0)
    return value;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, NodeImporter::rankOf(value)));
  return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(value), value, axes);
}

Granularity granularityOf(NodeImporter &node, Value x, Value scale) {
  int64_t axis = node.intAttr("axis", 1), block = node.intAttr("block_size", 0);
  int64_t rank = NodeImporter::rankOf(x), scaleRank = NodeImporter::rankOf(scale);
  if (block < 0) {
    (void)node.error("block_size is " + Twine(block));
    return {};
  }
  // One element is a scale for all of x, whatever the axis.
  if (hasOneElement(scale))
    return {};
  // With one dim there is one axis; the default of 1 then means nothing.
  Granularity result{rank == 1 ? 0 : node.normalizeAxis(axis, rank), scaleRank > 1 ? block : 0};
  if (scaleRank > 1 && block == 0)
    (void)node.error("a scale of rank " + Twine(scaleRank) + " needs a block_size");
  ArrayRef<int64_t> xShape = NodeImporter::shapeOf(x), scaleShape = NodeImporter::shapeOf(scale);
  if (scaleRank > 1 && succeeded(node.status())) {
    if (scaleRank != rank) {
      (void)node.error("a scale in blocks needs the input's rank");
      return result;
    }
    for (int64_t i = 0; i < rank; ++i) {
      if (ShapedType::isDynamic(xShape[i]) || ShapedType::isDynamic(scaleShape[i])) {
        if (xShape[i] != scaleShape[i] || i == result.axis)
          (void)node.error("unsupported: a scale in blocks for an input of dynamic shape");
        continue;
      }
      int64_t expected = i == result.axis ? (xShape[i] + block - 1) / block : xShape[i];
      if (scaleShape[i] != expected)
        (void)node.error("dim " + Twine(i) + " of the scale is " + Twine(scaleShape[i]) + " instead of " +
                         Twine(expected));
    }
  }
  return result;
}

LogicalResult importQuantizeLinear(NodeImporter &node) {
  Value x = node.input(0), scale = asScalar(node, node.input(1)), zero = asScalar(node, node.input(2));
  Granularity granularity = granularityOf(node, x, scale);
  bool saturate = node.intAttr("saturate", 1) != 0;
  // Types are numbered from 1: 0 means that the attribute is not given.
  bool hasOutputType = node.intAttr("output_dtype", 0) != 0, hasPrecision = node.intAttr("precision", 0) != 0;
  Type type = hasOutputType ? node.typeAttr("output_dtype", {})
                            : IntegerType::get(node.getContext(), 8, IntegerType::Unsigned);
  if (zero) {
    if (hasOutputType && type != node.elementType(2))
      return node.error("output_dtype is not the zero point's type");
    type = node.elementType(2);
  }
  // The scale's type is the precision of the division; integers and bare exponents are no such type.
  Type precision = node.elementType(1);
  if (hasPrecision)
    precision = node.typeAttr("precision", {});
  else if (!isa<FloatType>(precision) || precision.getIntOrFloatBitWidth() <= 8)
    precision = isa<FloatType>(node.elementType(0)) ? node.elementType(0) : Type(node.builder().getF32Type());
  if (failed(node.status()))
    return failure();
  if (!isa<FloatType>(precision) || precision.getIntOrFloatBitWidth() <= 8)
    return node.error("attribute 'precision' names no type that can divide");
  x = node.castTo(x, precision);
  scale = node.castTo(scale, precision);
  node.setOutput(0, node.create<nn::QuantizeOp>(type, x, scale, zero, granularity.axis, granularity.block, saturate));
  return node.status();
}

/// Integers of fewer than 8 bits as bytes, which they lie in anyway: the rest of the compiler knows products by bytes.
Value asBytes(NodeImporter &node, Value value) {
  auto type = value ? dyn_cast<IntegerType>(NodeImporter::elementTypeOf(value)) : IntegerType();
  if (!type || type.getWidth() >= 8)
    return value;
  auto byte = IntegerType::get(node.getContext(), 8, type.getSignedness());
  ElementsAttr constant = NodeImporter::constantOf(value);
  if (!constant)
    return node.castTo(value, byte);
  SmallVector<char> bytes = bytesOfAllElements(constant);
  unsigned above = 8 - type.getWidth();
  if (!type.isUnsigned())
    for (char &number : bytes)
      number = static_cast<char>(static_cast<int8_t>(number << above) >> above);
  return node.constant(elementsFromBytes(RankedTensorType::get(NodeImporter::shapeOf(value), byte), bytes, "weights"));
}

LogicalResult importDequantizeLinear(NodeImporter &node) {
  Value x = asBytes(node, node.input(0)), scale = asScalar(node, node.input(1)),
        zero = asBytes(node, asScalar(node, node.input(2)));
  Granularity granularity = granularityOf(node, x, scale);
  Type type = node.intAttr("output_dtype", 0) != 0 ? node.typeAttr("output_dtype", {}) : node.elementType(1);
  if (failed(node.status()))
    return failure();
  if (zero && node.elementType(2) != node.elementType(0))
    return node.error("the zero point does not have the input's type");
  node.setOutput(0, node.create<nn::DequantizeOp>(type, x, scale, zero, granularity.axis, granularity.block));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Integer products
//===----------------------------------------------------------------------===//

/// A zero point as i32, ready to broadcast to the product; null if there is none or it is 0. A list of them stands for
/// the rows of the first factor or the columns of the second.
Value zeroPoint(NodeImporter &node, Value zero, bool ofRows, int64_t factorRank) {
  if (!zero)
    return {};
  if (std::optional<SmallVector<int64_t>> known = node.integersOf(zero);
      known && llvm::all_of(*known, [](int64_t v) { return v == 0; }))
    return {};
  Value wide = node.castTo(zero, node.builder().getI32Type());
  if (NodeImporter::rankOf(zero) != 1)
    return wide;
  if (hasOneElement(zero))
    return node.create<nn::SqueezeOp>(node.builder().getI32Type(), wide, ArrayRef<int64_t>{0});
  return ofRows && factorRank > 1 ? node.create<nn::UnsqueezeOp>(node.builder().getI32Type(), wide, ArrayRef<int64_t>{1})
                                  : wide;
}

/// The sum of (a - zeroA) * (b - zeroB) over the inner dim, in i32 with wrapping. The product itself is one of narrow
/// integers; the zero points enter through sums of rows and columns, of which those of constants fold.
Value integerProduct(NodeImporter &node, Value a, Value zeroA, Value b, Value zeroB) {
  Type i32 = node.builder().getI32Type();
  int64_t rankA = NodeImporter::rankOf(a), rankB = NodeImporter::rankOf(b);
  zeroA = zeroPoint(node, zeroA, /*ofRows=*/true, rankA);
  zeroB = zeroPoint(node, zeroB, /*ofRows=*/false, rankB);
  Value product = node.create<nn::MatMulOp>(i32, a, b, false, false);
  auto sumOver = [&](Value x, int64_t axis, bool keep) {
    return node.create<nn::ReduceOp>(i32, nn::ReduceKind::sum, x, ArrayRef<int64_t>{axis}, keep);
  };
  if (zeroA) {
    Value columns = node.castTo(b, i32);
    if (zeroB)
      columns = binary(node, BinaryKind::sub, columns, zeroB);
    Value sums = sumOver(columns, std::max<int64_t>(rankB - 2, 0), /*keep=*/rankB > 1 && rankA > 1);
    product = binary(node, BinaryKind::sub, product, binary(node, BinaryKind::mul, sums, zeroA));
  }
  if (zeroB) {
    // The sums of rows are a column more of the product, where that keeps its dims and takes bytes.
    int64_t depth = rankB > 1 ? NodeImporter::shapeOf(b)[rankB - 2] : ShapedType::kDynamic;
    Type element = NodeImporter::elementTypeOf(a);
    bool isColumn =
        rankA > 1 && rankB == 2 && !ShapedType::isDynamic(depth) && element.getIntOrFloatBitWidth() == 8;
    Value sums;
    if (isColumn) {
      auto type = RankedTensorType::get({depth, 1}, node.builder().getI8Type());
      Value ones = node.constant(DenseElementsAttr::get(type, int8_t(1)));
      sums = node.create<nn::MatMulOp>(i32, a, ones, false, false);
    } else {
      sums = sumOver(node.castTo(a, i32), rankA - 1, /*keep=*/rankA > 1 && rankB > 1);
    }
    product = binary(node, BinaryKind::sub, product, binary(node, BinaryKind::mul, sums, zeroB));
  }
  return product;
}

LogicalResult importMatMulInteger(NodeImporter &node) {
  for (unsigned i : {0u, 1u})
    if (NodeImporter::rankOf(node.input(i)) == 0)
      return node.error("input " + Twine(i) + " is a scalar");
  node.setOutput(0, integerProduct(node, node.input(0), node.input(2), node.input(1), node.input(3)));
  return node.status();
}

/// A scale along a dim that `trailing` others follow, made to broadcast; one of one element made a scalar.
Value spread(NodeImporter &node, Value scale, int64_t trailing) {
  if (NodeImporter::rankOf(scale) != 1 || trailing == 0)
    return scale;
  if (hasOneElement(scale))
    return node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(scale), scale, ArrayRef<int64_t>{0});
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < trailing; ++i)
    axes.push_back(1 + i);
  return node.create<nn::UnsqueezeOp>(NodeImporter::elementTypeOf(scale), scale, axes);
}

/// saturate(round(sum * factor) + zero): an i32 sum as a quantized result.
Value requantize(NodeImporter &node, Value sum, Value factor, Value zero, Type type) {
  Type real = node.builder().getF32Type();
  Value scaled = binary(node, BinaryKind::mul, node.castTo(sum, real), node.castTo(factor, real));
  ArrayRef<int64_t> shape = zero ? NodeImporter::shapeOf(zero) : ArrayRef<int64_t>();
  Value one = node.constant(DenseElementsAttr::get(RankedTensorType::get(shape, real), 1.0f));
  return node.create<nn::QuantizeOp>(type, scaled, one, zero, 0, 0);
}

LogicalResult importQLinearMatMul(NodeImporter &node) {
  Value a = node.input(0), scaleA = node.input(1), b = node.input(3), scaleB = node.input(4);
  Value scaleY = node.input(6), zeroY = node.input(7);
  if (NodeImporter::rankOf(a) == 0 || NodeImporter::rankOf(b) == 0)
    return node.error("a factor is a scalar");
  if (!hasOneElement(scaleY) || !hasOneElement(zeroY))
    return node.error("unsupported: the result has a scale for every row");
  Type type = node.elementType(7);
  if (!isa<IntegerType>(node.elementType(0)) || !isa<IntegerType>(node.elementType(3)) || !isa<IntegerType>(type))
    return node.error("unsupported: the factors are floats");
  Value sum = integerProduct(node, a, node.input(2), b, node.input(5));
  Value scale = binary(node, BinaryKind::mul, spread(node, scaleA, NodeImporter::rankOf(a) > 1 ? 1 : 0), scaleB);
  scale = binary(node, BinaryKind::div, scale, spread(node, scaleY, 1));
  node.setOutput(0, requantize(node, sum, scale, zeroY, type));
  return node.status();
}

/// QLinearConv: a convolution of i32, whose padding is the input's zero point.
LogicalResult importQLinearConv(NodeImporter &node) {
  Value x = node.input(0), w = node.input(3), scaleX = node.input(1), scaleW = node.input(4);
  Value scaleY = node.input(6), zeroY = node.input(7), bias = node.input(8);
  Type i32 = node.builder().getI32Type();
  int64_t rank = NodeImporter::rankOf(x), n = rank - 2;
  if (rank < 3 || NodeImporter::rankOf(w) != rank)
    return node.error("the input and the weight must have one rank, 3 or more");
  if (!hasOneElement(scaleX) || !hasOneElement(node.input(2)) || !hasOneElement(scaleY) || !hasOneElement(zeroY))
    return node.error("the scales and zero points of the input and the result must be scalars");
  SmallVector<int64_t> kernel = node.intsAttr("kernel_shape");
  if (!kernel.empty() && ArrayRef<int64_t>(kernel) != NodeImporter::shapeOf(w).drop_front(2))
    return node.error("kernel_shape differs from the weight's");
  std::string autoPad = node.stringAttr("auto_pad", "NOTSET");
  nn::AutoPad kind = autoPad == "SAME_UPPER"   ? nn::AutoPad::same_upper
                     : autoPad == "SAME_LOWER" ? nn::AutoPad::same_lower
                                               : nn::AutoPad::explicit_pads;
  if (kind == nn::AutoPad::explicit_pads && autoPad != "NOTSET" && autoPad != "VALID")
    return node.error("auto_pad is '" + autoPad + "'");
  SmallVector<int64_t> ones(n, 1), zeros(2 * n, 0);
  SmallVector<int64_t> pads = node.intsAttr("pads", zeros);
  if (autoPad != "NOTSET")
    pads = zeros;
  auto centered = [&](Value v, Value zero, bool perFilter) {
    Value shift = zeroPoint(node, zero, /*ofRows=*/false, 0);
    // Weights stay bytes where they can.
    if (!shift && perFilter)
      return v;
    Value wide = node.castTo(v, i32);
    if (!shift)
      return wide;
    return binary(node, BinaryKind::sub, wide, perFilter ? spread(node, shift, rank - 1) : shift);
  };
  Value sum = node.create<nn::ConvOp>(i32, centered(x, node.input(2), false), centered(w, node.input(5), true), bias,
                                      node.intsAttr("strides", ones), pads, node.intsAttr("dilations", ones),
                                      node.intAttr("group", 1), kind);
  Value scale = binary(node, BinaryKind::mul, spread(node, scaleX, 1), spread(node, scaleW, n));
  scale = binary(node, BinaryKind::div, scale, spread(node, scaleY, 1));
  node.setOutput(0, requantize(node, sum, scale, zeroY, node.elementType(7)));
  return node.status();
}

} // namespace

void registerQuantizationImporters(Registry &registry) {
  registry.add("QuantizeLinear", importQuantizeLinear);
  registry.add("DequantizeLinear", importDequantizeLinear);
  registry.add("MatMulInteger", importMatMulInteger);
  registry.add("QLinearMatMul", importQLinearMatMul);
  registry.add("QLinearConv", importQLinearConv);
}

} // namespace nnc::onnx
