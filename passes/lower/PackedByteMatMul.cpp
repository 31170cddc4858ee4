// nn.packed_byte_matmul by the micro-kernel: each item is a block of rows times a few panels. A step takes
// four bytes of each row; where the depth is no multiple of four, the last step takes what is left, so that
// nothing behind a row is read. Sums are not cut: a row of bytes is short where it lies in the first-level
// cache.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/ElementTypes.h"
#include "passes/lower/Epilogue.h"
#include "passes/lower/MatrixUnitKernels.h"
#include "passes/lower/PanelRows.h"
#include "passes/lower/Registry.h"

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedByteMatMulOp::kPanelColumns, kStep = nn::kByteStep;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// All dims but the last one.
PanelRows rowsOf(nn::PackedByteMatMulOp op) { return PanelRows(typeOf(op.getY()), 0, op.getColumns()); }

std::optional<int64_t> depthOf(nn::PackedByteMatMulOp op) {
  RankedTensorType a = typeOf(op.getA()), panels = typeOf(op.getPanels());
  if (!a.isDynamicDim(a.getRank() - 1))
    return a.getDimSize(a.getRank() - 1);
  return panels.isDynamicDim(1) ? std::nullopt : std::optional(panels.getDimSize(1) * kStep);
}

ByteMatMulPlan planOf(nn::PackedByteMatMulOp op, KernelTarget target) {
  return planByteMatMul(target, rowsOf(op).known, depthOf(op), op.getColumns());
}

class PackedByteMatMul {
public:
  PackedByteMatMul(KernelBuilder &k, nn::PackedByteMatMulOp op)
      : k(k), op(op), plan(planOf(op, k.target)), rows(rowsOf(op)), rank(typeOf(op.getY()).getRank()),
        a(k.flat(k.memref(op.getA()))), panels(k.flat(k.memref(op.getPanels()))),
        depth(k.dimOf(op.getA(), rank - 1)), steps(k.div(k.add(depth, kStep - 1), k.index(kStep))),
        vector(VectorType::get({plan.lanes}, k.b.getI32Type())),
        shortEpilogue(hasShortEpilogue(k.group, kByteEpilogue)) {
    if (op.getStart())
      start = k.memref(op.getStart());
    buffer = memref::AllocaOp::create(k.b, k.loc,
                                      MemRefType::get({plan.rows, plan.panels * kWidth}, k.b.getI32Type()),
                                      k.b.getI64IntegerAttr(64));
  }

  LogicalResult emit() {
    k.note("registers hold " + Twine(plan.rows) + " x " + Twine(plan.panels * kWidth) +
           " sums of bytes, an item is " + Twine(plan.rowBlock) + " x " + Twine(plan.panelBlock * kWidth));
    int64_t work = plan.rowBlock * plan.panelBlock * kWidth * depthOf(op).value_or(64) / 4;
    k.grain = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    k.swings = rows.known && *rows.known <= plan.rows;
    Value total = rows.total(k);
    k.forEachItem([&](ValueRange point) {
      Value panel = k.mul(point[0], plan.panelBlock);
      Value panelEnd = k.min(k.add(panel, plan.panelBlock), k.index(rows.panels()));
      // The panels run inside: the rows of a tile stay in the first-level cache.
      rows.overBlocks(k, point.back(), plan.rowBlock, total, [&](Value first, Value last) {
        overRows(first, last, [&](int64_t height, Value row) {
          overPanels(panel, panelEnd, [&](int64_t width, Value p) { tile(height, width, row, p); });
        });
      });
    });
    return status;
  }

private:
  void overPanels(Value from, Value to, llvm::function_ref<void(int64_t width, Value panel)> body) {
    rows.overPanels(k, plan.panels, from, to, body);
  }
  void overRows(Value from, Value to, llvm::function_ref<void(int64_t height, Value row)> body) {
    rows.overRows(k, plan.rows, from, to, body);
  }

