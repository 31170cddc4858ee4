// Lowering of nn.top_k: a lane's results are a binary heap with the worst candidate on top while the lane is read, and
// are sorted in place afterwards. No memory but the results; O(n log k). Where a lane is contiguous, a whole vector of it
// is compared with the worst candidate at once: few elements of a long lane replace one. A few results of lanes that lie
// next to each other are registers of keys instead, into which every element is sorted: a vector of lanes at a time.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/Registry.h"
#include "passes/lower/SortKeys.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap topKItems(nn::GroupOp group, Operation *root) { return itemPerRow(group, cast<nn::TopKOp>(root).getAxis()); }

/// The heap of one lane: element i lies at base + i * stride of the results. An entry is a value and its index, or
/// where they fit a key, which lies in the result of indices.
class Heap {
public:
  Heap(KernelBuilder &k, nn::TopKOp op, const FlatTensor &values, const FlatTensor &indices, Value base, Value stride)
      : k(k), values(values), indices(indices), base(base), stride(stride), largest(op.getLargest()),
        type(computeType(values.element)), isKeyed(fitsSortKey(type)) {}

  using Entry = SmallVector<Value, 2>; // value, index; or a key

  Entry entryOf(Value value, Value index) {
    return isKeyed ? Entry{sortKey(k, value, index, {isUnsigned(), largest})}
                   : Entry{value, k.fromIndex(index, k.b.getI64Type())};
  }
  /// Puts a value and its index in the place of a key.
  void decode(Value i, Value value, Value index) {
    values.store(value, place(i));
    indices.store(k.fromIndex(index, k.b.getI64Type()), place(i));
  }

  Entry get(Value i) {
    Value at = place(i), last = indices.load(k.b.getI64Type(), at);
    return isKeyed ? Entry{last} : Entry{values.load(type, at), last};
  }
  void set(Value i, const Entry &entry) {
    Value at = place(i);
    if (!isKeyed)
      values.store(entry.front(), at);
    indices.store(entry.back(), at);
  }

  /// Whether value `x` comes before value `y`, whatever their indices. NaN counts as larger than all numbers.
  Value before(Value x, Value y) {
    if (!largest)
      std::swap(x, y);
    if (isa<FloatType>(type)) {
      // x > y, or x is NaN and y is not.
      Value notLess = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UGT, x, y);
      Value isNumber = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::ORD, y, y);
      return arith::AndIOp::create(k.b, k.loc, notLess, isNumber);
    }
    auto greater = isUnsigned() ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
    return arith::CmpIOp::create(k.b, k.loc, greater, x, y);
  }
  /// Whether entry `x` comes before entry `y`: equal values go by index.
  Value before(const Entry &x, const Entry &y) {
    if (isKeyed)
      return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::sgt, x[0], y[0]);
    Value less = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::slt, x[1], y[1]);
    Value tie = arith::AndIOp::create(k.b, k.loc, k.negated(before(y[0], x[0])), less);
    return arith::OrIOp::create(k.b, k.loc, before(x[0], y[0]), tie);
  }

  /// Puts `entry` at `hole` of the first `size` elements, or below, where no child is worse than it.
  void siftDown(Value hole, Value size, const Entry &entry) {
    auto loop = scf::WhileOp::create(
        k.b, k.loc, TypeRange{k.b.getIndexType()}, ValueRange{hole},
        [&](OpBuilder &, Location, ValueRange state) {
          Value at = state[0], left = k.add(k.mul(at, 2), 1), right = k.add(left, 1);
          Value hasChild = k.compare(arith::CmpIPredicate::ult, left, size);
          // The worse child, while it is worse than the entry, moves up.
          auto step = scf::IfOp::create(k.b, k.loc, TypeRange{k.b.getI1Type(), k.b.getIndexType()}, hasChild, true);
          OpBuilder::InsertionGuard guard(k.b);
          k.b.setInsertionPointToStart(step.thenBlock());
          Value hasRight = k.compare(arith::CmpIPredicate::ult, right, size);
          Value safeRight = k.select(hasRight, right, left);
          Value rightIsWorse = before(get(left), get(safeRight));
          Value child = k.select(rightIsWorse, safeRight, left);
          Entry candidate = get(child);
          Value moves = before(entry, candidate);
          k.ifThen(moves, [&] { set(at, candidate); });
          scf::YieldOp::create(k.b, k.loc, ValueRange{moves, k.select(moves, child, at)});
          k.b.setInsertionPointToStart(step.elseBlock());
          Value no = arith::ConstantOp::create(k.b, k.loc, k.b.getBoolAttr(false));
          scf::YieldOp::create(k.b, k.loc, ValueRange{no, at});
          k.b.setInsertionPointAfter(step);
          scf::ConditionOp::create(k.b, k.loc, step.getResult(0), step.getResult(1));
        },
        [&](OpBuilder &, Location, ValueRange state) { scf::YieldOp::create(k.b, k.loc, state); });
    set(loop.getResult(0), entry);
  }

