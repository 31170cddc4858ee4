#include "passes/cpu/BlockedWeights.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {

using nn::blocksOf;
using nn::kBlock;
using nn::kByteStep;

/// A constant of f32 whose elements `fill` writes into zeros.
static ElementsAttr makeConstant(ArrayRef<int64_t> shape, MLIRContext *context,
                                 llvm::function_ref<void(MutableArrayRef<float> to)> fill) {
  auto type = RankedTensorType::get(shape, Float32Type::get(context));
  std::vector<char> bytes(type.getNumElements() * sizeof(float), 0);
  fill({reinterpret_cast<float *>(bytes.data()), size_t(type.getNumElements())});
  return constantFromBytes(type, std::move(bytes));
}

ElementsAttr packDirect(const Elements &weight, WeightShape s, bool plain, MLIRContext *context) {
  int64_t perGroup = s.filters / s.groups, panels = blocksOf(perGroup), depth = s.taps * s.channels;
  return makeConstant({s.groups, panels, depth, kBlock}, context, [&](MutableArrayRef<float> to) {
    for (int64_t filter = 0; filter < s.filters; ++filter) {
      int64_t group = filter / perGroup, m = filter % perGroup;
      float *panel = to.data() + (group * panels + m / kBlock) * depth * kBlock + m % kBlock;
      for (int64_t c = 0; c < s.channels; ++c) {
        int64_t block = plain ? 1 : std::min(kBlock, s.channels - c / kBlock * kBlock);
        int64_t first = plain ? c * s.taps : c / kBlock * kBlock * s.taps + c % kBlock;
        for (int64_t t = 0; t < s.taps; ++t)
          panel[(first + t * block) * kBlock] = weight.f32((filter * s.channels + c) * s.taps + t);
      }
    }
  });
}

ElementsAttr packDirectBytes(const Elements &weight, WeightShape s, Type element) {
  int64_t perGroup = s.filters / s.groups, panels = blocksOf(perGroup),
          steps = llvm::divideCeil(s.channels, kByteStep);
  auto type = RankedTensorType::get({s.groups, panels, s.taps * steps, kBlock, kByteStep}, element);
  std::vector<char> to(type.getNumElements(), 0);
  for (int64_t filter = 0; filter < s.filters; ++filter) {
    int64_t group = filter / perGroup, m = filter % perGroup;
    char *panel =
        to.data() + ((group * panels + m / kBlock) * s.taps * steps * kBlock + m % kBlock) * kByteStep;
    for (int64_t c = 0; c < s.channels; ++c) {
      int64_t first = c / kBlock * kBlock,
              block = llvm::divideCeil(std::min(kBlock, s.channels - first), kByteStep);
      int64_t row = first / kByteStep * s.taps + c % kBlock / kByteStep;
      for (int64_t t = 0; t < s.taps; ++t)
        panel[(row + t * block) * kBlock * kByteStep + c % kByteStep] =
            static_cast<char>(weight.i32((filter * s.channels + c) * s.taps + t));
    }
  }
  return constantFromBytes(type, to);
}

ElementsAttr packWeightSums(const Elements &weight, WeightShape s, int64_t factor,
                            std::optional<Elements> more, MLIRContext *context) {
  auto type = RankedTensorType::get({blocksOf(s.filters), kBlock}, IntegerType::get(context, 32));
  std::vector<int32_t> sums(type.getNumElements(), 0);
  for (int64_t filter = 0, size = s.channels * s.taps; filter < s.filters; ++filter) {
    int64_t sum = 0;
    for (int64_t i = 0; i < size; ++i)
      sum += weight.i32(filter * size + i);
    sums[filter] = static_cast<int32_t>(factor * sum + (more ? more->i32(filter) : 0));
  }
  return constantFromBytes(
      type, ArrayRef(reinterpret_cast<const char *>(sums.data()), sums.size() * sizeof(int32_t)));
}

ElementsAttr packWinograd(const Elements &weight, WeightShape s, winograd::ImageFiltering f, MLIRContext *context) {
  int64_t panels = blocksOf(s.filters), rows = f.down.taps, columns = f.across.taps;
  return makeConstant({f.weights(), panels, s.channels, kBlock}, context, [&](MutableArrayRef<float> to) {
    for (int64_t m = 0; m < s.filters; ++m)
      for (int64_t c = 0; c < s.channels; ++c) {
        // Along rows, then along the columns of the result.
        double half[5][6], weights[6], taps[5];
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t column = 0; column < columns; ++column)
            taps[column] = weight.f32(((m * s.channels + c) * rows + row) * columns + column);
          winograd::transformFilter(f.across, ArrayRef(taps, columns), half[row]);
        }
        for (int64_t j = 0; j < f.across.weights(); ++j) {
          for (int64_t row = 0; row < rows; ++row)
            taps[row] = half[row][j];
          winograd::transformFilter(f.down, ArrayRef(taps, rows), weights);
          for (int64_t i = 0; i < f.down.weights(); ++i)
            to[(((i * f.across.weights() + j) * panels + m / kBlock) * s.channels + c) * kBlock + m % kBlock] =
                static_cast<float>(weights[i]);
        }
      }
  });
}

ElementsAttr packTaps(const Elements &weight, WeightShape s, MLIRContext *context) {
  int64_t rows = s.channels * s.taps;
  return makeConstant({blocksOf(s.filters), s.channels, s.taps, kBlock}, context, [&](MutableArrayRef<float> to) {
    for (int64_t m = 0; m < s.filters; ++m)
      for (int64_t i = 0; i < rows; ++i)
        to[(m / kBlock * rows + i) * kBlock + m % kBlock] = weight.f32(m * rows + i);
  });
}

ElementsAttr packDepthwise(const Elements &weight, WeightShape s, MLIRContext *context) {
  int64_t rows = s.taps * s.channels;
  return makeConstant({blocksOf(s.filters), rows, kBlock}, context, [&](MutableArrayRef<float> to) {
    for (int64_t m = 0; m < s.filters; ++m)
      for (int64_t c = 0; c < s.channels; ++c)
        for (int64_t t = 0; t < s.taps; ++t)
          to[(m / kBlock * rows + t * s.channels + c) * kBlock + m % kBlock] =
              weight.f32((m * s.channels + c) * s.taps + t);
  });
}

ElementsAttr packLanes(const Elements &values, int64_t channels, MLIRContext *context) {
  return makeConstant({blocksOf(channels), kBlock}, context, [&](MutableArrayRef<float> to) {
    for (int64_t c = 0; c < channels; ++c)
      to[c] = values.f32(c);
  });
}

} // namespace nnc
