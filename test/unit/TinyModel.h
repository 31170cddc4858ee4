//===- TinyModel.h - models written in the LLVM dialect for the tests -------===//
#ifndef NNC_TEST_UNIT_TINYMODEL_H
#define NNC_TEST_UNIT_TINYMODEL_H

#include "compiler/EmitObject.h"
#include "compiler/ModelInfo.h"
#include "compiler/Target.h"
#include "runtime/include/nnc/nnc.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace nnc::test {

/// A folder that lives as long as this.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string operator/(llvm::StringRef name) const;
  /// The names of the files in it, sorted.
  std::vector<std::string> files() const;

private:
  std::string path;
};

/// The text of a model's entry function with one input and one output of its shape. It ends with `body`, which finds
/// %run, the data %x and %y, the extent %n, and %c0 and %c1 of i32.
std::string entryFunction(llvm::StringRef body);

/// The text of a model: y = x + 1 over f32 with one dynamic dim `n`, in parallel with grain 16. Negative n cannot
/// happen; x[0] == 1000 makes it fail with a message.
llvm::StringRef addOneModule();
ModelInfo addOneInfo(llvm::StringRef name);

/// A context with the LLVM dialect, and a module parsed in it.
struct Parsed {
  explicit Parsed(llvm::StringRef text);
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// The objects of a module and of the runtime, for every level of the target.
llvm::Expected<Buffers> emitAll(mlir::ModuleOp module, const ModelInfo &info, const Target &target,
                                const EmitOptions &options);

/// Parses, emits and links a model to `path`.
llvm::Error buildLibrary(llvm::StringRef moduleText, const ModelInfo &info, llvm::StringRef cpu,
                         llvm::StringRef path, unsigned threads = 1);

/// A loaded library; dies with the test when it cannot be loaded.
class Library {
public:
  Library(llvm::StringRef path, llvm::StringRef name);
  ~Library();
  const nnc_model *model = nullptr;
  std::string error;

private:
  void *handle = nullptr;
};

/// A DLTensor over memory of the caller.
DLTensor f32Tensor(float *data, int64_t *shape, int32_t rank);

} // namespace nnc::test

#endif
