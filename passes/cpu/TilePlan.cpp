#include "passes/cpu/TilePlan.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/ItemBalance.h"
#include "passes/cpu/MatrixUnit.h"
#include "passes/cpu/TileCosts.h"

#include <numeric>

using namespace mlir;

namespace nnc {

namespace {

/// Bytes of a block that shall stay in the second-level cache, with room for what streams by.
constexpr int64_t kFarCache = 192 << 10;

/// Registers that accumulators may take: the rest is for the vectors of the step and a broadcast. AVX2 has 16
/// registers; AVX-512, NEON and RVV have 32.
int64_t accumulators(const KernelTarget &target) { return target.vectorBits == 256 ? 12 : 24; }

int64_t lanesOf(const KernelTarget &target, Type element) {
  return std::max<int64_t>(1, target.vectorBits / std::max(32u, element.getIntOrFloatBitWidth()));
}

/// Sums longer than a tile's rows have room for in `nearBytes` are cut: into blocks of `rowBytes` of each of `rows`
/// rows, past which so many tiles' panels run.
struct CutSums {
  int64_t nearBytes, rowBytes, rows, tiles;
};

/// Where there is no AVX-512 the first-level cache has 32 KB, and the second-level one 512 KB, of which parts of rows get
/// less the less of a page they are: their place there is the page's. (Measured on Zen 2, 2048 x 2048 x 2048: blocks of
/// 144 rows by 512 steps reach 84% of peak, of 48 by 1024 92%.) The more rows there are, the less often panels come from
/// beyond. (Measured on Zen 3 while other guests used its third-level cache, 128 to 1024 rows by 3072 or 4096 steps: 72
/// rows by 768 steps take 0.93 to 0.98 of the time of 48 by 1024.)
CutSums cutSumsFor(const KernelTarget &target) {
  return target.vectorBits == 256 ? CutSums{32 << 10, 3072, 72, 24} : CutSums{kNearCache, 3072, 144, 12};
}

} // namespace

bool collide(int64_t rows, int64_t distance) {
  constexpr int64_t page = 4096, line = 64, mostInSet = 6;
  int64_t apart = std::max<int64_t>(std::gcd(distance, page), line);
  return llvm::divideCeil(rows, page / apart) > mostInSet;
}

int64_t panelsOfColliding(int64_t panels, int64_t otherwise) {
  return panels % 3 == 0 ? 3 : panels % 4 == 0 ? 4 : otherwise;
}

MatMulPlan planMatMul(const KernelTarget &target, Type element, const MatMulSize &size) {
  const auto &[rows, depth, columns, batch, pairs, cached, leftBytes, words, leastRows] = size;
  constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns;
  MatMulPlan plan;
  plan.lanes = std::min(lanesOf(target, element), width);
  int64_t perPanel = width / plan.lanes, room = accumulators(target);
  // Pairs and words that must be taken apart need registers of their own.
  if ((pairs && !target.brainPairs) || (words && target.vectorBits == 256))
    room = room * 2 / 3;
  int64_t panels = llvm::divideCeil(columns, width), steps = std::max<int64_t>(1, depth.value_or(512));
  int64_t bytes = std::max<int64_t>(4, element.getIntOrFloatBitWidth() / 8);
  // Two vectors a row suffice to keep the multipliers busy; wider tiles would only read the left factor less
  // often.
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.rows = std::max<int64_t>(1, room / (plan.panels * perPanel));
  bool isFewRows = rows && *rows < plan.rows;
  // Rows that evict each other are taken fewer at a time, with more panels; and others where two multipliers are busy
  // with 35 instructions a step in place of 38, which count where another thread has half of what the core starts.
  bool sparesInstructions = target.twoMultipliers && !pairs && steps > 8 && panels % 3 == 0;
  if (panels >= 3 && leftBytes && !isFewRows && (sparesInstructions || collide(plan.rows, *leftBytes))) {
    plan.panels = panelsOfColliding(panels, 3);
    plan.rows = room / (plan.panels * perPanel);
  }
  // Tiles of even heights instead of a low last one: 8 = 4 + 4.
  if (rows && *rows > 0)
    plan.rows = llvm::divideCeil(*rows, llvm::divideCeil(*rows, plan.rows));
  plan.depthBlock = steps;
  plan.prefetchBytes = 0;
  if (isFewRows) {
    // More panels side by side, so that enough sums are under way at once; not too many, since what does not
    // fill a tile goes panel by panel, and sums in parts make up for the rest. Every panel is read once:
    // nothing to block.
    int64_t most = std::max<int64_t>(1, room / (words ? 2 : 1) / perPanel / plan.rows);
    plan.panels = std::min(std::clamp<int64_t>(most, 1, 4), panels);
    // From the third-level cache panels come faster if they are asked for; from memory they do not, the machine asks
    // for what follows by itself, and from the second-level cache they come in time. Asking far ahead helps some
    // machines (Zen 5) and gets in the way of what others fetch by themselves (Zen 4), but not where the panels are
    // more than those keep track of.
    if (cached && !words && panels * width * steps * bytes > 2 * kFarCache) {
      bool isMany = most >= 8 && panels % 8 == 0;
      plan.panels = isMany ? 8 : plan.panels;
      plan.aheadBytes = isMany ? 640 : 320;
    }
    plan.rowBlock = plan.rows;
    plan.panelBlock = plan.panels;
    return plan;
  }
  plan.panels = std::min(plan.panels, panels);
  // The rows of a tile stay in the first-level cache while the panels of the item run past them.
  const CutSums cut = cutSumsFor(target);
  int64_t nearSteps = cut.nearBytes / bytes / plan.rows;
  if (depth && steps > nearSteps) {
    int64_t blocks = llvm::divideCeil(steps, std::min(nearSteps, cut.rowBytes / bytes));
    plan.depthBlock = llvm::alignTo(llvm::divideCeil(steps, blocks), 16);
  }
  // The panels of the item stay in the second-level cache while its rows run past them, beside the next ones
  // that are fetched meanwhile. Where sums are cut, the rows and the sums stay there instead, and the panels
  // run past.
  bool isCut = depth && plan.depthBlock < steps;
  int64_t most = std::max<int64_t>(1, kFarCache * 5 / 3 / (plan.depthBlock * width * bytes) / plan.panels);
  int64_t tiles = llvm::divideCeil(panels, plan.panels),
          perItem = isCut ? cut.tiles : std::clamp<int64_t>(most, 1, 16);
  int64_t rowTiles = llvm::divideCeil(rows ? *rows : std::max(8 * plan.rows, leastRows), plan.rows);
  int64_t rowBlocks = llvm::divideCeil(rowTiles, (isCut ? cut.rows : 192) / plan.rows);
  // Panels that the second-level cache keeps need not be read one after another. Few blocks of rows are no halves.
  plan.rowsFirst = depth && panels * width * *depth * bytes <= 2 * kFarCache && rowBlocks >= 4;
  // Enough items for several threads, and an even number of them.
  auto items = [&, batch = batch](int64_t n) { return llvm::divideCeil(tiles, n) * rowBlocks * batch; };
  while (perItem > 2 && items(perItem) < (isCut ? 4 : 8))
    --perItem;
  if (int64_t blocks = llvm::divideCeil(tiles, perItem);
      rowBlocks * batch % 2 != 0 && blocks % 2 != 0 && blocks < 16)
    perItem = llvm::divideCeil(tiles, blocks + 1);
  // Few columns are one item, unless its rows are shared.
  constexpr int64_t worthSharing = 1 << 20;
  if (rows && rowTiles > 1 && items(perItem) == 1 && *rows * columns * steps >= worthSharing)
    rowBlocks = 2;
  plan.panelBlock = plan.panels * llvm::divideCeil(tiles, llvm::divideCeil(tiles, perItem));
  plan.rowBlock = plan.rows * llvm::divideCeil(rowTiles, rowBlocks);
  if (rows && batch == 1 && *rows * columns * steps >= worthSharing)
    balanceItems(plan, *rows, panels, /*mayGoByRows=*/depth && panels * width * steps * bytes <= 4 * kFarCache);
  int64_t tilesPerItem = std::min(rowTiles, plan.rowBlock / plan.rows);
  plan.prefetchBytes =
      tilesPerItem > 1 ? llvm::PowerOf2Ceil(llvm::divideCeil(width * bytes, tilesPerItem)) : 0;
  // Panels come from the second-level cache. At two multiply-adds a cycle a step is over before they are there, and its
  // 42 instructions are more than half a core starts in that time. (LLVM makes one turn of two, its scalars in memory.)
  if (target.twoMultipliers && !pairs && steps > 8) {
    plan.aheadBytes = 8 * width * bytes;
    plan.unroll = 4;
  }
  if (target.vectorBits == 256 && !pairs && !words && steps > 8)
    plan.unroll = 2 * stepsOfTurn(target);
  return plan;
}

bool takesMatrixUnit(const KernelTarget &target, std::optional<int64_t> rows, std::optional<int64_t> depth) {
  // It takes as long for fewer rows than a tile has, which vectors are done with sooner.
  constexpr int64_t fewestRows = 6;
  return target.matrixUnit && depth && *depth > 0 && (!rows || *rows >= fewestRows);
}

ByteMatMulPlan planByteMatMul(const KernelTarget &target, std::optional<int64_t> rows,
                              std::optional<int64_t> depth, int64_t columns) {
  constexpr int64_t width = nn::PackedByteMatMulOp::kPanelColumns;
  ByteMatMulPlan plan;
  plan.lanes = std::min<int64_t>(target.vectorBits / 32, width);
  int64_t perPanel = width / plan.lanes, panels = llvm::divideCeil(columns, width);
  // Bytes that must be widened take registers of their own: two or four for every vector of the step.
  int64_t room = target.byteSums == 4       ? accumulators(target)
                 : target.vectorBits == 256 ? 8
                                            : target.vectorBits / 32 + 4;
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.rows = std::max<int64_t>(1, room / (plan.panels * perPanel));
  bool hasUnit = takesMatrixUnit(target, rows, depth), isFewRows = !hasUnit && rows && *rows < plan.rows;
  if (hasUnit) {
    plan.panels = MatrixUnit::kMostPanels;
    plan.rows = MatrixUnit::kMostRows;
  } else if (rows && *rows > 0) {
    plan.rows = llvm::divideCeil(*rows, llvm::divideCeil(*rows, plan.rows));
  }
  if (isFewRows) {
    plan.panels = std::min(std::clamp<int64_t>(room / perPanel / plan.rows, 1, 4), panels);
    plan.rowBlock = plan.rows;
    plan.panelBlock = plan.panels;
    return plan;
  }
  plan.panels = std::min(plan.panels, panels);
  // The panels of an item stay in the second-level cache while its rows run past them.
  int64_t bytes = std::max<int64_t>(1, depth.value_or(512)) * width * plan.panels;
  int64_t tiles = llvm::divideCeil(panels, plan.panels),
          perItem = std::clamp<int64_t>(2 * kFarCache / bytes, 1, 16);
  int64_t rowTiles = rows ? llvm::divideCeil(*rows, plan.rows) : 8;
  int64_t rowBlocks = llvm::divideCeil(rowTiles, std::max<int64_t>(1, 192 / plan.rows));
  while (perItem > 2 && llvm::divideCeil(tiles, perItem) * rowBlocks < 8)
    --perItem;
  plan.panelBlock = plan.panels * llvm::divideCeil(tiles, llvm::divideCeil(tiles, perItem));
  plan.rowBlock = plan.rows * llvm::divideCeil(rowTiles, rowBlocks);
  return plan;
}

std::string describe(const MatMulPlan &plan) {
  constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns;
  std::string text;
  llvm::raw_string_ostream(text) << "registers hold " << plan.rows << " x " << plan.panels * width
                                 << " sums, an item is " << plan.rowBlock << " x " << plan.panelBlock * width;
  return text;
}

DirectMatMulPlan planDirectMatMul(const KernelTarget &target, Type element, std::optional<int64_t> rows) {
  DirectMatMulPlan plan;
  plan.lanes = lanesOf(target, element);
  plan.rows = 4;
  // All of a few rows, so that the right factor is read once, or parts of about as many.
  if (int64_t most = accumulators(target) / 2; rows && *rows > 0)
    plan.rows = llvm::divideCeil(*rows, llvm::divideCeil(*rows, most));
  plan.vectors = std::min<int64_t>(8, accumulators(target) / plan.rows);
  plan.columnBlock = plan.vectors * plan.lanes * 4;
  return plan;
}

AttentionPlan planAttention(const KernelTarget &target, std::optional<int64_t> rows,
                            std::optional<int64_t> keys, int64_t size, int64_t valueSize, int64_t heads) {
  constexpr int64_t width = nn::PackedMatMulOp::kPanelColumns, bytes = 4;
  AttentionPlan plan;
  plan.lanes = std::min<int64_t>(target.vectorBits / 32, width);
  int64_t perPanel = width / plan.lanes, room = accumulators(target);
  plan.panels = std::max<int64_t>(1, 2 / perPanel);
  plan.rows = std::max<int64_t>(1, room / (plan.panels * perPanel));
  if (rows && *rows > 0)
    plan.rows = llvm::divideCeil(*rows, llvm::divideCeil(*rows, plan.rows));
  // Values are read by whole vectors; those that do not end with one are copied.
  plan.packs = !rows || *rows >= 4 || valueSize % plan.lanes != 0;
  plan.valueVectors = std::clamp<int64_t>(room / plan.rows, 1, llvm::divideCeil(valueSize, plan.lanes));
  // Every item packs its keys anew; but few heads must be shared among threads.
  int64_t most = heads >= 8 ? 512 : 128, count = rows.value_or(most);
  int64_t blocks = std::max<int64_t>(1, llvm::divideCeil(count, most));
  plan.rowBlock = llvm::alignTo(std::max<int64_t>(1, llvm::divideCeil(count, blocks)), plan.rows);
  // Keys and values of a block stay in the second-level cache, the scores of a tile in the first-level one.
  int64_t keyBytes = (size + llvm::alignTo(valueSize, plan.lanes)) * bytes;
  int64_t fit = std::min(kFarCache * 5 / 2 / keyBytes, kNearCache * 3 / 4 / bytes / plan.rows);
  fit = std::clamp<int64_t>(fit / width * width, 64, 2048);
  plan.keyBlock = fit;
  if (keys && *keys > 0)
    plan.keyBlock = llvm::alignTo(llvm::divideCeil(*keys, llvm::divideCeil(*keys, fit)), width);
  return plan;
}

RowsPlan planRows(std::optional<int64_t> length) {
  // Operand and result of the rows stay in the first-level cache.
  constexpr int64_t rows = 4, vectors = 4;
  return {length.value_or(1) * rows * 8 <= kNearCache ? rows : 1, vectors};
}

ConvPlan planConv(const KernelTarget &target, Type element, int64_t filters, int64_t channels, int64_t taps,
                  std::optional<int64_t> pixels) {
  constexpr int64_t width = nn::PackedConvOp::kPanelFilters;
  ConvPlan plan;
  plan.lanes = lanesOf(target, element);
  int64_t room = accumulators(target);
  plan.filters = std::min(filters, room / 2 / width * width);
  plan.vectors = std::clamp<int64_t>(room / plan.filters, 2, 4);
  // No more vectors than there are pixels for.
  if (pixels)
    plan.vectors = std::clamp<int64_t>(llvm::divideCeil(*pixels, plan.lanes), 1, plan.vectors);
  // Blocks of filters repeat the packing of inputs: only many filters are cut, into even blocks.
  int64_t blocks = llvm::divideCeil(filters, 256);
  plan.filterBlock = llvm::alignTo(llvm::divideCeil(filters, blocks), plan.filters);
  int64_t depth = std::max<int64_t>(16, kNearCache / 4 / (plan.vectors * plan.lanes));
  int64_t parts = llvm::divideCeil(channels, std::max<int64_t>(1, depth / taps));
  plan.channelBlock = llvm::divideCeil(channels, parts);
  plan.tapBlock = plan.channelBlock > 1 ? taps : std::min(taps, depth);
  return plan;
}

namespace {

/// Items that a kernel should have, for threads to share them evenly.
constexpr int64_t kItems = 8;
/// The same of a convolution's items: `images` times `panelItems` of `groups` groups of panels times `pixelItems`.
/// An even number of panels is cut in the middle (PanelGroups).
double largerShare(int64_t images, int64_t panels, int64_t panelItems, int64_t groups, int64_t pixelItems,
                   int64_t pixelParts) {
  if (images % 2 == 0 || (panelItems % 2 == 0 && panels % 2 == 0))
    return 1;
  return largerHalf(panelItems, groups, pixelItems, pixelParts);
}

} // namespace

PixelTiles tilesOf(int64_t pixels, int64_t rows, int64_t columns) {
  if (columns > pixels)
    return {rows, llvm::divideCeilSigned(columns, pixels)};
  return {llvm::divideCeilSigned(rows, pixels / std::max<int64_t>(columns, 1)), 1};
}

/// In how many rounds an item goes over its outputs. Where there is no AVX-512 the second-level cache has 512 KB, of which
/// another guest of the machine may take a half: a round's inputs stay there beside two panels that pass by.
static int64_t roundsOf(const KernelTarget &target, const BlockedConvSize &size, int64_t tilePanels, double inputs) {
  constexpr int64_t kRoundBytes = 128 << 10, kLeastChannels = 256;
  if (!size.mayCut || target.vectorBits != 256 || tilePanels > 1)
    return 1;
  return std::clamp<int64_t>(std::ceil(inputs / kRoundBytes), 1, std::max<int64_t>(1, size.depth / kLeastChannels));
}

BlockedConvPlan planBlockedConv(const KernelTarget &target, const BlockedConvSize &size) {
  BlockedConvPlan plan;
  plan.lanes = std::min<int64_t>(target.lanes(), nn::kBlock);
  int64_t perPanel = nn::kBlock / plan.lanes, outputs = size.rows * size.columns;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t panels = 1; panels <= std::min<int64_t>(size.panels, 8); ++panels) {
    // A tile of all panels leaves the empty half of the last one out: a vector with AVX2, half of one with AVX-512.
    bool omitsHalf = size.endsHalfEmpty && panels == size.panels;
    double vectors = panels * perPanel - (omitsHalf ? perPanel / 2.0 : 0);
    int64_t rows = std::min(mostRows(target, std::ceil(vectors), size.isBytes), outputs);
    if (rows == 0)
      break;
    PixelTiles tiles = tilesOf(rows, size.rows, size.columns);
    double count = tiles.rowParts * tiles.columnParts, height = outputs / count;
    double cycles = size.panels / panels * stepCycles(target, height, vectors, size.depth);
    if (int64_t rest = size.panels % panels)
      cycles += stepCycles(target, height, rest * perPanel, size.depth);
    if (cycles * count < best) {
      best = cycles * count;
      plan.pixels = rows;
      plan.panels = panels;
      plan.omitsHalf = omitsHalf;
    }
  }
  // Cutting along pixels reads the weights again, cutting along panels the inputs; what stays in the cache
  // costs nothing.
  PixelTiles tiles = tilesOf(plan.pixels, size.rows, size.columns);
  int64_t pixelParts = size.rows > 1 ? tiles.rowParts : tiles.columnParts;
  int64_t panelParts = llvm::divideCeil(size.panels, plan.panels),
          wanted = llvm::divideCeil(kItems, size.outerItems);
  double weights = size.panels * nn::kBlock * size.depth * 4.0, inputs = size.inputBytes;
  double sums = static_cast<double>(outputs) * size.panels * nn::kBlock * 4;
  plan.streamsWeights = weights > kKeptBytes;
  double cycles = static_cast<double>(outputs) * size.panels * size.depth / 2;
  best = std::numeric_limits<double>::infinity();
  for (int64_t p = 1; p <= std::min<int64_t>(pixelParts, 512); ++p)
    for (int64_t q : {llvm::divideCeilSigned(wanted, p), int64_t(1)}) {
      q = std::min(panelParts, q);
      double bytes = inputs * q + (weights / q > kKeptBytes ? weights * p : weights);
      int64_t rounds = roundsOf(target, size, plan.panels, inputs / p);
      if (inputs / p / rounds > kKeptBytes)
        bytes += inputs * panelParts;
      // Sums that wait from round to round should stay in the cache, too.
      if (rounds > 1 && sums / p / q > kKeptBytes / 2)
        bytes += 2 * rounds * sums;
      double share = largerShare(size.outerItems, size.panels, q, panelParts, p, pixelParts);
      double cost = cycles * share + bytes / kBytesPerCycle;
      // The first items along pixels bring the weights for the others.
      if (plan.streamsWeights)
        cost += std::max(0.0, weights / kFetchedPerCycle - cycles / p);
      if (p * q < std::min(wanted, pixelParts * panelParts))
        cost += cycles / 4;
      if (cost < best) {
        best = cost;
        plan.pixelItems = p;
        plan.panelItems = q;
        plan.rounds = rounds;
      }
    }
  return plan;
}

