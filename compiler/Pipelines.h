//===- Pipelines.h - the table of contents of the compiler --------------------===//
#ifndef NNC_COMPILER_PIPELINES_H
#define NNC_COMPILER_PIPELINES_H

#include "mlir/Pass/PassManager.h"

namespace nnc {

struct GraphOptions {
  unsigned optLevel = 2;
  /// Allow Winograd's algorithm for convolutions.
  bool winograd = true;
  /// Allow Strassen's algorithm for matrix products.
  bool strassen = true;
};

struct LoopsOptions {
  /// Width of the vector registers of the CPU level that code is made for.
  unsigned vectorBits = 256;
  /// How many products of bytes one of its instructions sums (KernelTarget).
  unsigned byteSums = 1;
  /// Whether one of them sums two products of bf16.
  bool brainPairs = false;
  /// Whether two multiply-adds of 512 bits start in every cycle (KernelTarget).
  bool twoMultipliers = false;
  /// Whether a unit multiplies matrices of bytes (KernelTarget).
  bool matrixUnit = false;
  /// Whether another level lends the kernels that are the same without twoMultipliers and matrixUnit.
  bool borrows = false;
  /// Whether it multiplies and adds with one rounding.
  bool fuses = true;
};

/// `graph`: shapes inferred, constants folded, the graph simplified and partitioned into groups.
void buildGraphPipeline(mlir::OpPassManager &pm, const GraphOptions &options);

/// `loops`: one kernel per distinct group.
void buildLoopsPipeline(mlir::OpPassManager &pm, const LoopsOptions &options);

/// `memory`: every tensor has its place; @main is the entry function.
void buildMemoryPipeline(mlir::OpPassManager &pm);

/// `llvm`: the LLVM dialect.
void buildLlvmPipeline(mlir::OpPassManager &pm, const LoopsOptions &options);

} // namespace nnc

#endif
