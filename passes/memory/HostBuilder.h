//===- HostBuilder.h - the function that runs a model's groups in order -------===//
//
// The host code of a model is one function over the runtime's `nncrt_run`: it computes dynamic extents, finds every
// tensor's bytes (in the caller's tensors, the weights, the arena, or memory taken at run time), and launches kernels.
// A failed allocation or kernel does not stop it: the runtime then skips launches and copies, hands out a page of zeros,
// and the function returns the status at its end.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_HOSTBUILDER_H
#define NNC_PASSES_MEMORY_HOSTBUILDER_H

#include "passes/memory/GroupTable.h"
#include "passes/memory/HostRule.h"
#include "passes/memory/MemoryPlan.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace nnc {

/// Where a tensor is at run time.
struct HostTensor {
  mlir::Value pointer; // !llvm.ptr
  nn::Dims dims;
};

/// Offsets of constants in the weights section.
using WeightOffsets = llvm::DenseMap<mlir::Operation *, int64_t>;

class HostBuilder {
public:
  HostBuilder(mlir::ModuleOp module, mlir::func::FuncOp entry, const MemoryPlan &plan, const WeightOffsets &weights,
              const GroupTable &groups);

  /// Writes the body of `entry` for the model's function.
  llvm::LogicalResult build(mlir::func::FuncOp model);

  /// For a group result that is a model output: the output's number and the returned value (a view of the result, or
  /// itself).
  llvm::DenseMap<mlir::Value, std::pair<int64_t, mlir::Value>> directOutputs;

private:
  llvm::LogicalResult emitBlock(mlir::Block &block);
  /// Gives back the memory of tensors that `op` was the last to read.
  void freeAfter(mlir::Operation *op);
  llvm::LogicalResult emitOp(mlir::Operation *op);
  llvm::LogicalResult emitGroup(nn::GroupOp group);
  llvm::LogicalResult emitView(mlir::Operation *op);
  llvm::LogicalResult emitShapeOf(nn::ShapeOfOp op);
  llvm::LogicalResult emitReturn(mlir::Operation *op);
  // HostControl.cpp
  llvm::LogicalResult emitIf(nn::IfOp op);
  llvm::LogicalResult emitLoop(nn::LoopOp op);
  llvm::LogicalResult emitScan(nn::ScanOp op);
  struct Repetition;
  llvm::LogicalResult emitRepetition(Repetition &repetition);
  /// The bytes of a tensor in memory of their own.
  mlir::Value copyOf(const HostTensor &t, mlir::Type element);

  HostTensor &tensor(mlir::Value value);
  /// The result extents of `op` by its shape rule; extents that the kernel decides are null.
  mlir::FailureOr<llvm::SmallVector<nn::Dims, 1>> resultDims(mlir::Operation *op,
                                                             llvm::function_ref<nn::Dims(mlir::Value)> dimsOf);
  /// Reports an extent that data made negative; 0 then.
  mlir::Value checkExtent(mlir::Value extent);
  /// Memory for a result: an output, its place in the arena, or taken at run time.
  mlir::Value place(mlir::Value result, llvm::ArrayRef<nn::Dim> dims);
  mlir::Value allocate(llvm::ArrayRef<nn::Dim> dims, int64_t elementBytes);
  mlir::Value outputPointer(int64_t index, llvm::ArrayRef<nn::Dim> dims);
  /// Tells the profile what the types leave open; `dimsOf` knows the extents inside the group.
  void reportCost(nn::GroupOp group, llvm::function_ref<nn::Dims(mlir::Value)> dimsOf);
  void launch(nn::GroupOp group, llvm::ArrayRef<HostTensor> memrefs, mlir::Value items);

  mlir::Value index(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value toI64(nn::Dim d);
  mlir::Value toI64(mlir::Value indexValue);
  mlir::Value toIndex(mlir::Value integer);
  mlir::Value valueOf(nn::Dim d);
  mlir::Value product(llvm::ArrayRef<nn::Dim> dims);
  mlir::Value offset(mlir::Value pointer, mlir::Value bytes);
  mlir::Value offset(mlir::Value pointer, int64_t bytes);
  mlir::Value field(int64_t byteOffset, mlir::Type type);
  mlir::Value loadElement(mlir::Value pointer, mlir::Type element, int64_t i);
  void storeSlot(mlir::Value array, int64_t slot, mlir::Value value);
  mlir::Value storeDims(llvm::ArrayRef<nn::Dim> dims);
  void check(mlir::Value condition, llvm::StringRef message, mlir::Value a, mlir::Value bValue);
  mlir::Value call(llvm::StringRef function, mlir::ValueRange arguments, mlir::Type result = {});
  mlir::Value stringConstant(llvm::StringRef text);
  void copyBytes(mlir::Value to, mlir::Value from, mlir::Value bytes);

  mlir::ModuleOp module;
  mlir::func::FuncOp entry;
  const MemoryPlan &plan;
  const WeightOffsets &weights;
  const GroupTable &groups;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::Type pointerType;
  mlir::Value run, arena, weightsBase;
  mlir::Value argumentSlots, dimSlots; // stack arrays, reused by every launch
  llvm::DenseMap<mlir::Value, HostTensor> tensors;
};

} // namespace nnc

#endif
