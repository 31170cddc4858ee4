#include "passes/lower/PixelSpace.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/ElementwiseBody.h"
#include "passes/lower/Epilogue.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Whether each pixel reads one input and pixels are numbered alike in input and output.
bool readsOnePixel(nn::PackedConvOp op) {
  auto all = [](ArrayRef<int64_t> list, int64_t value) {
    return llvm::all_of(list, [=](int64_t v) { return v == value; });
  };
  return all(op.getKernel(), 1) && all(op.getStrides(), 1) && all(op.getPads(), 0) &&
         op.getAutoPad() == nn::AutoPad::explicit_pads;
}

/// How an operand of the epilogue runs along the n spatial dims.
enum class Along { all, none, some };

Along alongPixels(RankedTensorType operand, RankedTensorType y, int64_t n) {
  bool dense = operand.getRank() >= n, constant = true;
  for (int64_t i = 1; i <= n; ++i) {
    int64_t out = y.getDimSize(y.getRank() - i);
    int64_t extent = i <= operand.getRank() ? operand.getDimSize(operand.getRank() - i) : 1;
    constant &= extent == 1;
    dense &= extent != 1 || out == 1;
  }
  return constant ? Along::none : dense ? Along::all : Along::some;
}

/// The inputs that the elementwise ops of the group read.
SmallVector<Value> epilogueInputs(nn::GroupOp group, Operation *root) {
  SmallVector<Value> inputs;
  for (BlockArgument argument : group.getBody().front().getArguments())
    if (llvm::any_of(argument.getUsers(), [&](Operation *user) { return user != root; }))
      inputs.push_back(argument);
  return inputs;
}

bool countsFlat(nn::GroupOp group, nn::PackedConvOp op) {
  RankedTensorType y = typeOf(op.getY());
  int64_t n = op.getKernel().size();
  return llvm::all_of(epilogueInputs(group, op),
                      [&](Value input) { return alongPixels(typeOf(input), y, n) != Along::some; });
}

/// The dim of the result whose extent is the number of items where that of tiles is no affine expression.
std::optional<int64_t> sharingDim(nn::PackedConvOp op) {
  ArrayRef<int64_t> shape = typeOf(op.getY()).getShape();
  if (llvm::count_if(shape.drop_front(2), ShapedType::isDynamic) < 2)
    return std::nullopt;
  return std::distance(shape.begin(), std::find_if(shape.begin() + 2, shape.end(), ShapedType::isDynamic));
}

} // namespace

PackedConvShape::PackedConvShape(nn::PackedConvOp op) : filters(op.getFilters() / op.getGroups()) {
  for (int64_t extent : op.getKernel())
    taps *= extent;
  channels = typeOf(op.getPanels()).getDimSize(2) / taps;
}

ConvPlan planPackedConv(const PackedConvShape &shape, nn::PackedConvOp op, KernelTarget target) {
  RankedTensorType y = typeOf(op.getY());
  std::optional<int64_t> pixels;
  if (auto spatial = y.getShape().take_back(op.getKernel().size()); !ShapedType::isDynamicShape(spatial))
    pixels = ShapedType::getNumElements(spatial);
  return planConv(target, computeType(y.getElementType()), shape.filters, shape.channels, shape.taps, pixels);
}

void appendPixelItems(SmallVectorImpl<AffineExpr> &items, nn::GroupOp group, nn::PackedConvOp op,
                      int64_t tile) {
  RankedTensorType y = typeOf(op.getY());
  MLIRContext *context = op.getContext();
  if (!countsFlat(group, op)) {
    for (int64_t i = 2; i + 1 < y.getRank(); ++i)
      items.push_back(getAffineDimExpr(i, context));
    return;
  }
  if (std::optional<int64_t> dim = sharingDim(op)) {
    items.push_back(getAffineDimExpr(*dim, context));
    return;
  }
  int64_t known = 1;
  AffineExpr total = getAffineConstantExpr(1, context);
  for (int64_t i = 2; i < y.getRank(); ++i)
    if (y.isDynamicDim(i))
      total = getAffineDimExpr(i, context);
    else
      known *= y.getDimSize(i);
  items.push_back((total * known).ceilDiv(tile));
}