  MicroKernel kernelOf(int64_t height, int64_t width) {
    MicroKernel kernel{height, width * kWidth / plan.lanes, vector};
    kernel.parts = partsFor(k.target, height * kernel.vectors);
    // What is multiplied has the other sign where bits are flipped.
    bool isSigned = typeOf(op.getPanels()).getElementType().isUnsignedInteger();
    kernel.factors =
        isSigned ? MicroKernel::Factors::signedLeftBytes : MicroKernel::Factors::signedRightBytes;
    return kernel;
  }

  Value flipped(Value lane) {
    if (!op.getFlip())
      return lane;
    return arith::XOrIOp::create(k.b, k.loc, lane,
                                 integerLike(k.b, k.loc, lane.getType(), int32_t(0x80808080)));
  }
  /// The four bytes of a from `offset` on, as a lane.
  Value bytesAt(Value offset) {
    Value bytes = vector::LoadOp::create(k.b, k.loc, VectorType::get({kStep}, k.b.getI8Type()), a, offset);
    Value lane = vector::BitCastOp::create(k.b, k.loc, VectorType::get({1}, k.b.getI32Type()), bytes);
    return flipped(vector::ExtractOp::create(k.b, k.loc, lane, ArrayRef<int64_t>{0}));
  }
  /// The bytes [offset, end), less than four, as a lane; what they leave of it meets zeros.
  Value someBytesAt(Value offset, Value end) {
    auto i32 = k.b.getI32Type();
    Value lane = k.loop(k.index(0), k.sub(end, offset), k.index(1), {integerLike(k.b, k.loc, i32, 0)},
                        [&](Value i, ValueRange before) -> SmallVector<Value> {
                          Value byte = memref::LoadOp::create(k.b, k.loc, a, k.add(offset, i));
                          byte = arith::ExtUIOp::create(k.b, k.loc, i32, byte);
                          byte = arith::ShLIOp::create(k.b, k.loc, byte, k.fromIndex(k.mul(i, 8), i32));
                          return {arith::OrIOp::create(k.b, k.loc, before[0], byte)};
                        })[0];
    return flipped(lane);
  }

  SmallVector<Value> multiply(const MicroKernel &kernel, Value row, Value panel) {
    int64_t perPanel = kWidth / plan.lanes;
    auto rowStart = [&](int64_t i) { return k.mul(k.add(row, i), depth); };
    auto left = [&](int64_t i, Value step) { return bytesAt(k.add(rowStart(i), k.mul(step, kStep))); };
    auto right = [&](int64_t j, Value step) -> Value {
      Value at = k.add(k.mul(k.add(panel, j / perPanel), steps), step);
      at = k.add(k.mul(at, kWidth * kStep), j % perPanel * plan.lanes * kStep);
      Value bytes = vector::LoadOp::create(k.b, k.loc, VectorType::get({plan.lanes * kStep}, k.b.getI8Type()),
                                           panels, at);
      return vector::BitCastOp::create(k.b, k.loc, vector, bytes);
    };
    SmallVector<Value> sums;
    for (int64_t i = 0; i < kernel.rows * kernel.vectors; ++i) {
      Value column = k.add(k.mul(panel, kWidth), i % kernel.vectors * plan.lanes);
      sums.push_back(start ? vector::LoadOp::create(k.b, k.loc, vector, start, column).getResult()
                           : integerLike(k.b, k.loc, vector, 0));
    }
    Value whole = k.div(depth, k.index(kStep));
    sums = kernel.emit(k, k.index(0), whole, sums, left, right);
    RankedTensorType type = typeOf(op.getA());
    if (!type.isDynamicDim(rank - 1) && type.getDimSize(rank - 1) % kStep == 0)
      return sums;
    auto leftRest = [&](int64_t i, Value step) {
      return someBytesAt(k.add(rowStart(i), k.mul(step, kStep)), k.add(rowStart(i), depth));
    };
    return k.loop(whole, steps, k.index(1), sums, [&](Value step, ValueRange before) {
      return kernel.step(k, step, before, leftRest, right);
    });
  }

