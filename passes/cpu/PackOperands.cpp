// Right factors that only the run knows, packed before the product: where a product has many rows, the panels are read so
// often that packing costs little beside it. A factor whose rows lie as the kernel reads them has to be read more often for
// that: a register tile of rows of the product is done when the factor has been read once.
#include "passes/cpu/PackOperands.h"

#include "passes/Passes.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_PACKOPERANDS
#include "passes/Passes.h.inc"

namespace {

/// Rows of a product from which on packing pays where the factor as it lies is slow to multiply, and columns from which on
/// panels are not mostly padding.
constexpr int64_t kMinRows = 4, kMinColumns = 8;
/// Bytes of a right factor that stay in the second-level cache from one tile of rows to the next.
constexpr int64_t kNearBytes = 1 << 20;

/// Whether a kernel can copy elements of this type by vectors.
bool isPackable(Type element) {
  return isa<FloatType, IntegerType>(element) && element.getIntOrFloatBitWidth() >= 8;
}

/// Rows of a product from which on packing pays. (Measured with AVX-512: 24 rows by a near factor take three quarters of
/// the time as it lies, 48 as long as packed; 16 by 1024 x 4096 four fifths, 24 more than twice as long.)
int64_t leastRowsToPack(nn::MatMulOp op, int64_t depth, int64_t columns) {
  Type element = getElementTypeOrSelf(op.getB().getType());
  // A transposed factor, and one whose columns fill no vector, make dot products, one result at a time; narrow elements
  // are widened anew in every tile.
  if (op.getTransposeB() || !isa<FloatType>(element) || element.getIntOrFloatBitWidth() < 32 ||
      ShapedType::isDynamic(columns) || columns < nn::PackedMatMulOp::kPanelColumns)
    return kMinRows;
  bool isNear = !ShapedType::isDynamic(depth) && depth * columns * element.getIntOrFloatBitWidth() / 8 <= kNearBytes;
  return isNear ? 33 : 17;
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
    int64_t depth = fromEnd(b, op.getTransposeB() ? 1 : 2), ownRows = rows;
    // Rows of all the batch meet one and the same right factor.
    if (b.getRank() == 2 && !op.getTransposeA())
      for (int64_t extent : a.getShape().drop_back(2))
        rows = ShapedType::isDynamic(extent) || ShapedType::isDynamic(rows) ? ShapedType::kDynamic
                                                                            : rows * extent;
    // The kernel for factors as they lie would read the factor for each matrix of a batch.
    int64_t least = rows == ownRows ? leastRowsToPack(op, depth, columns) : kMinRows;
    bool isFewRows = !ShapedType::isDynamic(rows) && rows < least;
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
