// The micro-kernel's step for bytes: every lane of i32 holds four bytes of a factor that follow each other
// along the depth, and gains the sum of four products.
//
// VNNI does it in one instruction. Without it the bytes are widened to 16 bits, the even ones and the odd
// ones of a lane apart, each once per step, and vpmaddwd sums pairs of products. (vpmaddubsw takes bytes as
// they are, but its sums of 16 bits saturate: 255 * 127 * 2 is more than 32767.) Other machines multiply byte
// by byte in lanes of 32 bits.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

namespace {

Value retyped(KernelBuilder &k, Value v, unsigned bits) {
  auto type = cast<VectorType>(v.getType());
  int64_t lanes = type.getNumElements() * type.getElementTypeBitWidth() / bits;
  return vector::BitCastOp::create(k.b, k.loc, VectorType::get({lanes}, k.b.getIntegerType(bits)), v);
}

Value call(KernelBuilder &k, StringRef intrinsic, Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(k.b, k.loc, result, k.b.getStringAttr(intrinsic), operands)
      .getResults();
}

/// The parts of width 32 / count bits that every lane's four bytes are widened to, `count` = 1: each byte, or
/// 2: the even and the odd ones.
SmallVector<Value> widened(KernelBuilder &k, Value bytes, unsigned width, bool isSigned) {
  Value lanes = retyped(k, bytes, width);
  auto by = [&](unsigned amount) { return integerLike(k.b, k.loc, lanes.getType(), amount); };
  SmallVector<Value> parts;
  for (unsigned at = 0; at < width; at += 8) {
    Value part = lanes;
    if (unsigned above = width - 8 - at)
      part = arith::ShLIOp::create(k.b, k.loc, part, by(above));
    part = isSigned ? arith::ShRSIOp::create(k.b, k.loc, part, by(width - 8)).getResult()
                    : arith::ShRUIOp::create(k.b, k.loc, part, by(width - 8)).getResult();
    parts.push_back(part);
  }
  return parts;
}

} // namespace

SmallVector<Value> MicroKernel::byteStep(KernelBuilder &k, Value at, ValueRange accumulators, Operand left,
                                         Operand right) const {
  bool leftIsSigned = factors == Factors::signedLeftBytes;
  unsigned sums = k.target.byteSums, bits = type.getNumElements() * 32;
  // The instructions are those of whole registers.
  if (bits != k.target.vectorBits)
    sums = 1;
  auto prepared = [&](Value bytes, bool isSigned) -> SmallVector<Value> {
    if (sums == 4)
      return {retyped(k, bytes, 8)};
    return widened(k, bytes, sums == 2 ? 16 : 32, isSigned);
  };
  auto add = [&](Value sum, Value l, Value r) -> Value {
    if (sums == 4) {
      StringRef name = bits == 512 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256";
      return call(k, name, type, leftIsSigned ? ValueRange{sum, r, l} : ValueRange{sum, l, r});
    }
    Value product =
        sums == 2
            ? call(k, bits == 512 ? "llvm.x86.avx512.pmaddw.d.512" : "llvm.x86.avx2.pmadd.wd", type, {l, r})
            : arith::MulIOp::create(k.b, k.loc, l, r).getResult();
    return arith::AddIOp::create(k.b, k.loc, sum, product);
  };
  SmallVector<Value> result(accumulators);
  SmallVector<SmallVector<Value>> b;
  for (int64_t j = 0; j < vectors; ++j)
    b.push_back(prepared(right(j, at), !leftIsSigned));
  for (int64_t i = 0; i < rows; ++i) {
    SmallVector<Value> a = prepared(vector::BroadcastOp::create(k.b, k.loc, type, left(i, at)), leftIsSigned);
    for (int64_t j = 0; j < vectors; ++j)
      for (auto [l, r] : llvm::zip(a, b[j])) {
        Value &sum = result[i * vectors + j];
        sum = add(sum, l, r);
      }
  }
  return result;
}

} // namespace nnc
