//===- NodeImporter.cpp - what the importer of an operator sees ---------------===//
#include "frontends/onnx/NodeImporter.h"

#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/ElementTypes.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/RankGuess.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using ::onnx::AttributeProto;

namespace nnc::onnx {

NodeImporter::NodeImporter(GraphImporter &graph, Scope &scope, const ::onnx::NodeProto &proto, const Nodes &siblings,
                           Location loc, int64_t opset, ArrayRef<schema::NodeAttribute> attributes, ArrayRef<Value> inputs)
    : graph(graph), scope(scope), proto(proto), siblings(siblings), loc(loc), opsetVersion(opset), attributes(attributes), inputs(inputs),
      outputs(proto.output_size()) {}

OpBuilder &NodeImporter::builder() { return graph.builder; }
MLIRContext *NodeImporter::getContext() { return graph.builder.getContext(); }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Type NodeImporter::elementTypeOf(Value value) { return cast<TensorType>(value.getType()).getElementType(); }

ArrayRef<int64_t> NodeImporter::shapeOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}

ElementsAttr NodeImporter::constantOf(Value value) {
  auto constant = value ? value.getDefiningOp<nn::ConstantOp>() : nn::ConstantOp();
  return constant ? constant.getValue() : ElementsAttr();
}

std::optional<SmallVector<int64_t>> NodeImporter::integersOf(Value value) {
  if (!value || !isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  if (auto known = graph.shapes.constantContents(value))
    return known;
  return nn::constantIntegers(value);
}

std::optional<SmallVector<int64_t>> NodeImporter::constantInts(unsigned i) { return integersOf(input(i)); }

std::optional<int64_t> NodeImporter::integerOf(Value value) {
  auto known = integersOf(value);
  return known && known->size() == 1 ? std::optional(known->front()) : std::nullopt;
}

bool NodeImporter::isExtentOf(Value scalar, Value x, int64_t axis) {
  AffineExpr extent = graph.shapes.dims(x)[axis];
  auto *contents = graph.shapes.contents(scalar);
  return contents && contents->size() == 1 && contents->front() == extent;
}

std::optional<double> NodeImporter::scalarOf(Value value) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(constantOf(value));
  if (!dense || dense.getNumElements() != 1)
    return std::nullopt;
  Type element = dense.getElementType();
  if (isa<FloatType>(element)) {
    APFloat number = *dense.value_begin<APFloat>();
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return number.convertToDouble();
  }
  if (auto integer = dyn_cast<IntegerType>(element)) {
    APInt number = *dense.value_begin<APInt>();
    return integer.isUnsigned() || integer.getWidth() == 1 ? static_cast<double>(number.getZExtValue())
                                                           : static_cast<double>(number.getSExtValue());
  }
  return std::nullopt;
}

int64_t NodeImporter::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)error("axis " + Twine(axis) + " is outside of [" + Twine(-rank) + ", " + Twine(rank - 1) + "]");
  return 0;
}

