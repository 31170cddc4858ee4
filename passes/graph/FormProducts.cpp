// nn.einsum as what it is: products summed over an index are matrix products, for which there are kernels.
//
// Two terms at a time. Of their indices those in both that are still wanted number matrices ("batch"), those in both that
// are not wanted are summed over, and those in one term are rows or columns. Transposes bring either term into that order,
// and reshapes make one dim of several.
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMPRODUCTS
#include "passes/Passes.h.inc"

namespace {

/// A tensor and a letter for each dim; no letter twice.
struct Term {
  Value value;
  std::string letters;
};

bool has(StringRef letters, char letter) { return letters.contains(letter); }

/// The letters of `from` for which `wanted` holds.
std::string filtered(StringRef from, llvm::function_ref<bool(char)> wanted) {
  std::string result;
  llvm::copy_if(from, std::back_inserter(result), wanted);
  return result;
}

class Products {
public:
  Products(nn::EinsumOp op, nn::ShapeAnalysis &shapes) : op(op), shapes(shapes), b(op) {}

  /// The value of `op` by other ops, or null where that needs more than is known of its extents.
  Value form() {
    std::pair<StringRef, StringRef> sides = op.getEquation().split("->");
    StringRef output = sides.second;
    SmallVector<StringRef> letters;
    sides.first.split(letters, ',');
    SmallVector<Term> terms;
    for (auto [list, input] : llvm::zip(letters, op.getInputs()))
      terms.push_back({input, list.str()});
    if (!isPlain(terms))
      return {};
    while (terms.size() > 1) {
      auto later = [&](char letter) {
        return has(output, letter) ||
               llvm::any_of(ArrayRef(terms).drop_front(2), [&](const Term &t) { return has(t.letters, letter); });
      };
      std::optional<Term> product = multiplied(terms[0], terms[1], output, later);
      if (!product)
        return {};
      terms.erase(terms.begin());
      terms[0] = *product;
    }
    Term sum = summed(terms[0], [&](char letter) { return has(output, letter); });
    return ordered(sum, output);
  }

private:
  /// Whether every letter stands for one extent that is not 0, and for one dim of a term.
  bool isPlain(ArrayRef<Term> terms) {
    std::map<char, std::pair<Value, int64_t>> seen;
    for (const Term &term : terms)
      for (auto [i, letter] : llvm::enumerate(term.letters)) {
        int64_t dim = static_cast<int64_t>(i), extent = cast<RankedTensorType>(term.value.getType()).getDimSize(dim);
        if (extent == 0 || has(StringRef(term.letters).drop_front(i + 1), letter))
          return false;
        auto [at, isNew] = seen.try_emplace(letter, term.value, dim);
        if (!isNew && !shapes.sameDim(at->second.first, at->second.second, term.value, dim))
          return false;
        extents[letter] = ShapedType::isDynamic(extent) && !isNew ? extents[letter] : extent;
      }
    Type element = getElementTypeOrSelf(op.getY().getType());
    return isa<FloatType>(element) && llvm::all_of(terms, [&](const Term &term) {
             return getElementTypeOrSelf(term.value.getType()) == element;
           });
  }

  template <typename OpTy, typename... Args>
  Value made(Args &&...args) {
    auto type = UnrankedTensorType::get(getElementTypeOrSelf(op.getY().getType()));
    auto result = OpTy::create(b, op.getLoc(), type, std::forward<Args>(args)...);
    // What shape it has follows from the operands, which fit by construction.
    (void)shapes.infer(result);
    return result->getResult(0);
  }

  /// Without the letters that are in no other place.
  Term summed(const Term &term, llvm::function_ref<bool(char)> wanted) {
    SmallVector<int64_t> axes;
    for (auto [i, letter] : llvm::enumerate(term.letters))
      if (!wanted(letter))
        axes.push_back(static_cast<int64_t>(i));
    if (axes.empty())
      return term;
    return {made<nn::ReduceOp>(nn::ReduceKind::sum, term.value, axes, /*keepdims=*/false),
            filtered(term.letters, wanted)};
  }

