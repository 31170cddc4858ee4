// Right factors that only the run knows, packed before the product: where a product has several rows, the
// panels are read so often that packing costs little beside it.
#include "passes/cpu/PackOperands.h"

#include "passes/Passes.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_PACKOPERANDS
#include "passes/Passes.h.inc"

namespace {

/// Rows of a product from which on packing pays, and columns from which on panels are not mostly padding.
constexpr int64_t kMinRows = 4, kMinColumns = 8;

/// Whether a kernel can copy elements of this type by vectors.
bool isPackable(Type element) {
  return isa<FloatType, IntegerType>(element) && element.getIntOrFloatBitWidth() >= 8;
}

/// The dim counted from the last one.
int64_t fromEnd(RankedTensorType type, int64_t i) { return type.getDimSize(type.getRank() - i); }

struct PackOperands : impl::PackOperandsBase<PackOperands> {
  void runOnOperation() override {
    SmallVector<nn::MatMulOp> products;
    getOperation().walk([&](nn::MatMulOp op) { products.push_back(op); });
    for (nn::MatMulOp op : products)
      pack(op);
  }

private:
  void pack(nn::MatMulOp op) {
    auto a = dyn_cast<RankedTensorType>(op.getA().getType()),
         b = dyn_cast<RankedTensorType>(op.getB().getType());
    if (!a || !b || a.getRank() < 2 || b.getRank() < 2 || !isPackable(b.getElementType()) ||
        !isPackable(a.getElementType()))
      return;
    int64_t rows = fromEnd(a, op.getTransposeA() ? 1 : 2), columns = fromEnd(b, op.getTransposeB() ? 2 : 1);
    int64_t depth = fromEnd(b, op.getTransposeB() ? 1 : 2);
    // Rows of all the batch meet one and the same right factor.
    if (b.getRank() == 2 && !op.getTransposeA())
      for (int64_t extent : a.getShape().drop_back(2))
        rows = ShapedType::isDynamic(extent) || ShapedType::isDynamic(rows) ? ShapedType::kDynamic
                                                                            : rows * extent;
    bool isFewRows = !ShapedType::isDynamic(rows) && rows < kMinRows;
    if (isFewRows || columns < kMinColumns || depth == 0) {
      // The kernel for factors as they lie wants the right one's rows, or its columns where these fill no vector; it
      // transposes nothing.
      bool isNarrow = !ShapedType::isDynamic(columns) && columns < kMinColumns && !op.getTransposeA();
      bool wantsRows = ShapedType::isDynamic(columns) && !isFewRows;
      if (op.getTransposeB() ? wantsRows : isNarrow) {
        OpBuilder builder(op);
        op.getBMutable().assign(exchangeLastDims(builder, op.getLoc(), op.getB()));
        op.setTransposeB(!op.getTransposeB());
      }
      return;
    }

    OpBuilder builder(op);
    constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns;
    SmallVector<int64_t> shape(b.getShape().drop_back(2));
    shape.append({static_cast<int64_t>(llvm::divideCeil(columns, width)), depth, width});
    Value panels =
        nn::PackPanelsOp::create(builder, op.getLoc(), RankedTensorType::get(shape, b.getElementType()),
                                 op.getB(), op.getTransposeB());
    auto packed = nn::PackedMatMulOp::create(builder, op.getLoc(), op.getY().getType(),
                                             orderedLeftFactor(builder, op), panels, columns);
    op.replaceAllUsesWith(packed.getOperation());
    op.erase();
  }
};

} // namespace

Value orderedLeftFactor(OpBuilder &b, nn::MatMulOp op) {
  return op.getTransposeA() ? exchangeLastDims(b, op.getLoc(), op.getA()) : op.getA();
}

} // namespace nnc