LogicalResult NodeImporter::requireFloatInputs(unsigned min, unsigned max) {
  if (numInputs() < min || numInputs() > max)
    return error("takes " + Twine(min) + " to " + Twine(max) + " inputs, the node has " + Twine(numInputs()));
  Type type;
  for (auto [i, value] : llvm::enumerate(inputs)) {
    if (!value && i < min)
      return error("input " + Twine(i) + " is missing");
    if (!value)
      continue;
    if (!isa<RankedTensorType>(value.getType()) || !isa<FloatType>(elementType(i)))
      return error("input " + Twine(i) + " is no tensor of floats");
    if (type && type != elementType(i))
      return error("the inputs have different element types");
    type = elementType(i);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const AttributeProto *NodeImporter::attribute(StringRef name, AttributeProto::AttributeType type) {
  readAttrs.insert(name);
  for (const schema::NodeAttribute &attribute : attributes) {
    if (attribute.name != name)
      continue;
    if (attribute.proto->type() == type)
      return attribute.proto;
    (void)error("attribute '" + name + "' has type " + AttributeProto::AttributeType_Name(attribute.proto->type()) +
                " instead of " + AttributeProto::AttributeType_Name(type));
  }
  return nullptr;
}

bool NodeImporter::hasAttr(StringRef name) {
  return llvm::any_of(attributes, [&](const schema::NodeAttribute &attribute) { return attribute.name == name; });
}

int64_t NodeImporter::intAttr(StringRef name, int64_t defaultValue) {
  const AttributeProto *attr = attribute(name, AttributeProto::INT);
  return attr ? attr->i() : defaultValue;
}

double NodeImporter::floatAttr(StringRef name, double defaultValue) {
  const AttributeProto *attr = attribute(name, AttributeProto::FLOAT);
  return attr ? attr->f() : defaultValue;
}

std::string NodeImporter::stringAttr(StringRef name, StringRef defaultValue) {
  const AttributeProto *attr = attribute(name, AttributeProto::STRING);
  return attr ? attr->s() : defaultValue.str();
}

SmallVector<int64_t> NodeImporter::intsAttr(StringRef name, ArrayRef<int64_t> defaultValue) {
  const AttributeProto *attr = attribute(name, AttributeProto::INTS);
  return attr ? SmallVector<int64_t>(attr->ints().begin(), attr->ints().end()) : SmallVector<int64_t>(defaultValue);
}

SmallVector<float> NodeImporter::floatsAttr(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::FLOATS);
  return attr ? SmallVector<float>(attr->floats().begin(), attr->floats().end()) : SmallVector<float>();
}

SmallVector<std::string> NodeImporter::stringsAttr(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::STRINGS);
  return attr ? SmallVector<std::string>(attr->strings().begin(), attr->strings().end()) : SmallVector<std::string>();
}

ElementsAttr NodeImporter::tensorAttr(StringRef name) {
  if (hasAttr(name) && llvm::any_of(attributes, [&](const schema::NodeAttribute &attribute) {
        return attribute.name == name && attribute.proto->type() == AttributeProto::SPARSE_TENSOR;
      })) {
    llvm::Expected<ElementsAttr> sparse =
        graph.tensors.read(attribute(name, AttributeProto::SPARSE_TENSOR)->sparse_tensor(), displayName(proto));
    if (sparse)
      return *sparse;
    (void)error("attribute '" + name + "': " + llvm::toString(sparse.takeError()));
    return {};
  }
  const AttributeProto *attr = attribute(name, AttributeProto::TENSOR);
  if (!attr)
    return {};
  llvm::Expected<ElementsAttr> tensor = graph.tensors.read(attr->t(), displayName(proto));
  if (tensor)
    return *tensor;
  (void)error("attribute '" + name + "': " + llvm::toString(tensor.takeError()));
  return {};
}

const ::onnx::GraphProto *NodeImporter::graphAttr(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::GRAPH);
  return attr ? &attr->g() : nullptr;
}

Type NodeImporter::typeAttr(StringRef name, Type defaultValue) {
  const AttributeProto *attr = attribute(name, AttributeProto::INT);
  if (!attr)
    return defaultValue;
  if (attr->i() >= INT32_MIN && attr->i() <= INT32_MAX)
    if (Type type = onnx::elementType(getContext(), static_cast<int32_t>(attr->i())))
      return type;
  if (attr->i() == ::onnx::TensorProto::STRING)
    (void)error("unsupported: '" + name + "' is string");
  else
    (void)error("attribute '" + name + "' is " + Twine(attr->i()) + ", which is no data type");
  return defaultValue ? defaultValue : Type(builder().getF32Type());
}

Type NodeImporter::dataType(int32_t number) { return onnx::elementType(getContext(), number); }

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// No model has a tensor of 1 TiB; a shape that says so is an error of its author, or an attack.
constexpr int64_t maxElements = int64_t(1) << 40;

