#include "compiler/Descriptor.h"
#include "compiler/EmitObject.h"

#include "mlir/IR/BuiltinTypes.h"
#include "runtime/include/nnc/nnc.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace nnc {

namespace {

ElementLayout integerLayout(mlir::IntegerType type) {
  // MLIR's signless i1 is ONNX's bool; signless integers of more bits are signed.
  if (type.getWidth() == 1)
    return {kDLBool, 8, "uint8_t"};
  bool isUnsigned = type.isUnsigned();
  StringRef name;
  switch (type.getWidth()) {
  case 16:
    name = isUnsigned ? "uint16_t" : "int16_t";
    break;
  case 32:
    name = isUnsigned ? "uint32_t" : "int32_t";
    break;
  case 64:
    name = isUnsigned ? "uint64_t" : "int64_t";
    break;
  default: // 2, 4 and 8 bits: a byte each
    name = isUnsigned ? "uint8_t" : "int8_t";
    break;
  }
  return {uint8_t(isUnsigned ? kDLUInt : kDLInt), uint8_t(type.getWidth()), name};
}

std::optional<ElementLayout> layoutOf(mlir::Type type) {
  if (auto integer = dyn_cast<mlir::IntegerType>(type)) {
    if (is_contained({1u, 2u, 4u, 8u, 16u, 32u, 64u}, integer.getWidth()))
      return integerLayout(integer);
    return std::nullopt;
  }
  if (type.isF32())
    return ElementLayout{kDLFloat, 32, "float"};
  if (type.isF64())
    return ElementLayout{kDLFloat, 64, "double"};
  if (type.isF16())
    return ElementLayout{kDLFloat, 16, "uint16_t"};
  if (type.isBF16())
    return ElementLayout{kDLBfloat, 16, "uint16_t"};
  if (isa<mlir::Float8E4M3FNType>(type))
    return ElementLayout{kDLFloat8_e4m3fn, 8, "uint8_t"};
  if (isa<mlir::Float8E4M3FNUZType>(type))
    return ElementLayout{kDLFloat8_e4m3fnuz, 8, "uint8_t"};
  if (isa<mlir::Float8E5M2Type>(type))
    return ElementLayout{kDLFloat8_e5m2, 8, "uint8_t"};
  if (isa<mlir::Float8E5M2FNUZType>(type))
    return ElementLayout{kDLFloat8_e5m2fnuz, 8, "uint8_t"};
  if (isa<mlir::Float8E8M0FNUType>(type))
    return ElementLayout{kDLFloat8_e8m0fnu, 8, "uint8_t"};
  if (isa<mlir::Float4E2M1FNType>(type))
    return ElementLayout{kDLFloat4_e2m1fn, 4, "uint8_t"};
  if (auto complex = dyn_cast<mlir::ComplexType>(type)) {
    // C names no type here: the header passes the interleaved real and imaginary parts.
    if (complex.getElementType().isF32())
      return ElementLayout{kDLComplex, 64, "float"};
    if (complex.getElementType().isF64())
      return ElementLayout{kDLComplex, 128, "double"};
  }
  return std::nullopt;
}

/// Builds private constants; equal strings are one.
class Builder {
public:
  explicit Builder(Module &module)
      : module(module), context(module.getContext()), pointer(PointerType::get(context, 0)) {}

  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *i8(uint64_t v) { return ConstantInt::get(Type::getInt8Ty(context), v); }
  Constant *i16(uint64_t v) { return ConstantInt::get(Type::getInt16Ty(context), v); }
  Constant *i32(uint64_t v) { return ConstantInt::get(Type::getInt32Ty(context), uint32_t(v)); }
  Constant *i64(uint64_t v) { return ConstantInt::get(Type::getInt64Ty(context), v); }
  /// Members in order, each aligned as C does it.
  Constant *structOf(ArrayRef<Constant *> members) { return ConstantStruct::getAnon(context, members); }

  Constant *string(StringRef text) {
    Constant *&result = strings[text];
    if (!result)
      result = global(ConstantDataArray::getString(context, text));
    return result;
  }
  Constant *int64s(ArrayRef<int64_t> values) {
    if (values.empty())
      return null();
    auto *words = reinterpret_cast<const uint64_t *>(values.data());
    return global(ConstantDataArray::get(context, ArrayRef(words, values.size())));
  }
  Constant *int32s(ArrayRef<int32_t> values) {
    if (values.empty())
      return null();
    auto *words = reinterpret_cast<const uint32_t *>(values.data());
    return global(ConstantDataArray::get(context, ArrayRef(words, values.size())));
  }
  Constant *array(ArrayRef<Constant *> values) {
    if (values.empty())
      return null();
    return global(ConstantArray::get(ArrayType::get(values.front()->getType(), values.size()), values));
  }
  GlobalVariable *global(Constant *value) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true, GlobalValue::PrivateLinkage, value);
  }
  /// Something that another object defines.
  Constant *hidden(const Twine &name, Type *type) {
    auto *result = new GlobalVariable(module, type, true, GlobalValue::ExternalLinkage, nullptr, name);
    result->setVisibility(GlobalValue::HiddenVisibility);
    return result;
  }
  Constant *hiddenFunction(const Twine &name) {
    auto *type = FunctionType::get(Type::getInt32Ty(context), {pointer}, false);
    Function *function = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  Module &module;
  LLVMContext &context;
  PointerType *pointer;

private:
  StringMap<Constant *> strings;
};

