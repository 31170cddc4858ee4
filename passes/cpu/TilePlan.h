//===- TilePlan.h - how contractions are cut into tiles -----------------------===//
//
// Every heuristic about the shape of register tiles and cache blocks is in TilePlan.cpp. A register tile is
// `rows` times `vectors` accumulators; what the micro-kernel adds to them in each step is the product of
// `rows` broadcast scalars and `vectors` vectors.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_TILEPLAN_H
#define NNC_PASSES_CPU_TILEPLAN_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Whether so many rows at this distance in bytes meet in so few sets of a first-level cache that they evict each other
/// between one step of a sum and the next: a set has 8 to 12 lines, and all distances of whole pages are one set.
bool collide(int64_t rows, int64_t distance);
/// The panels of a tile of fewer rows: 3 or 4, whichever divides all of them, else `otherwise`.
int64_t panelsOfColliding(int64_t panels, int64_t otherwise);

/// nn.packed_matmul: an item is a block of rows times a few panels of 16 columns.
struct MatMulPlan {
  /// Lanes of a vector of the result's compute type.
  int64_t lanes;
  /// The register tile: rows of a times neighbouring panels.
  int64_t rows, panels;
  /// The item; multiples of the register tile.
  int64_t rowBlock, panelBlock;
  /// The part of the sums that one round over the item adds: all of a short sum.
  int64_t depthBlock;
  /// How far each step of a tile gets with fetching a panel that is needed later, so that all tiles of the
  /// item together fetch it; 0 where panels are read too seldom for that.
  int64_t prefetchBytes;
  /// How far ahead of itself a tile fetches its own panels; 0 where it leaves that to the machine.
  int64_t aheadBytes = 0;
  /// Steps in a turn of the loop.
  int64_t unroll = 1;
  /// Items that follow each other have the same rows, not the same panels: threads then share the rows, of this
  /// product's operands as of the next one's.
  bool rowsFirst = false;
};

/// What the plan depends on: the rows and the steps of a sum where known; there are `batch` products.
struct MatMulSize {
  std::optional<int64_t> rows, depth;
  int64_t columns, batch;
  /// A step multiplies two bf16.
  bool pairs = false;
  /// The third-level cache keeps the panels from run to run.
  bool cached = false;
  /// Bytes of a row of the left factor, where known.
  std::optional<int64_t> leftBytes = std::nullopt;
  /// The panels are words of several numbers, which take registers of their own.
  bool words = false;
  /// How many rows there are at least where their number is unknown.
  int64_t leastRows = 1;
};

MatMulPlan planMatMul(const KernelTarget &target, mlir::Type element, const MatMulSize &size);

/// The plan in words, for --report.
std::string describe(const MatMulPlan &plan);

/// nn.matmul, whose factors are read as they lie: an item is a tile's rows times a block of columns.
struct DirectMatMulPlan {
  int64_t lanes;
  /// The register tile.
  int64_t rows, vectors;
  /// Columns of an item, a multiple of the tile's.
  int64_t columnBlock;
};

/// nn.packed_byte_matmul: as MatMulPlan; sums are never cut.
struct ByteMatMulPlan {
  int64_t lanes, rows, panels, rowBlock, panelBlock;
};

/// Whether products of so many rows are formed by the machine's matrix unit. `depth` is what a sum takes, where known.
bool takesMatrixUnit(const KernelTarget &target, std::optional<int64_t> rows, std::optional<int64_t> depth);

ByteMatMulPlan planByteMatMul(const KernelTarget &target, std::optional<int64_t> rows,
                              std::optional<int64_t> depth, int64_t columns);

DirectMatMulPlan planDirectMatMul(const KernelTarget &target, mlir::Type element,
                                  std::optional<int64_t> rows);

/// nn.attention: an item is a block of rows of one head.
struct AttentionPlan {
  int64_t lanes;
  /// The register tiles: rows times panels of 16 keys, and rows times vectors of values.
  int64_t rows, panels, valueVectors;
  /// Rows of an item, a multiple of the tile's; keys that are done at once, a multiple of 16.
  int64_t rowBlock, keyBlock;
  /// Whether keys and values are packed: not for so few rows that reading them where they lie costs less.
  bool packs;
};

/// `rows` and `keys` are numbers where known; a key has `size` elements, a value `valueSize`.
AttentionPlan planAttention(const KernelTarget &target, std::optional<int64_t> rows,
                            std::optional<int64_t> keys, int64_t size, int64_t valueSize, int64_t heads);

/// Softmax and normalizations along rows of f32: so many rows at once, and so many vectors of one where rows
/// are done one by one.
struct RowsPlan {
  int64_t rows, vectors;
};

/// `length` is that of a row, where known.
RowsPlan planRows(std::optional<int64_t> length);

/// nn.packed_conv: an item is a few vectors of neighbouring outputs ("pixels") of a block of filters.
struct ConvPlan {
  int64_t lanes;
  /// The register tile: filters (whole panels of them, or all of them if fewer) times vectors of pixels.
  int64_t filters, vectors;
  /// Filters of an item; a multiple of the tile's.
  int64_t filterBlock;
  /// The part of a sum that one round of packing covers: all taps of some channels, or a part of those of one channel.
  int64_t channelBlock, tapBlock;
};

