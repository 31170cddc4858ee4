// Rotary position embedding (Su et al. 2021) turns the pairs (x[i], x[i + h]) of each head of 2h elements by angles of
// their position. Written out, halves of x are copied, negated and concatenated for it. Seen as [..,2,h] it is
//
//     x * cos + exchanged(x) * [-1, 1] * sin
//
// of which `exchanged` has the two rows of a head in reverse: a slice with a step of -1, which the elementwise kernel
// reads where it lies (Inlets.h). A transpose in front that brings heads before positions goes behind, where attention
// takes it in.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"
#include "passes/graph/Inlets.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMROTATIONS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The op of this kind that makes `value`, if nothing else reads it.
nn::BinaryOp onlyUsed(Value value, nn::BinaryKind kind) {
  auto op = value.getDefiningOp<nn::BinaryOp>();
  return op && op.getKind() == kind && value.hasOneUse() ? op : nn::BinaryOp();
}

/// Whether a box has less of its source along the last dim alone.
bool narrowsLast(const Box &box, Value value) {
  int64_t last = box.starts.size() - 1;
  return llvm::all_of(llvm::seq<int64_t>(0, last), [&](int64_t i) { return !isNarrowed(box, value, i); });
}

/// The tensor of which `value` is the first or second half of the last dim, else null.
Value halved(Value value, bool second) {
  auto box = directBoxOf(value);
  if (!box)
    return {};
  int64_t last = box->starts.size() - 1, all = typeOf(box->source).getDimSize(last),
          half = typeOf(value).getDimSize(last);
  bool isHalf = !ShapedType::isDynamic(all) && all == 2 * half && box->starts[last] == (second ? half : 0);
  return isHalf && narrowsLast(*box, value) ? box->source : Value();
}

struct Rotation {
  Value x, cosines, sines;
  /// Whether the angles are those of one half, for both.
  bool areOfHalf = false;

  int64_t half() const { return typeOf(x).getShape().back() / 2; }

  /// Whether the angles are the same for all elements of a head, or have one for each.
  bool fits() const {
    RankedTensorType type = typeOf(x);
    int64_t each = areOfHalf ? half() : 2 * half();
    return type.getRank() >= 2 && half() > 0 && isa<FloatType>(type.getElementType()) &&
           llvm::all_of(ArrayRef<Value>{cosines, sines}, [&](Value angles) {
             RankedTensorType own = typeOf(angles);
             return own.getRank() >= 1 && own.getRank() <= type.getRank() &&
                    llvm::is_contained({int64_t(1), each}, own.getShape().back());
           });
  }
};

/// An operand of a binary op that nothing else reads, of its result's type and of this kind.
nn::BinaryOp operandOf(nn::BinaryOp op, Value operand, nn::BinaryKind kind) {
  auto found = onlyUsed(operand, kind);
  return found && found.getType() == op.getType() ? found : nn::BinaryOp();
}

/// x * cos + concat(-second(x), first(x)) * sin.
std::optional<Rotation> wholeRotation(nn::BinaryOp op) {
  if (op.getKind() != nn::BinaryKind::add)
    return std::nullopt;
  auto a = operandOf(op, op.getA(), nn::BinaryKind::mul), b = operandOf(op, op.getB(), nn::BinaryKind::mul);
  if (!a || !b)
    return std::nullopt;
  for (auto [real, turned] : {std::pair(a, b), std::pair(b, a)})
    for (auto [exchanged, sines] : {std::pair(turned.getA(), turned.getB()), std::pair(turned.getB(), turned.getA())}) {
      auto concat = exchanged.getDefiningOp<nn::ConcatOp>();
      if (!concat || !concat->hasOneUse() || concat.getInputs().size() != 2 ||
          static_cast<int64_t>(concat.getAxis()) != typeOf(exchanged).getRank() - 1)
        continue;
      auto negated = concat.getInputs()[0].getDefiningOp<nn::UnaryOp>();
      Value x = halved(concat.getInputs()[1], /*second=*/false);
      if (!negated || negated.getKind() != nn::UnaryKind::neg || !x || halved(negated.getX(), /*second=*/true) != x)
        continue;
      if (real.getA() == x || real.getB() == x)
        return Rotation{x, real.getA() == x ? real.getB() : real.getA(), sines};
    }
  return std::nullopt;
}

