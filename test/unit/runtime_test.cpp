// The runtime inside a compiled model, through nnc.h.

#include "TinyModel.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <thread>

using namespace llvm;
using namespace nnc;
using namespace nnc::test;

// Counts every allocation of the process while it is switched on: the models under test call posix_memalign, which
// the executable's definition replaces.
static std::atomic<bool> countAllocations{false};
static std::atomic<long> allocations{0};

extern "C" int posix_memalign(void **result, size_t alignment, size_t size) noexcept {
  if (countAllocations)
    ++allocations;
  *result = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  return *result ? 0 : 12;
}

namespace {

/// The add-one model, built once for all tests.
const nnc_model *addOne() {
  static TemporaryFolder folder;
  static Library library = [] {
    Error error = buildLibrary(addOneModule(), addOneInfo("tiny"), "", folder / "tiny.so");
    EXPECT_FALSE(bool(error)) << toString(std::move(error));
    return Library(folder / "tiny.so", "tiny");
  }();
  EXPECT_TRUE(library.model) << library.error;
  return library.model;
}

/// A context that is destroyed with the test.
struct Context {
  explicit Context(int threads = 1) {
    nnc_options options = {};
    options.threads = threads;
    create(options);
  }
  explicit Context(const nnc_options &options) { create(options); }
  ~Context() { nnc_destroy(ctx); }
  void create(const nnc_options &options) { EXPECT_EQ(nnc_create(addOne(), &options, &ctx), NNC_OK); }
  nnc_context *ctx = nullptr;
};

/// An input of n elements 0, 1, 2, ... and an output of zeros.
struct Data {
  explicit Data(int64_t n) : x(n), y(n), n(n) {
    for (int64_t i = 0; i < n; ++i)
      x[i] = float(i);
    in = f32Tensor(x.data(), &this->n, 1);
    out = f32Tensor(y.data(), &this->n, 1);
  }
  Data(const Data &) = delete;
  bool isRight(const float *result) const {
    for (int64_t i = 0; i < n; ++i)
      if (result[i] != x[i] + 1)
        return false;
    return true;
  }
  std::vector<float> x, y;
  int64_t n;
  DLTensor in, out;
};

TEST(Descriptor, SaysWhatTheModelIs) {
  const nnc_model *model = addOne();
  ASSERT_TRUE(model);
  EXPECT_EQ(model->abi_version, unsigned(NNC_ABI_VERSION));
  EXPECT_STREQ(model->name, "tiny");
  ASSERT_EQ(model->num_inputs, 1);
  ASSERT_EQ(model->num_outputs, 1);
  EXPECT_STREQ(model->inputs[0].name, "x");
  EXPECT_EQ(model->inputs[0].dtype.code, kDLFloat);
  EXPECT_EQ(model->inputs[0].dtype.bits, 32);
  EXPECT_EQ(model->inputs[0].ndim, 1);
  EXPECT_EQ(model->inputs[0].dims[0], -1);
  EXPECT_STREQ(model->inputs[0].symbols[0], "n");
  EXPECT_STREQ(model->outputs[0].name, "y");
  EXPECT_EQ(model->scratch_bytes, 256u);
  EXPECT_EQ(model->weight_bytes, 0u);
  EXPECT_STREQ(model->cpu_levels[0], "x86-64-v3");
  EXPECT_STREQ(model->cpu_levels[1], "x86-64-v4");
  EXPECT_EQ(model->cpu_levels[2], nullptr);
  EXPECT_EQ(model->minor_version, unsigned(NNC_ABI_MINOR_VERSION));
  ASSERT_EQ(model->num_groups, 1);
  EXPECT_STREQ(model->groups[0].nodes, "add");
  EXPECT_STREQ(model->groups[0].op, "elementwise");
  EXPECT_STREQ(model->groups[0].kernel, "kernel");
  EXPECT_EQ(model->groups[0].flops, 5);
  EXPECT_EQ(model->groups[0].bytes, -1);
  EXPECT_STREQ(model->producer, "nnc " NNC_VERSION);
  EXPECT_STREQ(nnc_cpu_level(model), __builtin_cpu_supports("avx512vl") ? "x86-64-v4" : "x86-64-v3");
}

TEST(Create, Errors) {
  nnc_context *ctx = nullptr;
  nnc_options options = {};
  EXPECT_EQ(nnc_create(nullptr, nullptr, &ctx), NNC_INVALID_ARGUMENT);
  EXPECT_EQ(nnc_create(addOne(), nullptr, nullptr), NNC_INVALID_ARGUMENT);
  options.threads = -1;
  EXPECT_EQ(nnc_create(addOne(), &options, &ctx), NNC_INVALID_ARGUMENT);
  alignas(64) char scratch[512];
  options.threads = 1;
  options.scratch = scratch;
  options.scratch_size = 100;
  EXPECT_EQ(nnc_create(addOne(), &options, &ctx), NNC_INVALID_ARGUMENT);
  options.scratch = scratch + 8;
  options.scratch_size = 400;
  EXPECT_EQ(nnc_create(addOne(), &options, &ctx), NNC_INVALID_ARGUMENT);
  EXPECT_EQ(ctx, nullptr);
  options.scratch = scratch;
  EXPECT_EQ(nnc_create(addOne(), &options, &ctx), NNC_OK);
  nnc_destroy(ctx);
  nnc_destroy(nullptr);
  EXPECT_EQ(nnc_run(nullptr, nullptr, nullptr), NNC_INVALID_ARGUMENT);
  EXPECT_STREQ(nnc_error(nullptr), "");
}

TEST(Create, NoCodeForThisCpu) {
  if (__builtin_cpu_supports("avx512fp16"))
    GTEST_SKIP() << "this CPU has every feature";
  TemporaryFolder folder;
  Error error = buildLibrary(addOneModule(), addOneInfo("future"), "sapphirerapids", folder / "future.so");
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  Library library(folder / "future.so", "future");
  ASSERT_TRUE(library.model) << library.error;
  nnc_context *ctx = nullptr;
  EXPECT_EQ(nnc_create(library.model, nullptr, &ctx), NNC_UNSUPPORTED_CPU);
  EXPECT_EQ(ctx, nullptr);
  EXPECT_EQ(nnc_cpu_level(library.model), nullptr);
}

TEST(Run, AnyThreadsAnySize) {
  for (int threads : {0, 1, 2, 3, 8}) {
    Context context(threads);
    for (int64_t n : {0, 1, 15, 31, 32, 33, 1000, 100003}) {
      Data data(n);
      ASSERT_EQ(nnc_run(context.ctx, &data.in, &data.out), NNC_OK) << nnc_error(context.ctx);
      EXPECT_TRUE(data.isRight(data.y.data())) << threads << " threads, " << n << " elements";
      DLTensor provided = {};
      ASSERT_EQ(nnc_run(context.ctx, &data.in, &provided), NNC_OK) << nnc_error(context.ctx);
      ASSERT_EQ(provided.ndim, 1);
      EXPECT_EQ(provided.shape[0], n);
      EXPECT_EQ(provided.dtype.bits, 32);
      EXPECT_TRUE(data.isRight(static_cast<float *>(provided.data)));
    }
  }
}

TEST(Run, PoolSurvivesManyForksAndPauses) {
  Context context(2);
  Data data(4096);
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(nnc_run(context.ctx, &data.in, &data.out), NNC_OK);
    if (i % 1000 == 0) {
      ASSERT_TRUE(data.isRight(data.y.data()));
      std::fill(data.y.begin(), data.y.end(), 0.0f);
      std::this_thread::sleep_for(std::chrono::milliseconds(2)); // the worker falls asleep
    }
  }
  EXPECT_TRUE(data.isRight(data.y.data()));
}

