//===- Model.h - A compiled model that was loaded ---------------------------------------------------------------===//
#ifndef NNC_TOOLS_NNCRUN_MODEL_H
#define NNC_TOOLS_NNCRUN_MODEL_H

#include "tools/tensorio/Tensor.h"

namespace nnc::run {

/// The names of the symbols ending in `_model` that the shared library at `path` defines.
llvm::Expected<std::vector<std::string>> findModelSymbols(const std::string &path);

/// One input or output of a model.
struct Value {
  std::string name;
  io::Element type;
  std::vector<int64_t> dims; // -1: known only at run time
  std::vector<std::string> symbols; // "" where a dim has none

  /// "float32[batch,3]".
  std::string formatType() const;
};

/// A model in a shared library, and a context to run it in.
class Model {
public:
  /// Loads the library, finds the one model in it and checks its description.
  static llvm::Expected<std::unique_ptr<Model>> load(const std::string &path);
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;
  ~Model();

  llvm::ArrayRef<Value> inputs() const { return inputValues; }
  llvm::ArrayRef<Value> outputs() const { return outputValues; }
  const nnc_model &descriptor() const { return *model; }

  /// Makes the context. To be called once, before run().
  llvm::Error start(int threads);

  /// Runs the model on `inputs`, one for each input. The outputs are the context's own until the next run.
  llvm::Error run(llvm::ArrayRef<io::Tensor> inputs);

  /// The same, adding what each group costs to `groups`, one for each of the model's.
  llvm::Error runWithProfile(llvm::ArrayRef<io::Tensor> inputs, llvm::MutableArrayRef<nnc_group_profile> groups);

  /// The outputs of the last run.
  llvm::ArrayRef<io::TensorView> results() const { return views; }

private:
  Model() = default;
  llvm::Error describe();

  void *library = nullptr;
  const nnc_model *model = nullptr;
  nnc_context *context = nullptr;
  std::vector<Value> inputValues, outputValues;
  std::vector<DLTensor> inputTensors, outputTensors;
  std::vector<io::TensorView> views;
};

} // namespace nnc::run

#endif
