// KernelBuilder::parallel and ::apart: code becomes a function of its own, which the runtime calls for ranges
// or the kernel calls itself. What it uses of the kernel around it travels in a struct on the kernel's stack;
// constants are made anew.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "passes/lower/KernelBuilder.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {

namespace {

/// LLVM's descriptor of a memref.
LLVM::LLVMStructType descriptorType(MemRefType type) {
  MLIRContext *context = type.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
  SmallVector<Type> fields = {pointer, pointer, i64};
  if (type.getRank() > 0)
    fields.append(2, LLVM::LLVMArrayType::get(i64, type.getRank()));
  return LLVM::LLVMStructType::getLiteral(context, fields);
}

/// All that a run has to tell of it is where it lies.
bool isPlain(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.hasStaticShape() && memref.getLayout().isIdentity();
}

/// How a value lies in the struct. The struct should be short: another core fetches it line by line.
Type fieldType(Type type) {
  if (type.isIndex())
    return IntegerType::get(type.getContext(), 64);
  if (isPlain(type))
    return LLVM::LLVMPointerType::get(type.getContext());
  if (auto memref = dyn_cast<MemRefType>(type))
    return descriptorType(memref);
  return type;
}

Value toField(OpBuilder &b, Location loc, Value value) {
  if (value.getType().isIndex())
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
  auto memref = dyn_cast<MemRefType>(value.getType());
  if (!memref)
    return value;
  Value descriptor = UnrealizedConversionCastOp::create(b, loc, descriptorType(memref), value).getResult(0);
  return isPlain(memref) ? LLVM::ExtractValueOp::create(b, loc, descriptor, 1).getResult() : descriptor;
}

Value fromField(OpBuilder &b, Location loc, Value field, Type type) {
  if (type.isIndex())
    return arith::IndexCastOp::create(b, loc, type, field);
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return field;
  if (isPlain(memref)) {
    Value descriptor = LLVM::PoisonOp::create(b, loc, descriptorType(memref));
    auto insert = [&](Value v, ArrayRef<int64_t> at) {
      descriptor = LLVM::InsertValueOp::create(b, loc, descriptor, v, at);
    };
    auto number = [&](int64_t n) {
      return LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(n)).getResult();
    };
    insert(field, 0);
    insert(field, 1);
    insert(number(0), 2);
    int64_t stride = 1;
    for (int64_t i = memref.getRank(); i-- > 0; stride *= memref.getDimSize(i)) {
      insert(number(memref.getDimSize(i)), {3, i});
      insert(number(stride), {4, i});
    }
    field = descriptor;
  }
  return UnrealizedConversionCastOp::create(b, loc, type, field).getResult(0);
}

/// Makes the body of `function` use nothing from outside: constants are cloned, other values returned.
llvm::SetVector<Value> isolate(func::FuncOp function) {
  llvm::SetVector<Value> captured;
  llvm::DenseMap<Value, Value> clones;
  OpBuilder b = OpBuilder::atBlockBegin(&function.front());
  function.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (function.getBody().isAncestor(value.getParentRegion()))
        continue;
      Operation *definition = value.getDefiningOp();
      if (!definition || !definition->hasTrait<OpTrait::ConstantLike>()) {
        captured.insert(value);
        continue;
      }
      Value &clone = clones[value];
      if (!clone)
        clone = b.clone(*definition)->getResult(0);
      operand.set(clone);
    }
  });
  return captured;
}

} // namespace

std::pair<func::FuncOp, Value> KernelBuilder::outline(FunctionType type,
                                                      llvm::function_ref<void(Block &)> body) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  func::FuncOp function;
  llvm::SetVector<Value> captured;
  SmallVector<Type> fields;
  LLVM::LLVMStructType structType;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfter(kernel);
    std::string name = (kernel.getName() + "_inner" + Twine(innerFunctions++)).str();
    function = func::FuncOp::create(b, loc, name, type);
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    b.setInsertionPointToStart(entry);
    body(*entry);
    func::ReturnOp::create(b, loc);

    captured = isolate(function);
    for (Value value : captured)
      fields.push_back(fieldType(value.getType()));
    structType = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
    b.setInsertionPointToStart(entry);
    for (auto [i, captive] : llvm::enumerate(captured)) {
      Value value = captive;
      Value address = LLVM::GEPOp::create(b, loc, pointer, structType, entry->getArgument(0),
                                          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
      Value field = LLVM::LoadOp::create(b, loc, fields[i], address);
      Value inside = fromField(b, loc, field, value.getType());
      value.replaceUsesWithIf(inside, [&](OpOperand &use) {
        return function.getBody().isAncestor(use.getOwner()->getParentRegion());
      });
    }
  }

  Value slots;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&kernel.front());
    Value one = LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(1));
    slots = LLVM::AllocaOp::create(b, loc, pointer, structType, one, 64);
  }
  for (auto [i, value] : llvm::enumerate(captured)) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, structType, slots,
                                        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    LLVM::StoreOp::create(b, loc, toField(b, loc, value), address);
  }
  return {function, slots};
}

void KernelBuilder::apart(llvm::function_ref<void()> body) {
  auto type = b.getFunctionType({LLVM::LLVMPointerType::get(b.getContext())}, {});
  auto [function, slots] = outline(type, [&](Block &) { body(); });
  function->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  func::CallOp::create(b, loc, function, ValueRange{slots});
}

void KernelBuilder::parallel(Value count, int64_t grain, llvm::function_ref<void(Value, Value)> body) {
  auto module = group->getParentOfType<ModuleOp>();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext()), i64 = b.getI64Type();
  auto type = b.getFunctionType({pointer, i64, i64, pointer}, {});
  auto [function, slots] = outline(type, [&](Block &entry) {
    Value from = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry.getArgument(1));
    Value to = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry.getArgument(2));
    body(from, to);
  });
  auto callee = module.lookupSymbol<func::FuncOp>("nncrt_parallel");
  if (!callee) {
    OpBuilder atTop = OpBuilder::atBlockBegin(module.getBody());
    auto calleeType = b.getFunctionType({pointer, pointer, pointer, i64, i64}, {});
    callee = func::FuncOp::create(atTop, loc, "nncrt_parallel", calleeType);
    callee.setPrivate();
  }
  Value address = func::ConstantOp::create(b, loc, type, function.getName());
  address = UnrealizedConversionCastOp::create(b, loc, pointer, address).getResult(0);
  Value least = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(grain));
  func::CallOp::create(b, loc, callee, ValueRange{run, address, slots, fromIndex(count, i64), least});
}

} // namespace nnc
