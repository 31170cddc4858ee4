#include "passes/cpu/TilePlan.h"

using namespace mlir;

namespace nnc {

namespace {

/// Bytes of a block that shall stay in the first-level and in the second-level cache, with room for what streams by.
constexpr int64_t kNearCache = 48 << 10, kFarCache = 192 << 10;

/// Registers that accumulators may take: the rest is for the vectors of the step and a broadcast. AVX2 has 16
/// registers; AVX-512, NEON and RVV have 32.
int64_t accumulators(const KernelTarget &target) { return target.vectorBits == 256 ? 12 : 24; }

int64_t lanesOf(const KernelTarget &target, Type element) {
  return std::max<int64_t>(1, target.vectorBits / std::max(32u, element.getIntOrFloatBitWidth()));
}

} // namespace

MatMulPlan planMatMul(const KernelTarget &target, Type element, std::optional<int64_t> rows, int64_t depth,
                      int64_t columns) {
  constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns;
  MatMulPlan plan;
  plan.lanes = std::min(lanesOf(target, element), width);
  int64_t perPanel = width / plan.lanes, room = accumulators(target);
  int64_t panels = llvm::divideCeil(columns, width);
  // Two vectors a row suffice to keep the multipliers busy; wider tiles would only read the left factor less often.
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.rows = std::max<int64_t>(1, room / (plan.panels * perPanel));
  bool isFewRows = rows && *rows < plan.rows;
  // Tiles of even heights instead of a low last one: 8 = 4 + 4.
  if (rows && *rows > 0)
    plan.rows = llvm::divideCeil(*rows, llvm::divideCeil(*rows, plan.rows));
  // Few rows: more panels side by side, so that enough sums are under way at once.
  if (isFewRows)
    plan.panels = std::clamp<int64_t>(room / perPanel / plan.rows, 1, 8);
  plan.panels = std::min(plan.panels, panels);
  int64_t rowBytes = std::max<int64_t>(depth, 1) * 4;
  plan.rowBlock = plan.rows * std::clamp<int64_t>(kFarCache / rowBytes / plan.rows, 1, 8);
  plan.panelBlock = plan.panels * std::clamp<int64_t>(kFarCache / (rowBytes * width) / plan.panels, 1, isFewRows ? 1 : 4);
  return plan;
}

ConvPlan planConv(const KernelTarget &target, Type element, int64_t filters, int64_t channels, int64_t taps,
                  std::optional<int64_t> pixels) {
  constexpr int64_t width = nn::PackedConvOp::kPanelFilters;
  ConvPlan plan;
  plan.lanes = lanesOf(target, element);
  int64_t room = accumulators(target);
  plan.filters = std::min(filters, room / 2 / width * width);
  plan.vectors = std::clamp<int64_t>(room / plan.filters, 2, 4);
  // No more vectors than there are pixels for.
  if (pixels)
    plan.vectors = std::clamp<int64_t>(llvm::divideCeil(*pixels, plan.lanes), 1, plan.vectors);
  // Blocks of filters repeat the packing of inputs: only many filters are cut, into even blocks.
  int64_t blocks = llvm::divideCeil(filters, 256);
  plan.filterBlock = llvm::alignTo(llvm::divideCeil(filters, blocks), plan.filters);
  int64_t depth = std::max<int64_t>(16, kNearCache / 4 / (plan.vectors * plan.lanes));
  int64_t parts = llvm::divideCeil(channels, depth);
  plan.channelBlock = llvm::divideCeil(channels, parts);
  plan.tapBlock = std::clamp<int64_t>(depth / plan.channelBlock, 1, taps);
  // A part of the channels goes with one tap, since the weights of a tap's channels lie together.
  if (parts > 1)
    plan.tapBlock = 1;
  return plan;
}

} // namespace nnc
