#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

/// One scale for all of x.
template <typename OpTy>
static bool hasSingleScale(OpTy op) {
  auto scale = dyn_cast<RankedTensorType>(op.getScale().getType()),
       x = dyn_cast<RankedTensorType>(op.getX().getType());
  return scale && x && scale.hasStaticShape() && scale.getNumElements() == 1 &&
         scale.getRank() <= x.getRank();
}

bool isElementwiseOp(Operation *op) {
  if (auto quantize = dyn_cast<nn::QuantizeOp>(op))
    return hasSingleScale(quantize);
  if (auto dequantize = dyn_cast<nn::DequantizeOp>(op))
    return hasSingleScale(dequantize);
  return isa<nn::UnaryOp, nn::BinaryOp, nn::CompareOp, nn::SelectOp, nn::CastOp, nn::BitcastOp>(op);
}

bool isView(Operation *op) { return isa<nn::ReshapeOp, nn::SqueezeOp, nn::UnsqueezeOp, nn::FlattenOp>(op); }

bool isHostOp(Operation *op) {
  return isView(op) || isa<nn::ConstantOp, nn::ShapeOfOp, nn::IfOp, nn::LoopOp, nn::ScanOp, nn::YieldOp, nn::GroupOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>();
}

SmallVector<int64_t> lastDims(int64_t rank, int64_t count) {
  return llvm::to_vector(llvm::seq(rank - count, rank));
}

bool isAlongRows(nn::NormalizeOp op) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t count = op.getAxes().size();
  if (!type.getElementType().isF32() || count == 0 || op.getAxes() != ArrayRef(lastDims(type.getRank(), count)))
    return false;
  int64_t last = type.getShape().back();
  return count == 1 ? last != 1 : type.hasStaticShape() && last >= kLeastRowPart;
}

bool takesEpilogue(Operation *root) {
  if (auto normalize = dyn_cast<nn::NormalizeOp>(root))
    return isAlongRows(normalize);
  return isa<nn::MatMulOp, nn::ConvOp, nn::ConvTransposeOp, nn::PackedMatMulOp, nn::PackedByteMatMulOp,
             nn::PackedConvOp, nn::BlockedConvOp, nn::BlockedByteConvOp, nn::BlockedDepthwiseOp,
             nn::BlockedBottleneckOp, nn::BlockedPoolOp, nn::WinogradConvOp>(root);
}

static bool isInlet(Operation *op) { return isa<nn::SliceOp>(op) && llvm::all_of(op->getUsers(), isElementwiseOp); }

nn::SliceOp inletOf(BlockArgument argument) {
  for (Operation *user : argument.getUsers())
    if (isInlet(user))
      return cast<nn::SliceOp>(user);
  return {};
}

Operation *groupRoot(nn::GroupOp group) {
  for (Operation &op : group.getBody().front().without_terminator())
    if (!isElementwiseOp(&op) && !isa<nn::ConstantOp>(op) && !isInlet(&op))
      return &op;
  return nullptr;
}

std::optional<unsigned> inPlaceOperand(nn::GroupOp group) {
  auto operand = group->getAttrOfType<IntegerAttr>("nn.in_place");
  return operand ? std::optional<unsigned>(operand.getInt()) : std::nullopt;
}

ArrayRef<bool> placedOperands(nn::GroupOp group) {
  auto placed = group->getAttrOfType<DenseBoolArrayAttr>("nn.placed");
  return placed ? placed.asArrayRef() : ArrayRef<bool>();
}

Value outerValue(nn::GroupOp group, Value inner) {
  auto argument = dyn_cast<BlockArgument>(inner);
  return argument ? group.getInputs()[argument.getArgNumber()] : inner;
}

unsigned dataDependentExtents(nn::GroupOp group) {
  Operation *root = groupRoot(group);
  if (!root)
    return 0;
  return isa<nn::NonZeroOp, nn::CompressOp, nn::UniqueOp, nn::NonMaxSuppressionOp>(root);
}

} // namespace nnc
