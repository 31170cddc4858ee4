#include "passes/cpu/BlockedTypes.h"

#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

bool hasImageShape(RankedTensorType type) {
  return type && (type.getRank() == 3 || type.getRank() == 4) && !type.isDynamicDim(1) &&
         !llvm::is_contained(type.getShape(), 0);
}

bool isImage(RankedTensorType type) { return hasImageShape(type) && type.getElementType().isF32(); }

RankedTensorType blockedType(RankedTensorType image) {
  SmallVector<int64_t> shape(image.getShape());
  shape[1] = nn::blocksOf(shape[1]);
  shape.push_back(kBlock);
  return RankedTensorType::get(shape, image.getElementType());
}

Value blockedExtents(OpBuilder &b, Location loc, Value extents, RankedTensorType blocked) {
  if (blocked.hasStaticShape())
    return createIndexList(b, loc, blocked.getShape());
  int64_t rank = blocked.getRank() - 1;
  auto numbers = [&](int64_t count) { return RankedTensorType::get({count}, b.getI64Type()); };
  Value parts[] = {extents, createIndexList(b, loc, {blocked.getDimSize(1), kBlock})};
  Value all = nn::ConcatOp::create(b, loc, numbers(rank + 2), parts, 0);
  // The blocks in the place of the channels, and the lanes at the end.
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq(rank));
  order[1] = rank;
  order.push_back(rank + 1);
  return nn::GatherOp::create(b, loc, numbers(rank + 1), all, createIndexList(b, loc, order), 0);
}

Value pickPixels(OpBuilder &b, Location loc, Value blocked, RankedTensorType y, ArrayRef<int64_t> kernel,
                 ArrayRef<int64_t> pads, SmallVectorImpl<int64_t> &strides) {
  auto isOne = [](int64_t extent) { return extent == 1; };
  if (!llvm::all_of(kernel, isOne) || llvm::all_of(strides, isOne) ||
      llvm::any_of(pads, [](int64_t pad) { return pad != 0; }))
    return blocked;
  // Tiles of rows as long as these lose little. (Measured with AVX-512: 1024 -> 2048 channels of 7 x 7 pixels 1.37 ms
  // in place of 1.98, 512 -> 1024 of 14 x 14 1.31 in place of 1.42, 256 -> 512 of 28 x 28 the same.)
  constexpr int64_t longRow = 28;
  if (!ShapedType::isDynamicShape(y.getShape().drop_front(2)) && y.getShape().back() >= longRow)
    return blocked;
  RankedTensorType type = blockedType(y);
  SmallVector<int64_t> shape(type.getShape()), ones(kernel.size(), 1);
  shape[1] = cast<RankedTensorType>(blocked.getType()).getDimSize(1);
  Value picked = nn::BlockedPoolOp::create(b, loc, type.clone(shape), nn::PoolKind::average, blocked, /*kernel=*/ones,
                                           strides, pads, /*dilations=*/ones, /*count_include_pad=*/false);
  strides.assign(ones);
  return picked;
}

} // namespace nnc
