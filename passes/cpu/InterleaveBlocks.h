//===- InterleaveBlocks.h - channels into space, block by block ---------------===//
#ifndef NNC_PASSES_CPU_INTERLEAVEBLOCKS_H
#define NNC_PASSES_CPU_INTERLEAVEBLOCKS_H

#include "dialects/nn/NNDialect.h"

namespace nnc {

/// `last` may end what turns [N,S1..Sn*C,D1..Dn] into [N,C,D1*S1..Dn*Sn], as transposed convolutions and nets that grow
/// images do it: a reshape that takes S1..Sn and C apart, a transpose that puts each S behind its D, and `last`, which
/// merges them. If so, and if C has whole blocks of 16, gives the operand of the first of the three; `blocks` of it are
/// interleaved by `interleaveBlocks`. Null elsewhere.
mlir::Value sourceOfInterleaving(nn::ReshapeOp last);

/// The same on the blocks of that operand, [N,S1..Sn*C/16,D1..Dn,16]: the blocks of `last`'s result.
mlir::Value interleaveBlocks(mlir::OpBuilder &b, nn::ReshapeOp last, mlir::Value blocks);

} // namespace nnc

#endif
