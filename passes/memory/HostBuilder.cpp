#include "passes/memory/HostBuilder.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "passes/memory/RuntimeLayout.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using nnc::nn::Dim;
using nnc::nn::Dims;

namespace nnc {

HostBuilder::HostBuilder(ModuleOp module, func::FuncOp entry, const MemoryPlan &plan, const WeightOffsets &weights,
                         const GroupTable &groups)
    : module(module), entry(entry), plan(plan), weights(weights), groups(groups), b(module.getContext()), loc(entry.getLoc()),
      pointerType(LLVM::LLVMPointerType::get(module.getContext())) {}

LogicalResult HostBuilder::build(func::FuncOp model) {
  Block *body = entry.addEntryBlock();
  b.setInsertionPointToStart(body);
  run = body->getArgument(0);
  arena = field(runtime_layout::arena, pointerType);
  weightsBase = field(runtime_layout::weights, pointerType);

  // One array of arguments and one of extents serve every launch, since launches do not overlap.
  int64_t slots = 1, extents = 1;
  model.walk([&](Operation *op) {
    int64_t count = 2;
    for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
      if (auto ranked = dyn_cast<RankedTensorType>(type)) {
        count += 2 + ranked.getNumDynamicDims();
        extents = std::max(extents, ranked.getRank());
      }
    slots = std::max(slots, count);
  });
  argumentSlots = LLVM::AllocaOp::create(b, loc, pointerType, b.getI64Type(), i64(slots), 16);
  dimSlots = LLVM::AllocaOp::create(b, loc, pointerType, b.getI64Type(), i64(extents), 16);

  Value data = field(runtime_layout::inputData, pointerType), dims = field(runtime_layout::inputDims, pointerType);
  for (BlockArgument input : model.getArguments()) {
    auto type = cast<RankedTensorType>(input.getType());
    HostTensor t;
    t.pointer = loadElement(data, pointerType, input.getArgNumber());
    Value shape;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (!type.isDynamicDim(i)) {
        t.dims.push_back(Dim(getAffineConstantExpr(type.getDimSize(i), b.getContext())));
        continue;
      }
      if (!shape)
        shape = loadElement(dims, pointerType, input.getArgNumber());
      t.dims.push_back(toIndex(loadElement(shape, b.getI64Type(), i)));
    }
    tensors[input] = t;
  }
  return emitBlock(model.getBody().front());
}

LogicalResult HostBuilder::emitBlock(Block &block) {
  for (Operation &op : block) {
    if (failed(emitOp(&op)))
      return failure();
    // What a body yields is read once more, by the code of the op around it.
    if (!isa<nn::YieldOp>(op))
      freeAfter(&op);
  }
  return success();
}

void HostBuilder::freeAfter(Operation *op) {
  auto dead = plan.freeAfter.find(op);
  if (dead == plan.freeAfter.end())
    return;
  for (Value value : dead->second)
    if (!directOutputs.contains(value))
      call("nncrt_free", {run, tensor(value).pointer});
}

LogicalResult HostBuilder::emitOp(Operation *op) {
  loc = op->getLoc();
  if (auto constant = dyn_cast<nn::ConstantOp>(op)) {
    HostTensor t;
    auto type = cast<RankedTensorType>(constant.getType());
    auto found = weights.find(op);
    // A constant without a place is only ever read at compile time.
    t.pointer = found == weights.end() ? Value(LLVM::ZeroOp::create(b, loc, pointerType)) : offset(weightsBase, found->second);
    for (int64_t extent : type.getShape())
      t.dims.push_back(Dim(getAffineConstantExpr(extent, b.getContext())));
    tensors[constant] = t;
    return success();
  }
  if (auto group = dyn_cast<nn::GroupOp>(op))
    return emitGroup(group);
  if (isView(op))
    return emitView(op);
  if (auto shape = dyn_cast<nn::ShapeOfOp>(op))
    return emitShapeOf(shape);
  if (auto branch = dyn_cast<nn::IfOp>(op))
    return emitIf(branch);
  if (auto repeat = dyn_cast<nn::LoopOp>(op))
    return emitLoop(repeat);
  if (auto scan = dyn_cast<nn::ScanOp>(op))
    return emitScan(scan);
  if (isa<func::ReturnOp>(op))
    return emitReturn(op);
  if (isa<nn::YieldOp>(op))
    return success(); // the op around reads it
  return op->emitOpError("unsupported: the host code cannot run it");
}

