#include "dialects/nn/ShapeAnalysis.h"

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc::nn {

namespace {

/// Tensors with more elements are data, not shapes.
constexpr int64_t kMaxContents = 64;

bool isInteger(AffineExpr expr, int64_t value) {
  auto constant = dyn_cast<AffineConstantExpr>(expr);
  return constant && constant.getValue() == value;
}

/// Flattens a product into its factors; the constant ones are multiplied into `scale`.
void factors(AffineExpr expr, SmallVectorImpl<AffineExpr> &symbolic, int64_t &scale) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    scale *= constant.getValue();
  } else if (expr.getKind() == AffineExprKind::Mul) {
    auto product = cast<AffineBinaryOpExpr>(expr);
    factors(product.getLHS(), symbolic, scale);
    factors(product.getRHS(), symbolic, scale);
  } else {
    symbolic.push_back(expr);
  }
}

} // namespace

/// Evaluates shape rules over affine expressions.
class SymbolicRule : public ShapeRule {
public:
  SymbolicRule(ShapeAnalysis &analysis, Operation *op) : ShapeRule(op), analysis(analysis) {}

  Dim dim(Value operand, int64_t i) override { return analysis.dims(operand)[i]; }

  Dim element(Value operand, int64_t i) override {
    if (auto *contents = analysis.contents(operand))
      return (*contents)[i];
    return unknown();
  }

  Dim add(Dim a, Dim b) override { return a.expr + b.expr; }
  Dim sub(Dim a, Dim b) override { return a.expr - b.expr; }
  Dim mul(Dim a, Dim b) override {
    if (a.known() || b.known() || (a.expr.isSymbolicOrConstant() && b.expr.isSymbolicOrConstant()))
      return a.expr * b.expr;
    return unknown();
  }
  Dim floorDiv(Dim a, Dim b) override { return divide(a, b, /*up=*/false); }
  Dim ceilDiv(Dim a, Dim b) override { return divide(a, b, /*up=*/true); }
  Dim min(Dim a, Dim b) override { return extreme(a, b, /*larger=*/false); }
  Dim max(Dim a, Dim b) override { return extreme(a, b, /*larger=*/true); }

  Dim wrapNegative(Dim a, Dim extent) override {
    if (auto value = a.known())
      return *value < 0 ? add(a, extent) : a;
    return unknown();
  }

  Dim broadcast(Dim a, Dim b) override {
    if (isInteger(a.expr, 1))
      return b;
    if (isInteger(b.expr, 1) || a.expr == b.expr)
      return a;
    // A known extent other than 1 wins over an unknown one, which can only be 1 or the same.
    if (a.known())
      return a;
    if (b.known())
      return b;
    return unknown();
  }

  Dim quotient(ArrayRef<Dim> total, ArrayRef<Dim> divisors) override {
    SmallVector<AffineExpr> above, below;
    int64_t scaleAbove = 1, scaleBelow = 1;
    for (Dim d : total)
      factors(d.expr, above, scaleAbove);
    for (Dim d : divisors)
      factors(d.expr, below, scaleBelow);
    for (AffineExpr expr : below) {
      auto *found = llvm::find(above, expr);
      if (found == above.end())
        return unknown();
      above.erase(found);
    }
    if (scaleBelow == 0 || (above.empty() && scaleAbove % scaleBelow != 0))
      return unknown();
    AffineExpr result = getAffineConstantExpr(scaleAbove % scaleBelow == 0 ? scaleAbove / scaleBelow : scaleAbove,
                                              op->getContext());
    for (AffineExpr expr : above)
      result = result * expr;
    return scaleAbove % scaleBelow == 0 ? result : result.floorDiv(scaleBelow);
  }

  Dim scale(Dim a, double factor) override {
    if (auto value = a.known())
      return constant(static_cast<int64_t>(std::floor(static_cast<float>(*value) * static_cast<float>(factor))));
    if (factor == std::floor(factor) && factor < 1e6)
      return mul(a, constant(static_cast<int64_t>(factor)));
    return unknown();
  }

