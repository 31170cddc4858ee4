// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @block_channels_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{block_channels_c1: x has rank 1, not 2 or more}}
  %y = nn.block_channels %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @unblock_channels_c1(%x: tensor<1x2x5x16xf32>) {
  // expected-error @+1 {{unblock_channels_c1: x does not hold blocks of 33 channels}}
  %y = nn.unblock_channels %x {channels = 33 : i64} : (tensor<1x2x5x16xf32>) -> tensor<1x33x5xf32>
  return
}
// -----
func.func @blocked_conv_c1(%x: tensor<1x2x5x5x16xf32>, %p: tensor<1x1x40x16xf32>) {
  // expected-error @+1 {{blocked_conv_c1: x does not hold 40 channels over 2 dims}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 40 : i64, filters = 8 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xf32>, tensor<1x1x40x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @blocked_conv_c2(%x: tensor<1x2x5x5x16xf32>, %p: tensor<1x1x32x16xf32>) {
  // expected-error @+1 {{blocked_conv_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 0, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 8 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xf32>, tensor<1x1x32x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @blocked_conv_c3(%x: tensor<1x2x5x5x16xf32>, %p: tensor<1x1x31x16xf32>) {
  // expected-error @+1 {{blocked_conv_c3: the panels do not fit 8 filters in 1 groups}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 8 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xf32>, tensor<1x1x31x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @blocked_conv_c3_groups(%x: tensor<1x2x5x5x16xf32>, %p: tensor<4x1x8x16xf32>) {
  // expected-error @+1 {{blocked_conv_c3: the panels do not fit 64 filters in 4 groups}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 64 : i64, groups = 4 : i64} : (tensor<1x2x5x5x16xf32>, tensor<4x1x8x16xf32>) -> tensor<1x4x5x5x16xf32>
  return
}
// -----
func.func @blocked_conv_c4(%x: tensor<1x2x5x5x16xf32>, %p: tensor<1x1x32x16xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{blocked_conv_c4: the bias needs one lane per filter}}
  %y = nn.blocked_conv %x, %p, %b {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 8 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xf32>, tensor<1x1x32x16xf32>, tensor<8xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @blocked_conv_c5(%x: tensor<1x2x5x2x16xf32>, %p: tensor<1x1x96x16xf32>) {
  // expected-error @+1 {{blocked_conv_c5: a kernel of 3 does not fit into dim 3 of 2 with its padding}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 8 : i64, groups = 1 : i64} : (tensor<1x2x5x2x16xf32>, tensor<1x1x96x16xf32>) -> tensor<1x1x5x1x16xf32>
  return
}
// -----
func.func @blocked_conv_c6(%x: tensor<1x2x5x5x16xf32>, %p: tensor<1x4x32x16xf32>) {
  // expected-error @+1 {{blocked_conv_c6: Strassen's algorithm takes kernels of one pixel without padding, 4 pixels or more, one group, a multiple of 32 channels and of 64 filters}}
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 64 : i64, groups = 1 : i64, strassen} : (tensor<1x2x5x5x16xf32>, tensor<1x4x32x16xf32>) -> tensor<1x4x3x3x16xf32>
  return
}
// -----
func.func @winograd_conv_c1(%x: tensor<1x16x5x5xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c1: x does not hold 16 channels over 2 dims}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>} : (tensor<1x16x5x5xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c1_signal(%x: tensor<1x1x5x5x16xf32>, %u: tensor<6x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c1: x does not hold 16 channels over 1 dim}}
  %y = nn.winograd_conv %x, %u {kernel = array<i64: 3>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4>} : (tensor<1x1x5x5x16xf32>, tensor<6x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c2(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c2: there must be 4 pads, not negative or huge}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, -1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x5x3x16xf32>
  return
}
// -----
func.func @winograd_conv_c2_dilations(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c2: there must be 2 dilations, positive and not huge}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>, dilations = array<i64: 1, 0>} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x2x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>} : (tensor<1x1x5x5x16xf32>, tensor<36x2x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_from_taps(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>, from_taps} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_from_taps_of_a_part(%x: tensor<1x2x5x5x16xf32>, %u: tensor<1x24x9x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 24 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 24 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>, from_taps} : (tensor<1x2x5x5x16xf32>, tensor<1x24x9x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_outputs(%x: tensor<1x1x5x5x16xf32>, %u: tensor<25x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 3, 3>} : (tensor<1x1x5x5x16xf32>, tensor<25x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_dims(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4>} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_no_taps(%x: tensor<1x1x5x5x16xf32>, %u: tensor<12x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {kernel = array<i64: 1, 3>, pads = array<i64: 0, 1, 0, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 2, 4>} : (tensor<1x1x5x5x16xf32>, tensor<12x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_taps(%x: tensor<1x1x5x5x16xf32>, %u: tensor<64x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 2, 2, 2, 2>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>, kernel = array<i64: 5, 5>} : (tensor<1x1x5x5x16xf32>, tensor<64x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_stride(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 2, 2>, kernel = array<i64: 5, 5>, stride = 2 : i64} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x2x2x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_dilated_stride(%x: tensor<1x1x5x5x16xf32>, %u: tensor<16x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 2, 2>, stride = 2 : i64, dilations = array<i64: 2, 1>} : (tensor<1x1x5x5x16xf32>, tensor<16x1x16x16xf32>) -> tensor<1x1x2x3x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_stride_along_one_dim(%x: tensor<1x1x5x5x16xf32>, %u: tensor<6x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {kernel = array<i64: 1, 3>, pads = array<i64: 0, 1, 0, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 1, 4>, stride = 2 : i64} : (tensor<1x1x5x5x16xf32>, tensor<6x1x16x16xf32>) -> tensor<1x1x3x3x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_groups(%x: tensor<1x2x5x5x16xf32>, %u: tensor<36x2x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 32 channels and 24 filters in 2 groups}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 32 : i64, filters = 24 : i64, outputs = array<i64: 4, 4>, groups = 2 : i64} : (tensor<1x2x5x5x16xf32>, tensor<36x2x16x16xf32>) -> tensor<1x2x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c3_sides(%x: tensor<1x1x5x5x16xf32>, %u: tensor<24x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c3: u does not fit 16 channels and 16 filters in 1 groups}}
  %y = nn.winograd_conv %x, %u {kernel = array<i64: 3, 5>, pads = array<i64: 1, 2, 1, 2>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 2, 2>} : (tensor<1x1x5x5x16xf32>, tensor<24x1x16x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c4(%x: tensor<1x1x5x5x16xf32>, %u: tensor<36x1x16x16xf32>, %b: tensor<2x16xf32>) {
  // expected-error @+1 {{winograd_conv_c4: the bias needs one lane per filter}}
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 1, 1, 1, 1>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>} : (tensor<1x1x5x5x16xf32>, tensor<36x1x16x16xf32>, tensor<2x16xf32>) -> tensor<1x1x5x5x16xf32>
  return
}
// -----
func.func @winograd_conv_c5(%x: tensor<1x1x2x5x16xf32>, %u: tensor<36x1x16x16xf32>) {
  // expected-error @+1 {{winograd_conv_c5: a kernel of 3 does not fit into dim 2 of 2 with its padding}}
  %y = nn.winograd_conv %x, %u {pads = array<i64: 0, 0, 0, 0>, channels = 16 : i64, filters = 16 : i64, outputs = array<i64: 4, 4>} : (tensor<1x1x2x5x16xf32>, tensor<36x1x16x16xf32>) -> tensor<1x1x1x3x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c1(%x: tensor<1x2x5x5xf32>, %w: tensor<2x9x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c1: x is not blocked over 2 dims}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5xf32>, tensor<2x9x16xf32>) -> tensor<1x2x5x5xf32>
  return
}
// -----
func.func @blocked_depthwise_c2(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x9x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c2: there are 2 spatial dims, but 2 kernel entries, 1 strides, 2 dilations and 4 pads}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5x16xf32>, tensor<2x9x16xf32>) -> tensor<1x2x5x5x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c3(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x4x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c3: the weight or the bias does not fit x's blocks, the groups of 1 and the kernel}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5x16xf32>, tensor<2x4x16xf32>) -> tensor<1x2x5x5x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c4(%x: tensor<1x2x2x5x16xf32>, %w: tensor<2x9x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c4: a kernel of 3 does not fit into dim 2 of 2 with its padding}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x2x5x16xf32>, tensor<2x9x16xf32>) -> tensor<1x2x1x3x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c5(%x: tensor<6x2x5x5x16xf32>, %w: tensor<2x27x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c5: the depth is no window over the slices of whole volumes}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, depth = array<i64: 4, 3, 1, 1, 1, 1>} : (tensor<6x2x5x5x16xf32>, tensor<2x27x16xf32>) -> tensor<6x2x5x5x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c5_fits(%x: tensor<6x2x5x5x16xf32>, %w: tensor<2x27x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c5: 3 taps do not fit 2 slices with their padding}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, depth = array<i64: 2, 3, 1, 1, 0, 0>} : (tensor<6x2x5x5x16xf32>, tensor<2x27x16xf32>) -> tensor<6x2x5x5x16xf32>
  return
}
// -----
func.func @blocked_depthwise_c3_depth(%x: tensor<6x2x5x5x16xf32>, %w: tensor<2x9x16xf32>) {
  // expected-error @+1 {{blocked_depthwise_c3}}
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, depth = array<i64: 3, 3, 1, 1, 1, 1>} : (tensor<6x2x5x5x16xf32>, tensor<2x9x16xf32>) -> tensor<6x2x5x5x16xf32>
  return
}
// -----
func.func @blocked_pool_c1(%x: tensor<1x2x5x5x16xf32>) {
  // expected-error @+1 {{blocked_pool_c1: x is not blocked over 2 dims, or the kind is neither max nor average}}
  %y = nn.blocked_pool lp %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5x16xf32>) -> tensor<1x2x3x3x16xf32>
  return
}
// -----
func.func @blocked_pool_c2(%x: tensor<1x2x5x5x16xf32>) {
  // expected-error @+1 {{blocked_pool_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.blocked_pool max %x {kernel = array<i64: 3, 0>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5x16xf32>) -> tensor<1x2x3x3x16xf32>
  return
}
// -----
func.func @blocked_pool_c3(%x: tensor<1x2x5x5x16xf32>) {
  // expected-error @+1 {{blocked_pool_c3: a pad of 3 is not smaller than a window of 3}}
  %y = nn.blocked_pool max %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 3, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x5x16xf32>) -> tensor<1x2x6x3x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c1(%x: tensor<1x2x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c1: x does not hold 16 channels over 2 dims}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64} : (tensor<1x2x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c2(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 0, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c3(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x8x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c3: the weights do not fit 16 channels and 48 filters}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x8x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c4(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c4: the region does not take the expanded tensor and yield one}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e, %e : tensor<1x3x8x8x16xf32>, tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c5(%x: tensor<1x1x2x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c5: a kernel of 3 does not fit into dim 2 of 2 with its padding}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x2x8x16xf32>):
    nn.yield %e : tensor<1x3x2x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64} : (tensor<1x1x2x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x1x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c2_expansion(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64, expand_strides = array<i64: 0, 1>} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c4_extent(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c4: the region does not take the expanded tensor and yield one}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64, expand_strides = array<i64: 2, 2>} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>) -> tensor<1x3x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c6(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>, %q: tensor<1x1x40x16xf32>, %d: tensor<1x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c6: the projection has no region, panels and bias that fit 48 channels and 16 filters}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c, %q, %d expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } filtered {
  ^bb0(%f: tensor<1x3x8x8x16xf32>):
    nn.yield %f : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64, project_filters = 16 : i64} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>, tensor<1x1x40x16xf32>, tensor<1x16xf32>) -> tensor<1x1x8x8x16xf32>
  return
}
// -----
func.func @blocked_bottleneck_c6_region(%x: tensor<1x1x8x8x16xf32>, %p: tensor<1x3x16x16xf32>, %c: tensor<3x16xf32>, %w: tensor<3x9x16xf32>, %q: tensor<1x1x48x16xf32>, %d: tensor<1x16xf32>) {
  // expected-error @+1 {{blocked_bottleneck_c6}}
  %y = nn.blocked_bottleneck %x, %p, %c, %w, %c, %q, %d expanded {
  ^bb0(%e: tensor<1x3x8x8x16xf32>):
    nn.yield %e : tensor<1x3x8x8x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 48 : i64, project_filters = 16 : i64} : (tensor<1x1x8x8x16xf32>, tensor<1x3x16x16xf32>, tensor<3x16xf32>, tensor<3x9x16xf32>, tensor<3x16xf32>, tensor<1x1x48x16xf32>, tensor<1x16xf32>) -> tensor<1x1x8x8x16xf32>
  return
}
// -----
func.func @blocked_byte_conv_c1(%x: tensor<1x2x5x5x16xui8>, %p: tensor<1x1x10x16x4xi8>) {
  // expected-error @+1 {{blocked_byte_conv_c1: x does not hold 40 channels over 2 dims}}
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 40 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xui8>, tensor<1x1x10x16x4xi8>) -> tensor<1x1x5x5x16xi32>
  return
}
// -----
func.func @blocked_byte_conv_c2(%x: tensor<1x2x5x5x16xui8>, %p: tensor<1x1x8x16x4xi8>) {
  // expected-error @+1 {{blocked_byte_conv_c2}}
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, kernel = array<i64: 1, 1>, strides = array<i64: 1, 0>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xui8>, tensor<1x1x8x16x4xi8>) -> tensor<1x1x5x5x16xi32>
  return
}
// -----
func.func @blocked_byte_conv_c3(%x: tensor<1x2x5x5x16xui8>, %p: tensor<1x1x32x16x4xi8>) {
  // expected-error @+1 {{blocked_byte_conv_c3: the panels do not fit 16 filters in 1 groups}}
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xui8>, tensor<1x1x32x16x4xi8>) -> tensor<1x1x5x5x16xi32>
  return
}
// -----
func.func @blocked_byte_conv_c4(%x: tensor<1x2x5x5x16xui8>, %p: tensor<1x1x8x16x4xi8>, %z: tensor<i8>) {
  // expected-error @+1 {{blocked_byte_conv_c4: start needs one lane per filter, zero_point one element of x's type}}
  %y = nn.blocked_byte_conv %x, %p, %z {operandSegmentSizes = array<i32: 1, 1, 1, 0>, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xui8>, tensor<1x1x8x16x4xi8>, tensor<i8>) -> tensor<1x1x5x5x16xi32>
  return
}
// -----
func.func @blocked_byte_conv_c5(%x: tensor<1x2x5x5x16xui8>, %p: tensor<1x1x288x16x4xi8>) {
  // expected-error @+1 {{blocked_byte_conv_c5: a kernel of 6}}
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, kernel = array<i64: 6, 6>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xui8>, tensor<1x1x288x16x4xi8>) -> tensor<1x1x5x5x16xi32>
  return
}
// -----
func.func @blocked_byte_conv_c6(%x: tensor<1x2x5x5x16xi8>, %p: tensor<1x1x8x16x4xi8>) {
  // expected-error @+1 {{blocked_byte_conv_c6: no product of i8 by i8}}
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x5x5x16xi8>, tensor<1x1x8x16x4xi8>) -> tensor<1x1x5x5x16xi32>
  return
}
