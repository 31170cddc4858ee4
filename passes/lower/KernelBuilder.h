//===- KernelBuilder.h - what a lowering writes a kernel with -----------------===//
//
// A kernel is the code of one group: a function
//
//     func @k7(%run: !llvm.ptr, %workspace: memref<Nxi8>, inputs: memref..., outputs: memref...,
//              %begin: index, %end: index)
//
// that computes the items [begin, end) of the group's parallel iteration space (nn.group's `items`: its extents as
// functions of the extents of result 0). Different ranges may run at the same time, so a lowering writes disjoint
// elements for disjoint items. `run` is the runtime's state, needed only to report failures; `workspace` is memory that
// no other range writes to while this one runs, of N bytes aligned to 64.
//
// KernelBuilder knows which memref belongs to which tensor of the group, converts between the way elements lie in
// memory and in registers, and writes loops. Values of type index fold as they are built.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_KERNELBUILDER_H
#define NNC_PASSES_LOWER_KERNELBUILDER_H

#include "dialects/nn/NNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace nnc {

/// What a lowering may know of the machine.
struct KernelTarget {
  unsigned vectorBits = 256;
  /// How many products of bytes one instruction sums in 32 bits: 4 (x86's vpdpbusd), 2 of bytes widened to 16
  /// bits (vpmaddwd), or 1 where there is no such instruction.
  unsigned byteSums = 1;
  /// Whether one instruction sums two products of bf16 in f32 (x86's vdpbf16ps, of 512 bits).
  bool brainPairs = false;
  /// Whether two multiply-adds of 512 bits start in every cycle, as on Intel's servers; elsewhere one does. What is done
  /// beside the products then has half as much time.
  bool twoMultipliers = false;
  /// Whether a unit multiplies matrices of 16 rows of 64 bytes (x86's AMX; passes/cpu/MatrixUnit.h).
  bool matrixUnit = false;
  /// Lanes of a vector of 32-bit elements.
  int64_t lanes() const { return vectorBits / 32; }
};

class KernelBuilder {
public:
  /// Writes at the end of `function`'s body; `items` is the group's iteration space.
  KernelBuilder(mlir::OpBuilder &b, nn::GroupOp group, mlir::func::FuncOp function, mlir::AffineMap items,
                KernelTarget target);

  mlir::OpBuilder &b;
  mlir::Location loc;
  nn::GroupOp group;
  KernelTarget target;
  /// The fewest items worth a thread of their own; a lowering sets it from the work per item.
  int64_t grain = 1;
  /// Whether every other run shall take the items from the last to the first, because they read weights once and what a
  /// cache keeps of them is what was read last (nncrt_launch_swinging). For few items that take long.
  bool swings = false;

  /// Says what was decided about this kernel and why, for --report.
  void note(const llvm::Twine &text);
  std::string notes;

  // Tensors and memrefs.
  /// The memref behind a group input (a block argument of the group) or a yielded value.
  mlir::Value memref(mlir::Value tensor);
  /// Output memref `i`.
  mlir::Value output(unsigned i) { return outputs[i]; }
  /// For a group with data-dependent extents: where their numbers go, memref<?xi64>.
  mlir::Value counts() { return outputs.back(); }
  /// Memory of the workspace that holds nothing yet. Every call gives other bytes.
  mlir::Value workspace(mlir::MemRefType type);
  /// Bytes that workspace() has given out.
  int64_t workspaceBytes = 0;
  /// The memref as 1-D over all its elements.
  mlir::Value flat(mlir::Value memref);
  /// The memref with all dims but the last `kept` as one.
  mlir::Value merged(mlir::Value memref, int64_t kept);
  mlir::Value dim(mlir::Value memref, int64_t i);
  /// Extent `i` of a group input or yielded tensor.
  mlir::Value dimOf(mlir::Value tensor, int64_t i) { return dim(memref(tensor), i); }
  mlir::SmallVector<mlir::Value> dimsOf(mlir::Value tensor);

