//===- AttentionParts.h - what operators of attention have in common ----------===//
//
// ONNX and com.microsoft have operators of attention that differ in how heads, caches and masks come in. What is left
// once they are sorted out is here, in the form that nn-form-attention recognizes.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_ATTENTIONPARTS_H
#define NNC_FRONTENDS_ONNX_OPS_ATTENTIONPARTS_H

#include "frontends/onnx/ops/Builders.h"

namespace nnc::onnx {

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

/// Rows [B,S,heads*D] as [B,S,heads,D], and those as [B,heads,S,D].
mlir::Value headsOfRows(NodeImporter &node, mlir::Value rows, int64_t heads);
mlir::Value headsFirst(NodeImporter &node, mlir::Value heads);
/// [B,heads,S,D] as [B,S,heads*D].
mlir::Value rowsOfHeads(NodeImporter &node, mlir::Value x);

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// 0 where a query attends to a key and `masked` where it does not.
mlir::Value maskUnless(NodeImporter &node, mlir::Value allowed, mlir::Type type, double masked = -INFINITY);
/// The mask, whose last dim is that of the keys: where that is not certain, a view for which the run makes sure.
mlir::Value forKeys(NodeImporter &node, mlir::Value mask, mlir::Value k);
/// `part` and what there was before it, which may be null.
mlir::Value plus(NodeImporter &node, mlir::Value bias, mlir::Value part);
/// The positions 0, 1, ... of x's queries, as a column.
mlir::Value rowPositions(NodeImporter &node, mlir::Value q);
/// The positions 0, 1, ... of the keys.
mlir::Value keyPositions(NodeImporter &node, mlir::Value k);

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// softmax(scale Q K^T + bias) V for each head. Neighbouring heads of q share one of k and v.
struct HeadAttention {
  /// [B,heads,S,D], [B,sharing,T,D], [B,sharing,T,E].
  mlir::Value q, k, v;
  double scale = 1, softcap = 0;
  /// What is added to the scores, or null.
  mlir::Value bias;
  /// A query with a bias of -infinity everywhere gets zeros. Without it there must be none.
  bool mayMaskRows = false;
  /// The type of the softmax, that of q if null.
  mlir::Type softmaxType;

  /// The results, all but y for who asks for them.
  mlir::Value scores, biased, weights, y;

  mlir::LogicalResult build(NodeImporter &node);
};

/// The heads of q and k, which must be known and fit; an error otherwise.
mlir::LogicalResult checkHeads(NodeImporter &node, mlir::Value q, mlir::Value k);
/// The scale that the attribute or, where that is 0 or not there, the size of a head gives.
mlir::FailureOr<double> scaleOf(NodeImporter &node, mlir::Value q, bool zeroIsNone);

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

/// Pairs among the first `rotated` elements of each head of x (rank 4) turned by the angles whose cosines and sines
/// these are: [B or 1, S, rotated / 2]; 0 stands for all elements. `headDim` is the dim of the heads, 1 or 2.
mlir::FailureOr<mlir::Value> rotate(NodeImporter &node, mlir::Value x, mlir::Value cosines, mlir::Value sines,
                                    int64_t rotated, int64_t headDim, bool interleaved);

/// The dim certainly is that of another value.
bool isSameDim(NodeImporter &node, mlir::Value x, int64_t i, mlir::Value y, int64_t j);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_ATTENTIONPARTS_H
