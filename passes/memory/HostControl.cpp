// Control flow in host code: nn.if, nn.loop and nn.scan as scf over pointers and dynamic extents.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/lower/ElementTypes.h"
#include "passes/memory/HostBuilder.h"
#include "passes/memory/RuntimeLayout.h"

using namespace mlir;
using nnc::nn::Dim;
using nnc::nn::Dims;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// A tensor's run-time state as SSA values: its pointer and the extents that `type` leaves open.
void flatten(const HostTensor &t, RankedTensorType type, llvm::function_ref<Value(Dim)> valueOf, SmallVectorImpl<Value> &out) {
  out.push_back(t.pointer);
  for (auto [i, d] : llvm::enumerate(t.dims))
    if (type.isDynamicDim(i))
      out.push_back(valueOf(d));
}

void flattenTypes(RankedTensorType type, Type pointer, Type index, SmallVectorImpl<Type> &out) {
  out.push_back(pointer);
  out.append(type.getNumDynamicDims(), index);
}

HostTensor unflatten(RankedTensorType type, ValueRange values, unsigned &next) {
  HostTensor t;
  t.pointer = values[next++];
  for (int64_t extent : type.getShape())
    t.dims.push_back(ShapedType::isDynamic(extent) ? Dim(values[next++])
                                                   : Dim(getAffineConstantExpr(extent, type.getContext())));
  return t;
}

} // namespace

LogicalResult HostBuilder::emitIf(nn::IfOp op) {
  Value loaded = loadElement(tensor(op.getCondition()).pointer, b.getI8Type(), 0);
  Value zero = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
  Value condition = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, loaded, zero);
  SmallVector<Type> types;
  for (Value result : op.getResults())
    flattenTypes(typeOf(result), pointerType, b.getIndexType(), types);
  auto branch = scf::IfOp::create(b, loc, types, condition, /*addThenBlock=*/true, /*addElseBlock=*/true);
  for (auto [from, to] : {std::pair(&op.getThenRegion(), branch.thenBlock()), std::pair(&op.getElseRegion(), branch.elseBlock())}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(to);
    if (failed(emitBlock(from->front())))
      return failure();
    SmallVector<Value> yields;
    for (auto [result, yielded] : llvm::zip(op.getResults(), from->front().getTerminator()->getOperands()))
      flatten(tensor(yielded), typeOf(result), [&](Dim d) { return valueOf(d); }, yields);
    scf::YieldOp::create(b, loc, yields);
  }
  unsigned next = 0;
  for (Value result : op.getResults())
    tensors[result] = unflatten(typeOf(result), branch.getResults(), next);
  return success();
}

/// What nn.loop and nn.scan have in common: a body that is run with carried values, and rows that it yields for stacking.
///
/// Carried values are copied at the end of each iteration into memory of their own, because the next iteration writes
/// the same places of the arena that this one's results lie in. Rows are appended to a growing buffer.
struct HostBuilder::Repetition {
  Operation *op;
  Block *body;
  SmallVector<Value> initial;        ///< carried values before the first iteration
  SmallVector<Value> carried;        ///< the body's arguments for them
  SmallVector<Value> next;           ///< what the body yields for them
  SmallVector<Value> rows;           ///< what the body yields for stacking
  SmallVector<Value> results;        ///< the op's results: carried, then stacked
  Value trips;                       ///< upper bound of iterations, i64
  Value condition;                   ///< initial condition, i1
  /// Prepares the body's other arguments for iteration `i` (i64) and the condition it starts under.
  std::function<void(Value i, Value condition)> enter;
  /// The condition for another iteration, read after the body (i1).
  std::function<Value()> again;
};

Value HostBuilder::copyOf(const HostTensor &t, Type element) {
  int64_t size = elementBytes(element);
  Value copy = allocate(t.dims, size);
  copyBytes(copy, t.pointer, arith::MulIOp::create(b, loc, toI64(product(t.dims)), i64(size)));
  return copy;
}