BlockedConvPlan planBlockedConvOfPatches(const KernelTarget &target, const BlockedConvSize &size) {
  BlockedConvPlan plan = planBlockedConv(target, size);
  plan.pixelItems = plan.rounds = 1;
  // Many weights come with few pixels, perhaps of a single patch: threads share the panels.
  plan.panelItems = plan.streamsWeights && size.outerItems == 1 && size.panels > plan.panels ? 2 : 1;
  return plan;
}

BlockedConvPlan planBlockedConvByPanels(const KernelTarget &target, const BlockedConvSize &size) {
  BlockedConvPlan plan = planBlockedConv(target, size);
  plan.pixelItems = plan.rounds = 1;
  // What follows a panel depends on the outputs at hand.
  plan.streamsWeights = false;
  plan.panelItems = std::min<int64_t>(llvm::divideCeil(size.panels, plan.panels),
                                      llvm::divideCeil(kItems, size.outerItems));
  // Two threads have the same number of panels each.
  if (plan.panelItems > 1 && size.panels % 2 == 0)
    plan.panelItems -= plan.panelItems % 2;
  return plan;
}

std::optional<int64_t> windowHalf(ArrayRef<int64_t> shape) {
  constexpr int64_t leastRows = 14;
  if (shape.size() != 5 || shape[2] < leastRows)
    return std::nullopt;
  return llvm::divideCeil(shape[2], 2);
}

