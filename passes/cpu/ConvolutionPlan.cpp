#include "passes/cpu/ConvolutionPlan.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/graph/Constants.h"
#include "passes/lower/BlockedGeometry.h"

using namespace mlir;

namespace nnc {

namespace {

/// What decides: the outputs, the channels and filters, the side of the kernel and its dilations.
struct Size {
  int64_t rows, columns, channels, filters, taps, rowDilation, columnDilation;
  /// Taps of a row, and of a column, that meet something else than padding, over all outputs.
  int64_t rowTaps, columnTaps;
};

/// Cycles where weights are asked for ahead: the longer of products and weights hides most of the other.
double overlapped(double products, double weights) {
  return std::max(products, weights) + 0.3 * std::min(products, weights);
}

/// Cycles with AVX-512, two multiply-adds of 16 lanes each; weights come from beyond the second-level cache
/// at 8 bytes a cycle. AVX2 needs twice the cycles for the arithmetic of all.
double directCycles(Size s) {
  double blocks = nn::blocksOf(s.filters), filters = s.channels * blocks;
  // Near taps save nothing where they meet padding, far ones are left out.
  bool isFar = s.rowDilation > 1 || s.columnDilation > 1;
  double taps = isFar ? s.rowTaps * s.columnTaps : s.rows * s.columns * s.taps * s.taps;
  return overlapped(taps * filters / 2 / 0.93, s.taps * s.taps * filters * nn::kBlock * 4 / 8);
}

double winogradCycles(Size s, winograd::Filtering f) {
  double blocks = nn::blocksOf(s.filters), transform = f.outputs == 4 || f.taps == 5 ? 145 : 55;
  // Strided pieces of 2 x 2 use most weights twice or four times.
  double ofPeak = f.stride == 2 && f.outputs == 2 ? 0.9 : 0.85;
  winograd::Pieces rows{s.rows, f, s.rowDilation}, columns{s.columns, f, s.columnDilation};
  double pieces = rows.count() * columns.count();
  bool mayBeShort = s.rowDilation == 1 && s.columnDilation == 1;
  auto pointsAlong = [&](const winograd::Pieces &cut) {
    bool endsShort = mayBeShort && cut.endsShort();
    return static_cast<double>(cut.count() * f.points() - (endsShort ? f.otherPoints().size() : 0));
  };
  double weights = f.weights() * f.weights() * s.channels * blocks * nn::kBlock * 4 / 8;
  return overlapped(pointsAlong(rows) * pointsAlong(columns) * s.channels * blocks / 2 / ofPeak, weights) +
         pieces * (nn::blocksOf(s.channels) + blocks) * transform;
}

} // namespace

std::optional<winograd::Filtering> winogradFiltering(nn::ConvOp op) {
  auto w = cast<RankedTensorType>(op.getW().getType()), y = cast<RankedTensorType>(op.getY().getType());
  int64_t taps = w.getDimSize(w.getRank() - 1), stride = op.getStrides()[0];
  if (w.getRank() != 4 || w.getDimSize(2) != taps || op.getGroups() != 1 || op.getStrides()[1] != stride ||
      w.getDimSize(1) < 8)
    return std::nullopt;
  ArrayRef<int64_t> apart = op.getDilations();
  // 4 outputs of 5 taps would need points whose powers lose too much.
  SmallVector<winograd::Filtering> candidates;
  if (stride == 1 && taps == 3)
    candidates = {{4, 3}, {2, 3}};
  else if (stride == 1 && taps == 5)
    candidates = {{2, 5}};
  else if (stride == 2 && taps == 3 && apart[0] == 1 && apart[1] == 1)
    candidates = {{4, 3, 2}, {2, 3, 2}};
  auto x = cast<RankedTensorType>(op.getX().getType());
  SmallVector<int64_t> pads = explicitPads(op, w.getShape().drop_front(2));
  auto inside = [&](int64_t i) {
    StaticWindow window{x.getDimSize(2 + i), y.getDimSize(2 + i), taps, stride, apart[i], pads[i], pads[2 + i]};
    return window.tapsInside();
  };
  Size size{y.getDimSize(2), y.getDimSize(3), w.getDimSize(1), w.getDimSize(0), taps,
            apart[0],        apart[1],        inside(0),       inside(1)};
  double best = 0.9 * directCycles(size);
  std::optional<winograd::Filtering> chosen;
  for (winograd::Filtering filtering : candidates) {
    double cycles = winogradCycles(size, filtering);
    // What only the run knows is transformed in every run: some cycles for the weight of a channel at a point.
    if (!constantValue(op.getW()))
      cycles += 1.5 * filtering.weights() * filtering.weights() * size.channels * size.filters;
    if (cycles < best && filtering.estimatedError(size.channels) < 1e-5) {
      best = cycles;
      chosen = filtering;
    }
  }
  return chosen;
}

bool fillsBlocks(int64_t filters, int64_t taps, int64_t columns, bool byWinograd) {
  // Rows of outputs of up to four filters are faster, if they fill a vector (lower/Conv.cpp). Measured with 64 channels:
  // Winograd's algorithm in blocks as fast as rows for 3 filters; with 4 filters over 15 columns blocks reach 20% of peak.
  return filters > 4 || (filters > 2 && (byWinograd || columns < 32)) || (taps > 1 && columns > 1 && columns < 16);
}

bool fusesExpansion(int64_t expanded) {
  // What lies in the second-level cache, or in the next one not far from it, is read in no time; two kernels
  // then have the better tiles. Measured with 0.6, 1.8 and 4.8 MB: the last gains.
  constexpr int64_t kCache = 3 << 20;
  return expanded * 4 > kCache;
}

} // namespace nnc
