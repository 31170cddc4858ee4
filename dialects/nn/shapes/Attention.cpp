// The shape rule of nn.attention.
#include "dialects/nn/NNDialect.h"

using namespace mlir;

namespace nnc::nn {

namespace {

/// The dims of q, k or v as [B,heads,rows,size], whichever way they lie.
Dims byHead(ShapeRule &rule, Value operand, bool byRow) {
  Dims dims = rule.dims(operand);
  if (byRow)
    std::swap(dims[1], dims[2]);
  return dims;
}

} // namespace

LogicalResult AttentionOp::shapes(ShapeRule &rule) {
  for (Value operand : {getQ(), getK(), getV()})
    if (rule.rank(operand) != 4)
      return rule.error("attention_c1: an operand has rank " + Twine(rule.rank(operand)) + ", not 4");
  Dims q = byHead(rule, getQ(), getQByRow()), k = byHead(rule, getK(), getKByRow());
  Dims v = byHead(rule, getV(), getVByRow());
  for (const Dims *dims : {&q, &k, &v})
    if (!(*dims)[1].known() || !(*dims)[3].known())
      return rule.error("attention_c1: the heads and their sizes must be known");

  int64_t heads = getHeads(), kvHeads = getKvHeads();
  ArrayRef<int64_t> first = getFirstHeads();
  bool fits = heads >= 1 && kvHeads >= 1 && heads % kvHeads == 0 && first.size() == 3;
  for (size_t i = 0; fits && i < 3; ++i) {
    int64_t have = *(i == 0 ? q : i == 1 ? k : v)[1].known(), want = i == 0 ? heads : kvHeads;
    fits = first[i] >= 0 && first[i] + want <= have;
  }
  if (!fits)
    return rule.error("attention_c2: the operands do not have " + Twine(heads) + " and " + Twine(kvHeads) +
                      " heads");
  if (rule.differ(q[0], k[0]) || rule.differ(k[0], v[0]) || rule.differ(q[3], k[3]) ||
      rule.differ(k[2], v[2]))
    return rule.error("attention_c3: q, k and v do not fit together");

  Block &block = getScore().front();
  size_t extras = getExtras().size();
  if (getDropsRows() && extras == 0)
    return rule.error("attention_c4: there are no flags of dropped rows");
  size_t arguments = 1 + extras - (getDropsRows() ? 1 : 0);
  auto scores =
      block.getNumArguments() ? dyn_cast<RankedTensorType>(block.getArgument(0).getType()) : nullptr;
  auto *end = block.empty() ? nullptr : &block.back();
  if (block.getNumArguments() != arguments || !scores || scores.getRank() != 4 || !end ||
      !isa<YieldOp>(end) || end->getNumOperands() != 1)
    return rule.error("attention_c4: the region does not take the scores and " + Twine(arguments - 1) +
                      " extras or does not yield one tensor");

  if (getDiagonal() && static_cast<int64_t>(*getDiagonal()) < 0)
    return rule.error("attention_c5: diagonal is negative");

  Dims out = {q[0], rule.constant(heads), q[2], v[3]};
  if (getYByRow())
    std::swap(out[1], out[2]);
  rule.result(out);
  return success();
}

} // namespace nnc::nn
