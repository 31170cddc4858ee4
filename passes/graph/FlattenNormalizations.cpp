// A normalization over the last few dims, as of the channels of a picture, is one over a single dim that has all their
// elements: it then has the kernel of rows, which scale, shift and activation join (nn-sink-views).
#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FLATTENNORMALIZATIONS
#include "passes/Passes.h.inc"

namespace {

/// Whether the axes are two or more of the last dims, of static extents.
bool isOverLastDims(nn::NormalizeOp op, RankedTensorType type) {
  ArrayRef<int64_t> axes = op.getAxes();
  return type.getElementType().isF32() && type.hasStaticShape() && type.getNumElements() > 0 && axes.size() > 1 &&
         llvm::all_of(llvm::enumerate(axes), [&](auto axis) {
           return axis.value() == type.getRank() - int64_t(axes.size()) + int64_t(axis.index());
         });
}

struct FlattenNormalizations : impl::FlattenNormalizationsBase<FlattenNormalizations> {
  void runOnOperation() override {
    SmallVector<nn::NormalizeOp> ops;
    getOperation().walk([&](nn::NormalizeOp op) { ops.push_back(op); });
    for (nn::NormalizeOp op : ops) {
      auto type = cast<RankedTensorType>(op.getX().getType());
      if (!op->hasOneUse() || !isElementwiseOp(*op->user_begin()) || !isOverLastDims(op, type))
        continue;
      SmallVector<int64_t> shape(type.getShape().drop_back(op.getAxes().size()));
      shape.push_back(ShapedType::getNumElements(type.getShape().take_back(op.getAxes().size())));
      OpBuilder b(op);
      Value x = viewOf(b, op.getLoc(), op.getX(), shape);
      Operation *flat = b.clone(*op);
      flat->setOperand(0, x);
      flat->getResult(0).setType(RankedTensorType::get(shape, type.getElementType()));
      cast<nn::NormalizeOp>(flat).setAxes({int64_t(shape.size()) - 1});
      op.replaceAllUsesWith(viewOf(b, op.getLoc(), flat->getResult(0), type.getShape()));
      op.erase();
    }
  }
};

} // namespace
} // namespace nnc