private:
  Value place(Value i) { return k.add(base, k.mul(i, stride)); }

  bool isUnsigned() const { return isUnsignedElement(values.element); }

  KernelBuilder &k;
  const FlatTensor &values, &indices;
  Value base, stride;
  bool largest;
  Type type;
  bool isKeyed;
};

/// Calls `body` with the places of the elements of `mask`, a vector of bits, that are set, in order. `body` gets the
/// carried value and returns its successor.
Value forEachSet(KernelBuilder &k, Value mask, Value carried, llvm::function_ref<Value(Value place, Value carried)> body) {
  int64_t lanes = cast<VectorType>(mask.getType()).getNumElements();
  Type i64 = k.b.getI64Type();
  Value bits = vector::BitCastOp::create(k.b, k.loc, VectorType::get({1}, k.b.getIntegerType(lanes)), mask);
  bits = vector::ExtractOp::create(k.b, k.loc, bits, 0);
  if (lanes < 64)
    bits = arith::ExtUIOp::create(k.b, k.loc, i64, bits);
  auto loop = scf::WhileOp::create(
      k.b, k.loc, TypeRange{i64, carried.getType()}, ValueRange{bits, carried},
      [&](OpBuilder &, Location, ValueRange state) {
        Value isLeft = k.compare(arith::CmpIPredicate::ne, state[0], integerLike(k.b, k.loc, i64, 0));
        scf::ConditionOp::create(k.b, k.loc, isLeft, state);
      },
      [&](OpBuilder &, Location, ValueRange state) {
        Value place = k.toIndex(math::CountTrailingZerosOp::create(k.b, k.loc, state[0]));
        Value next = body(place, state[1]);
        Value less = arith::AddIOp::create(k.b, k.loc, state[0], integerLike(k.b, k.loc, i64, -1));
        Value rest = arith::AndIOp::create(k.b, k.loc, state[0], less);
        scf::YieldOp::create(k.b, k.loc, ValueRange{rest, next});
      });
  return loop.getResult(1);
}

/// Results that are kept in registers at most.
constexpr int64_t kMostInRegisters = 8;

/// The keys of the first `wanted` results of all this call's lanes go to where their indices will be.
void sortInRegisters(KernelBuilder &k, nn::TopKOp op, const FlatTensor &x, const FlatTensor &indices, int64_t wanted,
                     Value inner) {
  Type type = computeType(x.element), i64 = k.b.getI64Type();
  SortOrder order{isUnsignedElement(x.element), op.getLargest()};
  Lanes lanes(k, op.getX(), static_cast<int64_t>(op.getAxis()), type, 1);
  k.grain = lanes.grain(wanted);
  lanes.forEach([&](Lane &lane) {
    SmallVector<Value> none(wanted, integerLike(k.b, k.loc, withShapeOf(lane.shape, i64), INT64_MIN));
    SmallVector<Value> best = lane.scan(/*backwards=*/false, none, [&](Spot at, ValueRange kept) {
      Value key = sortKey(k, x.load(at.shape, at.offset), at.position, order);
      SmallVector<Value> next;
      for (Value other : kept) {
        next.push_back(arith::MaxSIOp::create(k.b, k.loc, other, key));
        key = arith::MinSIOp::create(k.b, k.loc, other, key);
      }
      return next;
    });
    Value outer = k.div(lane.item, inner), column = k.rem(lane.item, inner);
    for (auto [i, key] : llvm::enumerate(best))
      indices.store(key, k.add(k.mul(k.add(k.mul(outer, wanted), i), inner), column));
  });
}

