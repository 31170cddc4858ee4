#include "passes/lower/BlockedGeometry.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/graph/Group.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The group's inputs that its elementwise ops read.
static SmallVector<Value> epilogueInputs(nn::GroupOp group) {
  SmallVector<Value> inputs;
  for (Operation &op : group.getBody().front().without_terminator())
    if (isElementwiseOp(&op))
      for (Value operand : op.getOperands())
        if (isa<BlockArgument>(operand))
          inputs.push_back(operand);
  return inputs;
}

/// Whether the operand has the result's spatial dims, all of them or none.
static bool collapses(RankedTensorType operand, RankedTensorType result) {
  if (llvm::all_of(operand.getShape(), [](int64_t extent) { return extent == 1; }))
    return true;
  if (operand.getRank() != result.getRank())
    return false;
  ArrayRef<int64_t> own = operand.getShape().slice(2, result.getRank() - 3),
                    all = result.getShape().slice(2, result.getRank() - 3);
  return own == all || llvm::all_of(own, [](int64_t extent) { return extent == 1; });
}

int64_t SpatialWindow::tapsInside() const {
  int64_t inside = 0;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t tap = 0; tap < kernel; ++tap)
      inside += isInside(o, tap);
  return inside;
}

bool SpatialWindow::savesByTap(int64_t parts) const {
  int64_t saved = 0;
  for (int64_t part = 0; part < parts; ++part) {
    int64_t first = part * (out / parts) + std::min(part, out % parts),
            end = first + out / parts + (part < out % parts);
    for (int64_t tap = 0; tap < kernel; ++tap)
      saved += inputOf(end - 1, tap) < 0 || inputOf(first, tap) >= in;
  }
  // The bounds of a loop that only the run knows cost something too (measured: one tap of 42 gains nothing).
  return saved * 20 > parts * kernel;
}

std::pair<Value, Value> tapsInside(KernelBuilder &k, const SpatialWindow &window, Value first, Value last) {
  Value dilation = k.index(window.dilation), none = k.index(0);
  auto tapsIn = [&](Value inputs) { return k.div(k.add(k.max(inputs, none), window.dilation - 1), dilation); };
  return {tapsIn(k.sub(none, last)), k.min(tapsIn(k.sub(window.inputs(k), first)), k.index(window.kernel))};
}

BlockedGeometry::BlockedGeometry(RankedTensorType in, RankedTensorType out, ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations)
    : n(kernel.size()) {
  auto window = [&](int64_t i) {
    return SpatialWindow{in.getDimSize(2 + i), out.getDimSize(2 + i), kernel[i],  strides[i],
                         dilations[i],         pads[i],               pads[n + i]};
  };
  SpatialWindow one{1, 1, 1, 1, 1, 0, 0};
  rows = n == 2 ? window(0) : one;
  columns = window(n - 1);
}

BlockedGeometry::BlockedGeometry(nn::GroupOp group, Operation *root, Value x, ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
                                 ArrayRef<int64_t> dilations, bool mayFlatten)
    : BlockedGeometry(typeOf(x), typeOf(root->getResult(0)), kernel, strides, pads, dilations) {
  RankedTensorType out = typeOf(root->getResult(0));
  auto isPixel = [](const SpatialWindow &w) {
    return w.kernel == 1 && w.stride == 1 && w.padBegin == 0 && w.padEnd == 0;
  };
  isFlat =
      mayFlatten && n == 2 && isPixel(rows) && isPixel(columns) &&
      llvm::all_of(epilogueInputs(group), [&](Value operand) { return collapses(typeOf(operand), out); });
  if (isFlat) {
    columns.in = columns.out = isKnown() ? rows.out * columns.out : ShapedType::kDynamic;
    rows = SpatialWindow{1, 1, 1, 1, 1, 0, 0};
  }
}

void BlockedGeometry::findExtents(KernelBuilder &k, Value x) {
  Value in = k.memref(x), out = k.output(0);
  if (isFlat && !columns.isKnown()) {
    columns.inAtRun = columns.outAtRun = k.mul(k.dim(out, 2), k.dim(out, 3));
    return;
  }
  auto find = [&](SpatialWindow &window, int64_t dim) {
    if (ShapedType::isDynamic(window.in))
      window.inAtRun = k.dim(in, dim);
    if (ShapedType::isDynamic(window.out))
      window.outAtRun = k.dim(out, dim);
  };
  find(rows, 2);
  find(columns, 1 + n);
}

