// What is known of the elements of small tensors: the arithmetic that exporters write around shapes. Integers are
// affine expressions over the same symbols as extents, floats are numbers.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "dialects/nn/SmallTensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace nnc::nn {

namespace {

std::optional<int64_t> known(AffineExpr expr) {
  if (auto constant = dyn_cast_if_present<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

/// Rounds to what the element type holds.
double rounded(double number, Type element) { return element.isF32() ? static_cast<float>(number) : number; }

/// The row-major strides of a shape.
SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// The point of a shape with this row-major number.
SmallVector<int64_t> pointOf(int64_t number, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> point(shape.size());
  for (size_t i = shape.size(); i-- > 0; number /= shape[i])
    point[i] = number % shape[i];
  return point;
}

int64_t numberOf(ArrayRef<int64_t> point, ArrayRef<int64_t> shape) {
  int64_t number = 0;
  for (auto [index, stride] : llvm::zip(point, stridesOf(shape)))
    number += index * stride;
  return number;
}

/// Where the element at `point` of a broadcast result comes from in an operand of this shape.
int64_t broadcastNumber(ArrayRef<int64_t> point, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> own(point.take_back(shape.size()));
  for (auto [index, extent] : llvm::zip(own, shape))
    if (extent == 1)
      index = 0;
  return numberOf(own, shape);
}

} // namespace

/// Infers the contents of one op's results from those of its operands.
class ContentsInference {
public:
  ContentsInference(ShapeAnalysis &analysis, Operation *op) : analysis(analysis), op(op), context(op->getContext()) {}

  void run() {
    if (op->getNumResults() == 0 || op->getNumRegions() > 0 || isa<ConstantOp>(op))
      return;
    for (Value result : op->getResults())
      if (auto type = smallTensor(result)) {
        if (type.getNumElements() == 0)
          continue;
        Sources sources;
        if (findSources(result, type, sources))
          move(result, sources);
        else if (result == op->getResult(0))
          compute(result, type);
      }
  }

private:
  /// For each result element, the operand and the row-major number of the element in it.
  using Sources = SmallVector<std::pair<unsigned, int64_t>>;
  using Exprs = SmallVector<AffineExpr>;

  static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

  /// The contents of an operand, copied: lists move.
  std::optional<Exprs> exprs(unsigned operand) {
    if (auto *list = analysis.contents(op->getOperand(operand)))
      return *list;
    return std::nullopt;
  }

  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, context); }

