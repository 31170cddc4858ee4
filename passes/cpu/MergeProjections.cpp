// Queries, keys and values are products of the same rows with three factors. One product with all their columns has
// better tiles, reads the rows once, and is larger where only large products gain from Strassen's algorithm. Kernels of
// nn.attention find their heads within it.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/graph/Constants.h"
#include "passes/graph/SpentConstants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What gives an operand of nn.attention: a product, an addition of a constant for each column or nothing, and the
/// reshape that makes heads of the columns.
struct Projection {
  nn::PackedMatMulOp product;
  nn::BinaryOp addition;
  nn::ReshapeOp heads;
  /// Null without an addition.
  ElementsAttr bias;

  int64_t columns() { return product.getColumns(); }
  int64_t headCount() { return typeOf(heads.getResult()).getDimSize(2); }
  int64_t headSize() { return typeOf(heads.getResult()).getDimSize(3); }
};

/// The operand [B,S,heads,D] if nobody but `reader` sees any of it.
std::optional<Projection> projectionOf(Value operand, Operation *reader) {
  Projection found;
  found.heads = operand.getDefiningOp<nn::ReshapeOp>();
  if (!found.heads || !llvm::all_of(operand.getUsers(), [&](Operation *user) { return user == reader; }))
    return std::nullopt;
  Value value = found.heads.getX();
  if (!value.hasOneUse())
    return std::nullopt;
  if ((found.addition = value.getDefiningOp<nn::BinaryOp>())) {
    if (found.addition.getKind() != nn::BinaryKind::add)
      return std::nullopt;
    Value bias = found.addition.getB();
    value = found.addition.getA();
    if (constantValue(value))
      std::swap(bias, value);
    found.bias = constantValue(bias);
    if (!found.bias || typeOf(bias).getRank() != 1 || !value.hasOneUse() || !elementsOf(found.bias))
      return std::nullopt;
  }
  found.product = value.getDefiningOp<nn::PackedMatMulOp>();
  if (!found.product || found.product.getScales() || !elementsOf(constantValue(found.product.getPanels())) ||
      typeOf(found.product.getPanels()).getRank() != 3 || found.columns() % nn::PackedMatMulOp::kPanelColumns != 0 ||
      typeOf(operand).getRank() != 4 || found.headCount() * found.headSize() != found.columns() ||
      (found.bias && found.bias.getNumElements() != found.columns()))
    return std::nullopt;
  return found;
}

/// Whether both are products of the same rows, with heads of one size.
bool areAlike(Projection &one, Projection &other) {
  RankedTensorType panels = typeOf(one.product.getPanels()), otherPanels = typeOf(other.product.getPanels());
  return one.product.getA() == other.product.getA() && one.headSize() == other.headSize() &&
         typeOf(one.product.getY()).getElementType() == typeOf(other.product.getY()).getElementType() &&
         panels.getElementType() == otherPanels.getElementType() &&
         panels.getShape().drop_front() == otherPanels.getShape().drop_front() &&
         typeOf(one.heads.getResult()).getShape().take_front(2) ==
             typeOf(other.heads.getResult()).getShape().take_front(2);
}

/// The extents of [B,S,`heads`,D], from what a reshape to other heads takes, or null if only the run knows those.
Value shapeWith(OpBuilder &b, Projection &projection, int64_t heads) {
  SmallVector<int64_t> shape(typeOf(projection.heads.getResult()).getShape());
  shape[2] = heads;
  if (ShapedType::isDynamicShape(shape)) {
    auto list = numberElements(constantValue(projection.heads.getShape()));
    if (!list || list->size() != 4 || projection.heads.getAllowZero())
      return Value();
    // -1 for the heads would now leave open what the other extents make of it.
    for (int64_t i : {0, 1, 3})
      shape[i] = (*list)[i];
  }
  return createIndexList(b, projection.heads.getLoc(), shape);
}

/// The constants one after the other along the first dim.
ElementsAttr joined(ArrayRef<ElementsAttr> parts) {
  auto bytesOf = [](ElementsAttr part) -> size_t {
    return part.getNumElements() * part.getElementType().getIntOrFloatBitWidth() / 8;
  };
  size_t all = 0;
  for (ElementsAttr part : parts)
    all += bytesOf(part);
  std::vector<char> bytes;
  bytes.reserve(all);
  int64_t count = 0;
  RankedTensorType type;
  for (ElementsAttr part : parts) {
    type = cast<RankedTensorType>(part.getShapedType());
    Elements elements = *elementsOf(part);
    size_t size = bytesOf(part);
    for (size_t done = 0; done < size; done += elements.bytes.size())
      llvm::append_range(bytes, elements.bytes.take_front(size));
    count += type.getDimSize(0);
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = count;
  return constantFromBytes(RankedTensorType::get(shape, type.getElementType()), std::move(bytes));
}

struct MergeProjections : impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    spent.emplace(getOperation());
    SmallVector<nn::AttentionOp> ops;
    getOperation().walk([&](nn::AttentionOp op) { ops.push_back(op); });
    for (nn::AttentionOp op : ops)
      merge(op);
  }

