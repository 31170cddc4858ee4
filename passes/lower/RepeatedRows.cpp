#include "passes/lower/RepeatedRows.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/RowVectors.h"

using namespace mlir;

namespace nnc {

static int64_t lastExtent(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape().back(); }

/// A result's position is k + (2j + 1 - times) / (2 times), or k + j / times, for a j below `times`: not so near to where
/// rounding changes that f32 could miss it.
std::optional<int64_t> repetitionOf(nn::ResizeOp op) {
  constexpr int64_t mostTimes = 8, mostElements = 1 << 16;
  int64_t in = lastExtent(op.getX()), out = lastExtent(op.getY());
  if (op.getKind() != nn::ResizeMode::nearest || op.getScaleValues() || op.getRoiValues() ||
      ShapedType::isDynamic(in) || ShapedType::isDynamic(out) || in == 0 || in > mostElements || out % in)
    return std::nullopt;
  int64_t times = out / in;
  if (times < 2 || times > mostTimes || (op.getScales() && op.getScales()->back() != times))
    return std::nullopt;
  bool rounds = op.getNearest() == nn::ResizeNearest::round_prefer_floor ||
                op.getNearest() == nn::ResizeNearest::round_prefer_ceil;
  switch (op.getCoordinates()) {
  case nn::ResizeCoordinates::half_pixel:
  case nn::ResizeCoordinates::half_pixel_symmetric:
  case nn::ResizeCoordinates::pytorch_half_pixel: return rounds ? std::optional(times) : std::nullopt;
  case nn::ResizeCoordinates::asymmetric:
    return op.getNearest() == nn::ResizeNearest::floor ? std::optional(times) : std::nullopt;
  default: return std::nullopt;
  }
}

void repeatRow(KernelBuilder &k, nn::ResizeOp op, int64_t times, ValueRange from, ValueRange to) {
  int64_t count = lastExtent(op.getX()), lanes = rowLanes(k, count);
  auto type = VectorType::get({lanes}, storageType(getElementTypeOrSelf(op.getX().getType())));
  overRowVectors(k, count, lanes, [&](Value x) {
    SmallVector<Value> source(from), target(to);
    source.push_back(x);
    Value loaded = vector::LoadOp::create(k.b, k.loc, type, k.memref(op.getX()), source);
    for (int64_t part = 0; part < times; ++part) {
      SmallVector<int64_t> order;
      for (int64_t i = 0; i < lanes; ++i)
        order.push_back((part * lanes + i) / times);
      target.push_back(k.add(k.mul(x, times), part * lanes));
      Value repeated = vector::ShuffleOp::create(k.b, k.loc, loaded, loaded, order);
      vector::StoreOp::create(k.b, k.loc, repeated, k.output(0), target);
      target.pop_back();
    }
  });
}

} // namespace nnc
