//===- PanelFactor.h - the right factor of nn.packed_matmul -------------------===//
//
// What the panels hold, as vectors of the sums' type: reals of any width, bytes, pairs of bf16, or words of eight
// numbers of four bits. Where scales change from block to block of the steps, a tile of few rows scales the sums of
// each block; one of many, whose registers are all taken, the numbers.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_PANELFACTOR_H
#define NNC_PASSES_LOWER_PANELFACTOR_H

#include "passes/cpu/MicroKernel.h"

namespace nnc {

/// Steps that a row of panels has, where known: products of one number of a column, or of two that lie in pairs.
std::optional<int64_t> knownSteps(nn::PackedMatMulOp op);

class PanelFactor {
public:
  /// `vector` is the type of the kernel's sums.
  PanelFactor(KernelBuilder &k, nn::PackedMatMulOp op, mlir::VectorType vector);

  /// The number of steps.
  mlir::Value depth;
  std::optional<int64_t> steps;
  /// Elements of a column in a step: one, or two as a lane of i32.
  int64_t perStep;

  bool isScaled() const { return static_cast<bool>(scales); }
  bool isF32() const;
  /// Whether the panels are words of several numbers.
  bool isWords() const { return hasWords; }

  /// The vector of step `step` from column `column` of the panels from `panel` on, without scales.
  mlir::Value at(mlir::Value panel, int64_t column, mlir::Value step) const;

  /// Asks for a line of panel `panel`, the one that holds its number `offset`.
  void prefetch(mlir::Value panel, mlir::Value offset, unsigned locality) const;
  /// The numbers of a panel in so many steps.
  mlir::Value numbersOf(mlir::Value steps) const;
  /// Bits of a number.
  int64_t bits() const;

  /// Stores the steps [from, to) of the panels [panel, +width), scaled, as [width, steps, 16] of the sums' type.
  void widen(mlir::Value into, mlir::Value panel, int64_t width, mlir::Value from, mlir::Value to) const;

  /// Adds the products of the steps [from, to) of scaled panels from `panel` on, as MicroKernel::emit does.
  llvm::SmallVector<mlir::Value> scaledSum(const MicroKernel &kernel, mlir::Value from, mlir::Value to,
                                           mlir::ValueRange accumulators, mlir::Value panel, MicroKernel::Operand left,
                                           MicroKernel::Work atStep) const;

private:
  mlir::Value load(mlir::Type element, int64_t lanes, mlir::Value panel, int64_t column, mlir::Value step) const;
  /// The number `i` of each word, as a real.
  mlir::Value numberOf(mlir::Value words, int64_t i) const;
  /// What multiplies the numbers of a block and what is then added to them, which may be nothing.
  struct Scale {
    mlir::Value factor, offset;
  };
  Scale scaleOf(mlir::Value panel, int64_t column, mlir::Value block) const;
  mlir::Value scaled(mlir::Value numbers, const Scale &scale) const;
  llvm::SmallVector<mlir::Value> sumOfWords(const MicroKernel &tile, mlir::Value from, mlir::Value to,
                                            mlir::ValueRange accumulators, mlir::Value panel, MicroKernel::Operand left,
                                            llvm::ArrayRef<Scale> scaling) const;

  KernelBuilder &k;
  mlir::VectorType vector;
  mlir::Type element, outElement;
  /// All panels one after another.
  mlir::Value panels, flat;
  /// [P,B,16], or with offsets [P,B,32]; and how many steps have the same.
  mlir::Value scales;
  int64_t scaledSteps = 0;
  bool hasWords, hasOffsets = false;
};

} // namespace nnc

#endif
