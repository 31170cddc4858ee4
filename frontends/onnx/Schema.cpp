//===- Schema.cpp - what ONNX says an operator looks like ---------------------===//
#include "frontends/onnx/Schema.h"

#include "frontends/onnx/Diagnostics.h"
#include "frontends/onnx/ElementTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <algorithm>

using namespace llvm;
using ::onnx::AttributeProto;
using ::onnx::NodeProto;

namespace nnc::onnx::schema {
namespace {
#include "OnnxSchemas.inc"

/// All versions of an operator, oldest first.
ArrayRef<OpSchema> versionsOf(StringRef domain, StringRef name) {
  auto before = [](const OpSchema &schema, std::pair<StringRef, StringRef> key) {
    return std::pair<StringRef, StringRef>(schema.domain, schema.name) < key;
  };
  const OpSchema *first =
      std::lower_bound(std::begin(schemaTable), std::end(schemaTable), std::make_pair(domain, name), before);
  const OpSchema *last = first;
  while (last != std::end(schemaTable) && domain == last->domain && name == last->name)
    ++last;
  return ArrayRef<OpSchema>(first, last);
}

std::string countText(int min, int max, StringRef what) {
  std::string text = std::to_string(min);
  if (max == std::numeric_limits<int>::max())
    text = "at least " + text;
  else if (max != min)
    text += " to " + std::to_string(max);
  return text + " " + what.str() + (text == "1" ? "" : "s");
}

/// How many names there are without the empty ones at the end: `["x", "", ""]` counts as one.
int countNames(const google::protobuf::RepeatedPtrField<std::string> &names) {
  int count = names.size();
  while (count > 0 && names[count - 1].empty())
    --count;
  return count;
}

Error checkArity(StringRef what, const google::protobuf::RepeatedPtrField<std::string> &names, int min, int max,
                 ArrayRef<Param> params) {
  int count = countNames(names);
  if (count < min || names.size() > max)
    return makeError((what == "input" ? "takes " : "gives ") + countText(min, max, what) + ", the node has " +
                     Twine(count < min ? count : names.size()));
  for (int i = 0; i < std::min<int>(count, params.size()); ++i)
    if (names[i].empty() && params[i].option == Single)
      return makeError(what + " " + Twine(i) + " (" + params[i].name + ") is required but empty");
  return Error::success();
}

/// The parameter that argument `i` belongs to: the last one repeats if variadic.
const Param *paramAt(ArrayRef<Param> params, size_t i) {
  if (i < params.size())
    return &params[i];
  return !params.empty() && params.back().option == Variadic ? &params.back() : nullptr;
}

/// Whether a type lies in a TypeSet: of a tensor, or a sequence as the tuple of its elements.
bool contains(const TypeSet &set, mlir::Type type) {
  auto has = [](uint32_t types, mlir::Type type) {
    auto tensor = mlir::dyn_cast<mlir::TensorType>(type);
    return tensor && (types >> dataTypeOf(tensor.getElementType()) & 1);
  };
  if (auto sequence = mlir::dyn_cast<mlir::TupleType>(type))
    return set.elements[1] && all_of(sequence.getTypes(), [&](mlir::Type each) { return has(set.elements[1], each); });
  return has(set.elements[0], type);
}

std::string typeText(mlir::Type type) {
  if (auto tensor = mlir::dyn_cast<mlir::TensorType>(type))
    return dataTypeName(dataTypeOf(tensor.getElementType()));
  return "sequence";
}

} // namespace

ArrayRef<Param> OpSchema::inputs() const { return ArrayRef<Param>(paramTable).slice(firstInput, numInputs); }
ArrayRef<Param> OpSchema::outputs() const { return ArrayRef<Param>(paramTable).slice(firstOutput, numOutputs); }
ArrayRef<Attribute> OpSchema::attributes() const {
  return ArrayRef<Attribute>(attributeTable).slice(firstAttribute, numAttributes);
}
const Attribute *OpSchema::attribute(StringRef name) const {
  for (const Attribute &attribute : attributes())
    if (name == attribute.name)
      return &attribute;
  return nullptr;
}

const OpSchema *find(StringRef domain, StringRef name, int64_t opset) {
  const OpSchema *found = nullptr;
  for (const OpSchema &schema : versionsOf(domain, name))
    if (schema.sinceVersion <= opset)
      found = &schema;
  return found;
}

bool exists(StringRef domain, StringRef name) { return !versionsOf(domain, name).empty(); }

bool isStandardDomain(StringRef domain) {
  return any_of(schemaTable, [&](const OpSchema &schema) { return domain == schema.domain; });
}

int64_t newestOpset() { return newestOpsetVersion; }
int64_t newestIrVersion() { return newestIrVersionNumber; }

Error checkNode(const OpSchema &schema, const NodeProto &node, ArrayRef<NodeAttribute> attributes) {
  if (Error e = checkArity("input", node.input(), schema.minInputs, schema.maxInputs, schema.inputs()))
    return e;
  if (Error e = checkArity("output", node.output(), schema.minOutputs, schema.maxOutputs, schema.outputs()))
    return e;
  StringSet<> present;
  for (const NodeAttribute &attribute : attributes) {
    std::string name = printable(attribute.name);
    const Attribute *formal = schema.attribute(attribute.name);
    if (!formal)
      return makeError("unexpected attribute '" + name + "'");
    if (!present.insert(attribute.name).second)
      return makeError("attribute '" + name + "' is given twice");
    auto type = attribute.proto->type();
    if (type != formal->type)
      return makeError("attribute '" + name + "' has type " + AttributeProto::AttributeType_Name(type) +
                       " instead of " +
                       AttributeProto::AttributeType_Name(static_cast<AttributeProto::AttributeType>(formal->type)));
  }
  for (const Attribute &formal : schema.attributes())
    if (formal.isRequired && !present.contains(formal.name))
      return makeError("required attribute '" + Twine(formal.name) + "' is missing");
  return Error::success();
}

Error checkInputTypes(const OpSchema &schema, ArrayRef<mlir::Type> types) {
  StringMap<mlir::Type> bound;
  for (auto [i, type] : llvm::enumerate(types)) {
    const Param *param = paramAt(schema.inputs(), i);
    if (!type || !param)
      continue;
    if (!contains(typeSetTable[param->typeSet], type))
      return makeError("input " + Twine(i) + " (" + param->name + ") has type " + typeText(type) +
                       ", which the operator does not take");
    auto tensor = mlir::dyn_cast<mlir::TensorType>(type);
    if (!param->isHomogeneous || !tensor)
      continue;
    auto [entry, isNew] = bound.try_emplace(param->typeVariable, tensor.getElementType());
    if (!isNew && entry->second != tensor.getElementType())
      return makeError("input " + Twine(i) + " (" + param->name + ") has type " + typeText(type) +
                       ", the others of type " + param->typeVariable + " have " +
                       dataTypeName(dataTypeOf(entry->second)));
  }
  return Error::success();
}

} // namespace nnc::onnx::schema
