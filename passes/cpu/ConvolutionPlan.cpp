#include "passes/cpu/ConvolutionPlan.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/WinogradTransforms.h"

using namespace mlir;

namespace nnc {

/// Cycles with AVX-512, two multiply-adds of 16 lanes each; weights come from beyond the second-level cache at 8 bytes a
/// cycle. AVX2 needs twice the cycles for the arithmetic of both.
static bool isFaster(int64_t rows, int64_t columns, int64_t channels, int64_t filters) {
  constexpr double bytesPerCycle = 8, transform = 140, directPeak = 0.93, winogradPeak = 0.85;
  double inBlocks = nn::blocksOf(channels), outBlocks = nn::blocksOf(filters);
  double tiles = llvm::divideCeil(rows, 4) * llvm::divideCeil(columns, 4);
  double weights = channels * outBlocks * nn::kBlock * 4 / bytesPerCycle;
  double direct = rows * columns * 9 * channels * outBlocks / 2 / directPeak + 9 * weights;
  double winograd = tiles * 36 * channels * outBlocks / 2 / winogradPeak + tiles * (inBlocks + outBlocks) * transform + 36 * weights;
  return winograd < 0.9 * direct;
}

bool prefersWinograd(nn::ConvOp op) {
  auto w = cast<RankedTensorType>(op.getW().getType()), y = cast<RankedTensorType>(op.getY().getType());
  auto isOne = [](int64_t v) { return v == 1; };
  if (w.getRank() != 4 || w.getDimSize(2) != 3 || w.getDimSize(3) != 3 || op.getGroups() != 1 ||
      !llvm::all_of(op.getStrides(), isOne) || !llvm::all_of(op.getDilations(), isOne))
    return false;
  int64_t channels = w.getDimSize(1), filters = w.getDimSize(0);
  return channels >= 8 && winograd::estimatedError(channels) < 1e-5 &&
         isFaster(y.getDimSize(2), y.getDimSize(3), channels, filters);
}

} // namespace nnc
