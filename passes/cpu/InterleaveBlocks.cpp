#include "passes/cpu/InterleaveBlocks.h"

#include "dialects/nn/Blocked.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// S1..Sn of a result and of the first operand of what may interleave.
SmallVector<int64_t> factorsOf(RankedTensorType from, RankedTensorType to) {
  SmallVector<int64_t> factors;
  for (int64_t i = 2; i < to.getRank(); ++i)
    factors.push_back(to.getDimSize(i) / from.getDimSize(i));
  return factors;
}

} // namespace

Value sourceOfInterleaving(nn::ReshapeOp last) {
  auto transpose = last.getX().getDefiningOp<nn::TransposeOp>();
  auto first = transpose ? transpose.getX().getDefiningOp<nn::ReshapeOp>() : nullptr;
  if (!first)
    return {};
  RankedTensorType from = typeOf(first.getX()), apart = typeOf(transpose.getX()), to = typeOf(last.getY());
  if (!from || !apart || !to)
    return {};
  int64_t rank = from.getRank();
  if (rank < 3 || to.getRank() != rank || !from.hasStaticShape() || !to.hasStaticShape() ||
      from.getNumElements() == 0 || from.getDimSize(0) != to.getDimSize(0) || to.getDimSize(1) % nn::kBlock)
    return {};
  for (int64_t i = 2; i < rank; ++i)
    if (to.getDimSize(i) % from.getDimSize(i))
      return {};
  // [N,(1),S1..Sn,C,D1..Dn] by a permutation that leaves [N,(1),C,D1,S1..Dn,Sn].
  SmallVector<int64_t> factors = factorsOf(from, to), expected = {from.getDimSize(0)};
  int64_t n = rank - 2, extra = apart.getRank() - 2 * n - 2;
  if (extra != 0 && (extra != 1 || apart.getDimSize(1) != 1))
    return {};
  SmallVector<int64_t> perm = {0};
  if (extra) {
    expected.push_back(1);
    perm.push_back(1);
  }
  expected.append(factors);
  expected.push_back(to.getDimSize(1));
  perm.push_back(1 + extra + n);
  for (int64_t i = 0; i < n; ++i) {
    expected.push_back(from.getDimSize(2 + i));
    perm.append({2 + extra + n + i, 1 + extra + i});
  }
  bool matches = apart.getShape() == ArrayRef(expected) && transpose.getPerm() == ArrayRef(perm);
  return matches ? first.getX() : Value();
}

Value interleaveBlocks(OpBuilder &b, nn::ReshapeOp last, Value blocks) {
  RankedTensorType from = typeOf(blocks), to = typeOf(last.getY());
  SmallVector<int64_t> factors = factorsOf(from, to), apart = {from.getDimSize(0)}, perm = {0},
                       together = {from.getDimSize(0), nn::blocksOf(to.getDimSize(1))};
  int64_t n = factors.size();
  apart.append(factors);
  apart.push_back(together[1]);
  perm.push_back(1 + n);
  for (int64_t i = 0; i < n; ++i) {
    apart.push_back(from.getDimSize(2 + i));
    together.push_back(to.getDimSize(2 + i));
    perm.append({2 + n + i, 1 + i});
  }
  apart.push_back(nn::kBlock);
  together.push_back(nn::kBlock);
  perm.push_back(2 + 2 * n);
  Location loc = last.getLoc();
  Value x = createReshape(b, loc, blocks, apart);
  return createReshape(b, loc, createTranspose(b, loc, x, perm), together);
}

} // namespace nnc
