//===- Compare.cpp - Outputs against what is expected -----------------------------------------------------------===//

#include "tools/nnc-run/Report.h"

#include "llvm/Support/Format.h"

#include <cmath>

namespace nnc::run {
namespace {

/// The distance of two numbers. Equal infinities and two NaNs are alike; one of either is infinitely far from a
/// number.
long double distance(io::Number got, io::Number expected) {
  auto part = [](long double a, long double b) -> long double {
    if (a == b || (std::isnan(a) && std::isnan(b)))
      return 0;
    long double difference = std::fabs(a - b);
    return std::isnan(difference) ? (long double)INFINITY : difference;
  };
  long double real = part(got.real, expected.real), imag = part(got.imag, expected.imag);
  return imag == 0 ? real : std::hypot(real, imag);
}

long double magnitude(io::Number number) {
  return number.imag == 0 ? std::fabs(number.real) : std::hypot(number.real, number.imag);
}

struct Difference {
  long double largest = 0;  // of all |got - expected|
  long double scale = 0;    // of all finite |expected|
  int64_t bad = 0;          // elements beyond atol + rtol * |expected|
};

Difference measure(const io::TensorView &output, const io::Tensor &expected, const Options &options) {
  Difference result;
  size_t width = io::getByteWidth(output.type);
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    io::Number want = io::loadNumber(output.type, expected.at(i));
    long double gap = distance(io::loadNumber(output.type, output.data + size_t(i) * width), want);
    long double size = magnitude(want);
    if (!std::isfinite(size))
      size = 0;
    result.largest = std::max(result.largest, gap);
    result.scale = std::max(result.scale, size);
    result.bad += gap > options.atol + options.rtol * size;
  }
  return result;
}

bool compareOne(const io::TensorView &output, const io::Tensor &expected, const Options &options,
                llvm::raw_ostream &os) {
  os << output.name << "  " << io::formatType(output.type, output.shape) << "  ";
  if (output.type != expected.type() || output.shape != expected.shape()) {
    os << "MISMATCH: expected " << io::formatType(expected.type(), expected.shape()) << '\n';
    return false;
  }
  Difference difference = measure(output, expected, options);
  os << llvm::format("max abs err %.3Lg  ", difference.largest);
  bool good = options.relToMax ? difference.largest <= *options.relToMax * difference.scale : difference.bad == 0;
  if (good) {
    os << "OK\n";
  } else if (options.relToMax) {
    os << llvm::format("MISMATCH: %.3Lg of max|expected| = %.3Lg\n", difference.largest / difference.scale,
                       difference.scale);
  } else {
    os << "MISMATCH: " << difference.bad << " of " << expected.numElements() << " elements\n";
  }
  return good;
}

} // namespace

bool compareOutputs(llvm::ArrayRef<io::TensorView> outputs, llvm::ArrayRef<io::Tensor> expected,
                    const Options &options, llvm::raw_ostream &os) {
  bool good = true;
  for (size_t i = 0; i < outputs.size(); ++i)
    good &= compareOne(outputs[i], expected[i], options, os);
  return good;
}

} // namespace nnc::run
