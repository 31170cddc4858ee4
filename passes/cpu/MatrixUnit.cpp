#include "passes/cpu/MatrixUnit.h"

#include "dialects/nn/Blocked.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

/// The numbers of the tiles.
int64_t sumTile(int64_t i, int64_t j) { return 2 * i + j; }
int64_t leftTile(int64_t i) { return 4 + i; }
int64_t rightTile(int64_t j) { return 6 + j; }

} // namespace

MatrixUnit::MatrixUnit(KernelBuilder &k, int64_t steps, bool leftIsSigned)
    : k(k), steps(steps), chunkSteps(std::min(steps, kRows)), leftIsSigned(leftIsSigned) {}

int64_t MatrixUnit::leftStride(int64_t steps) { return (llvm::divideCeil(steps, kRows) | 1) * kRowBytes; }

Value MatrixUnit::byte(int64_t value) const {
  return arith::ConstantIntOp::create(k.b, k.loc, k.b.getI8Type(), value);
}
Value MatrixUnit::quad(int64_t value) const {
  return arith::ConstantIntOp::create(k.b, k.loc, k.b.getI64Type(), value);
}

void MatrixUnit::call(StringRef intrinsic, ValueRange operands) const {
  LLVM::CallIntrinsicOp::create(k.b, k.loc, k.b.getStringAttr(intrinsic), operands);
}

Value MatrixUnit::address(Value memref, Value offset) const {
  int64_t bytes = cast<MemRefType>(memref.getType()).getElementTypeBitWidth() / 8;
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(k.b, k.loc, memref);
  Value at = k.fromIndex(k.add(base, k.mul(offset, bytes)), k.b.getI64Type());
  return LLVM::IntToPtrOp::create(k.b, k.loc, LLVM::LLVMPointerType::get(k.b.getContext()), at);
}

void MatrixUnit::configure() {
  // Palette 1; bytes of a row of each tile from byte 16 on, two bytes each; rows of each from byte 48 on.
  Value layout = memref::AllocaOp::create(k.b, k.loc, MemRefType::get({8}, k.b.getI64Type()),
                                          k.b.getI64IntegerAttr(64));
  uint64_t left = chunkSteps * nn::kByteStep, sum = kRowBytes;
  auto fourOf = [](uint64_t a, uint64_t b, uint64_t c, uint64_t d) { return a | b << 16 | c << 32 | d << 48; };
  uint64_t rows = 0;
  for (int64_t tile = 0; tile < 8; ++tile)
    rows |= uint64_t(tile >= rightTile(0) ? chunkSteps : kRows) << 8 * tile;
  uint64_t words[8] = {1, 0, fourOf(sum, sum, sum, sum), fourOf(left, left, kRowBytes, kRowBytes), 0, 0, rows, 0};
  for (auto [i, word] : llvm::enumerate(words))
    memref::StoreOp::create(k.b, k.loc, quad(word), layout, k.index(i));
  call("llvm.x86.ldtilecfg", address(layout, k.index(0)));
}

void MatrixUnit::release() { call("llvm.x86.tilerelease", {}); }

void MatrixUnit::completeRow(Value left, Value offset) const {
  int64_t whole = steps / kRows, rest = steps % kRows;
  if (whole == 0 || rest == 0)
    return;
  auto bytes = VectorType::get({kRowBytes}, k.b.getI8Type()), lanes = VectorType::get({kRows}, k.b.getI32Type());
  Value last = vector::LoadOp::create(k.b, k.loc, bytes, left, k.add(offset, (steps - kRows) * nn::kByteStep));
  last = vector::BitCastOp::create(k.b, k.loc, lanes, last);
  SmallVector<int32_t> kept(kRows, 0);
  std::fill(kept.end() - rest, kept.end(), -1);
  Value mask = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(lanes, ArrayRef(kept)));
  last = vector::BitCastOp::create(k.b, k.loc, bytes, arith::AndIOp::create(k.b, k.loc, last, mask));
  vector::StoreOp::create(k.b, k.loc, last, left, k.add(offset, whole * kRowBytes));
}

void MatrixUnit::setPanels(Operands &operands, Value first, Value last) const {
  operands.panelOffsets.clear();
  operands.startOffsets.clear();
  for (int64_t j = 0; j < kMostPanels; ++j) {
    Value panel = k.min(k.add(first, j), last);
    operands.panelOffsets.push_back(k.mul(panel, steps * kRowBytes));
    operands.startOffsets.push_back(k.mul(panel, kRows));
  }
}

void MatrixUnit::load(int64_t tile, Value memref, Value offset, int64_t stride) const {
  call("llvm.x86.tileloadd64", {byte(tile), address(memref, offset), quad(stride)});
}

void MatrixUnit::addChunk(int64_t rowTiles, int64_t panels, const Operands &operands, Value chunk, Value firstStep,
                          llvm::function_ref<void(Value slot)> beside) const {
  StringRef multiplyAdd = leftIsSigned ? "llvm.x86.tdpbsud" : "llvm.x86.tdpbusd";
  int64_t stride = leftStride(steps), products = rowTiles * panels, slots = slotsOfChunk(rowTiles, panels);
  for (int64_t i = 0; i < rowTiles; ++i) {
    load(leftTile(i), operands.left,
         k.add(operands.leftOffset, k.add(k.mul(chunk, kRowBytes), i * kRows * stride)), stride);
    for (int64_t j = 0; j < panels; ++j) {
      if (i == 0)
        load(rightTile(j), operands.panels, k.add(operands.panelOffsets[j], k.mul(firstStep, kRowBytes)), kRowBytes);
      call(multiplyAdd, {byte(sumTile(i, j)), byte(leftTile(i)), byte(rightTile(j))});
      // The last products of a chunk have slots.
      if (int64_t slot = i * panels + j - (products - slots); slot >= 0)
        beside(k.add(k.mul(chunk, slots), slot));
    }
  }
}

void MatrixUnit::multiply(int64_t rowTiles, int64_t panels, const Operands &operands, Value sums, Value sumsStart,
                          llvm::function_ref<void(Value slot)> beside) const {
  for (int64_t i = 0; i < rowTiles; ++i)
    for (int64_t j = 0; j < panels; ++j) {
      if (operands.start) // The same row again and again.
        load(sumTile(i, j), operands.start, operands.startOffsets[j], /*stride=*/0);
      else
        call("llvm.x86.tilezero", byte(sumTile(i, j)));
    }
  int64_t whole = steps / chunkSteps;
  k.loop(k.index(whole), [&](Value chunk) {
    addChunk(rowTiles, panels, operands, chunk, k.mul(chunk, chunkSteps), beside);
  });
  if (steps % chunkSteps)
    addChunk(rowTiles, panels, operands, k.index(whole), k.index(steps - chunkSteps), beside);
  for (int64_t i = 0; i < rowTiles; ++i)
    for (int64_t j = 0; j < panels; ++j)
      call("llvm.x86.tilestored64",
           {byte(sumTile(i, j)), address(sums, k.add(sumsStart, sumsOffset(i, j))), quad(kRowBytes)});
}

} // namespace nnc
