//===- Normalization.cpp - elements relative to their neighbours' statistics --===//
//
// The core of each normalization is nn.normalize; scale and shift are elementwise ops around it.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "frontends/onnx/ops/InputRules.h"
#include "frontends/onnx/ops/Shapes.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::NormalizeKind;
using nnc::nn::ReduceKind;
using nnc::nn::UnaryKind;

namespace nnc::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

Value unary(NodeImporter &node, UnaryKind kind, Value x) {
  return node.create<nn::UnaryOp>(NodeImporter::elementTypeOf(x), kind, x, FloatAttr(), FloatAttr());
}

Value normalize(NodeImporter &node, NormalizeKind kind, Value x, ArrayRef<int64_t> axes, double epsilon) {
  return node.create<nn::NormalizeOp>(NodeImporter::elementTypeOf(x), kind, x, axes, llvm::APFloat(epsilon));
}

Value reduce(NodeImporter &node, ReduceKind kind, Value x, ArrayRef<int64_t> axes) {
  return node.create<nn::ReduceOp>(NodeImporter::elementTypeOf(x), kind, x, axes, /*keepdims=*/true);
}

Value shapeOf(NodeImporter &node, Value x) {
  return node.create<nn::ShapeOfOp>(node.builder().getI64Type(), x, 0, NodeImporter::rankOf(x));
}

Value reshape(NodeImporter &node, Value x, Value shape) {
  return node.create<nn::ReshapeOp>(NodeImporter::elementTypeOf(x), x, shape, /*allow_zero=*/true);
}

SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) {
  return first < rank ? llvm::to_vector(llvm::seq<int64_t>(first, rank)) : SmallVector<int64_t>();
}

/// A vector over the channels (dim 1 of x), with the dims after it that make it broadcast to x.
Value perChannel(NodeImporter &node, Value values, Value x) {
  int64_t rank = NodeImporter::rankOf(x);
  if (NodeImporter::rankOf(values) != 1) {
    (void)node.error("scale, bias, mean and variance must have rank 1");
    return values;
  }
  return rank > 2 ? node.create<nn::UnsqueezeOp>(NodeImporter::elementTypeOf(values), values, axesFrom(1, rank - 1))
                  : values;
}

Value scaleAndShift(NodeImporter &node, Value x, Value scale, Value shift) {
  if (scale)
    x = binary(node, BinaryKind::mul, x, scale);
  return shift ? binary(node, BinaryKind::add, x, shift) : x;
}

/// The type that a normalization computes in: f32 where stash_type asks for it (nn.normalize does so by itself, but
/// the results between it and the scale would be rounded).
FailureOr<Type> stashType(NodeImporter &node) {
  int64_t number = node.intAttr("stash_type", ::onnx::TensorProto::FLOAT);
  Type type = node.dataType(number);
  if (!type || !isa<FloatType>(type))
    return node.error("unsupported stash_type " + Twine(number));
  return type;
}

//===----------------------------------------------------------------------===//
// Layer normalization and kin
//===----------------------------------------------------------------------===//

/// Y, and on demand the mean and the reciprocal standard deviation, which keep the normalized dims as 1.
LogicalResult importLayerNormalization(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.elementType(0);
  int64_t rank = NodeImporter::rankOf(x);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), rank);
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  FailureOr<Type> stash = stashType(node);
  if (failed(stash) || failed(node.status()))
    return failure();
  SmallVector<int64_t> axes = axesFrom(axis, rank);
  Value wide = node.castTo(x, *stash);
  Value normalized = node.castTo(normalize(node, NormalizeKind::standard, wide, axes, epsilon), type);
  node.setOutput(0, scaleAndShift(node, normalized, node.input(1), node.input(2)));
  if (node.hasOutput(1) || node.hasOutput(2)) {
    Value mean = reduce(node, ReduceKind::mean, wide, axes);
    if (node.hasOutput(1))
      node.setOutput(1, mean);
    if (node.hasOutput(2)) {
      Value centered = binary(node, BinaryKind::sub, wide, mean);
      Value variance = reduce(node, ReduceKind::mean, binary(node, BinaryKind::mul, centered, centered), axes);
      Value shifted = binary(node, BinaryKind::add, variance, node.scalarConstant(*stash, epsilon));
      node.setOutput(2, unary(node, UnaryKind::rsqrt, shifted));
    }
  }
  return node.status();
}

LogicalResult importRmsNormalization(NodeImporter &node) {
  Value x = node.input(0);
  int64_t rank = NodeImporter::rankOf(x);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), rank);
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  FailureOr<Type> stash = stashType(node);
  if (failed(stash) || failed(node.status()))
    return failure();
  Value wide = normalize(node, NormalizeKind::rms, node.castTo(x, *stash), axesFrom(axis, rank), epsilon);
  // The type of Y is that of the scale.
  node.setOutput(0, scaleAndShift(node, node.castTo(wide, node.elementType(1)), node.input(1), {}));
  return node.status();
}