/// The factors of a product of a half of some tensor.
struct HalfProduct {
  Value x, angles;
  static std::optional<HalfProduct> find(nn::BinaryOp op, Value operand, bool second) {
    auto product = operandOf(op, operand, nn::BinaryKind::mul);
    if (!product)
      return std::nullopt;
    for (auto [half, angles] : {std::pair(product.getA(), product.getB()), std::pair(product.getB(), product.getA())})
      if (Value x = halved(half, second))
        return HalfProduct{x, angles};
    return std::nullopt;
  }
};

/// concat(first(x) * cos - second(x) * sin, second(x) * cos + first(x) * sin).
std::optional<Rotation> rotationByHalves(nn::ConcatOp op) {
  if (op.getInputs().size() != 2 || static_cast<int64_t>(op.getAxis()) != typeOf(op.getY()).getRank() - 1)
    return std::nullopt;
  auto real = onlyUsed(op.getInputs()[0], nn::BinaryKind::sub),
       imaginary = onlyUsed(op.getInputs()[1], nn::BinaryKind::add);
  if (!real || !imaginary)
    return std::nullopt;
  auto cosFirst = HalfProduct::find(real, real.getA(), /*second=*/false),
       sinSecond = HalfProduct::find(real, real.getB(), /*second=*/true);
  for (auto [a, b] : {std::pair(imaginary.getA(), imaginary.getB()), std::pair(imaginary.getB(), imaginary.getA())}) {
    auto cosSecond = HalfProduct::find(imaginary, a, /*second=*/true),
         sinFirst = HalfProduct::find(imaginary, b, /*second=*/false);
    if (cosFirst && sinSecond && cosSecond && sinFirst && cosFirst->x == sinSecond->x && cosFirst->x == cosSecond->x &&
        cosFirst->x == sinFirst->x && cosFirst->angles == cosSecond->angles && sinFirst->angles == sinSecond->angles)
      return Rotation{cosFirst->x, cosFirst->angles, sinFirst->angles, /*areOfHalf=*/true};
  }
  return std::nullopt;
}

class Rotator {
public:
  Rotator(OpBuilder &b, Location loc, const Rotation &rotation, RankedTensorType result)
      : b(b), loc(loc), rotation(rotation), result(result) {}

  Value rotate() {
    nn::TransposeOp transpose = sinkingTranspose();
    Value x = transpose ? transpose.getX() : rotation.x, cosines = rotation.cosines, sines = rotation.sines;
    SmallVector<int64_t> shape(result.getShape());
    if (transpose) {
      cosines = withHeadsBehind(cosines);
      sines = withHeadsBehind(sines);
      std::swap(shape[1], shape[2]);
    }
    auto [rows, exchanged] = rowsOfHeads(x);
    int64_t angleRows = rotation.areOfHalf ? 1 : 2;
    RankedTensorType type = rowsOf(result.clone(shape), 2);
    Value real = multiply(type, rows, inRows(cosines, angleRows)),
          turned = multiply(typeOf(rows), exchanged, signs()),
          imaginary = multiply(type, turned, inRows(sines, angleRows));
    Value sum = nn::BinaryOp::create(b, loc, type, nn::BinaryKind::add, real, imaginary);
    SmallVector<int64_t> kept = copying(shape);
    kept.back() = shape.back();
    Value y = nn::ReshapeOp::create(b, loc, result.clone(shape), sum, createIndexList(b, loc, kept));
    return transpose ? nn::TransposeOp::create(b, loc, result, y, transpose.getPerm()).getResult() : y;
  }

private:
  /// What brings heads before positions, if the angles are the same for all heads.
  nn::TransposeOp sinkingTranspose() const {
    auto transpose = rotation.x.getDefiningOp<nn::TransposeOp>();
    if (!transpose || !llvm::equal(transpose.getPerm(), ArrayRef<int64_t>{0, 2, 1, 3}) || result.getRank() != 4)
      return {};
    bool haveNoHeads = llvm::all_of(ArrayRef<Value>{rotation.cosines, rotation.sines}, [](Value angles) {
      RankedTensorType type = typeOf(angles);
      return type.getRank() < 3 || type.getDimSize(type.getRank() - 3) == 1;
    });
    return haveNoHeads ? transpose : nn::TransposeOp();
  }

