#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_LOWERKERNELABI
#include "passes/Passes.h.inc"

namespace {

/// A kernel's memrefs become bare pointers and dynamic extents. The pointers are noalias, which lets LLVM keep
/// accumulators in registers and hoist loads; the descriptor that memref code wants is put together inside and vanishes.
struct LowerKernelAbi : impl::LowerKernelAbiBase<LowerKernelAbi> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.kernel"))
        kernels.push_back(function);
    for (func::FuncOp kernel : kernels) {
      lowerSignature(kernel);
      writeTask(kernel);
    }
  }

private:
  void lowerSignature(func::FuncOp kernel) {
    MLIRContext *context = &getContext();
    Type pointer = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
    Location loc = kernel.getLoc();
    Block &body = kernel.front();
    SmallVector<Type> oldTypes(body.getArgumentTypes()), newTypes;
    // run, one pointer per memref (the workspace first), then all dynamic extents, then the range.
    for (Type type : oldTypes)
      if (isa<MemRefType, LLVM::LLVMPointerType>(type))
        newTypes.push_back(pointer);
    memrefTypes[kernel] = {};
    for (Type type : oldTypes)
      if (auto memref = dyn_cast<MemRefType>(type)) {
        newTypes.append(memref.getNumDynamicDims(), i64);
        memrefTypes[kernel].push_back(memref);
      }
    newTypes.append({i64, i64});

    Block *entry = new Block();
    for (Type type : newTypes)
      entry->addArgument(type, loc);
    kernel.getBody().getBlocks().push_front(entry);
    OpBuilder b = OpBuilder::atBlockBegin(entry);
    SmallVector<Value> old = {entry->getArgument(0)};
    unsigned nextPointer = 1, nextExtent = 1 + memrefTypes[kernel].size();
    for (Type type : ArrayRef(oldTypes).drop_front()) {
      if (auto memref = dyn_cast<MemRefType>(type))
        old.push_back(describe(b, loc, memref, entry->getArgument(nextPointer++), *entry, nextExtent));
    }
    for (unsigned i = 0; i < 2; ++i)
      old.push_back(arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(nextExtent++)));
    for (auto [argument, value] : llvm::zip(body.getArguments(), old))
      argument.replaceAllUsesWith(value);
    body.eraseArguments(0, body.getNumArguments());
    entry->getOperations().splice(entry->end(), body.getOperations());
    body.erase();
    kernel.setType(FunctionType::get(context, newTypes, {}));
    kernel.removeArgAttrsAttr();
    for (unsigned i = 0; i < memrefTypes[kernel].size(); ++i) {
      kernel.setArgAttr(1 + i, LLVM::LLVMDialect::getNoAliasAttrName(), UnitAttr::get(context));
      // Nothing but alignment of the element is known: the caller's tensors may lie anywhere.
      kernel.setArgAttr(1 + i, "llvm.nonnull", UnitAttr::get(context));
    }
    kernel->removeAttr("nn.kernel");
  }

  /// The LLVM descriptor of a row-major memref at `pointer`, cast to the memref.
  Value describe(OpBuilder &b, Location loc, MemRefType type, Value pointer, Block &entry, unsigned &nextExtent) {
    MLIRContext *context = &getContext();
    Type ptr = LLVM::LLVMPointerType::get(context), i64 = b.getI64Type();
    int64_t rank = type.getRank();
    SmallVector<Type> fields = {ptr, ptr, i64};
    if (rank > 0)
      fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
    auto structType = LLVM::LLVMStructType::getLiteral(context, fields);
    auto number = [&](int64_t n) -> Value { return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(n)); };
    Value descriptor = LLVM::PoisonOp::create(b, loc, structType);
    auto insert = [&](Value v, ArrayRef<int64_t> at) { descriptor = LLVM::InsertValueOp::create(b, loc, descriptor, v, at); };
    insert(pointer, 0);
    insert(pointer, 1);
    insert(number(0), 2);
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < rank; ++i)
      sizes.push_back(type.isDynamicDim(i) ? Value(entry.getArgument(nextExtent++)) : number(type.getDimSize(i)));
    Value stride = number(1);
    for (int64_t i = rank - 1; i >= 0; --i) {
      insert(sizes[i], {3, i});
      insert(stride, {4, i});
      if (i)
        stride = LLVM::MulOp::create(b, loc, stride, sizes[i]);
    }
    return UnrealizedConversionCastOp::create(b, loc, type, descriptor).getResult(0);
  }

  /// void k_task(void *args, int64_t begin, int64_t end, char *workspace): unpacks the slots that the launch filled.
  void writeTask(func::FuncOp kernel) {
    auto task = getOperation().lookupSymbol<func::FuncOp>((kernel.getName() + "_task").str());
    if (!task)
      return;
    OpBuilder b(&getContext());
    Block *body = task.addEntryBlock();
    b.setInsertionPointToStart(body);
    Location loc = kernel.getLoc();
    SmallVector<Value> arguments;
    // The workspace, argument 1, is the thread's; everything else was put into slots.
    SmallVector<Type> types(kernel.getArgumentTypes().drop_back(2));
    types.erase(types.begin() + 1);
    for (auto [slot, type] : llvm::enumerate(types)) {
      Value address = LLVM::GEPOp::create(b, loc, body->getArgument(0).getType(), b.getI64Type(), body->getArgument(0),
                                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(slot)});
      arguments.push_back(LLVM::LoadOp::create(b, loc, type, address));
    }
    arguments.insert(arguments.begin() + 1, body->getArgument(3));
    arguments.append({body->getArgument(1), body->getArgument(2)});
    func::CallOp::create(b, loc, kernel, arguments);
    func::ReturnOp::create(b, loc);
  }

  llvm::DenseMap<func::FuncOp, SmallVector<MemRefType>> memrefTypes;
};

} // namespace
} // namespace nnc