/// com.microsoft SkipLayerNormalization and SkipSimplifiedLayerNormalization: x + skip (+ bias) is normalized over the
/// last dim; outputs 1 and 2 are training leftovers, output 3 is the sum.
ImportFn skipNormalizationImporter(NormalizeKind kind) {
  return [=](NodeImporter &node) -> LogicalResult {
    bool isStandard = kind == NormalizeKind::standard;
    if (failed(node.requireFloatInputs(3, isStandard ? 5 : 4)))
      return failure();
    double epsilon = node.floatAttr("epsilon", 1e-12f);
    if (node.hasOutput(1) || node.hasOutput(2))
      return node.error("unsupported: the mean and deviation as outputs");
    Value gamma = node.input(2), beta = isStandard ? node.input(3) : Value(), bias = node.input(isStandard ? 4 : 3);
    Value sum = binary(node, BinaryKind::add, node.input(0), node.input(1));
    if (bias)
      sum = binary(node, BinaryKind::add, sum, bias);
    int64_t rank = NodeImporter::rankOf(sum);
    if (rank < 1)
      return failed(node.status()) ? failure() : node.error("the input must not be a scalar");
    node.setOutput(0, scaleAndShift(node, normalize(node, kind, sum, {rank - 1}, epsilon), gamma, beta));
    if (node.hasOutput(3))
      node.setOutput(3, sum);
    return node.status();
  };
}

/// com.microsoft EmbedLayerNormalization: the embeddings of words, positions and maybe segments are added, then
/// normalized. Output 1 says how many ones each row of the mask has, output 2 is the sum.
LogicalResult importEmbedLayerNormalization(NodeImporter &node) {
  InputRule real{Takes::real}, integer{Takes::integer}, maybeInteger{Takes::integer, true};
  if (failed(checkInputs(node, {integer, maybeInteger, real, real, {Takes::real, true}, real, real, maybeInteger,
                                maybeInteger})))
    return failure();
  double epsilon = node.floatAttr("epsilon", 1e-12f);
  node.ignoreAttr("mask_index_type");
  Value words = node.input(0);
  if (NodeImporter::rankOf(words) != 2)
    return node.error("input_ids must have rank 2");
  if (node.hasInput(1) != node.hasInput(4))
    return node.error("segment_ids and their embedding come together");
  auto rows = [&](unsigned table, Value places) {
    return node.create<nn::GatherOp>(node.elementType(table), node.input(table), places, 0);
  };
  Type i64 = node.builder().getI64Type();
  Value places = node.input(8);
  if (!places)
    places = countTo(node, node.create<nn::ShapeOfOp>(i64, words, 1, 2));
  Value sum = binary(node, BinaryKind::add, rows(2, words), rows(3, places));
  if (node.hasInput(1))
    sum = binary(node, BinaryKind::add, sum, rows(4, node.input(1)));
  Value normalized = normalize(node, NormalizeKind::standard, sum, {2}, epsilon);
  node.setOutput(0, scaleAndShift(node, normalized, node.input(5), node.input(6)));
  if (node.hasOutput(1)) {
    Type i32 = node.builder().getI32Type();
    Value count = node.intScalarConstant(i32, 0);
    if (node.hasInput(7)) {
      Value isOne = node.create<nn::CompareOp>(node.builder().getI1Type(), nn::CompareKind::eq, node.input(7),
                                               node.intScalarConstant(i32, 1));
      count = node.create<nn::ReduceOp>(i32, ReduceKind::sum, node.castTo(isOne, i32), ArrayRef<int64_t>{1},
                                        /*keepdims=*/false);
    } else {
      Value batch = node.create<nn::ShapeOfOp>(i64, words, 0, 1);
      count = node.create<nn::BroadcastToOp>(i32, count, batch);
    }
    node.setOutput(1, count);
  }
  if (node.hasOutput(2))
    node.setOutput(2, sum);
  return node.status();
}

/// SimplifiedLayerNormalization, as exporters write it in the default domain or in com.microsoft.
LogicalResult importSimplifiedLayerNormalization(NodeImporter &node) {
  if (failed(node.requireFloatInputs(2, 2)))
    return failure();
  if (node.hasOutput(1))
    return node.error("unsupported: the deviation as an output");
  return importRmsNormalization(node);
}

//===----------------------------------------------------------------------===//
// Statistics per channel or group
//===----------------------------------------------------------------------===//

