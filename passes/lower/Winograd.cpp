// nn.winograd_conv (Lavin and Gray 2015): every 6 x 6 (or 4 x 4) piece d of the input gives the 4 x 4 (or 2 x
// 2) outputs
//
//     A^T [ sum over channels of (G w G^T) * (B^T d B) ] A
//
// of a filter w. The bracket is 36 (16) products of matrices, [pieces, channels] x [channels, filters], by
// the micro-kernel. An item is some pieces times some panels of filters: it transforms the pieces' inputs
// into the workspace, computes the products, and transforms them back through the epilogue. Pieces at the
// borders are first copied to a square with zeros around.
#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/cpu/WinogradTransforms.h"
#include "passes/lower/BlockedGeometry.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

using nn::kBlock;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

struct Shape {
  Shape(nn::WinogradConvOp op, KernelTarget target)
      : out(op.getOutputs()), in(out + op.getTaps() - 1), points(in * in),
        inRows(typeOf(op.getX()).getDimSize(2)), inColumns(typeOf(op.getX()).getDimSize(3)),
        rows(typeOf(op.getY()).getDimSize(2)), columns(typeOf(op.getY()).getDimSize(3)),
        channels(op.getChannels()), panels(typeOf(op.getY()).getDimSize(1)),
        rowsApart(op.getDilations()[0]), columnsApart(op.getDilations()[1]), pieceRows{rows, out, rowsApart},
        pieceColumns{columns, out, columnsApart}, plan(planWinograd(target, points, pieces(), channels, panels)) {}

  /// Outputs, inputs and points of a piece; the first two along one dim.
  int64_t out, in, points;
  int64_t inRows, inColumns, rows, columns, channels, panels;
  /// The dilation: how far apart the inputs, and the outputs, of a piece are.
  int64_t rowsApart, columnsApart;
  winograd::Pieces pieceRows, pieceColumns;
  WinogradPlan plan;

  int64_t pieces() const { return pieceRows.count() * pieceColumns.count(); }
  int64_t itemPieces() const { return llvm::divideCeilSigned(pieces(), plan.tileItems); }
  PanelGroups panelGroups() const { return {panels, plan.panels, plan.panelItems}; }
  int64_t itemPanels() const { return panelGroups().largest(); }
};

class Winograd {
public:
  Winograd(KernelBuilder &k, nn::WinogradConvOp op)
      : k(k), op(op), s(op, k.target), plan(s.plan), vector(VectorType::get({plan.lanes}, k.b.getF32Type())),
        perPanel(kBlock / plan.lanes), blocks(nn::blocksOf(s.channels)), x(k.flat(k.memref(op.getX()))),
        u(k.flat(k.memref(op.getU()))) {
    if (op.getBias())
      bias = k.flat(k.memref(op.getBias()));
    auto memory = [&](int64_t count) { return k.workspace(MemRefType::get({count}, k.b.getF32Type())); };
    // An odd number of cache lines from point to point: those that belong to a piece would otherwise share a
    // few sets.
    inputPoint = (blocks * s.itemPieces() | 1) * kBlock;
    productPoint = (s.itemPanels() * s.itemPieces() | 1) * kBlock;
    inputs = memory(s.points * inputPoint);
    products = memory(s.points * productPoint);
    square = memory(s.points * kBlock);
    outputs = memory(s.out * s.out * kBlock);
  }

  LogicalResult emit() {
    int64_t work = s.points * s.itemPieces() * s.itemPanels() * kBlock * s.channels;
    k.grain = std::max<int64_t>(1, 200000 / std::max<int64_t>(work, 1));
    k.note("Winograd F(" + Twine(s.out) + "," + Twine(op.getTaps()) + "), registers hold " +
           Twine(plan.rows) + " pieces x " + Twine(plan.panels * kBlock) + " filters, cut into " +
           Twine(plan.panelItems) + " x " + Twine(plan.tileItems));
    k.forEachItem([&](ValueRange point) {
      image = point[0];
      EvenParts items{s.pieces(), plan.tileItems};
      firstPiece = items.spreadStart(k, point[2]);
      count = k.sub(items.spreadStart(k, k.add(point[2], 1)), firstPiece);
      k.loop(count, [&](Value piece) { transformInputs(piece); });
      std::pair<Value, Value> range = s.panelGroups().range(k, point[1]);
      Value panel = range.first, end = range.second;
      k.loop(k.index(s.points), [&](Value at) { multiplyAll(at, panel, end); });
      k.loop(k.sub(end, panel), [&](Value j) {
        k.loop(count, [&](Value piece) { transformOutputs(k.add(panel, j), j, piece); });
      });
    });
    return status;
  }

private:
  Value load(Value memref, Value at) {
    return vector::LoadOp::create(k.b, k.loc, vector, memref, ValueRange{at});
  }
  void store(Value value, Value memref, Value at) {
    vector::StoreOp::create(k.b, k.loc, value, memref, ValueRange{at});
  }

