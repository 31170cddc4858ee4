#include "passes/lower/Runs.h"

#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace nnc {

namespace {

/// Elements that one thread should at least move.
constexpr int64_t elementsPerThread = 16384;
/// Runs of this many elements are worth their overhead.
constexpr int64_t longRun = 1024;

Type elementOf(Value memref) { return cast<MemRefType>(memref.getType()).getElementType(); }

/// Calls `vector` for every full vector of `count` elements and `scalar` for each of the rest.
void forEachPiece(KernelBuilder &k, int64_t lanes, Value count, KernelBuilder::Body vector,
                  KernelBuilder::Body scalar) {
  Value rest = k.index(0);
  if (lanes > 1) {
    Value width = k.index(lanes);
    rest = k.mul(k.div(count, width), width);
    k.loop(k.index(0), rest, width, vector);
  }
  k.loop(rest, count, k.index(1), scalar);
}

} // namespace

int64_t vectorLanes(KernelBuilder &k, Value memref) {
  Type element = elementOf(memref);
  return element.isIntOrFloat() ? k.target.vectorBits / element.getIntOrFloatBitWidth() : 1;
}

Value loadStored(KernelBuilder &k, Place from) {
  return memref::LoadOp::create(k.b, k.loc, from.memref, from.offset);
}

void storeStored(KernelBuilder &k, Value element, Place to) {
  memref::StoreOp::create(k.b, k.loc, element, to.memref, to.offset);
}

Value loadNumber(KernelBuilder &k, Place from) { return k.toIndex(loadStored(k, from)); }

void storeNumber(KernelBuilder &k, Value number, Place to) {
  storeStored(k, k.fromIndex(number, k.b.getI64Type()), to);
}

Value zeroStored(KernelBuilder &k, Value memref) {
  Type element = elementOf(memref);
  if (auto type = dyn_cast<ComplexType>(element)) {
    auto zero = k.b.getZeroAttr(type.getElementType());
    return complex::ConstantOp::create(k.b, k.loc, type, k.b.getArrayAttr({zero, zero}));
  }
  return arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(element));
}

void copyRun(KernelBuilder &k, Place from, Place to, Value count) {
  int64_t lanes = vectorLanes(k, to.memref);
  auto at = [&](Place place, Value i) { return Place{place.memref, k.add(place.offset, i)}; };
  forEachPiece(
      k, lanes, count,
      [&](Value i) {
        auto type = VectorType::get({lanes}, elementOf(to.memref));
        Place source = at(from, i), target = at(to, i);
        Value piece = vector::LoadOp::create(k.b, k.loc, type, source.memref, source.offset);
        vector::StoreOp::create(k.b, k.loc, piece, target.memref, target.offset);
      },
      [&](Value i) { storeStored(k, loadStored(k, at(from, i)), at(to, i)); });
}

void copyStridedRun(KernelBuilder &k, Place from, Value stride, Place to, Value count) {
  std::optional<int64_t> known = getConstantIntValue(stride);
  if (known == 1)
    return copyRun(k, from, to, count);
  if (known == 0) {
    // There may be no element at all to read.
    k.ifThen(k.compare(arith::CmpIPredicate::sgt, count, k.index(0)),
             [&] { fillRun(k, loadStored(k, from), to, count); });
    return;
  }
  k.loop(count, [&](Value i) {
    storeStored(k, loadStored(k, {from.memref, k.add(from.offset, k.mul(i, stride))}),
                {to.memref, k.add(to.offset, i)});
  });
}

void fillRun(KernelBuilder &k, Value element, Place to, Value count) {
  int64_t lanes = vectorLanes(k, to.memref);
  Value splat;
  if (lanes > 1)
    splat = vector::BroadcastOp::create(k.b, k.loc, VectorType::get({lanes}, element.getType()), element);
  forEachPiece(
      k, lanes, count,
      [&](Value i) { vector::StoreOp::create(k.b, k.loc, splat, to.memref, k.add(to.offset, i)); },
      [&](Value i) { storeStored(k, element, {to.memref, k.add(to.offset, i)}); });
}

SmallVector<Value> stridesOf(KernelBuilder &k, Value tensor) {
  SmallVector<Value> dims = k.dimsOf(tensor), strides(dims.size());
  Value stride = k.index(1);
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride = k.mul(stride, dims[i]);
  }
  return strides;
}

Value dotProduct(KernelBuilder &k, ValueRange indices, ValueRange strides) {
  Value sum = k.index(0);
  for (auto [index, stride] : llvm::zip(indices, strides))
    sum = k.add(sum, k.mul(index, stride));
  return sum;
}

Value constantBool(KernelBuilder &k, bool value) {
  return arith::ConstantOp::create(k.b, k.loc, k.b.getBoolAttr(value));
}

void forEachRow(KernelBuilder &k, Value from, Value to, Value inner,
                llvm::function_ref<void(Value row, Value begin, Value end)> body) {
  Value isWork = k.compare(arith::CmpIPredicate::ult, from, to);
  k.ifThen(isWork, [&] {
    Value first = k.div(from, inner), last = k.div(k.sub(to, k.index(1)), inner);
    k.loop(first, k.add(last, 1), k.index(1), [&](Value row) {
      Value start = k.mul(row, inner);
      body(row, k.max(k.sub(from, start), k.index(0)), k.min(k.sub(to, start), inner));
    });
  });
}

Value productOf(KernelBuilder &k, ValueRange extents) {
  Value product = k.index(1);
  for (Value extent : extents)
    product = k.mul(product, extent);
  return product;
}

int64_t estimatedSize(RankedTensorType type, int64_t from, int64_t to) {
  int64_t size = 1;
  for (int64_t i = from; i < to; ++i)
    size *= type.isDynamicDim(i) ? 64 : std::max<int64_t>(type.getDimSize(i), 1);
  return size;
}

int64_t runStart(RankedTensorType result, int64_t contiguousFrom) {
  int64_t rank = result.getRank(), start = contiguousFrom;
  while (start + 1 < rank && estimatedSize(result, start + 1, rank) >= longRun)
    ++start;
  return start;
}

int64_t grainOfRuns(RankedTensorType result, int64_t from) {
  return std::max<int64_t>(1, elementsPerThread / estimatedSize(result, from, result.getRank()));
}

} // namespace nnc