LogicalResult importInstanceNormalization(NodeImporter &node) {
  node.ignoreAttr("consumed_inputs");
  Value x = node.input(0);
  int64_t rank = NodeImporter::rankOf(x);
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  if (rank < 2)
    return failed(node.status()) ? failure() : node.error("the input must have rank 2 or more");
  Value scale = perChannel(node, node.input(1), x), shift = perChannel(node, node.input(2), x);
  Value normalized = normalize(node, NormalizeKind::standard, x, axesFrom(2, rank), epsilon);
  node.setOutput(0, scaleAndShift(node, normalized, scale, shift));
  return node.status();
}

/// The channels form groups that are normalized together. Scale and bias are one per group before opset 21, one per
/// channel from there on.
LogicalResult importGroupNormalization(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.elementType(0), i64 = node.builder().getI64Type();
  int64_t rank = NodeImporter::rankOf(x), groups = node.intAttr("num_groups", 0);
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  bool perGroup = node.opset() < 21;
  FailureOr<Type> stash = perGroup ? FailureOr<Type>(Type(node.builder().getF32Type())) : stashType(node);
  if (failed(stash) || failed(node.status()))
    return failure();
  if (rank < 2)
    return node.error("the input must have rank 2 or more");
  int64_t channels = NodeImporter::shapeOf(x)[1];
  if (ShapedType::isDynamic(channels))
    return node.error("unsupported: a dynamic number of channels");
  if (groups < 1 || channels % groups != 0)
    return node.error("the " + Twine(channels) + " channels do not split into " + Twine(groups) + " groups");
  // Opset 18 left the type of the computation to the implementation; f64 stays f64.
  if (perGroup && type.isF64())
    *stash = type;

  // [N, C, ...] as [N, groups, C / groups, ...].
  Value wide = node.castTo(x, *stash), shape = shapeOf(node, x);
  SmallVector<Value> parts = {node.create<nn::ShapeOfOp>(i64, x, 0, 1), node.intsConstant({groups, channels / groups})};
  if (rank > 2)
    parts.push_back(node.create<nn::ShapeOfOp>(i64, x, 2, rank));
  Value grouped = reshape(node, wide, node.create<nn::ConcatOp>(i64, parts, 0));
  Value normalized = normalize(node, NormalizeKind::standard, grouped, axesFrom(2, rank + 1), epsilon);
  if (perGroup) {
    Value scale = perChannel(node, node.castTo(node.input(1), *stash), normalized);
    Value shift = perChannel(node, node.castTo(node.input(2), *stash), normalized);
    normalized = scaleAndShift(node, normalized, scale, shift);
    node.setOutput(0, node.castTo(reshape(node, normalized, shape), type));
    return node.status();
  }
  Value back = node.castTo(reshape(node, normalized, shape), type);
  Value scale = perChannel(node, node.input(1), x), shift = perChannel(node, node.input(2), x);
  node.setOutput(0, scaleAndShift(node, back, scale, shift));
  return node.status();
}