private:
  /// An operand of an op and the projection that it is.
  struct Part {
    unsigned operand;
    Projection projection;
  };

  void merge(nn::AttentionOp op) {
    SmallVector<Part> parts;
    bool byRow[] = {op.getQByRow(), op.getKByRow(), op.getVByRow()};
    for (unsigned i = 0; i < 3; ++i)
      if (byRow[i] && op.getFirstHeads()[i] == 0)
        if (auto projection = projectionOf(op->getOperand(i), op))
          parts.push_back({i, *projection});
    // Where queries are of other rows than keys and values are, those are still two of the same.
    if (parts.size() > 1 && !areAlike(parts.front().projection, parts.back().projection))
      parts.erase(parts.begin());
    llvm::erase_if(parts, [&](Part &part) { return !areAlike(part.projection, parts.back().projection); });
    bool areDistinct = parts.size() > 1;
    for (size_t i = 1; i < parts.size(); ++i)
      areDistinct &= op->getOperand(parts[i].operand) != op->getOperand(parts[i - 1].operand);
    if (areDistinct)
      merge(op, parts);
  }

  void merge(nn::AttentionOp op, MutableArrayRef<Part> parts) {
    OpBuilder b(op);
    Projection &first = parts.front().projection;
    int64_t heads = 0, columns = 0;
    bool hasBias = false;
    SmallVector<Location> locations;
    SmallVector<ElementsAttr> panels, biases;
    SmallVector<int64_t> firstHeads(op.getFirstHeads());
    for (auto &[operand, projection] : parts) {
      firstHeads[operand] = heads;
      heads += projection.headCount();
      columns += projection.columns();
      hasBias |= bool(projection.bias);
      locations.push_back(projection.product.getLoc());
      if (projection.addition)
        locations.push_back(projection.addition.getLoc());
      panels.push_back(constantValue(projection.product.getPanels()));
    }
    Location loc = b.getFusedLoc(locations);
    Value shape = shapeWith(b, first, heads);
    if (!shape)
      return;
    auto widened = [](RankedTensorType type, int64_t dim, int64_t extent) {
      SmallVector<int64_t> dims(type.getShape());
      dims[dim] = extent;
      return type.clone(dims);
    };
    RankedTensorType type = typeOf(first.product.getY());
    type = widened(type, type.getRank() - 1, columns);
    Value y = nn::PackedMatMulOp::create(b, loc, type, first.product.getA(), constantOf(b, loc, panels),
                                         /*scales=*/Value(), columns, /*strassen=*/false, first.product.getCached());
    if (hasBias) {
      for (auto &[operand, projection] : parts) {
        auto zeros = RankedTensorType::get({projection.columns()}, type.getElementType());
        biases.push_back(projection.bias ? projection.bias
                                         : DenseElementsAttr::get(zeros, b.getFloatAttr(type.getElementType(), 0)));
      }
      y = nn::BinaryOp::create(b, loc, type, nn::BinaryKind::add, y, constantOf(b, loc, biases));
    }
    y = nn::ReshapeOp::create(b, loc, widened(typeOf(first.heads.getResult()), 2, heads), y, shape);
    for (auto &[operand, projection] : parts)
      op->setOperand(operand, y);
    op.setFirstHeads(firstHeads);
    for (auto &[operand, projection] : parts) {
      projection.heads.erase();
      if (projection.addition)
        projection.addition.erase();
      auto constant = projection.product.getPanels().getDefiningOp<nn::ConstantOp>();
      projection.product.erase();
      spent->release(constant);
    }
  }

  /// One constant of several. Layers that share their weights share it.
  Value constantOf(OpBuilder &b, Location loc, ArrayRef<ElementsAttr> parts) {
    SmallVector<Attribute> key(parts.begin(), parts.end());
    ElementsAttr &made = joins[b.getArrayAttr(key)];
    if (!made)
      made = joined(parts);
    return createConstant(b, loc, made);
  }

  std::optional<SpentConstants> spent;
  llvm::DenseMap<Attribute, ElementsAttr> joins;
};

} // namespace
} // namespace nnc
