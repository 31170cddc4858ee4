#include "passes/lower/WinogradShape.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Of [N,B,D1..Dn,16] that of Dn.
static int64_t lastExtent(Value v) { return typeOf(v).getShape().drop_back().back(); }

static std::string nameOf(ArrayRef<int64_t> outputs, ArrayRef<int64_t> kernel) {
  auto joined = [](ArrayRef<int64_t> extents) {
    return llvm::join(llvm::map_range(extents, [](int64_t extent) { return std::to_string(extent); }), "x");
  };
  if (outputs.size() == 2 && kernel[0] == kernel[1] && outputs[0] != outputs[1])
    return "F(" + joined(outputs) + "," + joined(kernel) + ")";
  return "F(" + std::to_string(*llvm::max_element(outputs)) + "," + std::to_string(*llvm::max_element(kernel)) + ")";
}

WinogradShape::WinogradShape(nn::WinogradConvOp op, KernelTarget target)
    : name(nameOf(op.getOutputs(), op.getKernel())), filtering(op.getOutputs(), op.getKernel(), op.getStride()),
      isSignal(op.getKernel().size() == 1),
      rows(isSignal ? 1 : typeOf(op.getY()).getDimSize(2)), columns(lastExtent(op.getY())), groups(op.getGroups()),
      channels(op.getChannels() / groups), panels(typeOf(op.getY()).getDimSize(1) / groups),
      rowsApart(filtering.down.taps == 1 ? 1 : op.getDilations().front()),
      columnsApart(filtering.across.taps == 1 ? 1 : op.getDilations().back()),
      pieceRows{rows, filtering.down, rowsApart}, pieceColumns{columns, filtering.across, columnsApart} {
  int64_t taps = op.getFromTaps() ? llvm::product_of(op.getKernel()) : 0;
  WinogradSize size{filtering.points(), filtering.weights(), taps, 0, 0, channels, panels, groups};
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
    manyPieces = std::max<int64_t>(2 * plan.rows, size.weightBytes() > kMostCachedWeights ? 64 : 0);
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

SmallVector<winograd::PointSet> WinogradShape::pointSets() const {
  using winograd::Points;
  auto along = [](const winograd::Filtering &f, bool hasShort) -> SmallVector<Points> {
    if (!hasShort)
      return {{Points::all, llvm::to_vector(llvm::seq<int64_t>(0, f.points()))}};
    return {{Points::ofShort, f.shortPoints()}, {Points::others, f.otherPoints()}};
  };
  SmallVector<winograd::PointSet> sets;
  for (const Points &down : along(filtering.down, shortRows))
    for (const Points &across : along(filtering.across, shortColumns)) {
      int64_t from = down.which == Points::others ? firstWhole() : 0;
      int64_t to = across.which == Points::others ? endWhole()
                   : down.which == Points::others ? endWholeRows()
                                                  : itemPieces();
      sets.push_back({down, across, from, {to - from, llvm::divideCeilSigned(to - from, plan.rows)}});
    }
  return sets;
}

std::pair<Value, Value> winograd::PointSet::at(KernelBuilder &k, const ImageFiltering &f, Value i) const {
  Value columns = k.index(across.count());
  Value row = down.at(k, k.div(i, columns)), column = across.at(k, k.rem(i, columns));
  auto weight = [&](Value point, Filtering along) {
    return along.weights() < along.points() ? k.min(point, k.index(along.weights() - 1)) : point;
  };
  return {k.add(k.mul(row, f.across.points()), column),
          k.add(k.mul(weight(row, f.down), f.across.weights()), weight(column, f.across))};
}

} // namespace nnc