/// Numbers the symbols of all values in order of appearance.
using SymbolNumbers = MapVector<StringRef, int32_t>;

void numberSymbols(ArrayRef<ValueInfo> values, SymbolNumbers &numbers) {
  for (const ValueInfo &value : values)
    for (const std::string &symbol : value.symbols)
      if (!symbol.empty())
        numbers.try_emplace(symbol, int32_t(numbers.size()));
}

/// nnc_value_info
Expected<Constant *> valueInfo(Builder &b, const ValueInfo &value) {
  Expected<ElementLayout> layout = elementLayout(value);
  if (!layout)
    return layout.takeError();
  if (!value.symbols.empty() && value.symbols.size() != value.dims.size())
    return createStringError("'%s' has %zu dims and %zu symbols", value.name.c_str(), value.dims.size(),
                             value.symbols.size());
  SmallVector<Constant *> symbols(value.dims.size(), b.null());
  for (auto [i, symbol] : enumerate(value.symbols))
    if (!symbol.empty())
      symbols[i] = b.string(symbol);
  Constant *dtype = b.structOf({b.i8(layout->code), b.i8(layout->bits), b.i16(1)});
  return b.structOf(
      {b.string(value.name), dtype, b.i32(value.dims.size()), b.int64s(value.dims), b.array(symbols)});
}

Expected<Constant *> valueInfos(Builder &b, ArrayRef<ValueInfo> values) {
  SmallVector<Constant *> infos;
  for (const ValueInfo &value : values) {
    Expected<Constant *> info = valueInfo(b, value);
    if (!info)
      return info.takeError();
    infos.push_back(*info);
  }
  return b.array(infos);
}

/// For each value, the number of each dim's symbol, or -1.
Constant *symbolTable(Builder &b, ArrayRef<ValueInfo> values, const SymbolNumbers &numbers) {
  SmallVector<Constant *> rows;
  for (const ValueInfo &value : values) {
    SmallVector<int32_t> row(value.dims.size(), -1);
    for (auto [i, symbol] : enumerate(value.symbols))
      if (!symbol.empty())
        row[i] = numbers.lookup(symbol);
    rows.push_back(b.int32s(row));
  }
  return b.array(rows);
}

/// nncrt_model_data
Constant *modelData(Builder &b, const ModelInfo &info, const Target &target) {
  SmallVector<Constant *> levels;
  for (const CpuLevel &level : target.levels)
    levels.push_back(b.structOf({b.string(level.name), b.i64(level.requiredFeatures),
                                 b.hiddenFunction(entryName(info.name, level))}));
  Constant *weights = info.weightBytes ? b.hidden(info.name + "__weights", Type::getInt8Ty(b.context)) : b.null();
  SymbolNumbers numbers;
  numberSymbols(info.inputs, numbers);
  numberSymbols(info.outputs, numbers);
  SmallVector<Constant *> names;
  for (const auto &[name, number] : numbers)
    names.push_back(b.string(name));
  return b.global(b.structOf({b.i32(levels.size()), b.i32(numbers.size()), b.array(levels), weights, b.array(names),
                              symbolTable(b, info.inputs, numbers), symbolTable(b, info.outputs, numbers)}));
}

/// nnc_group_info of every group
Constant *groupInfos(Builder &b, ArrayRef<GroupInfo> groups) {
  SmallVector<Constant *> infos;
  for (const GroupInfo &group : groups)
    infos.push_back(b.structOf({b.string(group.nodes), b.string(group.op), b.string(group.kernel), b.i64(group.flops),
                                b.i64(group.bytes)}));
  return b.array(infos);
}

} // namespace

Expected<ElementLayout> elementLayout(const ValueInfo &value) {
  if (std::optional<ElementLayout> layout = layoutOf(value.elementType))
    return *layout;
  std::string type;
  raw_string_ostream(type) << value.elementType;
  return createStringError("'%s' has the element type %s, which cannot cross the border of a model",
                           value.name.c_str(), type.c_str());
}

Error buildDescriptor(Module &module, const ModelInfo &info, const Target &target) {
  Builder b(module);
  Expected<Constant *> inputs = valueInfos(b, info.inputs);
  if (!inputs)
    return inputs.takeError();
  Expected<Constant *> outputs = valueInfos(b, info.outputs);
  if (!outputs)
    return outputs.takeError();
  SmallVector<Constant *> levels;
  for (const CpuLevel &level : target.levels)
    levels.push_back(b.string(level.name));
  levels.push_back(b.null());
  Constant *model = b.structOf({b.i32(NNC_ABI_VERSION), b.i32(NNC_ABI_MINOR_VERSION), b.string(info.name), b.i32(info.inputs.size()),
                                b.i32(info.outputs.size()), *inputs, *outputs, b.i64(info.scratchBytes),
                                b.i64(info.weightBytes), b.array(levels), b.string("nnc " NNC_VERSION),
                                b.hidden(info.name + "__nncrt_api", b.pointer), modelData(b, info, target),
                                b.i64(info.workspaceBytes), b.i64(info.groups.size()), groupInfos(b, info.groups)});
  new GlobalVariable(module, model->getType(), /*isConstant=*/true, GlobalValue::ExternalLinkage, model,
                     info.name + "_model");
  return Error::success();
}

} // namespace nnc
