// The reference lowering of nn.einsum: an item is one element of the result, a loop nest runs over the indices that are
// summed. Equations that are matrix products are nn.matmul by now (nn-form-products).
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

LogicalResult emitEinsum(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::EinsumOp>(root);
  Type element = getElementTypeOrSelf(op.getY().getType());
  if (!isa<FloatType, IntegerType>(element) || element.isInteger(1))
    return op.emitOpError("unsupported element type ") << element;
  Type type = computeType(element);
  bool isFloat = isa<FloatType>(type);
  std::pair<StringRef, StringRef> sides = op.getEquation().split("->");
  StringRef left = sides.first, output = sides.second;
  SmallVector<StringRef> terms;
  left.split(terms, ',');

  // The extent of every index: that of any dim it names which is not 1.
  std::map<char, Value> extents;
  std::map<char, int64_t> guesses;
  for (auto [term, input] : llvm::zip(terms, op.getInputs()))
    for (auto [i, letter] : llvm::enumerate(term)) {
      int64_t known = cast<RankedTensorType>(input.getType()).getDimSize(i);
      Value extent = k.dimOf(input, i), &entry = extents[letter];
      // An extent of 0 beats 1: the sum is empty then.
      if (!entry)
        entry = extent;
      else if (known != 1)
        entry = k.select(k.compare(arith::CmpIPredicate::eq, entry, k.index(1)), extent, entry);
      guesses[letter] = std::max(guesses[letter], ShapedType::isDynamic(known) ? 64 : known);
    }
  std::string summed;
  int64_t work = 1;
  for (auto &[letter, extent] : extents)
    if (!output.contains(letter)) {
      summed += letter;
      work *= std::max<int64_t>(1, guesses[letter]);
    }
  k.grain = std::max<int64_t>(1, 8192 / work);

  k.forEachItem([&](ValueRange point) {
    std::map<char, Value> at;
    for (auto [letter, i] : llvm::zip(output, point))
      at[letter] = i;
    auto product = [&] {
      Value result;
      for (auto [term, input] : llvm::zip(terms, op.getInputs())) {
        auto inputType = cast<RankedTensorType>(input.getType());
        SmallVector<Value> indices;
        for (auto [i, letter] : llvm::enumerate(term)) {
          Value index = at[letter];
          if (inputType.getDimSize(i) == 1)
            index = k.index(0);
          else if (inputType.isDynamicDim(i))
            index = k.select(k.compare(arith::CmpIPredicate::eq, k.dimOf(input, i), k.index(1)), k.index(0), index);
          indices.push_back(index);
        }
        Value factor = k.load(input, indices);
        if (!result)
          result = factor;
        else
          result = isFloat ? arith::MulFOp::create(k.b, k.loc, result, factor).getResult()
                           : arith::MulIOp::create(k.b, k.loc, result, factor).getResult();
      }
      return result;
    };
    std::function<Value(size_t, Value)> sum = [&](size_t depth, Value total) -> Value {
      if (depth == summed.size())
        return isFloat ? arith::AddFOp::create(k.b, k.loc, total, product()).getResult()
                       : arith::AddIOp::create(k.b, k.loc, total, product()).getResult();
      return k.loop(k.index(0), extents[summed[depth]], k.index(1), total,
                    [&](Value i, ValueRange carried) -> SmallVector<Value> {
                      at[summed[depth]] = i;
                      return {sum(depth + 1, carried[0])};
                    })[0];
    };
    Value zero = isFloat ? constantLike(k.b, k.loc, type, 0.0) : integerLike(k.b, k.loc, type, 0);
    k.store(summed.empty() ? product() : sum(0, zero), op.getY(), point);
  });
  return success();
}

} // namespace

void registerEinsumLowerings(LoweringRegistry &registry) { registry.add<nn::EinsumOp>({itemPerElement, emitEinsum}); }

} // namespace nnc
