#include "passes/lower/Lanes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Runs.h"

using namespace mlir;

namespace nnc {

FlatTensor::FlatTensor(KernelBuilder &k, Value memref, Type element) : k(k), memref(k.flat(memref)), element(element) {}

Value FlatTensor::load(Type shape, Value offset) const {
  Value stored;
  if (isa<VectorType>(shape))
    stored = vector::LoadOp::create(k.b, k.loc, cast<VectorType>(withShapeOf(shape, storageType(element))), memref, offset);
  else
    stored = memref::LoadOp::create(k.b, k.loc, memref, offset);
  return toCompute(k.b, k.loc, stored, element);
}

void FlatTensor::store(Value value, Value offset) const {
  Value stored = toStorage(k.b, k.loc, value, element);
  if (isa<VectorType>(stored.getType()))
    vector::StoreOp::create(k.b, k.loc, stored, memref, offset);
  else
    memref::StoreOp::create(k.b, k.loc, stored, memref, offset);
}

Value spread(KernelBuilder &k, Value value, Type shape) {
  if (!isa<VectorType>(shape) || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(k.b, k.loc, cast<VectorType>(withShapeOf(shape, value.getType())), value);
}

Accumulator accumulator(Join join, Type type, bool isUnsigned) {
  using Kind = vector::CombiningKind;
  if (auto floats = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floats.getFloatSemantics();
    auto make = [&](Kind kind, APFloat neutral) { return Accumulator{kind, FloatAttr::get(type, neutral)}; };
    switch (join) {
    case Join::add: return make(Kind::ADD, APFloat::getZero(semantics));
    case Join::mul: return make(Kind::MUL, APFloat::getOne(semantics));
    case Join::max: return make(Kind::MAXIMUMF, APFloat::getInf(semantics, /*Negative=*/true));
    case Join::min: return make(Kind::MINIMUMF, APFloat::getInf(semantics));
    case Join::maxOfNumbers: {
      Accumulator result = make(Kind::MAXNUMF, APFloat::getInf(semantics, /*Negative=*/true));
      result.passesOverNan = true;
      return result;
    }
    }
  }
  unsigned bits = type.getIntOrFloatBitWidth();
  auto make = [&](Kind kind, APInt neutral) { return Accumulator{kind, IntegerAttr::get(type, neutral)}; };
  switch (join) {
  case Join::add: return make(Kind::ADD, APInt(bits, 0));
  case Join::mul: return make(Kind::MUL, APInt(bits, 1));
  case Join::max:
  case Join::maxOfNumbers:
    return isUnsigned ? make(Kind::MAXUI, APInt(bits, 0)) : make(Kind::MAXSI, APInt::getSignedMinValue(bits));
  case Join::min:
    return isUnsigned ? make(Kind::MINUI, APInt::getMaxValue(bits)) : make(Kind::MINSI, APInt::getSignedMaxValue(bits));
  }
  llvm_unreachable("unknown join");
}

//===----------------------------------------------------------------------===//
// The layout
//===----------------------------------------------------------------------===//

Lanes::Lanes(KernelBuilder &k, Value tensor, ArrayRef<int64_t> axes, Type type, int64_t unroll)
    : k(k), type(type), unroll(unroll) {
  auto tensorType = cast<RankedTensorType>(tensor.getType());
  width = std::max<int64_t>(1, k.target.vectorBits / std::max(8u, type.getIntOrFloatBitWidth()));
  laneLength = k.index(1);
  // From the innermost dim out; a dim joins the run inside it when it is on the same side.
  Value stride = k.index(1);
  std::optional<bool> side;
  for (int64_t i = tensorType.getRank(); i-- > 0;) {
    if (tensorType.getDimSize(i) == 1)
      continue;
    bool isWithin = llvm::is_contained(axes, i);
    Value extent = k.dimOf(tensor, i);
    SmallVector<Run> &runs = isWithin ? within : kept;
    if (!side)
      contiguous = isWithin;
    if (side == isWithin)
      runs.back().extent = k.mul(extent, runs.back().extent);
    else
      runs.push_back({extent, stride});
    side = isWithin;
    stride = k.mul(stride, extent);
    if (isWithin) {
      laneLength = k.mul(laneLength, extent);
      lengthGuess *= tensorType.isDynamicDim(i) ? 64 : std::max<int64_t>(1, tensorType.getDimSize(i));
    }
  }
  std::reverse(kept.begin(), kept.end());
  std::reverse(within.begin(), within.end());
}

int64_t Lanes::grain(int64_t work) const {
  // Less would be done sooner than handed over; but what other threads have written, they had better read as well.
  constexpr int64_t leastWork = 8192, cacheLine = 64;
  // Neighbouring lanes lie side by side in a vector and in a cache line.
  int64_t least = contiguous ? 1 : cacheLine * 8 / std::max(8u, type.getIntOrFloatBitWidth());
  return std::max(least, leastWork / (lengthGuess * work));
}

SmallVector<Type> Lanes::shapes(Value extent, bool isWhole) const {
  std::optional<int64_t> known = getConstantIntValue(extent);
  SmallVector<Type> shapes;
  // Of a known extent that is walked from its start, widths that divide nothing are left out.
  auto add = [&](int64_t lanes) {
    if (isWhole && known && *known < lanes)
      return;
    if (isWhole && known)
      known = *known % lanes;
    shapes.push_back(VectorType::get({lanes}, type));
  };
  if (unroll > 1)
    add(width * unroll);
  if (width > 1)
    add(width);
  // A rest of single elements would take as long as that many vectors.
  constexpr int64_t least = 4;
  if (known) {
    for (int64_t rest = *known % width, lanes = width / 2; lanes >= least; lanes /= 2)
      if (rest & lanes)
        add(lanes);
  } else if (width > least) {
    add(least);
  }
  shapes.push_back(type);
  return shapes;
}

/// The elements of a value of this shape.
static int64_t lanesOf(Type shape) {
  auto vector = dyn_cast<VectorType>(shape);
  return vector ? vector.getNumElements() : 1;
}

void Lanes::forEach(llvm::function_ref<void(Lane &)> body) {
  auto baseOf = [&](Value item, ArrayRef<Run> runs) {
    Value base = k.index(0);
    for (size_t i = runs.size(); i-- > 0;) {
      Value at = i ? k.rem(item, runs[i].extent) : item;
      if (i)
        item = k.div(item, runs[i].extent);
      base = k.add(base, k.mul(at, runs[i].stride));
    }
    return base;
  };
  if (contiguous) {
    k.loop(k.begin, k.end, k.index(1), [&](Value item) {
      Lane lane(*this, type, item, baseOf(item, kept));
      body(lane);
    });
    return;
  }
  // The innermost kept run is contiguous: this call's items are whole rows of it but for the first and the last.
  Value inner = kept.empty() ? k.index(1) : kept.back().extent;
  ArrayRef<Run> outer = kept.empty() ? ArrayRef<Run>() : ArrayRef<Run>(kept).drop_back();
  auto columns = [&](Value from, Value to, Value rowItem, Value rowBase) {
    for (Type shape : shapes(inner, /*isWhole=*/false)) {
      Value step = k.index(lanesOf(shape));
      Value stop = k.add(from, k.mul(k.div(k.sub(to, from), step), step));
      k.loop(from, stop, step, [&](Value column) {
        Lane lane(*this, shape, k.add(rowItem, column), k.add(rowBase, column));
        body(lane);
      });
      from = stop;
    }
  };
  if (outer.empty())
    return columns(k.begin, k.end, k.index(0), k.index(0));
  forEachRow(k, k.begin, k.end, inner, [&](Value row, Value from, Value to) {
    columns(from, to, k.mul(row, inner), baseOf(row, outer));
  });
}

//===----------------------------------------------------------------------===//
// Walks
//===----------------------------------------------------------------------===//

SmallVector<Value>
Lanes::overRuns(size_t count, Value base, ValueRange initial,
                llvm::function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
  std::function<SmallVector<Value>(size_t, Value, Value, ValueRange)> nest =
      [&](size_t depth, Value offset, Value position, ValueRange state) -> SmallVector<Value> {
    if (depth == count)
      return body(offset, position, state);
    const Run &run = within[depth];
    return k.loop(k.index(0), run.extent, k.index(1), state, [&](Value i, ValueRange carried) {
      return nest(depth + 1, k.add(offset, k.mul(i, run.stride)), k.add(k.mul(position, run.extent), i), carried);
    });
  };
  return nest(0, base, k.index(0), initial);
}

static bool isExtremeOfFloats(vector::CombiningKind kind) {
  using Kind = vector::CombiningKind;
  return kind == Kind::MAXIMUMF || kind == Kind::MINIMUMF || kind == Kind::MAXNUMF;
}

Value Lanes::join(const Accumulator &accumulator, Value x, Value y) {
  if (accumulator.passesOverNan) {
    Value isGreater = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OGT, y, x);
    return arith::SelectOp::create(k.b, k.loc, isGreater, y, x);
  }
  // Which of two zeros is the greater is nobody's business, and asking takes as many instructions as the maximum.
  arith::FastMathFlagsAttr flags;
  if (isExtremeOfFloats(accumulator.kind))
    flags = arith::FastMathFlagsAttr::get(k.b.getContext(), arith::FastMathFlags::nsz);
  return vector::makeArithReduction(k.b, k.loc, accumulator.kind, x, y, flags);
}

Value Lanes::neutral(const Accumulator &accumulator, Type shape) {
  return spread(k, arith::ConstantOp::create(k.b, k.loc, accumulator.neutral), shape);
}

/// Folds the innermost run, which is contiguous, into scalars: wide vectors, narrow ones, then single elements.
SmallVector<Value> Lanes::foldRun(ArrayRef<Accumulator> accumulators, Value base, Value position, ValueRange initial,
                                  Lane::Contributions body) {
  Value length = within.back().extent, first = k.mul(position, length), from = k.index(0);
  auto joinAll = [&](ValueRange x, ValueRange y) {
    SmallVector<Value> joined;
    for (size_t i = 0; i < accumulators.size(); ++i)
      joined.push_back(join(accumulators[i], x[i], y[i]));
    return joined;
  };
  SmallVector<Value> state;
  for (Type shape : shapes(length, /*isWhole=*/true)) {
    auto vectorType = dyn_cast<VectorType>(shape);
    Value step = k.index(lanesOf(shape));
    Value stop = k.add(from, k.mul(k.div(k.sub(length, from), step), step));
    if (state.empty()) {
      for (const Accumulator &accumulator : accumulators)
        state.push_back(neutral(accumulator, shape));
    } else {
      // The wide accumulators become one narrow one: halves are joined until they fit. LLVM does that too for a
      // reduction to a scalar, but with every question about NaN and zeros in each step of a maximum.
      for (auto [value, accumulator] : llvm::zip(state, accumulators)) {
        if (!vectorType && !isExtremeOfFloats(accumulator.kind)) {
          value = vector::ReductionOp::create(k.b, k.loc, accumulator.kind, value, arith::FastMathFlags::reassoc);
          continue;
        }
        for (int64_t n = lanesOf(value.getType()); n > lanesOf(shape); n /= 2) {
          SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, n / 2));
          SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(n / 2, n));
          value = join(accumulator, vector::ShuffleOp::create(k.b, k.loc, value, value, low),
                       vector::ShuffleOp::create(k.b, k.loc, value, value, high));
        }
        if (!vectorType)
          value = vector::ExtractOp::create(k.b, k.loc, value, 0);
      }
    }
    if (!vectorType)
      state = joinAll(initial, state);
    state = k.loop(from, stop, step, state, [&](Value i, ValueRange carried) {
      return joinAll(carried, body(Spot{shape, k.add(base, i), k.add(first, i), /*alongLane=*/true}));
    });
    from = stop;
  }
  return state;
}

