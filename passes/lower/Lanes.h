//===- Lanes.h - a tensor as lanes of elements that belong together -----------===//
//
// Reductions, softmax, normalizations and running sums all do something to the elements that differ only in their
// indices along some axes. Such a set is a lane here: a row of a matrix for the last axis, a column for the first.
//
// Lanes hides how the lanes lie in memory. Where the innermost dim belongs to the lane, one lane is done at a time, with
// vectors along it and a horizontal step at the end of a fold. Otherwise neighbouring lanes lie next to each other and a
// vector holds one element of each. A lowering writes its arithmetic once, for values of any shape:
//
//     Lanes lanes(k, op.getX(), op.getAxes(), type);
//     lanes.forEach([&](Lane &lane) {
//       Value sum = lane.fold({vector::CombiningKind::ADD, zero}, [&](Spot at) { return at.load(x); });
//       storeAt(..., lane.item, sum);
//     });
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_LANES_H
#define NNC_PASSES_LOWER_LANES_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// A memref seen as 1-D, with the element type that its tensor has.
struct FlatTensor {
  FlatTensor(KernelBuilder &k, mlir::Value memref, mlir::Type element);
  /// The elements from `offset` on, in the compute type: one, or as many as the vector type `shape` has.
  mlir::Value load(mlir::Type shape, mlir::Value offset) const;
  void store(mlir::Value value, mlir::Value offset) const;

  KernelBuilder &k;
  mlir::Value memref;
  mlir::Type element;
};

/// `value`, or a vector of copies of it where `shape` is a vector type and the value is not.
mlir::Value spread(KernelBuilder &k, mlir::Value value, mlir::Type shape);

/// Some elements of a lane, or one element of each of several lanes.
struct Spot {
  /// The vector type, or a scalar one, whose shape the values here have.
  mlir::Type shape;
  /// Where the first element is in the flat tensor.
  mlir::Value offset;
  /// Its index in the lane, as if the lane were 1-D.
  mlir::Value position;
  /// Whether the elements follow each other in one lane (or belong to neighbouring lanes).
  bool alongLane;
};

/// How a fold joins values, and the value that changes nothing.
struct Accumulator {
  mlir::vector::CombiningKind kind;
  mlir::TypedAttr neutral;
  /// A maximum of floats that passes over NaN, by one comparison: for those who meet NaN in their next step anyway.
  bool passesOverNan = false;
};

/// The combining kind of a sum, product, maximum or minimum of a compute type. Extremes of floats are NaN when any
/// element is.
enum class Join { add, mul, max, min, maxOfNumbers };
Accumulator accumulator(Join join, mlir::Type computeType, bool isUnsigned);

/// One lane, or a vector of neighbours.
class Lane {
public:
  /// The shape of values that exist once per lane.
  mlir::Type shape;
  /// The number of this lane (of the first one), counted over the kept dims in order.
  mlir::Value item;
  /// Where the lane starts in the flat tensor.
  mlir::Value base;

  using Contributions = llvm::function_ref<llvm::SmallVector<mlir::Value>(Spot)>;
  /// Joins what `body` gives for all spots; one result per accumulator, in `shape`.
  llvm::SmallVector<mlir::Value> fold(llvm::ArrayRef<Accumulator> accumulators, Contributions body);
  mlir::Value fold(Accumulator accumulator, llvm::function_ref<mlir::Value(Spot)> body) {
    return fold(llvm::ArrayRef(accumulator), [&](Spot at) { return llvm::SmallVector<mlir::Value>{body(at)}; })[0];
  }
  /// Visits all spots, in any order.
  void map(llvm::function_ref<void(Spot)> body);
  /// Visits the elements from the first to the last, or backwards, one of each lane at a time.
  llvm::SmallVector<mlir::Value> scan(bool backwards, mlir::ValueRange initial,
                                      llvm::function_ref<llvm::SmallVector<mlir::Value>(Spot, mlir::ValueRange)> body);

private:
  friend class Lanes;
  Lane(class Lanes &lanes, mlir::Type shape, mlir::Value item, mlir::Value base)
      : shape(shape), item(item), base(base), lanes(lanes) {}
  class Lanes &lanes;
};

class Lanes {
public:
  /// The lanes of `tensor` along `axes`. `type` is the compute type that decides how many elements a vector has; loops
  /// over long runs take `unroll` vectors at once.
  Lanes(KernelBuilder &k, mlir::Value tensor, llvm::ArrayRef<int64_t> axes, mlir::Type type, int64_t unroll);

  /// Calls `body` for this call's items, which number the lanes.
  void forEach(llvm::function_ref<void(Lane &)> body);
  /// How many elements a lane has.
  mlir::Value length() { return laneLength; }
  /// The grain of a kernel that does about `work` elements' work per element.
  int64_t grain(int64_t work) const;

private:
  friend class Lane;
  struct Run {
    mlir::Value extent, stride;
  };
  llvm::SmallVector<mlir::Value> foldRun(llvm::ArrayRef<Accumulator> accumulators, mlir::Value base,
                                         mlir::Value position, mlir::ValueRange initial, Lane::Contributions body);
  mlir::Value join(const Accumulator &accumulator, mlir::Value x, mlir::Value y);
  mlir::Value neutral(const Accumulator &accumulator, mlir::Type shape);
  /// Scalar loops over lane runs [0, count): calls body with the offset and position of each point.
  llvm::SmallVector<mlir::Value>
  overRuns(size_t count, mlir::Value base, mlir::ValueRange initial,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::Value, mlir::ValueRange)> body);
  /// Vector types of the widths that loops over neighbours try, widest first, then the scalar. `isWhole`: all of
  /// `extent` is walked, else some part of it.
  llvm::SmallVector<mlir::Type> shapes(mlir::Value extent, bool isWhole) const;

  KernelBuilder &k;
  mlir::Type type;
  int64_t width, unroll;
  /// The dims outside the lanes and inside them, neighbours merged, outermost first.
  llvm::SmallVector<Run> kept, within;
  bool contiguous = false;
  mlir::Value laneLength;
  int64_t lengthGuess = 1;
};

} // namespace nnc

#endif
