//===- nnc-run.cpp - Run a compiled model -----------------------------------------------------------------------===//

#include "tools/nnc-run/Inputs.h"
#include "tools/nnc-run/Peak.h"
#include "tools/nnc-run/Report.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

namespace nnc::run {
namespace {

enum ExitStatus { kFine = 0, kMismatch = 1, kError = 2 };

/// Writes an .npz, or a folder of output_<j>.pb.
llvm::Error save(const std::string &path, llvm::ArrayRef<io::TensorView> outputs) {
  if (llvm::StringRef(path).ends_with(".npz"))
    return io::writeNpz(path, outputs);
  if (!llvm::StringRef(path).ends_with("/") && !llvm::sys::fs::is_directory(path))
    return io::makeError("--save %s: neither an .npz nor a folder/", path.c_str());
  if (std::error_code code = llvm::sys::fs::create_directories(path))
    return io::makeError("%s: %s", path.c_str(), code.message().c_str());
  for (size_t i = 0; i < outputs.size(); ++i) {
    llvm::SmallString<128> file(path);
    llvm::sys::path::append(file, "output_" + llvm::Twine(i) + ".pb");
    if (llvm::Error error = io::writeTensorProto(std::string(file), outputs[i]))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<ExitStatus> execute(const Options &options) {
  llvm::Expected<std::unique_ptr<Model>> loaded = Model::load(options.model);
  if (!loaded)
    return loaded.takeError();
  Model &model = **loaded;
  if (options.info) {
    printInfo(model, llvm::outs());
    return kFine;
  }

  llvm::Expected<std::vector<io::Tensor>> inputs = options.inputs.empty()
                                                       ? makeRandomTensors(model.inputs(), options)
                                                       : readTensors(options.inputs, model.inputs(), "input");
  if (!inputs)
    return inputs.takeError();
  std::vector<io::Tensor> expected;
  if (!options.compare.empty()) {
    llvm::Expected<std::vector<io::Tensor>> tensors = readTensors(options.compare, model.outputs(), "output");
    if (!tensors)
      return tensors.takeError();
    expected = std::move(*tensors);
  }

  if (llvm::Error error = model.start(options.threads))
    return error;
  if (llvm::Error error = model.run(*inputs))
    return error;
  if (!options.save.empty())
    if (llvm::Error error = save(options.save, model.results()))
      return error;
  bool good = true;
  if (!options.compare.empty())
    good = compareOutputs(model.results(), expected, options, llvm::outs());
  else if (options.save.empty() && !options.benchSeconds && !options.profileSeconds)
    printOutputs(model.results(), llvm::outs());
  if (options.benchSeconds)
    if (llvm::Error error = benchmark(model, *inputs, *options.benchSeconds, llvm::outs()))
      return error;
  if (options.profileSeconds)
    if (llvm::Error error = profile(model, *inputs, *options.profileSeconds, options.threads, llvm::outs()))
      return error;
  return good ? kFine : kMismatch;
}

/// One line on stderr, whatever is in the message.
ExitStatus fail(llvm::Error error) {
  std::string message = llvm::toString(std::move(error));
  std::replace_if(message.begin(), message.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  llvm::outs().flush();
  llvm::errs() << "nnc-run: error: " << message << '\n';
  return kError;
}

ExitStatus main(llvm::ArrayRef<const char *> arguments) {
  llvm::Expected<Options> options = parseCommandLine(arguments);
  if (!options)
    return fail(options.takeError());
  if (options->help || options->version) {
    llvm::outs() << (options->help ? kHelp : "nnc-run " NNC_VERSION "\n");
    return kFine;
  }
  if (options->peak) {
    printPeak(options->threads, llvm::outs());
    return kFine;
  }
  llvm::Expected<ExitStatus> status = execute(*options);
  return status ? *status : fail(status.takeError());
}

} // namespace
} // namespace nnc::run

int main(int argc, char **argv) {
  return nnc::run::main(llvm::ArrayRef<const char *>(argv + 1, size_t(argc > 0 ? argc - 1 : 0)));
}
