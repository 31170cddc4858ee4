// A recurrent layer's products with its input do not wait for its state: for all steps together they are one
// matrix product, which nn-pack-weights then treats as any other. Its columns come in the order in which a
// step wants them: of 16 units all gates, then of the next 16. What is left is nn.packed_recurrent.
#include "dialects/nn/NNDialect.h"
#include "passes/Passes.h"
#include "passes/graph/Constants.h"

using namespace mlir;
using nnc::nn::RecurrentKind;

namespace nnc {
#define GEN_PASS_DEF_PACKRECURRENT
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t kWidth = nn::PackedRecurrentOp::kBlockUnits;

using Floats = std::vector<float>;

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// The constants of one layer, in the order of the packed op.
class Layer {
public:
  explicit Layer(nn::RecurrentOp op) : op(op) {}

  /// Reads the weights; false where the layer stays as it is.
  bool read() {
    auto x = typeOf(op.getX());
    if (!x || !x.getElementType().isF32() || !readConstant(op.getW(), w) || !readConstant(op.getR(), r) ||
        (op.getBias() && !readConstant(op.getBias(), bias)) ||
        (op.getPeephole() && !readConstant(op.getPeephole(), peep)))
      return false;
    directions = typeOf(op.getW()).getDimSize(0);
    inputs = typeOf(op.getW()).getDimSize(2);
    hidden = op.getHiddenSize();
    gates = typeOf(op.getW()).getDimSize(1) / hidden;
    blocks = llvm::divideCeil(hidden, kWidth);
    return inputs > 0;
  }

  void rewrite() {
    OpBuilder b(op);
    Location loc = op.getLoc();
    int64_t columns = directions * blocks * gates * kWidth;
    auto constant = [&](ArrayRef<int64_t> shape, const Floats &elements) -> Value {
      auto type = RankedTensorType::get(shape, b.getF32Type());
      ArrayRef<char> bytes(reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(float));
      return nn::ConstantOp::create(b, loc, type, constantFromBytes(type, bytes));
    };
    auto x = typeOf(op.getX());
    auto projected = RankedTensorType::get({x.getDimSize(0), x.getDimSize(1), columns}, b.getF32Type());
    Value weights = constant({columns, inputs}, inputWeights());
    Value projection = nn::MatMulOp::create(b, loc, projected, op.getX(), weights, /*transpose_a=*/false,
                                            /*transpose_b=*/true);
    Value recurrentBias, peephole;
    if (op.getBias()) {
      Value sums = constant({columns}, inputBias());
      projection = nn::BinaryOp::create(b, loc, projected, nn::BinaryKind::add, projection, sums);
      if (isLinear())
        recurrentBias = constant({directions, blocks * kWidth}, candidateBias());
    }
    if (op.getPeephole())
      peephole = constant({directions, 3, blocks * kWidth}, padded(peep, directions * 3));
    Value panels = constant({directions, blocks, hidden, gates * kWidth}, recurrentWeights());
    auto packed = nn::PackedRecurrentOp::create(
        b, loc, op->getResultTypes(), op.getKind(), projection, panels, recurrentBias, op.getLengths(),
        op.getInitialH(), op.getInitialC(), peephole, /*input_panels=*/Value(), /*input_bias=*/Value(),
        op.getDirection(), op.getHiddenSize(), op.getActivationsAttr(), op.getAlphasAttr(),
        op.getBetasAttr(), op.getClipAttr(),
        op.getLinearBeforeReset(), op.getInputForget());
    SmallVector<Value> constants = {op.getW(), op.getR(), op.getBias(), op.getPeephole()};
    op->replaceAllUsesWith(packed);
    op->erase();
    llvm::SmallPtrSet<Operation *, 4> unused;
    for (Value value : constants)
      if (value && value.use_empty())
        unused.insert(value.getDefiningOp());
    for (Operation *definition : unused)
      definition->erase();
  }

private:
  static bool readConstant(Value value, Floats &to) {
    auto elements = f32Elements(constantValue(value));
    if (!elements)
      return false;
    to = std::move(*elements);
    return true;
  }

  bool isLinear() { return op.getKind() == RecurrentKind::gru && op.getLinearBeforeReset(); }

  /// Calls `visit` for every column of the projection that is not padding, with its direction, gate and unit.
  void
  forColumns(llvm::function_ref<void(int64_t column, int64_t direction, int64_t gate, int64_t unit)> visit) {
    for (int64_t d = 0; d < directions; ++d)
      for (int64_t unit = 0; unit < hidden; ++unit)
        for (int64_t gate = 0; gate < gates; ++gate)
          visit(((d * blocks + unit / kWidth) * gates + gate) * kWidth + unit % kWidth, d, gate, unit);
  }

  /// The rows of W in the order of the columns.
  Floats inputWeights() {
    Floats out(directions * blocks * gates * kWidth * inputs);
    forColumns([&](int64_t column, int64_t d, int64_t gate, int64_t unit) {
      memcpy(&out[column * inputs], &w[((d * gates + gate) * hidden + unit) * inputs],
             inputs * sizeof(float));
    });
    return out;
  }

  Floats inputBias() {
    Floats out(directions * blocks * gates * kWidth);
    forColumns([&](int64_t column, int64_t d, int64_t gate, int64_t unit) {
      const float *own = &bias[(d * 2 * gates + gate) * hidden + unit];
      out[column] = isLinear() && gate == 2 ? *own : *own + own[gates * hidden];
    });
    return out;
  }

  Floats candidateBias() {
    Floats out(directions * blocks * kWidth);
    for (int64_t d = 0; d < directions; ++d)
      memcpy(&out[d * blocks * kWidth], &bias[(d * 2 * gates + gates + 2) * hidden], hidden * sizeof(float));
    return out;
  }

  Floats recurrentWeights() {
    Floats out(directions * blocks * hidden * gates * kWidth);
    forColumns([&](int64_t column, int64_t d, int64_t gate, int64_t unit) {
      const float *from = &r[((d * gates + gate) * hidden + unit) * hidden];
      float *to = &out[(d * blocks + unit / kWidth) * hidden * gates * kWidth + column % (gates * kWidth)];
      for (int64_t k = 0; k < hidden; ++k)
        to[k * gates * kWidth] = from[k];
    });
    return out;
  }

  Floats padded(const Floats &from, int64_t count) {
    Floats out(count * blocks * kWidth);
    for (int64_t i = 0; i < count; ++i)
      memcpy(&out[i * blocks * kWidth], &from[i * hidden], hidden * sizeof(float));
    return out;
  }

  nn::RecurrentOp op;
  Floats w, r, bias, peep;
  int64_t directions = 0, inputs = 0, hidden = 0, gates = 0, blocks = 0;
};

struct PackRecurrent : impl::PackRecurrentBase<PackRecurrent> {
  void runOnOperation() override {
    SmallVector<nn::RecurrentOp> layers;
    getOperation().walk([&](nn::RecurrentOp op) { layers.push_back(op); });
    for (nn::RecurrentOp op : layers)
      if (Layer layer(op); layer.read())
        layer.rewrite();
  }
};

} // namespace
} // namespace nnc
