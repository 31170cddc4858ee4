// Activations that exporters write out: chains of elementwise ops that compute a function of one tensor for
// which there is a kind of nn.unary. There are many spellings of each (x / sqrt(2) or x * 0.7071, x^3 as a
// power or as products, 0.5 here or there), so a chain is recognized by its values: it is evaluated at some
// numbers and compared.
#include "dialects/nn/NNDialect.h"
#include "llvm/ADT/SetVector.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"

#include <cmath>

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMACTIVATIONS
#include "passes/Passes.h.inc"

namespace {

/// The longest spelling has ten ops.
constexpr size_t kMaxOps = 12;

double gelu(double x) { return 0.5 * x * std::erfc(-x * 0.70710678118654752440); }
double geluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}
double softplus(double x) { return std::log1p(std::exp(x)); }
double mish(double x) { return x * std::tanh(softplus(x)); }

struct Activation {
  nn::UnaryKind kind;
  double (*function)(double);
};
constexpr Activation activations[] = {
    {nn::UnaryKind::gelu, gelu}, {nn::UnaryKind::gelu_tanh, geluTanh}, {nn::UnaryKind::mish, mish}};

std::optional<double> evaluateUnary(nn::UnaryKind kind, double x) {
  switch (kind) {
  case nn::UnaryKind::neg: return -x;
  case nn::UnaryKind::erf: return std::erf(x);
  case nn::UnaryKind::tanh: return std::tanh(x);
  case nn::UnaryKind::exp: return std::exp(x);
  case nn::UnaryKind::log: return std::log(x);
  case nn::UnaryKind::softplus: return softplus(x);
  case nn::UnaryKind::sigmoid: return 1 / (1 + std::exp(-x));
  case nn::UnaryKind::reciprocal: return 1 / x;
  default: return std::nullopt;
  }
}

std::optional<double> evaluateBinary(nn::BinaryKind kind, double a, double b) {
  switch (kind) {
  case nn::BinaryKind::add: return a + b;
  case nn::BinaryKind::sub: return a - b;
  case nn::BinaryKind::mul: return a * b;
  case nn::BinaryKind::div: return a / b;
  case nn::BinaryKind::pow: return std::pow(a, b);
  default: return std::nullopt;
  }
}

/// The number of a constant with one element.
std::optional<double> scalar(Value value) {
  auto constant = value.getDefiningOp<nn::ConstantOp>();
  return constant && constant.getValue().getNumElements() == 1 ? uniformNumber(value) : std::nullopt;
}

/// A chain that ends with one op, taken in from there backwards until it hangs on one value.
class Chain {
public:
  explicit Chain(Operation *last) : last(last) { take(last); }

  /// The activation that it is, and of what. Longer chains are tried after shorter ones.
  std::optional<std::pair<nn::UnaryKind, Value>> find() {
    while (members.size() <= kMaxOps) {
      if (inputs.size() == 1 && hasFunction)
        for (const Activation &activation : activations)
          if (computes(activation.function))
            return std::pair(activation.kind, inputs.front());
      // The op that comes last: all that it feeds are known then.
      Operation *next = nullptr;
      for (Value input : inputs) {
        Operation *op = input.getDefiningOp();
        if (op && op->getBlock() == last->getBlock() && (!next || next->isBeforeInBlock(op)))
          next = op;
      }
      if (!next || !isa<nn::UnaryOp, nn::BinaryOp>(next) ||
          next->getResult(0).getType() != last->getResult(0).getType() ||
          !llvm::all_of(next->getUsers(), [&](Operation *user) { return members.contains(user); }))
        return std::nullopt;
      inputs.remove(next->getResult(0));
      take(next);
    }
    return std::nullopt;
  }

private:
  void take(Operation *op) {
    members.insert(op);
    for (Value operand : op->getOperands())
      if (!scalar(operand))
        inputs.insert(operand);
    if (auto unary = dyn_cast<nn::UnaryOp>(op))
      hasFunction |= unary.getKind() == nn::UnaryKind::erf || unary.getKind() == nn::UnaryKind::tanh;
  }

  bool computes(double (*function)(double)) {
    for (double x = -6; x <= 6; x += 0.25) {
      std::optional<double> got = evaluate(x);
      double expected = function(x);
      // Constants are floats; far to the left the difference from 1 cancels.
      if (!got || !(std::fabs(*got - expected) <= 1e-6 * std::max(1e-2, std::fabs(expected))))
        return false;
    }
    return true;
  }

  std::optional<double> evaluate(double x) {
    llvm::DenseMap<Value, double> values = {{inputs.front(), x}};
    auto valueOf = [&](Value v) {
      auto number = scalar(v);
      return number ? *number : values.lookup(v);
    };
    // Every op was taken in after the ops it feeds.
    for (Operation *op : llvm::reverse(members.getArrayRef())) {
      std::optional<double> result;
      if (auto unary = dyn_cast<nn::UnaryOp>(op))
        result = evaluateUnary(unary.getKind(), valueOf(unary.getX()));
      else if (auto binary = dyn_cast<nn::BinaryOp>(op))
        result = evaluateBinary(binary.getKind(), valueOf(binary.getA()), valueOf(binary.getB()));
      if (!result)
        return std::nullopt;
      values[op->getResult(0)] = *result;
    }
    return values.lookup(last->getResult(0));
  }

  Operation *last;
  llvm::SmallSetVector<Operation *, 12> members;
  llvm::SmallSetVector<Value, 4> inputs;
  bool hasFunction = false;
};

struct FormActivations : impl::FormActivationsBase<FormActivations> {
  void runOnOperation() override {
    SmallVector<nn::BinaryOp> ends;
    getOperation().walk([&](nn::BinaryOp op) {
      auto type = dyn_cast<RankedTensorType>(op.getY().getType());
      if (op.getKind() == nn::BinaryKind::mul && type && type.getElementType().isF32())
        ends.push_back(op);
    });
    for (nn::BinaryOp end : ends) {
      auto found = Chain(end).find();
      if (!found || found->second.getType() != end.getY().getType())
        continue;
      OpBuilder b(end);
      end.replaceAllUsesWith(nn::UnaryOp::create(b, end.getLoc(), end.getType(), found->first, found->second,
                                                 FloatAttr(), FloatAttr())
                                 .getResult());
    }
    eraseDeadOps(getOperation(), [](Operation *op) { return isa<nn::UnaryOp, nn::BinaryOp>(op); });
  }
};

} // namespace
} // namespace nnc
