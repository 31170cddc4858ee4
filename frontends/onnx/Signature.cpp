//===- Signature.cpp - the inputs and outputs of a model ----------------------===//
#include "frontends/onnx/ElementTypes.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/RankGuess.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using ::onnx::GraphProto;
using ::onnx::TypeProto;
using ::onnx::ValueInfoProto;

namespace nnc::onnx {
namespace {

/// An input's type with the names of its dims ("" where they are known or nameless).
struct InputType {
  SmallVector<int64_t> shape;
  SmallVector<StringRef> dimNames;
};

/// What kind of value a TypeProto that is no tensor describes.
StringRef kindOf(const TypeProto &type) {
  switch (type.value_case()) {
  case TypeProto::kSequenceType: return "a sequence";
  case TypeProto::kMapType: return "a map";
  case TypeProto::kOptionalType: return "an optional";
  case TypeProto::kSparseTensorType: return "a sparse tensor";
  case TypeProto::kOpaqueType: return "opaque";
  default: return "without a type";
  }
}

/// The declared dims of an input with the user's choices applied.
LogicalResult readInputType(const GraphProto &graph, const ValueInfoProto &input, const ImportOptions &options,
                            Location loc, InputType &out) {
  const TypeProto::Tensor &tensor = input.type().tensor_type();
  auto chosen = options.shapes.find(input.name());
  if (!tensor.has_shape()) {
    std::optional<int64_t> rank = guessRank(graph, input.name());
    if (chosen != options.shapes.end())
      out.shape = chosen->second;
    else if (rank)
      out.shape.assign(*rank, ShapedType::kDynamic);
    else
      return emitError(loc) << "the model does not give its rank; give its shape with --dim "
                            << printable(input.name()) << ":1x3x224x224";
    if (chosen == options.shapes.end())
      emitWarning(loc) << "the model does not give its rank, " << *rank << " is assumed; --dim "
                       << printable(input.name()) << ":... gives its shape";
    out.dimNames.resize(out.shape.size());
    return success();
  }
  for (const ::onnx::TensorShapeProto::Dimension &dim : tensor.shape().dim()) {
    // Old exporters write -1 for a dim that varies.
    bool isKnown = dim.has_dim_value() && dim.dim_value() >= 0;
    auto fixed = dim.has_dim_param() ? options.dims.find(dim.dim_param()) : options.dims.end();
    if (fixed != options.dims.end())
      out.shape.push_back(fixed->second);
    else
      out.shape.push_back(isKnown ? dim.dim_value() : ShapedType::kDynamic);
    out.dimNames.push_back(out.shape.back() == ShapedType::kDynamic ? StringRef(dim.dim_param()) : StringRef());
  }
  if (chosen == options.shapes.end())
    return success();
  if (chosen->second.size() != out.shape.size())
    return emitError(loc) << "--dim gives it " << chosen->second.size() << " dims, the model declares "
                          << out.shape.size();
  for (auto [i, dim] : llvm::enumerate(chosen->second)) {
    if (out.shape[i] != ShapedType::kDynamic && out.shape[i] != dim)
      return emitError(loc) << "--dim makes dim " << i << " " << dim << ", the model declares " << out.shape[i];
    out.shape[i] = dim;
    out.dimNames[i] = "";
  }
  return success();
}

/// A shape that fixes a symbolic dim of one input fixes it everywhere.
LogicalResult spreadShapes(const GraphProto &graph, ImportOptions &options, MLIRContext *context) {
  for (const ValueInfoProto &input : graph.input()) {
    auto chosen = options.shapes.find(input.name());
    const auto &dims = input.type().tensor_type().shape().dim();
    if (chosen == options.shapes.end() || static_cast<int>(chosen->second.size()) != dims.size())
      continue;
    for (auto [dim, extent] : llvm::zip(dims, chosen->second)) {
      if (!dim.has_dim_param() || dim.dim_param().empty())
        continue;
      auto [entry, isNew] = options.dims.try_emplace(dim.dim_param(), extent);
      if (!isNew && entry->second != extent)
        return emitError(thingLocation(context, "input '" + input.name() + "'"))
               << "--dim makes '" << printable(dim.dim_param()) << "' both " << entry->second << " and " << extent;
    }
  }
  return success();
}

/// Every name given with --dim must be one of the model's.
LogicalResult checkOptionsUsed(const GraphProto &graph, const ImportOptions &options, MLIRContext *context) {
  llvm::StringSet<> inputs, dims;
  for (const ValueInfoProto &input : graph.input()) {
    inputs.insert(input.name());
    for (const auto &dim : input.type().tensor_type().shape().dim())
      if (!dim.dim_param().empty())
        dims.insert(dim.dim_param());
  }
  auto check = [&](const auto &given, const llvm::StringSet<> &known, StringRef what) -> LogicalResult {
    for (const auto &entry : given) {
      if (known.contains(entry.first()))
        continue;
      SmallVector<std::string> names;
      for (const auto &name : known)
        names.push_back("'" + printable(name.first(), 60) + "'");
      llvm::sort(names);
      return emitError(UnknownLoc::get(context))
             << "--dim: the model has no " << what << " '" << printable(entry.first()) << "'"
             << (names.empty() ? "" : "; it has " + llvm::join(names, ", "));
    }
    return success();
  };
  if (failed(check(options.dims, dims, "symbolic dim")))
    return failure();
  return check(options.shapes, inputs, "input");
}

ArrayAttr stringArray(OpBuilder &builder, ArrayRef<StringRef> strings) { return builder.getStrArrayAttr(strings); }

} // namespace

LogicalResult GraphImporter::importInputs(const GraphProto &graph, func::FuncOp func, Scope &scope) {
  llvm::StringSet<> constants, seen;
  for (const ::onnx::TensorProto &tensor : graph.initializer())
    constants.insert(tensor.name());
  for (const ::onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    constants.insert(tensor.values().name());
  if (failed(checkOptionsUsed(graph, options, &context)))
    return failure();
  ImportOptions chosen = options;
  if (failed(spreadShapes(graph, chosen, &context)))
    return failure();

  for (const ValueInfoProto &input : graph.input()) {
    Location loc = thingLocation(&context, "input '" + input.name() + "'");
    if (input.name().empty())
      return emitError(loc) << "it has no name";
    if (!seen.insert(input.name()).second)
      return emitError(loc) << "the name is used by two inputs";
    // With an initializer of the same name an input has a default value, which is taken as constant.
    if (constants.contains(input.name()))
      continue;
    if (!input.type().has_tensor_type())
      return emitError(loc) << "unsupported: it is " << kindOf(input.type());
    int32_t dataType = input.type().tensor_type().elem_type();
    Type element = elementType(&context, dataType);
    if (!element)
      return emitError(loc) << (dataType == ::onnx::TensorProto::STRING ? "unsupported: a tensor of strings"
                                                                       : "it has no known element type");
    InputType type;
    if (failed(readInputType(graph, input, chosen, loc, type)))
      return failure();
    unsigned index = func.getNumArguments();
    NamedAttrList attrs;
    attrs.set("nn.name", builder.getStringAttr(input.name()));
    attrs.set("nn.dims", stringArray(builder, type.dimNames));
    if (failed(func.insertArgument(index, RankedTensorType::get(type.shape, element),
                                   attrs.getDictionary(&context), loc)))
      return failure();
    shapes.setSymbols(func.getArgument(index), type.dimNames);
    if (failed(define(input.name(), {func.getArgument(index)}, scope, loc)))
      return failure();
  }
  return success();
}

LogicalResult GraphImporter::importOutputs(const GraphProto &graph, func::FuncOp func, Scope &scope) {
  // A dim that is one of an input's for certain keeps that name, whatever the file calls it here.
  llvm::DenseMap<AffineExpr, StringRef> names;
  for (BlockArgument argument : func.getArguments()) {
    auto dimNames = func.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "nn.dims");
    for (auto [expr, name] : llvm::zip(shapes.dims(argument), dimNames.getAsValueRange<StringAttr>()))
      if (!name.empty())
        names.try_emplace(expr, name);
  }
  llvm::StringSet<> seen;
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<Attribute> attrs;
  for (const ValueInfoProto &output : graph.output()) {
    Location loc = thingLocation(&context, "output '" + output.name() + "'");
    if (!seen.insert(output.name()).second)
      return emitError(loc) << "the name is used by two outputs";
    const Scope::Entry *entry = scope.lookup(output.name());
    if (!entry)
      return emitError(loc) << "no node computes it";
    if (!entry->value)
      return failure();
    auto type = dyn_cast<RankedTensorType>(entry->value.getType());
    if (!type)
      return emitError(loc) << "unsupported: it is no tensor";

    const TypeProto::Tensor &declared = output.type().tensor_type();
    if (output.has_type() && output.type().value_case() != TypeProto::VALUE_NOT_SET &&
        (!output.type().has_tensor_type() ||
         (declared.elem_type() != ::onnx::TensorProto::UNDEFINED &&
          elementType(&context, declared.elem_type()) != type.getElementType())))
      return emitError(loc) << "it is declared as "
                            << (output.type().has_tensor_type() ? dataTypeName(declared.elem_type())
                                                                : kindOf(output.type()).str())
                            << ", it is " << dataTypeName(dataTypeOf(type.getElementType()));
    const auto &dims = declared.shape().dim();
    bool hasRank = declared.has_shape() && dims.size() == type.getRank();
    if (declared.has_shape() && !hasRank)
      emitWarning(loc) << "it is declared with " << dims.size() << " dims, it has " << type.getRank();
    SmallVector<StringRef> dimNames(type.getRank());
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (auto known = names.find(shapes.dims(entry->value)[i]); type.isDynamicDim(i) && known != names.end())
        dimNames[i] = known->second;
      else if (type.isDynamicDim(i) && hasRank)
        dimNames[i] = dims[i].dim_param();
      else if (hasRank && dims[i].has_dim_value() && dims[i].dim_value() >= 0 &&
               dims[i].dim_value() != type.getDimSize(i))
        emitWarning(loc) << "dim " << i << " is declared as " << dims[i].dim_value() << ", it is "
                         << type.getDimSize(i);
    }
    NamedAttrList named;
    named.set("nn.name", builder.getStringAttr(output.name()));
    named.set("nn.dims", stringArray(builder, dimNames));
    values.push_back(entry->value);
    types.push_back(type);
    attrs.push_back(named.getDictionary(&context));
  }
  func::ReturnOp::create(builder, UnknownLoc::get(&context), values);
  func.setType(builder.getFunctionType(func.getArgumentTypes(), types));
  func.setAllResultAttrs(attrs);
  return success();
}

