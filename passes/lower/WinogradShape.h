//===- WinogradShape.h - how an image is cut into pieces -----------------------===//
//
// What is known of an nn.winograd_conv before its kernel is written: its extents, its pieces, which of them are short
// and the points that those have.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_WINOGRADSHAPE_H
#define NNC_PASSES_LOWER_WINOGRADSHAPE_H

#include "passes/cpu/WinogradPlan.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/lower/PixelPatches.h"

namespace nnc {

namespace winograd {

/// A piece along one dim: its inputs, outputs and points.
struct Along {
  Filtering filtering;
  bool isShort;
  int64_t in, out;
  llvm::SmallVector<int64_t> points;

  Along(Filtering f, bool isShort)
      : filtering(f), isShort(isShort), in(isShort ? f.shortInputs() : f.points()),
        out(isShort ? f.shortOutputs() : f.outputs),
        points(isShort ? f.shortPoints() : llvm::to_vector(llvm::seq<int64_t>(0, in))) {}
  llvm::SmallVector<mlir::Value> inputs(KernelBuilder &k, mlir::ValueRange d) const {
    return isShort ? transformShortInput(k, filtering, d) : transformInput(k, filtering, d);
  }
  llvm::SmallVector<mlir::Value> outputs(KernelBuilder &k, mlir::ValueRange m) const {
    return isShort ? transformShortOutput(k, filtering, m) : transformOutput(k, filtering, m);
  }
};

/// Points of one dim at which the same pieces have products: all of them, or those of short pieces, or the others.
struct Points {
  enum Which { all, ofShort, others } which;
  /// In ascending order.
  llvm::SmallVector<int64_t> points;

  int64_t count() const { return points.size(); }
  mlir::Value at(KernelBuilder &k, mlir::Value i) const {
    mlir::Value point = k.add(i, points.front());
    for (int64_t j = 1; j < count(); ++j)
      if (int64_t left = points[j] - points[j - 1] - 1) {
        mlir::Value isBehind = k.compare(mlir::arith::CmpIPredicate::sge, i, k.index(j));
        point = k.add(point, k.select(isBehind, k.index(left), k.index(0)));
      }
    return point;
  }
};

/// Points of both dims at which the same pieces have products: in order, those of each row of points.
struct PointSet {
  Points down, across;
  /// The first of the pieces, and how all of them are cut into register tiles.
  int64_t firstPiece;
  EvenParts tiles;

  int64_t count() const { return down.count() * across.count(); }
  /// The numbers of point `i`, and of the weights that it is multiplied by.
  std::pair<mlir::Value, mlir::Value> at(KernelBuilder &k, const ImageFiltering &f, mlir::Value i) const;
};

} // namespace winograd

struct WinogradShape {
  WinogradShape(nn::WinogradConvOp op, KernelTarget target);

  /// F(4,3) of pieces of 4 x 4 outputs and three taps; F(2x4,3x3) of 2 x 4.
  std::string name;
  winograd::ImageFiltering filtering;
  /// Whether there is but one dim, which counts as a row.
  bool isSignal;
  /// Outputs; kDynamic where only the run knows them.
  int64_t rows, columns;
  int64_t groups;
  /// Of a group.
  int64_t channels, panels;
  /// The dilation: how far apart the inputs, and the outputs, of a piece are.
  int64_t rowsApart, columnsApart;
  winograd::Pieces pieceRows, pieceColumns;
  WinogradPlan plan;
  /// Whether the last row, and the last column, of pieces is short.
  bool shortRows = false, shortColumns = false;
  /// How the pieces of an image are cut of which only the run knows an extent.
  std::optional<PixelPatches> patches;
  /// Of how many pieces of a patch the items have a share each, and not of the panels: their inputs are then transformed
  /// once, but all weights read by every item.
  int64_t manyPieces = 0;

  /// Whole rows and columns of pieces; the first piece that is whole both ways, the one behind the last such, and
  /// behind the last that is whole along rows.
  int64_t wholeRows() const { return pieceRows.count() - shortRows; }
  int64_t wholeColumns() const { return pieceColumns.count() - shortColumns; }
  int64_t firstWhole() const { return shortRows * wholeColumns(); }
  int64_t endWhole() const { return firstWhole() + wholeRows() * wholeColumns(); }
  int64_t endWholeRows() const { return endWhole() + shortColumns * wholeRows(); }

  int64_t pieces() const { return pieceRows.count() * pieceColumns.count(); }
  /// The most pieces of an item, with those that the last tile of a patch has in vain.
  int64_t itemPieces() const {
    return patches ? patches->rows * patches->columns + plan.rows : llvm::divideCeilSigned(pieces(), plan.tileItems);
  }
  /// The points, by which pieces have products there.
  llvm::SmallVector<winograd::PointSet> pointSets() const;
  PanelGroups panelGroups() const { return {panels, plan.panels, plan.panelItems}; }
  int64_t itemPanels() const { return panelGroups().largest(); }
};

} // namespace nnc

#endif