  Dim rangeLength(Value start, Value limit, Value delta) override {
    if (isa<FloatType>(getElementTypeOrSelf(start))) {
      DenseElementsAttr s, l, d;
      if (matchPattern(start, m_Constant(&s)) && matchPattern(limit, m_Constant(&l)) && matchPattern(delta, m_Constant(&d))) {
        auto number = [](DenseElementsAttr a) { return (*a.getValues<APFloat>().begin()).convertToDouble(); };
        double length = std::ceil((number(l) - number(s)) / number(d));
        return constant(length > 0 ? static_cast<int64_t>(length) : 0);
      }
      return unknown();
    }
    Dim s = element(start, 0), l = element(limit, 0), d = element(delta, 0);
    if (!d.known() || *d.known() == 0)
      return unknown();
    if (*d.known() == 1 && isInteger(s.expr, 0))
      return l;
    if (!s.known() || !l.known())
      return *d.known() == 1 ? sub(l, s) : unknown();
    return max(constant(0), *d.known() > 0 ? ceilDiv(sub(l, s), d) : ceilDiv(sub(s, l), constant(-*d.known())));
  }

  Dim unknown() override { return analysis.freshSymbol(); }
  bool same(Dim a, Dim b) const override { return a.expr == b.expr; }

private:
  Dim divide(Dim a, Dim b, bool up) {
    auto divisor = b.known();
    if (divisor && *divisor > 0)
      return up ? a.expr.ceilDiv(*divisor) : a.expr.floorDiv(*divisor);
    return unknown();
  }
  Dim extreme(Dim a, Dim b, bool larger) {
    if (a.expr == b.expr)
      return a;
    auto x = a.known(), y = b.known();
    if (x && y)
      return constant(larger ? std::max(*x, *y) : std::min(*x, *y));
    return unknown();
  }

  ShapeAnalysis &analysis;
};

void ShapeAnalysis::setSymbols(Value value, ArrayRef<StringRef> names) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<AffineExpr> exprs;
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(extent)) {
      exprs.push_back(getAffineConstantExpr(extent, context));
      continue;
    }
    StringRef name = i < names.size() ? names[i] : "";
    if (name.empty()) {
      exprs.push_back(freshSymbol());
      continue;
    }
    auto [entry, isNew] = named.try_emplace(name);
    if (isNew)
      entry->second = freshSymbol();
    exprs.push_back(entry->second);
  }
  extents[value] = exprs;
  elements.erase(value); // of an erased value, perhaps, that lay at the same address
}

ArrayRef<AffineExpr> ShapeAnalysis::dims(Value value) {
  auto found = extents.find(value);
  if (found != extents.end())
    return found->second;
  SmallVector<AffineExpr> exprs;
  for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
    exprs.push_back(ShapedType::isDynamic(extent) ? freshSymbol() : getAffineConstantExpr(extent, context));
  return extents[value] = exprs;
}

const SmallVector<AffineExpr> *ShapeAnalysis::contents(Value value) {
  auto found = elements.find(value);
  if (found != elements.end())
    return &found->second;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxContents)
    return nullptr;
  if (auto numbers = constantIntegers(value, kMaxContents)) {
    SmallVector<AffineExpr> exprs;
    for (int64_t n : *numbers)
      exprs.push_back(getAffineConstantExpr(n, context));
    return &(elements[value] = exprs);
  }
  // Elements of an integer tensor that nothing is known of are symbols, so that equal uses give equal extents.
  if (!type.getElementType().isSignlessInteger(64) && !type.getElementType().isSignlessInteger(32))
    return nullptr;
  SmallVector<AffineExpr> exprs(type.getNumElements());
  for (AffineExpr &expr : exprs)
    expr = freshSymbol();
  return &(elements[value] = exprs);
}

std::optional<SmallVector<int64_t>> ShapeAnalysis::constantContents(Value value) {
  auto *exprs = contents(value);
  if (!exprs)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (AffineExpr expr : *exprs) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (!constant)
      return std::nullopt;
    numbers.push_back(constant.getValue());
  }
  return numbers;
}

