//===- Reduction.td - many elements to one, and normalizations ----------===//
#ifndef NN_REDUCTION_TD
#define NN_REDUCTION_TD
include "dialects/nn/NNBase.td"

def NN_ReduceKind : NN_Enum<"ReduceKind", "what the elements along the axes become", ["sum", "mean", "max", "min",
  "prod", "l1", "l2", "log_sum", "log_sum_exp", "sum_square"]>;
def NN_ReduceKindAttr : NN_EnumAttr<NN_ReduceKind, "reduce_kind">;

def NN_ReduceOp : NN_KindOp<"reduce"> {
  let summary = "reduction over axes (ONNX Reduce*)";
  let description = [{
    The dims in `axes` become 1, or vanish without keepdims. An empty extent gives the neutral element (0, 1, -inf,
    +inf). f16 and bf16 accumulate in f32. max and min give NaN when any element is NaN.

    - reduce_c1: axes are distinct and in [0, rank).
  }];
  let arguments = (ins NN_ReduceKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keepdims);
  let results = (outs NN_Tensor:$y);
}

def NN_ArgKind : NN_Enum<"ArgKind", "which extreme", ["max", "min"]>;
def NN_ArgKindAttr : NN_EnumAttr<NN_ArgKind, "arg_kind">;

def NN_ArgReduceOp : NN_KindOp<"arg_reduce"> {
  let summary = "index of the extreme along an axis (ONNX ArgMax, ArgMin)";
  let description = [{
    y: i64; of equal extremes the first, or the last with select_last.

    - arg_reduce_c1: axis is in [0, rank) and its extent is not 0.
  }];
  let arguments = (ins NN_ArgKindAttr:$kind, NN_Tensor:$x, I64Attr:$axis, UnitAttr:$keepdims, UnitAttr:$select_last);
  let results = (outs NN_Tensor:$y);
}

def NN_CumulativeKind : NN_Enum<"CumulativeKind", "what is accumulated", ["sum", "prod"]>;
def NN_CumulativeKindAttr : NN_EnumAttr<NN_CumulativeKind, "cumulative_kind">;

def NN_CumulativeOp : NN_KindOp<"cumulative"> {
  let summary = "running sum or product along an axis (ONNX CumSum, CumProd)";
  let description = "shape(y) = shape(x). - cumulative_c1: axis is in [0, rank).";
  let arguments = (ins NN_CumulativeKindAttr:$kind, NN_Tensor:$x, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs NN_Tensor:$y);
}

def NN_SoftmaxKind : NN_Enum<"SoftmaxKind", "member of the softmax family", ["softmax", "log_softmax", "hardmax"]>;
def NN_SoftmaxKindAttr : NN_EnumAttr<NN_SoftmaxKind, "softmax_kind">;

def NN_SoftmaxOp : NN_KindOp<"softmax"> {
  let summary = "softmax, its logarithm, or the one-hot of the maximum, along one axis (ONNX 13 and later)";
  let description = "shape(y) = shape(x). - softmax_c1: axis is in [0, rank).";
  let arguments = (ins NN_SoftmaxKindAttr:$kind, NN_Tensor:$x, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
}

def NN_NormalizeKind : NN_Enum<"NormalizeKind", "what is normalized away", ["standard", "rms"]>;
def NN_NormalizeKindAttr : NN_EnumAttr<NN_NormalizeKind, "normalize_kind">;

def NN_NormalizeOp : NN_KindOp<"normalize"> {
  let summary = "zero mean and unit variance over axes (the core of layer, instance, group and RMS norm)";
  let description = [{
    standard: (x - mean) / sqrt(var + epsilon) with the population variance; rms: x / sqrt(mean(x^2) + epsilon).
    Scale and shift are elementwise ops around it. Computed in f32 for f16 and bf16.

    - normalize_c1: axes are distinct and in [0, rank).
  }];
  let arguments = (ins NN_NormalizeKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$axes, F64Attr:$epsilon);
  let results = (outs NN_Tensor:$y);
}

def NN_LrnOp : NN_TensorOp<"lrn"> {
  let summary = "local response normalization over channels (Krizhevsky 2012, ONNX LRN)";
  let description = [{
    x: [N,C,...]; y = x / (bias + alpha / size * sum of squares over `size` channels around)^beta.

    - lrn_c1: x has rank 2 or more and size is positive.
  }];
  let arguments = (ins NN_Tensor:$x, F64Attr:$alpha, F64Attr:$beta, F64Attr:$bias, I64Attr:$size);
  let results = (outs NN_Tensor:$y);
}

def NN_TopKOp : NN_TensorOp<"top_k"> {
  let summary = "the k largest or smallest along an axis with their indices (ONNX TopK)";
  let description = [{
    k: [1] i64. Ties go to the lower index. indices: i64.

    - top_k_c1: axis is in [0, rank) and k has one element.
    - top_k_c2: 0 <= k <= the axis' extent.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$k, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$largest,
                       DefaultValuedAttr<BoolAttr, "true">:$sorted);
  let results = (outs NN_Tensor:$values, NN_Tensor:$indices);
}
#endif
