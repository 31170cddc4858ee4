#include "passes/lower/KernelBuilder.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace nnc {

KernelBuilder::KernelBuilder(OpBuilder &b, nn::GroupOp group, func::FuncOp function, AffineMap items, KernelTarget target)
    : b(b), loc(function.getLoc()), group(group), target(target), kernel(function), items(items) {
  Block &entry = function.front();
  run = entry.getArgument(0);
  workspaceArgument = entry.getArgument(1);
  unsigned next = 2;
  for (BlockArgument input : group.getBody().front().getArguments())
    memrefs[input] = entry.getArgument(next++);
  for (unsigned last = entry.getNumArguments() - 2; next < last; ++next)
    outputs.push_back(entry.getArgument(next));
  for (auto [yielded, output] : llvm::zip(group.getBody().front().getTerminator()->getOperands(), outputs))
    memrefs.try_emplace(yielded, output);
  // What the result takes over is read through the result's memref: the other one would alias it.
  if (std::optional<unsigned> operand = inPlaceOperand(group))
    memrefs[group.getBody().front().getArgument(*operand)] = outputs[0];
  begin = entry.getArgument(entry.getNumArguments() - 2);
  end = entry.getArgument(entry.getNumArguments() - 1);
  b.setInsertionPointToEnd(&entry);
}

Value KernelBuilder::memref(Value tensor) {
  Value found = memrefs.lookup(tensor);
  assert(found && "a tensor inside the group has no memory");
  return found;
}

void KernelBuilder::note(const Twine &text) { notes += (notes.empty() ? "" : "; ") + text.str(); }

Value KernelBuilder::workspace(MemRefType type) {
  Value from = index(workspaceBytes);
  int64_t bytes = type.getNumElements() * elementBytes(type.getElementType());
  workspaceBytes += llvm::alignTo(bytes, 64);
  return memref::ViewOp::create(b, loc, type, workspaceArgument, from, ValueRange{});
}

Value KernelBuilder::flat(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 1)
    return memref;
  if (type.getRank() == 0) {
    auto one = MemRefType::get({1}, type.getElementType());
    return memref::ExpandShapeOp::create(b, loc, one, memref, ArrayRef<ReassociationIndices>{});
  }
  ReassociationIndices all = llvm::to_vector<2>(llvm::seq<int64_t>(0, type.getRank()));
  return memref::CollapseShapeOp::create(b, loc, memref, ArrayRef<ReassociationIndices>{all});
}

Value KernelBuilder::merged(Value memref, int64_t kept) {
  int64_t dims = cast<MemRefType>(memref.getType()).getRank();
  if (dims == kept + 1)
    return memref;
  SmallVector<ReassociationIndices> groups = {llvm::to_vector<2>(llvm::seq<int64_t>(0, dims - kept))};
  for (int64_t i = dims - kept; i < dims; ++i)
    groups.push_back({i});
  return memref::CollapseShapeOp::create(b, loc, memref, groups);
}

Value KernelBuilder::dim(Value memref, int64_t i) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(i))
    return index(type.getDimSize(i));
  return memref::DimOp::create(b, loc, memref, i);
}

SmallVector<Value> KernelBuilder::dimsOf(Value tensor) {
  SmallVector<Value> dims;
  for (int64_t i = 0, rank = cast<RankedTensorType>(tensor.getType()).getRank(); i < rank; ++i)
    dims.push_back(dimOf(tensor, i));
  return dims;
}