  /// The term with its dims in the order of `letters`.
  Value ordered(const Term &term, StringRef letters) {
    SmallVector<int64_t> perm;
    for (char letter : letters)
      perm.push_back(static_cast<int64_t>(term.letters.find(letter)));
    if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())))
      return term.value;
    return made<nn::TransposeOp>(term.value, perm);
  }

  /// Reshapes `value`, whose dims are `batch` and then those of some groups, to one dim for each group or, `apart`, the
  /// other way round. Null where more than one extent would have to be found by the run.
  Value regrouped(Value value, StringRef batch, ArrayRef<StringRef> groups, bool apart) {
    if (llvm::all_of(groups, [](StringRef group) { return group.size() == 1; }))
      return value;
    SmallVector<int64_t> list;
    int64_t unknown = 0, before = batch.size();
    auto append = [&](int64_t extent, int64_t from) {
      // 0 is the operand's dim in that place.
      bool isThere = from == static_cast<int64_t>(list.size());
      unknown += ShapedType::isDynamic(extent) && !isThere;
      list.push_back(!ShapedType::isDynamic(extent) ? extent : isThere ? 0 : -1);
    };
    for (char letter : batch)
      append(extents.at(letter), list.size());
    for (auto [number, group] : llvm::enumerate(groups)) {
      if (apart) {
        for (char letter : group)
          append(extents.at(letter), group.size() == 1 ? batch.size() + number : -1);
        continue;
      }
      int64_t product = 1;
      for (char letter : group) {
        int64_t extent = extents.at(letter);
        product = ShapedType::isDynamic(extent) || ShapedType::isDynamic(product) ? ShapedType::kDynamic
                                                                                  : product * extent;
      }
      append(product, group.size() == 1 ? before : -1);
      before += group.size();
    }
    if (unknown > 1)
      return {};
    return made<nn::ReshapeOp>(value, createIndexList(b, op.getLoc(), list), /*allow_zero=*/false);
  }

  /// The product of two terms, summed over the letters that are not `wanted`.
  std::optional<Term> multiplied(const Term &left, const Term &right, StringRef output,
                                 llvm::function_ref<bool(char)> wanted) {
    Term x = summed(left, [&](char letter) { return wanted(letter) || has(right.letters, letter); });
    Term y = summed(right, [&](char letter) { return wanted(letter) || has(left.letters, letter); });
    // In the order of the output, so that as little as possible has to be transposed behind the product.
    std::string inOrder = output.str() + filtered(x.letters + y.letters, [&](char l) { return !has(output, l); });
    auto pick = [&](llvm::function_ref<bool(bool inX, bool inY, bool isWanted)> which) {
      std::string picked;
      for (char letter : inOrder)
        if (which(has(x.letters, letter), has(y.letters, letter), wanted(letter)) && !has(picked, letter))
          picked += letter;
      return picked;
    };
    std::string batch = pick([](bool inX, bool inY, bool isWanted) { return inX && inY && isWanted; }),
                depth = pick([](bool inX, bool inY, bool isWanted) { return inX && inY && !isWanted; }),
                rows = pick([](bool inX, bool inY, bool) { return inX && !inY; }),
                columns = pick([](bool inX, bool inY, bool) { return inY && !inX; });
    if (depth.empty() || (rows.empty() && columns.empty()))
      return pointwise(x, y, batch, rows, columns, depth);
    // All rows meet one right factor where nothing numbers matrices, in as many dims as they have.
    bool keepsRows = batch.empty() && !rows.empty();
    std::string leading = keepsRows ? rows : batch;
    StringRef ofA[] = {rows, depth}, ofResult[] = {rows, columns};
    Value a = regrouped(ordered(x, batch + rows + depth), leading, ArrayRef(ofA).drop_front(keepsRows), false),
          c = regrouped(ordered(y, batch + depth + columns), batch, {depth, columns}, false);
    if (!a || !c)
      return std::nullopt;
    Value product = made<nn::MatMulOp>(a, c, /*transpose_a=*/false, /*transpose_b=*/false);
    product = regrouped(product, leading, ArrayRef(ofResult).drop_front(keepsRows), true);
    if (!product)
      return std::nullopt;
    return Term{product, batch + rows + columns};
  }

  /// Without a sum, or with one element for each matrix: elementwise, then summed.
  Term pointwise(const Term &x, const Term &y, StringRef batch, StringRef rows, StringRef columns, StringRef depth) {
    std::string letters = (batch + rows + columns + depth).str();
    auto spread = [&](const Term &term) {
      SmallVector<int64_t> missing;
      for (auto [i, letter] : llvm::enumerate(letters))
        if (!has(term.letters, letter))
          missing.push_back(static_cast<int64_t>(i));
      Value value = ordered(term, filtered(letters, [&](char letter) { return has(term.letters, letter); }));
      return missing.empty() ? value : made<nn::UnsqueezeOp>(value, missing);
    };
    Term product{made<nn::BinaryOp>(nn::BinaryKind::mul, spread(x), spread(y)), letters};
    return summed(product, [&](char letter) { return !has(depth, letter); });
  }

  nn::EinsumOp op;
  nn::ShapeAnalysis &shapes;
  OpBuilder b;
  std::map<char, int64_t> extents;
};

struct FormProducts : impl::FormProductsBase<FormProducts> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      SmallVector<nn::EinsumOp> ops;
      function.walk([&](nn::EinsumOp op) { ops.push_back(op); });
      if (ops.empty())
        return;
      nn::ShapeAnalysis shapes(&getContext());
      nn::declareSymbols(shapes, function);
      if (failed(shapes.inferAll(function.getBody())))
        return signalPassFailure();
      for (nn::EinsumOp op : ops)
        if (Value value = Products(op, shapes).form(); value && value.getType() == op.getY().getType()) {
          op.getY().replaceAllUsesWith(value);
          op.erase();
        }
    });
  }
};

} // namespace
} // namespace nnc
