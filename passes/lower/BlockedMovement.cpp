// nn.block_channels and nn.unblock_channels: an item is one block of an image's pixels or of a part of them.
// Squares of 8 pixels times 8 channels are transposed in registers; what is left over is copied element by
// element. Channels that are last need none of it (LastChannels.h).
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/LastChannels.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The parts of an image's pixels. They come before its blocks, so that every thread gets pixels of its own:
/// convolutions are cut the same way where there are many pixels, and read what the same core has written.
template <typename OpTy> int64_t partsOf(OpTy op) { return op.getByBlock() ? 1 : 8; }

/// The side of channels in order, where they are last.
std::optional<LastChannels> lastChannelsOf(Operation *root) {
  if (auto block = dyn_cast<nn::BlockChannelsOp>(root); block && block.getChannelsLast())
    return LastChannels{typeOf(block.getX()), block.getByBlock()};
  if (auto unblock = dyn_cast<nn::UnblockChannelsOp>(root); unblock && unblock.getChannelsLast())
    return LastChannels{typeOf(unblock.getY()), unblock.getByBlock()};
  return std::nullopt;
}

AffineMap blockItems(nn::GroupOp group, Operation *root) {
  MLIRContext *context = group.getContext();
  if (auto last = lastChannelsOf(root))
    return last->items(context, typeOf(group.getResult(0)).getRank());
  // Unblocked channels are not an extent to cut: the number of blocks comes from the other side.
  auto unblock = dyn_cast<nn::UnblockChannelsOp>(root);
  AffineExpr blocks = unblock ? getAffineConstantExpr(nn::blocksOf(unblock.getChannels()), context)
                              : getAffineDimExpr(1, context);
  int64_t parts = unblock ? partsOf(unblock) : partsOf(cast<nn::BlockChannelsOp>(root));
  return AffineMap::get(typeOf(group.getResult(0)).getRank(), 0,
                        {getAffineDimExpr(0, context), getAffineConstantExpr(parts, context), blocks},
                        context);
}

/// Transposes an 8 x 8 square of vectors by three rounds of shuffles.
SmallVector<Value> transpose(KernelBuilder &k, SmallVector<Value> rows) {
  for (int64_t distance = 4; distance > 0; distance /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < 8; ++i) {
      bool second = i & distance;
      low.push_back(second ? 8 + i - distance : i);
      high.push_back(second ? 8 + i : i + distance);
    }
    for (int64_t i = 0; i < 8; ++i) {
      if (i & distance)
        continue;
      Value a = rows[i], b = rows[i + distance];
      rows[i] = vector::ShuffleOp::create(k.b, k.loc, a, b, low);
      rows[i + distance] = vector::ShuffleOp::create(k.b, k.loc, a, b, high);
    }
  }
  return rows;
}

/// Copies channels [0, count) of the pixels [first, last) between planes (channel after channel, `pixels`
/// elements each, from `plane` on) and a block (pixel after pixel, from `block` on).
void copy(KernelBuilder &k, bool toBlock, Value planes, Value plane, Value blocks, Value block, Value pixels,
          Value first, Value last, int64_t count) {
  auto inPlanes = [&](Value channel, Value pixel) {
    return k.add(plane, k.add(k.mul(channel, pixels), pixel));
  };
  auto inBlock = [&](Value channel, Value pixel) {
    return k.add(block, k.add(k.mul(pixel, kBlock), channel));
  };
  auto single = [&](Value channel, Value pixel) {
    Value from = toBlock ? inPlanes(channel, pixel) : inBlock(channel, pixel);
    Value to = toBlock ? inBlock(channel, pixel) : inPlanes(channel, pixel);
    Value value = memref::LoadOp::create(k.b, k.loc, toBlock ? planes : blocks, from);
    memref::StoreOp::create(k.b, k.loc, value, toBlock ? blocks : planes, to);
  };
  auto type = VectorType::get({8}, cast<MemRefType>(planes.getType()).getElementType());
  Value eight = k.index(8), channels = k.index(count / 8 * 8);
  Value squares = k.add(first, k.mul(k.div(k.sub(last, first), eight), eight));
  k.loop(first, squares, eight, [&](Value pixel) {
    k.loop(k.index(0), channels, eight, [&](Value channel) {
      auto at = [&](int64_t i, bool isBlock) {
        return isBlock ? inBlock(channel, k.add(pixel, i)) : inPlanes(k.add(channel, i), pixel);
      };
      SmallVector<Value> rows;
      for (int64_t i = 0; i < 8; ++i)
        rows.push_back(
            vector::LoadOp::create(k.b, k.loc, type, toBlock ? planes : blocks, ValueRange{at(i, !toBlock)}));
      rows = transpose(k, rows);
      for (int64_t i = 0; i < 8; ++i)
        vector::StoreOp::create(k.b, k.loc, rows[i], toBlock ? blocks : planes, ValueRange{at(i, toBlock)});
    });
    k.loop(channels, k.index(count), k.index(1), [&](Value channel) {
      k.loop(pixel, k.add(pixel, 8), k.index(1), [&](Value p) { single(channel, p); });
    });
  });
  k.loop(k.index(count), [&](Value channel) {
    k.loop(squares, last, k.index(1), [&](Value pixel) { single(channel, pixel); });
  });
}

