#include "passes/lower/WinogradShape.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Of [N,B,D1..Dn,16] that of Dn.
static int64_t lastExtent(Value v) { return typeOf(v).getShape().drop_back().back(); }

WinogradShape::WinogradShape(nn::WinogradConvOp op, KernelTarget target)
    : filtering(op.getOutputs(), op.getKernel(), op.getStride()), isSignal(op.getKernel().size() == 1),
      rows(isSignal ? 1 : typeOf(op.getY()).getDimSize(2)), columns(lastExtent(op.getY())), groups(op.getGroups()),
      channels(op.getChannels() / groups), panels(typeOf(op.getY()).getDimSize(1) / groups),
      rowsApart(filtering.down.taps == 1 ? 1 : op.getDilations().front()),
      columnsApart(filtering.across.taps == 1 ? 1 : op.getDilations().back()),
      pieceRows{rows, filtering.down, rowsApart}, pieceColumns{columns, filtering.across, columnsApart} {
  WinogradSize size{filtering.points(), filtering.weights(), 0, 0, channels, panels, groups};
  if (ShapedType::isDynamicShape({rows, columns})) {
    WinogradPatch patch = planWinogradPatch(size, isSignal || rows == 1);
    patches = PixelPatches(isSignal, patch.rows, patch.columns, {filtering.down.outputs, rowsApart},
                           {filtering.across.outputs, columnsApart});
    size.pieces = patch.rows * patch.columns;
    size.products = size.pieces * size.points;
    plan = planWinograd(target, size);
    plan.tileItems = 1;
    plan.panelItems = panels > plan.panels ? 2 : 1;
    // Weights that come from memory take as long as the products of some thirty pieces.
    constexpr int64_t kMostKept = 2 << 20;
    manyPieces = std::max<int64_t>(2 * plan.rows, size.weightBytes() > kMostKept ? 64 : 0);
    return;
  }
  bool isDilated = rowsApart > 1 || columnsApart > 1;
  size.pieces = pieces();
  size.products = isDilated ? size.pieces * size.points : pieceRows.points() * pieceColumns.points();
  plan = planWinograd(target, size);
  bool mayBeShort = !isDilated && plan.tileItems == 1;
  shortRows = mayBeShort && pieceRows.endsShort();
  shortColumns = mayBeShort && pieceColumns.endsShort();
}

} // namespace nnc
