//===- Profile.cpp - Where a model's time goes
//------------------------------------------------------------------===//

#include "tools/nnc-run/Peak.h"
#include "tools/nnc-run/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <chrono>

namespace nnc::run {
namespace {

constexpr double kWarmUpShare = 0.1;
constexpr size_t kNodesWidth = 44;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  auto middle = values.begin() + long(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// One line of the table: what the launches of a group, or all of them, took in a run.
struct Row {
  std::string nodes, op, kernel;
  uint64_t calls = 0;
  double seconds = 0, flops = 0, bytes = 0;
};

/// Text cut in the middle, where names that share their beginning and end differ least.
std::string shorten(llvm::StringRef text, size_t width) {
  if (text.size() <= width)
    return text.str();
  size_t tail = width / 3, head = width - tail - 2;
  auto isInside = [&](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  while (head > 0 && isInside(head))
    --head;
  size_t from = text.size() - tail;
  while (from < text.size() && isInside(from))
    ++from;
  return text.take_front(head).str() + ".." + text.drop_front(from).str();
}

void printRate(double amount, double seconds, double peak, llvm::raw_ostream &os) {
  if (amount <= 0 || seconds <= 0) {
    os << llvm::format("%9s %5s", "-", "-");
    return;
  }
  os << llvm::format("%9.2f ", amount / seconds * 1e-9);
  if (peak > 0)
    os << llvm::format("%4.0f%%", 100 * amount / seconds / peak);
  else
    os << "    -";
}

void printRow(const Row &row, double total, const Peak &peak, llvm::raw_ostream &os) {
  std::string nodes = shorten(row.nodes, kNodesWidth);
  // Names may hold anything: no control characters on a terminal.
  std::replace_if(nodes.begin(), nodes.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  os << llvm::format("%-*s  %-18s %-6s %6llu %10.4f %5.1f%% ", int(kNodesWidth), nodes.c_str(),
                     shorten(row.op, 18).c_str(), row.kernel.c_str(), (unsigned long long)row.calls,
                     row.seconds * 1e3, total > 0 ? 100 * row.seconds / total : 0.0);
  printRate(row.flops, row.seconds, peak.flops, os);
  printRate(row.bytes, row.seconds, peak.bytes, os);
  os << '\n';
}

} // namespace

llvm::Error profile(Model &model, llvm::ArrayRef<io::Tensor> inputs, double seconds, int threads,
                    llvm::raw_ostream &os) {
  const nnc_model &descriptor = model.descriptor();
  if (descriptor.minor_version < 1)
    return io::makeError("--profile: the model was made by an nnc without profiles");
  double begin = now();
  do {
    if (llvm::Error error = model.run(inputs))
      return error;
  } while (now() - begin < seconds * kWarmUpShare);

  size_t count = size_t(descriptor.num_groups);
  std::vector<std::vector<double>> times(count);
  std::vector<double> totals;
  std::vector<nnc_group_profile> counters(count);
  begin = now();
  do {
    std::fill(counters.begin(), counters.end(), nnc_group_profile());
    double start = now();
    if (llvm::Error error = model.runWithProfile(inputs, counters))
      return error;
    totals.push_back(now() - start);
    for (size_t i = 0; i < count; ++i)
      times[i].push_back(double(counters[i].nanoseconds) * 1e-9);
  } while (now() - begin < seconds);

  // The counts are those of the last run: all runs have the same inputs.
  std::vector<Row> rows;
  Row sum{"all groups", "", "", 0, 0, 0, 0}, rest{"between groups", "", "", 0, 0, 0, 0};
  double total = median(totals);
  for (size_t i = 0; i < count; ++i) {
    const nnc_group_info &info = descriptor.groups[i];
    if (!counters[i].calls)
      continue;
    rows.push_back({*info.nodes ? info.nodes : "(no name)",
                    llvm::StringRef(info.op).starts_with("nn.") ? info.op + 3 : info.op, info.kernel,
                    counters[i].calls, median(times[i]), double(counters[i].flops),
                    double(counters[i].bytes)});
    sum.calls += counters[i].calls;
    sum.seconds += rows.back().seconds;
    sum.flops += rows.back().flops;
    sum.bytes += rows.back().bytes;
  }
  rest.seconds = std::max(0.0, total - sum.seconds);
  // Equal times keep the order of the code.
  std::vector<const Row *> order;
  for (const Row &row : rows)
    order.push_back(&row);
  llvm::sort(order, [](const Row *a, const Row *b) {
    return a->seconds != b->seconds ? a->seconds > b->seconds : a < b;
  });

  const char *level = nnc_cpu_level(&descriptor);
  Peak peak = measurePeak(level ? level : "", threads);
  os << llvm::format("median run %.4f ms of %zu, %s, %d thread%s; peak %.1f GFLOP/s (f32, %u-bit vectors), "
                     "%.1f GB/s from memory\n\n",
                     total * 1e3, totals.size(), level ? level : "?", threads, threads == 1 ? "" : "s",
                     peak.flops * 1e-9, peak.vectorBits, peak.bytes * 1e-9);
  os << llvm::format("%-*s  %-18s %-6s %6s %10s %6s %9s %5s%9s %5s\n", int(kNodesWidth), "nodes", "op",
                     "kernel", "calls", "ms", "share", "GFLOP/s", "peak", "GB/s", "mem");
  for (const Row *row : order)
    printRow(*row, total, peak, os);
  os << '\n';
  printRow(sum, total, peak, os);
  printRow(rest, total, peak, os);
  return llvm::Error::success();
}

} // namespace nnc::run
