#include "TinyModel.h"

#include "compiler/Link.h"
#include "compiler/RuntimeObject.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>

using namespace llvm;

namespace nnc::test {

TemporaryFolder::TemporaryFolder() {
  SmallString<128> unique;
  if (sys::fs::createUniqueDirectory("nnc-unit", unique))
    report_fatal_error("cannot create a temporary folder");
  path = unique.str().str();
}

TemporaryFolder::~TemporaryFolder() { sys::fs::remove_directories(path); }

std::string TemporaryFolder::operator/(StringRef name) const { return path + "/" + name.str(); }

std::vector<std::string> TemporaryFolder::files() const {
  std::vector<std::string> names;
  std::error_code code;
  for (sys::fs::directory_iterator it(path, code), end; it != end && !code; it.increment(code))
    names.push_back(sys::path::filename(it->path()).str());
  llvm::sort(names);
  return names;
}

std::string entryFunction(StringRef body) {
  std::string start = R"mlir(
llvm.func @nncrt_output(!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
llvm.func @__entry(%run: !llvm.ptr) -> i32 {
  %c0 = llvm.mlir.constant(0 : i32) : i32
  %c1 = llvm.mlir.constant(1 : i32) : i32
  %in = llvm.load %run : !llvm.ptr -> !llvm.ptr
  %x = llvm.load %in : !llvm.ptr -> !llvm.ptr
  %pd = llvm.getelementptr %run[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %dims = llvm.load %pd : !llvm.ptr -> !llvm.ptr
  %shape = llvm.load %dims : !llvm.ptr -> !llvm.ptr
  %n = llvm.load %shape : !llvm.ptr -> i64
  %y = llvm.call @nncrt_output(%run, %c0, %c1, %shape) : (!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
)mlir";
  return start + body.str();
}

StringRef addOneModule() {
  static const std::string text = std::string(R"mlir(
llvm.func @nncrt_launch(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64)
llvm.func @nncrt_fail(!llvm.ptr, !llvm.ptr, i64, i64)
llvm.mlir.global internal constant @message("element %0 is %1\00")

// args = {x, y}
llvm.func @kernel(%args: !llvm.ptr, %begin: i64, %end: i64, %workspace: !llvm.ptr) {
  %one = llvm.mlir.constant(1 : i64) : i64
  %f1 = llvm.mlir.constant(1.0 : f32) : f32
  %x = llvm.load %args : !llvm.ptr -> !llvm.ptr
  %py = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %y = llvm.load %py : !llvm.ptr -> !llvm.ptr
  llvm.br ^head(%begin : i64)
^head(%i: i64):
  %more = llvm.icmp "slt" %i, %end : i64
  llvm.cond_br %more, ^body, ^exit
^body:
  %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %v = llvm.load %px : !llvm.ptr -> f32
  %s = llvm.fadd %v, %f1 : f32
  %pv = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %s, %pv : f32, !llvm.ptr
  %next = llvm.add %i, %one : i64
  llvm.br ^head(%next : i64)
^exit:
  llvm.return
}

)mlir") + entryFunction(R"mlir(
  %c2 = llvm.mlir.constant(2 : i64) : i64
  %zero = llvm.mlir.constant(0 : i64) : i64
  %bad = llvm.mlir.constant(1000.0 : f32) : f32
  %c1000 = llvm.mlir.constant(1000 : i64) : i64
  %grain = llvm.mlir.constant(16 : i64) : i64
  %null = llvm.mlir.zero : !llvm.ptr
  %failed = llvm.icmp "eq" %y, %null : !llvm.ptr
  llvm.cond_br %failed, ^exit, ^check
^check:
  %empty = llvm.icmp "eq" %n, %zero : i64
  llvm.cond_br %empty, ^exit, ^first
^first:
  %x0 = llvm.load %x : !llvm.ptr -> f32
  %isbad = llvm.fcmp "oeq" %x0, %bad : f32
  llvm.cond_br %isbad, ^fail, ^work
^fail:
  %text = llvm.mlir.addressof @message : !llvm.ptr
  llvm.call @nncrt_fail(%run, %text, %zero, %c1000) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()
  llvm.br ^exit
^work:
  %args = llvm.alloca %c2 x !llvm.ptr : (i64) -> !llvm.ptr
  llvm.store %x, %args : !llvm.ptr, !llvm.ptr
  %second = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  llvm.store %y, %second : !llvm.ptr, !llvm.ptr
  %fn = llvm.mlir.addressof @kernel : !llvm.ptr
  llvm.call @nncrt_launch(%run, %c0, %fn, %args, %n, %grain) : (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> ()
  llvm.br ^exit
^exit:
  llvm.return %c0 : i32
}
)mlir");
  return text;
}

ModelInfo addOneInfo(StringRef name) {
  ModelInfo info;
  info.name = name.str();
  info.scratchBytes = 256;
  info.inputs.resize(1);
  info.inputs[0].name = "x";
  info.inputs[0].dims = {-1};
  info.inputs[0].symbols = {"n"};
  info.outputs = info.inputs;
  info.outputs[0].name = "y";
  info.groups = {{"add", "elementwise", "kernel", 5, -1}};
  return info;
}

Parsed::Parsed(StringRef text) {
  context.loadDialect<mlir::LLVM::LLVMDialect>();
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
}

Expected<Buffers> emitAll(mlir::ModuleOp module, const ModelInfo &info, const Target &target,
                          const EmitOptions &options) {
  Buffers all;
  for (const CpuLevel &level : target.levels) {
    Expected<Buffers> objects = emitObject(module, target, level, options);
    if (!objects)
      return objects.takeError();
    llvm::move(*objects, std::back_inserter(all));
  }
  Expected<Buffers> runtime = runtimeObjects(info, target);
  if (!runtime)
    return runtime.takeError();
  llvm::move(*runtime, std::back_inserter(all));
  return all;
}

Error buildLibrary(StringRef moduleText, const ModelInfo &info, StringRef cpu, StringRef path, unsigned threads) {
  Parsed parsed(moduleText);
  if (!parsed.module)
    return createStringError("the test's module does not parse");
  // The element types of the infos belong to the context of the module.
  ModelInfo typed = info;
  for (auto *values : {&typed.inputs, &typed.outputs})
    for (ValueInfo &value : *values)
      value.elementType = mlir::Float32Type::get(&parsed.context);
  Expected<Target> target = Target::parse("", cpu);
  if (!target)
    return target.takeError();
  EmitOptions options;
  options.modelName = info.name;
  options.threads = threads;
  Expected<Buffers> objects = emitAll(*parsed.module, typed, *target, options);
  if (!objects)
    return objects.takeError();
  return linkShared({*objects, "", info.name, threads}, *target, path);
}

Library::Library(StringRef path, StringRef name) {
  handle = dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle)
    model = static_cast<const nnc_model *>(dlsym(handle, (name + "_model").str().c_str()));
  if (!model)
    error = dlerror();
}

Library::~Library() {
  if (handle)
    dlclose(handle);
}

DLTensor f32Tensor(float *data, int64_t *shape, int32_t rank) {
  DLTensor tensor = {};
  tensor.data = data;
  tensor.device.device_type = kDLCPU;
  tensor.ndim = rank;
  tensor.dtype = {kDLFloat, 32, 1};
  tensor.shape = shape;
  return tensor;
}

} // namespace nnc::test
