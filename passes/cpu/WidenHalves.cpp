// CPUs store halves, but few compute with them: a kernel widens what it loads and rounds what it stores. Where every op
// does so, a network of halves is slower than the same one of f32, and it takes none of the paths that are written for
// f32: blocks of channels, Winograd's algorithm, attention as one kernel. So from the first product or sum on, values
// stay in f32. Weights of matrix products remain halves in memory, which is what such products read most.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_WIDENHALVES
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

bool isHalf(Value v) {
  RankedTensorType type = typeOf(v);
  return type && (type.getElementType().isF16() || type.getElementType().isBF16());
}

RankedTensorType wideType(Value half) { return typeOf(half).clone(Float32Type::get(half.getContext())); }

/// Ops that sum, for whose sake a network leaves halves.
bool startsWide(Operation *op) {
  return isa<nn::MatMulOp, nn::ConvOp, nn::ConvTransposeOp, nn::EinsumOp, nn::RecurrentOp, nn::AttentionOp,
             nn::NormalizeOp, nn::SoftmaxOp, nn::ReduceOp>(op);
}

/// Ops that take f32 in place of halves in every operand and result.
bool staysWide(Operation *op) {
  return isView(op) ||
         isa<nn::UnaryOp, nn::BinaryOp, nn::CompareOp, nn::SelectOp, nn::TransposeOp, nn::ConcatOp, nn::SplitOp,
             nn::SliceOp, nn::BroadcastToOp, nn::TileOp, nn::PadOp, nn::GatherOp, nn::ResizeOp, nn::CumulativeOp,
             nn::LrnOp, nn::PoolOp, nn::MaxPoolWithIndicesOp, nn::ArgReduceOp, nn::TopKOp>(op);
}

struct WidenHalves : impl::WidenHalvesBase<WidenHalves> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    findWanted(ops);
    for (Operation *op : ops) {
      if (auto cast = dyn_cast<nn::CastOp>(op))
        convert(cast);
      else if (startsWide(op) || wanted.contains(op) ? anyHalf(op) : staysWide(op) && follows(op))
        convert(op);
    }
    wide.clear();
    wanted.clear();
    eraseDeadOps(getOperation());
  }

private:
  /// Arithmetic whose results a sum reads, as that of the embeddings of words and positions.
  void findWanted(ArrayRef<Operation *> ops) {
    for (Operation *op : llvm::reverse(ops)) {
      if (!startsWide(op) && !wanted.contains(op))
        continue;
      for (Value operand : op->getOperands())
        if (Operation *before = operand.getDefiningOp();
            before && (isView(before) || isa<nn::UnaryOp, nn::BinaryOp, nn::SelectOp, nn::CastOp>(before)))
          wanted.insert(before);
    }
  }

  static bool anyHalf(Operation *op) {
    return llvm::any_of(op->getOperands(), isHalf) || llvm::any_of(op->getResults(), isHalf);
  }

  /// Weights of matrix products stay as they are; the left factor of those of bf16 too, since there are instructions for
  /// such products.
  static bool staysHalf(Operation *op, unsigned operand) {
    auto product = dyn_cast<nn::MatMulOp>(op);
    if (!product || !constantValue(product.getB()))
      return false;
    auto isBrain = [](Value v) { return isHalf(v) && typeOf(v).getElementType().isBF16(); };
    return operand == 1 || (isBrain(product.getA()) && isBrain(product.getB()));
  }

  /// Whether an operand is there in f32. Concatenations want all of them: the cache of a decoder, which is copied in
  /// whole for a few new rows, stays what it is.
  bool follows(Operation *op) {
    auto isWide = [&](Value v) { return wide.contains(v); };
    if (!isa<nn::ConcatOp>(op))
      return llvm::any_of(op->getOperands(), isWide);
    return llvm::all_of(op->getOperands(), [&](Value v) { return isWide(v) || constantValue(v); }) &&
           llvm::any_of(op->getOperands(), isWide);
  }

  /// The f32 that `half` is, or was before it was rounded.
  Value widened(OpBuilder &b, Value half) {
    if (Value known = wide.lookup(half))
      return known;
    if (ElementsAttr constant = widenedConstant(constantValue(half)))
      return nn::ConstantOp::create(b, half.getLoc(), constant.getShapedType(), constant);
    if (auto cast = half.getDefiningOp<nn::CastOp>(); cast && cast.getX().getType() == wideType(half))
      return cast.getX();
    return nn::CastOp::create(b, half.getLoc(), wideType(half), half);
  }

  /// Puts `value` in the place of `half`: itself where an op wants f32, rounded elsewhere.
  void replace(OpBuilder &b, Value half, Value value) {
    Value rounded = nn::CastOp::create(b, half.getLoc(), half.getType(), value);
    half.replaceAllUsesWith(rounded);
    wide[rounded] = value;
  }

  void convert(Operation *op) {
    OpBuilder b(op);
    Operation *converted = b.clone(*op);
    for (OpOperand &operand : converted->getOpOperands()) {
      if (isHalf(operand.get()) && !staysHalf(op, operand.getOperandNumber())) {
        OpBuilder before(converted);
        operand.set(widened(before, operand.get()));
      }
    }
    for (auto [before, after] : llvm::zip(op->getResults(), converted->getResults())) {
      if (!isHalf(before)) {
        before.replaceAllUsesWith(after);
        continue;
      }
      after.setType(wideType(before));
      replace(b, before, after);
    }
    op->erase();
  }

  void convert(nn::CastOp op) {
    Value known = wide.lookup(op.getX());
    if (!known || isHalf(op.getY()))
      return;
    if (op.getY().getType() == known.getType()) {
      op.getY().replaceAllUsesWith(known);
      op.erase();
      return;
    }
    op.getXMutable().assign(known);
  }

  llvm::DenseSet<Operation *> wanted;
  /// By the rounded value: what it was before.
  llvm::DenseMap<Value, Value> wide;
};

} // namespace
} // namespace nnc
