//===- Model.cpp - A compiled model that was loaded -------------------------------------------------------------===//

#include "tools/nnc-run/Model.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>

namespace nnc::run {
namespace {

/// Picks the model's symbol: the one named like the file where there are several.
llvm::Expected<std::string> chooseSymbol(const std::string &path) {
  llvm::Expected<std::vector<std::string>> symbols = findModelSymbols(path);
  if (!symbols)
    return symbols.takeError();
  if (symbols->empty())
    return io::makeError("%s: holds no model (no symbol ends in '_model')", path.c_str());
  if (symbols->size() == 1)
    return symbols->front();
  std::string expected = llvm::sys::path::stem(path).str() + "_model";
  if (llvm::is_contained(*symbols, expected))
    return expected;
  return io::makeError("%s: holds several models: %s", path.c_str(), llvm::join(*symbols, ", ").c_str());
}

llvm::Expected<Value> describeValue(const nnc_value_info &info) {
  Value value;
  value.name = info.name ? info.name : "";
  std::optional<io::Element> type = io::getElementFromDLPack(info.dtype);
  if (!type)
    return io::makeError("'%s' has an unknown element type (code %d, %d bits)", value.name.c_str(),
                         int(info.dtype.code), int(info.dtype.bits));
  value.type = *type;
  for (int32_t i = 0; i < info.ndim; ++i) {
    value.dims.push_back(info.dims[i]);
    value.symbols.push_back(info.symbols && info.symbols[i] ? info.symbols[i] : "");
  }
  return value;
}

llvm::Expected<std::vector<Value>> describeValues(const nnc_value_info *infos, int32_t count) {
  std::vector<Value> values;
  for (int32_t i = 0; i < count; ++i) {
    llvm::Expected<Value> value = describeValue(infos[i]);
    if (!value)
      return value.takeError();
    values.push_back(std::move(*value));
  }
  return values;
}

const char *describeStatus(nnc_status status) {
  switch (status) {
  case NNC_OK:
    return "no error";
  case NNC_INVALID_ARGUMENT:
    return "invalid argument";
  case NNC_OUT_OF_MEMORY:
    return "out of memory";
  case NNC_RUNTIME_ERROR:
    return "the model failed on these inputs";
  case NNC_UNSUPPORTED_CPU:
    return "the file holds no code for this CPU";
  }
  return "unknown error";
}

} // namespace

std::string Value::formatType() const {
  std::string text = io::getName(type);
  text += '[';
  for (size_t i = 0; i < dims.size(); ++i) {
    text += i ? "," : "";
    text += dims[i] >= 0 ? llvm::itostr(dims[i]) : symbols[i].empty() ? "?" : symbols[i];
  }
  return text + ']';
}

llvm::Expected<std::unique_ptr<Model>> Model::load(const std::string &path) {
  llvm::Expected<std::string> symbol = chooseSymbol(path);
  if (!symbol)
    return symbol.takeError();
  std::unique_ptr<Model> result(new Model);
  // dlopen searches the system's folders for names without a slash.
  std::string file = llvm::StringRef(path).contains('/') ? path : "./" + path;
  result->library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!result->library)
    return io::makeError("%s", dlerror());
  result->model = static_cast<const nnc_model *>(dlsym(result->library, symbol->c_str()));
  if (!result->model)
    return io::makeError("%s", dlerror());
  if (result->model->abi_version != NNC_ABI_VERSION)
    return io::makeError("%s: made for ABI version %u, and this nnc-run knows %u", path.c_str(),
                         result->model->abi_version, unsigned(NNC_ABI_VERSION));
  if (llvm::Error error = result->describe())
    return io::makeError("%s: %s", path.c_str(), llvm::toString(std::move(error)).c_str());
  return result;
}

Model::~Model() {
  nnc_destroy(context);
  if (library)
    dlclose(library);
}

llvm::Error Model::describe() {
  llvm::Expected<std::vector<Value>> inputs = describeValues(model->inputs, model->num_inputs);
  if (!inputs)
    return inputs.takeError();
  llvm::Expected<std::vector<Value>> outputs = describeValues(model->outputs, model->num_outputs);
  if (!outputs)
    return outputs.takeError();
  inputValues = std::move(*inputs);
  outputValues = std::move(*outputs);
  inputTensors.resize(inputValues.size());
  outputTensors.resize(outputValues.size());
  return llvm::Error::success();
}

llvm::Error Model::start(int threads) {
  nnc_options options = {};
  options.threads = threads;
  if (nnc_status status = nnc_create(model, &options, &context))
    return io::makeError("cannot prepare the model: %s", describeStatus(status));
  return llvm::Error::success();
}

llvm::Error Model::run(llvm::ArrayRef<io::Tensor> inputs) {
  DLDevice cpu;
  cpu.device_type = kDLCPU;
  cpu.device_id = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    DLTensor &tensor = inputTensors[i];
    tensor.data = const_cast<char *>(inputs[i].data());
    tensor.device = cpu;
    tensor.ndim = int32_t(inputs[i].shape().size());
    tensor.dtype = io::getDLPackType(inputs[i].type());
    tensor.shape = const_cast<int64_t *>(inputs[i].shape().data());
    tensor.strides = nullptr;
    tensor.byte_offset = 0;
  }
  // Outputs without data are the context's to provide.
  outputTensors.assign(outputValues.size(), DLTensor());
  if (nnc_status status = nnc_run(context, inputTensors.data(), outputTensors.data())) {
    const char *message = nnc_error(context);
    return io::makeError("%s", message && *message ? message : describeStatus(status));
  }
  views.clear();
  for (size_t i = 0; i < outputTensors.size(); ++i) {
    const DLTensor &tensor = outputTensors[i];
    std::optional<io::Element> type = io::getElementFromDLPack(tensor.dtype);
    if (!type)
      return io::makeError("output '%s' came with an unknown element type", outputValues[i].name.c_str());
    views.push_back({outputValues[i].name, *type, llvm::ArrayRef<int64_t>(tensor.shape, size_t(tensor.ndim)),
                     static_cast<const char *>(tensor.data) + tensor.byte_offset});
  }
  return llvm::Error::success();
}

llvm::Error Model::runWithProfile(llvm::ArrayRef<io::Tensor> inputs, llvm::MutableArrayRef<nnc_group_profile> groups) {
  nnc_profile(context, groups.data());
  llvm::Error error = run(inputs);
  nnc_profile(context, nullptr);
  return error;
}

} // namespace nnc::run