Value KernelBuilder::scalarConstant(Value tensor) {
  ElementsAttr attr;
  if (!matchPattern(tensor, m_Constant(&attr)) || attr.getNumElements() != 1)
    return {};
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return {};
  Type element = dense.getElementType(), compute = computeType(element);
  if (auto type = dyn_cast<FloatType>(element)) {
    APFloat value = *dense.getValues<APFloat>().begin();
    bool lost;
    value.convert(cast<FloatType>(compute).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return arith::ConstantOp::create(b, loc, FloatAttr::get(compute, value));
  }
  if (!isa<IntegerType>(element))
    return {};
  APInt value = *dense.getValues<APInt>().begin();
  unsigned width = compute.getIntOrFloatBitWidth();
  value = isUnsignedElement(element) ? value.zextOrTrunc(width) : value.sextOrTrunc(width);
  return arith::ConstantOp::create(b, loc, IntegerAttr::get(compute, value));
}

Value KernelBuilder::load(Value tensor, ValueRange indices) {
  if (Value constant = scalarConstant(tensor))
    return constant;
  Value stored = memref::LoadOp::create(b, loc, memref(tensor), indices);
  return toCompute(b, loc, stored, getElementTypeOrSelf(tensor.getType()));
}

void KernelBuilder::store(Value value, Value tensor, ValueRange indices) {
  Value stored = toStorage(b, loc, value, getElementTypeOrSelf(tensor.getType()));
  memref::StoreOp::create(b, loc, stored, memref(tensor), indices);
}

Value KernelBuilder::loadIndex(Value tensor, ValueRange indices) {
  Value element = load(tensor, indices);
  if (isa<FloatType>(element.getType()))
    element = arith::FPToSIOp::create(b, loc, b.getI64Type(), element);
  if (isUnsignedElement(getElementTypeOrSelf(tensor.getType())))
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), element);
  return toIndex(element);
}

Value KernelBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
Value KernelBuilder::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value KernelBuilder::sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value KernelBuilder::mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value KernelBuilder::div(Value x, Value y) {
  if (isConstantIntValue(y, 1))
    return x;
  return b.createOrFold<arith::DivUIOp>(loc, x, y);
}
Value KernelBuilder::rem(Value x, Value y) { return b.createOrFold<arith::RemUIOp>(loc, x, y); }
Value KernelBuilder::min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
Value KernelBuilder::max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(loc, x, y); }
Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(loc, predicate, x, y);
}
Value KernelBuilder::select(Value condition, Value x, Value y) {
  return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
}
Value KernelBuilder::both(Value x, Value y) { return b.createOrFold<arith::AndIOp>(loc, x, y); }
Value KernelBuilder::negated(Value condition) {
  return b.createOrFold<arith::XOrIOp>(loc, condition, arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
}
Value KernelBuilder::inRange(Value i, Value extent) {
  return compare(arith::CmpIPredicate::ult, i, extent); // a negative index is a huge unsigned one
}
Value KernelBuilder::toIndex(Value integer) {
  if (integer.getType().isIndex())
    return integer;
  return b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), integer);
}
Value KernelBuilder::fromIndex(Value index, Type integer) {
  return b.createOrFold<arith::IndexCastOp>(loc, integer, index);
}

static scf::ForOp createLoop(KernelBuilder &k, Value from, Value to, Value step, KernelBuilder::Body body) {
  auto op = scf::ForOp::create(k.b, k.loc, from, to, step);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
  return op;
}

void KernelBuilder::loop(Value from, Value to, Value step, Body body) { createLoop(*this, from, to, step, body); }

void KernelBuilder::scalarLoop(Value to, Body body) {
  MLIRContext *context = b.getContext();
  auto no = LLVM::LoopVectorizeAttr::get(context, /*disable=*/b.getBoolAttr(true), {}, {}, {}, {}, {}, {});
  createLoop(*this, index(0), to, index(1), body)
      ->setAttr("llvm.loop_annotation", LLVM::LoopAnnotationAttr::get(context, {}, no, {}, {}, {}, {}, {}, {}, {}, {}, {},
                                                                      {}, {}, {}, {}));
}

SmallVector<Value> KernelBuilder::loop(Value from, Value to, Value step, ValueRange initial, CarriedBody body) {
  auto op = scf::ForOp::create(b, loc, from, to, step, initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(op.getResults());
}

void KernelBuilder::loops(ValueRange extents, llvm::function_ref<void(ValueRange)> body) {
  SmallVector<Value> ivs;
  std::function<void(size_t)> nest = [&](size_t depth) {
    if (depth == extents.size())
      return body(ivs);
    loop(extents[depth], [&](Value iv) {
      ivs.push_back(iv);
      nest(depth + 1);
      ivs.pop_back();
    });
  };
  nest(0);
}

void KernelBuilder::ifThen(Value condition, llvm::function_ref<void()> body) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  body();
}