FailureOr<SmallVector<Dims, 1>> HostBuilder::resultDims(Operation *op, llvm::function_ref<Dims(Value)> dimsOf) {
  auto elementOf = [&](Value operand, int64_t i) -> Value {
    auto group = op->getParentOfType<nn::GroupOp>();
    if (auto argument = dyn_cast<BlockArgument>(operand); argument && group)
      operand = group.getInputs()[argument.getArgNumber()];
    Type element = getElementTypeOrSelf(operand.getType());
    Value loaded = loadElement(tensor(operand).pointer, storageType(element), i);
    return isa<FloatType>(loaded.getType()) ? loaded : toIndex(loaded);
  };
  auto checkThat = [&](Value condition, StringRef message, Value x, Value y) { check(condition, message, x, y); };
  HostRule rule(op, b, dimsOf, elementOf, checkThat);
  if (failed(cast<nn::ShapedOp>(op).shapes(rule)))
    return failure();
  // What the types say wins over what would be computed.
  for (auto [result, dims] : llvm::zip(op->getResults(), rule.results)) {
    auto type = cast<RankedTensorType>(result.getType());
    for (auto [i, d] : llvm::enumerate(dims))
      if (!type.isDynamicDim(i))
        d = Dim(getAffineConstantExpr(type.getDimSize(i), b.getContext()));
      else if (rule.readsData && d.value)
        d = checkExtent(d.value);
  }
  return rule.results;
}

Value HostBuilder::checkExtent(Value extent) {
  Value zero = index(0);
  check(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, extent, zero), "an extent is %0", extent, zero);
  return arith::MaxSIOp::create(b, loc, extent, zero);
}

LogicalResult HostBuilder::emitGroup(nn::GroupOp group) {
  // The extents of everything inside, from the extents of the inputs.
  llvm::DenseMap<Value, Dims> inside;
  Block &body = group.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), group.getInputs()))
    inside[argument] = tensor(input).dims;
  auto dimsOf = [&](Value value) -> Dims {
    if (auto found = inside.find(value); found != inside.end())
      return found->second;
    Dims dims;
    for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
      dims.push_back(Dim(getAffineConstantExpr(extent, b.getContext())));
    return dims;
  };
  bool isStatic = llvm::all_of(group.getResultTypes(), [](Type t) { return cast<RankedTensorType>(t).hasStaticShape(); });
  unsigned dataDependent = dataDependentExtents(group);
  for (Operation &op : body.without_terminator()) {
    if (isa<nn::ConstantOp>(op))
      continue;
    // Rules of static results are evaluated too where an input is dynamic: they hold run-time checks.
    bool dynamicInput = llvm::any_of(op.getOperandTypes(), [](Type t) { return !cast<RankedTensorType>(t).hasStaticShape(); });
    if (isStatic && !dynamicInput && llvm::all_of(op.getResultTypes(), [](Type t) { return cast<RankedTensorType>(t).hasStaticShape(); })) {
      continue;
    }
    auto dims = resultDims(&op, dimsOf);
    if (failed(dims))
      return failure();
    for (auto [result, d] : llvm::zip(op.getResults(), *dims))
      inside[result] = d;
  }

  SmallVector<HostTensor> memrefs;
  for (Value input : group.getInputs())
    memrefs.push_back(tensor(input));
  SmallVector<HostTensor> results;
  Value bound;
  if (dataDependent) {
    bound = index(0);
    for (Value input : group.getInputs())
      bound = b.createOrFold<arith::AddIOp>(loc, bound, product(tensor(input).dims));
  }
  for (auto [result, yielded] : llvm::zip(group.getResults(), body.getTerminator()->getOperands())) {
    HostTensor t;
    t.dims = dimsOf(yielded);
    if (dataDependent) {
      Dims room;
      for (Dim d : t.dims)
        room.push_back(d.expr || d.value ? d : Dim(bound));
      HostTensor flat;
      flat.pointer = t.pointer = allocate(room, elementBytes(getElementTypeOrSelf(result.getType())));
      flat.dims = {Dim(product(room))};
      memrefs.push_back(flat);
    } else {
      for (Dim d : t.dims)
        if (!d.expr && !d.value)
          return group.emitOpError("unsupported: an extent of the result depends on values");
      std::optional<unsigned> taken = inPlaceOperand(group);
      t.pointer = taken ? tensor(group.getInputs()[*taken]).pointer : place(result, t.dims);
      memrefs.push_back(t);
    }
    results.push_back(t);
  }
  Value counts;
  if (dataDependent) {
    HostTensor t;
    t.dims = {Dim(getAffineConstantExpr(dataDependent, b.getContext()))};
    t.pointer = counts = allocate(t.dims, 8);
    memrefs.push_back(t);
  }

  Value items = index(1);
  if (!dataDependent) {
    SmallVector<OpFoldResult> extents;
    for (Dim d : results[0].dims)
      extents.push_back(d.known() ? OpFoldResult(b.getIndexAttr(*d.known())) : OpFoldResult(d.value));
    AffineMap map = group.getItemsAttr().getValue();
    for (unsigned i = 0; i < map.getNumResults(); ++i) {
      OpFoldResult extent = affine::makeComposedFoldedAffineApply(b, loc, map.getSubMap({i}), extents);
      items = b.createOrFold<arith::MulIOp>(loc, items, getValueOrCreateConstantIndexOp(b, loc, extent));
    }
  }
  ArrayRef<bool> placed = placedOperands(group);
  bool isDone = !placed.empty() && !llvm::is_contained(placed, false);
  if (!dataDependent && !isDone)
    reportCost(group, dimsOf);
  if (!isDone)
    launch(group, memrefs, items);

  for (auto [result, t] : llvm::zip(group.getResults(), results)) {
    unsigned next = 0;
    for (Dim &d : t.dims)
      if (!d.expr && !d.value)
        d = toIndex(loadElement(counts, b.getI64Type(), next));
    tensors[result] = t;
  }
  return success();
}