LogicalResult ShapeAnalysis::evaluate(Operation *op, SmallVectorImpl<SmallVector<int64_t>> &shapes) {
  auto shaped = dyn_cast<ShapedOp>(op);
  if (!shaped)
    return success();
  SymbolicRule rule(*this, op);
  if (failed(shaped.shapes(rule)))
    return failure();
  for (const Dims &dims : rule.results) {
    auto &shape = shapes.emplace_back();
    for (Dim d : dims)
      shape.push_back(d.known().value_or(ShapedType::kDynamic));
  }
  return success();
}

LogicalResult ShapeAnalysis::infer(Operation *op) {
  // What is known may be of erased values that lay at the same addresses: loop bodies are imported more than once.
  for (Value result : op->getResults())
    elements.erase(result);
  auto shaped = dyn_cast<ShapedOp>(op);
  if (shaped) {
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (!isa<RankedTensorType>(operand.getType()))
        return op->emitOpError() << "the rank of operand " << i << " is unknown";
    SymbolicRule rule(*this, op);
    if (failed(shaped.shapes(rule)))
      return failure();
    assert(rule.results.size() == op->getNumResults() && "one shape per result");
    for (auto [result, dims] : llvm::zip(op->getResults(), rule.results)) {
      SmallVector<int64_t> shape;
      SmallVector<AffineExpr> exprs;
      auto declared = dyn_cast<RankedTensorType>(result.getType());
      for (auto [i, d] : llvm::enumerate(dims)) {
        // A type that already says more than the rule (a region's invariant, say) keeps saying it.
        if (!d.known() && declared && i < static_cast<size_t>(declared.getRank()) && !declared.isDynamicDim(i))
          d = Dim(getAffineConstantExpr(declared.getDimSize(i), context));
        if (d.known().value_or(0) < 0)
          return op->emitOpError() << "dim " << i << " of the result is negative (" << *d.known() << ")";
        shape.push_back(d.known().value_or(ShapedType::kDynamic));
        exprs.push_back(d.expr);
      }
      result.setType(RankedTensorType::get(shape, cast<TensorType>(result.getType()).getElementType()));
      extents[result] = exprs;
    }
  }
  inferContents(op);
  return success();
}

LogicalResult ShapeAnalysis::inferAll(Region &region) {
  for (Block &block : region) {
    // All arguments have extents from here on: sameShape() compares two lists, and neither may move meanwhile.
    for (BlockArgument argument : block.getArguments())
      if (isa<RankedTensorType>(argument.getType()))
        (void)dims(argument);
    for (Operation &op : block) {
      // What a region yields decides its op's shape, so regions come first; loops have fixed their types already.
      for (Region &nested : op.getRegions())
        if (failed(inferAll(nested)))
          return failure();
      if (failed(infer(&op)))
        return failure();
    }
  }
  return success();
}

