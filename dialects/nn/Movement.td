//===- Movement.td - elements change places, not values -----------------===//
#ifndef NN_MOVEMENT_TD
#define NN_MOVEMENT_TD
include "dialects/nn/NNBase.td"

def NN_ConstantOp : NN_Op<"constant", [Pure, ConstantLike]> {
  let summary = "a tensor known at compile time";
  let description = [{
    Weights are resources over the mapped input file: never copied, hashed or printed.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "attr-dict $value `:` type($y)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def NN_ReshapeOp : NN_TensorOp<"reshape"> {
  let summary = "the same elements in another shape (ONNX Reshape)";
  let description = [{
    shape: [r] i64; an entry of -1 takes what is left, 0 copies x's dim unless allow_zero.

    - reshape_c1: shape is 1-D of i64 with a static length.
    - reshape_c2: at most one entry is -1 and none is less.
    - reshape_c3: the number of elements stays.
    - reshape_c4: a copied dim exists in x.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$shape, UnitAttr:$allow_zero);
  let results = (outs NN_Tensor:$y);
}

def NN_SqueezeOp : NN_TensorOp<"squeeze"> {
  let summary = "drops dims of size 1 (ONNX Squeeze)";
  let description = "- squeeze_c1: axes are distinct and in [0, rank). - squeeze_c2: the dims are 1.";
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs NN_Tensor:$y);
}

def NN_UnsqueezeOp : NN_TensorOp<"unsqueeze"> {
  let summary = "inserts dims of size 1 at these places of the result (ONNX Unsqueeze)";
  let description = "- unsqueeze_c1: axes are distinct and in [0, result rank).";
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs NN_Tensor:$y);
}

def NN_FlattenOp : NN_TensorOp<"flatten"> {
  let summary = "dims before the axis become one, those after it another (ONNX Flatten)";
  let description = "- flatten_c1: axis is in [0, rank].";
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_TransposeOp : NN_TensorOp<"transpose"> {
  let summary = "permutes dims: dim i of y is dim perm[i] of x (ONNX Transpose)";
  let description = "- transpose_c1: perm is a permutation of [0, rank).";
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs NN_Tensor:$y);
}

def NN_ConcatOp : NN_TensorOp<"concat"> {
  let summary = "operands one after another along an axis (ONNX Concat)";
  let description = [{
    - concat_c1: there is an operand, axis is in [0, rank) and the ranks agree.
    - concat_c2: the other dims agree.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_SplitOp : NN_TensorOp<"split"> {
  let summary = "pieces along an axis (ONNX Split)";
  let description = [{
    One result per piece: of the given sizes ([results] i64), or of ceil(extent / results) each, the last one smaller.

    - split_c1: axis is in [0, rank).
    - split_c2: the sizes are one per result, not negative, and add up to the extent.
  }];
  let arguments = (ins NN_Tensor:$x, Optional<NN_Tensor>:$sizes, I64Attr:$axis);
  let results = (outs Variadic<NN_Tensor>:$pieces);
}

def NN_SliceOp : NN_TensorOp<"slice"> {
  let summary = "a strided box (ONNX Slice)";
  let description = [{
    starts, ends: [n] i64, clamped as numpy does (negative counts from the end); axes and steps have n entries.

    - slice_c1: starts and ends are 1-D with one entry per axis.
    - slice_c2: axes are distinct and in [0, rank).
    - slice_c3: no step is 0.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$starts, NN_Tensor:$ends, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$steps);
  let results = (outs NN_Tensor:$y);
}

def NN_BroadcastToOp : NN_TensorOp<"broadcast_to"> {
  let summary = "both-way broadcast against a shape (ONNX Expand)";
  let description = [{
    - broadcast_to_c1: shape is 1-D of i64 with a static length.
    - broadcast_to_c2: x's shape and it broadcast.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$shape);
  let results = (outs NN_Tensor:$y);
}

def NN_TileOp : NN_TensorOp<"tile"> {
  let summary = "x repeated along every dim (ONNX Tile)";
  let description = "- tile_c1: repeats is [rank] i64. - tile_c2: no repeat is negative.";
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$repeats);
  let results = (outs NN_Tensor:$y);
}

def NN_PadMode : NN_Enum<"PadMode", "what padding holds", ["constant", "reflect", "edge", "wrap"]>;
def NN_PadModeAttr : NN_EnumAttr<NN_PadMode, "pad_mode">;

def NN_PadOp : NN_KindOp<"pad"> {
  let summary = "elements added, or with negative counts removed, at both ends of dims (ONNX Pad)";
  let description = [{
    pads: [2 * rank] i64, begins then ends; value: a scalar for constant mode (0 without).

    - pad_c1: pads has two entries per dim.
    - pad_c2: no dim becomes negative; reflect pads less than the dim.
  }];
  let arguments = (ins NN_PadModeAttr:$kind, NN_Tensor:$x, NN_Tensor:$pads, Optional<NN_Tensor>:$value);
  let results = (outs NN_Tensor:$y);
}

def NN_GatherOp : NN_TensorOp<"gather"> {
  let summary = "slices picked along an axis (ONNX Gather)";
  let description = [{
    x: [A..,D,B..], indices: [I..] -> [A..,I..,B..]; negative indices count from the end; outside is a run-time error.

    - gather_c1: axis is in [0, rank).
    - gather_c2: indices are i32 or i64, and constant ones in range.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_GatherElementsOp : NN_TensorOp<"gather_elements"> {
  let summary = "elements picked along an axis (ONNX GatherElements)";
  let description = "shape(y) = shape(indices). - gather_elements_c1: ranks agree and axis is in [0, rank).";
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_GatherNdOp : NN_TensorOp<"gather_nd"> {
  let summary = "slices picked by index tuples (ONNX GatherND)";
  let description = [{
    indices: [B..,I..,k] -> [B..,I..,x dims from batch_dims + k].

    - gather_nd_c1: k is static and batch_dims + k is at most x's rank.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$batch_dims);
  let results = (outs NN_Tensor:$y);
}

def NN_ScatterReduction : NN_Enum<"ScatterReduction", "how an update meets the value",
  ["none", "add", "mul", "max", "min"]>;
def NN_ScatterReductionAttr : NN_EnumAttr<NN_ScatterReduction, "scatter_reduction">;

def NN_ScatterElementsOp : NN_KindOp<"scatter_elements"> {
  let summary = "x with elements replaced along an axis (ONNX ScatterElements)";
  let description = [{
    shape(y) = shape(x). - scatter_elements_c1: ranks agree, axis is in [0, rank), updates has indices' shape.
  }];
  let arguments = (ins NN_ScatterReductionAttr:$kind, NN_Tensor:$x, NN_Tensor:$indices, NN_Tensor:$updates, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_ScatterNdOp : NN_KindOp<"scatter_nd"> {
  let summary = "x with slices replaced by index tuples (ONNX ScatterND)";
  let description = [{
    indices: [I..,k], updates: [I.., x dims from k]; shape(y) = shape(x).

    - scatter_nd_c1: k is static and at most x's rank; updates has the rank that follows.
  }];
  let arguments = (ins NN_ScatterReductionAttr:$kind, NN_Tensor:$x, NN_Tensor:$indices, NN_Tensor:$updates);
  let results = (outs NN_Tensor:$y);
}

def NN_OneHotOp : NN_TensorOp<"one_hot"> {
  let summary = "a new dim that is on at the index and off elsewhere (ONNX OneHot)";
  let description = [{
    indices: any rank (integers, or floats that hold integers), depth: a scalar or [1], values: [2] off, on.
    The new dim lies at `axis` of the result.

    - one_hot_c1: axis is in [0, rank + 1), depth has one element, values two.
  }];
  let arguments = (ins NN_Tensor:$indices, NN_Tensor:$depth, NN_Tensor:$values, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_ShapeOfOp : NN_TensorOp<"shape_of"> {
  let summary = "dims begin..end of x as i64 (ONNX Shape)";
  let description = "- shape_of_c1: 0 <= begin <= end <= rank.";
  let arguments = (ins NN_Tensor:$x, I64Attr:$begin, I64Attr:$end);
  let results = (outs NN_Tensor:$y);
}

def NN_FillOp : NN_TensorOp<"fill"> {
  let summary = "one value in every element (ONNX ConstantOfShape)";
  let description = "shape: [r] i64, value: one element. - fill_c1: shape is 1-D with a static length. - fill_c2: no dim is negative.";
  let arguments = (ins NN_Tensor:$shape, NN_Tensor:$value);
  let results = (outs NN_Tensor:$y);
}

def NN_RangeOp : NN_TensorOp<"range"> {
  let summary = "start, start + delta, ... below limit (ONNX Range)";
  let description = "Three scalars of one type -> [max(0, ceil((limit - start) / delta))]. - range_c1: the operands are scalars. - range_c2: delta is not 0.";
  let arguments = (ins NN_Tensor:$start, NN_Tensor:$limit, NN_Tensor:$delta);
  let results = (outs NN_Tensor:$y);
}

def NN_TriluOp : NN_TensorOp<"trilu"> {
  let summary = "upper or lower triangle of matrices, zeros elsewhere (ONNX Trilu)";
  let description = "k: the diagonal, a scalar i64 (0 without). - trilu_c1: rank is 2 or more, k has one element.";
  let arguments = (ins NN_Tensor:$x, Optional<NN_Tensor>:$k, UnitAttr:$upper);
  let results = (outs NN_Tensor:$y);
}

def NN_EyeLikeOp : NN_TensorOp<"eye_like"> {
  let summary = "ones on the k-th diagonal of a matrix of x's shape (ONNX EyeLike)";
  let description = "- eye_like_c1: x has rank 2.";
  let arguments = (ins NN_Tensor:$x, I64Attr:$k);
  let results = (outs NN_Tensor:$y);
}

def NN_ReverseSequenceOp : NN_TensorOp<"reverse_sequence"> {
  let summary = "the first lengths[b] elements along time reversed (ONNX ReverseSequence)";
  let description = "- reverse_sequence_c1: rank is 2 or more, the two axes are 0 and 1 in either order, lengths is [batch].";
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$lengths, I64Attr:$batch_axis, I64Attr:$time_axis);
  let results = (outs NN_Tensor:$y);
}

// Results whose extent depends on values. The kernel writes into room for the largest result and says how many.
def NN_NonZeroOp : NN_TensorOp<"non_zero"> {
  let summary = "indices of the elements that are not zero, [rank, count] i64 (ONNX NonZero)";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
}

def NN_CompressOp : NN_TensorOp<"compress"> {
  let summary = "slices along an axis, or flat elements, where the condition holds (ONNX Compress)";
  let description = "- compress_c1: condition is 1-D of i1 and axis in [0, rank).";
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$condition, OptionalAttr<I64Attr>:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_UniqueOp : NN_TensorOp<"unique"> {
  let summary = "distinct elements or slices, with first places, inverse and counts (ONNX Unique)";
  let description = "- unique_c1: axis is in [0, rank).";
  let arguments = (ins NN_Tensor:$x, OptionalAttr<I64Attr>:$axis, DefaultValuedAttr<BoolAttr, "true">:$sorted);
  let results = (outs NN_Tensor:$y, NN_Tensor:$first, NN_Tensor:$inverse, NN_Tensor:$counts);
}

def NN_NonMaxSuppressionOp : NN_TensorOp<"non_max_suppression"> {
  let summary = "greedy choice of boxes by score and overlap, [count, 3] i64 (ONNX NonMaxSuppression)";
  let description = "boxes: [N,B,4], scores: [N,C,B]; max_per_class, iou and score thresholds are scalars or [1]. - non_max_suppression_c1: ranks and dims agree.";
  let arguments = (ins NN_Tensor:$boxes, NN_Tensor:$scores, NN_Tensor:$max_per_class, NN_Tensor:$iou_threshold,
                       NN_Tensor:$score_threshold, UnitAttr:$center_point_box);
  let results = (outs NN_Tensor:$y);
}
#endif