bool BlockedGeometry::isDense(nn::GroupOp group) {
  ArrayRef<int64_t> result = typeOf(group.getResult(0)).getShape();
  return llvm::all_of(epilogueInputs(group), [&](Value operand) {
    ArrayRef<int64_t> shape = typeOf(operand).getShape();
    return llvm::all_of(shape, [](int64_t extent) { return extent == 1; }) ||
           (shape.size() == result.size() && shape.take_back(2) == result.take_back(2));
  });
}

llvm::DenseMap<Value, Value> BlockedGeometry::flatten(KernelBuilder &k) const {
  llvm::DenseMap<Value, Value> flat;
  if (!isFlat)
    return flat;
  auto collapse = [&](Value memref) {
    SmallVector<ReassociationIndices> dims = {{0}, {1}, {2, 3}, {4}};
    if (cast<MemRefType>(memref.getType()).getRank() == 5)
      flat[memref] = memref::CollapseShapeOp::create(k.b, k.loc, memref, dims);
  };
  for (Value input : epilogueInputs(k.group))
    if (!flat.contains(k.memref(input)))
      collapse(k.memref(input));
  for (unsigned i = 0; i < k.group.getNumResults(); ++i)
    collapse(k.output(i));
  return flat;
}

SmallVector<Value> BlockedGeometry::indices(KernelBuilder &k, Value image, Value block, Value row,
                                            Value column, Value lane) const {
  SmallVector<Value> at = {image, block};
  if (n == 2 && !isFlat)
    at.push_back(row);
  at.append({column, lane});
  return at;
}

Value EvenParts::startOf(KernelBuilder &k, Value t) const {
  return k.add(k.mul(t, shortSize()), k.min(t, k.index(longCount())));
}

Value EvenParts::spreadStart(KernelBuilder &k, Value t) const {
  return k.div(k.mul(t, extent), k.index(parts));
}

Value BoundedParts::parts(KernelBuilder &k) const {
  int64_t times = areEven ? 2 : 1;
  return k.mul(k.div(k.add(extent, times * most - 1), k.index(times * most)), times);
}

Value BoundedParts::start(KernelBuilder &k, Value t) const { return k.div(k.mul(t, extent), parts(k)); }

void forEachRun(KernelBuilder &k, Value from, Value to, int64_t most,
                llvm::function_ref<void(Value start, int64_t size)> body) {
  SmallVector<int64_t> sizes = {most};
  llvm::copy_if(ArrayRef<int64_t>{4, 2, 1}, std::back_inserter(sizes), [&](int64_t size) { return size < most; });
  for (int64_t size : sizes) {
    Value whole = k.add(from, k.mul(k.div(k.sub(to, from), k.index(size)), size));
    k.loop(from, whole, k.index(size), [&](Value start) { body(start, size); });
    from = whole;
  }
}

std::pair<Value, Value> PanelGroups::range(KernelBuilder &k, Value item) const {
  EvenParts cut{groups(), items / halves()};
  Value number = k.rem(item, k.index(cut.parts)), start = k.mul(k.div(item, k.index(cut.parts)), half());
  Value first = k.mul(cut.spreadStart(k, number), width),
        end = k.mul(cut.spreadStart(k, k.add(number, 1)), width);
  return {k.add(start, first), k.add(start, k.min(end, k.index(half())))};
}

void PanelGroups::forEach(KernelBuilder &k, Value first, Value end,
                          llvm::function_ref<void(Value panel, int64_t width)> body) const {
  Value step = k.index(width), fullEnd = k.add(first, k.mul(k.div(k.sub(end, first), step), step));
  k.loop(first, fullEnd, step, [&](Value panel) { body(panel, width); });
  if (int64_t rest = half() % width)
    k.ifThen(k.compare(arith::CmpIPredicate::slt, fullEnd, end), [&] { body(fullEnd, rest); });
}

void EvenParts::forEach(KernelBuilder &k, Value from, Value to,
                        llvm::function_ref<void(Value start, int64_t size)> body) const {
  int64_t longer = longCount(), size = shortSize();
  if (longer)
    k.loop(from, k.min(to, k.index(longer)), k.index(1),
           [&](Value t) { body(k.mul(t, size + 1), size + 1); });
  if (size)
    k.loop(longer ? k.max(from, k.index(longer)) : from, to, k.index(1),
           [&](Value t) { body(k.add(k.mul(t, size), longer), size); });
}

} // namespace nnc