int64_t rangeWorthAFork(int64_t work) {
  // About a microsecond.
  constexpr int64_t least = 32 << 10;
  return std::max<int64_t>(1, least / std::max<int64_t>(1, work));
}

RecurrentPlan planRecurrent(const KernelTarget &target, int64_t gates, std::optional<int64_t> batch,
                            bool together) {
  constexpr int64_t width = nn::PackedRecurrentOp::kBlockUnits;
  RecurrentPlan plan;
  plan.lanes = std::min<int64_t>(target.vectorBits / 32, width);
  // A step needs a register for each gate's weights, too, and for a row's scalar; with 32 registers LLVM loads those of
  // all rows before it uses the first. What is left are the sums: one more row, and some of them are loaded and stored
  // in each step. (An LSTM of 32 sequences: 2.2 ms in place of 2.5, with AVX2 3.9 in place of 5.2.)
  int64_t most = target.vectorBits == 256 ? (15 - gates) / gates : (32 - gates) / (gates + 1);
  plan.rows = together ? std::clamp<int64_t>(accumulators(target) / gates, 1, most) : 1;
  // Where a vector has but a part of a block's units, a tile of all gates uses a part of every line that it reads, and
  // has few rows to use it for. Several sequences go gate by gate, so that a line is read for up to six of them, and
  // tile by tile within a gate. (An LSTM of 256 units, 8 sequences and 64 steps on Zen 2: 6.0 ms in place of 8.7.)
  constexpr int64_t worthGates = 3, mostTogether = 12;
  plan.vectors = width / plan.lanes;
  plan.isByGates = together && batch && *batch >= worthGates && plan.vectors > 1 && gates > 1;
  if (plan.isByGates) {
    // An even number of items for two threads, and tiles of even heights.
    int64_t items = llvm::divideCeil(*batch, mostTogether);
    plan.itemRows = llvm::divideCeil(*batch, items == 1 ? 1 : llvm::alignTo(items, 2));
    int64_t tiles = llvm::divideCeil(plan.itemRows, accumulators(target) / plan.vectors);
    plan.rows = llvm::divideCeil(plan.itemRows, tiles);
    return plan;
  }
  // Blocks of even heights.
  if (batch && *batch > 0)
    plan.rows = llvm::divideCeil(*batch, llvm::divideCeil(*batch, plan.rows));
  plan.itemRows = plan.rows;
  // A whole block of units where the registers allow it: its panel is then read in one go.
  while (plan.vectors > 1 && plan.rows * gates * plan.vectors > accumulators(target))
    plan.vectors /= 2;
  return plan;
}