void ShapeAnalysis::inferContents(Operation *op) {
  if (op->getNumResults() == 0 || isa<ConstantOp, IfOp, LoopOp, ScanOp, GroupOp>(op))
    return;
  for (Value result : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxContents || type.getRank() > 1)
      return;
  }
  Value result = op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  int64_t count = type.getNumElements();
  auto known = [](AffineExpr expr) -> std::optional<int64_t> {
    if (auto constant = dyn_cast_if_present<AffineConstantExpr>(expr))
      return constant.getValue();
    return std::nullopt;
  };
  // Looked up first, since a lookup can move the lists that earlier ones returned.
  for (Value operand : op->getOperands())
    (void)contents(operand);
  // Operand contents, repeated where the operand has one element and the result more.
  auto of = [&](unsigned operand) -> const SmallVector<AffineExpr> * { return contents(op->getOperand(operand)); };
  auto at = [&](const SmallVector<AffineExpr> *list, int64_t i) { return (*list)[list->size() == 1 ? 0 : i]; };
  SmallVector<AffineExpr> out;

  llvm::TypeSwitch<Operation *>(op)
      .Case([&](ShapeOfOp shape) {
        auto all = dims(shape.getX());
        out.append(all.begin() + shape.getBegin(), all.begin() + shape.getEnd());
      })
      .Case<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>([&](Operation *) {
        if (auto *x = of(0))
          out = *x;
      })
      .Case([&](BroadcastToOp) {
        if (auto *x = of(0); x && (x->size() == 1 || static_cast<int64_t>(x->size()) == count))
          for (int64_t i = 0; i < count; ++i)
            out.push_back(at(x, i));
      })
      .Case([&](CastOp cast) {
        // A conversion between numbers keeps an extent's value; one to bool or a narrow type may not.
        auto to = type.getElementType();
        if (auto *x = of(0); x && to.getIntOrFloatBitWidth() >= 32)
          out = *x;
      })
      .Case([&](ConcatOp concat) {
        for (unsigned i = 0; i < concat->getNumOperands(); ++i) {
          auto *x = of(i);
          if (!x)
            return out.clear();
          out.append(*x);
        }
      })
      .Case([&](GatherOp gather) {
        auto *x = of(0);
        auto indices = constantContents(gather.getIndices());
        if (!x || !indices || cast<RankedTensorType>(gather.getX().getType()).getRank() != 1)
          return;
        int64_t size = x->size();
        for (int64_t i : *indices) {
          if (i < -size || i >= size)
            return out.clear();
          out.push_back((*x)[i < 0 ? i + size : i]);
        }
      })
      .Case([&](SliceOp slice) {
        auto *x = of(0);
        auto starts = constantContents(slice.getStarts());
        if (!x || !starts || slice.getAxes().size() != 1)
          return;
        int64_t size = x->size(), step = slice.getSteps()[0], start = (*starts)[0];
        start = std::clamp<int64_t>(start < 0 ? start + size : start, step < 0 ? -1 : 0, step < 0 ? size - 1 : size);
        for (int64_t i = 0; i < count; ++i)
          out.push_back((*x)[start + i * step]);
      })
      .Case([&](BinaryOp binary) {
        auto *a = of(0), *b = of(1);
        if (!a || !b)
          return;
        bool isFloat = isa<FloatType>(type.getElementType());
        for (int64_t i = 0; i < count; ++i) {
          AffineExpr x = at(a, i), y = at(b, i);
          auto p = known(x), q = known(y);
          AffineExpr value;
          switch (binary.getKind()) {
          case BinaryKind::add: value = x + y; break;
          case BinaryKind::sub: value = x - y; break;
          case BinaryKind::mul:
            value = x * y;
            break;
          case BinaryKind::div:
            if (p && q && *q != 0 && (!isFloat || *p % *q == 0) && !(*p == INT64_MIN && *q == -1))
              value = getAffineConstantExpr(*p / *q, context);
            else if (q && *q > 0 && !isFloat && x.isSymbolicOrConstant())
              value = x.floorDiv(*q);
            break;
          case BinaryKind::mod:
            if (p && q && *q > 0 && *p >= 0)
              value = getAffineConstantExpr(*p % *q, context);
            break;
          case BinaryKind::min:
          case BinaryKind::max:
            if (p && q)
              value = getAffineConstantExpr(binary.getKind() == BinaryKind::min ? std::min(*p, *q) : std::max(*p, *q), context);
            break;
          default: break;
          }
          out.push_back(value ? value : freshSymbol());
        }
      })
      .Case([&](UnaryOp unary) {
        auto *x = of(0);
        if (!x)
          return;
        switch (unary.getKind()) {
        case UnaryKind::neg:
          for (AffineExpr expr : *x)
            out.push_back(-expr);
          break;
        case UnaryKind::floor:
        case UnaryKind::ceil:
        case UnaryKind::round: out = *x; break;
        default: break;
        }
      })
      .Case([&](CompareOp compare) {
        auto *a = of(0), *b = of(1);
        if (!a || !b)
          return;
        for (int64_t i = 0; i < count; ++i) {
          auto x = known(at(a, i)), y = known(at(b, i));
          AffineExpr value;
          if (x && y) {
            bool truth[] = {*x == *y, *x != *y, *x < *y, *x <= *y, *x > *y, *x >= *y};
            value = getAffineConstantExpr(truth[static_cast<unsigned>(compare.getKind())], context);
          }
          out.push_back(value ? value : freshSymbol());
        }
      })
      .Case([&](SelectOp) {
        auto *c = of(0), *a = of(1), *b = of(2);
        if (!c || !a || !b)
          return;
        for (int64_t i = 0; i < count; ++i) {
          auto condition = known(at(c, i));
          AffineExpr x = at(a, i), y = at(b, i);
          out.push_back(condition ? (*condition ? x : y) : x == y ? x : freshSymbol());
        }
      })
      .Case([&](ReduceOp reduce) {
        auto *x = of(0);
        if (!x || count != 1)
          return;
        AffineExpr value = getAffineConstantExpr(reduce.getKind() == ReduceKind::prod ? 1 : 0, context);
        for (AffineExpr expr : *x) {
          if (reduce.getKind() == ReduceKind::prod)
            value = value * expr;
          else if (reduce.getKind() == ReduceKind::sum)
            value = value + expr;
          else
            return;
        }
        out.push_back(value);
      })
      .Case([&](FillOp) {
        if (auto *value = of(1))
          out.assign(count, (*value)[0]);
      })
      .Case([&](RangeOp) {
        auto *start = of(0), *delta = of(2);
        if (!start || !delta)
          return;
        for (int64_t i = 0; i < count; ++i)
          out.push_back((*start)[0] + (*delta)[0] * i);
      })
      .Case([&](SplitOp split) {
        auto *x = of(0);
        if (!x)
          return;
        int64_t offset = 0;
        for (Value piece : split.getPieces()) {
          int64_t size = cast<RankedTensorType>(piece.getType()).getNumElements();
          elements[piece] = SmallVector<AffineExpr>(x->begin() + offset, x->begin() + offset + size);
          offset += size;
        }
      });
  if (static_cast<int64_t>(out.size()) == count && count > 0)
    elements[result] = out;
}