/// (x - mean) / sqrt(var + epsilon) * scale + bias, with statistics from training or, in training mode, of this batch.
LogicalResult importBatchNormalization(NodeImporter &node) {
  for (StringRef name : {"consumed_inputs", "is_test"})
    node.ignoreAttr(name);
  Value x = node.input(0);
  Type type = node.elementType(0);
  int64_t rank = NodeImporter::rankOf(x);
  double epsilon = node.floatAttr("epsilon", 1e-5f), momentum = node.floatAttr("momentum", 0.9f);
  bool training = node.opset() >= 14 && node.intAttr("training_mode", 0) != 0;
  if (node.opset() < 9 && node.intAttr("spatial", 1) == 0)
    return node.error("unsupported: spatial = 0");
  if (!training)
    for (unsigned i = 1; i < node.numOutputs(); ++i)
      if (node.hasOutput(i))
        return node.error("unsupported: statistics as outputs outside of training mode");
  if (failed(node.status()))
    return failure();
  if (rank < 1)
    return node.error("the input must not be a scalar");

  // The statistics may have wider elements than x: the work is done in the widest type.
  Type work = type;
  for (unsigned i = 1; i < 5; ++i)
    if (node.elementType(i).getIntOrFloatBitWidth() > work.getIntOrFloatBitWidth())
      work = node.elementType(i);
  // A vector is a batch of scalars of one channel.
  Value wide = node.castTo(x, work);
  auto channelwise = [&](unsigned i) { return perChannel(node, node.castTo(node.input(i), work), x); };
  Value mean = channelwise(3), variance = channelwise(4);
  if (training) {
    SmallVector<int64_t> axes = {0};
    axes.append(axesFrom(2, rank));
    Value batchMean = reduce(node, ReduceKind::mean, wide, axes);
    Value centered = binary(node, BinaryKind::sub, wide, batchMean);
    Value batchVariance = reduce(node, ReduceKind::mean, binary(node, BinaryKind::mul, centered, centered), axes);
    auto running = [&](unsigned output, unsigned input, Value batch) {
      if (!node.hasOutput(output))
        return;
      Value vector = rank > 1 ? reshape(node, batch, shapeOf(node, node.input(input))) : batch;
      Value old = binary(node, BinaryKind::mul, node.castTo(node.input(input), work), node.scalarConstant(work, momentum));
      Value fresh = binary(node, BinaryKind::mul, vector, node.scalarConstant(work, 1 - momentum));
      node.setOutput(output, node.castTo(binary(node, BinaryKind::add, old, fresh), node.elementType(input)));
    };
    running(1, 3, batchMean);
    running(2, 4, batchVariance);
    mean = batchMean;
    variance = batchVariance;
  }
  Value shifted = binary(node, BinaryKind::add, variance, node.scalarConstant(work, epsilon));
  Value scale = binary(node, BinaryKind::div, channelwise(1), unary(node, UnaryKind::sqrt, shifted));
  Value centered = binary(node, BinaryKind::sub, wide, mean);
  node.setOutput(0, node.castTo(scaleAndShift(node, centered, scale, channelwise(2)), type));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Without parameters
//===----------------------------------------------------------------------===//

/// (x - mean) / (deviation + 1e-9) over the axes.
LogicalResult importMeanVarianceNormalization(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.elementType(0);
  int64_t rank = NodeImporter::rankOf(x);
  SmallVector<int64_t> axes = node.intsAttr("axes", {0, 2, 3});
  for (int64_t &axis : axes)
    axis = node.normalizeAxis(axis, rank);
  if (failed(node.status()))
    return failure();
  llvm::sort(axes);
  Value centered = binary(node, BinaryKind::sub, x, reduce(node, ReduceKind::mean, x, axes));
  Value variance = reduce(node, ReduceKind::mean, binary(node, BinaryKind::mul, centered, centered), axes);
  Value deviation = binary(node, BinaryKind::add, unary(node, UnaryKind::sqrt, variance), node.scalarConstant(type, 1e-9));
  node.setOutput(0, binary(node, BinaryKind::div, centered, deviation));
  return node.status();
}

/// x over the 1-norm or 2-norm of its lane; a lane of zeros stays zeros.
LogicalResult importLpNormalization(NodeImporter &node) {
  Value x = node.input(0);
  Type type = node.elementType(0);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), NodeImporter::rankOf(x)), p = node.intAttr("p", 2);
  if (failed(node.status()))
    return failure();
  if (p != 1 && p != 2)
    return node.error("p is " + Twine(p) + " instead of 1 or 2");
  Value norm = reduce(node, p == 1 ? ReduceKind::l1 : ReduceKind::l2, x, {axis});
  Value zero = node.scalarConstant(type, 0);
  Value isZero = node.create<nn::CompareOp>(node.builder().getI1Type(), nn::CompareKind::eq, norm, zero);
  Value quotient = binary(node, BinaryKind::div, x, norm);
  node.setOutput(0, node.create<nn::SelectOp>(type, isZero, zero, quotient));
  return node.status();
}

LogicalResult importLrn(NodeImporter &node) {
  double alpha = node.floatAttr("alpha", 1e-4f), beta = node.floatAttr("beta", 0.75f), bias = node.floatAttr("bias", 1);
  node.setOutput(0, node.create<nn::LrnOp>(node.elementType(0), node.input(0), llvm::APFloat(alpha), llvm::APFloat(beta),
                                           llvm::APFloat(bias), node.intAttr("size", 0)));
  return node.status();
}

} // namespace

void registerNormalizationImporters(Registry &registry) {
  registry.add("LayerNormalization", importLayerNormalization);
  registry.add("RMSNormalization", importRmsNormalization);
  registry.add("SimplifiedLayerNormalization", importSimplifiedLayerNormalization);
  registry.add("InstanceNormalization", importInstanceNormalization);
  registry.add("GroupNormalization", importGroupNormalization);
  registry.add("BatchNormalization", importBatchNormalization);
  registry.add("MeanVarianceNormalization", importMeanVarianceNormalization);
  registry.add("LpNormalization", importLpNormalization);
  registry.add("LRN", importLrn);
  registry.addTo("com.microsoft", "SimplifiedLayerNormalization", importSimplifiedLayerNormalization);
  registry.addTo("com.microsoft", "SkipLayerNormalization", skipNormalizationImporter(NormalizeKind::standard));
  registry.addTo("com.microsoft", "SkipSimplifiedLayerNormalization", skipNormalizationImporter(NormalizeKind::rms));
  registry.addTo("com.microsoft", "EmbedLayerNormalization", importEmbedLayerNormalization);
}

} // namespace nnc::onnx