llvm::Expected<OwningOpRef<ModuleOp>> GraphImporter::importModel() {
  const GraphProto &graph = file.model().graph();
  Location unknown = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
  builder.setInsertionPointToEnd(module->getBody());
  auto func = func::FuncOp::create(builder, unknown, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(func.addEntryBlock());

  Frame frame{opsets, "", /*isFunction=*/false, {}};
  Scope scope{frame, /*parent=*/nullptr, {}, {}};
  for (const ValueInfoProto &info : graph.value_info())
    if (info.type().has_tensor_type() && info.type().tensor_type().elem_type() != ::onnx::TensorProto::UNDEFINED)
      scope.declaredTypes[info.name()] = info.type().tensor_type().elem_type();

  if (graph.output().empty())
    diagnostics.error("the graph has no output");
  // While all errors are collected each step goes on with what the one before it made.
  bool fine = succeeded(importInputs(graph, func, scope));
  if (fine || keepGoing)
    fine &= succeeded(importInitializers(graph, scope));
  if (fine || keepGoing)
    fine &= succeeded(importNodes(graph.node(), scope));
  if (fine)
    fine = succeeded(importOutputs(graph, func, scope));
  // Sequences are lists of values (ops/Sequences.cpp). Those that are still used have been refused.
  if (fine)
    func.walk([](UnrealizedConversionCastOp sequence) { sequence.erase(); });
  if (fine)
    fine = succeeded(verify(*module));
  if (!fine && !diagnostics.hasErrors())
    diagnostics.error("the model cannot be imported");
  if (diagnostics.hasErrors())
    return keepGoing ? diagnostics.takeError() : diagnostics.takeFirstError();
  return module;
}

} // namespace nnc::onnx