ProjectionPlan planProjection(const KernelTarget &target, int64_t gates) {
  int64_t lanes = std::min<int64_t>(target.vectorBits / 32, nn::PackedRecurrentOp::kBlockUnits);
  // Sums of 8 steps beside those with the state take registers that only AVX-512 has, where a vector is a block's.
  if (lanes == nn::PackedRecurrentOp::kBlockUnits) {
    int64_t steps = llvm::alignTo(8, gates);
    return {steps, steps, true};
  }
  int64_t rows = accumulators(target) * lanes / nn::PackedRecurrentOp::kBlockUnits;
  return {4 * rows, rows, false};
}

bool paysProjecting(int64_t gates, int64_t hidden, int64_t inputs, std::optional<int64_t> steps) {
  // R and W of one direction that the third-level cache keeps beside everything else.
  constexpr int64_t kept = 8 << 20;
  // The first steps have nothing beside them, and of the last chunk some are in vain: measured, 17 steps lose 3%
  // and 33 win as much.
  constexpr int64_t leastSteps = 20;
  int64_t perInput = gates * hidden * 4;
  // So many inputs would have more products than the loops over R have time for.
  bool isDeep = inputs > 2 * hidden, isShort = steps && *steps < leastSteps;
  return perInput * hidden > kNearCache && perInput * (hidden + inputs) <= kept && !isDeep && !isShort;
}

int64_t partsFor(const KernelTarget &target, int64_t sums) {
  // Two multiply-adds begin in a cycle and take four.
  int64_t parts = 1;
  while (sums * parts < 8 && sums * parts * 2 <= accumulators(target))
    parts *= 2;
  return parts;
}

int64_t stepsOfTurn(const KernelTarget &target) { return target.vectorBits == 256 ? 4 : 1; }

int64_t stepsOfTurn(const KernelTarget &target, int64_t steps) {
  return std::gcd(steps, std::max<int64_t>(2, stepsOfTurn(target)));
}

} // namespace nnc
