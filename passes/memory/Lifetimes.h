//===- Lifetimes.h - from when to when a tensor's bytes are read --------------===//
//
// Time is the position of ops in the order of the code; those of a region lie within the first and the last
// position of the op around it. Views name the bytes of their operand, and a branch's yield those of the
// nn.if's result.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_LIFETIMES_H
#define NNC_PASSES_MEMORY_LIFETIMES_H

#include "dialects/nn/NNDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc {

class Lifetimes {
public:
  explicit Lifetimes(mlir::func::FuncOp function) { number(function.getBody()); }

  int64_t position(mlir::Operation *op) const { return first.lookup(op); }

  /// The position of the last read of the bytes that `value` names, which were written in `home`. `escapes`
  /// is set where they leave that block.
  int64_t lastRead(mlir::Value value, mlir::Block *home, bool &escapes) const;

  /// The last op of `home` that reads the bytes, itself or in a region.
  mlir::Operation *lastReader(mlir::Value value, mlir::Block *home) const;

private:
  void number(mlir::Region &region);
  int64_t liftOutOfLoops(mlir::Operation *op, mlir::Block *home) const;

  llvm::DenseMap<mlir::Operation *, int64_t> first, last;
  int64_t next = 0;
};

/// The value whose bytes these are: what a chain of views starts from.
mlir::Value viewedValue(mlir::Value value);

} // namespace nnc

#endif
