// nn.winograd_conv (Lavin and Gray 2015): every 6 x 6 (or 4 x 4, with a stride 5 x 5) piece d of the input gives the
// 4 x 4 (or 2 x 2) outputs
//
//     A^T [ sum over channels of (G w G^T) * (B^T d B) ] A
//
// of a filter w. The bracket is 36 (16, 25) products of matrices, [pieces, channels] x [channels, filters], by
// the micro-kernel. An item is some pieces times some panels of filters: it transforms the pieces' inputs
// into the workspace, and then, for one group of panels after the other, computes the products at all points and
// transforms them back through the epilogue, so that the products of a single group take room in the cache. Pieces
// at the borders are first copied to a square with zeros around.
//
// Where an image has one or two outputs more than its whole pieces, the last pieces are short: F(2,3) at four of the
// six points, with the weights of F(4,3), or with a stride one output at three of five. The pieces are numbered so that
// those which have a point follow each other:
//
//     short rows | whole | short columns | short both ways
//
// 14 x 14 outputs so take 484 products for a channel and a filter in place of 576.
//
// A kernel may have taps along one dim alone. Pieces then have one output along the other, and signals one row. Pieces may
// be of other outputs down than across: 4 x 2, or 1 x 2, where along the single output the taps' products are added up.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"
#include "passes/lower/WinogradWeights.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;
using winograd::Along;
using winograd::PointSet;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// A piece of an item: its number, its corner in the output, and how it lies along rows and columns.
struct Piece {
  Value number, row, column;
  Along down, across;
};

class Winograd {
public:
  Winograd(KernelBuilder &k, nn::WinogradConvOp op)
      : k(k), op(op), s(op, k.target), f(s.filtering), plan(s.plan),
        vector(VectorType::get({plan.lanes}, k.b.getF32Type())), perPanel(kBlock / plan.lanes),
        blocks(nn::blocksOf(s.channels)), x(k.flat(k.memref(op.getX()))), weights(k, op, s) {
    if (op.getBias())
      bias = k.flat(k.memref(op.getBias()));
    auto memory = [&](int64_t count) { return k.workspace(MemRefType::get({count}, k.b.getF32Type())); };
    // An odd number of cache lines from point to point: those that belong to a piece would otherwise share a
    // few sets.
    inputPoint = (blocks * s.itemPieces() | 1) * kBlock;
    productPoint = (plan.groupPanels * s.itemPieces() | 1) * kBlock;
    inputs = memory(f.points() * inputPoint);
    products = memory(f.points() * productPoint);
    square = memory(f.points() * kBlock);
    outputs = memory(f.down.outputs * f.across.outputs * kBlock);
    auto extents = [&](Value memref) {
      int64_t last = typeOf(op.getX()).getRank() - 2;
      return std::pair(s.isSignal ? k.index(1) : k.dim(memref, 2), k.dim(memref, last));
    };
    std::tie(inRows, inColumns) = extents(k.memref(op.getX()));
    std::tie(rows, columns) = extents(k.output(0));
  }

  LogicalResult emit() {
    int64_t work = f.points() * s.itemPieces() * s.itemPanels() * kBlock * s.channels;
    k.grain = std::max<int64_t>(1, 200000 / std::max<int64_t>(work, 1));
    StringRef strided = op.getStride() == 2 ? " of stride 2" : "";
    k.note("Winograd " + s.name + strided + ", registers hold " + Twine(plan.rows) + " pieces x " +
           Twine(plan.panels * kBlock) + " filters, cut into " + Twine(plan.panelItems) + " x " +
           (s.patches ? s.patches->describe() : std::to_string(plan.tileItems)) +
           (weights.areComputed() ? ", weights computed for " + Twine(plan.channels) + " channels at a time" : ""));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      group = point[1];
      std::pair<Value, Value> parts;
      if (s.patches) {
        parts = findPatch(point.drop_front(2));
        apart = k.mul(k.div(k.add(count, plan.rows - 1), k.index(plan.rows)), plan.rows);
      } else {
        EvenParts items{s.pieces(), plan.tileItems};
        firstPiece = items.spreadStart(k, point[3]);
        count = k.sub(items.spreadStart(k, k.add(point[3], 1)), firstPiece);
        apart = k.index(s.itemPieces());
      }
      forEachPiece([&](const Piece &piece) { transformInputs(piece); });
      auto panelsOf = [&](Value part) {
        std::pair<Value, Value> range = s.panelGroups().range(k, part);
        k.loop(range.first, range.second, k.index(plan.groupPanels), [&](Value panel) {
          Value end = k.min(k.add(panel, plan.groupPanels), range.second);
          multiplyAll(panel, end);
          k.loop(k.sub(end, panel), [&](Value j) {
            forEachPiece([&](const Piece &piece) { transformOutputs(k.add(panel, j), j, piece); });
          });
        });
      };
      if (s.patches)
        k.loop(parts.first, parts.second, k.index(1), panelsOf);
      else
        panelsOf(point[2]);
    });
    return status;
  }

