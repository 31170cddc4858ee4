//===- Pooling.td - windows and resampling over spatial dims ------------===//
#ifndef NN_POOLING_TD
#define NN_POOLING_TD
include "dialects/nn/Contraction.td"

def NN_PoolKind : NN_Enum<"PoolKind", "what a window is reduced to", ["max", "average", "lp"]>;
def NN_PoolKindAttr : NN_EnumAttr<NN_PoolKind, "pool_kind">;

class NN_WindowOp<string mnemonic, dag head> : NN_TensorOp<mnemonic> {
  let arguments = !con(head, (ins DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, DefaultValuedAttr<NN_AutoPadAttr, "AutoPad::explicit_pads">:$auto_pad,
                       UnitAttr:$ceil_mode));
}

def NN_PoolOp : NN_WindowOp<"pool", (ins NN_PoolKindAttr:$kind, NN_Tensor:$x, UnitAttr:$count_include_pad,
                                     DefaultValuedAttr<I64Attr, "2">:$p)> {
  let summary = "a window's maximum, average or p-norm (ONNX MaxPool, AveragePool, LpPool)";
  let description = [{
    x: [N,C,D1..Dn] -> [N,C,O1..On]. Padding is not a value: it never wins a maximum and is counted in an average
    only with count_include_pad.

    - pool_c1: x has rank 3 or more.
    - pool_c2: kernel, strides, dilations and pads have n, n, n and 2n entries, all positive but pads.
    - pool_c3: the dilated kernel fits into the padded input, and pads are smaller than the dilated kernel.
  }];
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}

def NN_MaxPoolWithIndicesOp : NN_WindowOp<"max_pool_with_indices", (ins NN_Tensor:$x, UnitAttr:$column_major)> {
  let summary = "a window's maximum and where it lies (ONNX MaxPool with Indices)";
  let description = [{
    As nn.pool max; indices: i64, the flat index into x, column-major over the spatial dims if asked for.
    Constraints as for nn.pool.
  }];
  let results = (outs NN_Tensor:$y, NN_Tensor:$indices);
}

def NN_MaxUnpoolOp : NN_TensorOp<"max_unpool"> {
  let summary = "puts pooled values back where the indices say (ONNX MaxUnpool)";
  let description = [{
    x, indices: [N,C,O1..On] -> [N,C,D1..Dn], zeros elsewhere. The result's shape is `shape` when given, else
    (O - 1) * stride + kernel - pads.

    - max_unpool_c1: indices has x's shape.
    - max_unpool_c2: kernel and strides have n entries and pads 2n.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, Optional<NN_Tensor>:$shape, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads);
  let results = (outs NN_Tensor:$y);
}

def NN_ResizeMode : NN_Enum<"ResizeMode", "interpolation", ["nearest", "linear", "cubic"]>;
def NN_ResizeModeAttr : NN_EnumAttr<NN_ResizeMode, "resize_mode">;
def NN_ResizeCoordinates : NN_Enum<"ResizeCoordinates", "from output to input coordinates", ["half_pixel",
  "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]>;
def NN_ResizeCoordinatesAttr : NN_EnumAttr<NN_ResizeCoordinates, "resize_coordinates">;
def NN_ResizeNearest : NN_Enum<"ResizeNearest", "which neighbour is nearest", ["round_prefer_floor",
  "round_prefer_ceil", "floor", "ceil"]>;
def NN_ResizeNearestAttr : NN_EnumAttr<NN_ResizeNearest, "resize_nearest">;

def NN_ResizeOp : NN_KindOp<"resize", [AttrSizedOperandSegments]> {
  let summary = "resampling (ONNX Resize and Upsample)";
  let description = [{
    Every dim i of x becomes floor(dim * scales[i]), or sizes[i] where `sizes` is given (then scale = size / dim
    unless `scales` says otherwise). `roi` (2 * rank entries: starts, then ends, normalized) serves
    tf_crop_and_resize. Scales and regions that are computed at run time are `scale_values` and `roi_values`.

    - resize_c1: scales has one positive entry per dim, or sizes one per dim.
    - resize_c2: roi has two entries per dim.
    - resize_c3: scale_values has one entry per dim and comes with sizes, roi_values has two per dim.
  }];
  let arguments = (ins NN_ResizeModeAttr:$kind, NN_Tensor:$x, Optional<NN_Tensor>:$sizes,
                       Optional<NN_Tensor>:$scale_values, Optional<NN_Tensor>:$roi_values,
                       OptionalAttr<DenseF64ArrayAttr>:$scales, OptionalAttr<DenseF64ArrayAttr>:$roi,
                       DefaultValuedAttr<NN_ResizeCoordinatesAttr, "ResizeCoordinates::half_pixel">:$coordinates,
                       DefaultValuedAttr<NN_ResizeNearestAttr, "ResizeNearest::round_prefer_floor">:$nearest,
                       DefaultValuedAttr<F64Attr, "-0.75">:$cubic_a, UnitAttr:$exclude_outside, UnitAttr:$antialias,
                       DefaultValuedAttr<F64Attr, "0.0">:$extrapolation);
  let results = (outs NN_Tensor:$y);
}

def NN_RoiAlignOp : NN_TensorOp<"roi_align"> {
  let summary = "samples regions of interest on a fixed grid (ONNX RoiAlign)";
  let description = [{
    x: [N,C,H,W], rois: [R,4], batch_indices: [R] i64 -> [R,C,output_height,output_width].

    - roi_align_c1: x has rank 4, rois [R,4] and batch_indices [R].
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$rois, NN_Tensor:$batch_indices, I64Attr:$output_height,
                       I64Attr:$output_width, I64Attr:$sampling_ratio, F64Attr:$spatial_scale, UnitAttr:$max_mode,
                       UnitAttr:$half_pixel);
  let results = (outs NN_Tensor:$y);
}

def NN_GridSampleOp : NN_KindOp<"grid_sample"> {
  let summary = "samples at the coordinates of a grid (ONNX GridSample)";
  let description = [{
    x: [N,C,D1..Dn], grid: [N,O1..On,n] in [-1,1], or with `pixels` in numbers of pixels -> [N,C,O1..On]; the grid names
    the last dim first. padding: zeros, border or reflection. `scale`, [N,O1..On], multiplies the samples of all channels.

    - grid_sample_c1: ranks agree and grid's last dim is n.
    - grid_sample_c2: scale fits the grid, and the kind is not nearest.
  }];
  let arguments = (ins NN_ResizeModeAttr:$kind, NN_Tensor:$x, NN_Tensor:$grid, Optional<NN_Tensor>:$scale,
                       StrAttr:$padding, UnitAttr:$align_corners, UnitAttr:$pixels);
  let results = (outs NN_Tensor:$y);
}
#endif
