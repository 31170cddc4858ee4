//===- Runs.h - contiguous pieces of memory, copied and filled ----------------===//
//
// Ops that only move elements are written as loops over runs: pieces that lie contiguously in the result. Elements
// keep their storage type on the way, so one code serves all element types.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_RUNS_H
#define NNC_PASSES_LOWER_RUNS_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A place in a 1-D memref.
struct Place {
  mlir::Value memref, offset;
};

/// Lanes of the widest vector of a memref's elements, or 1 for elements that vectors cannot hold.
int64_t vectorLanes(KernelBuilder &k, mlir::Value memref);

/// Copies `count` elements. The two pieces do not overlap.
void copyRun(KernelBuilder &k, Place from, Place to, mlir::Value count);
/// The same from elements that lie `stride` apart (any sign).
void copyStridedRun(KernelBuilder &k, Place from, mlir::Value stride, Place to, mlir::Value count);
/// Stores `element`, of the storage type, `count` times.
void fillRun(KernelBuilder &k, mlir::Value element, Place to, mlir::Value count);

/// Numbers [from, to) that count through rows of `inner` each, row by row: `body` gets a row and what of it is meant.
void forEachRow(KernelBuilder &k, mlir::Value from, mlir::Value to, mlir::Value inner,
                llvm::function_ref<void(mlir::Value row, mlir::Value begin, mlir::Value end)> body);

/// One element in its storage type.
mlir::Value loadStored(KernelBuilder &k, Place from);
void storeStored(KernelBuilder &k, mlir::Value element, Place to);
/// An index kept as an element of i64.
mlir::Value loadNumber(KernelBuilder &k, Place from);
void storeNumber(KernelBuilder &k, mlir::Value number, Place to);
/// Zero of a memref's storage type.
mlir::Value zeroStored(KernelBuilder &k, mlir::Value memref);

/// The distances between neighbours along each dim of a tensor.
mlir::SmallVector<mlir::Value> stridesOf(KernelBuilder &k, mlir::Value tensor);
/// The sum of indices[i] * strides[i].
mlir::Value dotProduct(KernelBuilder &k, mlir::ValueRange indices, mlir::ValueRange strides);
mlir::Value constantBool(KernelBuilder &k, bool value);
mlir::Value productOf(KernelBuilder &k, mlir::ValueRange extents);

/// Elements that a thread moves at least where those who read the result are other threads than those who wrote it. As
/// long as it stays in the cores' own caches, every line that is written again must be taken from the other core first,
/// one at a time: on two Zen 4 cores 60 k elements take 7 us by one thread, and 30 to 80 by two.
inline constexpr int64_t kLeastMoved = 1 << 17;

/// Where runs start in a result whose dims from `contiguousFrom` on are contiguous in the source, too: later, where
/// the runs stay long enough, so that there are more of them to share among threads.
int64_t runStart(mlir::RankedTensorType result, int64_t contiguousFrom);
/// The grain for items of so many elements, given by the dims from `from` on; dynamic dims count as 64.
int64_t grainOfRuns(mlir::RankedTensorType result, int64_t from);
/// The number of elements of the dims [from, to), where dynamic dims count as 64.
int64_t estimatedSize(mlir::RankedTensorType type, int64_t from, int64_t to);

inline mlir::RankedTensorType rankedType(mlir::Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType());
}

} // namespace nnc

#endif
