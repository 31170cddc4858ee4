// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @pool_c1(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{pool_c1: x has rank 2, not 3 or more}}
  %y = nn.pool max %x {kernel = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}
// -----
func.func @pool_c2(%x: tensor<1x1x4xf32>) {
  // expected-error @+1 {{pool_c2: there are 1 spatial dims, but 2 kernel entries}}
  %y = nn.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x1x4xf32>) -> tensor<1x1x3xf32>
  return
}
// -----
func.func @pool_c3(%x: tensor<1x1x4xf32>) {
  // expected-error @+1 {{pool_c3: a window of 2 does not fit dim 2 with pads 2 and 0}}
  %y = nn.pool max %x {kernel = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 2, 0>, dilations = array<i64: 1>} : (tensor<1x1x4xf32>) -> tensor<1x1x5xf32>
  return
}
// -----
func.func @max_unpool_c1(%x: tensor<1x1x4xf32>, %i: tensor<1x4xi64>) {
  // expected-error @+1 {{max_unpool_c1: indices must have x's shape}}
  %y = nn.max_unpool %x, %i {kernel = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>} : (tensor<1x1x4xf32>, tensor<1x4xi64>) -> tensor<1x1x8xf32>
  return
}
// -----
func.func @max_unpool_c2(%x: tensor<1x1x4xf32>, %i: tensor<1x1x4xi64>) {
  // expected-error @+1 {{max_unpool_c2: there are 1 spatial dims, but 1 kernel entries, 2 strides}}
  %y = nn.max_unpool %x, %i {kernel = array<i64: 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x4xi64>) -> tensor<1x1x8xf32>
  return
}
// -----
func.func @resize_c1(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{resize_c1: the scales must be positive}}
  %y = nn.resize nearest %x {operandSegmentSizes = array<i32: 1, 0, 0, 0>, scales = array<f64: 1.0, 0.0>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return
}
// -----
func.func @resize_c2(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{resize_c2: roi needs two entries per dim}}
  %y = nn.resize nearest %x {operandSegmentSizes = array<i32: 1, 0, 0, 0>, scales = array<f64: 1.0, 1.0>, roi = array<f64: 0.0, 1.0>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return
}
// -----
func.func @resize_c3(%x: tensor<1x4xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{resize_c3: scale_values needs one entry per dim and sizes}}
  %y = nn.resize nearest %x, %s {operandSegmentSizes = array<i32: 1, 0, 1, 0>, scales = array<f64: 1.0, 1.0>} : (tensor<1x4xf32>, tensor<2xf32>) -> tensor<1x4xf32>
  return
}
// -----
func.func @roi_align_c1(%x: tensor<1x1x4x4xf32>, %r: tensor<4xf32>, %b: tensor<1xi64>) {
  // expected-error @+1 {{roi_align_c1: x needs rank 4, rois 2 and batch_indices 1}}
  %y = nn.roi_align %x, %r, %b {output_height = 1 : i64, output_width = 1 : i64, sampling_ratio = 0 : i64, spatial_scale = 1.0 : f64} : (tensor<1x1x4x4xf32>, tensor<4xf32>, tensor<1xi64>) -> tensor<1x1x1x1xf32>
  return
}
// -----
func.func @grid_sample_c1(%x: tensor<1x1x4x4xf32>, %g: tensor<1x2x2x3xf32>) {
  // expected-error @+1 {{grid_sample_c1: the grid must be [N,O1..On,n] for x of rank n + 2}}
  %y = nn.grid_sample linear %x, %g {padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x2x2x3xf32>) -> tensor<1x1x2x2xf32>
  return
}
// -----
func.func @grid_sample_c2(%x: tensor<1x1x4x4xf32>, %g: tensor<1x2x3x2xf32>, %s: tensor<1x2x2xf32>) {
  // expected-error @+1 {{grid_sample_c2: the scale must be [N,O1..On] of the grid, for linear or cubic samples}}
  %y = nn.grid_sample linear %x, %g, %s {padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x2x3x2xf32>, tensor<1x2x2xf32>) -> tensor<1x1x2x3xf32>
  return
}
// -----
func.func @grid_sample_c2_nearest(%x: tensor<1x1x4x4xf32>, %g: tensor<1x2x3x2xf32>, %s: tensor<1x2x3xf32>) {
  // expected-error @+1 {{grid_sample_c2: the scale must be [N,O1..On] of the grid, for linear or cubic samples}}
  %y = nn.grid_sample nearest %x, %g, %s {padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x2x3x2xf32>, tensor<1x2x3xf32>) -> tensor<1x1x2x3xf32>
  return
}
