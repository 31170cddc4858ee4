//===- Benchmark.cpp - How long a model takes -------------------------------------------------------------------===//

#include "tools/nnc-run/Report.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <chrono>

namespace nnc::run {
namespace {

/// A tenth of the time goes into warming caches and clocks up.
constexpr double kWarmUpShare = 0.1;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

llvm::Error benchmark(Model &model, llvm::ArrayRef<io::Tensor> inputs, double seconds, llvm::raw_ostream &os) {
  double begin = now();
  do {
    if (llvm::Error error = model.run(inputs))
      return error;
  } while (now() - begin < seconds * kWarmUpShare);

  std::vector<double> times;
  double sum = 0;
  begin = now();
  do {
    double start = now();
    if (llvm::Error error = model.run(inputs))
      return error;
    times.push_back(now() - start);
    sum += times.back();
  } while (now() - begin < seconds);
  std::sort(times.begin(), times.end());
  os << llvm::format("min %.4f ms  median %.4f ms  mean %.4f ms  %zu runs\n", times.front() * 1e3,
                     times[times.size() / 2] * 1e3, sum / double(times.size()) * 1e3, times.size());
  return llvm::Error::success();
}

} // namespace nnc::run