  void tile(int64_t height, int64_t width, Value row, Value panel) {
    MicroKernel kernel = kernelOf(height, width);
    SmallVector<Value> values = multiply(kernel, row, panel);
    Value column = k.mul(panel, kWidth);
    auto fromRegisters = [&] {
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          store(values[i * kernel.vectors + j], k.add(row, i), k.add(column, j * plan.lanes));
    };
    auto throughBuffer = [&] {
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < kernel.vectors; ++j)
          vector::StoreOp::create(k.b, k.loc, values[i * kernel.vectors + j], buffer,
                                  ValueRange{k.index(i), k.index(j * plan.lanes)});
      finish(height, row, column, k.index(width * kWidth));
    };
    if (!shortEpilogue)
      return throughBuffer();
    // The last panel is not stored whole where it is filled up.
    if (!rows.hasPadding() || (width != 1 && rows.panels() % plan.panels != 0))
      return fromRegisters();
    Value isWhole =
        k.compare(arith::CmpIPredicate::sle, k.add(column, width * kWidth), k.index(op.getColumns()));
    k.ifThen(isWhole, fromRegisters);
    k.ifThen(k.negated(isWhole), throughBuffer);
  }

  /// Stores `height` rows of finished sums as the result's from (row, column) on, as far as it has columns.
  void finish(int64_t height, Value row, Value column, Value width) {
    Value lanes = k.index(plan.lanes), count = width, vectorEnd = width;
    if (rows.hasPadding()) {
      count = k.min(k.sub(k.index(op.getColumns()), column), width);
      vectorEnd = k.mul(k.div(count, lanes), lanes);
    }
    k.loop(k.index(height), [&](Value i) {
      k.loop(k.index(0), vectorEnd, lanes, [&](Value j) {
        Value sums = vector::LoadOp::create(k.b, k.loc, vector, buffer, ValueRange{i, j});
        store(sums, k.add(row, i), k.add(column, j));
      });
      if (rows.hasPadding())
        k.loop(vectorEnd, count, k.index(1), [&](Value j) {
          store(memref::LoadOp::create(k.b, k.loc, buffer, ValueRange{i, j}), k.add(row, i),
                k.add(column, j));
        });
    });
  }

  void store(Value value, Value row, Value column) {
    if (failed(storeThroughEpilogue(k, op, value, rows.indices(k, {}, row, column))))
      status = failure();
  }

  KernelBuilder &k;
  nn::PackedByteMatMulOp op;
  ByteMatMulPlan plan;
  PanelRows rows;
  int64_t rank;
  /// The factors as bytes; the columns' first values or null; elements of a sum, and steps.
  Value a, panels, start, depth, steps;
  VectorType vector;
  bool shortEpilogue;
  /// Sums of a tile on their way to a long epilogue.
  Value buffer;
  LogicalResult status = success();
};

AffineMap packedByteMatMulItems(nn::GroupOp, Operation *root, KernelTarget target) {
  auto op = cast<nn::PackedByteMatMulOp>(root);
  ByteMatMulPlan plan = planOf(op, target);
  return rowsOf(op).items(typeOf(op.getY()), plan.panelBlock, plan.rowBlock);
}

bool differsOnIntel(Operation *root) {
  auto op = cast<nn::PackedByteMatMulOp>(root);
  KernelTarget target{/*vectorBits=*/512, /*byteSums=*/4};
  target.matrixUnit = true;
  return takesMatrixUnit(target, rowsOf(op).known, depthOf(op));
}

LogicalResult emitPackedByteMatMul(KernelBuilder &k, Operation *root) {
  auto op = cast<nn::PackedByteMatMulOp>(root);
  if (takesMatrixUnit(k.target, rowsOf(op).known, depthOf(op)))
    return emitByMatrixUnit(k, op, rowsOf(op), llvm::divideCeil(*depthOf(op), kStep), planOf(op, k.target));
  return PackedByteMatMul(k, op).emit();
}

} // namespace

void registerPackedByteMatMulLowerings(LoweringRegistry &registry) {
  registry.add<nn::PackedByteMatMulOp>(
      {nullptr, emitPackedByteMatMul, packedByteMatMulItems, /*epilogueInPlace=*/true, differsOnIntel});
}

} // namespace nnc