  /// The image's row and column that a piece of the item starts at in the output.
  std::pair<Value, Value> cornerOf(Value piece) {
    Value at = k.add(firstPiece, piece), across = k.index(s.pieceColumns.count());
    return {s.pieceRows.start(k, k.div(at, across)), s.pieceColumns.start(k, k.rem(at, across))};
  }

  /// V[point][block][piece][16] = B^T d B.
  void transformInputs(Value piece) {
    auto [outRow, outColumn] = cornerOf(piece);
    Value row = k.sub(outRow, k.index(op.getPads()[0])), column = k.sub(outColumn, k.index(op.getPads()[1]));
    auto isInside = [&](Value first, int64_t apart, int64_t extent) {
      Value last = k.add(first, (s.in - 1) * apart);
      return k.both(k.compare(arith::CmpIPredicate::sge, first, k.index(0)),
                    k.compare(arith::CmpIPredicate::slt, last, k.index(extent)));
    };
    Value inside = k.both(isInside(row, s.rowsApart, s.inRows), isInside(column, s.columnsApart, s.inColumns));
    Value border = k.negated(inside);
    k.loop(k.index(blocks), [&](Value block) {
      Value plane = k.mul(k.add(k.mul(image, blocks), block), s.inRows * s.inColumns);
      Value base = k.mul(k.add(plane, k.add(k.mul(row, s.inColumns), column)), kBlock);
      Value to = k.mul(k.add(k.mul(block, s.itemPieces()), piece), kBlock);
      k.ifThen(inside, [&] { transformSquare(x, base, s.rowsApart * s.inColumns, s.columnsApart, to); });
      k.ifThen(border, [&] {
        k.loops({k.index(s.in), k.index(s.in)}, [&](ValueRange at) {
          Value r = k.add(row, k.mul(at[0], s.rowsApart)), c = k.add(column, k.mul(at[1], s.columnsApart));
          Value exists = k.both(k.inRange(r, k.index(s.inRows)), k.inRange(c, k.index(s.inColumns)));
          for (int64_t lane = 0; lane < kBlock; lane += plan.lanes) {
            Value value = k.ifElse(
                exists,
                [&] {
                  Value from = k.add(k.mul(k.add(plane, k.add(k.mul(r, s.inColumns), c)), kBlock), lane);
                  return load(x, from);
                },
                [&] { return zeroOf(k, vector); });
            store(value, square, k.add(k.mul(k.add(k.mul(at[0], s.in), at[1]), kBlock), lane));
          }
        });
        transformSquare(square, k.index(0), s.in, 1, to);
      });
    });
  }

  /// The transformed inputs of the piece whose pixels start at `base`, rows `down` and columns `across` pixels apart.
  void transformSquare(Value from, Value base, int64_t down, int64_t across, Value to) {
    k.loop(k.index(0), k.index(kBlock), k.index(plan.lanes), [&](Value lane) {
      Value first = k.add(base, lane), target = k.add(to, lane);
      SmallVector<Value> half(s.points);
      for (int64_t c = 0; c < s.in; ++c) {
        SmallVector<Value> column;
        for (int64_t r = 0; r < s.in; ++r)
          column.push_back(load(from, k.add(first, (r * down + c * across) * kBlock)));
        column = winograd::transformInput(k, column);
        for (int64_t r = 0; r < s.in; ++r)
          half[r * s.in + c] = column[r];
      }
      for (int64_t r = 0; r < s.in; ++r) {
        SmallVector<Value> row = winograd::transformInput(k, ArrayRef(half).slice(r * s.in, s.in));
        for (int64_t c = 0; c < s.in; ++c)
          store(row[c], inputs, k.add(target, (r * s.in + c) * inputPoint));
      }
    });
  }