/// `isLast`: whether the block at hand is the last one, whose channels may be fewer.
LogicalResult emitCopies(KernelBuilder &k, bool toBlock, Value planar, Value blocked, int64_t channels,
                         int64_t firstDim, int64_t parts) {
  auto type = cast<MemRefType>(planar.getType());
  Value pixels = k.index(1);
  int64_t known = 1;
  for (int64_t i = firstDim; i < type.getRank(); ++i) {
    pixels = k.mul(pixels, k.dim(planar, i));
    known *= type.isDynamicDim(i) ? 64 : type.getDimSize(i);
  }
  k.grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(known * kBlock / parts, 1));
  Value planes = k.flat(planar), blocks = k.flat(blocked);
  int64_t count = nn::blocksOf(channels), rest = channels % kBlock;
  // Parts are whole squares, but the last.
  Value partPixels = k.mul(k.div(k.add(pixels, 8 * parts - 1), k.index(8 * parts)), 8);
  k.forEachItem([&](ValueRange point) {
    Value image = point[0], part = point[1], number = point[2];
    Value first = k.min(k.mul(part, partPixels), pixels), last = k.min(k.add(first, partPixels), pixels);
    Value plane = k.mul(k.add(k.mul(image, channels), k.mul(number, kBlock)), pixels);
    Value block = k.mul(k.mul(k.add(k.mul(image, count), number), pixels), kBlock);
    if (!rest)
      return copy(k, toBlock, planes, plane, blocks, block, pixels, first, last, kBlock);
    Value isWhole = k.compare(arith::CmpIPredicate::slt, number, k.index(count - 1));
    k.ifThen(isWhole, [&] { copy(k, toBlock, planes, plane, blocks, block, pixels, first, last, kBlock); });
    k.ifThen(k.negated(isWhole), [&] {
      copy(k, toBlock, planes, plane, blocks, block, pixels, first, last, rest);
      if (!toBlock)
        return;
      // Lanes that no channel has are zeros, so that arithmetic on them is as fast as on any number.
      auto element = cast<MemRefType>(blocks.getType()).getElementType();
      Value zero = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(element));
      k.loop(first, last, k.index(1), [&](Value pixel) {
        k.loop(k.index(rest), k.index(kBlock), k.index(1), [&](Value lane) {
          memref::StoreOp::create(k.b, k.loc, zero, blocks, k.add(block, k.add(k.mul(pixel, kBlock), lane)));
        });
      });
    });
  });
  return success();
}

LogicalResult emitBlockChannels(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::BlockChannelsOp>(root);
  RankedTensorType type = typeOf(op.getX());
  if (type.isDynamicDim(op.getChannelsLast() ? type.getRank() - 1 : 1))
    return op.emitOpError("unsupported: the number of channels must be known at compile time");
  if (auto last = lastChannelsOf(op)) {
    last->copy(k, /*toBlocks=*/true, k.memref(op.getX()), k.output(0));
    return success();
  }
  return emitCopies(k, true, k.memref(op.getX()), k.output(0), type.getDimSize(1), 2, partsOf(op));
}

LogicalResult emitUnblockChannels(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::UnblockChannelsOp>(root);
  if (auto last = lastChannelsOf(op)) {
    last->copy(k, /*toBlocks=*/false, k.output(0), k.memref(op.getX()));
    return success();
  }
  return emitCopies(k, false, k.output(0), k.memref(op.getX()), op.getChannels(), 2, partsOf(op));
}

} // namespace

void registerBlockedMovementLowerings(LoweringRegistry &registry) {
  registry.add<nn::BlockChannelsOp>({blockItems, emitBlockChannels});
  registry.add<nn::UnblockChannelsOp>({blockItems, emitUnblockChannels});
}

} // namespace nnc