private:
  /// Finds which pieces of a patch the item has and returns which parts of the panels, [first, end): of many pieces its
  /// share with all panels, so that inputs are transformed once, else all pieces with its share of the panels, so that
  /// weights are read once.
  std::pair<Value, Value> findPatch(ValueRange point) {
    patch = s.patches->at(k, point.drop_front());
    Value pieces = k.mul(patch.height, patch.width), part = point[0], nextPart = k.add(part, 1);
    Value areMany = k.compare(arith::CmpIPredicate::sge, pieces, k.index(s.manyPieces));
    auto share = [&](Value t) { return k.div(k.mul(t, pieces), k.index(plan.panelItems)); };
    firstPiece = k.select(areMany, share(part), k.index(0));
    count = k.sub(k.select(areMany, share(nextPart), pieces), firstPiece);
    return {k.select(areMany, k.index(0), part), k.select(areMany, k.index(plan.panelItems), nextPart)};
  }

  /// Number `i` of the `each` of the group at hand, counted over all groups, `before` of which come first.
  Value ofGroup(int64_t each, Value i, Value before = nullptr) {
    return k.add(k.mul(before ? k.add(before, group) : group, each), i);
  }

  Value load(Value memref, Value at) { return vector::LoadOp::create(k.b, k.loc, vector, memref, ValueRange{at}); }
  void store(Value value, Value memref, Value at) {
    vector::StoreOp::create(k.b, k.loc, value, memref, ValueRange{at});
  }

  void forEachPiece(llvm::function_ref<void(const Piece &)> body) {
    if (!s.shortRows && !s.shortColumns) {
      Along down(f.down, false), across(f.across, false);
      k.loop(count, [&](Value number) {
        Value at = k.add(firstPiece, number);
        if (s.patches) {
          Value row = k.add(patch.row, k.div(at, patch.width)), column = k.add(patch.column, k.rem(at, patch.width));
          row = s.patches->unitRows.start(k, row);
          column = s.patches->unitColumns.start(k, column);
          return body({number, row, column, down, across});
        }
        Value columns = k.index(s.pieceColumns.count());
        body({number, s.pieceRows.start(k, k.div(at, columns)), s.pieceColumns.start(k, k.rem(at, columns)), down,
              across});
      });
      return;
    }
    // The pieces that are alike, of which `first` is the number of the first.
    auto alike = [&](int64_t first, bool shortRow, bool shortColumn) {
      int64_t rows = shortRow ? 1 : s.wholeRows(), columns = shortColumn ? 1 : s.wholeColumns();
      Along down(f.down, shortRow), across(f.across, shortColumn);
      k.loops({k.index(rows), k.index(columns)}, [&](ValueRange at) {
        Value row = k.add(at[0], shortRow ? s.wholeRows() : 0),
              column = k.add(at[1], shortColumn ? s.wholeColumns() : 0);
        Value number = k.add(k.add(k.mul(at[0], columns), at[1]), first);
        body({number, k.mul(row, f.down.outputs), k.mul(column, f.across.outputs), down, across});
      });
    };
    if (s.shortRows)
      alike(0, true, false);
    alike(s.firstWhole(), false, false);
    if (s.shortColumns)
      alike(s.endWhole(), false, true);
    if (s.shortRows && s.shortColumns)
      alike(s.endWholeRows(), true, true);
  }

  /// V[point][block][piece][16] = B^T d B.
  void transformInputs(const Piece &piece) {
    ArrayRef<int64_t> pads = op.getPads();
    auto firstInput = [&](Value output, int64_t stride, int64_t pad) {
      return k.sub(k.mul(output, stride), k.index(pad));
    };
    Value row = firstInput(piece.row, f.down.stride, s.isSignal ? 0 : pads[0]);
    Value column = firstInput(piece.column, f.across.stride, pads[s.isSignal ? 0 : 1]);
    auto isInside = [&](Value first, int64_t apart, Value extent, const Along &along) {
      Value last = k.add(first, (along.in - 1) * apart);
      return k.both(k.compare(arith::CmpIPredicate::sge, first, k.index(0)),
                    k.compare(arith::CmpIPredicate::slt, last, extent));
    };
    Value inside = k.both(isInside(row, s.rowsApart, inRows, piece.down),
                          isInside(column, s.columnsApart, inColumns, piece.across));
    Value border = k.negated(inside);
    k.loop(k.index(blocks), [&](Value block) {
      Value plane = k.mul(ofGroup(blocks, block, k.mul(image, s.groups)), k.mul(inRows, inColumns));
      Value base = k.mul(k.add(plane, k.add(k.mul(row, inColumns), column)), kBlock);
      Value to = k.mul(k.add(k.mul(block, apart), piece.number), kBlock);
      k.ifThen(inside, [&] { transformSquare(piece, x, base, k.mul(inColumns, s.rowsApart), s.columnsApart, to); });
      k.ifThen(border, [&] {
        k.loops({k.index(piece.down.in), k.index(piece.across.in)}, [&](ValueRange at) {
          Value r = k.add(row, k.mul(at[0], s.rowsApart)), c = k.add(column, k.mul(at[1], s.columnsApart));
          Value exists = k.both(k.inRange(r, inRows), k.inRange(c, inColumns));
          for (int64_t lane = 0; lane < kBlock; lane += plan.lanes) {
            Value value = k.ifElse(
                exists,
                [&] {
                  Value from = k.add(k.mul(k.add(plane, k.add(k.mul(r, inColumns), c)), kBlock), lane);
                  return load(x, from);
                },
                [&] { return zeroOf(k, vector); });
            store(value, square, k.add(k.mul(k.add(k.mul(at[0], piece.across.in), at[1]), kBlock), lane));
          }
        });
        transformSquare(piece, square, k.index(0), k.index(piece.across.in), 1, to);
      });
    });
  }

  /// The transformed inputs of the piece whose pixels start at `base`, rows `down` and columns `across` pixels apart.
  void transformSquare(const Piece &piece, Value from, Value base, Value down, int64_t across, Value to) {
    k.loop(k.index(0), k.index(kBlock), k.index(plan.lanes), [&](Value lane) {
      Value first = k.add(base, lane), target = k.add(to, lane);
      SmallVector<SmallVector<Value>> half(piece.down.in);
      for (int64_t c = 0; c < piece.across.in; ++c) {
        SmallVector<Value> column;
        for (int64_t r = 0; r < piece.down.in; ++r)
          column.push_back(load(from, k.add(first, k.mul(k.add(k.mul(down, r), c * across), kBlock))));
        for (auto [r, value] : llvm::enumerate(piece.down.inputs(k, column)))
          half[r].push_back(value);
      }
      for (auto [row, r] : llvm::zip(half, piece.down.points))
        for (auto [value, c] : llvm::zip(piece.across.inputs(k, row), piece.across.points))
          store(value, inputs, k.add(target, (r * f.across.points() + c) * inputPoint));
    });
  }

  /// The products at all points for a group of panels.
  void multiplyAll(Value panel, Value end) {
    SmallVector<PointSet> sets = s.pointSets();
    tiles = 0;
    for (const PointSet &set : sets)
      tiles += set.count() * set.tiles.parts;
    WinogradWeights::Panels panels{group, panel, end};
    weights.forEachChannels(panels, [&](Value firstBlock, Value endBlock) {
      channelBlocks = {firstBlock, endBlock};
      int64_t before = 0;
      for (auto [i, set] : llvm::enumerate(sets)) {
        // Behind the last set, the first point of the next group.
        bool isLast = i + 1 == sets.size();
        Value following = (isLast ? sets.front() : sets[i + 1]).at(k, f, k.index(0)).second;
        multiplySet(set, panels, following, isLast, before);
        before += set.count() * set.tiles.parts;
      }
    });
  }

  /// The products at the points of a set. Some items have one piece less than others; what is computed in its place is
  /// not read. `following` are the weights that come next, for the panels behind these if `thenNextGroup`; so many of
  /// the register tiles come before the set's.
  void multiplySet(const PointSet &set, const WinogradWeights::Panels &panels, Value following, bool thenNextGroup,
                   int64_t tilesBefore) {
    const EvenParts &parts = set.tiles;
    k.loop(k.index(set.count()), [&](Value i) {
      Value isLast = k.compare(arith::CmpIPredicate::eq, i, k.index(set.count() - 1));
      auto [number, weight] = set.at(k, f, i);
      Product product{panels, number, weight};
      product.nextWeight = k.select(isLast, following, set.at(k, f, k.add(i, 1)).second);
      product.nextPanel = thenNextGroup ? k.select(isLast, panels.end, panels.panel) : panels.panel;
      product.tiles = parts.parts;
      s.panelGroups().forEach(k, panels.panel, panels.end, [&](Value first, int64_t width) {
        auto tile = [&](Value piece, int64_t rows) {
          product.number = k.div(k.mul(piece, parts.parts), k.index(parts.extent));
          product.ofAll = k.add(k.add(k.mul(i, parts.parts), product.number), tilesBefore);
          multiply(product, first, width, k.add(piece, set.firstPiece), rows);
        };
        if (s.patches)
          forEachTile(tile);
        else
          parts.forEach(k, k.index(0), k.index(parts.parts), tile);
      });
    });
  }

  /// The tiles of an item's pieces, of which there are as many as the run finds: the last one may be of fewer rows and
  /// have some in vain.
  void forEachTile(llvm::function_ref<void(Value piece, int64_t rows)> tile) {
    Value full = k.mul(k.div(count, k.index(plan.rows)), plan.rows), rest = k.sub(count, full);
    k.loop(k.index(0), full, k.index(plan.rows), [&](Value piece) { tile(piece, plan.rows); });
    int64_t before = 0;
    for (int64_t quarters = 1; quarters <= 4; ++quarters) {
      int64_t rows = llvm::divideCeilSigned(plan.rows * quarters, 4);
      if (rows == before)
        continue;
      Value fits = k.both(k.compare(arith::CmpIPredicate::sgt, rest, k.index(before)),
                          k.compare(arith::CmpIPredicate::sle, rest, k.index(rows)));
      k.ifThen(fits, [&] { tile(full, rows); });
      before = rows;
    }
  }

  /// What a tile belongs to: a group of panels, a point and its weight; the weight and the panels that come next; the
  /// tiles at this point and which of them it is, and of those at all points.
  struct Product {
    WinogradWeights::Panels panels;
    Value point, weight, nextWeight, nextPanel;
    int64_t tiles = 0;
    Value number, ofAll;
  };

  /// M[point][panel of the group][piece][16] for `rows` pieces: a register tile over all channels.
  void multiply(const Product &product, Value panel, int64_t width, Value piece, int64_t rows) {
    MicroKernel kernel{rows, width * perPanel, vector};
    Value own = k.sub(panel, product.panels.panel), firstWeight = weights.start(product.weight, product.panels, panel);
    Value first = k.add(k.mul(product.point, inputPoint), k.mul(piece, kBlock));
    NextPanels following{};
    if (plan.streamsWeights && !weights.areComputed())
      following = NextPanels(k, weights.memref(), weights.start(product.nextWeight, product.panels, product.nextPanel),
                             width, s.channels, product.tiles, product.number);
    auto overChannels = [&](Value block, int64_t channels, ValueRange carried) {
      Value from = k.add(first, k.mul(k.mul(block, apart), kBlock));
      Value weight = k.add(firstWeight, k.mul(k.sub(block, channelBlocks.first), kBlock * kBlock));
      if (plan.streamsWeights && weights.areComputed())
        weights.fetchTaps(own, width, product.ofAll, tiles, block);
      int64_t unroll = stepsOfTurn(k.target, channels);
      return k.loop(k.index(0), k.index(channels), k.index(unroll), carried, [&](Value at, ValueRange sums) {
        SmallVector<Value> next(sums);
        for (int64_t i = 0; i < unroll; ++i) {
          following.prefetch(k, k.add(k.mul(block, kBlock), k.add(at, i)), i, unroll);
          next = kernel.step(
              k, k.add(at, i), next,
              [&](int64_t row, Value c) -> Value {
                return memref::LoadOp::create(k.b, k.loc, inputs, k.add(k.add(from, c), row * kBlock));
              },
              [&](int64_t j, Value c) {
                Value offset = k.add(k.add(weight, k.mul(c, kBlock)), j / perPanel * weights.panelStride());
                return load(weights.memref(), k.add(offset, j % perPanel * plan.lanes));
              });
        }
        return next;
      });
    };
    auto sumAt = [&](int64_t i, int64_t j) {
      Value row = k.add(k.add(piece, i), k.mul(apart, k.add(own, j / perPanel)));
      return k.add(k.mul(product.point, productPoint), k.add(k.mul(row, kBlock), j % perPanel * plan.lanes));
    };
    SmallVector<Value> sums = kernel.zeros(k);
    if (weights.areComputed()) {
      Value isFirst = k.compare(arith::CmpIPredicate::eq, channelBlocks.first, k.index(0));
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j) {
          Value &sum = sums[i * kernel.vectors + j];
          sum = k.select(isFirst, sum, load(products, sumAt(i, j)));
        }
    }
    if (s.channels >= kBlock)
      sums = k.loop(channelBlocks.first, channelBlocks.second, k.index(1), sums,
                    [&](Value block, ValueRange carried) { return overChannels(block, kBlock, carried); });
    if (int64_t rest = s.channels % kBlock)
      sums = overChannels(k.index(s.channels / kBlock), rest, sums);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j)
        store(sums[i * kernel.vectors + j], products, sumAt(i, j));
  }

  /// A^T M A of one piece and panel, to the outputs that exist.
  void transformOutputs(Value panel, Value own, const Piece &piece) {
    const Along &down = piece.down, &across = piece.across;
    Value from = k.mul(k.add(piece.number, k.mul(own, apart)), kBlock);
    k.loop(k.index(0), k.index(kBlock), k.index(plan.lanes), [&](Value lane) {
      SmallVector<SmallVector<Value>> half(down.out);
      for (int64_t c : across.points) {
        SmallVector<Value> values;
        for (int64_t r : down.points)
          values.push_back(load(products, k.add(k.add(from, lane), (r * f.across.points() + c) * productPoint)));
        for (auto [r, value] : llvm::enumerate(down.outputs(k, values)))
          half[r].push_back(value);
      }
      Value b = bias ? load(bias, k.add(k.mul(ofGroup(s.panels, panel), kBlock), lane)) : Value();
      SmallVector<Value> square;
      for (const SmallVector<Value> &row : half)
        for (Value value : across.outputs(k, row))
          square.push_back(b ? arith::AddFOp::create(k.b, k.loc, value, b).getResult() : value);
      storeSquare(square, panel, piece, lane);
    });
  }

  /// Stores the outputs of a piece that exist: all of them from registers where the epilogue is short.
  void storeSquare(ArrayRef<Value> square, Value panel, const Piece &piece, Value lane) {
    int64_t all = piece.across.out;
    auto storeOne = [&](Value value, Value r, Value c) {
      SmallVector<Value> indices = {image, ofGroup(s.panels, panel), k.add(piece.row, k.mul(r, s.rowsApart)),
                                    k.add(piece.column, k.mul(c, s.columnsApart)), lane};
      if (s.isSignal)
        indices.erase(indices.begin() + 2);
      if (failed(storeThroughEpilogue(k, op, value, indices)))
        status = failure();
    };
    auto existing = [&](Value first, int64_t apart, Value extent, const Along &along) {
      Value left = k.add(k.sub(extent, first), apart - 1);
      // The last pieces of a patch may have no output at all.
      if (s.patches && apart > 1)
        left = k.max(left, k.index(0));
      return k.min(k.div(left, k.index(apart)), k.index(along.out));
    };
    Value height = existing(piece.row, s.rowsApart, rows, piece.down),
          width = existing(piece.column, s.columnsApart, columns, piece.across);
    auto fromRegisters = [&] {
      for (auto [i, value] : llvm::enumerate(square))
        storeOne(value, k.index(static_cast<int64_t>(i) / all), k.index(static_cast<int64_t>(i) % all));
    };
    auto throughBuffer = [&] {
      for (auto [i, value] : llvm::enumerate(square))
        store(value, outputs, k.add(lane, i * kBlock));
      k.loops({height, width}, [&](ValueRange at) {
        Value offset = k.mul(k.add(k.mul(at[0], all), at[1]), kBlock);
        storeOne(load(outputs, k.add(offset, lane)), at[0], at[1]);
      });
    };
    if (!hasShortEpilogue(k.group))
      return throughBuffer();
    auto isFull = [](const Along &along, bool hasShort, int64_t extent, int64_t all, int64_t apart) {
      if (ShapedType::isDynamic(extent))
        return false;
      return along.isShort ? extent % all == along.out : hasShort || extent % (all * apart) == 0;
    };
    if (isFull(piece.down, s.shortRows, s.rows, f.down.outputs, s.rowsApart) &&
        isFull(piece.across, s.shortColumns, s.columns, f.across.outputs, s.columnsApart))
      return fromRegisters();
    Value isWhole = k.compare(arith::CmpIPredicate::eq, k.mul(height, width), k.index(square.size()));
    k.ifThen(isWhole, fromRegisters);
    k.ifThen(k.negated(isWhole), throughBuffer);
  }

  KernelBuilder &k;
  nn::WinogradConvOp op;
  WinogradShape s;
  const winograd::ImageFiltering &f;
  const WinogradPlan &plan;
  VectorType vector;
  /// Vectors of a panel's row; blocks of channels; elements from one point to the next of `inputs` and
  /// `products`.
  int64_t perPanel, blocks, inputPoint, productPoint;
  Value x, bias;
  WinogradWeights weights;
  /// In the workspace: the transformed inputs and their products; one piece of inputs with its border, and of
  /// outputs.
  Value inputs, products, square, outputs;
  /// The extents of x and of the result.
  Value inRows, inColumns, rows, columns;
  /// Of a group of panels: the register tiles; and the whole blocks of channels whose products they add at a time.
  int64_t tiles = 0;
  std::pair<Value, Value> channelBlocks;
  // Of the item at hand; the pieces are counted within the patch if there is one:
  Value image, group, firstPiece, count;
  /// Pieces from block to block of `inputs` and from panel to panel of `products`: those of the item alone, so that what
  /// belongs together does not fall into few sets of the caches.
  Value apart;
  PixelPatches::Patch patch;
  LogicalResult status = success();
};

AffineMap winogradItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::WinogradConvOp>(root);
  WinogradShape s(op, target);
  MLIRContext *context = group.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(0, context), getAffineConstantExpr(s.groups, context),
                                     getAffineConstantExpr(s.plan.panelItems, context)};
  if (s.patches)
    s.patches->appendItems(results, context);
  else
    results.push_back(getAffineConstantExpr(s.plan.tileItems, context));
  return AffineMap::get(typeOf(op.getY()).getRank(), 0, results, context);
}

LogicalResult emitWinograd(KernelBuilder &k, Operation *root) {
  return Winograd(k, cast<nn::WinogradConvOp>(root)).emit();
}

} // namespace

void registerWinogradLowerings(LoweringRegistry &registry) {
  registry.add<nn::WinogradConvOp>({nullptr, emitWinograd, winogradItems, /*epilogueInPlace=*/true});
}

} // namespace nnc
