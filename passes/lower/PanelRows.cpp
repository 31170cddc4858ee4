#include "passes/lower/PanelRows.h"

using namespace mlir;

namespace nnc {

PanelRows::PanelRows(RankedTensorType result, int64_t least, int64_t columns)
    : first(result.getRank() - 1), end(first), columns(columns) {
  while (first > least) {
    --first;
    bool isDynamic = result.isDynamicDim(first);
    isProduct |= isDynamic && !known;
    known = isDynamic || !known ? std::nullopt : std::optional(*known * result.getDimSize(first));
    atLeast *= isDynamic ? 1 : result.getDimSize(first);
  }
}

AffineMap PanelRows::items(RankedTensorType result, int64_t panelBlock, int64_t rowBlock,
                           bool rowsFirst) const {
  MLIRContext *context = result.getContext();
  SmallVector<AffineExpr> extents;
  for (int64_t i = 0; i < first; ++i)
    extents.push_back(getAffineDimExpr(i, context));
  AffineExpr rows = getAffineConstantExpr(1, context);
  for (int64_t i = first; i < end && !isProduct; ++i)
    rows = rows * (result.isDynamicDim(i) ? getAffineDimExpr(i, context)
                                          : getAffineConstantExpr(result.getDimSize(i), context));
  extents.push_back(getAffineConstantExpr(llvm::divideCeil(panels(), panelBlock), context));
  extents.push_back(rows.ceilDiv(rowBlock));
  if (rowsFirst)
    std::swap(extents[first], extents.back());
  return AffineMap::get(result.getRank(), 0, extents, context);
}

Value PanelRows::total(KernelBuilder &k) const {
  Value total = k.index(1);
  for (int64_t i = first; i < end; ++i)
    total = k.mul(total, k.dim(k.output(0), i));
  return total;
}

void PanelRows::overBlocks(KernelBuilder &k, Value item, int64_t rowBlock, Value total,
                           llvm::function_ref<void(Value first, Value last)> body) const {
  auto block = [&](Value first) { body(first, k.min(k.add(first, rowBlock), total)); };
  if (!isProduct)
    return block(k.mul(item, rowBlock));
  k.loop(k.index(0), total, k.index(rowBlock), block);
}

void PanelRows::overPanels(KernelBuilder &k, int64_t width, Value from, Value to,
                           llvm::function_ref<void(int64_t width, Value panel)> body) const {
  Value step = k.index(width), mainEnd = k.add(from, k.mul(k.div(k.sub(to, from), step), step));
  k.loop(from, mainEnd, step, [&](Value panel) { body(width, panel); });
  if (panels() % width != 0)
    k.loop(mainEnd, to, k.index(1), [&](Value panel) { body(1, panel); });
}

void PanelRows::overRows(KernelBuilder &k, int64_t height, Value from, Value to,
                         llvm::function_ref<void(int64_t height, Value row)> body) const {
  Value step = k.index(height), mainEnd = k.add(from, k.mul(k.div(k.sub(to, from), step), step));
  k.loop(from, mainEnd, step, [&](Value row) { body(height, row); });
  if (known) {
    if (int64_t rest = *known % height)
      k.ifThen(k.compare(arith::CmpIPredicate::slt, mainEnd, to), [&] { body(rest, mainEnd); });
    return;
  }
  k.byPowersOfTwo(height, mainEnd, to, body);
}

SmallVector<Value> PanelRows::indices(KernelBuilder &k, ValueRange batch, Value row, Value column) const {
  SmallVector<Value> result(batch);
  result.resize(end + 1);
  result[end] = column;
  for (int64_t i = end - 1; i > first; --i) {
    Value extent = k.dim(k.output(0), i);
    result[i] = k.rem(row, extent);
    row = k.div(row, extent);
  }
  result[first] = row;
  return result;
}

} // namespace nnc