  /// The products at one point for the panels [first, end).
  void multiplyAll(Value point, Value first, Value end) {
    EvenParts parts{s.itemPieces(), llvm::divideCeilSigned(s.itemPieces(), plan.rows)};
    // Some items have one piece less; what is computed in its place is not read.
    auto overPieces = [&](Value panel, int64_t width) {
      parts.forEach(k, k.index(0), k.index(parts.parts), [&](Value piece, int64_t rows) {
        multiply(point, panel, first, end, width, piece, rows);
      });
    };
    s.panelGroups().forEach(k, first, end, overPieces);
  }

  /// M[point][own][piece][16] for `rows` pieces: a register tile over all channels. `own` numbers the item's
  /// panels, [begin, end).
  void multiply(Value point, Value panel, Value begin, Value end, int64_t width, Value piece, int64_t rows) {
    MicroKernel kernel{rows, width * perPanel, vector};
    Value own = k.sub(panel, begin);
    Value weights = k.mul(k.add(k.mul(point, s.panels), panel), s.channels * kBlock);
    Value first = k.add(k.mul(point, inputPoint), k.mul(piece, kBlock));
    NextPanels following{};
    if (plan.streamsWeights) {
      // After the item's last panels at this point come its first ones at the next point.
      Value next = k.add(panel, width), isLast = k.compare(arith::CmpIPredicate::sge, next, end);
      next = k.add(k.mul(point, s.panels), k.select(isLast, k.add(begin, s.panels), next));
      following = {u, k.mul(next, s.channels * kBlock), s.channels * kBlock, s.itemPieces() <= plan.rows,
                   k.compare(arith::CmpIPredicate::eq, piece, k.index(0))};
    }
    auto overChannels = [&](Value block, int64_t channels, ValueRange carried) {
      Value from = k.add(first, k.mul(block, s.itemPieces() * kBlock));
      Value weight = k.add(weights, k.mul(block, kBlock * kBlock));
      int64_t unroll = channels % 2 ? 1 : 2;
      return k.loop(k.index(0), k.index(channels), k.index(unroll), carried, [&](Value at, ValueRange sums) {
        SmallVector<Value> next(sums);
        for (int64_t j = 0; j < width; ++j)
          following.prefetch(k, j, k.mul(k.add(k.mul(block, kBlock), at), kBlock));
        for (int64_t i = 0; i < unroll; ++i)
          next = kernel.step(
              k, k.add(at, i), next,
              [&](int64_t row, Value c) -> Value {
                return memref::LoadOp::create(k.b, k.loc, inputs, k.add(k.add(from, c), row * kBlock));
              },
              [&](int64_t j, Value c) {
                Value offset = k.add(k.add(weight, k.mul(c, kBlock)), j / perPanel * s.channels * kBlock);
                return load(u, k.add(offset, j % perPanel * plan.lanes));
              });
        return next;
      });
    };
    SmallVector<Value> sums = kernel.zeros(k);
    if (int64_t whole = s.channels / kBlock)
      sums = k.loop(k.index(0), k.index(whole), k.index(1), sums,
                    [&](Value block, ValueRange carried) { return overChannels(block, kBlock, carried); });
    if (int64_t rest = s.channels % kBlock)
      sums = overChannels(k.index(s.channels / kBlock), rest, sums);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < kernel.vectors; ++j) {
        Value row = k.add(k.mul(k.add(own, j / perPanel), s.itemPieces()), k.add(piece, i));
        Value at = k.add(k.mul(point, productPoint), k.add(k.mul(row, kBlock), j % perPanel * plan.lanes));
        store(sums[i * kernel.vectors + j], products, at);
      }
  }

  /// A^T M A of one piece and panel, to the outputs that exist.
  void transformOutputs(Value panel, Value own, Value piece) {
    std::pair<Value, Value> corner = cornerOf(piece);
    Value row = corner.first, column = corner.second;
    Value from = k.mul(k.add(piece, k.mul(own, s.itemPieces())), kBlock);
    k.loop(k.index(0), k.index(kBlock), k.index(plan.lanes), [&](Value lane) {
      SmallVector<Value> half(s.out * s.in);
      for (int64_t c = 0; c < s.in; ++c) {
        SmallVector<Value> values;
        for (int64_t r = 0; r < s.in; ++r)
          values.push_back(load(products, k.add(k.add(from, lane), (r * s.in + c) * productPoint)));
        values = winograd::transformOutput(k, values, s.out);
        for (int64_t r = 0; r < s.out; ++r)
          half[r * s.in + c] = values[r];
      }
      Value b = bias ? load(bias, k.add(k.mul(panel, kBlock), lane)) : Value();
      SmallVector<Value> square;
      for (int64_t r = 0; r < s.out; ++r)
        for (Value value : winograd::transformOutput(k, ArrayRef(half).slice(r * s.in, s.in), s.out))
          square.push_back(b ? arith::AddFOp::create(k.b, k.loc, value, b).getResult() : value);
      storeSquare(square, panel, row, column, lane);
    });
  }

  /// Stores the outputs of a piece that exist: all of them from registers where the epilogue is short.
  void storeSquare(ArrayRef<Value> square, Value panel, Value row, Value column, Value lane) {
    auto storeOne = [&](Value value, Value r, Value c) {
      SmallVector<Value> indices = {image, panel, k.add(row, k.mul(r, s.rowsApart)),
                                    k.add(column, k.mul(c, s.columnsApart)), lane};
      if (failed(storeThroughEpilogue(k, op, value, indices)))
        status = failure();
    };
    auto existing = [&](Value first, int64_t apart, int64_t extent) {
      Value left = k.add(k.sub(k.index(extent), first), apart - 1);
      return k.min(k.div(left, k.index(apart)), k.index(s.out));
    };
    Value height = existing(row, s.rowsApart, s.rows), width = existing(column, s.columnsApart, s.columns);
    auto fromRegisters = [&] {
      for (int64_t i = 0; i < s.out * s.out; ++i)
        storeOne(square[i], k.index(i / s.out), k.index(i % s.out));
    };
    auto throughBuffer = [&] {
      for (auto [i, value] : llvm::enumerate(square))
        store(value, outputs, k.add(lane, i * kBlock));
      k.loops({height, width}, [&](ValueRange at) {
        Value offset = k.mul(k.add(k.mul(at[0], s.out), at[1]), kBlock);
        storeOne(load(outputs, k.add(offset, lane)), at[0], at[1]);
      });
    };
    if (!hasShortEpilogue(k.group))
      return throughBuffer();
    if (s.rows % (s.out * s.rowsApart) == 0 && s.columns % (s.out * s.columnsApart) == 0)
      return fromRegisters();
    Value isWhole = k.compare(arith::CmpIPredicate::eq, k.mul(height, width), k.index(s.out * s.out));
    k.ifThen(isWhole, fromRegisters);
    k.ifThen(k.negated(isWhole), throughBuffer);
  }

  KernelBuilder &k;
  nn::WinogradConvOp op;
  Shape s;
  const WinogradPlan &plan;
  VectorType vector;
  /// Vectors of a panel's row; blocks of channels; elements from one point to the next of `inputs` and
  /// `products`.
  int64_t perPanel, blocks, inputPoint, productPoint;
  Value x, u, bias;
  /// In the workspace: the transformed inputs and their products; one piece of inputs with its border, and of
  /// outputs.
  Value inputs, products, square, outputs;
  // Of the item at hand:
  Value image, firstPiece, count;
  LogicalResult status = success();
};

AffineMap winogradItems(nn::GroupOp group, Operation *root, KernelTarget target) {
  auto op = cast<nn::WinogradConvOp>(root);
  Shape s(op, target);
  MLIRContext *context = group.getContext();
  return AffineMap::get(5, 0,
                        {getAffineDimExpr(0, context), getAffineConstantExpr(s.plan.panelItems, context),
                         getAffineConstantExpr(s.plan.tileItems, context)},
                        context);
}

LogicalResult emitWinograd(KernelBuilder &k, Operation *root) {
  return Winograd(k, cast<nn::WinogradConvOp>(root)).emit();
}

} // namespace

void registerWinogradLowerings(LoweringRegistry &registry) {
  registry.add<nn::WinogradConvOp>({nullptr, emitWinograd, winogradItems, /*epilogueInPlace=*/true});
}

} // namespace nnc
