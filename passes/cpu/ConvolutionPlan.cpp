#include "passes/cpu/ConvolutionPlan.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/TilePlan.h"
#include "passes/cpu/WinogradPlan.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/graph/Constants.h"
#include "passes/graph/WindowPads.h"
#include "passes/lower/PixelPatches.h"

using namespace mlir;

namespace nnc {

namespace {

/// What decides: the outputs, the channels and filters, the kernel and its dilations.
struct Size {
  int64_t rows, columns, channels, filters, kernelRows, kernelColumns, rowDilation, columnDilation;
  /// Taps of a row, and of a column, that meet something else than padding, over all outputs.
  int64_t rowTaps, columnTaps;

  int64_t taps() const { return kernelRows * kernelColumns; }
  bool isDilated() const { return rowDilation > 1 || columnDilation > 1; }
};

/// Cycles where so many weights are asked for ahead, which come from memory at 6 bytes a cycle: the longer of products
/// and weights hides most of the other.
double overlapped(double products, double weights) {
  double fetching = weights * sizeof(float) / 6;
  return std::max(products, fetching) + 0.3 * std::min(products, fetching);
}

/// Cycles with AVX-512, two multiply-adds of 16 lanes each. AVX2 needs twice the cycles for the arithmetic of all.
double directCycles(Size s) {
  double blocks = nn::blocksOf(s.filters);
  // The empty half of a block is left out (planBlockedConv). A larger tile gains little by that.
  if (s.filters <= nn::kBlock / 2)
    blocks = 0.7;
  double filters = s.channels * blocks;
  // Near taps save nothing where they meet padding, far ones are left out.
  double taps = s.isDilated() ? s.rowTaps * s.columnTaps : s.rows * s.columns * s.taps();
  // Rows shorter than a tile leave registers empty; those of two tiles lose something, too.
  double ofPeak = s.taps() == 1 || s.columns >= 24 ? 0.93 : s.columns < 12 ? 0.72 : 0.85;
  return overlapped(taps * filters / 2 / ofPeak, s.taps() * filters * nn::kBlock);
}

/// What an extent of an image, or of a signal, is taken for that only the run knows. Networks halve images where they
/// double channels: of 60 pixels at 64 channels 15 are left at 256.
int64_t nominalExtent(int64_t dims, int64_t channels) {
  return dims == 1 ? 512 : std::clamp<int64_t>(3840 / channels, 8, 28);
}

/// Cycles for the transforms of a piece, 16 channels of its inputs and as many of its outputs.
double transformCycles(const winograd::ImageFiltering &f) {
  if (f.stride() == 2 || f.down.taps == 1 || f.across.taps == 1)
    return 2 * f.points();
  auto ofPoint = [](const winograd::Filtering &along) {
    return along.outputs == 1 ? 0 : along.outputs == 2 && along.taps <= 3 ? 0.7 : 1;
  };
  return (2 + ofPoint(f.down) + ofPoint(f.across)) * f.points();
}

/// What part of its time the multiplications of a filtering are.
double productsOfPeak(const winograd::ImageFiltering &f, int64_t channels) {
  if (f.stride() == 1 || f.down.taps == 1 || f.across.taps == 1)
    return 0.85;
  int64_t outputs = f.down.outputs * f.across.outputs;
  // Of many channels 81 points leave the second-level cache.
  if (outputs == 16)
    return 0.85 - 0.25 * std::clamp(channels / 64.0 - 1, 0.0, 1.0);
  return outputs == 2 ? 0.82 : outputs == 4 && f.down.outputs == 2 ? 0.82 : 0.65;
}

double winogradCycles(Size s, const WinogradChoice &choice) {
  const winograd::ImageFiltering &f = choice.filtering;
  double blocks = nn::blocksOf(s.filters), ofPeak = productsOfPeak(f, s.channels);
  winograd::Pieces rows{s.rows, f.down, s.rowDilation}, columns{s.columns, f.across, s.columnDilation};
  double pieces = rows.count() * columns.count();
  auto pointsAlong = [&](const winograd::Pieces &cut) {
    return static_cast<double>(s.isDilated() ? cut.count() * cut.filtering.points() : cut.points());
  };
  // With a stride the rows of points from the third on share a row of weights, which has left the cache again.
  int64_t perChannel = choice.fromTaps ? s.taps() : f.down.points() * f.across.weights();
  double weights = perChannel * s.channels * blocks * nn::kBlock;
  // Measured with 16 to 512 channels and distances of 2 to 12: pixels that lie apart in many planes take so much longer to
  // come together.
  double apart = s.isDilated() && s.channels > 64 ? 3 : 1;
  double transforms = pieces * (nn::blocksOf(s.channels) + blocks) * transformCycles(f) * apart;
  if (choice.fromTaps)
    transforms += weightCycles(f.weights()) * s.channels * blocks;
  return overlapped(pointsAlong(rows) * pointsAlong(columns) * s.channels * blocks / 2 / ofPeak, weights) + transforms;
}

/// The size of one group, if it had so many channels and filters.
Size sizeOf(nn::ConvOp op, int64_t channels, int64_t filters) {
  auto w = cast<RankedTensorType>(op.getW().getType()), x = cast<RankedTensorType>(op.getX().getType()),
       y = cast<RankedTensorType>(op.getY().getType());
  ArrayRef<int64_t> kernel = w.getShape().drop_front(2), apart = op.getDilations();
  int64_t n = kernel.size();
  SmallVector<int64_t> pads = explicitPads(op, kernel);
  auto outputs = [&](int64_t i) {
    return y.isDynamicDim(2 + i) ? nominalExtent(n, y.getDimSize(1)) : y.getDimSize(2 + i);
  };
  auto inside = [&](int64_t i) {
    if (y.isDynamicDim(2 + i) || x.isDynamicDim(2 + i))
      return outputs(i) * kernel[i];
    SpatialWindow window{x.getDimSize(2 + i), y.getDimSize(2 + i), kernel[i],    op.getStrides()[i],
                         apart[i],            pads[i],             pads[n + i]};
    return window.tapsInside();
  };
  // A signal is one row; where a dim has no taps their distance has no meaning.
  auto dilation = [&](int64_t i) { return kernel[i] == 1 ? 1 : apart[i]; };
  bool isSignal = n == 1;
  return {isSignal ? 1 : outputs(0),
          outputs(n - 1),
          channels,
          filters,
          isSignal ? 1 : kernel[0],
          kernel[n - 1],
          isSignal ? 1 : dilation(0),
          dilation(n - 1),
          isSignal ? 1 : inside(0),
          inside(n - 1)};
}

/// Whether the kernel may compute the weights: of whole blocks of channels, where they would not stay in the caches and
/// a known number of pieces shares them.
bool mayComputeWeights(nn::ConvOp op, const Size &size, const winograd::ImageFiltering &f) {
  int64_t weights = f.weights() * size.channels * nn::blocksOf(size.filters) * nn::kBlock;
  return size.channels % nn::kBlock == 0 && weights * int64_t(sizeof(float)) > kMostCachedWeights &&
         cast<RankedTensorType>(op.getY().getType()).hasStaticShape();
}

/// What takes the least time for a group of such a size, less than `most` cycles.
std::optional<WinogradChoice> choiceBelow(double most, nn::ConvOp op, const Size &size) {
  ArrayRef<int64_t> kernel = cast<RankedTensorType>(op.getW().getType()).getShape().drop_front(2);
  int64_t n = kernel.size(), taps = *llvm::max_element(kernel), stride = op.getStrides()[0];
  if (n > 2 || llvm::any_of(kernel, [&](int64_t k) { return k != taps && k != 1; }) ||
      !llvm::all_equal(op.getStrides()) || size.channels < 8)
    return std::nullopt;
  bool hasDimWithout = llvm::is_contained(kernel, 1);
  bool isDilated = llvm::any_of(op.getDilations(), [](int64_t distance) { return distance > 1; });
  if (stride == 1 ? taps != 2 && taps != 3 && taps != 5 : stride != 2 || taps != 3 || hasDimWithout || isDilated)
    return std::nullopt;
  // 4 outputs of 5 taps would need points whose powers lose too much.
  SmallVector<int64_t> perDim = taps == 5 ? SmallVector<int64_t>{2, 1} : SmallVector<int64_t>{4, 2, 1}, one{1};
  SmallVector<SmallVector<int64_t>> candidates;
  for (int64_t down : n == 2 && kernel[0] > 1 ? perDim : one)
    for (int64_t across : kernel.back() > 1 ? perDim : one)
      // A piece of a single output takes as many products as summing directly.
      if (down * across > 1)
        candidates.push_back(n == 1 ? SmallVector<int64_t>{across} : SmallVector<int64_t>{down, across});
  std::optional<WinogradChoice> chosen;
  for (ArrayRef<int64_t> outputs : candidates)
    for (bool fromTaps : {false, true}) {
      WinogradChoice choice{{outputs, kernel, stride}, fromTaps};
      if (fromTaps && !mayComputeWeights(op, size, choice.filtering))
        continue;
      double cycles = winogradCycles(size, choice);
      // Fewer weights need a reason: the products of some take longer for them.
      if (fromTaps)
        cycles *= 1.03;
      // What only the run knows is packed in every run: some cycles for the weight of a channel at a point, or the tap.
      if (!constantValue(op.getW()))
        cycles += 1.5 * (fromTaps ? size.taps() : choice.filtering.weights()) * size.channels * size.filters;
      if (cycles < most && choice.filtering.estimatedError(size.channels) < 1e-5) {
        most = cycles;
        chosen = choice;
      }
    }
  return chosen;
}

} // namespace

std::optional<WinogradChoice> planWinograd(nn::ConvOp op) {
  auto w = cast<RankedTensorType>(op.getW().getType());
  int64_t channels = w.getDimSize(1), groups = op.getGroups(), filters = w.getDimSize(0) / groups;
  if (w.getRank() > 4 || (groups > 1 && (channels % nn::kBlock || filters % nn::kBlock)))
    return std::nullopt;
  Size size = sizeOf(op, channels, filters);
  return choiceBelow(0.9 * directCycles(size), op, size);
}

bool paysMergingGroups(nn::ConvOp op) {
  auto w = cast<RankedTensorType>(op.getW().getType());
  int64_t channels = w.getDimSize(1), filters = w.getDimSize(0) / op.getGroups();
  if (w.getRank() > 4)
    return false;
  Size size = sizeOf(op, 2 * channels, 2 * filters);
  // Outputs of a group that are gathered into vectors (nn.packed_conv) take 85% of the multipliers.
  double oneByOne = 2.0 * size.rows * size.columns * size.taps() * channels * filters / nn::kBlock / 2 / 0.85;
  return choiceBelow(0.9 * oneByOne, op, size).has_value();
}

bool liesWithinVector(int64_t channels, int64_t filters) {
  return channels == filters && llvm::is_contained({1, 2, 4, 8}, channels);
}

bool fillsBlocks(int64_t filters, int64_t taps, int64_t columns, bool byWinograd) {
  // Rows of outputs of up to four filters are faster, if they fill a vector (lower/Conv.cpp). Measured with 64
  // channels: Winograd's algorithm in blocks as fast as rows for 3 filters; with 4 filters over 15 columns blocks reach
  // 20% of peak.
  bool areMany = ShapedType::isDynamic(columns) || columns >= 32, areFew = !areMany && columns < 16;
  return filters > 4 || (filters > 2 && (byWinograd || !areMany)) || (taps > 1 && columns > 1 && areFew);
}

bool fitsPatches(RankedTensorType x, RankedTensorType y, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                 ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations, int64_t pixelBytes) {
  constexpr int64_t mostBytes = 4 << 20;
  BlockedGeometry geometry(x, y, kernel, strides, pads, dilations);
  return geometry.isKnown() || PixelPatches(geometry, pixelBytes).copiedBytes <= mostBytes;
}

/// What a tensor may take that is written for the next convolution. In the second-level cache it is read in no time;
/// more comes from memory that the weights of a whole network have taken the place of in the caches, and costs that
/// again with every layer whose tensors lie somewhere else.
constexpr int64_t kNearCache = 1 << 20;

bool fusesExpansion(int64_t bytes, int64_t weightBytes) {
  // Each row reads all the weights again: they stay in the second-level cache beside the rows, or reading them costs
  // more than the tensor that is never written.
  constexpr int64_t kMostWeights = 512 << 10;
  return bytes > kNearCache && weightBytes <= kMostWeights;
}

bool fusesProjection(int64_t bytes, int64_t weightBytes, int64_t keptBytes) {
  // Here, too, each row reads all the weights again, and takes all channels at once.
  constexpr int64_t kMostWeights = 128 << 10;
  return bytes > kNearCache && weightBytes <= kMostWeights && keptBytes <= kRingBytes;
}

} // namespace nnc