LogicalResult HostBuilder::emitRepetition(Repetition &r) {
  // State of a stack of rows, kept in memory: pointer, capacity, used bytes; and the extents of its rows.
  SmallVector<Value> stacks;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&entry.getBody().front());
    for (size_t i = 0; i < r.rows.size(); ++i)
      stacks.push_back(LLVM::AllocaOp::create(b, loc, pointerType, b.getI64Type(), i64(3), 16));
  }
  for (Value stack : stacks)
    for (int64_t slot = 0; slot < 3; ++slot)
      storeSlot(stack, slot, i64(0));

  // Loop state: iteration, condition, then per carried value its pointer and extents and the memory it owns, then the
  // rows' dynamic extents.
  SmallVector<Value> state = {i64(0), r.condition};
  Value null = LLVM::ZeroOp::create(b, loc, pointerType);
  for (auto [initial, carried] : llvm::zip(r.initial, r.carried)) {
    flatten(tensor(initial), typeOf(carried), [&](Dim d) { return valueOf(d); }, state);
    state.push_back(null);
  }
  for (Value row : r.rows)
    for (unsigned i = 0; i < typeOf(row).getNumDynamicDims(); ++i)
      state.push_back(index(0));
  SmallVector<Type> types;
  for (Value v : state)
    types.push_back(v.getType());
  SmallVector<Location> locations(types.size(), loc);

  auto repeat = scf::WhileOp::create(b, loc, types, state);
  Block *before = b.createBlock(&repeat.getBefore(), {}, types, locations);
  Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, before->getArgument(0), r.trips);
  // A failed run must not go on forever.
  Value healthy = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, field(runtime_layout::status, b.getI32Type()),
                                        arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
  more = arith::AndIOp::create(b, loc, more, arith::AndIOp::create(b, loc, healthy, before->getArgument(1)));
  scf::ConditionOp::create(b, loc, more, before->getArguments());

  Block *after = b.createBlock(&repeat.getAfter(), {}, types, locations);
  ValueRange arguments = after->getArguments();
  unsigned at = 2;
  SmallVector<Value> owned;
  for (Value carried : r.carried) {
    tensors[carried] = unflatten(typeOf(carried), arguments, at);
    owned.push_back(arguments[at++]);
  }
  r.enter(arguments[0], arguments[1]);
  if (failed(emitBlock(*r.body)))
    return failure();

  Value one = i64(1);
  SmallVector<Value> nextState = {arith::AddIOp::create(b, loc, arguments[0], one), r.again()};
  SmallVector<Value> rowExtents;
  for (auto [row, stack] : llvm::zip(r.rows, stacks)) {
    HostTensor t = tensor(row);
    Value bytes = arith::MulIOp::create(b, loc, toI64(product(t.dims)), i64(elementBytes(typeOf(row).getElementType())));
    call("nncrt_append", {run, stack, t.pointer, bytes});
    for (auto [i, d] : llvm::enumerate(t.dims))
      if (typeOf(row).isDynamicDim(i))
        rowExtents.push_back(valueOf(d));
  }
  // All are copied before any old one is freed: a yield may name another carried value.
  SmallVector<HostTensor> copies;
  for (Value next : r.next) {
    HostTensor t = tensor(next);
    copies.push_back({copyOf(t, typeOf(next).getElementType()), t.dims});
  }
  freeAfter(r.body->getTerminator());
  for (Value memory : owned)
    call("nncrt_free", {run, memory});
  for (auto [copy, carried] : llvm::zip(copies, r.carried)) {
    flatten(copy, typeOf(carried), [&](Dim d) { return valueOf(d); }, nextState);
    nextState.push_back(copy.pointer);
  }
  nextState.append(rowExtents);
  scf::YieldOp::create(b, loc, nextState);

  b.setInsertionPointAfter(repeat);
  ValueRange results = repeat.getResults();
  at = 2;
  unsigned number = 0;
  for (Value carried : r.carried) {
    HostTensor t = unflatten(typeOf(carried), results, at);
    // Without an iteration the value still is the initial one, whose memory may be reused after this op.
    Value isInitial = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, results[0], i64(0));
    auto own = scf::IfOp::create(b, loc, TypeRange{pointerType}, isInitial, /*addThenBlock=*/true, /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(own.thenBlock());
      scf::YieldOp::create(b, loc, copyOf(t, typeOf(carried).getElementType()));
      b.setInsertionPointToStart(own.elseBlock());
      scf::YieldOp::create(b, loc, results[at++]);
    }
    t.pointer = own.getResult(0);
    tensors[r.results[number++]] = t;
  }
  for (auto [row, stack] : llvm::zip(r.rows, stacks)) {
    HostTensor t;
    t.pointer = loadElement(stack, pointerType, 0);
    t.dims.push_back(toIndex(results[0]));
    for (int64_t extent : typeOf(row).getShape())
      t.dims.push_back(ShapedType::isDynamic(extent) ? Dim(results[at++])
                                                     : Dim(getAffineConstantExpr(extent, b.getContext())));
    tensors[r.results[number++]] = t;
  }
  return success();
}

