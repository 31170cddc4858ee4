#include "compiler/Header.h"

#include "compiler/Descriptor.h"
#include "compiler/EmitObject.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace nnc {

namespace {

/// Hands out C identifiers: what a name allows, made unique, never a keyword.
class Names {
public:
  std::string make(StringRef wanted) {
    std::string base;
    for (char c : wanted)
      base += isAlnum(c) || c == '_' ? c : '_';
    if (base.empty() || isDigit(base.front()))
      base = "_" + base;
    std::string name = base;
    for (unsigned n = 1; isReserved(name) || !used.insert(name).second; ++n)
      name = base + "_" + utostr(n);
    return name;
  }

private:
  /// Keywords of C11 and C++17, and what the function's own body uses.
  static bool isReserved(StringRef name) {
    static const StringSet<> reserved = {
        "alignas",  "alignof",   "and",      "asm",      "auto",     "bool",     "break",    "case",      "catch",
        "char",     "class",     "compl",    "const",    "continue", "decltype", "default",  "delete",    "do",
        "double",   "else",      "enum",     "explicit", "export",   "extern",   "false",    "float",     "for",
        "friend",   "goto",      "if",       "inline",   "int",      "int16_t",  "int32_t",  "int64_t",   "int8_t",
        "long",     "mutable",   "namespace", "new",     "noexcept", "not",      "nullptr",  "operator",  "or",
        "private",  "protected", "public",   "register", "restrict", "return",   "short",    "signed",    "sizeof",
        "static",   "struct",    "switch",   "template", "this",     "throw",    "true",     "try",       "typedef",
        "typeid",   "typename",  "uint16_t", "uint32_t", "uint64_t", "uint8_t",  "union",    "unsigned",  "using",
        "virtual",  "void",      "volatile", "while",    "xor",      "ctx",      "nnc_in",   "nnc_out",   "nnc_status"};
    return reserved.contains(name);
  }
  StringSet<> used;
};

/// One argument tensor, with its dims as C expressions.
struct Argument {
  const ValueInfo *value;
  ElementLayout layout;
  std::string name;
  std::vector<std::string> dims;
  /// False for an output whose dims the inputs do not decide.
  bool hasKnownShape = true;
};

class HeaderWriter {
public:
  explicit HeaderWriter(const ModelInfo &info) : info(info) {}

  Expected<std::string> write() {
    if (Error error = collect(info.inputs, inputs, /*isInput=*/true))
      return std::move(error);
    if (Error error = collect(info.outputs, outputs, /*isInput=*/false))
      return std::move(error);
    prologue();
    runFunction();
    out << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
    return text;
  }

private:
  Error collect(ArrayRef<ValueInfo> values, std::vector<Argument> &arguments, bool isInput) {
    for (const ValueInfo &value : values) {
      Expected<ElementLayout> layout = elementLayout(value);
      if (!layout)
        return layout.takeError();
      Argument argument{&value, *layout, names.make(value.name), {}};
      for (auto [i, size] : enumerate(value.dims)) {
        StringRef symbol = value.symbols.empty() ? StringRef() : StringRef(value.symbols[i]);
        argument.dims.push_back(dim(size, symbol, argument, i, isInput));
      }
      arguments.push_back(std::move(argument));
    }
    return Error::success();
  }

  /// The expression for one dim. Inputs bring a parameter for every symbol that is new, and for dims without one.
  std::string dim(int64_t size, StringRef symbol, Argument &argument, size_t index, bool isInput) {
    if (size >= 0)
      return itostr(size);
    if (!symbol.empty())
      if (auto known = symbolParameters.find(symbol); known != symbolParameters.end())
        return known->second;
    if (!isInput) {
      argument.hasKnownShape = false;
      return "";
    }
    std::string name = names.make(symbol.empty() ? argument.name + "_dim" + utostr(index) : symbol.str());
    if (!symbol.empty())
      symbolParameters[symbol] = name;
    parameters.push_back(name);
    return name;
  }

  static std::string describe(const Argument &argument) {
    std::string result = argument.layout.cType.str() + " [";
    for (size_t i = 0; i < argument.value->dims.size(); ++i) {
      StringRef symbol = argument.value->symbols.empty() ? StringRef() : StringRef(argument.value->symbols[i]);
      int64_t size = argument.value->dims[i];
      result += (i ? ", " : "") + (size >= 0 ? itostr(size) : symbol.empty() ? std::string("?") : symbol.str());
    }
    return result + "]";
  }