void NodeImporter::complete(Operation *op) {
  if (failed)
    return;
  if (mlir::failed(graph.shapes.infer(op)) || mlir::failed(op->getName().verifyInvariants(op))) {
    failed = true;
    return;
  }
  for (Value result : op->getResults()) {
    int64_t elements = 1;
    for (int64_t extent : shapeOf(result))
      if (!ShapedType::isDynamic(extent) && extent != 0 &&
          (llvm::MulOverflow(elements, extent, elements) || elements > maxElements)) {
        (void)error("the result has too many elements");
        return;
      }
  }
}

Value NodeImporter::constant(ElementsAttr value) {
  auto op = nn::ConstantOp::create(builder(), loc, cast<RankedTensorType>(value.getType()), value);
  complete(op);
  return op;
}

Value NodeImporter::intsConstant(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder().getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value NodeImporter::scalarConstant(Type elementType, double value) {
  auto type = RankedTensorType::get({}, elementType);
  auto floatType = dyn_cast<FloatType>(elementType);
  if (!floatType)
    return intScalarConstant(elementType, static_cast<int64_t>(value));
  APFloat number(value);
  bool losesInfo;
  number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return constant(DenseElementsAttr::get(type, number));
}

Value NodeImporter::intScalarConstant(Type elementType, int64_t value) {
  APInt number(elementType.getIntOrFloatBitWidth(), value, /*isSigned=*/true, /*implicitTrunc=*/true);
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, elementType), number));
}

Value NodeImporter::castTo(Value value, Type type) {
  if (elementTypeOf(value) == type)
    return value;
  return create<nn::CastOp>(type, value);
}

bool NodeImporter::hasOutput(unsigned i) const {
  return i < static_cast<unsigned>(proto.output_size()) && !proto.output(i).empty();
}

int64_t NodeImporter::leastRankOfOutput(unsigned i) const {
  auto numberIn = [&](const ::onnx::TensorProto &tensor) -> std::optional<int64_t> {
    if (tensor.data_type() != ::onnx::TensorProto::INT64 || tensor.dims_size() > 1 ||
        (tensor.dims_size() == 1 && tensor.dims(0) != 1))
      return std::nullopt;
    llvm::Expected<ElementsAttr> value = graph.tensors.read(tensor, "index");
    if (!value) {
      llvm::consumeError(value.takeError()); // reported when the node itself is imported
      return std::nullopt;
    }
    auto numbers = nn::integerElements(*value);
    return numbers && numbers->size() == 1 ? std::optional(numbers->front()) : std::nullopt;
  };
  return hasOutput(i) ? leastRank(siblings, proto.output(i), numberIn) : 0;
}

void NodeImporter::setOutput(unsigned i, Value value) {
  if (i < outputs.size())
    outputs[i] = value;
}

LogicalResult NodeImporter::importSubgraph(const ::onnx::GraphProto &subgraph, Region &region,
                                           ArrayRef<Type> argumentTypes, SmallVectorImpl<Value> &results) {
  if (failed)
    return failure();
  if (mlir::failed(graph.importSubgraph(subgraph, loc, scope, region, argumentTypes, results)))
    failed = true;
  return status();
}

LogicalResult NodeImporter::inlineSubgraph(const ::onnx::GraphProto &subgraph, ArrayRef<Value> values,
                                           SmallVectorImpl<Value> &results) {
  if (failed)
    return failure();
  if (mlir::failed(graph.inlineSubgraph(subgraph, loc, scope, values, results)))
    failed = true;
  return status();
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

LogicalResult NodeImporter::error(const Twine &message) {
  // One error a node: the others would follow from the first.
  if (!failed)
    emitError(loc) << message;
  failed = true;
  return failure();
}

void NodeImporter::warning(const Twine &message) { emitWarning(loc) << message; }

LogicalResult NodeImporter::finish() {
  if (failed)
    return failure();
  for (const schema::NodeAttribute &attribute : attributes)
    if (!readAttrs.contains(attribute.name))
      return error("unsupported attribute '" + printable(attribute.name) + "'");
  for (auto [i, value] : llvm::enumerate(outputs))
    if (!value && hasOutput(i))
      return error("unsupported: output " + Twine(i) + " ('" + printable(proto.output(i)) + "') is used");
  return success();
}

} // namespace nnc::onnx
