#include "passes/graph/Movement.h"

#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

Value createReshape(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(x.getType()));
  return nn::ReshapeOp::create(b, loc, type, x, createIndexList(b, loc, shape), /*allow_zero=*/true);
}

Value viewOf(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(x.getType());
  if (type.getShape() == shape)
    return x;
  for (Operation *view = x.getDefiningOp(); view && isView(view); view = x.getDefiningOp()) {
    auto source = dyn_cast<RankedTensorType>(view->getOperand(0).getType());
    if (!source || !source.hasStaticShape())
      break;
    x = view->getOperand(0);
    type = source;
  }
  return type.getShape() == shape ? x : createReshape(b, loc, x, shape);
}

Value createTranspose(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape;
  for (int64_t i : perm)
    shape.push_back(type.getDimSize(i));
  return nn::TransposeOp::create(b, loc, RankedTensorType::get(shape, type.getElementType()), x, perm);
}

Value exchangeLastDims(OpBuilder &b, Location loc, Value x) {
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, cast<RankedTensorType>(x.getType()).getRank()));
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return createTranspose(b, loc, x, perm);
}

} // namespace nnc