PixelSpace::PixelSpace(KernelBuilder &k, nn::PackedConvOp op)
    : isFlat(countsFlat(k.group, op)), input(k.memref(op.getX())), k(k), op(op), n(op.getKernel().size()) {
  window = windowOf(k, op);
  count = isFlat ? k.index(1) : window.back().out;
  if (!isFlat)
    return;
  for (const WindowDim &d : window)
    count = k.mul(count, d.out);
  if (std::optional<int64_t> dim = sharingDim(op))
    sharers = window[*dim - 2].out;
  isPointwise = readsOnePixel(op);
  if (isPointwise) {
    input = collapseSpatial(input);
    window = {WindowDim{count, count, 1, 1, 1, k.index(0)}};
  }
  for (Value operand : epilogueInputs(k.group, op))
    if (alongPixels(typeOf(operand), typeOf(op.getY()), n) == Along::all)
      collapsed[operand] = collapseSpatial(k.memref(operand));
  for (unsigned i = 0; i < k.group.getNumResults(); ++i)
    collapsed[k.output(i)] = collapseSpatial(k.output(i));
}

Value PixelSpace::collapseSpatial(Value memref) {
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  if (n == 1)
    return memref;
  SmallVector<ReassociationIndices> dims;
  for (int64_t i = 0; i < rank - n; ++i)
    dims.push_back({i});
  dims.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(rank - n, rank)));
  return memref::CollapseShapeOp::create(k.b, k.loc, memref, dims);
}

void PixelSpace::forEachTile(ValueRange point, int64_t tile, llvm::function_ref<void(Value first)> body) {
  row.clear();
  if (!isFlat) {
    row.assign(point.begin(), point.end());
    return k.loop(k.index(0), count, k.index(tile), body);
  }
  if (!sharers)
    return body(k.mul(point[0], tile));
  Value tiles = k.div(k.add(count, tile - 1), k.index(tile));
  Value from = k.div(k.mul(point[0], tiles), sharers), to = k.div(k.mul(k.add(point[0], 1), tiles), sharers);
  k.loop(from, to, k.index(1), [&](Value i) { body(k.mul(i, tile)); });
}

SmallVector<Value> PixelSpace::coordinates(Value pixel) {
  SmallVector<Value> at(row);
  if (!isFlat) {
    at.push_back(pixel);
    return at;
  }
  at.resize(window.size());
  for (size_t i = window.size(); i-- > 1;) {
    at[i] = k.rem(pixel, window[i].out);
    pixel = k.div(pixel, window[i].out);
  }
  at[0] = pixel;
  return at;
}

SmallVector<Value> PixelSpace::tapOffsets(Value t) {
  SmallVector<Value> offsets(window.size());
  for (size_t i = window.size(); i-- > 0;) {
    Value extent = k.index(window[i].kernel);
    offsets[i] = k.mul(i ? k.rem(t, extent) : t, window[i].dilation);
    t = k.div(t, extent);
  }
  return offsets;
}

LogicalResult PixelSpace::store(Value value, Value image, Value filter, Value pixel) {
  if (isFlat)
    return storeFlat(value, {image, filter, pixel});
  SmallVector<Value> indices = {image, filter};
  indices.append(row);
  indices.push_back(pixel);
  return storeThroughEpilogue(k, op, value, indices);
}

LogicalResult PixelSpace::storeFlat(Value value, ValueRange indices) {
  Type shape = value.getType();
  auto leaf = [&](Value operand) -> Value {
    RankedTensorType type = typeOf(operand);
    Value memref = k.memref(operand);
    bool dense = false;
    if (auto found = collapsed.find(operand); found != collapsed.end()) {
      memref = found->second;
      dense = true;
    }
    // The dims before the spatial ones are those of the image and the filter, right-aligned.
    SmallVector<Value> at;
    int64_t leading = type.getRank() - n;
    for (int64_t i = 0; i < leading; ++i)
      at.push_back(type.getDimSize(i) == 1 ? k.index(0) : indices[2 - leading + i]);
    if (dense)
      at.push_back(indices[2]);
    else
      at.append(type.getRank() - at.size(), k.index(0));
    Type element = type.getElementType();
    if (dense && isa<VectorType>(shape)) {
      auto stored = cast<VectorType>(withShapeOf(shape, storageType(element)));
      return toCompute(k.b, k.loc, vector::LoadOp::create(k.b, k.loc, stored, memref, at), element);
    }
    return toCompute(k.b, k.loc, memref::LoadOp::create(k.b, k.loc, memref, at), element);
  };
  auto yields = evaluateBody(k, {{op->getResult(0), value}}, shape, leaf);
  if (failed(yields))
    return failure();
  for (auto [i, yielded] : llvm::enumerate(*yields)) {
    Value stored = toStorage(k.b, k.loc, yielded, getElementTypeOrSelf(k.group.getResult(i).getType()));
    if (isa<VectorType>(stored.getType()))
      vector::StoreOp::create(k.b, k.loc, stored, collapsed[k.output(i)], indices);
    else
      memref::StoreOp::create(k.b, k.loc, stored, collapsed[k.output(i)], indices);
  }
  return success();
}

} // namespace nnc
