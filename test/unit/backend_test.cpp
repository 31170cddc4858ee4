// Targets, objects, weights, links, archives and headers.

#include "TinyModel.h"

#include "compiler/Archive.h"
#include "compiler/Header.h"
#include "compiler/Link.h"
#include "compiler/RuntimeObject.h"
#include "compiler/WeightsObject.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>

using namespace llvm;
using namespace nnc;
using namespace nnc::test;

namespace {

std::string messageOf(Error error) { return toString(std::move(error)); }

#define ASSERT_OK(expression) ASSERT_EQ(messageOf(expression), "")

std::string readFile(const std::string &path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

std::vector<std::string> neededOf(const std::string &path) {
  std::vector<std::string> result;
  auto binary = object::ObjectFile::createObjectFile(path);
  if (!binary)
    return {messageOf(binary.takeError())};
  const auto &elf = cast<object::ELF64LEObjectFile>(*binary->getBinary()).getELFFile();
  auto entries = cantFail(elf.dynamicEntries());
  StringRef strings;
  for (const auto &section : cantFail(elf.sections()))
    if (section.sh_type == ELF::SHT_DYNSYM)
      strings = cantFail(elf.getStringTableForSymtab(section));
  for (const auto &entry : entries)
    if (entry.d_tag == ELF::DT_NEEDED)
      result.push_back(strings.data() + entry.d_un.d_val);
  return result;
}

std::vector<std::string> exportsOf(const std::string &path) {
  std::vector<std::string> result;
  auto binary = object::ObjectFile::createObjectFile(path);
  if (!binary)
    return {messageOf(binary.takeError())};
  for (const object::ELFSymbolRef symbol :
       cast<object::ELFObjectFileBase>(binary->getBinary())->getDynamicSymbolIterators())
    if (!(cantFail(symbol.getFlags()) & object::SymbolRef::SF_Undefined))
      result.push_back(cantFail(symbol.getName()).str());
  return result;
}

TEST(Target, DefaultLevelsOfX86) {
  Expected<Target> target = Target::parse("x86_64-linux-gnu", "");
  ASSERT_TRUE(bool(target));
  ASSERT_EQ(target->levels.size(), 2u);
  const CpuLevel &v3 = target->levels[0], &v4 = target->levels[1];
  EXPECT_EQ(v3.name, "x86-64-v3");
  EXPECT_EQ(v3.suffix, "v3");
  EXPECT_EQ(v3.vectorBits, 256u);
  EXPECT_TRUE(v3.has("fma"));
  EXPECT_FALSE(v3.has("avx512f"));
  EXPECT_EQ(v4.vectorBits, 512u);
  EXPECT_TRUE(v4.has("avx512vl"));
  EXPECT_FALSE(v4.has("avx512vnni"));
  EXPECT_NE(v3.requiredFeatures, v4.requiredFeatures);
  EXPECT_EQ(v3.requiredFeatures & ~v4.requiredFeatures, 0u);
}

TEST(Target, LevelsForProductsOfBytes) {
  Expected<Target> target = Target::parse("x86_64-linux-gnu", "", {.bytes = true});
  ASSERT_TRUE(bool(target));
  ASSERT_EQ(target->levels.size(), 4u);
  EXPECT_EQ(target->levels[0].byteSums, 2u);
  EXPECT_EQ(target->levels[1].suffix, "v3_vnni");
  EXPECT_TRUE(target->levels[1].has("avxvnni"));
  EXPECT_EQ(target->levels[1].byteSums, 4u);
  EXPECT_EQ(target->levels[2].name, "x86-64-v4-vnni");
  EXPECT_TRUE(target->levels[2].has("avx512vnni"));
  EXPECT_EQ(target->levels[2].byteSums, 4u);
  EXPECT_FALSE(target->levels[2].matrixUnit);
  // What the matrix unit has no part in is the same on Intel's servers.
  EXPECT_EQ(target->levels[3].name, "x86-64-v4-amx");
  EXPECT_TRUE(target->levels[3].matrixUnit);
  EXPECT_TRUE(target->levels[3].twoMultipliers);
  EXPECT_EQ(target->levels[3].lender, "v4_vnni");
  EXPECT_EQ(target->levels[2].requiredFeatures & ~target->levels[3].requiredFeatures, 0u);
  Expected<Target> arm = Target::parse("aarch64-linux-gnu", "", {.bytes = true, .brains = true});
  ASSERT_TRUE(bool(arm));
  EXPECT_EQ(arm->levels.size(), 1u);
}

TEST(Target, LevelsForDenseProducts) {
  Expected<Target> target = Target::parse("x86_64-linux-gnu", "", {.dense = true});
  ASSERT_TRUE(bool(target));
  ASSERT_EQ(target->levels.size(), 3u);
  const CpuLevel &v4 = target->levels[1], &intel = target->levels[2];
  EXPECT_FALSE(v4.twoMultipliers);
  EXPECT_EQ(v4.lender, "");
  EXPECT_EQ(intel.name, "x86-64-v4-intel");
  EXPECT_TRUE(intel.twoMultipliers);
  EXPECT_EQ(intel.lender, "v4");
  EXPECT_EQ(intel.enabledFeatures, v4.enabledFeatures);
  EXPECT_EQ(v4.requiredFeatures & ~intel.requiredFeatures, 0u);
  EXPECT_NE(v4.requiredFeatures, intel.requiredFeatures);
  // Where it stands alone, or beside a level with other instructions, all its kernels are its own.
  Expected<Target> alone = Target::parse("x86_64-linux-gnu", "x86-64-v3,x86-64-v4-intel");
  ASSERT_TRUE(bool(alone));
  EXPECT_EQ(alone->levels[1].lender, "");
  Expected<Target> named = Target::parse("x86_64-linux-gnu", "sapphirerapids,znver4,haswell");
  ASSERT_TRUE(bool(named));
  EXPECT_TRUE(named->levels[0].twoMultipliers);
  EXPECT_FALSE(named->levels[1].twoMultipliers);
  EXPECT_FALSE(named->levels[2].twoMultipliers);
}

TEST(Target, LevelsForProductsOfBf16) {
  Expected<Target> target = Target::parse("x86_64-linux-gnu", "", {.brains = true});
  ASSERT_TRUE(bool(target));
  ASSERT_EQ(target->levels.size(), 3u);
  EXPECT_FALSE(target->levels[1].brainPairs);
  EXPECT_EQ(target->levels[2].name, "x86-64-v4-bf16");
  EXPECT_EQ(target->levels[2].suffix, "v4_bf16");
  EXPECT_TRUE(target->levels[2].brainPairs);
  EXPECT_EQ(target->levels[1].requiredFeatures & ~target->levels[2].requiredFeatures, 0u);
  Expected<Target> both = Target::parse("x86_64-linux-gnu", "", {.bytes = true, .brains = true});
  ASSERT_TRUE(bool(both));
  ASSERT_EQ(both->levels.size(), 5u);
  EXPECT_EQ(both->levels[3].byteSums, 4u);
  EXPECT_TRUE(both->levels[4].brainPairs);
  EXPECT_EQ(both->levels[4].lender, "v4_bf16");
}

TEST(Target, CrossTargetsAndNamedCpus) {
  for (StringRef triple : {"aarch64-linux-gnu", "riscv64-linux-gnu", "aarch64", "x86_64"}) {
    Expected<Target> target = Target::parse(triple, "");
    EXPECT_TRUE(bool(target)) << messageOf(target.takeError());
  }
  Expected<Target> zen = Target::parse("x86_64-linux-gnu", "x86-64-v3,znver4");
  ASSERT_TRUE(bool(zen));
  EXPECT_EQ(zen->levels[1].suffix, "znver4");
  EXPECT_TRUE(zen->levels[1].has("avx512vnni"));
  Expected<Target> native = Target::parse("", "native");
  ASSERT_TRUE(bool(native));
  EXPECT_EQ(native->levels[0].suffix, "native");
}

TEST(Target, Errors) {
  EXPECT_EQ(messageOf(Target::parse("x86_64-linux-gnu", "pentium9").takeError()),
            "unknown CPU 'pentium9' for x86_64-unknown-linux-gnu");
  EXPECT_EQ(messageOf(Target::parse("x86_64-linux-gnu", "x86-64-v3,x86-64-v3").takeError()),
            "CPU level 'x86-64-v3' is named twice");
  EXPECT_NE(messageOf(Target::parse("sparc-linux-gnu", "").takeError()).find("unsupported target"),
            std::string::npos);
  EXPECT_NE(messageOf(Target::parse("x86_64-windows-msvc", "").takeError()).find("unsupported target"),
            std::string::npos);
}

TEST(Model, Names) {
  EXPECT_EQ(checkModelName("resnet_50"), "");
  EXPECT_NE(checkModelName(""), "");
  EXPECT_NE(checkModelName("50resnet"), "");
  EXPECT_NE(checkModelName("res-net"), "");
}

TEST(Link, SharedLibraryNeedsLibcAndExportsOneSymbol) {
  TemporaryFolder folder;
  std::string path = folder / "model.so";
  ASSERT_OK(buildLibrary(addOneModule(), addOneInfo("tiny"), "", path));
  EXPECT_EQ(neededOf(path), std::vector<std::string>{"libc.so.6"});
  EXPECT_EQ(exportsOf(path), std::vector<std::string>{"tiny_model"});
  EXPECT_EQ(folder.files(), std::vector<std::string>{"model.so"});
}

/// Many functions, so that the module splits into several files.
std::string manyKernels() {
  std::string text = addOneModule().str();
  raw_string_ostream out(text);
  for (unsigned k = 0; k < 40; ++k) {
    out << "llvm.func @filler" << k << "(%p: !llvm.ptr, %i: i64) {\n  %v0 = llvm.load %p : !llvm.ptr -> i64\n";
    for (unsigned i = 0; i < 200; ++i)
      out << "  %v" << i + 1 << " = llvm." << (i % 2 ? "xor" : "mul") << " %v" << i << ", %i : i64\n";
    out << "  llvm.store %v200, %p : i64, !llvm.ptr\n  llvm.return\n}\n";
  }
  return text;
}

TEST(Link, SameBytesWhateverTheThreadsAndTheFolder) {
  TemporaryFolder one, two;
  std::string text = manyKernels();
  ASSERT_OK(buildLibrary(text, addOneInfo("tiny"), "", one / "a.so", 1));
  ASSERT_OK(buildLibrary(text, addOneInfo("tiny"), "", two / "b.so", 2));
  std::string bytes = readFile(one / "a.so");
  EXPECT_FALSE(bytes.empty());
  EXPECT_TRUE(bytes == readFile(two / "b.so"));
}

TEST(Link, PartsOfOneLevelAreSeveralFiles) {
  Parsed parsed(manyKernels());
  Expected<Target> target = Target::parse("", "x86-64-v3");
  ASSERT_TRUE(bool(target));
  EmitOptions options;
  options.modelName = "tiny";
  Expected<Buffers> objects = emitObject(*parsed.module, *target, target->levels[0], options);
  ASSERT_TRUE(bool(objects)) << messageOf(objects.takeError());
  EXPECT_GT(objects->size(), 1u);
}

TEST(Link, LeavesNothingBehindOnFailure) {
  TemporaryFolder folder;
  std::string text = addOneModule().str();
  text += "llvm.func @nncrt_nonsense()\n"
          "llvm.func @user() { llvm.call @nncrt_nonsense() : () -> ()\n llvm.return }\n";
  // Reachable from the entry, so that it is not dropped.
  size_t at = text.find("%in = llvm.load %run");
  text.insert(at, "llvm.call @user() : () -> ()\n  ");
  std::string message = messageOf(buildLibrary(text, addOneInfo("tiny"), "", folder / "model.so"));
  EXPECT_EQ(message, "cannot link: undefined hidden symbol: tiny__nncrt_nonsense");
  EXPECT_TRUE(folder.files().empty());
  // lld runs again after an error.
  ASSERT_OK(buildLibrary(addOneModule(), addOneInfo("tiny"), "", folder / "model.so"));
}

TEST(Link, UnwritableFolder) {
  std::string message = messageOf(buildLibrary(addOneModule(), addOneInfo("tiny"), "", "/nonexistent/model.so"));
  EXPECT_NE(message.find("/nonexistent/model.so"), std::string::npos) << message;
}

TEST(Link, OutputMustBeARegularFile) {
  EXPECT_EQ(messageOf(buildLibrary(addOneModule(), addOneInfo("tiny"), "", "/dev/null")),
            "'/dev/null' is not a regular file");
}

TEST(Emit, EveryOptimizationLevel) {
  Parsed parsed(manyKernels());
  Expected<Target> target = Target::parse("", "x86-64,x86-64-v4");
  ASSERT_TRUE(bool(target));
  for (unsigned optLevel : {0, 1, 2, 3})
    for (const CpuLevel &level : target->levels) {
      EmitOptions options;
      options.modelName = "tiny";
      options.optLevel = optLevel;
      Expected<Buffers> objects = emitObject(*parsed.module, *target, level, options);
      EXPECT_TRUE(bool(objects)) << messageOf(objects.takeError());
    }
}

TEST(Emit, ModulesWithoutAnEntryAreErrors) {
  Parsed parsed("llvm.func @kernel() { llvm.return }");
  Expected<Target> target = Target::parse("", "");
  ASSERT_TRUE(bool(target));
  EmitOptions options;
  options.modelName = "tiny";
  EXPECT_EQ(messageOf(emitObject(*parsed.module, *target, target->levels[0], options).takeError()),
            "the module has no function '__entry'");
}

TEST(Emit, CallsToLibmAreErrors) {
  std::string text = addOneModule().str();
  size_t at = text.find("%s = llvm.fadd");
  text.insert(at, "%w = llvm.intr.sin(%v) : (f32) -> f32\n  ");
  text.replace(text.find("%s = llvm.fadd %v"), 17, "%s = llvm.fadd %w");
  TemporaryFolder folder;
  std::string message = messageOf(buildLibrary(text, addOneInfo("tiny"), "x86-64-v3", folder / "model.so"));
  EXPECT_EQ(message, "the code for x86-64-v3 needs 'sinf', which a model cannot call");
}

TEST(Emit, TextKinds) {
  Parsed parsed(addOneModule());
  Expected<Target> target = Target::parse("x86_64-linux-gnu", "x86-64-v3");
  ASSERT_TRUE(bool(target));
  EmitOptions options;
  options.modelName = "tiny";
  options.kind = EmitKind::Assembly;
  Expected<Buffers> assembly = emitObject(*parsed.module, *target, target->levels[0], options);
  ASSERT_TRUE(bool(assembly)) << messageOf(assembly.takeError());
  EXPECT_TRUE((*assembly)[0]->getBuffer().contains("tiny__entry_v3:"));
  EXPECT_TRUE((*assembly)[0]->getBuffer().contains("ymm"));
  options.kind = EmitKind::LLVMIR;
  Expected<Buffers> ir = emitObject(*parsed.module, *target, target->levels[0], options);
  ASSERT_TRUE(bool(ir));
  EXPECT_TRUE((*ir)[0]->getBuffer().contains("@tiny__entry_v3(ptr"));
}

TEST(Emit, CrossTargetsLink) {
  for (StringRef triple : {"aarch64-linux-gnu", "riscv64-linux-gnu"}) {
    TemporaryFolder folder;
    Parsed parsed(addOneModule());
    ModelInfo info = addOneInfo("tiny");
    info.weightBytes = 4;
    info.inputs[0].elementType = info.outputs[0].elementType = mlir::Float32Type::get(&parsed.context);
    Expected<Target> target = Target::parse(triple, "");
    ASSERT_TRUE(bool(target));
    EmitOptions options;
    options.modelName = "tiny";
    Expected<Buffers> objects = emitAll(*parsed.module, info, *target, options);
    ASSERT_TRUE(bool(objects)) << messageOf(objects.takeError());
    ASSERT_OK(linkShared({*objects, "", "tiny", 1, 4, {}}, *target, folder / "model.so"));
    EXPECT_EQ(neededOf(folder / "model.so"), std::vector<std::string>{"libc.so.6"});
    EXPECT_EQ(exportsOf(folder / "model.so"), std::vector<std::string>{"tiny_model"});
  }
}

/// y[0] = the first weight + x[0] (the symbol), y[1] = the last weight + x[1] (the pointer in the run).
constexpr const char *weightsModule = R"mlir(
llvm.func @nncrt_output(!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
llvm.mlir.global external constant @__weights() : !llvm.array<0 x i8>
llvm.func @__entry(%run: !llvm.ptr) -> i32 {
  %c0 = llvm.mlir.constant(0 : i32) : i32
  %c1 = llvm.mlir.constant(1 : i32) : i32
  %pd = llvm.getelementptr %run[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %dims = llvm.load %pd : !llvm.ptr -> !llvm.ptr
  %shape = llvm.load %dims : !llvm.ptr -> !llvm.ptr
  %y = llvm.call @nncrt_output(%run, %c0, %c1, %shape) : (!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
  %sym = llvm.mlir.addressof @__weights : !llvm.ptr
  %w0 = llvm.load %sym : !llvm.ptr -> f32
  llvm.store %w0, %y : f32, !llvm.ptr
  %pw = llvm.getelementptr %run[3] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %base = llvm.load %pw : !llvm.ptr -> !llvm.ptr
  %pl = llvm.getelementptr %base[2047] : (!llvm.ptr) -> !llvm.ptr, f32
  %w1 = llvm.load %pl : !llvm.ptr -> f32
  %y1 = llvm.getelementptr %y[1] : (!llvm.ptr) -> !llvm.ptr, f32
  llvm.store %w1, %y1 : f32, !llvm.ptr
  llvm.return %c0 : i32
}
)mlir";

/// The alignment of the segment that holds the weights.
uint64_t pageSizeOf(const std::string &path) {
  auto binary = object::ObjectFile::createObjectFile(path);
  if (!binary)
    return consumeError(binary.takeError()), 0;
  for (const auto &header :
       cantFail(cast<object::ELF64LEObjectFile>(*binary->getBinary()).getELFFile().program_headers()))
    if (header.p_type == ELF::PT_LOAD)
      return header.p_align;
  return 0;
}

/// A model with so many bytes of weights, of which it reads the first element and one more.
void expectWeightsReach(uint64_t bytes, uint64_t pageSize) {
  TemporaryFolder folder;
  Parsed parsed(weightsModule);
  ASSERT_TRUE(bool(parsed.module));
  ModelInfo info = addOneInfo("weighted");
  info.weightBytes = bytes;
  info.inputs[0].elementType = info.outputs[0].elementType = mlir::Float32Type::get(&parsed.context);
  Expected<Target> target = Target::parse("", "");
  ASSERT_TRUE(bool(target));
  EmitOptions options;
  options.modelName = info.name;
  Expected<Buffers> objects = emitAll(*parsed.module, info, *target, options);
  ASSERT_TRUE(bool(objects)) << messageOf(objects.takeError());
  float first = 3.5f, last = -7.0f;
  WeightsChunk chunks[] = {{0, ArrayRef((const char *)&first, 4)}, {8188, ArrayRef((const char *)&last, 4)}};
  ASSERT_OK(linkShared({*objects, "", info.name, 1, bytes, chunks}, *target, folder / "model.so"));
  EXPECT_EQ(pageSizeOf(folder / "model.so"), pageSize);

  Library library(folder / "model.so", info.name);
  ASSERT_TRUE(library.model) << library.error;
  EXPECT_EQ(library.model->weight_bytes, bytes);
  nnc_context *context = nullptr;
  ASSERT_EQ(nnc_create(library.model, nullptr, &context), NNC_OK);
  float x[2] = {}, y[2] = {};
  int64_t shape[] = {2};
  DLTensor in = f32Tensor(x, shape, 1), out = f32Tensor(y, shape, 1);
  EXPECT_EQ(nnc_run(context, &in, &out), NNC_OK);
  EXPECT_EQ(y[0], first);
  EXPECT_EQ(y[1], last);
  nnc_destroy(context);
}

TEST(Weights, ReachTheModel) { expectWeightsReach(8192, 4096); }

TEST(Weights, LieInLargePagesWhereTheyAreMany) { expectWeightsReach(16 << 20, 2 << 20); }

TEST(Weights, BadChunks) {
  TemporaryFolder folder;
  Triple triple("x86_64-unknown-linux-gnu");
  char byte[16] = {};
  WeightsChunk overlapping[] = {{0, ArrayRef(byte, 8)}, {4, ArrayRef(byte, 8)}};
  EXPECT_NE(messageOf(writeWeightsObject(folder / "w.o", triple, "m", 64, overlapping)), "");
  WeightsChunk outside[] = {{60, ArrayRef(byte, 8)}};
  EXPECT_NE(messageOf(writeWeightsObject(folder / "w.o", triple, "m", 64, outside)), "");
}

/// Writes `<name>.a` of the add-one model.
void archiveAddOne(const std::string &name, const std::string &path) {
  Parsed parsed(addOneModule());
  ModelInfo info = addOneInfo(name);
  info.inputs[0].elementType = info.outputs[0].elementType = mlir::Float32Type::get(&parsed.context);
  Expected<Target> target = Target::parse("", "");
  ASSERT_TRUE(bool(target));
  EmitOptions options;
  options.modelName = name;
  Expected<Buffers> objects = emitAll(*parsed.module, info, *target, options);
  ASSERT_TRUE(bool(objects)) << messageOf(objects.takeError());
  ASSERT_OK(writeArchive({*objects, "", name, 1}, path));
  std::ofstream(StringRef(path).drop_back(2).str() + ".h") << cantFail(modelHeader(info));
}

TEST(Archive, TwoModelsInOneProgram) {
  if (std::system("cc --version > /dev/null 2>&1"))
    GTEST_SKIP() << "no C compiler";
  TemporaryFolder folder;
  archiveAddOne("left", folder / "left.a");
  archiveAddOne("right", folder / "right.a");
  std::ofstream(folder / "main.c") << R"(
#include "left.h"
#include "right.h"
static int check(const nnc_model *model, nnc_status (*run)(nnc_context *, const float *, int64_t, float *)) {
  nnc_options options = {0};
  options.threads = 2;
  nnc_context *ctx;
  float x[100], y[100];
  for (int i = 0; i < 100; ++i) x[i] = (float)i;
  if (nnc_create(model, &options, &ctx) || run(ctx, x, 100, y)) return 1;
  nnc_destroy(ctx);
  for (int i = 0; i < 100; ++i) if (y[i] != i + 1) return 1;
  return 0;
}
int main(void) { return check(&left_model, left_run) | check(&right_model, right_run); }
)";
  std::string build = "cd " + (folder / "") + " && cc -std=c11 -Wall -Wextra -Werror -I" NNC_SOURCE_DIR
                      "/runtime/include main.c left.a right.a -o main";
  ASSERT_EQ(std::system((build + " && ./main").c_str()), 0);
  EXPECT_EQ(std::system((build + " -static && ./main").c_str()), 0);
}

TEST(Header, StaticAndUnknownShapes) {
  mlir::MLIRContext context;
  ModelInfo info;
  info.name = "net";
  ValueInfo image;
  image.name = "input.1";
  image.elementType = mlir::Float32Type::get(&context);
  image.dims = {1, 3, 8, 8};
  ValueInfo ids;
  ids.name = "int";
  ids.elementType = mlir::IntegerType::get(&context, 64);
  ids.dims = {-1};
  ids.symbols = {"batch"};
  info.inputs = {image, ids};
  ValueInfo found = ids;
  found.name = "found";
  found.symbols = {"count"};
  info.outputs = {ids, found};
  info.outputs[0].name = "scores";
  Expected<std::string> header = modelHeader(info);
  ASSERT_TRUE(bool(header));
  EXPECT_NE(header->find("static inline nnc_status net_run(nnc_context *ctx, const float *input_1, const int64_t "
                         "*int_1, int64_t batch, int64_t *scores, DLTensor *found) {"),
            std::string::npos)
      << *header;
}

TEST(Runtime, UnknownElementTypeIsAnError) {
  mlir::MLIRContext context;
  ModelInfo info = addOneInfo("tiny");
  info.inputs[0].elementType = info.outputs[0].elementType = mlir::IndexType::get(&context);
  Expected<Target> target = Target::parse("", "");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(messageOf(runtimeObjects(info, *target).takeError()),
            "'x' has the element type index, which cannot cross the border of a model");
}

} // namespace
