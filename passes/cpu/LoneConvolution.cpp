#include "passes/cpu/LoneConvolution.h"

#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Whether pixels are read one by one: a kernel of one tap that skips none.
bool isPointwise(nn::ConvOp op) {
  auto all = [](ArrayRef<int64_t> list, int64_t value) {
    return llvm::all_of(list, [=](int64_t v) { return v == value; });
  };
  return all(typeOf(op.getW()).getShape().drop_front(2), 1) && all(op.getStrides(), 1);
}

/// Gathering pixels costs by channel and by filter what blocking does, but less of it, and its tiles are a little
/// slower. Measured on Zen 4, 1 x 1: with 64 channels and 64 filters it takes .89 of the time of blocks, with 128 and
/// 128 .94, with 256 and 256 between .83 and 1.05, and with 512 and 512, which go by Strassen's algorithm in blocks,
/// 1.25. Other kernels gather by each tap: 3 channels and 3 x 3 taps take .7 and .94 of the time of blocks (64 filters;
/// 32 with a stride), 4 x 4 taps .94; 64 channels and 9 taps as long, 3 channels and 16 x 16 taps 1.7.
bool repaysNoBlocks(nn::ConvOp op) {
  constexpr int64_t mostMet = 64, mostProducts = 48, leastPixels = 256;
  ArrayRef<int64_t> w = typeOf(op.getW()).getShape(), y = typeOf(op.getY()).getShape();
  int64_t filters = w[0], products = ShapedType::getNumElements(w.drop_front());
  bool isShort = isPointwise(op) ? products * filters <= mostMet * (products + filters) : products <= mostProducts;
  ArrayRef<int64_t> pixels = y.drop_front(2);
  return isShort && (ShapedType::isDynamicShape(pixels) || ShapedType::getNumElements(pixels) >= leastPixels);
}

/// Whether nn-block-channels may carry blocks through the op, or makes them for it.
bool mayTakeBlocks(Operation *op) {
  return isa<nn::ConvOp, nn::ConvTransposeOp, nn::PoolOp, nn::ReduceOp, nn::ConcatOp, nn::ResizeOp, nn::GatherOp,
             nn::ReshapeOp>(op);
}

} // namespace

bool isLoneConvolution(nn::ConvOp op) {
  if (op.getGroups() != 1 || !constantValue(op.getW()) || !repaysNoBlocks(op))
    return false;
  // What elementwise ops make of the result, without images that may come in blocks.
  llvm::SmallSetVector<Value, 8> made;
  made.insert(op.getY());
  for (size_t i = 0; i < made.size(); ++i)
    for (Operation *user : made[i].getUsers()) {
      if (mayTakeBlocks(user))
        return false;
      if (!isElementwiseOp(user))
        continue;
      for (Value operand : user->getOperands())
        if (!made.contains(operand) && !constantValue(operand))
          return false;
      made.insert(user->result_begin(), user->result_end());
    }
  return true;
}

} // namespace nnc
