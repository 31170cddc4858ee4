//===- Spectral.cpp - Fourier transforms and mel filters ----------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;
using nnc::nn::BinaryKind;
using nnc::nn::CompareKind;
using nnc::nn::UnaryKind;

namespace nnc::onnx {
namespace {

/// The axis of a transform that is only known at run time, made non-negative. A gather checks that it is one of the
/// `count` dims of `rank` that a transform may be along.
Value checkedAxis(NodeImporter &node, Value axis, int64_t rank, int64_t count) {
  Type i64 = node.builder().getI64Type(), i1 = node.builder().getI1Type();
  auto number = [&](int64_t n) { return node.intScalarConstant(i64, n); };
  auto isNegative = [&](Value v) { return node.create<nn::CompareOp>(i1, CompareKind::lt, v, number(0)); };
  axis = node.castTo(axis, i64);
  if (NodeImporter::rankOf(axis) == 1)
    axis = node.create<nn::SqueezeOp>(i64, axis, ArrayRef<int64_t>{0});
  Value wrapped = node.create<nn::BinaryOp>(i64, BinaryKind::add, axis, number(rank));
  axis = node.create<nn::SelectOp>(i64, isNegative(axis), wrapped, axis);
  // Still negative is too small; a gather would wrap it.
  axis = node.create<nn::SelectOp>(i64, isNegative(axis), number(rank), axis);
  Value table = node.intsConstant(llvm::to_vector(llvm::seq<int64_t>(0, count)));
  return node.create<nn::GatherOp>(i64, table, axis, int64_t(0));
}

/// One branch per axis from `from` on; the extents of the result differ between them.
Value dftAlong(NodeImporter &node, Value axis, int64_t from, int64_t count, llvm::function_ref<Value(int64_t)> create) {
  if (from + 1 == count)
    return create(from);
  OpBuilder &b = node.builder();
  Type element = node.elementType(0);
  Value isThis = node.create<nn::CompareOp>(b.getI1Type(), CompareKind::eq, axis,
                                            node.intScalarConstant(b.getI64Type(), from));
  auto branch = nn::IfOp::create(b, node.getLoc(), TypeRange{UnrankedTensorType::get(element)}, isThis);
  auto fill = [&](Region &region, llvm::function_ref<Value()> value) {
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&region);
    nn::YieldOp::create(b, node.getLoc(), value());
  };
  fill(branch.getThenRegion(), [&] { return create(from); });
  fill(branch.getElseRegion(), [&] { return dftAlong(node, axis, from + 1, count, create); });
  node.complete(branch);
  return branch.getResult(0);
}

/// DFT: until opset 19 the axis is an attribute, from then on an input.
LogicalResult importDft(NodeImporter &node) {
  Value x = node.input(0);
  int64_t rank = NodeImporter::rankOf(x);
  if (rank < 2)
    return node.error("the input has rank " + Twine(rank));
  bool isInverse = node.intAttr("inverse", 0) != 0, isOnesided = node.intAttr("onesided", 0) != 0;
  auto create = [&](int64_t axis) {
    return node.create<nn::DftOp>(node.elementType(0), x, node.input(1), axis, isInverse, isOnesided);
  };
  int64_t axis = node.opset() < 20 ? node.intAttr("axis", 1) : -2;
  if (node.opset() >= 20 && node.hasInput(2)) {
    auto known = node.constantInts(2);
    if (!known) {
      Value checked = checkedAxis(node, node.input(2), rank, rank - 1);
      node.setOutput(0, dftAlong(node, checked, 0, rank - 1, create));
      return node.status();
    }
    if (known->size() != 1)
      return node.error("the axis is no scalar");
    axis = known->front();
  }
  node.setOutput(0, create(node.normalizeAxis(axis, rank)));
  return node.status();
}

LogicalResult importStft(NodeImporter &node) {
  bool isOnesided = node.intAttr("onesided", 1) != 0;
  node.setOutput(0, node.create<nn::StftOp>(node.elementType(0), node.input(0), node.input(1), node.input(2),
                                            node.input(3), isOnesided));
  return node.status();
}

//===----------------------------------------------------------------------===//
// MelWeightMatrix
//===----------------------------------------------------------------------===//

/// Triangular filters that are evenly spaced on the mel scale, as arithmetic on tensors: the inputs are mostly
/// constants, and then all of it folds.
class MelMatrix {
public:
  explicit MelMatrix(NodeImporter &node) : node(node), f32(node.builder().getF32Type()), i64(node.builder().getI64Type()) {}

