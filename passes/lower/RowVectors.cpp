#include "passes/lower/RowVectors.h"

using namespace mlir;

namespace nnc {

int64_t rowLanes(const KernelBuilder &k, int64_t count) {
  return llvm::bit_floor<uint64_t>(std::min(k.lanes(), count));
}

void overRowVectors(KernelBuilder &k, int64_t count, int64_t lanes, llvm::function_ref<void(Value first)> body) {
  k.loop(k.index(0), k.index(count), k.index(lanes),
         [&](Value first) { body(k.min(first, k.index(count - lanes))); });
}

} // namespace nnc
