#include "passes/cpu/ItemBalance.h"

#include "llvm/Support/MathExtras.h"

namespace nnc {

double largerHalf(const MatMulPlan &plan, int64_t rows, int64_t panels) {
  int64_t down = llvm::divideCeil(rows, plan.rowBlock), across = llvm::divideCeil(panels, plan.panelBlock);
  int64_t items = down * across, first = llvm::divideCeil(items, 2);
  constexpr int64_t many = 64; // their halves are even enough
  if (items > many)
    return 0.5;
  int64_t inner = plan.rowsFirst ? across : down, work = 0;
  for (int64_t i = 0; i < first; ++i) {
    int64_t row = plan.rowsFirst ? i / inner : i % inner, panel = plan.rowsFirst ? i % inner : i / inner;
    work += std::min(plan.rowBlock, rows - row * plan.rowBlock) *
            std::min(plan.panelBlock, panels - panel * plan.panelBlock);
  }
  double share = static_cast<double>(work) / static_cast<double>(rows * panels);
  return std::max(share, 1 - share);
}

void balanceItems(MatMulPlan &plan, int64_t rows, int64_t panels, bool mayGoByRows) {
  // Smaller items read more, so they must be worth it.
  constexpr double worthwhile = 0.03;
  auto cut = [](int64_t extent, int64_t block, int64_t unit, int64_t more) {
    int64_t units = llvm::divideCeil(extent, unit), blocks = llvm::divideCeil(extent, block) + more;
    return unit * llvm::divideCeil(units, std::min(units, blocks));
  };
  double best = largerHalf(plan, rows, panels);
  MatMulPlan balanced = plan;
  for (int64_t lower : {0, 1})
    for (int64_t narrower : {0, 1, 2})
      for (bool byRows : {plan.rowsFirst, mayGoByRows}) {
        MatMulPlan other = plan;
        other.rowBlock = cut(rows, plan.rowBlock, plan.rows, lower);
        other.panelBlock = cut(panels, plan.panelBlock, plan.panels, narrower);
        other.rowsFirst = byRows;
        double share = largerHalf(other, rows, panels);
        if (share < best - worthwhile) {
          best = share;
          balanced = other;
        }
      }
  plan = balanced;
}

} // namespace nnc
