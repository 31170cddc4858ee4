#include "passes/cpu/LonePointwise.h"

#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Each output is a sum over the channels of one pixel, and the pixels of input and output are numbered alike.
bool isPointwise(nn::ConvOp op) {
  auto all = [](ArrayRef<int64_t> list, int64_t value) {
    return llvm::all_of(list, [=](int64_t v) { return v == value; });
  };
  return all(typeOf(op.getW()).getShape().drop_front(2), 1) && all(op.getStrides(), 1) && op.getGroups() == 1 &&
         typeOf(op.getX()).getShape().drop_front(2) == typeOf(op.getY()).getShape().drop_front(2);
}

/// Gathering pixels costs by channel and by filter what blocking does, but less of it, and its tiles are a little
/// slower. Measured on Zen 4: with 64 channels and 64 filters it takes .89 of the time of blocks, with 128 and 128 .94,
/// with 256 and 256 between .83 and 1.05, and with 512 and 512, which go by Strassen's algorithm in blocks, 1.25.
bool repaysNoBlocks(int64_t channels, int64_t filters, int64_t pixels) {
  constexpr int64_t mostMet = 64, leastPixels = 256;
  return channels * filters <= mostMet * (channels + filters) && pixels >= leastPixels;
}

/// Whether nn-block-channels may carry blocks through the op, or makes them for it.
bool mayTakeBlocks(Operation *op) {
  return isa<nn::ConvOp, nn::ConvTransposeOp, nn::PoolOp, nn::ReduceOp, nn::ConcatOp, nn::ResizeOp, nn::GatherOp,
             nn::ReshapeOp>(op);
}

} // namespace

bool isLonePointwise(nn::ConvOp op) {
  ArrayRef<int64_t> y = typeOf(op.getY()).getShape();
  if (!isPointwise(op) || !constantValue(op.getW()) ||
      !repaysNoBlocks(typeOf(op.getX()).getDimSize(1), y[1], ShapedType::getNumElements(y.drop_front(2))))
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