  Value build(Type result) {
    Value filters = scalar(0, i64), length = scalar(1, i64), rate = scalar(2, f32);
    // Edges of the filters in Hertz: hz = 700 * (exp(mel) - 1), with mel in natural units evenly spaced.
    Value low = mel(scalar(3, f32)), high = mel(scalar(4, f32));
    Value edgeCount = binary(BinaryKind::add, filters, integer(2));
    Value stepSize = binary(BinaryKind::div, binary(BinaryKind::sub, high, low), node.castTo(edgeCount, f32));
    Value edges = node.castTo(range(edgeCount), f32);
    edges = binary(BinaryKind::add, binary(BinaryKind::mul, edges, stepSize), low);
    edges = binary(BinaryKind::mul, binary(BinaryKind::sub, unary(UnaryKind::exp, edges), number(1)), number(700));
    // In bins of the transform.
    Value scaled = binary(BinaryKind::mul, edges, node.castTo(binary(BinaryKind::add, length, integer(1)), f32));
    Value bins = unary(UnaryKind::floor, binary(BinaryKind::div, scaled, rate));
    Value lower = slice(bins, 0, -2), center = slice(bins, 1, -1), higher = slice(bins, 2, INT64_MAX);

    // One row per bin: a column rises from `lower` to `center` and falls to `higher`.
    Value rows = range(binary(BinaryKind::add, binary(BinaryKind::div, length, integer(2)), integer(1)));
    rows = node.create<nn::UnsqueezeOp>(f32, node.castTo(rows, f32), ArrayRef<int64_t>{1});
    Value width = binary(BinaryKind::sub, center, lower);
    Value rising = slope(binary(BinaryKind::sub, rows, lower), width);
    Value falling = slope(binary(BinaryKind::sub, higher, rows), binary(BinaryKind::sub, higher, center));
    Value isRising = both(compare(CompareKind::ge, rows, lower), compare(CompareKind::lt, rows, center));
    Value isFalling = both(compare(CompareKind::gt, rows, center), compare(CompareKind::lt, rows, higher));
    Value isPeak = compare(CompareKind::eq, rows, center);
    Value sides = select(isRising, rising, select(isFalling, falling, number(0)));
    return node.castTo(select(isPeak, number(1), sides), result);
  }

private:
  Value scalar(unsigned i, Type type) {
    Value value = node.input(i);
    if (NodeImporter::rankOf(value) == 1)
      value = node.create<nn::SqueezeOp>(NodeImporter::elementTypeOf(value), value, ArrayRef<int64_t>{0});
    return node.castTo(value, type);
  }
  Value number(double value) { return node.scalarConstant(f32, value); }
  Value integer(int64_t value) { return node.intScalarConstant(i64, value); }
  Value binary(BinaryKind kind, Value a, Value b) {
    return node.create<nn::BinaryOp>(NodeImporter::elementTypeOf(a), kind, a, b);
  }
  Value unary(UnaryKind kind, Value x) { return node.create<nn::UnaryOp>(f32, kind, x, FloatAttr(), FloatAttr()); }
  Value compare(CompareKind kind, Value a, Value b) {
    return node.create<nn::CompareOp>(node.builder().getI1Type(), kind, a, b);
  }
  Value both(Value a, Value b) { return binary(BinaryKind::logical_and, a, b); }
  Value select(Value condition, Value a, Value b) { return node.create<nn::SelectOp>(f32, condition, a, b); }
  Value range(Value count) { return node.create<nn::RangeOp>(i64, integer(0), count, integer(1)); }
  Value slice(Value value, int64_t from, int64_t to) {
    return node.create<nn::SliceOp>(f32, value, node.intsConstant({from}), node.intsConstant({to}), ArrayRef<int64_t>{0},
                                    ArrayRef<int64_t>{1});
  }
  Value mel(Value hertz) {
    return unary(UnaryKind::log, binary(BinaryKind::add, binary(BinaryKind::div, hertz, number(700)), number(1)));
  }
  Value slope(Value distance, Value width) {
    return binary(BinaryKind::div, distance, binary(BinaryKind::max, width, number(1)));
  }

  NodeImporter &node;
  Type f32, i64;
};

LogicalResult importMelWeightMatrix(NodeImporter &node) {
  Type type = node.typeAttr("output_datatype", node.builder().getF32Type());
  for (unsigned i = 0; i < 5; ++i)
    if (NodeImporter::rankOf(node.input(i)) > 1)
      return node.error("input " + Twine(i) + " is no scalar");
  node.setOutput(0, MelMatrix(node).build(type));
  return node.status();
}

} // namespace

void registerSpectralImporters(Registry &registry) {
  registry.add("DFT", importDft, 17);
  registry.add("STFT", importStft, 17);
  registry.add("MelWeightMatrix", importMelWeightMatrix, 17);
}

} // namespace nnc::onnx