void KernelBuilder::byPowersOfTwo(int64_t most, Value from, Value to,
                                  llvm::function_ref<void(int64_t size, Value at)> body) {
  Value at = from;
  for (int64_t size = llvm::PowerOf2Ceil(most) / 2; size > 0; size /= 2) {
    Value next = add(at, size), fits = compare(arith::CmpIPredicate::sle, next, to);
    ifThen(fits, [&] { body(size, at); });
    at = select(fits, next, at);
  }
}

Value KernelBuilder::ifElse(Value condition, llvm::function_ref<Value()> yes, llvm::function_ref<Value()> no) {
  return scf::IfOp::create(
             b, loc, condition, [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, yes()); },
             [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, no()); })
      .getResult(0);
}

/// An index of which LLVM does not see where it comes from. Addresses that start with the remainder of a loop's number by an
/// extent that only the run knows are no recurrences to its loop strength reduction, which then gives up on those of the
/// inner loops, too: 27 instructions of address arithmetic for 8 steps of a product in place of 5.
static Value opaque(KernelBuilder &k, Value index) {
  Type type = k.b.getI64Type();
  Value same = LLVM::InlineAsmOp::create(k.b, k.loc, type, k.fromIndex(index, type), /*asm_string=*/"",
                                         /*constraints=*/"=r,0", /*has_side_effects=*/false, /*is_align_stack=*/false,
                                         LLVM::TailCallKind::None, /*asm_dialect=*/nullptr, /*operand_attrs=*/nullptr)
                   .getResult(0);
  return k.toIndex(same);
}

void KernelBuilder::forEachItem(llvm::function_ref<void(ValueRange)> body) {
  // The extents of the iteration space, from the extents of result 0.
  SmallVector<OpFoldResult> dims;
  Value first = outputs[0];
  for (unsigned i = 0; i < items.getNumDims(); ++i)
    dims.push_back(dim(first, i));
  SmallVector<Value> extents;
  for (unsigned i = 0; i < items.getNumResults(); ++i) {
    OpFoldResult extent = affine::makeComposedFoldedAffineApply(b, loc, items.getSubMap({i}), dims);
    extents.push_back(getValueOrCreateConstantIndexOp(b, loc, extent));
  }
  loop(begin, end, index(1), [&](Value item) {
    SmallVector<Value> point(extents.size());
    for (size_t i = extents.size(); i-- > 0;) {
      bool isKnown = getConstantIntValue(extents[i]).has_value();
      auto hidden = [&](Value index) { return isKnown ? index : opaque(*this, index); };
      point[i] = i ? hidden(rem(item, extents[i])) : item;
      if (i)
        item = hidden(div(item, extents[i]));
    }
    body(point);
  });
}

void KernelBuilder::fail(StringRef message, Value a, Value bValue) {
  auto module = group->getParentOfType<ModuleOp>();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  OpBuilder global = OpBuilder::atBlockBegin(module.getBody());
  // One string per message, so that equal kernels stay equal.
  std::string name = ("nn_message_" + Twine::utohexstr(llvm::xxh3_64bits(message))).str();
  auto text = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!text) {
    std::string bytes = (message + Twine('\0')).str();
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
    text = LLVM::GlobalOp::create(global, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                                  b.getStringAttr(bytes));
  }
  auto callee = module.lookupSymbol<func::FuncOp>("nncrt_fail");
  if (!callee) {
    auto type = b.getFunctionType({pointer, pointer, b.getI64Type(), b.getI64Type()}, {});
    callee = func::FuncOp::create(global, loc, "nncrt_fail", type);
    callee.setPrivate();
  }
  Value address = LLVM::AddressOfOp::create(b, loc, text);
  auto number = [&](Value v) { return fromIndex(v ? v : index(0), b.getI64Type()); };
  func::CallOp::create(b, loc, callee, ValueRange{run, address, number(a), number(bValue)});
}

} // namespace nnc
