//===- nnc.cpp - the compiler's command line ----------------------------------===//
#include "compiler/Compiler.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using nnc::CompileOptions;
using nnc::OutputKind;
using nnc::Stage;

namespace {

cl::OptionCategory category("Options");
cl::opt<std::string> input(cl::Positional, cl::desc("<model.onnx>"), cl::cat(category));
cl::opt<std::string> output("o", cl::desc("Where to write; .so, .a, .o, .s, .h or .mlir also says what"),
                            cl::value_desc("file"), cl::cat(category));
cl::opt<std::string> emitWhat("emit", cl::value_desc("what"), cl::cat(category),
                              cl::desc("What to make: import, graph, loops, memory, llvm (IR after that stage), llvm-ir, "
                                       "asm, obj, archive, header or so (the default)"));
cl::opt<std::string> until("until", cl::value_desc("stage"), cl::cat(category),
                           cl::desc("Stop after import, graph, loops, memory or llvm and write nothing"));
cl::opt<bool> noStrassen("no-strassen", cl::desc("Form every product of matrices directly"), cl::cat(category));
cl::opt<bool> noWinograd("no-winograd", cl::desc("Sum every convolution directly"), cl::cat(category));
cl::opt<char> optLevel("O", cl::desc("Optimization level, 0 to 3 (default 2)"), cl::Prefix, cl::init('2'), cl::cat(category));
cl::opt<std::string> cpu("cpu", cl::value_desc("level"), cl::cat(category),
                         cl::desc("CPU levels to make code for: native, or names such as x86-64-v3,x86-64-v4 (default: both, and more for bytes and bf16)"));
cl::opt<std::string> target("target", cl::value_desc("triple"), cl::desc("Platform to make code for (default: this one)"),
                            cl::cat(category));
cl::opt<std::string> name("name", cl::value_desc("identifier"), cl::cat(category),
                          cl::desc("Name of the model; <name>_model is its symbol (default: from the file name)"));
cl::list<std::string> dims("dim", cl::value_desc("name=N"), cl::cat(category),
                           cl::desc("Fix a symbolic dim (batch=1) or an input's shape (image:1x3x224x224)"));
cl::opt<bool> check("check", cl::desc("List every node that nnc does not support, and compile nothing"), cl::cat(category));
cl::opt<unsigned> jobs("jobs", cl::init(0), cl::value_desc("n"), cl::cat(category),
                          cl::desc("Threads that compile (default: all cores); the output does not depend on it"));
cl::opt<std::string> report("report", cl::value_desc("file.html"), cl::cat(category),
                            cl::desc("Write a page about groups, kernels, costs and memory"));
cl::opt<bool> verbose("v", cl::desc("Say how large things are"), cl::cat(category));
cl::opt<bool> verify("verify", cl::desc("Verify the IR between passes"), cl::cat(category));

Expected<Stage> parseStage(StringRef text) {
  static constexpr std::pair<StringLiteral, Stage> stages[] = {{"import", Stage::Import}, {"graph", Stage::Graph},
                                                              {"loops", Stage::Loops},   {"memory", Stage::Memory},
                                                              {"llvm", Stage::Llvm}};
  for (auto [stageName, stage] : stages)
    if (text == stageName)
      return stage;
  return createStringError("'" + text + "' is no stage; they are import, graph, loops, memory and llvm");
}

/// What to make, from --emit or the output's extension.
Error chooseOutput(CompileOptions &options) {
  static constexpr std::pair<StringLiteral, OutputKind> kinds[] = {
      {"llvm-ir", OutputKind::LlvmIr}, {"asm", OutputKind::Assembly},  {"obj", OutputKind::Object},
      {"archive", OutputKind::Archive}, {"header", OutputKind::Header}, {"so", OutputKind::SharedLibrary}};
  static constexpr std::pair<StringLiteral, OutputKind> extensions[] = {
      {".ll", OutputKind::LlvmIr},  {".s", OutputKind::Assembly}, {".o", OutputKind::Object},
      {".a", OutputKind::Archive},  {".h", OutputKind::Header},   {".so", OutputKind::SharedLibrary}};
  if (!emitWhat.empty()) {
    for (auto [kindName, kind] : kinds)
      if (emitWhat == kindName) {
        options.kind = kind;
        return Error::success();
      }
    auto stage = parseStage(emitWhat);
    if (!stage) {
      consumeError(stage.takeError());
      return createStringError("--emit: there is no '" + emitWhat +
                               "'; it makes import, graph, loops, memory, llvm, llvm-ir, asm, obj, archive, header or so");
    }
    options.kind = OutputKind::Ir;
    options.until = *stage;
    return Error::success();
  }
  for (auto [extension, kind] : extensions)
    if (StringRef(options.output).ends_with(extension))
      options.kind = kind;
  return Error::success();
}

int fail(Error error) {
  std::string message = toString(std::move(error));
  errs() << StringRef(message).rtrim() << '\n';
  return 1;
}

int usageError(const Twine &message) {
  errs() << "nnc: error: " << message << '\n';
  return 1;
}

bool isText(OutputKind kind) {
  return kind == OutputKind::Nothing || kind == OutputKind::Ir || kind == OutputKind::LlvmIr || kind == OutputKind::Assembly || kind == OutputKind::Header;
}

} // namespace

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](raw_ostream &os) { os << "nnc " NNC_VERSION " (LLVM " LLVM_VERSION_STRING ")\n"; });
  cl::ParseCommandLineOptions(argc, argv, "nnc: compiles a neural network to native code\n\n  nnc model.onnx -o model.so\n");
  if (input.empty())
    return usageError("no input file; try 'nnc model.onnx -o model.so' or 'nnc --help'");

  CompileOptions options;
  options.input = input;
  options.output = output;
  options.name = name;
  options.cpu = cpu;
  options.target = target;
  options.threads = jobs;
  options.report = report;
  options.verbose = verbose;
  options.verify = verify;
  options.dims.assign(dims.begin(), dims.end());
  if (optLevel < '0' || optLevel > '3')
    return usageError("-O takes 0 to 3");
  options.optLevel = optLevel - '0';
  options.winograd = !noWinograd;
  options.strassen = !noStrassen;
  if (check) {
    if (Error error = nnc::checkModel(options))
      return fail(std::move(error));
    outs() << input << ": every node is supported\n";
    return 0;
  }
  if (Error error = chooseOutput(options))
    return usageError(toString(std::move(error)));
  if (!until.empty()) {
    auto stage = parseStage(until);
    if (!stage)
      return usageError("--until: " + toString(stage.takeError()));
    options.kind = OutputKind::Nothing;
    options.until = *stage;
  }
  if (options.output.empty() && !isText(options.kind)) {
    SmallString<128> path(sys::path::filename(input));
    sys::path::replace_extension(path, options.kind == OutputKind::Archive ? ".a" : options.kind == OutputKind::Object ? ".o" : ".so");
    options.output = path.str().str();
  }
  if (!options.output.empty() && sys::fs::equivalent(options.input, options.output))
    return usageError("the output would replace the input " + input);
  if (!options.report.empty()) {
    if (isText(options.kind))
      return usageError("--report is about a compiled model: not with --emit of text or --until");
    for (StringRef other : {options.input, options.output})
      if (other == options.report || sys::fs::equivalent(other, options.report))
        return usageError("the report would replace " + other);
  }
  if (Error error = nnc::compile(options))
    return fail(std::move(error));
  return 0;
}