TEST(Run, IdlePoolUsesNoCpu) {
  Context context(4);
  Data data(100003);
  ASSERT_EQ(nnc_run(context.ctx, &data.in, &data.out), NNC_OK);
  std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  // The CPU time of all threads; one that went on spinning would use the whole half second.
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 10);
}

TEST(Run, ApplicationThreads) {
  static std::atomic<int> tasks;
  tasks = 0;
  nnc_options options = {};
  options.threads = 3;
  int user = 7;
  options.parallel_for_user = &user;
  options.parallel_for = [](void *user, nnc_task body, void *arg, int64_t count) {
    EXPECT_EQ(*static_cast<int *>(user), 7);
    for (int64_t i = count; i-- > 0;) {
      ++tasks;
      body(arg, i);
    }
  };
  Context context(options);
  Data data(1000);
  ASSERT_EQ(nnc_run(context.ctx, &data.in, &data.out), NNC_OK);
  EXPECT_EQ(tasks, 3);
  EXPECT_TRUE(data.isRight(data.y.data()));
}

/// Runs with a changed input or output and returns the message of the INVALID_ARGUMENT that this gives.
template <typename Change> std::string rejection(Change change) {
  Context context;
  Data data(8);
  int64_t strides[1] = {1};
  data.in.strides = strides;
  change(data);
  nnc_status status = nnc_run(context.ctx, &data.in, &data.out);
  EXPECT_EQ(status, NNC_INVALID_ARGUMENT);
  return nnc_error(context.ctx);
}