void HostBuilder::reportCost(nn::GroupOp group, llvm::function_ref<Dims(Value)> dimsOf) {
  const GroupCost &known = groups.cost(group);
  if (known.flops.known() && known.bytes.known())
    return;
  auto noElements = [](Value, int64_t) { return Value(); };
  auto noCheck = [](Value, StringRef, Value, Value) {};
  GroupCost cost = costOf(group, [&](Operation *op) -> std::unique_ptr<nn::ShapeRule> {
    return std::make_unique<HostRule>(op, b, dimsOf, noElements, noCheck);
  });
  auto number = [&](Dim d) { return d.expr || d.value ? toI64(d) : i64(0); };
  Value n = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(groups.number(group)));
  call("nncrt_cost", {run, n, number(cost.flops), number(cost.bytes)});
}

void HostBuilder::launch(nn::GroupOp group, ArrayRef<HostTensor> memrefs, Value items) {
  auto kernel = module.lookupSymbol<func::FuncOp>(group.getKernelAttr().getAttr());
  int64_t slot = 0;
  storeSlot(argumentSlots, slot++, run);
  for (const HostTensor &t : memrefs)
    storeSlot(argumentSlots, slot++, t.pointer);
  for (auto [t, type] : llvm::zip(memrefs, kernel.getArgumentTypes().drop_front(2)))
    for (auto [i, d] : llvm::enumerate(t.dims))
      if (cast<MemRefType>(type).isDynamicDim(i))
        storeSlot(argumentSlots, slot++, toI64(d));
  auto taskType = b.getFunctionType({pointerType, b.getI64Type(), b.getI64Type(), pointerType}, {});
  std::string name = (kernel.getName() + "_task").str();
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    func::FuncOp::create(b, loc, name, taskType).setPrivate();
  }
  Value task = func::ConstantOp::create(b, loc, taskType, name);
  task = UnrealizedConversionCastOp::create(b, loc, pointerType, task).getResult(0);
  Value number = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(groups.number(group)));
  StringRef launch = group->hasAttr("nn.swings") ? "nncrt_launch_swinging" : "nncrt_launch";
  call(launch, {run, number, task, argumentSlots, toI64(items), i64(group.getGrain().value_or(1))});
}

LogicalResult HostBuilder::emitView(Operation *op) {
  auto dims = resultDims(op, [&](Value v) { return tensor(v).dims; });
  if (failed(dims))
    return failure();
  HostTensor t{tensor(op->getOperand(0)).pointer, (*dims)[0]};
  tensors[op->getResult(0)] = t;
  return success();
}

LogicalResult HostBuilder::emitShapeOf(nn::ShapeOfOp op) {
  HostTensor t;
  t.dims = {Dim(getAffineConstantExpr(op.getEnd() - op.getBegin(), b.getContext()))};
  t.pointer = place(op.getY(), t.dims);
  Dims dims = tensor(op.getX()).dims;
  for (auto [slot, i] : llvm::enumerate(llvm::seq<int64_t>(op.getBegin(), op.getEnd())))
    storeSlot(t.pointer, slot, toI64(dims[i]));
  tensors[op.getY()] = t;
  return success();
}

LogicalResult HostBuilder::emitReturn(Operation *op) {
  for (auto [i, value] : llvm::enumerate(op->getOperands())) {
    HostTensor &t = tensor(value);
    bool direct = llvm::any_of(directOutputs, [&, i = i](auto &entry) { return entry.second.first == static_cast<int64_t>(i); });
    if (direct)
      continue;
    Value to = outputPointer(i, t.dims);
    Value bytes = arith::MulIOp::create(b, loc, toI64(product(t.dims)), i64(elementBytes(getElementTypeOrSelf(value.getType()))));
    copyBytes(to, t.pointer, bytes);
  }
  Value status = field(runtime_layout::status, b.getI32Type());
  func::ReturnOp::create(b, loc, status);
  return success();
}

