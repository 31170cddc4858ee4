#include "passes/lower/LastChannels.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

namespace {

/// Blocks that threads share are walked so many at a time, pixel after pixel: a piece of each pixel is contiguous.
constexpr int64_t kNeighbours = 4;
/// Bytes of a part's pixels at most, as far as they are known.
constexpr int64_t kPartBytes = 1 << 16;

/// Copies lanes [0, count) of one pixel in one block.
void copyLanes(KernelBuilder &k, bool toBlocks, Place last, Place block, int64_t count) {
  auto type = VectorType::get({kBlock}, cast<MemRefType>(last.memref.getType()).getElementType());
  Place from = toBlocks ? last : block, to = toBlocks ? block : last;
  auto store = [&](Value vector) { vector::StoreOp::create(k.b, k.loc, vector, to.memref, to.offset); };
  if (count == kBlock)
    return store(vector::LoadOp::create(k.b, k.loc, type, from.memref, from.offset));
  SmallVector<bool> isChannel(kBlock);
  std::fill(isChannel.begin(), isChannel.begin() + count, true);
  auto bits = VectorType::get({kBlock}, k.b.getI1Type());
  Value mask = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(bits, ArrayRef(isChannel)));
  if (!toBlocks) {
    Value lanes = vector::LoadOp::create(k.b, k.loc, type, from.memref, from.offset);
    vector::MaskedStoreOp::create(k.b, k.loc, to.memref, ValueRange{to.offset}, mask, lanes);
    return;
  }
  // Lanes that no channel has are zeros, so that arithmetic on them is as fast as on any number.
  Value zeros = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(type));
  store(vector::MaskedLoadOp::create(k.b, k.loc, type, from.memref, ValueRange{from.offset}, mask, zeros));
}

} // namespace

int64_t LastChannels::groupSize() const { return byBlock ? kNeighbours : nn::blocksOf(channels()); }
int64_t LastChannels::groups() const { return llvm::divideCeil(nn::blocksOf(channels()), groupSize()); }

int64_t LastChannels::parts() const {
  int64_t pixels = estimatedSize(last, 1, last.getRank() - 1);
  int64_t bytes = pixels * channels() * llvm::divideCeil(last.getElementTypeBitWidth(), 8);
  return std::clamp<int64_t>(bytes / kPartBytes, 1, std::max<int64_t>(pixels, 1));
}

AffineMap LastChannels::items(MLIRContext *context, int64_t rank) const {
  return AffineMap::get(rank, 0,
                        {getAffineDimExpr(0, context), getAffineConstantExpr(groups(), context),
                         getAffineConstantExpr(parts(), context)},
                        context);
}

void LastChannels::copy(KernelBuilder &k, bool toBlocks, Value lastMemref, Value blocked) const {
  int64_t count = nn::blocksOf(channels()), rest = channels() % kBlock, size = groupSize();
  Value pixels = k.index(1);
  for (int64_t d = 1; d + 1 < last.getRank(); ++d)
    pixels = k.mul(pixels, k.dim(lastMemref, d));
  Value inLast = k.flat(lastMemref), inBlocks = k.flat(blocked), all = k.index(count);
  Value partPixels = k.div(k.add(pixels, parts() - 1), k.index(parts()));
  int64_t itemElements = estimatedSize(last, 1, last.getRank() - 1) / parts() * std::min(size * kBlock, channels());
  k.grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(itemElements, 1));
  k.forEachItem([&](ValueRange point) {
    Value image = point[0], firstBlock = k.mul(point[1], size);
    Value first = k.min(k.mul(point[2], partPixels), pixels), end = k.min(k.add(first, partPixels), pixels);
    Value wholeEnd = k.min(k.add(firstBlock, size), k.index(rest ? count - 1 : count));
    k.loop(first, end, k.index(1), [&](Value pixel) {
      Value row = k.mul(k.add(k.mul(image, pixels), pixel), channels());
      auto places = [&](Value block) {
        Value inImage = k.add(k.mul(k.add(k.mul(image, all), block), pixels), pixel);
        return std::pair(Place{inLast, k.add(row, k.mul(block, kBlock))}, Place{inBlocks, k.mul(inImage, kBlock)});
      };
      auto copyBlock = [&](Value block, int64_t lanes) {
        auto [inRow, inBlock] = places(block);
        copyLanes(k, toBlocks, inRow, inBlock, lanes);
      };
      k.loop(firstBlock, wholeEnd, k.index(1), [&](Value block) { copyBlock(block, kBlock); });
      if (rest) {
        Value hasRest = k.compare(arith::CmpIPredicate::sgt, k.add(firstBlock, size), k.index(count - 1));
        k.ifThen(hasRest, [&] { copyBlock(k.index(count - 1), rest); });
      }
    });
  });
}

} // namespace nnc
