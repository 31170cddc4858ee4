// Lowering of nn.top_k: a lane's results are a binary heap with the worst candidate on top while the lane is read, and
// are sorted in place afterwards. No memory but the results; O(n log k).
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

AffineMap topKItems(nn::GroupOp group, Operation *root) { return itemPerRow(group, cast<nn::TopKOp>(root).getAxis()); }

/// The heap of one lane: element i lies at base + i * stride of the results. An entry is a value and its index, or for
/// elements of up to 32 bits both in one number, a key, so that one comparison decides; keys lie in the result of indices.
class Heap {
public:
  Heap(KernelBuilder &k, nn::TopKOp op, const FlatTensor &values, const FlatTensor &indices, Value base, Value stride)
      : k(k), values(values), indices(indices), base(base), stride(stride), largest(op.getLargest()),
        type(computeType(values.element)), isKeyed(hasKeys(values.element)) {}

  using Entry = SmallVector<Value, 2>; // value, index; or a key

  /// Whether entries are keys: elements then have a 32-bit compute type or a narrower one.
  static bool hasKeys(Type element) { return computeType(element).getIntOrFloatBitWidth() <= 32; }

  Entry entryOf(Value value, Value index) {
    Type i64 = k.b.getI64Type();
    if (!isKeyed)
      return {value, k.fromIndex(index, i64)};
    // The greater key comes first: the element in the upper half, and in the lower one how many indices follow.
    Value order = arith::ShLIOp::create(k.b, k.loc, arith::ExtSIOp::create(k.b, k.loc, i64, orderOf(value)),
                                        integerLike(k.b, k.loc, i64, 32));
    Value following = arith::SubIOp::create(k.b, k.loc, integerLike(k.b, k.loc, i64, kIndices), k.fromIndex(index, i64));
    return {arith::OrIOp::create(k.b, k.loc, order, following)};
  }
  /// The index in a key.
  Value indexOf(const Entry &key) {
    Value mask = integerLike(k.b, k.loc, k.b.getI64Type(), kIndices);
    return k.toIndex(arith::SubIOp::create(k.b, k.loc, mask, arith::AndIOp::create(k.b, k.loc, key[0], mask)));
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
    return arith::CmpIOp::create(k.b, k.loc, isUnsigned() ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, y);
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

  static constexpr int64_t kIndices = 0xffffffff;

private:
  Value place(Value i) { return k.add(base, k.mul(i, stride)); }

  /// An i32 that is the greater the earlier an element comes, and the same for equal ones.
  Value orderOf(Value value) {
    Type i32 = k.b.getI32Type();
    Value order = value;
    if (isa<FloatType>(type)) {
      // Bits of negative floats run the other way; both zeros are one; every NaN is beyond the numbers.
      Value isNan = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UNO, value, value);
      Value sum = arith::AddFOp::create(k.b, k.loc, value, constantLike(k.b, k.loc, type, 0.0));
      Value bits = arith::BitcastOp::create(k.b, k.loc, i32, sum);
      Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, integerLike(k.b, k.loc, i32, 31));
      Value greatest = integerLike(k.b, k.loc, i32, INT32_MAX);
      order = arith::XOrIOp::create(k.b, k.loc, bits, arith::AndIOp::create(k.b, k.loc, sign, greatest));
      order = k.select(isNan, greatest, order);
    } else if (!type.isInteger(32)) {
      order = isUnsigned() ? arith::ExtUIOp::create(k.b, k.loc, i32, value).getResult()
                           : arith::ExtSIOp::create(k.b, k.loc, i32, value).getResult();
    } else if (isUnsigned()) {
      order = arith::XOrIOp::create(k.b, k.loc, value, integerLike(k.b, k.loc, i32, INT32_MIN));
    }
    return largest ? order : arith::XOrIOp::create(k.b, k.loc, order, integerLike(k.b, k.loc, i32, -1)).getResult();
  }
  bool isUnsigned() const { return isUnsignedElement(values.element); }

  KernelBuilder &k;
  const FlatTensor &values, &indices;
  Value base, stride;
  bool largest;
  Type type;
  bool isKeyed;
};

LogicalResult emitTopK(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::TopKOp>(root);
  auto tensorType = cast<RankedTensorType>(op.getX().getType());
  Type element = tensorType.getElementType(), i64 = k.b.getI64Type();
  if (!isa<FloatType, IntegerType>(element))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element);
  int64_t axis = op.getAxis();
  FlatTensor x(k, k.memref(op.getX()), element), values(k, k.output(0), element), indices(k, k.output(1), i64);
  Value length = k.dimOf(op.getX(), axis), wanted = k.dim(k.output(0), axis), inner = k.index(1);
  for (int64_t i = axis + 1; i < tensorType.getRank(); ++i)
    inner = k.mul(inner, k.dimOf(op.getX(), i));
  k.grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, tensorType.isDynamicDim(axis) ? 64 : tensorType.getDimSize(axis)));

  Value tooMany = k.compare(arith::CmpIPredicate::ugt, wanted, length);
  k.ifThen(tooMany, [&] { k.fail("TopK wants %0 elements of %1", wanted, length); });
  bool isKeyed = Heap::hasKeys(element);
  if (isKeyed) {
    Value tooLong = k.compare(arith::CmpIPredicate::ugt, length, k.index(Heap::kIndices));
    k.ifThen(tooLong, [&] { k.fail("TopK of %0 elements: it numbers at most 2^32 - 1", length); });
  }
  Value count = k.min(wanted, length), zero = k.index(0), one = k.index(1);
  Value hasWork = k.compare(arith::CmpIPredicate::ugt, count, zero);
  Value end = k.select(hasWork, k.end, k.begin);
  k.loop(k.begin, end, one, [&](Value item) {
    Value outer = k.div(item, inner), column = k.rem(item, inner);
    Value from = k.add(k.mul(k.mul(outer, length), inner), column);
    Heap heap(k, op, values, indices, k.add(k.mul(k.mul(outer, wanted), inner), column), inner);
    auto valueOf = [&](Value i) { return x.load(type, k.add(from, k.mul(i, inner))); };
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
      return isKeyed ? valueOf(heap.indexOf(heap.get(zero))) : heap.get(zero).front();
    };
    k.loop(count, length, one, worst(), [&](Value i, ValueRange carried) -> SmallVector<Value> {
      Value value = valueOf(i);
      auto replaced = [&] {
        heap.siftDown(zero, count, heap.entryOf(value, i));
        return worst();
      };
      return {k.ifElse(heap.before(value, carried[0]), replaced, [&]() -> Value { return carried[0]; })};
    });
    // The worst goes last, again and again.
    k.loop(one, count, one, [&](Value i) {
      Value last = k.sub(count, i);
      Heap::Entry moved = heap.get(last);
      heap.set(last, heap.get(zero));
      heap.siftDown(zero, last, moved);
    });
    if (isKeyed)
      k.loop(zero, count, one, [&](Value i) {
        Value index = heap.indexOf(heap.get(i));
        heap.decode(i, valueOf(index), index);
      });
  });
  return success();
}

} // namespace

void registerTopKLowerings(LoweringRegistry &registry) { registry.add<nn::TopKOp>({topKItems, emitTopK}); }

} // namespace nnc
