#include "passes/lower/Elementwise.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/graph/Group.h"
#include "passes/graph/Inlets.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/ElementwiseBody.h"
#include "passes/lower/Lanes.h"

using namespace mlir;

namespace nnc {

namespace {

/// How an operand's dim meets the result's.
enum class Access { dense, constant, unknown };

Access accessOf(RankedTensorType operand, RankedTensorType result, int64_t resultDim) {
  int64_t i = resultDim - (result.getRank() - operand.getRank());
  if (i < 0)
    return Access::constant;
  int64_t extent = operand.getDimSize(i), out = result.getDimSize(resultDim);
  if (extent == 1 && out != 1)
    return Access::constant;
  if (extent == out && !ShapedType::isDynamic(extent))
    return Access::dense;
  return ShapedType::isDynamic(extent) ? Access::unknown : Access::dense;
}

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// What the region's arithmetic reads: an argument, or the box of it that an inlet is.
struct Leaf {
  BlockArgument argument;
  Value value;
  std::optional<Box> box;
  bool isSame = false; // of the result's shape, whose extents are not known

  RankedTensorType type() const { return typeOf(value); }
  Access accessAt(RankedTensorType result, int64_t dim) const {
    return isSame ? Access::dense : accessOf(type(), result, dim);
  }
  int64_t dimAt(RankedTensorType result, int64_t dim) const { return dim - (result.getRank() - type().getRank()); }
  /// Whether the box has less of the result's dim than its source.
  bool hasGapsAt(RankedTensorType result, int64_t dim) const {
    int64_t i = dimAt(result, dim);
    return box && i >= 0 && isNarrowed(*box, value, i);
  }
  bool hasStepAt(RankedTensorType result, int64_t dim) const {
    int64_t i = dimAt(result, dim);
    return box && i >= 0 && box->steps[i] != 1;
  }
};

SmallVector<Leaf> leavesOf(nn::GroupOp group) {
  auto same = group->getAttrOfType<DenseBoolArrayAttr>("same_shape");
  SmallVector<Leaf> leaves;
  for (BlockArgument argument : group.getBody().front().getArguments()) {
    nn::SliceOp inlet = inletOf(argument);
    Value value = inlet ? inlet.getY() : Value(argument);
    leaves.push_back({argument, value, inlet ? boxOf(value) : std::nullopt, same && same[argument.getArgNumber()]});
  }
  return leaves;
}

/// The first of the dims before `end` that make one loop: along them every input is dense throughout or constant
/// throughout. With `any`, a single dim may be of unknown access.
int64_t mergeStart(nn::GroupOp group, int64_t end, bool any = false) {
  auto result = typeOf(group.getResult(0));
  int64_t start = end;
  SmallVector<Leaf> leaves = leavesOf(group);
  SmallVector<std::optional<Access>> so(leaves.size());
  bool hasGaps = false; // beyond the sides of a box other elements lie between
  while (start > 0) {
    int64_t dim = start - 1;
    bool fits = true;
    SmallVector<std::optional<Access>> next = so;
    for (auto [i, leaf] : llvm::enumerate(leaves)) {
      Access access = leaf.accessAt(result, dim);
      // A dim of extent 1 is dense and constant alike.
      if (result.getDimSize(dim) == 1 && access != Access::unknown)
        continue;
      fits &= access != Access::unknown && (!next[i] || *next[i] == access) && !hasGaps &&
              (start == end || !leaf.hasStepAt(result, dim));
      next[i] = access;
    }
    if (!fits)
      return any && start == end ? dim : start;
    so = next;
    start = dim;
    hasGaps |= llvm::any_of(leaves, [&](const Leaf &leaf) { return leaf.hasGapsAt(result, dim); });
  }
  return start;
}

/// Whether the machine loads and stores part of a vector of every type at hand.
bool hasMasks(const KernelTarget &target, nn::GroupOp group) {
  if (target.vectorBits == 512)
    return true;
  // AVX has such instructions for elements of four and eight bytes.
  auto isWide = [](Type type) { return llvm::is_contained({4, 8}, elementBytes(getElementTypeOrSelf(type))); };
  return target.vectorBits == 256 && llvm::all_of(group.getInputs().getTypes(), isWide) &&
         llvm::all_of(group.getResultTypes(), isWide);
}

int64_t innerStart(nn::GroupOp group) { return mergeStart(group, typeOf(group.getResult(0)).getRank()); }

} // namespace

AffineMap elementwiseItems(nn::GroupOp group) {
  auto result = typeOf(group.getResult(0));
  int64_t start = innerStart(group), rank = result.getRank();
  // All dims in one loop: every element is an item, and a thread's range is a contiguous piece.
  if (start == 0)
    start = rank;
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < start; ++i)
    exprs.push_back(getAffineDimExpr(i, group.getContext()));
  return AffineMap::get(rank, 0, exprs, group.getContext());
}