TEST(Run, WrongTensors) {
  EXPECT_EQ(rejection([](Data &d) { d.in.data = nullptr; }), "input 'x': the data is a null pointer");
  EXPECT_EQ(rejection([](Data &d) { d.in.device.device_type = kDLCUDA; }),
            "input 'x': the tensor is not in CPU memory");
  EXPECT_EQ(rejection([](Data &d) { d.in.dtype.bits = 64; }),
            "input 'x': the element type is float64, expected float32");
  EXPECT_EQ(rejection([](Data &d) { d.in.ndim = 2; }), "input 'x': the rank is 2, expected 1");
  EXPECT_EQ(rejection([](Data &d) { d.in.shape = nullptr; }), "input 'x': the shape is a null pointer");
  EXPECT_EQ(rejection([](Data &d) { d.n = -3; }), "input 'x': dim 0 has the negative size -3");
  EXPECT_EQ(rejection([](Data &d) { d.in.strides[0] = 2; }),
            "input 'x': the strides do not describe a dense row-major tensor");
  EXPECT_EQ(rejection([](Data &d) { d.in.byte_offset = 2; }),
            "input 'x': the data at offset 2 is not aligned to bytes: 4");
  EXPECT_EQ(rejection([](Data &d) { d.out.dtype.code = kDLInt; }),
            "output 'y': the element type is int32, expected float32");
  EXPECT_EQ(rejection([](Data &d) {
              static int64_t seven = 7;
              d.out.shape = &seven;
            }),
            "output 'y': dim 0 is 7, expected 8 (n, as in input 'x')");
  EXPECT_EQ(rejection([](Data &d) { d.out.data = d.x.data() + 1; }), "output 'y': the buffer overlaps input 'x'");
  EXPECT_EQ(rejection([](Data &d) { d.n = INT64_MAX; }), "input 'x': the tensor is larger than the address space");
  Context context;
  Data data(8);
  EXPECT_EQ(nnc_run(context.ctx, nullptr, &data.out), NNC_INVALID_ARGUMENT);
  EXPECT_STREQ(nnc_error(context.ctx), "the array of inputs is a null pointer");
  EXPECT_EQ(nnc_run(context.ctx, &data.in, nullptr), NNC_INVALID_ARGUMENT);
}

TEST(Run, ByteOffsetAndDenseStrides) {
  Context context;
  Data data(8);
  std::vector<float> shifted(9);
  std::copy(data.x.begin(), data.x.end(), shifted.begin() + 1);
  int64_t strides[] = {1};
  data.in.data = shifted.data();
  data.in.byte_offset = 4;
  data.in.strides = strides;
  ASSERT_EQ(nnc_run(context.ctx, &data.in, &data.out), NNC_OK) << nnc_error(context.ctx);
  EXPECT_TRUE(data.isRight(data.y.data()));
}

TEST(Run, FailureOfTheModelAndErrorsPerThread) {
  Context context(2);
  Data bad(8), good(8);
  bad.x[0] = 1000;
  EXPECT_EQ(nnc_run(context.ctx, &bad.in, &bad.out), NNC_RUNTIME_ERROR);
  EXPECT_STREQ(nnc_error(context.ctx), "element 0 is 1000");
  std::thread([&] {
    EXPECT_STREQ(nnc_error(context.ctx), "");
    EXPECT_EQ(nnc_run(context.ctx, nullptr, &good.out), NNC_INVALID_ARGUMENT);
    EXPECT_STREQ(nnc_error(context.ctx), "the array of inputs is a null pointer");
  }).join();
  EXPECT_STREQ(nnc_error(context.ctx), "element 0 is 1000");
  EXPECT_EQ(nnc_run(context.ctx, &good.in, &good.out), NNC_OK);
  EXPECT_STREQ(nnc_error(context.ctx), "");
}