/// `filters` and `channels` are those of one group; `pixels` the number of outputs of one filter where known.
ConvPlan planConv(const KernelTarget &target, mlir::Type element, int64_t filters, int64_t channels,
                  int64_t taps, std::optional<int64_t> pixels);

/// nn.blocked_conv: an item is some panels of 16 filters for some neighbouring tiles of pixels.
struct BlockedConvPlan {
  int64_t lanes;
  /// The register tile: pixels times neighbouring panels.
  int64_t pixels, panels;
  /// Into how many items a group of filters is cut along panels and along tiles of pixels.
  int64_t panelItems, pixelItems;
  /// Whether the weights come from beyond the second-level cache, so that they are asked for ahead of time.
  bool streamsWeights;
  /// Whether a tile has all panels and multiplies by half of the last one only, the other half being empty.
  bool omitsHalf;
  /// In how many rounds an item goes over its outputs, a part of the channels each.
  int64_t rounds = 1;
};

/// What the plan depends on: the panels and products of one group of filters, the outputs, and the bytes of
/// the inputs of one image that a group reads.
struct BlockedConvSize {
  int64_t panels, depth, rows, columns, inputBytes;
  /// Items that images and groups make.
  int64_t outerItems;
  /// Whether the products are of bytes, four in a step.
  bool isBytes = false;
  /// Whether the second half of the last panel is empty.
  bool endsHalfEmpty = false;
  /// Whether sums may be cut: those of whole blocks of channels of one pixel.
  bool mayCut = false;
};

BlockedConvPlan planBlockedConv(const KernelTarget &target, const BlockedConvSize &size);
/// Where only the run knows how many patches there are, each an item, of the outputs in `size`.
BlockedConvPlan planBlockedConvOfPatches(const KernelTarget &target, const BlockedConvSize &size);
/// Where an item has all outputs of its filters; `size` has those that tiles are cut from.
BlockedConvPlan planBlockedConvByPanels(const KernelTarget &target, const BlockedConvSize &size);

/// nn.blocked_bottleneck: what the rows between its convolutions may take of the second-level cache.
inline constexpr int64_t kRingBytes = 512 << 10;

/// Rows of half an image [N,B,H,W,16] of a depthwise convolution's or a pool's results, where threads share the rows in
/// halves: small images come from convolutions that are cut by filters, and threads share blocks.
std::optional<int64_t> windowHalf(llvm::ArrayRef<int64_t> shape);

/// How a tile of `pixels` outputs lies in an image of `rows` x `columns`: whole rows of small images, else a
/// part of one.
struct PixelTiles {
  int64_t rowParts, columnParts;
};
PixelTiles tilesOf(int64_t pixels, int64_t rows, int64_t columns);

/// The parts in which a tile of so many sums forms each (MicroKernel::parts).
int64_t partsFor(const KernelTarget &target, int64_t sums);

/// Steps in a turn of a tile's loop (MicroKernel::unroll). With AVX2 a step is 20 instructions for 12 multiply-adds, and a
/// loop around a single one adds six: where another guest of the machine uses the other half of the core, which then
/// starts three in a cycle, that is a fifth of the time. (Two turns LLVM would make one, and spill sums: steps that come
/// by 16 take four at a time.)
int64_t stepsOfTurn(const KernelTarget &target);
/// Of a run of `steps` channels, which turns divide: at least two, where they do.
int64_t stepsOfTurn(const KernelTarget &target, int64_t steps);

/// How many parts of so many multiply-adds each pay for handing them to another thread and waiting for it.
int64_t rangeWorthAFork(int64_t work);

/// nn.packed_recurrent: an item is a direction of a few sequences, which share what is read of R.
struct RecurrentPlan {
  int64_t lanes;
  /// The register tile: sequences times vectors of units of one block, each with all gates; or with one gate at a time.
  int64_t rows, vectors;
  bool isByGates = false;
  /// The sequences of an item: those of a tile, but of several where they go by gates, of which the last one may have
  /// fewer.
  int64_t itemRows = 0;
};

/// `batch` is the number of sequences where known; `together` is whether they may go through time side by
/// side.
RecurrentPlan planRecurrent(const KernelTarget &target, int64_t gates, std::optional<int64_t> batch,
                            bool together);

/// The products with the input within nn.packed_recurrent, which forms those of the next few steps of time at once.
struct ProjectionPlan {
  /// How many steps, a multiple of the gates where `isInterleaved`.
  int64_t steps;
  /// Steps of a register tile that does nothing else; divides `steps`.
  int64_t rows;
  /// Whether they are formed during the steps before, a part in each, beside the products with the state.
  bool isInterleaved;
};

ProjectionPlan planProjection(const KernelTarget &target, int64_t gates);

/// Whether one sequence's products with the input are better formed within nn.packed_recurrent: while it waits for R,
/// from the second-level cache or the third, it leaves multipliers idle. `steps` is their number where known.
bool paysProjecting(int64_t gates, int64_t hidden, int64_t inputs, std::optional<int64_t> steps);

} // namespace nnc

#endif