LogicalResult emitElementwise(KernelBuilder &k) {
  nn::GroupOp group = k.group;
  auto result = typeOf(group.getResult(0));
  int64_t rank = result.getRank(), start = innerStart(group);
  SmallVector<Leaf> leaves = leavesOf(group);
  SmallVector<Value> resultDims;
  for (int64_t i = 0; i < rank; ++i)
    resultDims.push_back(k.dim(k.output(0), i));

  struct Input {
    Value flat, first;
    SmallVector<Value> strides; // per result dim, 0 where constant
    bool denseInside = false;
  };
  SmallVector<Input> access(leaves.size());
  llvm::DenseMap<Value, unsigned> numbers;
  for (auto [i, leaf] : llvm::enumerate(leaves)) {
    numbers[leaf.value] = i;
    Value memref = k.memref(leaf.argument);
    access[i].flat = k.flat(memref);
    access[i].first = k.index(0);
    access[i].strides.assign(rank, k.index(0));
    Value stride = k.index(1);
    for (int64_t d = leaf.type().getRank() - 1; d >= 0; --d) {
      int64_t out = d + rank - leaf.type().getRank();
      Value extent = k.dim(memref, d), step = leaf.box ? k.mul(stride, leaf.box->steps[d]) : stride;
      Access a = leaf.accessAt(result, out);
      if (a == Access::dense)
        access[i].strides[out] = step;
      else if (a == Access::unknown)
        access[i].strides[out] = k.select(k.compare(arith::CmpIPredicate::eq, extent, k.index(1)), k.index(0), step);
      if (out >= start && a == Access::dense && result.getDimSize(out) != 1)
        access[i].denseInside = true;
      if (leaf.box)
        access[i].first = k.add(access[i].first, k.mul(stride, leaf.box->starts[d]));
      stride = k.mul(stride, extent);
    }
  }
  SmallVector<Value> outputs;
  for (unsigned i = 0; i < group.getNumResults(); ++i)
    outputs.push_back(k.flat(k.output(i)));
  Value inner = k.index(1);
  for (int64_t i = start; i < rank; ++i)
    inner = k.mul(inner, resultDims[i]);

  // One element, or one vector of them, at `offset` of the outputs and the inputs' own offsets; with a mask only the
  // elements that it names.
  LogicalResult status = success();
  auto compute = [&](Type shape, Value offset, ArrayRef<Value> inputOffsets, Value mask = {}) {
    auto vectorType = dyn_cast<VectorType>(shape);
    auto leaf = [&](Value v) -> Value {
      unsigned i = numbers.lookup(v);
      Type element = typeOf(v).getElementType();
      if (vectorType && access[i].denseInside) {
        auto type = cast<VectorType>(withShapeOf(shape, storageType(element)));
        if (!mask)
          return toCompute(k.b, k.loc, vector::LoadOp::create(k.b, k.loc, type, access[i].flat, inputOffsets[i]), element);
        Value none = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(type));
        Value some = vector::MaskedLoadOp::create(k.b, k.loc, type, access[i].flat, inputOffsets[i], mask, none);
        return toCompute(k.b, k.loc, some, element);
      }
      Value loaded = memref::LoadOp::create(k.b, k.loc, access[i].flat, inputOffsets[i]);
      return toCompute(k.b, k.loc, loaded, element);
    };
    auto values = evaluateBody(k, llvm::DenseMap<Value, Value>(), shape, leaf);
    if (failed(values)) {
      status = failure();
      return;
    }
    for (auto [i, value] : llvm::enumerate(*values)) {
      Value stored = toStorage(k.b, k.loc, value, typeOf(group.getResult(i)).getElementType());
      if (mask)
        vector::MaskedStoreOp::create(k.b, k.loc, outputs[i], offset, mask, stored);
      else if (vectorType)
        vector::StoreOp::create(k.b, k.loc, stored, outputs[i], offset);
      else
        memref::StoreOp::create(k.b, k.loc, stored, outputs[i], offset);
    }
  };
  auto vectorOf = [&](int64_t lanes) { return VectorType::get({lanes}, k.b.getF32Type()); };
  // Functions are long chains of dependent instructions: several vectors side by side keep the machine busy.
  int64_t lanes = k.lanes(), together = hasShortEpilogue(group) ? 1 : 4;
  bool masksTail = hasMasks(k.target, group);
  // The elements [from, to) of the inner dims, at the given offsets.
  auto row = [&](Value from, Value to, Value offset, ArrayRef<Value> inputOffsets) {
    auto at = [&](Type shape, Value i, Value mask = {}) {
      SmallVector<Value> offsets;
      for (auto [input, base] : llvm::zip(access, inputOffsets))
        offsets.push_back(input.denseInside ? k.add(base, i) : base);
      compute(shape, k.add(offset, i), offsets, mask);
    };
    auto loopOf = [&](int64_t count) {
      Value width = k.index(count), end = k.add(from, k.mul(k.div(k.sub(to, from), width), width));
      k.loop(from, end, width, [&](Value i) { at(vectorOf(count), i); });
      from = end;
    };
    if (together > 1)
      loopOf(together * lanes);
    loopOf(lanes);
    if (failed(status))
      return;
    if (!masksTail)
      return k.loop(from, to, k.index(1), [&](Value i) { at(k.b.getF32Type(), i); });
    k.ifThen(k.compare(arith::CmpIPredicate::slt, from, to), [&] {
      auto numbers = VectorType::get({lanes}, k.b.getI32Type());
      SmallVector<int32_t> steps = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
      Value step = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(numbers, ArrayRef<int32_t>(steps)));
      Value count = spread(k, k.fromIndex(k.sub(to, from), k.b.getI32Type()), numbers);
      at(vectorOf(lanes), from, arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::slt, step, count));
    });
  };

  if (start == 0) {
    k.grain = 8192;
    SmallVector<Value> firsts;
    for (const Input &input : access)
      firsts.push_back(input.first);
    row(k.begin, k.end, k.index(0), firsts);
    return status;
  }
  int64_t innerSize = 1;
  for (int64_t i = start; i < rank; ++i)
    innerSize *= result.isDynamicDim(i) ? 64 : result.getDimSize(i);
  k.grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(innerSize, 1));
  // The dims before the inner ones that make one loop too: rows that follow each other are a step of every input apart.
  int64_t middle = mergeStart(group, start, /*any=*/true);
  Value rows = k.index(1);
  for (int64_t i = middle; i < start; ++i)
    rows = k.mul(rows, resultDims[i]);
  rows = k.max(rows, k.index(1));
  int64_t step = start - 1; // whose strides are those of the rows; a dim of extent 1 has none to speak of
  while (step > middle && result.getDimSize(step) == 1)
    --step;
  Value last = k.div(k.add(k.end, k.sub(rows, k.index(1))), rows);
  k.loop(k.div(k.begin, rows), last, k.index(1), [&](Value outer) {
    Value first = k.mul(outer, rows), rest = outer;
    SmallVector<Value> bases;
    for (const Input &input : access)
      bases.push_back(input.first);
    for (int64_t d = middle; d-- > 0;) {
      Value at = d ? k.rem(rest, resultDims[d]) : rest;
      rest = d ? k.div(rest, resultDims[d]) : rest;
      for (auto [input, base] : llvm::zip(access, bases))
        base = k.add(base, k.mul(at, input.strides[d]));
    }
    Value from = k.max(k.sub(k.begin, first), k.index(0)), to = k.min(k.sub(k.end, first), rows);
    k.loop(from, to, k.index(1), [&](Value i) {
      SmallVector<Value> inputOffsets;
      for (auto [input, base] : llvm::zip(access, bases))
        inputOffsets.push_back(k.add(base, k.mul(i, input.strides[step])));
      row(k.index(0), inner, k.mul(k.add(first, i), inner), inputOffsets);
    });
  });
  return status;
}

} // namespace nnc
