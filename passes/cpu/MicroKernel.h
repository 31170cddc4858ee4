//===- MicroKernel.h - the one inner loop of all contractions -----------------===//
//
// A register tile of rows x vectors accumulators goes once over the depth of the sum:
//
//     for k:  b[j] = right(j, k)                     `vectors` vector loads
//             a[i] = broadcast(left(i, k))           `rows` scalars
//             acc[i][j] += a[i] * b[j]               rows * vectors multiply-adds
//
// The accumulators are values carried by the loop, so that they live in registers from the first product to the
// epilogue. Where the operands come from (packed panels, rows of a matrix, a gathered panel of pixels) is the caller's
// business. XNNPACK calls this kernel gemm_6x16 on AVX2.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_MICROKERNEL_H
#define NNC_PASSES_CPU_MICROKERNEL_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

struct MicroKernel {
  /// What a step multiplies: elements of the accumulators' type; or bytes, four of each factor in a lane of
  /// i32, of which the left or the right factor's have a sign; or two bf16 of each factor in a lane of i32.
  enum class Factors { elements, signedLeftBytes, signedRightBytes, brainPairs };

  int64_t rows, vectors;
  /// The accumulators' type.
  mlir::VectorType type;
  /// Where the tile is too small to hide the latency of a multiply-add, every sum is formed in this many parts.
  int64_t parts = 1;
  /// Steps in a turn of the loop, of which what is left at the end goes one by one. More than one spares the additions
  /// and the jump, which count where a core gives half its instructions to another thread.
  int64_t unroll = 1;
  Factors factors = Factors::elements;
  /// The type of the last vector of every row where it is narrower than `type`: then that of its accumulators and of
  /// what the right operand gives.
  mlir::VectorType last = nullptr;

  mlir::VectorType typeOf(int64_t vector) const { return last && vector == vectors - 1 ? last : type; }

  /// An operand in the accumulators' element type: the scalar of row i, or the vector j, of step k.
  using Operand = llvm::function_ref<mlir::Value(int64_t index, mlir::Value step)>;

  /// Writes what else belongs into a step, such as prefetches: the step, its number in a turn of the loop, and how many
  /// there are.
  using Work = llvm::function_ref<void(mlir::Value step, int64_t number, int64_t steps)>;

  /// Adds the products of the steps [from, to) to `accumulators`, row by row, and returns the sums. `atStep` is called
  /// in front of each step.
  llvm::SmallVector<mlir::Value> emit(KernelBuilder &k, mlir::Value from, mlir::Value to,
                                      mlir::ValueRange accumulators, Operand left, Operand right,
                                      Work atStep = nullptr) const;

  /// Adds the products of one step.
  llvm::SmallVector<mlir::Value> step(KernelBuilder &k, mlir::Value at, mlir::ValueRange accumulators, Operand left,
                                      Operand right) const;

  llvm::SmallVector<mlir::Value> zeros(KernelBuilder &k) const;

  /// What `emit` does between its two ends, for callers that have work between turns: accumulators as `parts` sets of
  /// sums, one after the other, of which the first goes on with them; and such sets with the products of the steps
  /// [from, to) added, of whole turns.
  llvm::SmallVector<mlir::Value> inParts(KernelBuilder &k, mlir::ValueRange accumulators) const;
  llvm::SmallVector<mlir::Value> turns(KernelBuilder &k, mlir::Value from, mlir::Value to, mlir::ValueRange partial,
                                       Operand left, Operand right, Work atStep = nullptr) const;

  /// The sums of `parts` sets of accumulators that lie one after the other.
  llvm::SmallVector<mlir::Value> joined(KernelBuilder &k, mlir::ValueRange partial) const;

private:
  llvm::SmallVector<mlir::Value> byteStep(KernelBuilder &k, mlir::Value at, mlir::ValueRange accumulators,
                                          Operand left, Operand right) const;
  llvm::SmallVector<mlir::Value> pairStep(KernelBuilder &k, mlir::Value at, mlir::ValueRange accumulators,
                                          Operand left, Operand right) const;
};

/// The first lanes of a vector, as many as `type` has.
mlir::Value lowerLanes(KernelBuilder &k, mlir::Value vector, mlir::VectorType type);
/// `vector` with its first lanes replaced by those of a shorter one.
mlir::Value withLowerLanes(KernelBuilder &k, mlir::Value vector, mlir::Value lower);

/// Panels that come from memory are asked for while the tiles before them run, so that memory is busy all the time: each
/// tile of a group of panels asks for its share of the next group.
class NextPanels {
public:
  NextPanels() = default;
  /// `count` panels of `depth` cache lines each, one behind the other in the flat memref `panels`, the first at `start`.
  /// Asked for by the tile `number` of `tiles`.
  NextPanels(KernelBuilder &k, mlir::Value panels, mlir::Value start, int64_t count, int64_t depth, int64_t tiles,
             mlir::Value number);

  /// Called in front of every step of the tile, the `inTurn`-th of a turn of `turn`: a few of them ask.
  void prefetch(KernelBuilder &k, mlir::Value step, int64_t inTurn, int64_t turn) const;

private:
  /// Where the tile's share starts; the parts of the group, the elements of each, and how many of them a step gets on.
  mlir::Value panels, share;
  int64_t parts = 0, partElements = 0, perStep = 1;
};

/// Whether the elementwise ops after the root of a group are few enough to be repeated for every register of a tile.
bool hasShortEpilogue(nn::GroupOp group, int64_t most = 4);
/// The same of the elementwise ops of any block.
bool isShortBody(mlir::Block &body, int64_t most = 4);

/// How many they may be after products of bytes, whose sums take so few steps that a detour through memory
/// shows, and which are hardly ever wanted without scales and rounding.
inline constexpr int64_t kByteEpilogue = 12;

} // namespace nnc

#endif