void ShapeAnalysis::copy(Value from, Value to) {
  extents[to] = SmallVector<AffineExpr>(dims(from));
  if (auto found = elements.find(from); found != elements.end()) {
    SmallVector<AffineExpr> exprs = found->second;
    elements[to] = exprs;
  }
}

void declareSymbols(ShapeAnalysis &analysis, FunctionOpInterface function) {
  for (BlockArgument argument : function.getArguments()) {
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "nn.dims");
    SmallVector<StringRef> symbols;
    if (names)
      for (auto name : names.getAsRange<StringAttr>())
        symbols.push_back(name.getValue());
    analysis.setSymbols(argument, symbols);
  }
}

std::optional<SmallVector<int64_t>> integerElements(Attribute attribute, int64_t limit) {
  auto attr = dyn_cast_if_present<ElementsAttr>(attribute);
  if (!attr || attr.getNumElements() > limit)
    return std::nullopt;
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  if (!type)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  auto append = [&](const APInt &value) {
    numbers.push_back(type.isUnsigned() || type.getWidth() == 1 ? static_cast<int64_t>(value.getZExtValue())
                                                                : value.getSExtValue());
  };
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    for (const APInt &value : dense.getValues<APInt>())
      append(value);
    return numbers;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    unsigned bytes = llvm::divideCeil(type.getWidth(), 8);
    if (!blob || blob->getData().size() != static_cast<size_t>(attr.getNumElements()) * bytes)
      return std::nullopt;
    for (int64_t i = 0; i < attr.getNumElements(); ++i) {
      uint64_t bits = 0;
      memcpy(&bits, blob->getData().data() + i * bytes, bytes);
      append(APInt(type.getWidth(), bits, /*isSigned=*/false, /*implicitTrunc=*/true));
    }
    return numbers;
  }
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> constantIntegers(Value value, int64_t limit) {
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return integerElements(constant.getValue(), limit);
  return std::nullopt;
}

} // namespace nnc::nn