  // Elements, in the compute type of the tensor's element type (see ElementTypes.h).
  mlir::Value load(mlir::Value tensor, mlir::ValueRange indices);
  void store(mlir::Value value, mlir::Value tensor, mlir::ValueRange indices);
  /// Loads a scalar integer element as an index.
  mlir::Value loadIndex(mlir::Value tensor, mlir::ValueRange indices);
  /// The element of a constant in the group's region that has one element, or null.
  mlir::Value scalarConstant(mlir::Value tensor);

  // Index arithmetic.
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  /// Division of values that are not negative.
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value rem(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y) { return add(x, index(y)); }
  mlir::Value mul(mlir::Value x, int64_t y) { return mul(x, index(y)); }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value negated(mlir::Value condition);
  /// 0 <= i < extent.
  mlir::Value inRange(mlir::Value i, mlir::Value extent);
  mlir::Value toIndex(mlir::Value integer);
  mlir::Value fromIndex(mlir::Value index, mlir::Type integer);

  // Control.
  using Body = llvm::function_ref<void(mlir::Value iv)>;
  using CarriedBody = llvm::function_ref<mlir::SmallVector<mlir::Value>(mlir::Value iv, mlir::ValueRange carried)>;
  void loop(mlir::Value from, mlir::Value to, mlir::Value step, Body body);
  void loop(mlir::Value to, Body body) { loop(index(0), to, index(1), body); }
  /// A loop that stays one of scalars: LLVM would make vectors of its iterations and gather what they read, element by
  /// element and on both sides of every condition.
  void scalarLoop(mlir::Value to, Body body);
  mlir::SmallVector<mlir::Value> loop(mlir::Value from, mlir::Value to, mlir::Value step, mlir::ValueRange initial,
                                      CarriedBody body);
  /// Nested loops over all points of a box.
  void loops(mlir::ValueRange extents, llvm::function_ref<void(mlir::ValueRange ivs)> body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> body);
  mlir::Value ifElse(mlir::Value condition, llvm::function_ref<mlir::Value()> yes, llvm::function_ref<mlir::Value()> no);
  /// Visits [from, to), fewer than `most` of them, by parts of 1, 2, 4 ..: any number is a sum of powers of two.
  void byPowersOfTwo(int64_t most, mlir::Value from, mlir::Value to,
                     llvm::function_ref<void(int64_t size, mlir::Value at)> body);
  /// The loop over this call's items: the point of the iteration space that each one is.
  void forEachItem(llvm::function_ref<void(mlir::ValueRange point)> body);
  /// Calls the body's code for ranges of [0, count), of at least `grain` each, that may run at the same time: for kernels
  /// whose items are few, or one, but whose steps are wide. Where other threads are busy with items of their own the
  /// caller does it alone. Memory of workspace() is the caller's, and the same in all ranges.
  void parallel(mlir::Value count, int64_t grain, llvm::function_ref<void(mlir::Value begin, mlir::Value end)> body);
  /// Calls the body's code as a function of its own, for registers' sake: what it needs of them, constants
  /// above all, does not compete with the code around it.
  void apart(llvm::function_ref<void()> body);
  /// The items as they come, for lowerings that walk ranges themselves.
  mlir::Value begin, end;
  /// Reports a run-time error; %0 and %1 in the message stand for a and b. The kernel goes on and must stay in bounds.
  void fail(llvm::StringRef message, mlir::Value a = {}, mlir::Value bValue = {});

  /// Lanes of a vector of 32-bit elements.
  int64_t lanes() const { return target.lanes(); }

private:
  /// A function beside the kernel whose first argument points to what `body` uses of the kernel, and that
  /// pointer.
  std::pair<mlir::func::FuncOp, mlir::Value> outline(mlir::FunctionType type,
                                                     llvm::function_ref<void(mlir::Block &entry)> body);

  mlir::func::FuncOp kernel;
  mlir::AffineMap items;
  /// How many functions outline() has written.
  unsigned innerFunctions = 0;
  mlir::Value run, workspaceArgument;
  llvm::SmallVector<mlir::Value> outputs;
  llvm::DenseMap<mlir::Value, mlir::Value> memrefs;
};

} // namespace nnc

#endif