LogicalResult emitTopK(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::TopKOp>(root);
  auto tensorType = cast<RankedTensorType>(op.getX().getType());
  Type element = tensorType.getElementType(), i64 = k.b.getI64Type();
  if (!isa<FloatType, IntegerType>(element))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element);
  int64_t axis = op.getAxis(), lanes = k.target.vectorBits / std::max(8u, type.getIntOrFloatBitWidth());
  FlatTensor x(k, k.memref(op.getX()), element), values(k, k.output(0), element), indices(k, k.output(1), i64);
  Value length = k.dimOf(op.getX(), axis), wanted = k.dim(k.output(0), axis), inner = k.index(1);
  for (int64_t i = axis + 1; i < tensorType.getRank(); ++i)
    inner = k.mul(inner, k.dimOf(op.getX(), i));
  k.grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, tensorType.isDynamicDim(axis) ? 64 : tensorType.getDimSize(axis)));

  Value tooMany = k.compare(arith::CmpIPredicate::ugt, wanted, length);
  k.ifThen(tooMany, [&] { k.fail("TopK wants %0 elements of %1", wanted, length); });
  bool isKeyed = fitsSortKey(type);
  if (isKeyed) {
    Value tooLong = k.compare(arith::CmpIPredicate::ugt, length, k.index(kGreatestKeyIndex));
    k.ifThen(tooLong, [&] { k.fail("TopK of %0 elements: it numbers at most 2^32 - 1", length); });
  }
  Value count = k.min(wanted, length), zero = k.index(0), one = k.index(1);
  auto heapAt = [&](Value item) {
    Value base = k.add(k.mul(k.mul(k.div(item, inner), wanted), inner), k.rem(item, inner));
    return Heap(k, op, values, indices, base, inner);
  };
  auto elementsAt = [&](Value item) {
    Value from = k.add(k.mul(k.mul(k.div(item, inner), length), inner), k.rem(item, inner));
    return [&, from](Value i) { return x.load(type, k.add(from, k.mul(i, inner))); };
  };
  auto decode = [&](Value item) {
    Heap heap = heapAt(item);
    auto valueOf = elementsAt(item);
    k.loop(zero, count, one, [&](Value i) {
      Value index = indexOfKey(k, heap.get(i).front());
      heap.decode(i, valueOf(index), index);
    });
  };
  std::optional<int64_t> known = getConstantIntValue(wanted);
  if (isKeyed && known && *known >= 1 && *known <= kMostInRegisters && axis + 1 < tensorType.getRank()) {
    k.ifThen(k.compare(arith::CmpIPredicate::eq, count, wanted), [&] {
      sortInRegisters(k, op, x, indices, *known, inner);
      k.loop(k.begin, k.end, one, decode);
    });
    return success();
  }
  Value hasWork = k.compare(arith::CmpIPredicate::ugt, count, zero);
  Value end = k.select(hasWork, k.end, k.begin);
  k.loop(k.begin, end, one, [&](Value item) {
    Heap heap = heapAt(item);
    auto valueOf = elementsAt(item);
    auto entryOf = [&](Value i) { return heap.entryOf(valueOf(i), i); };
    // The first `count` elements become a heap, from the last inner node to the root.
    k.loop(zero, count, one, [&](Value i) { heap.set(i, entryOf(i)); });
    Value nodes = k.div(count, k.index(2));
    k.loop(zero, nodes, one, [&](Value i) {
      Value node = k.sub(k.sub(nodes, one), i);
      heap.siftDown(node, count, heap.get(node));
    });
    // Each later element replaces the worst one if it comes before it; an equal one has the higher index and does not.
    auto worst = [&]() -> Value {
      return isKeyed ? valueOf(indexOfKey(k, heap.get(zero).front())) : heap.get(zero).front();
    };
    auto meet = [&](Value i, Value worstYet) {
      Value value = valueOf(i);
      auto replaced = [&] {
        heap.siftDown(zero, count, heap.entryOf(value, i));
        return worst();
      };
      return k.ifElse(heap.before(value, worstYet), replaced, [&]() -> Value { return worstYet; });
    };
    Value rest = count, worstYet = worst();
    if (axis + 1 == tensorType.getRank()) {
      Value width = k.index(lanes);
      rest = k.add(count, k.mul(k.div(k.sub(length, count), width), width));
      worstYet = k.loop(count, rest, width, worstYet, [&](Value i, ValueRange carried) -> SmallVector<Value> {
        Value elements = x.load(VectorType::get({lanes}, type), k.add(k.mul(item, length), i));
        Value mask = heap.before(elements, spread(k, carried[0], elements.getType()));
        return {forEachSet(k, mask, carried[0], [&](Value place, Value worst) { return meet(k.add(i, place), worst); })};
      })[0];
    }
    k.loop(rest, length, one, worstYet,
           [&](Value i, ValueRange carried) -> SmallVector<Value> { return {meet(i, carried[0])}; });
    // The worst goes last, again and again.
    k.loop(one, count, one, [&](Value i) {
      Value last = k.sub(count, i);
      Heap::Entry moved = heap.get(last);
      heap.set(last, heap.get(zero));
      heap.siftDown(zero, last, moved);
    });
    if (isKeyed)
      decode(item);
  });
  return success();
}

} // namespace

void registerTopKLowerings(LoweringRegistry &registry) { registry.add<nn::TopKOp>({topKItems, emitTopK}); }

} // namespace nnc
