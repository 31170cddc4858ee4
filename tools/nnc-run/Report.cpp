//===- Report.cpp - Describe the model and its outputs ----------------------------------------------------------===//

#include "tools/nnc-run/Report.h"

#include "llvm/Support/Format.h"

#include <cmath>

namespace nnc::run {
namespace {

constexpr int64_t kValuesShown = 8;

size_t longestName(llvm::ArrayRef<std::string> names) {
  size_t longest = 0;
  for (const std::string &name : names)
    longest = std::max(longest, name.size());
  return longest;
}

void printValues(llvm::StringRef title, llvm::ArrayRef<Value> values, llvm::raw_ostream &os) {
  std::vector<std::string> names;
  for (const Value &value : values)
    names.push_back(value.name);
  os << title << ":\n";
  for (const Value &value : values)
    os << "  " << llvm::left_justify(value.name, unsigned(longestName(names))) << "  " << value.formatType() << '\n';
}

void printBytes(llvm::StringRef title, uint64_t bytes, llvm::raw_ostream &os) {
  os << title << ": " << bytes << " bytes";
  if (bytes >= 1 << 20)
    os << llvm::format(" (%.1f MiB)", double(bytes) / (1 << 20));
  else if (bytes >= 1 << 10)
    os << llvm::format(" (%.1f KiB)", double(bytes) / (1 << 10));
  os << '\n';
}

void printNumber(io::Element type, io::Number number, llvm::raw_ostream &os) {
  if (type == io::Element::Bool)
    os << (number.real != 0 ? "true" : "false");
  else if (io::isInteger(type))
    os << llvm::format("%.0Lf", number.real);
  else
    os << llvm::format("%.6Lg", number.real);
  if (io::isComplex(type))
    os << llvm::format("%+.6Lgi", number.imag);
}

/// The range and the mean of the numbers that are not NaN, and how many are.
void printStatistics(const io::TensorView &output, int64_t count, llvm::raw_ostream &os) {
  long double low = INFINITY, high = -INFINITY, sum = 0;
  int64_t nans = 0;
  for (int64_t i = 0; i < count; ++i) {
    long double value = io::loadNumber(output.type, output.data + size_t(i) * io::getByteWidth(output.type)).real;
    if (std::isnan(value)) {
      ++nans;
      continue;
    }
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  if (count > nans)
    os << llvm::format("  min %.6Lg  max %.6Lg  mean %.6Lg", low, high, sum / (count - nans));
  if (nans)
    os << "  NaNs " << nans;
}

} // namespace

void printInfo(const Model &model, llvm::raw_ostream &os) {
  const nnc_model &descriptor = model.descriptor();
  os << "model: " << (descriptor.name ? descriptor.name : "?");
  if (descriptor.producer)
    os << " (made by " << descriptor.producer << ")";
  os << '\n';
  printValues("inputs", model.inputs(), os);
  printValues("outputs", model.outputs(), os);
  printBytes("weights", descriptor.weight_bytes, os);
  printBytes("scratch", descriptor.scratch_bytes, os);
  printBytes("workspace", descriptor.workspace_bytes, os);
  os << "cpu levels:";
  for (const char *const *level = descriptor.cpu_levels; level && *level; ++level)
    os << ' ' << *level;
  const char *chosen = nnc_cpu_level(&descriptor);
  os << "; this machine runs " << (chosen ? chosen : "none of them") << '\n';
}

void printOutputs(llvm::ArrayRef<io::TensorView> outputs, llvm::raw_ostream &os) {
  for (const io::TensorView &output : outputs) {
    size_t width = io::getByteWidth(output.type);
    int64_t count = int64_t(*io::getByteSize(output.type, output.shape) / width);
    os << output.name << "  " << io::formatType(output.type, output.shape);
    if (count > 1 && output.type != io::Element::Bool && !io::isComplex(output.type))
      printStatistics(output, count, os);
    os << "\n  [";
    for (int64_t i = 0; i < std::min(count, kValuesShown); ++i) {
      os << (i ? ", " : "");
      printNumber(output.type, io::loadNumber(output.type, output.data + size_t(i) * width), os);
    }
    os << (count > kValuesShown ? ", ...]\n" : "]\n");
  }
}

} // namespace nnc::run