SmallVector<Value> Lane::fold(ArrayRef<Accumulator> accumulators, Contributions body) {
  SmallVector<Value> initial;
  for (const Accumulator &accumulator : accumulators)
    initial.push_back(lanes.neutral(accumulator, shape));
  if (lanes.contiguous)
    return lanes.overRuns(lanes.within.size() - 1, base, initial, [&](Value offset, Value position, ValueRange carried) {
      return lanes.foldRun(accumulators, offset, position, carried, body);
    });
  return lanes.overRuns(lanes.within.size(), base, initial, [&](Value offset, Value position, ValueRange carried) {
    SmallVector<Value> values = body(Spot{shape, offset, position, /*alongLane=*/false}), next;
    for (size_t i = 0; i < accumulators.size(); ++i)
      next.push_back(lanes.join(accumulators[i], carried[i], values[i]));
    return next;
  });
}

void Lane::map(llvm::function_ref<void(Spot)> body) {
  KernelBuilder &k = lanes.k;
  if (!lanes.contiguous) {
    lanes.overRuns(lanes.within.size(), base, {}, [&](Value offset, Value position, ValueRange) {
      body(Spot{shape, offset, position, /*alongLane=*/false});
      return SmallVector<Value>();
    });
    return;
  }
  lanes.overRuns(lanes.within.size() - 1, base, {}, [&](Value offset, Value position, ValueRange) {
    Value length = lanes.within.back().extent, first = k.mul(position, length), from = k.index(0);
    for (Type spotShape : lanes.shapes(length, /*isWhole=*/true)) {
      Value step = k.index(lanesOf(spotShape));
      Value stop = k.add(from, k.mul(k.div(k.sub(length, from), step), step));
      k.loop(from, stop, step, [&](Value i) {
        body(Spot{spotShape, k.add(offset, i), k.add(first, i), /*alongLane=*/true});
      });
      from = stop;
    }
    return SmallVector<Value>();
  });
}

SmallVector<Value> Lane::scan(bool backwards, ValueRange initial,
                              llvm::function_ref<SmallVector<Value>(Spot, ValueRange)> body) {
  KernelBuilder &k = lanes.k;
  assert(lanes.within.size() <= 1 && "a scan has one axis");
  if (lanes.within.empty())
    return body(Spot{shape, base, k.index(0), /*alongLane=*/false}, initial);
  Value extent = lanes.within.front().extent, stride = lanes.within.front().stride;
  return k.loop(k.index(0), extent, k.index(1), initial, [&](Value i, ValueRange carried) {
    Value at = backwards ? k.sub(k.sub(extent, k.index(1)), i) : i;
    return body(Spot{shape, k.add(base, k.mul(at, stride)), at, /*alongLane=*/false}, carried);
  });
}

} // namespace nnc