  /// Ops that only move elements.
  bool findSources(Value result, RankedTensorType type, Sources &sources) {
    int64_t count = type.getNumElements();
    auto each = [&](auto source) {
      for (int64_t i = 0; i < count; ++i)
        sources.push_back(source(pointOf(i, type.getShape()), i));
      return true;
    };
    using Source = std::pair<unsigned, int64_t>;
    for (Value operand : op->getOperands())
      if (!smallTensor(operand))
        return false;
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(
            [&](Operation *) { return each([](ArrayRef<int64_t>, int64_t i) { return Source(0, i); }); })
        .Case([&](TransposeOp transpose) {
          return each([&](ArrayRef<int64_t> point, int64_t) {
            SmallVector<int64_t> from(point.size());
            for (auto [i, axis] : llvm::enumerate(transpose.getPerm()))
              from[axis] = point[i];
            return Source(0, numberOf(from, shapeOf(transpose.getX())));
          });
        })
        .Case([&](BroadcastToOp broadcast) {
          return each([&](ArrayRef<int64_t> point, int64_t) {
            return Source(0, broadcastNumber(point, shapeOf(broadcast.getX())));
          });
        })
        .Case([&](TileOp tile) {
          return each([&](ArrayRef<int64_t> point, int64_t) {
            SmallVector<int64_t> from(point);
            for (auto [index, extent] : llvm::zip(from, shapeOf(tile.getX())))
              index %= extent;
            return Source(0, numberOf(from, shapeOf(tile.getX())));
          });
        })
        .Case([&](FillOp) { return each([](ArrayRef<int64_t>, int64_t) { return Source(1, 0); }); })
        .Case([&](ConcatOp concat) {
          return each([&](ArrayRef<int64_t> point, int64_t) {
            SmallVector<int64_t> from(point);
            unsigned operand = 0;
            int64_t &index = from[concat.getAxis()];
            while (index >= shapeOf(concat.getInputs()[operand])[concat.getAxis()])
              index -= shapeOf(concat.getInputs()[operand++])[concat.getAxis()];
            return Source(operand, numberOf(from, shapeOf(concat.getInputs()[operand])));
          });
        })
        .Case([&](SplitOp split) {
          int64_t offset = 0;
          for (Value piece : split.getPieces().take_front(cast<OpResult>(result).getResultNumber()))
            offset += shapeOf(piece)[split.getAxis()];
          return each([&](ArrayRef<int64_t> point, int64_t) {
            SmallVector<int64_t> from(point);
            from[split.getAxis()] += offset;
            return Source(0, numberOf(from, shapeOf(split.getX())));
          });
        })
        .Case([&](SliceOp slice) {
          auto starts = analysis.constantContents(slice.getStarts());
          if (!starts)
            return false;
          SmallVector<int64_t> first(type.getRank(), 0), steps(type.getRank(), 1);
          for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
            int64_t extent = shapeOf(slice.getX())[axis], step = slice.getSteps()[i], start = (*starts)[i];
            start = start < 0 ? start + extent : start;
            first[axis] = std::clamp<int64_t>(start, step < 0 ? -1 : 0, step < 0 ? extent - 1 : extent);
            steps[axis] = step;
          }
          return each([&](ArrayRef<int64_t> point, int64_t) {
            SmallVector<int64_t> from(point);
            for (auto [index, start, step] : llvm::zip(from, first, steps))
              index = start + index * step;
            return Source(0, numberOf(from, shapeOf(slice.getX())));
          });
        })
        .Case([&](GatherOp gather) {
          auto indices = analysis.constantContents(gather.getIndices());
          ArrayRef<int64_t> from = shapeOf(gather.getX()), picks = shapeOf(gather.getIndices());
          int64_t axis = gather.getAxis(), extent = from[axis];
          if (!indices || llvm::any_of(*indices, [&](int64_t i) { return i < -extent || i >= extent; }))
            return false;
          return each([&](ArrayRef<int64_t> point, int64_t) {
            int64_t index = (*indices)[numberOf(point.slice(axis, picks.size()), picks)];
            SmallVector<int64_t> at(point.take_front(axis));
            at.push_back(index < 0 ? index + extent : index);
            at.append(point.begin() + axis + picks.size(), point.end());
            return Source(0, numberOf(at, from));
          });
        })
        .Case([&](SelectOp select) {
          auto condition = analysis.constantContents(select.getCond());
          if (!condition)
            return false;
          return each([&](ArrayRef<int64_t> point, int64_t) {
            unsigned chosen = (*condition)[broadcastNumber(point, shapeOf(select.getCond()))] ? 1 : 2;
            return Source(chosen, broadcastNumber(point, shapeOf(select->getOperand(chosen))));
          });
        })
        .Default(false);
  }

  void move(Value result, const Sources &sources) {
    auto gather = [&](auto contentsOf, auto &store) {
      llvm::SmallDenseMap<unsigned, std::decay_t<decltype(*contentsOf(op->getOperand(0)))>> lists;
      std::decay_t<decltype(*contentsOf(op->getOperand(0)))> out;
      for (auto [operand, i] : sources) {
        auto found = lists.find(operand);
        if (found == lists.end()) {
          auto list = contentsOf(op->getOperand(operand));
          if (!list)
            return;
          found = lists.try_emplace(operand, *list).first;
        }
        out.push_back(found->second[i]);
      }
      store[result] = out;
    };
    gather([&](Value value) { return analysis.contents(value); }, analysis.elements);
    gather([&](Value value) { return analysis.realContents(value); }, analysis.reals);
  }

  void compute(Value result, RankedTensorType type) {
    Type element = type.getElementType();
    if (isReal(element))
      if (auto numbers = computeReals(type); numbers && static_cast<int64_t>(numbers->size()) == type.getNumElements())
        analysis.reals[result] = *numbers;
    auto list = computeExprs(type);
    if (!list || static_cast<int64_t>(list->size()) != type.getNumElements() || llvm::is_contained(*list, AffineExpr()))
      return;
    analysis.elements[result] = *list;
  }

  std::optional<Exprs> computeExprs(RankedTensorType type) {
    return llvm::TypeSwitch<Operation *, std::optional<Exprs>>(op)
        .Case([&](ShapeOfOp shape) {
          auto all = analysis.dims(shape.getX());
          return Exprs(all.begin() + shape.getBegin(), all.begin() + shape.getEnd());
        })
        .Case([&](CastOp cast) { return castExprs(cast, type.getElementType()); })
        .Case([&](BinaryOp binary) { return pointwise(type, [&](auto at) { return binaryExpr(binary, at(0), at(1), type); }); })
        .Case([&](CompareOp compare) {
          return pointwise(type, [&](auto at) { return compareExpr(compare.getKind(), at(0), at(1)); });
        })
        .Case([&](SelectOp) {
          return pointwise(type, [&](auto at) {
            auto condition = known(at(0));
            AffineExpr a = at(1), b = at(2);
            return condition ? (*condition ? a : b) : a == b ? a : orFresh(nullptr, type);
          });
        })
        .Case([&](UnaryOp unary) { return unaryExprs(unary, type); })
        .Case([&](ReduceOp reduce) -> std::optional<Exprs> {
          auto x = exprs(0);
          bool product = reduce.getKind() == ReduceKind::prod;
          if (!x || isReal(type.getElementType()) || type.getNumElements() != 1 || (!product && reduce.getKind() != ReduceKind::sum))
            return std::nullopt;
          AffineExpr value = number(product ? 1 : 0);
          for (AffineExpr expr : *x)
            value = product ? value * expr : value + expr;
          return Exprs{value};
        })
        .Case([&](CumulativeOp cumulative) -> std::optional<Exprs> {
          auto x = exprs(0);
          if (!x || isReal(type.getElementType()) || type.getRank() != 1 || cumulative.getKind() != CumulativeKind::sum || cumulative.getReverse())
            return std::nullopt;
          AffineExpr sum = number(0);
          for (AffineExpr &expr : *x) {
            AffineExpr before = sum;
            sum = sum + expr;
            expr = cumulative.getExclusive() ? before : sum;
          }
          return x;
        })
        .Case([&](RangeOp) -> std::optional<Exprs> {
          auto start = exprs(0), delta = exprs(2);
          if (!start || !delta)
            return std::nullopt;
          Exprs out;
          for (int64_t i = 0; i < type.getNumElements(); ++i)
            out.push_back((*start)[0] + (*delta)[0] * i);
          return out;
        })
        .Default(std::optional<Exprs>());
  }

  /// `function(at)` for each element, where at(i) is the element of operand i that it meets.
  template <typename Function>
  std::optional<Exprs> pointwise(RankedTensorType type, Function function) {
    SmallVector<Exprs> operands;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      auto list = smallTensor(op->getOperand(i)) ? exprs(i) : std::nullopt;
      if (!list)
        return std::nullopt;
      operands.push_back(*list);
    }
    Exprs out;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      SmallVector<int64_t> point = pointOf(i, type.getShape());
      out.push_back(function([&](unsigned operand) {
        return operands[operand][broadcastNumber(point, shapeOf(op->getOperand(operand)))];
      }));
    }
    return out;
  }

  /// An integer that nothing is known of is a symbol; a float need not even be a whole number.
  AffineExpr orFresh(AffineExpr expr, RankedTensorType type) {
    return expr || isa<FloatType>(type.getElementType()) ? expr : analysis.freshSymbol();
  }

  AffineExpr binaryExpr(BinaryOp binary, AffineExpr x, AffineExpr y, RankedTensorType type) {
    bool isFloat = isa<FloatType>(type.getElementType());
    auto p = known(x), q = known(y);
    AffineExpr value;
    switch (binary.getKind()) {
    case BinaryKind::add: value = x + y; break;
    case BinaryKind::sub: value = x - y; break;
    case BinaryKind::mul: value = x * y; break;
    case BinaryKind::div:
      if (p && q && *q != 0 && (!isFloat || *p % *q == 0) && !(*p == INT64_MIN && *q == -1))
        value = number(*p / *q);
      else if (q && *q > 0 && !isFloat && analysis.isNonNegative(x))
        value = x.floorDiv(*q);
      else if (!isFloat)
        value = analysis.opaque("div", {x, y});
      break;
    case BinaryKind::mod:
      if (q && *q > 0)
        value = p ? number(((*p % *q) + *q) % *q) : x % *q;
      break;
    case BinaryKind::min:
    case BinaryKind::max: {
      bool larger = binary.getKind() == BinaryKind::max;
      if (p && q)
        value = number(larger ? std::max(*p, *q) : std::min(*p, *q));
      else if (x == y)
        value = x;
      else if (analysis.isNonNegative(x) && q && *q <= 0)
        value = larger ? x : y;
      else if (analysis.isNonNegative(y) && p && *p <= 0)
        value = larger ? y : x;
      else
        value = analysis.opaque(larger ? "max" : "min", {x, y});
      break;
    }
    default: break;
    }
    return orFresh(value, type);
  }

  AffineExpr compareExpr(CompareKind kind, AffineExpr x, AffineExpr y) {
    auto p = known(x), q = known(y);
    if (x == y && !p)
      p = q = 0;
    // An extent is never the -1 that stands for "the rest", nor below 0.
    if (!p && q && *q < 0 && analysis.isNonNegative(x))
      p = 0;
    if (!q && p && *p < 0 && analysis.isNonNegative(y))
      q = 0;
    if (!p || !q)
      return analysis.freshSymbol();
    bool truth[] = {*p == *q, *p != *q, *p < *q, *p <= *q, *p > *q, *p >= *q};
    return number(truth[static_cast<unsigned>(kind)]);
  }

  std::optional<Exprs> unaryExprs(UnaryOp unary, RankedTensorType type) {
    auto x = exprs(0);
    UnaryKind kind = unary.getKind();
    bool rounds = kind == UnaryKind::floor || kind == UnaryKind::ceil || kind == UnaryKind::round;
    if (!x) {
      // floor(n / 2.0), written in floats.
      auto division = unary.getX().getDefiningOp<BinaryOp>();
      if (rounds && division && division.getKind() == BinaryKind::div && kind != UnaryKind::round)
        return roundedDivision(division, kind == UnaryKind::ceil);
      return std::nullopt;
    }
    for (AffineExpr &expr : *x) {
      auto value = known(expr);
      switch (kind) {
      case UnaryKind::floor:
      case UnaryKind::ceil:
      case UnaryKind::round: break;
      case UnaryKind::neg: expr = -expr; break;
      case UnaryKind::logical_not: expr = value ? number(!*value) : analysis.freshSymbol(); break;
      case UnaryKind::abs:
      case UnaryKind::relu:
        if (value)
          expr = number(kind == UnaryKind::abs ? std::abs(*value) : std::max<int64_t>(*value, 0));
        else if (!analysis.isNonNegative(expr))
          expr = orFresh(nullptr, type);
        break;
      default: return std::nullopt;
      }
    }
    return x;
  }

  std::optional<Exprs> roundedDivision(BinaryOp division, bool up) {
    auto *a = smallTensor(division.getA()) ? analysis.contents(division.getA()) : nullptr;
    auto divisor = smallTensor(division.getB()) ? analysis.constantContents(division.getB()) : std::nullopt;
    if (!a || !divisor || divisor->size() != 1 || (*divisor)[0] <= 0)
      return std::nullopt;
    Exprs out = *a;
    for (AffineExpr &expr : out)
      expr = up ? expr.ceilDiv((*divisor)[0]) : expr.floorDiv((*divisor)[0]);
    return out;
  }

  std::optional<Exprs> castExprs(CastOp cast, Type to) {
    if (!isa<IntegerType, FloatType>(to) || !smallTensor(cast.getX()))
      return std::nullopt;
    std::optional<Exprs> x = exprs(0);
    if (!x) {
      auto numbers = analysis.realContents(cast.getX());
      if (!numbers || !isa<IntegerType>(to))
        return std::nullopt;
      x.emplace();
      for (double value : *numbers) {
        if (!(std::abs(value) < kMaxWhole))
          return std::nullopt;
        x->push_back(number(to.isInteger(1) ? value != 0 : static_cast<int64_t>(value)));
      }
      return x;
    }
    // A conversion between numbers keeps an extent's value; one to a narrow type may not.
    for (AffineExpr &expr : *x) {
      if (to.isInteger(1)) {
        auto value = known(expr);
        expr = value ? number(*value != 0) : analysis.freshSymbol();
      } else if (to.getIntOrFloatBitWidth() < 32) {
        auto value = known(expr);
        if (!value || *value < 0 || *value > 127)
          return std::nullopt;
      }
    }
    return x;
  }

  std::optional<SmallVector<double>> computeReals(RankedTensorType type) {
    SmallVector<SmallVector<double>> operands;
    for (Value operand : op->getOperands()) {
      auto list = smallTensor(operand) ? analysis.realContents(operand) : std::nullopt;
      if (!list)
        return std::nullopt;
      operands.push_back(*list);
    }
    SmallVector<double> out;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      SmallVector<int64_t> point = pointOf(i, type.getShape());
      auto at = [&](unsigned operand) {
        return operands[operand][broadcastNumber(point, shapeOf(op->getOperand(operand)))];
      };
      std::optional<double> value;
      if (isa<CastOp>(op))
        value = at(0);
      else if (auto unary = dyn_cast<UnaryOp>(op))
        value = evaluate(unary.getKind(), at(0));
      else if (auto binary = dyn_cast<BinaryOp>(op))
        value = evaluate(binary.getKind(), at(0), at(1));
      if (!value)
        return std::nullopt;
      out.push_back(rounded(*value, type.getElementType()));
    }
    return out;
  }

  static std::optional<double> evaluate(UnaryKind kind, double x) {
    switch (kind) {
    case UnaryKind::neg: return -x;
    case UnaryKind::abs: return std::abs(x);
    case UnaryKind::floor: return std::floor(x);
    case UnaryKind::ceil: return std::ceil(x);
    case UnaryKind::round: return std::nearbyint(x);
    default: return std::nullopt;
    }
  }

  static std::optional<double> evaluate(BinaryKind kind, double x, double y) {
    if (std::isnan(x) || std::isnan(y))
      return std::nullopt;
    switch (kind) {
    case BinaryKind::add: return x + y;
    case BinaryKind::sub: return x - y;
    case BinaryKind::mul: return x * y;
    case BinaryKind::div: return x / y;
    case BinaryKind::min: return std::min(x, y);
    case BinaryKind::max: return std::max(x, y);
    default: return std::nullopt;
    }
  }

  ShapeAnalysis &analysis;
  Operation *op;
  MLIRContext *context;
};

void ShapeAnalysis::inferContents(Operation *op) { ContentsInference(*this, op).run(); }

} // namespace nnc::nn
