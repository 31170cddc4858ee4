//===- InputProjection.h - a recurrent layer's products with its input ---------===//
//
// Of one sequence, within the kernel of nn.packed_recurrent. Steps of time are taken in chunks (ProjectionPlan::steps):
// all products with W of a chunk are formed together, so that they read W once a chunk. They do not wait for the state.
// An interleaved plan spreads the products of the next chunk over the steps of the current one: in each step a block's
// loop over R, which waits for the second-level cache, also has the sums of one gate over a part of the inputs.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_INPUTPROJECTION_H
#define NNC_PASSES_LOWER_INPUTPROJECTION_H

#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"

#include <functional>

namespace nnc {

/// Writes the products of one nn.packed_recurrent with input_panels into its kernel.
class InputProjection {
public:
  InputProjection(KernelBuilder &k, nn::PackedRecurrentOp op);

  /// Whether beside() is to form the products; then it is called for every block in every step.
  bool isInterleaved() const { return plan.isInterleaved; }

  /// Before the first step of a direction; `timeOf` is the time of a step.
  void start(mlir::Value direction, mlir::Value steps, std::function<mlir::Value(mlir::Value step)> timeOf);
  /// At the beginning of every step, before its blocks are shared among threads.
  void beginStep(mlir::Value step);
  /// Products and bias of the step for a vector of a block's units.
  mlir::Value load(mlir::Value block, int64_t gate, int64_t vector);

  /// What MicroKernel::emit gives for `depth` steps of a tile of one row, a vector for each gate; beside them the sums
  /// of this step's part of the next chunk.
  mlir::SmallVector<mlir::Value> beside(const MicroKernel &kernel, int64_t depth, mlir::ValueRange initial,
                                        MicroKernel::Operand left, MicroKernel::Operand right,
                                        mlir::Value block);

private:
  /// How the steps of both sums are shared among the rounds of one loop: so many of each in a round.
  struct Rounds {
    int64_t count, stateSteps, inputSteps;
  };
  mlir::SmallVector<mlir::Value> interleaved(const MicroKernel &kernel, int64_t depth,
                                             mlir::ValueRange initial, MicroKernel::Operand left,
                                             MicroKernel::Operand right, mlir::Value block);
  Rounds roundsOf(int64_t parts, int64_t depth) const;
  void gather(mlir::Value chunk);
  void project(mlir::Value chunk);
  void project(mlir::Value block, mlir::Value gate, mlir::Value row, int64_t count);
  mlir::Value panelOf(mlir::Value block, mlir::Value gate);
  mlir::Value initial(mlir::Value panel, int64_t vector);
  mlir::Value inputAt(mlir::Value row, mlir::Value at);
  mlir::Value weightsAt(mlir::Value panel, mlir::Value at, int64_t vector);

  KernelBuilder &k;
  ProjectionPlan plan;
  int64_t gates, blocks, inputs, lanes;
  /// A gate's sums are formed in so many steps, `partInputs` inputs in each and what is left in the last.
  int64_t inputParts = 1, partInputs = 0;
  mlir::VectorType vector;
  mlir::Value x, panels, bias;
  /// In the workspace: projections of the current chunk and the next [2, blocks, steps, gates * 16], block by block,
  /// since whole steps lie at distances that meet in one set of a cache; and the inputs of the chunk that is being
  /// projected [steps, inputs], rows apart by more than those.
  mlir::Value buffer, rows;
  mlir::Value direction, length;
  std::function<mlir::Value(mlir::Value)> timeOf;
  /// Of the current step: its place in its chunk, the half of the buffer it reads and the one of the next chunk;
  /// whether there is a next chunk, and the gate and the part of the inputs whose sums it forms.
  mlir::Value place, now, next, hasNext, gate, part;
};

} // namespace nnc

#endif
