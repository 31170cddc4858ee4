// A reduction of very many elements to a few is one of parts first, each an item that a thread takes, and then one of what
// the parts gave: an item is what gives one result, and one item is one thread's. The parts depend on the shape alone, so
// that sums are the same on any number of threads.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Movement.h"

#include <optional>

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_SPLITREDUCTIONS
#include "passes/Passes.h.inc"

namespace {

/// Elements that are worth a second thread: it costs two more kernels, of which one is small.
constexpr int64_t kLeastElements = 1 << 17;
/// Results that are too few for the threads of a machine.
constexpr int64_t kMostResults = 2;

/// What the parts are reduced by where they come from a reduction of this kind; none where that gives something else, or
/// something less exact because parts are rounded to the type.
std::optional<std::pair<nn::ReduceKind, nn::ReduceKind>> kindsOf(nn::ReduceKind kind, Type element) {
  using nn::ReduceKind;
  if (kind == ReduceKind::max || kind == ReduceKind::min)
    return {{kind, kind}};
  bool isReal = isa<Float32Type, Float64Type>(element);
  if (!isReal && !element.isSignlessInteger(32) && !element.isSignlessInteger(64))
    return std::nullopt;
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::prod:
    return {{kind, kind}};
  case ReduceKind::l1:
  case ReduceKind::sum_square:
    return {{kind, ReduceKind::sum}};
  case ReduceKind::mean:
  case ReduceKind::l2:
  case ReduceKind::log_sum_exp:
    return isReal ? std::optional(std::pair(kind, kind)) : std::nullopt;
  case ReduceKind::log_sum:
    return isReal ? std::optional(std::pair(ReduceKind::sum, kind)) : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// The most parts, 32 at the most, that so many elements have; 1 where no number divides them.
int64_t partsOf(int64_t elements) {
  int64_t parts = 32;
  while (elements % parts != 0)
    --parts;
  return parts;
}

struct SplitReductions : impl::SplitReductionsBase<SplitReductions> {
  void runOnOperation() override {
    SmallVector<nn::ReduceOp> ops;
    getOperation().walk([&](nn::ReduceOp op) { ops.push_back(op); });
    for (nn::ReduceOp op : ops)
      split(op);
  }

  static void split(nn::ReduceOp op) {
    auto type = cast<RankedTensorType>(op.getX().getType()), resultType = cast<RankedTensorType>(op.getY().getType());
    // Extents of 1 are reduced or not as may be.
    if (!type.hasStaticShape() || !resultType.hasStaticShape() || resultType.getNumElements() > kMostResults ||
        resultType.getNumElements() == 0 || type.getNumElements() < kLeastElements || !reducesLastDims(op, type))
      return;
    int64_t results = resultType.getNumElements(), each = type.getNumElements() / results, parts = partsOf(each);
    auto kinds = kindsOf(op.getKind(), type.getElementType());
    if (!kinds || parts == 1)
      return;
    OpBuilder b(op);
    auto tensor = [&](ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, type.getElementType()); };
    Value x = viewOf(b, op.getLoc(), op.getX(), {results, parts, each / parts});
    Value y = nn::ReduceOp::create(b, op.getLoc(), tensor({results, parts}), kinds->first, x, ArrayRef<int64_t>{2},
                                   /*keepdims=*/false);
    y = nn::ReduceOp::create(b, op.getLoc(), tensor({results}), kinds->second, y, ArrayRef<int64_t>{1},
                             /*keepdims=*/false);
    op.getY().replaceAllUsesWith(viewOf(b, op.getLoc(), y, resultType.getShape()));
    op.erase();
  }

  /// Whether what is kept comes before what is reduced, so that the elements of a result lie side by side.
  static bool reducesLastDims(nn::ReduceOp op, RankedTensorType type) {
    bool isReduced = false;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (type.getDimSize(i) == 1)
        continue;
      bool isAxis = llvm::is_contained(op.getAxes(), i);
      if (isReduced && !isAxis)
        return false;
      isReduced |= isAxis;
    }
    return isReduced;
  }
};

} // namespace
} // namespace nnc
