#include "passes/cpu/MergeGroups.h"

#include "dialects/nn/Blocked.h"
#include "passes/cpu/BlockedTypes.h"
#include "passes/cpu/ConstantElements.h"
#include "passes/cpu/ConvolutionPlan.h"
#include "passes/graph/Constants.h"
#include "passes/graph/WindowPads.h"

using namespace mlir;

namespace nnc {

void mergeGroups(nn::ConvOp op) {
  auto w = dyn_cast<RankedTensorType>(op.getW().getType()), x = dyn_cast<RankedTensorType>(op.getX().getType()),
       y = dyn_cast<RankedTensorType>(op.getY().getType());
  auto weight = elementsOf(constantValue(op.getW()));
  int64_t groups = op.getGroups();
  if (groups % 2 || !x || !y || !w || !isImage(x) || !isImage(y) || !weight || !hasKnownPads(op))
    return;
  int64_t filters = w.getDimSize(0), channels = w.getDimSize(1), perGroup = filters / groups;
  auto fillBlocks = [](int64_t numbers) { return numbers % nn::kBlock == 0; };
  if (liesWithinVector(channels, perGroup) || (fillBlocks(channels) && fillBlocks(perGroup)) ||
      !fillBlocks(2 * channels) || !fillBlocks(2 * perGroup) || !paysMergingGroups(op))
    return;
  int64_t taps = w.getNumElements() / (filters * channels);
  std::vector<float> merged(w.getNumElements() * 2);
  for (int64_t filter = 0; filter < filters; ++filter) {
    int64_t from = filter * channels * taps, place = filter / perGroup % 2;
    for (int64_t i = 0; i < channels * taps; ++i)
      merged[from * 2 + place * channels * taps + i] = weight->f32(from + i);
  }
  SmallVector<int64_t> shape(w.getShape());
  shape[1] *= 2;
  OpBuilder b(op);
  ArrayRef bytes(reinterpret_cast<const char *>(merged.data()), merged.size() * sizeof(float));
  op.getWMutable().assign(createConstant(b, op.getLoc(), constantFromBytes(w.clone(shape), bytes)));
  op.setGroups(groups / 2);
}

} // namespace nnc
