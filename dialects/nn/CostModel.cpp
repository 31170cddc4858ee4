#include "dialects/nn/CostModel.h"

#include "dialects/nn/NNDialect.h"
#include "dialects/nn/ShapeAnalysis.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace nnc::nn {

//===----------------------------------------------------------------------===//
// StaticRule
//===----------------------------------------------------------------------===//

Dim StaticRule::dim(Value operand, int64_t i) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  return !type || type.isDynamicDim(i) ? Dim() : constant(type.getDimSize(i));
}

Dim StaticRule::element(Value operand, int64_t i) {
  auto numbers = constantIntegers(operand);
  return numbers ? constant((*numbers)[i]) : Dim();
}

Dim StaticRule::fold(Dim a, Dim b, llvm::function_ref<std::optional<int64_t>(int64_t, int64_t)> apply) {
  auto x = a.known(), y = b.known();
  auto result = x && y ? apply(*x, *y) : std::nullopt;
  return result ? constant(*result) : Dim();
}

Dim StaticRule::add(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) { return llvm::checkedAdd(x, y); });
}
Dim StaticRule::sub(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) { return llvm::checkedSub(x, y); });
}
Dim StaticRule::mul(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) { return llvm::checkedMul(x, y); });
}
Dim StaticRule::floorDiv(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) {
    return y > 0 ? std::optional(llvm::divideFloorSigned(x, y)) : std::nullopt;
  });
}
Dim StaticRule::ceilDiv(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) {
    return y > 0 ? std::optional(llvm::divideCeilSigned(x, y)) : std::nullopt;
  });
}
Dim StaticRule::min(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) { return std::optional(std::min(x, y)); });
}
Dim StaticRule::max(Dim a, Dim b) {
  return fold(a, b, [](int64_t x, int64_t y) { return std::optional(std::max(x, y)); });
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

namespace {

/// Operations per element of a softmax: maximum, subtraction, exponential, sum, division.
constexpr int64_t kSoftmaxOps = 5;
/// Of a normalization: mean; deviation, square and sum; subtraction and scale.
constexpr int64_t kStandardOps = 6, kRmsOps = 3;
/// Of an element of a gate besides the products: biases, an activation, its part in the state; about.
constexpr int64_t kGateOps = 10;

struct Costs {
  ShapeRule &rule;

  Dim elements(Value v) { return rule.product(rule.dims(v)); }
  Dim times(Dim d, int64_t factor) { return rule.mul(d, rule.constant(factor)); }
  Dim perElement(Value v, int64_t factor) { return times(elements(v), factor); }
  Dim none() { return rule.constant(0); }

  /// The dims of a weight [M, C, K...] but the first.
  Dim weightsPerFilter(Value w) { return rule.product(ArrayRef(rule.dims(w)).drop_front()); }

  Dim matmul(MatMulOp op) {
    int64_t rank = rule.rank(op.getA());
    return times(rule.mul(elements(op.getY()),
                          rule.dim(op.getA(), rank > 1 && op.getTransposeA() ? rank - 2 : rank - 1)),
                 2);
  }

  /// Two operations (one for a single operand) at each point of the space of all letters.
  Dim einsum(EinsumOp op) {
    auto [terms, output] = op.getEquation().split("->");
    SmallVector<StringRef> parts;
    terms.split(parts, ',');
    std::map<char, Dim> extents;
    for (auto [part, input] : llvm::zip(parts, op.getInputs()))
      for (auto [i, letter] : llvm::enumerate(part.trim())) {
        Dim d = rule.dim(input, i);
        auto [entry, isNew] = extents.try_emplace(letter, d);
        if (!isNew && entry->second.known() == 1)
          entry->second = d;
      }
    Dim points = rule.constant(1);
    for (auto &[letter, extent] : extents)
      points = rule.mul(points, extent);
    return times(points, std::max<int64_t>(1, 2 * (int64_t(op.getInputs().size()) - 1)));
  }

  Dim resize(ResizeOp op) {
    if (op.getKind() == ResizeMode::nearest)
      return none();
    // Neighbours along the dims that change size, a product and a sum for each.
    int64_t neighbours = op.getKind() == ResizeMode::linear ? 2 : 4, taps = 1;
    auto x = cast<RankedTensorType>(op.getX().getType()), y = cast<RankedTensorType>(op.getY().getType());
    for (auto [from, to] : llvm::zip(x.getShape(), y.getShape()))
      if (from != to || ShapedType::isDynamic(from))
        taps *= neighbours;
    return perElement(op.getY(), 2 * taps);
  }

  Dim gridSample(GridSampleOp op) {
    if (op.getKind() == ResizeMode::nearest)
      return none();
    int64_t taps = 1;
    for (int64_t i = 2; i < rule.rank(op.getX()); ++i)
      taps *= op.getKind() == ResizeMode::linear ? 2 : 4;
    return perElement(op.getY(), 2 * taps);
  }

  Dim roiAlign(RoiAlignOp op) {
    // Bilinear samples; as many as the region's size asks for where no number is given.
    int64_t samples = op.getSamplingRatio();
    return samples > 0 ? perElement(op.getY(), 8 * samples * samples) : Dim();
  }

  Dim recurrent(RecurrentOp op) {
    // Per step, sequence and direction: the gates' products with input and state, and the rest of a gate.
    Dim gates = rule.mul(rule.dim(op.getW(), 0), rule.dim(op.getW(), 1));
    Dim steps = rule.mul(rule.dim(op.getX(), 0), rule.dim(op.getX(), 1));
    Dim products = times(rule.add(rule.dim(op.getX(), 2), rule.constant(op.getHiddenSize())), 2);
    return rule.mul(rule.mul(steps, gates), rule.add(products, rule.constant(kGateOps)));
  }

  Dim recurrent(PackedRecurrentOp op) {
    Value panels = op.getPanels();
    Dim steps = rule.mul(rule.dim(op.getInput(), 0), rule.dim(op.getInput(), 1));
    Dim columns = rule.mul(rule.mul(rule.dim(panels, 0), rule.dim(panels, 1)), rule.dim(panels, 3));
    Dim depth = rule.constant(op.getHiddenSize());
    if (op.getInputPanels())
      depth = rule.add(depth, rule.dim(op.getInputPanels(), 1));
    return rule.mul(rule.mul(steps, columns), rule.add(times(depth, 2), rule.constant(kGateOps)));
  }

  /// Both products, the softmax, and what the region does to a score.
  Dim attention(AttentionOp op) {
    int64_t scoreOps = kSoftmaxOps;
    for (Operation &inner : op.getScore().front().without_terminator())
      scoreOps += !isa<ConstantOp>(inner);
    Dim queries = rule.mul(rule.dim(op.getQ(), 0), rule.dim(op.getQ(), op.getQByRow() ? 1 : 2));
    Dim keys = rule.dim(op.getK(), op.getKByRow() ? 1 : 2);
    Dim visible = rule.mul(queries, keys);
    // What lies above a diagonal is left out.
    if (auto rows = queries.known(), columns = keys.known(); op.getDiagonal() && rows && columns) {
      int64_t count = 0, steps = rule.dim(op.getQ(), op.getQByRow() ? 1 : 2).known().value_or(0);
      for (int64_t i = 0; i < steps; ++i)
        count += std::min<int64_t>(*columns, i + static_cast<int64_t>(*op.getDiagonal()) + 1);
      visible = times(rule.dim(op.getQ(), 0), count);
    }
    Dim scores = times(visible, op.getHeads());
    Dim products = times(rule.add(rule.dim(op.getQ(), 3), rule.dim(op.getV(), 3)), 2);
    return rule.mul(scores, rule.add(products, rule.constant(scoreOps)));
  }

  /// The pixels of a tensor [N,ceil(C/16),D1..Dn,16], of all images.
  Dim blockedPixels(Value v) {
    return rule.mul(rule.dim(v, 0), rule.product(ArrayRef(rule.dims(v)).drop_front(2).drop_back()));
  }

  Dim bottleneck(BlockedBottleneckOp o) {
    auto opsOf = [](Region &region) {
      int64_t count = 0;
      if (!region.empty())
        for (Operation &op : region.front().without_terminator())
          count += !isa<ConstantOp>(op);
      return count;
    };
    auto expanded = cast<RankedTensorType>(o.getExpanded().front().getArgument(0).getType());
    int64_t inner = 2 * llvm::product_of(o.getExpandKernel()) * o.getChannels() + opsOf(o.getExpanded()),
            outer = 2 * (llvm::product_of(o.getKernel()) + o.getProjectFilters().value_or(0)) + opsOf(o.getFiltered());
    int64_t pixels = llvm::product_of(expanded.getShape().slice(2, 2));
    return rule.add(times(rule.dim(o.getX(), 0), pixels * inner * o.getFilters()),
                    times(blockedPixels(o.getY()), outer * o.getFilters()));
  }

  /// 5 n log2 n for each of `count` transforms of a known length.
  Dim transforms(Dim count, Dim length) {
    auto n = length.known();
    if (!n || *n < 1)
      return Dim();
    return times(count, std::max<int64_t>(1, 5 * *n * llvm::Log2_64_Ceil(*n)));
  }

  Dim dft(DftOp op) {
    Dim length = rule.dim(op.getX(), op.getAxis());
    if (!length.known())
      return Dim();
    Dim perTransform = rule.mul(length, rule.dim(op.getX(), rule.rank(op.getX()) - 1));
    return transforms(rule.floorDiv(elements(op.getX()), perTransform), length);
  }

  Dim stft(StftOp op) {
    if (!op.getWindow())
      return Dim();
    return transforms(rule.mul(rule.dim(op.getY(), 0), rule.dim(op.getY(), 1)), rule.dim(op.getWindow(), 0));
  }

  Dim of(Operation *op) {
    return llvm::TypeSwitch<Operation *, Dim>(op)
        .Case<UnaryOp, BinaryOp, CompareOp, SelectOp>([&](auto o) { return elements(o.getY()); })
        .Case([&](MatMulOp o) { return matmul(o); })
        .Case<PackedMatMulOp, PackedByteMatMulOp>([&](auto o) {
          return times(rule.mul(elements(o.getY()), rule.dim(o.getA(), rule.rank(o.getA()) - 1)), 2);
        })
        .Case([&](ConvOp o) { return times(rule.mul(elements(o.getY()), weightsPerFilter(o.getW())), 2); })
        .Case([&](PackedConvOp o) {
          return times(rule.mul(elements(o.getY()), rule.dim(o.getPanels(), 2)), 2);
        })
        .Case([&](ConvTransposeOp o) {
          return times(rule.mul(elements(o.getX()), weightsPerFilter(o.getW())), 2);
        })
        .Case([&](EinsumOp o) { return einsum(o); })
        // Lanes behind the last filter are not counted.
        .Case([&](BlockedConvOp o) {
          Dim products = times(rule.dim(o.getPanels(), 2), 2 * o.getFilters());
          return rule.mul(blockedPixels(o.getY()), products);
        })
        .Case([&](BlockedByteConvOp o) {
          return times(blockedPixels(o.getY()), 2 * llvm::product_of(o.getKernel()) * o.getFilters() *
                                                    (o.getChannels() / o.getGroups()));
        })
        .Case([&](WinogradConvOp o) {
          return times(blockedPixels(o.getY()),
                       2 * llvm::product_of(o.getKernel()) * o.getFilters() * (o.getChannels() / o.getGroups()));
        })
        .Case([&](BlockedDepthwiseOp o) {
          return times(rule.mul(elements(o.getY()), rule.dim(o.getW(), 1)), 2);
        })
        .Case([&](BlockedBottleneckOp o) { return bottleneck(o); })
        .Case<PoolOp, MaxPoolWithIndicesOp, BlockedPoolOp>([&](auto o) {
          return perElement(o.getY(), llvm::product_of(o.getKernel()));
        })
        .Case([&](ResizeOp o) { return resize(o); })
        .Case([&](GridSampleOp o) { return gridSample(o); })
        .Case([&](RoiAlignOp o) { return roiAlign(o); })
        .Case<ReduceOp, ArgReduceOp, CumulativeOp>([&](auto o) { return elements(o.getX()); })
        .Case([&](AttentionOp o) { return attention(o); })
        .Case([&](SoftmaxOp o) { return perElement(o.getX(), kSoftmaxOps); })
        .Case([&](NormalizeOp o) {
          return perElement(o.getX(), o.getKind() == NormalizeKind::standard ? kStandardOps : kRmsOps);
        })
        .Case([&](LrnOp o) { return perElement(o.getX(), 2 * o.getSize() + 3); })
        .Case([&](RecurrentOp o) { return recurrent(o); })
        .Case([&](PackedRecurrentOp o) { return recurrent(o); })
        .Case([&](DftOp o) { return dft(o); })
        .Case([&](StftOp o) { return stft(o); })
        .Case([&](QuantizeOp o) { return perElement(o.getX(), 3); })
        .Case([&](DequantizeOp o) { return perElement(o.getX(), 2); })
        .Case<BlockChannelsOp, UnblockChannelsOp, PackPanelsOp, CastOp, BitcastOp, ConstantOp, ReshapeOp,
              SqueezeOp, UnsqueezeOp, FlattenOp, TransposeOp, ConcatOp, SplitOp, SliceOp, BroadcastToOp,
              TileOp, PadOp, GatherOp, GatherElementsOp, GatherNdOp, ScatterElementsOp, ScatterNdOp, OneHotOp,
              ShapeOfOp, FillOp, RangeOp, TriluOp, EyeLikeOp, ReverseSequenceOp, NonZeroOp, CompressOp,
              UniqueOp, MaxUnpoolOp, TopKOp>([&](auto) { return none(); })
        .Default([](Operation *) { return Dim(); });
  }
};

} // namespace

Dim flopsOf(Operation *op, ShapeRule &rule) { return Costs{rule}.of(op); }

Dim elementsRead(Operation *op, unsigned i, ShapeRule &rule) {
  Costs costs{rule};
  Dim all = costs.elements(op->getOperand(i));
  // These take a part of their first operand, each element of the result from one of its.
  if (i == 0 && isa<SliceOp, GatherOp, GatherElementsOp, GatherNdOp>(op))
    return rule.min(all, costs.elements(op->getResult(0)));
  return all;
}

} // namespace nnc::nn