Value HostBuilder::place(Value result, ArrayRef<Dim> dims) {
  if (auto found = directOutputs.find(result); found != directOutputs.end()) {
    auto [output, returned] = found->second;
    if (returned == result)
      return outputPointer(output, dims);
    Dims viewDims;
    for (int64_t extent : cast<RankedTensorType>(returned.getType()).getShape())
      viewDims.push_back(Dim(getAffineConstantExpr(extent, b.getContext())));
    return outputPointer(output, viewDims);
  }
  if (auto found = plan.offsets.find(result); found != plan.offsets.end())
    return offset(arena, found->second);
  return allocate(dims, elementBytes(getElementTypeOrSelf(result.getType())));
}

Value HostBuilder::allocate(ArrayRef<Dim> dims, int64_t bytes) {
  return call("nncrt_alloc_tensor", {run, i64(bytes), i64(dims.size()), storeDims(dims)}, pointerType);
}

Value HostBuilder::outputPointer(int64_t output, ArrayRef<Dim> dims) {
  Type i32 = b.getI32Type();
  auto number = [&](int64_t n) { return arith::ConstantOp::create(b, loc, IntegerAttr::get(i32, n)); };
  return call("nncrt_output", {run, number(output), number(dims.size()), storeDims(dims)}, pointerType);
}

HostTensor &HostBuilder::tensor(Value value) {
  assert(tensors.contains(value) && "a tensor is read before it is written");
  return tensors[value];
}

Value HostBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
Value HostBuilder::i64(int64_t value) { return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value)); }
Value HostBuilder::toI64(Value value) { return b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), value); }
Value HostBuilder::toI64(Dim d) { return d.known() ? i64(*d.known()) : toI64(d.value); }
Value HostBuilder::toIndex(Value value) { return b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), value); }
Value HostBuilder::valueOf(Dim d) { return d.known() ? index(*d.known()) : d.value; }

Value HostBuilder::product(ArrayRef<Dim> dims) {
  Value result = index(1);
  for (Dim d : dims)
    result = b.createOrFold<arith::MulIOp>(loc, result, valueOf(d));
  return result;
}

Value HostBuilder::offset(Value pointer, int64_t bytes) {
  if (bytes == 0)
    return pointer;
  // LLVM::GEPOp holds constant indices of up to 29 bits.
  if (bytes < 0 || bytes >= int64_t(1) << 28)
    return offset(pointer, i64(bytes));
  return LLVM::GEPOp::create(b, loc, pointerType, b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

Value HostBuilder::offset(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(b, loc, pointerType, b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{bytes});
}

Value HostBuilder::field(int64_t byteOffset, Type type) {
  return LLVM::LoadOp::create(b, loc, type, offset(run, byteOffset));
}

Value HostBuilder::loadElement(Value pointer, Type element, int64_t i) {
  Value address = LLVM::GEPOp::create(b, loc, pointerType, element, pointer, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
  return LLVM::LoadOp::create(b, loc, element, address);
}

void HostBuilder::storeSlot(Value array, int64_t slot, Value value) {
  Value address = LLVM::GEPOp::create(b, loc, pointerType, b.getI64Type(), array, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(slot)});
  LLVM::StoreOp::create(b, loc, value, address);
}

Value HostBuilder::storeDims(ArrayRef<Dim> dims) {
  for (auto [i, d] : llvm::enumerate(dims))
    storeSlot(dimSlots, i, toI64(d));
  return dimSlots;
}

void HostBuilder::check(Value condition, StringRef message, Value x, Value y) {
  // A call without a branch around it: thousands of branches would make the function slow to compile.
  Value holds = arith::ExtUIOp::create(b, loc, b.getI32Type(), condition);
  call("nncrt_check", {run, holds, stringConstant(message), toI64(x), toI64(y)});
}

Value HostBuilder::stringConstant(StringRef text) {
  std::string name = ("nn_message_" + Twine::utohexstr(llvm::xxh3_64bits(text))).str();
  auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    std::string bytes = (text + Twine('\0')).str();
    global = LLVM::GlobalOp::create(b, module.getLoc(), LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()), true,
                                    LLVM::Linkage::Internal, name, b.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(b, loc, global);
}

Value HostBuilder::call(StringRef function, ValueRange arguments, Type result) {
  auto callee = module.lookupSymbol<func::FuncOp>(function);
  if (!callee) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    SmallVector<Type> results;
    if (result)
      results.push_back(result);
    callee = func::FuncOp::create(b, module.getLoc(), function, b.getFunctionType(arguments.getTypes(), results));
    callee.setPrivate();
  }
  auto op = func::CallOp::create(b, loc, callee, arguments);
  return result ? op.getResult(0) : Value();
}

void HostBuilder::copyBytes(Value to, Value from, Value bytes) { call("nncrt_copy", {run, to, from, bytes}); }

} // namespace nnc