TEST(Run, ThreadsShareOneContext) {
  Context context(2);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Data data(1000 + 77 * t);
      for (int i = 0; i < 2000; ++i) {
        std::fill(data.y.begin(), data.y.end(), 0.0f);
        data.x[0] = i % 10 == t ? 1000 : 0;
        nnc_status expected = i % 10 == t ? NNC_RUNTIME_ERROR : NNC_OK;
        if (nnc_run(context.ctx, &data.in, &data.out) != expected)
          ++wrong;
        else if (expected == NNC_OK ? !data.isRight(data.y.data())
                                    : StringRef(nnc_error(context.ctx)) != "element 0 is 1000")
          ++wrong;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Run, AllocatesNothingInSteadyState) {
  Context context(2);
  Data data(5000);
  DLTensor provided = {};
  ASSERT_EQ(nnc_run(context.ctx, &data.in, &provided), NNC_OK);
  allocations = 0;
  countAllocations = true;
  for (int i = 0; i < 100; ++i) {
    nnc_run(context.ctx, &data.in, &data.out);
    DLTensor again = {};
    nnc_run(context.ctx, &data.in, &again);
  }
  countAllocations = false;
  EXPECT_EQ(allocations, 0);
  countAllocations = true;
  Context another;
  countAllocations = false;
  EXPECT_GT(allocations, 0) << "the counter must see the runtime's allocations";
}

// The conversions that these levels have no instruction for are calls to helpers in the runtime.
TEST(Run, NarrowFloatsOnOldCpus) {
  for (const char *type : {"f16", "bf16"})
    for (const char *cpu : {"x86-64", "x86-64-v3"}) {
      std::string text = addOneModule().str();
      std::string narrowed = std::string("%h = llvm.fptrunc %v : f32 to ") + type +
                             "\n  %w = llvm.fpext %h : " + type + " to f32\n  ";
      size_t at = text.find("%s = llvm.fadd %v");
      text.replace(at, 17, narrowed + "%s = llvm.fadd %w");
      TemporaryFolder folder;
      Error error = buildLibrary(text, addOneInfo("narrow"), cpu, folder / "narrow.so");
      ASSERT_FALSE(bool(error)) << toString(std::move(error));
      Library library(folder / "narrow.so", "narrow");
      ASSERT_TRUE(library.model) << library.error;
      nnc_context *ctx = nullptr;
      ASSERT_EQ(nnc_create(library.model, nullptr, &ctx), NNC_OK);
      Data data(100); // small integers: exact in either type
      EXPECT_EQ(nnc_run(ctx, &data.in, &data.out), NNC_OK);
      EXPECT_TRUE(data.isRight(data.y.data())) << type << " on " << cpu;
      nnc_destroy(ctx);
    }
}

/// A model that takes temporaries, loaded and with a context.
struct TemporariesModel {
  explicit TemporariesModel(StringRef body) {
    std::string declarations = R"mlir(
llvm.func @nncrt_alloc(!llvm.ptr, i64) -> !llvm.ptr
llvm.func @nncrt_free(!llvm.ptr, !llvm.ptr)
)mlir";
    Error error = buildLibrary(declarations + entryFunction(body), addOneInfo("temps"), "", folder / "temps.so");
    EXPECT_FALSE(bool(error)) << toString(std::move(error));
    library.emplace(folder / "temps.so", "temps");
    EXPECT_TRUE(library->model) << library->error;
    EXPECT_EQ(nnc_create(library->model, nullptr, &ctx), NNC_OK);
  }
  ~TemporariesModel() { nnc_destroy(ctx); }

  TemporaryFolder folder;
  std::optional<Library> library;
  nnc_context *ctx = nullptr;
};

/// y = x, through two temporaries of run-time size; the second reuses the first's memory after it was freed.
constexpr const char *temporaries = R"mlir(
  %c4 = llvm.mlir.constant(4 : i64) : i64
  %null = llvm.mlir.zero : !llvm.ptr
  %bytes = llvm.mul %n, %c4 : i64
  %a = llvm.call @nncrt_alloc(%run, %bytes) : (!llvm.ptr, i64) -> !llvm.ptr
  %failed = llvm.icmp "eq" %a, %null : !llvm.ptr
  llvm.cond_br %failed, ^exit, ^one
^one:
  "llvm.intr.memcpy"(%a, %x, %bytes) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  %b = llvm.call @nncrt_alloc(%run, %bytes) : (!llvm.ptr, i64) -> !llvm.ptr
  %failed2 = llvm.icmp "eq" %b, %null : !llvm.ptr
  llvm.cond_br %failed2, ^exit, ^two
^two:
  "llvm.intr.memcpy"(%b, %a, %bytes) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.call @nncrt_free(%run, %a) : (!llvm.ptr, !llvm.ptr) -> ()
  "llvm.intr.memcpy"(%y, %b, %bytes) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.br ^exit
^exit:
  llvm.return %c0 : i32
}
)mlir";

