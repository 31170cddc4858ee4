//===- Peak.cpp - What this machine can do at most
//--------------------------------------------------------------===//

#include "tools/nnc-run/Peak.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nnc::run {
namespace {

/// What a loop leaves goes here, or the compiler would drop the loop.
std::atomic<float> sink;

constexpr int kSteps = 20000;              // of one call of an arithmetic loop
constexpr double kSeconds = 0.06;          // for each measurement
constexpr size_t kStreamFloats = 24 << 20; // 96 MiB a thread: past the caches

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The loop over `N` accumulators of a vector type, with `load(x)` a splat. A template cannot carry the
/// target of its caller's instructions, hence a macro.
#define NNC_FMA_LOOP(Vector, count, lanes, splat, fma, add)                                                  \
  Vector sums[count], factor = splat(0.999f), term = splat(sink.load());                                     \
  for (auto &sum : sums)                                                                                     \
    sum = splat(1.0f);                                                                                       \
  for (int step = 0; step < kSteps; ++step)                                                                  \
    _Pragma("unroll") for (int i = 0; i < count; ++i) sums[i] = fma(sums[i], factor, term);                  \
  Vector total = sums[0];                                                                                    \
  for (int i = 1; i < count; ++i)                                                                            \
    total = add(total, sums[i]);                                                                             \
  sink.store(total[0] * 1e-30f);                                                                             \
  return 2.0 * lanes * count * kSteps

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) double multiplyAdd256() {
  NNC_FMA_LOOP(__m256, 12, 8, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps);
}
__attribute__((target("avx512f"))) double multiplyAdd512() {
  NNC_FMA_LOOP(__m512, 24, 16, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps);
}
__attribute__((target("avx2"))) double stream(const float *data) {
  __m256 sums[8];
  for (auto &sum : sums)
    sum = _mm256_setzero_ps();
  for (size_t i = 0; i < kStreamFloats; i += 64)
    _Pragma("unroll") for (int j = 0; j < 8; ++j) sums[j] =
        _mm256_add_ps(sums[j], _mm256_load_ps(data + i + 8 * j));
  float total = 0;
  for (auto &sum : sums)
    total += sum[0];
  sink.store(total * 1e-30f);
  return double(kStreamFloats) * sizeof(float);
}
#else
typedef float Vector4 __attribute__((vector_size(16)));
Vector4 splat4(float x) { return Vector4{x, x, x, x}; }
Vector4 fma4(Vector4 x, Vector4 y, Vector4 z) { return x * y + z; }
Vector4 add4(Vector4 x, Vector4 y) { return x + y; }
double multiplyAdd128() { NNC_FMA_LOOP(Vector4, 16, 4, splat4, fma4, add4); }
double stream(const float *data) {
  Vector4 sums[8] = {};
  for (size_t i = 0; i < kStreamFloats; i += 32)
    for (int j = 0; j < 8; ++j)
      sums[j] += *reinterpret_cast<const Vector4 *>(data + i + 4 * j);
  float total = 0;
  for (auto &sum : sums)
    total += sum[0];
  sink.store(total * 1e-30f);
  return double(kStreamFloats) * sizeof(float);
}
#endif

/// Amount per second over all threads, each calling `work(thread)` again and again during the same time.
template <typename Work> double rate(int threads, Work work) {
  std::atomic<int> waiting(threads);
  std::vector<double> rates(static_cast<size_t>(threads));
  auto body = [&](int thread) {
    work(thread); // warms up, and first touches
    for (--waiting; waiting > 0;)
      std::this_thread::yield();
    double begin = now(), amount = 0, elapsed;
    do {
      amount += work(thread);
      elapsed = now() - begin;
    } while (elapsed < kSeconds);
    rates[static_cast<size_t>(thread)] = amount / elapsed;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back(body, i);
  body(0);
  double total = 0;
  for (std::thread &other : others)
    other.join();
  for (double r : rates)
    total += r;
  return total;
}

/// The best of a few: what disturbs a measurement only makes it slower.
template <typename Work> double bestRate(int threads, Work work) {
  double best = 0;
  for (int i = 0; i < 3; ++i)
    best = std::max(best, rate(threads, work));
  return best;
}

} // namespace

Peak measurePeak(llvm::StringRef level, int threads) {
  Peak peak;
#if defined(__x86_64__)
  // x86-64-v4-vnni has the vectors of x86-64-v4; so may have a CPU by its name.
  bool isNarrow = level.starts_with("x86-64") && !level.starts_with("x86-64-v4"),
       wide = !isNarrow && __builtin_cpu_supports("avx512f");
  peak.vectorBits = wide ? 512 : 256;
  peak.flops = bestRate(threads, [&](int) { return wide ? multiplyAdd512() : multiplyAdd256(); });
#else
  (void)level;
  peak.vectorBits = 128;
  peak.flops = bestRate(threads, [&](int) { return multiplyAdd128(); });
#endif
  // A vector's allocator does not align, so a little more is taken.
  std::vector<std::vector<float>> memory(static_cast<size_t>(threads));
  peak.bytes = bestRate(threads, [&](int thread) {
    std::vector<float> &mine = memory[static_cast<size_t>(thread)];
    if (mine.empty())
      mine.assign(kStreamFloats + 16, 1.0f);
    void *start = mine.data();
    size_t space = mine.size() * sizeof(float);
    return stream(static_cast<const float *>(std::align(64, kStreamFloats * sizeof(float), start, space)));
  });
  return peak;
}

void printPeak(int threads, llvm::raw_ostream &os) {
  Peak narrow = measurePeak("x86-64-v3", threads), wide = measurePeak("x86-64-v4", threads);
  auto print = [&](const Peak &peak) {
    os << llvm::format("%u-bit vectors: %.1f GFLOP/s of f32\n", peak.vectorBits, peak.flops * 1e-9);
  };
  print(narrow);
  if (wide.vectorBits != narrow.vectorBits)
    print(wide);
  os << llvm::format("memory: %.1f GB/s\n", std::max(narrow.bytes, wide.bytes) * 1e-9);
}

} // namespace nnc::run
