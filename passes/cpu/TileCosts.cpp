#include "passes/cpu/TileCosts.h"

namespace nnc {

double largerHalf(int64_t outer, int64_t outerParts, int64_t inner, int64_t innerParts) {
  if (outer % 2 == 0)
    return 2.0 * llvm::divideCeil(outerParts, 2) / outerParts;
  if (outer > 1)
    return (outer * inner + 1.0) / (outer * inner);
  return inner == 1  ? 2
         : inner % 2 ? (inner + 1.0) / inner
                     : 2.0 * llvm::divideCeil(innerParts, 2) / innerParts;
}

int64_t mostRows(const KernelTarget &target, int64_t vectors, bool isBytes) {
  // Of 32 registers some stay free: LLVM's scheduler moves loads of the next step up, and a spilled sum costs more than
  // the larger tile gains (measured: 98% of peak with 12 x 2, 70% with 14 x 2).
  int64_t registers = target.vectorBits == 256 ? 16 : 28;
  // Bytes that have to be widened take several registers each, and their products one.
  int64_t perFactor = isBytes ? 4 / target.byteSums : 1;
  return std::max<int64_t>(0, (registers - perFactor * (1 + vectors) - (perFactor > 1)) / vectors);
}

double stepCycles(const KernelTarget &target, double rows, double vectors, int64_t depth) {
  double products = rows * vectors / 2, loads = (rows + vectors) / 2, bytes = vectors * target.vectorBits / 8;
  double panels = bytes * depth > 2 * kKeptBytes ? bytes / 14 : bytes * depth > kNearCache / 2 ? bytes / 20 : 0;
  return std::max({products, loads, panels, 4.0}) + 0.5;
}

} // namespace nnc