  /// [..,1,S,D] or [S,D] as [..,S,1,D].
  Value withHeadsBehind(Value angles) {
    RankedTensorType type = typeOf(angles);
    int64_t rank = type.getRank();
    SmallVector<int64_t> shape(type.getShape());
    if (rank < 2)
      return angles;
    if (rank > 2) {
      shape.erase(shape.end() - 3);
      angles = nn::SqueezeOp::create(b, loc, type.clone(shape), angles, ArrayRef<int64_t>{rank - 3});
    }
    int64_t heads = shape.size() - 1;
    shape.insert(shape.end() - 1, 1);
    return nn::UnsqueezeOp::create(b, loc, type.clone(shape), angles, ArrayRef<int64_t>{heads});
  }

  /// What nn.reshape takes for a shape whose dims that are not known stay where they are.
  static SmallVector<int64_t> copying(ArrayRef<int64_t> shape) {
    return llvm::map_to_vector(shape, [](int64_t extent) { return ShapedType::isDynamic(extent) ? 0 : extent; });
  }

  static RankedTensorType rowsOf(RankedTensorType type, int64_t rows) {
    SmallVector<int64_t> shape(type.getShape().drop_back());
    shape.append({rows, type.getShape().back() / rows});
    return type.clone(shape);
  }

  /// The last dim as so many rows; one element stays one.
  Value inRows(Value x, int64_t rows) {
    RankedTensorType type = rowsOf(typeOf(x), typeOf(x).getShape().back() == 1 ? 1 : rows);
    return nn::ReshapeOp::create(b, loc, type, x, createIndexList(b, loc, copying(type.getShape())));
  }

  /// The two rows of each head, and the same in reverse. Where heads are a part of longer ones that has whole rows of
  /// them, as where only so much of a head turns, they lie there.
  std::pair<Value, Value> rowsOfHeads(Value x) {
    int64_t half = rotation.half(), last = typeOf(x).getRank() - 1, first = 0;
    if (auto box = directBoxOf(x)) {
      int64_t all = typeOf(box->source).getDimSize(last);
      if (narrowsLast(*box, x) && !ShapedType::isDynamic(all) && all % half == 0 && box->starts[last] % half == 0) {
        x = box->source;
        first = box->starts[last] / half;
      }
    }
    int64_t count = typeOf(x).getShape().back() / half;
    Value rows = inRows(x, count);
    auto pair = [&](int64_t from, int64_t step) -> Value {
      SmallVector<int64_t> shape(typeOf(rows).getShape());
      shape[last] = 2;
      // Ends count from behind, where one may be in front of the first row.
      return nn::SliceOp::create(b, loc, typeOf(rows).clone(shape), rows, createIndexList(b, loc, {from}),
                                 createIndexList(b, loc, {from + 2 * step - (step < 0 ? count : 0)}),
                                 ArrayRef<int64_t>{last}, ArrayRef<int64_t>{step});
    };
    return {count == 2 ? rows : pair(first, 1), pair(first + 1, -1)};
  }

  Value signs() {
    auto type = RankedTensorType::get({2, 1}, result.getElementType());
    return createConstant(b, loc, constantFromDoubles(type, {-1, 1}));
  }

  Value multiply(RankedTensorType type, Value x, Value y) {
    return nn::BinaryOp::create(b, loc, type, nn::BinaryKind::mul, x, y);
  }

  OpBuilder &b;
  Location loc;
  const Rotation &rotation;
  RankedTensorType result;
};

struct FormRotations : impl::FormRotationsBase<FormRotations> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<nn::BinaryOp, nn::ConcatOp>(op))
        ops.push_back(op);
    });
    bool formed = false;
    for (Operation *op : ops) {
      auto sum = dyn_cast<nn::BinaryOp>(op);
      auto rotation = sum ? wholeRotation(sum) : rotationByHalves(cast<nn::ConcatOp>(op));
      auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
      if (!rotation || !result || result.getRank() != typeOf(rotation->x).getRank() || !rotation->fits() ||
          result.getShape().back() != 2 * rotation->half())
        continue;
      OpBuilder b(op);
      op->getResult(0).replaceAllUsesWith(Rotator(b, op->getLoc(), *rotation, result).rotate());
      formed = true;
    }
    if (formed)
      eraseDeadOps(getOperation(), [](Operation *op) {
        return isa<nn::UnaryOp, nn::BinaryOp, nn::ConcatOp, nn::SliceOp, nn::SplitOp, nn::TransposeOp>(op);
      });
  }
};

} // namespace
} // namespace nnc
