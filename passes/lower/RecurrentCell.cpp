#include "passes/lower/RecurrentCell.h"

#include "passes/lower/ElementTypes.h"
#include "passes/lower/MathFunctions.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using nnc::nn::UnaryKind;

namespace nnc {

Value RecurrentCell::activate(size_t which, Value value, bool clipped) {
  if (clip && clipped) {
    value = arith::MaximumFOp::create(k.b, k.loc, value, constantLike(k.b, k.loc, value.getType(), -*clip));
    value = arith::MinimumFOp::create(k.b, k.loc, value, constantLike(k.b, k.loc, value.getType(), *clip));
  }
  size_t other = which + activations.size() / (isBidirectional ? 2 : 1);
  if (other >= activations.size() || sameFunction(which, other))
    return apply(which, value);
  Value isReverse = k.compare(arith::CmpIPredicate::eq, direction, k.index(1));
  return k.ifElse(isReverse, [&] { return apply(other, value); }, [&] { return apply(which, value); });
}

RecurrentCell::LstmState RecurrentCell::lstm(ValueRange sums, Value cell,
                                             llvm::function_ref<Value(int64_t)> peephole) {
  enum { I, O, F, C };
  // Peepholes come as i, o, f.
  auto peep = [&](int64_t gate, Value state) {
    Value weight = peephole(gate);
    return weight ? add(sums[gate], mul(weight, state)) : sums[gate];
  };
  Value input = activate(0, peep(I, cell));
  Value one = constantLike(k.b, k.loc, input.getType(), 1.0);
  Value forget =
      inputForget ? arith::SubFOp::create(k.b, k.loc, one, input).getResult() : activate(0, peep(F, cell));
  Value next = add(mul(forget, cell), mul(input, activate(1, sums[C])));
  Value output = activate(0, peep(O, next));
  return {mul(output, activate(2, next, /*clipped=*/false)), next};
}

Value RecurrentCell::blend(Value z, Value candidate, Value previous) {
  Value one = constantLike(k.b, k.loc, z.getType(), 1.0);
  return add(mul(arith::SubFOp::create(k.b, k.loc, one, z), candidate), mul(z, previous));
}

bool RecurrentCell::sameFunction(size_t i, size_t j) {
  return activations[i] == activations[j] && alphas[i] == alphas[j] && betas[i] == betas[j];
}

Value RecurrentCell::apply(size_t i, Value value) {
  double alpha = alphas[i], beta = betas[i];
  std::string name = cast<StringAttr>(activations[i]).getValue().lower();
  auto c = [&](double number) { return constantLike(k.b, k.loc, value.getType(), number); };
  if (name == "affine")
    return add(mul(c(alpha), value), c(beta));
  if (name == "scaledtanh")
    return mul(c(alpha), floatFunction(k.b, k.loc, UnaryKind::tanh, mul(c(beta), value), 0, 0));
  auto kind = llvm::StringSwitch<UnaryKind>(name)
                  .Case("relu", UnaryKind::relu)
                  .Case("tanh", UnaryKind::tanh)
                  .Case("leakyrelu", UnaryKind::leaky_relu)
                  .Case("thresholdedrelu", UnaryKind::thresholded_relu)
                  .Case("hardsigmoid", UnaryKind::hard_sigmoid)
                  .Case("elu", UnaryKind::elu)
                  .Case("softsign", UnaryKind::softsign)
                  .Case("softplus", UnaryKind::softplus)
                  .Default(UnaryKind::sigmoid);
  return floatFunction(k.b, k.loc, kind, value, alpha, beta);
}

} // namespace nnc
