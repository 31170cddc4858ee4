// A normalization over the last few dims, as of the channels of a picture, is one over a single dim that has all their
// elements: it then has the kernel of rows, which scale, shift and activation join (nn-sink-views). Where a view of the
// result tells its channels apart, as a group's, they are a dim of their own.
#include "passes/Passes.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FLATTENNORMALIZATIONS
#include "passes/Passes.h.inc"

namespace {

bool isStatic(Value v) { return cast<RankedTensorType>(v.getType()).hasStaticShape(); }

/// Whether the axes are the last dims, of static extents.
bool isOverLastDims(nn::NormalizeOp op, RankedTensorType type) {
  return type.getElementType().isF32() && type.hasStaticShape() && type.getNumElements() > 0 &&
         !op.getAxes().empty() && op.getAxes() == ArrayRef(lastDims(type.getRank(), op.getAxes().size()));
}

/// Whether an elementwise op has an operand that meets some elements of the result and not others in the same way.
bool tellsElementsApart(Operation *elementwise) {
  auto elements = [](Value v) { return cast<RankedTensorType>(v.getType()).getNumElements(); };
  int64_t all = elements(elementwise->getResult(0));
  return llvm::any_of(elementwise->getOperands(), [&](Value operand) {
    return elements(operand) != 1 && elements(operand) != all;
  });
}

/// The elements of a row in one dim; in two where a view, and an elementwise op behind it, tell parts of a row apart.
SmallVector<int64_t> rowDims(int64_t length, Operation *user) {
  Value seen = isView(user) ? user->getResult(0) : Value();
  if (!seen || !seen.hasOneUse() || !isStatic(seen))
    return {length};
  Operation *next = *seen.user_begin();
  if (!isElementwiseOp(next) || !isStatic(next->getResult(0)) || !llvm::all_of(next->getOperands(), isStatic) ||
      !tellsElementsApart(next))
    return {length};
  int64_t part = 1, most = 1;
  for (int64_t extent : llvm::reverse(cast<RankedTensorType>(seen.getType()).getShape())) {
    part *= extent;
    if (part >= length)
      break;
    if (length % part == 0)
      most = part;
  }
  return most < kLeastRowPart ? SmallVector<int64_t>{length} : SmallVector<int64_t>{length / most, most};
}

struct FlattenNormalizations : impl::FlattenNormalizationsBase<FlattenNormalizations> {
  void runOnOperation() override {
    SmallVector<nn::NormalizeOp> ops;
    getOperation().walk([&](nn::NormalizeOp op) { ops.push_back(op); });
    for (nn::NormalizeOp op : ops) {
      auto type = cast<RankedTensorType>(op.getX().getType());
      if (!op->hasOneUse() || !isOverLastDims(op, type))
        continue;
      Operation *user = *op->user_begin();
      if (!isElementwiseOp(user) && !isView(user))
        continue;
      ArrayRef<int64_t> before = type.getShape().drop_back(op.getAxes().size());
      SmallVector<int64_t> shape(before);
      llvm::append_range(shape, rowDims(type.getNumElements() / ShapedType::getNumElements(before), user));
      if (type.getShape() == ArrayRef(shape))
        continue;
      OpBuilder b(op);
      Value x = viewOf(b, op.getLoc(), op.getX(), shape);
      Operation *flat = b.clone(*op);
      flat->setOperand(0, x);
      flat->getResult(0).setType(RankedTensorType::get(shape, type.getElementType()));
      cast<nn::NormalizeOp>(flat).setAxes(lastDims(shape.size(), shape.size() - before.size()));
      // A view of what the op gave is one of what it gives now.
      Operation *last = isView(user) && isStatic(user->getResult(0)) ? user : op;
      ArrayRef<int64_t> seen = cast<RankedTensorType>(last->getResult(0).getType()).getShape();
      last->getResult(0).replaceAllUsesWith(viewOf(b, op.getLoc(), flat->getResult(0), seen));
      if (last != op)
        last->erase();
      op.erase();
    }
  }
};

} // namespace
} // namespace nnc