LogicalResult HostBuilder::emitLoop(nn::LoopOp op) {
  Block &body = op.getBody().front();
  ValueRange yields = body.getTerminator()->getOperands();
  size_t count = op.getInitial().size();
  Repetition r;
  r.op = op;
  r.body = &body;
  r.initial = llvm::to_vector(op.getInitial());
  r.carried = SmallVector<Value>(body.getArguments().drop_front(2));
  r.next = llvm::to_vector(yields.slice(1, count));
  r.rows = llvm::to_vector(yields.drop_front(1 + count));
  r.results = SmallVector<Value>(op.getResults());
  auto isTrue = [&](Value pointer) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, loadElement(pointer, b.getI8Type(), 0),
                                 arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0)));
  };
  r.trips = op.getTripCount() ? loadElement(tensor(op.getTripCount()).pointer, b.getI64Type(), 0) : i64(INT64_MAX);
  r.condition = op.getCondition() ? isTrue(tensor(op.getCondition()).pointer)
                                  : Value(arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
  // The iteration number and the condition are tensors to the body.
  Value number, flag;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&entry.getBody().front());
    number = LLVM::AllocaOp::create(b, loc, pointerType, b.getI64Type(), i64(1), 16);
    flag = LLVM::AllocaOp::create(b, loc, pointerType, b.getI64Type(), i64(1), 16);
  }
  r.enter = [&](Value i, Value condition) {
    storeSlot(number, 0, i);
    LLVM::StoreOp::create(b, loc, arith::ExtUIOp::create(b, loc, b.getI8Type(), condition), flag);
    auto scalar = [&](Value argument, Value pointer) {
      HostTensor t{pointer, Dims(typeOf(argument).getRank(), Dim(getAffineConstantExpr(1, b.getContext())))};
      tensors[argument] = t;
    };
    scalar(body.getArgument(0), number);
    scalar(body.getArgument(1), flag);
  };
  r.again = [&] { return isTrue(tensor(yields[0]).pointer); };
  return emitRepetition(r);
}

LogicalResult HostBuilder::emitScan(nn::ScanOp op) {
  Block &body = op.getBody().front();
  ValueRange yields = body.getTerminator()->getOperands(), arguments = body.getArguments();
  size_t states = op.getStates();
  auto sequences = op.getInputs().drop_front(states);
  Repetition r;
  r.op = op;
  r.body = &body;
  r.initial = llvm::to_vector(op.getInputs().take_front(states));
  r.carried = llvm::to_vector(arguments.take_front(states));
  r.next = llvm::to_vector(yields.take_front(states));
  r.rows = llvm::to_vector(yields.drop_front(states));
  r.results = SmallVector<Value>(op.getResults());
  r.trips = toI64(tensor(sequences[0]).dims[0]);
  for (Value sequence : sequences.drop_front()) {
    Value length = toI64(tensor(sequence).dims[0]);
    Value same = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, r.trips, length);
    check(same, "scan: the sequences have lengths %0 and %1", toIndex(r.trips), toIndex(length));
  }
  r.condition = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  r.enter = [&](Value i, Value) {
    for (auto [sequence, argument] : llvm::zip(sequences, arguments.drop_front(states))) {
      HostTensor whole = tensor(sequence);
      Dims row(whole.dims.begin() + 1, whole.dims.end());
      Value bytes = arith::MulIOp::create(b, loc, toI64(product(row)), i64(elementBytes(typeOf(sequence).getElementType())));
      HostTensor t{offset(whole.pointer, arith::MulIOp::create(b, loc, i, bytes)), row};
      tensors[argument] = t;
    }
  };
  r.again = [&] { return Value(arith::ConstantOp::create(b, loc, b.getBoolAttr(true))); };
  return emitRepetition(r);
}

} // namespace nnc
