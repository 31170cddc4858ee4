#include "dialects/nn/ShapeAnalysis.h"

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc::nn {

namespace {

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
  Dim mul(Dim a, Dim b) override { return a.expr * b.expr; }
  Dim floorDiv(Dim a, Dim b) override { return divide(a, b, /*up=*/false); }
  Dim ceilDiv(Dim a, Dim b) override { return divide(a, b, /*up=*/true); }
  Dim min(Dim a, Dim b) override { return extreme(a, b, /*larger=*/false); }
  Dim max(Dim a, Dim b) override { return extreme(a, b, /*larger=*/true); }

  Dim wrapNegative(Dim a, Dim extent) override {
    if (auto value = a.known())
      return *value < 0 ? add(a, extent) : a;
    if (analysis.isNonNegative(a.expr))
      return a;
    return analysis.opaque("wrap", {a.expr, extent.expr});
  }

  Dim choose(Dim x, int64_t value, Dim same, Dim other) override {
    if (auto number = x.known())
      return *number == value ? same : other;
    // An extent is no flag; the rare one that is 0 at run time is seen to there.
    if (analysis.isNonNegative(x.expr) || same.expr == other.expr)
      return other;
    return analysis.opaque("choose", {x.expr, getAffineConstantExpr(value, op->getContext()), same.expr, other.expr});
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
    return analysis.opaque("broadcast", {a.expr, b.expr});
  }

  Dim quotient(ArrayRef<Dim> total, ArrayRef<Dim> divisors) override {
    SmallVector<AffineExpr> above, below;
    int64_t scaleAbove = 1, scaleBelow = 1;
    for (Dim d : total)
      factors(d.expr, above, scaleAbove);
    for (Dim d : divisors)
      factors(d.expr, below, scaleBelow);
    SmallVector<AffineExpr> left;
    for (AffineExpr expr : below) {
      auto *found = llvm::find(above, expr);
      if (found == above.end())
        left.push_back(expr);
      else
        above.erase(found);
    }
    bool divides = scaleBelow != 0 && scaleAbove % scaleBelow == 0;
    if (!left.empty() || scaleBelow == 0 || (above.empty() && !divides)) {
      SmallVector<AffineExpr> arguments = {getAffineConstantExpr(scaleAbove, op->getContext()),
                                           getAffineConstantExpr(scaleBelow, op->getContext()),
                                           getAffineConstantExpr(above.size(), op->getContext())};
      arguments.append(above);
      arguments.append(left);
      return analysis.opaque("quotient", arguments);
    }
    AffineExpr result = getAffineConstantExpr(divides ? scaleAbove / scaleBelow : scaleAbove, op->getContext());
    for (AffineExpr expr : above)
      result = result * expr;
    return divides ? result : result.floorDiv(scaleBelow);
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
    return analysis.opaque(up ? "ceil" : "floor", {a.expr, b.expr});
  }
  Dim extreme(Dim a, Dim b, bool larger) {
    if (a.expr == b.expr)
      return a;
    auto x = a.known(), y = b.known();
    if (x && y)
      return constant(larger ? std::max(*x, *y) : std::min(*x, *y));
    AffineExpr least = getAffineConstantExpr(0, op->getContext());
    if (analysis.isNonNegative(a.expr) && b.expr == least)
      return larger ? a : b;
    if (analysis.isNonNegative(b.expr) && a.expr == least)
      return larger ? b : a;
    // n - 1 against n: the difference decides.
    AffineExpr difference = simplifyAffineExpr(a.expr - b.expr, 0, analysis.nextSymbol);
    if (auto number = dyn_cast<AffineConstantExpr>(difference))
      return (number.getValue() >= 0) == larger ? a : b;
    return analysis.opaque(larger ? "max" : "min", {a.expr, b.expr});
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
      exprs.push_back(freshExtent());
      continue;
    }
    auto [entry, isNew] = named.try_emplace(name);
    if (isNew)
      entry->second = freshExtent();
    exprs.push_back(entry->second);
  }
  extents[value] = exprs;
  forgetContents(value); // of an erased value, perhaps, that lay at the same address
}

ArrayRef<AffineExpr> ShapeAnalysis::dims(Value value) {
  auto found = extents.find(value);
  if (found != extents.end())
    return found->second;
  SmallVector<AffineExpr> exprs;
  for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
    exprs.push_back(ShapedType::isDynamic(extent) ? freshExtent() : getAffineConstantExpr(extent, context));
  return extents[value] = exprs;
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
    forgetContents(result);
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
        // Whatever it came from: where it is negative, the run fails.
        if (auto symbol = dyn_cast<AffineSymbolExpr>(d.expr))
          markExtent(symbol);
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

void ShapeAnalysis::copy(Value from, Value to) {
  extents[to] = SmallVector<AffineExpr>(dims(from));
  if (auto found = elements.find(from); found != elements.end()) {
    SmallVector<AffineExpr> exprs = found->second;
    elements[to] = exprs;
  }
  if (auto found = reals.find(from); found != reals.end()) {
    SmallVector<double> numbers = found->second;
    reals[to] = numbers;
  }
}

AffineExpr ShapeAnalysis::freshExtent() {
  AffineExpr symbol = freshSymbol();
  markExtent(cast<AffineSymbolExpr>(symbol));
  return symbol;
}

void ShapeAnalysis::markExtent(AffineSymbolExpr symbol) {
  if (symbol.getPosition() >= isExtent.size())
    isExtent.resize(std::max<unsigned>(symbol.getPosition() + 1, 2 * isExtent.size()));
  isExtent.set(symbol.getPosition());
}

bool ShapeAnalysis::isNonNegative(AffineExpr expr) const {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() >= 0;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition() < isExtent.size() && isExtent.test(symbol.getPosition());
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(expr))
    return isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
  return false;
}

AffineExpr ShapeAnalysis::opaque(StringRef function, ArrayRef<AffineExpr> arguments) {
  auto [entry, isNew] = opaques.try_emplace({function.str(), {arguments.begin(), arguments.end()}});
  if (isNew)
    entry->second = freshSymbol();
  return entry->second;
}

bool ShapeAnalysis::ExprLess::operator()(const Key &a, const Key &b) const {
  auto pointerLess = [](AffineExpr x, AffineExpr y) { return x.getAsOpaquePointer() < y.getAsOpaquePointer(); };
  if (a.first != b.first)
    return a.first < b.first;
  return std::lexicographical_compare(a.second.begin(), a.second.end(), b.second.begin(), b.second.end(), pointerLess);
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

} // namespace nnc::nn