  void prologue() {
    std::string guard = StringRef(info.name).upper() + "_NNC_H";
    out << "/* " << info.name << ".h - typed interface of a compiled model; written by nnc " << NNC_VERSION << ". */\n"
        << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <nnc/nnc.h>\n\n"
        << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
        << "extern const nnc_model " << info.name << "_model;\n\n";
  }

  void comment() {
    out << "/* Runs the model once. ctx: from nnc_create(&" << info.name << "_model, ...).\n";
    for (const Argument &argument : inputs)
      out << " *   " << argument.name << ": " << describe(argument) << "\n";
    for (const Argument &argument : outputs)
      out << " *   " << argument.name << ": " << describe(argument)
          << (argument.hasKnownShape ? ", written" : ", filled in; owned by the context until its next run") << "\n";
    out << " */\n";
  }

  void tensor(const Argument &argument, StringRef array, size_t index, bool isInput) {
    std::string element = (array + "[" + Twine(index) + "]").str();
    if (!argument.hasKnownShape) {
      out << "  " << element << ".data = 0;\n";
      return;
    }
    std::string shape = "0";
    if (!argument.dims.empty()) {
      shape = (array + Twine(index) + "_shape").str();
      out << "  int64_t " << shape << "[] = {" << join(argument.dims, ", ") << "};\n";
    }
    out << "  " << element << ".data = " << (isInput ? "(void *)" : "") << argument.name << ";\n"
        << "  " << element << ".device.device_type = kDLCPU;\n"
        << "  " << element << ".device.device_id = 0;\n"
        << "  " << element << ".ndim = " << argument.dims.size() << ";\n"
        << "  " << element << ".dtype.code = " << unsigned(argument.layout.code) << ";\n"
        << "  " << element << ".dtype.bits = " << unsigned(argument.layout.bits) << ";\n"
        << "  " << element << ".dtype.lanes = 1;\n"
        << "  " << element << ".shape = " << shape << ";\n"
        << "  " << element << ".strides = 0;\n"
        << "  " << element << ".byte_offset = 0;\n";
  }

  void runFunction() {
    comment();
    std::vector<std::string> list = {"nnc_context *ctx"};
    for (const Argument &argument : inputs)
      list.push_back("const " + argument.layout.cType.str() + " *" + argument.name);
    for (const std::string &parameter : parameters)
      list.push_back("int64_t " + parameter);
    for (const Argument &argument : outputs)
      list.push_back((argument.hasKnownShape ? argument.layout.cType.str() : "DLTensor") + " *" + argument.name);
    out << "static inline nnc_status " << info.name << "_run(" << join(list, ", ") << ") {\n"
        << "  DLTensor nnc_in[" << std::max<size_t>(inputs.size(), 1) << "];\n"
        << "  DLTensor nnc_out[" << std::max<size_t>(outputs.size(), 1) << "];\n";
    for (auto [i, argument] : enumerate(inputs))
      tensor(argument, "nnc_in", i, true);
    for (auto [i, argument] : enumerate(outputs))
      tensor(argument, "nnc_out", i, false);
    bool filled = any_of(outputs, [](const Argument &argument) { return !argument.hasKnownShape; });
    if (!filled) {
      out << "  return nnc_run(ctx, nnc_in, nnc_out);\n}\n\n";
      return;
    }
    out << "  nnc_status nnc_result = nnc_run(ctx, nnc_in, nnc_out);\n";
    for (auto [i, argument] : enumerate(outputs))
      if (!argument.hasKnownShape)
        out << "  *" << argument.name << " = nnc_out[" << i << "];\n";
    out << "  return nnc_result;\n}\n\n";
  }

  const ModelInfo &info;
  std::string text;
  raw_string_ostream out{text};
  Names names;
  StringMap<std::string> symbolParameters;
  std::vector<std::string> parameters;
  std::vector<Argument> inputs, outputs;
};

} // namespace

Expected<std::string> modelHeader(const ModelInfo &info) {
  if (std::string problem = checkModelName(info.name); !problem.empty())
    return createStringError(problem);
  return HeaderWriter(info).write();
}

} // namespace nnc