TEST(Run, TemporariesAreRecycled) {
  TemporariesModel model(temporaries);
  ASSERT_TRUE(model.ctx);
  for (int64_t n : {10, 5000, 3}) {
    Data data(n);
    ASSERT_EQ(nnc_run(model.ctx, &data.in, &data.out), NNC_OK);
    EXPECT_EQ(data.x, data.y);
    allocations = 0;
    countAllocations = true;
    ASSERT_EQ(nnc_run(model.ctx, &data.in, &data.out), NNC_OK);
    countAllocations = false;
    EXPECT_EQ(allocations, 0);
  }
  // A size that no machine has: one status, one message.
  float nothing;
  int64_t huge = INT64_MAX / 4;
  DLTensor in = f32Tensor(&nothing, &huge, 1), out = {};
  EXPECT_EQ(nnc_run(model.ctx, &in, &out), NNC_OUT_OF_MEMORY);
  EXPECT_TRUE(StringRef(nnc_error(model.ctx)).contains("out of memory")) << nnc_error(model.ctx);
}

/// y = x if what is asked for takes the smallest free block that is large enough: of 3, 5, 6 and 40 times n bytes, 4
/// times n get 5, then 5 get 6, then 7 get 40, and 2 get 3.
constexpr const char *bestFit = R"mlir(
  %zero = llvm.mlir.constant(0 : i64) : i64
  %two = llvm.mlir.constant(2 : i64) : i64
  %three = llvm.mlir.constant(3 : i64) : i64
  %four = llvm.mlir.constant(4 : i64) : i64
  %five = llvm.mlir.constant(5 : i64) : i64
  %six = llvm.mlir.constant(6 : i64) : i64
  %seven = llvm.mlir.constant(7 : i64) : i64
  %forty = llvm.mlir.constant(40 : i64) : i64
  %n2 = llvm.mul %n, %two : i64
  %n3 = llvm.mul %n, %three : i64
  %n4 = llvm.mul %n, %four : i64
  %n5 = llvm.mul %n, %five : i64
  %n6 = llvm.mul %n, %six : i64
  %n7 = llvm.mul %n, %seven : i64
  %n40 = llvm.mul %n, %forty : i64
  %b3 = llvm.call @nncrt_alloc(%run, %n3) : (!llvm.ptr, i64) -> !llvm.ptr
  %b5 = llvm.call @nncrt_alloc(%run, %n5) : (!llvm.ptr, i64) -> !llvm.ptr
  %b6 = llvm.call @nncrt_alloc(%run, %n6) : (!llvm.ptr, i64) -> !llvm.ptr
  %b40 = llvm.call @nncrt_alloc(%run, %n40) : (!llvm.ptr, i64) -> !llvm.ptr
  llvm.call @nncrt_free(%run, %b5) : (!llvm.ptr, !llvm.ptr) -> ()
  llvm.call @nncrt_free(%run, %b40) : (!llvm.ptr, !llvm.ptr) -> ()
  llvm.call @nncrt_free(%run, %b3) : (!llvm.ptr, !llvm.ptr) -> ()
  llvm.call @nncrt_free(%run, %b6) : (!llvm.ptr, !llvm.ptr) -> ()
  %for4 = llvm.call @nncrt_alloc(%run, %n4) : (!llvm.ptr, i64) -> !llvm.ptr
  %for5 = llvm.call @nncrt_alloc(%run, %n5) : (!llvm.ptr, i64) -> !llvm.ptr
  %for7 = llvm.call @nncrt_alloc(%run, %n7) : (!llvm.ptr, i64) -> !llvm.ptr
  %for2 = llvm.call @nncrt_alloc(%run, %n2) : (!llvm.ptr, i64) -> !llvm.ptr
  %right4 = llvm.icmp "eq" %for4, %b5 : !llvm.ptr
  %right5 = llvm.icmp "eq" %for5, %b6 : !llvm.ptr
  %right7 = llvm.icmp "eq" %for7, %b40 : !llvm.ptr
  %right2 = llvm.icmp "eq" %for2, %b3 : !llvm.ptr
  %first = llvm.and %right4, %right5 : i1
  %last = llvm.and %right7, %right2 : i1
  %right = llvm.and %first, %last : i1
  %bytes = llvm.select %right, %n4, %zero : i1, i64
  "llvm.intr.memcpy"(%y, %x, %bytes) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.return %c0 : i32
}
)mlir";

TEST(Run, TemporariesTakeTheSmallestBlockThatFits) {
  TemporariesModel model(bestFit);
  ASSERT_TRUE(model.ctx);
  for (int64_t n : {100, 7000}) {
    Data data(n);
    ASSERT_EQ(nnc_run(model.ctx, &data.in, &data.out), NNC_OK);
    EXPECT_EQ(data.x, data.y);
  }
}

} // namespace
