#include "passes/lower/WinogradWeights.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace nnc {

using nn::kBlock;

WinogradWeights::WinogradWeights(KernelBuilder &k, nn::WinogradConvOp op, const WinogradShape &s)
    : k(k), s(s), vector(VectorType::get({s.plan.lanes}, k.b.getF32Type())), u(k.flat(k.memref(op.getU()))),
      channels(s.plan.channels), taps(llvm::product_of(op.getKernel())) {
  if (op.getFromTaps())
    computed = k.workspace(MemRefType::get({s.filtering.weights() * rows() * kBlock}, k.b.getF32Type()));
}

void WinogradWeights::forEachChannels(const Panels &panels, llvm::function_ref<void(Value first, Value end)> body) {
  int64_t blocks = s.channels / kBlock;
  if (!computed)
    return body(k.index(0), k.index(blocks));
  int64_t step = channels / kBlock;
  k.loop(k.index(0), k.index(blocks), k.index(step), [&](Value first) {
    Value end = k.min(k.add(first, step), k.index(blocks));
    compute(panels, first, end);
    Value isLast = k.compare(arith::CmpIPredicate::eq, end, k.index(blocks));
    Value panel = k.add(k.mul(panels.group, s.panels), k.select(isLast, panels.end, panels.panel));
    Value channel = k.mul(k.select(isLast, k.index(0), end), kBlock);
    nextTaps = k.mul(k.add(k.mul(panel, s.channels), channel), taps * kBlock);
    firstBlock = first;
    body(first, end);
  });
}

Value WinogradWeights::start(Value weight, const Panels &panels, Value panel) const {
  if (computed)
    return k.mul(k.add(k.mul(weight, rows()), k.mul(k.sub(panel, panels.panel), channels)), kBlock);
  return k.mul(k.add(k.mul(k.add(k.mul(weight, s.groups), panels.group), s.panels), panel), panelStride());
}

void WinogradWeights::fetchTaps(Value own, int64_t count, Value number, int64_t tiles, Value block) const {
  int64_t lines = llvm::divideCeil(channels * taps, tiles * (channels / kBlock));
  Value share = k.add(k.mul(number, channels / kBlock), k.sub(block, firstBlock));
  Value line = k.add(k.add(nextTaps, k.mul(own, s.channels * taps * kBlock)), k.mul(share, lines * kBlock));
  for (int64_t panel = 0; panel < count; ++panel)
    for (int64_t i = 0; i < lines; ++i) {
      Value at = k.add(line, (panel * s.channels * taps + i) * kBlock);
      memref::PrefetchOp::create(k.b, k.loc, u, at, /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
    }
}

/// G g G^T of each channel of the blocks [first, end): along rows, then along the columns of the result.
void WinogradWeights::compute(const Panels &panels, Value first, Value end) {
  const winograd::Filtering &down = s.filtering.down, &across = s.filtering.across;
  Value from = k.mul(first, kBlock), count = k.sub(k.mul(end, kBlock), from);
  k.loop(k.sub(panels.end, panels.panel), [&](Value j) {
    Value panel = k.add(k.add(k.mul(panels.group, s.panels), panels.panel), j);
    Value source = k.mul(k.add(k.mul(panel, s.channels), from), taps * kBlock);
    k.loop(count, [&](Value channel) {
      for (int64_t lane = 0; lane < kBlock; lane += s.plan.lanes) {
        Value tap = k.add(k.add(source, k.mul(channel, taps * kBlock)), lane);
        SmallVector<SmallVector<Value>> half(across.weights());
        for (int64_t row = 0; row < down.taps; ++row) {
          SmallVector<Value> ofRow;
          for (int64_t column = 0; column < across.taps; ++column) {
            Value at = k.add(tap, (row * across.taps + column) * kBlock);
            ofRow.push_back(vector::LoadOp::create(k.b, k.loc, vector, u, ValueRange{at}));
          }
          for (auto [column, value] : llvm::enumerate(winograd::transformFilter(k, across, ofRow)))
            half[column].push_back(value);
        }
        for (auto [column, ofColumn] : llvm::enumerate(half))
          for (auto [row, value] : llvm::enumerate(winograd::transformFilter(k, down, ofColumn))) {
            int64_t weight = row * across.weights() + column;
            Value to = k.add(k.add(k.mul(j, channels), channel), weight * rows());
            vector::StoreOp::create(k.b, k.loc, value, computed, ValueRange{k.add(k.mul(to, kBlock), lane)});
          }
      }
    });
  });
}

} // namespace nnc
