// RUN: nnc-opt %s -nn-block-channels --split-input-file | FileCheck %s --check-prefixes=CHECK,WINOGRAD
// RUN: nnc-opt %s "-nn-block-channels=winograd=false" --split-input-file | FileCheck %s --check-prefixes=CHECK,DIRECT

// A picture's channels are read as they come; the pool, the residual and the second convolution stay in blocks, and what
// follows the last one sees channels again. The 3 x 3 convolution is Winograd's unless that is switched off.
// CHECK-LABEL: func.func @net
// CHECK: %[[A:.*]] = nn.blocked_conv %arg0, %{{[0-9a-z_]*}} {channels = 3 : i64, {{.*}}filters = 32 : i64, {{.*}} : (tensor<1x3x64x64xf32>, tensor<1x2x27x16xf32>) -> tensor<1x2x32x32x16xf32>
// CHECK: %[[P:.*]] = nn.blocked_pool {{ *}}max %[[A]] {{.*}}pads = array<i64: 0, 0, 1, 1>, {{.*}} -> tensor<1x2x16x16x16xf32>
// WINOGRAD: %[[B:.*]] = nn.winograd_conv %[[P]], {{.*}} : (tensor<1x2x16x16x16xf32>, tensor<36x2x32x16xf32>) -> tensor<1x2x16x16x16xf32>
// DIRECT: %[[B:.*]] = nn.blocked_conv %[[P]], {{.*}} : (tensor<1x2x16x16x16xf32>, tensor<1x2x288x16xf32>) -> tensor<1x2x16x16x16xf32>
// CHECK: %[[C:.*]] = nn.binary {{ *}}add %[[B]], %[[P]] : {{.*}} -> tensor<1x2x16x16x16xf32>
// CHECK: %[[D:.*]] = nn.reduce {{ *}}mean %[[C]] {axes = array<i64: 2, 3>, keepdims} : {{.*}} -> tensor<1x2x1x1x16xf32>
// CHECK-NOT: unblock_channels
// CHECK: nn.reshape %[[D]], {{.*}} -> tensor<1x32x1x1xf32>
func.func @net(%x: tensor<1x3x64x64xf32>) -> tensor<1x32x1x1xf32> {
  %w = nn.constant dense<0.5> : tensor<32x3x3x3xf32> : tensor<32x3x3x3xf32>
  %v = nn.constant dense<0.5> : tensor<32x32x3x3xf32> : tensor<32x32x3x3xf32>
  %a = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x64x64xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x32x32xf32>
  %p = nn.pool max %a {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode} : (tensor<1x32x32x32xf32>) -> tensor<1x32x16x16xf32>
  %b = nn.conv %p, %v {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x16x16xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x16x16xf32>
  %c = nn.binary add %b, %p : (tensor<1x32x16x16xf32>, tensor<1x32x16x16xf32>) -> tensor<1x32x16x16xf32>
  %d = nn.reduce mean %c {axes = array<i64: 2, 3>, keepdims} : (tensor<1x32x16x16xf32>) -> tensor<1x32x1x1xf32>
  return %d : tensor<1x32x1x1xf32>
}
// -----
// The weight of channel 16, filter 1 stands in the second block's first row; channels that do not fill a block leave
// their rows out.
// CHECK-LABEL: func.func @panels
// CHECK: nn.constant {{.*}} : tensor<1x1x17x16xf32>
// CHECK: nn.block_channels %arg0 : (tensor<?x17x4xf32>) -> tensor<?x2x4x16xf32>
// CHECK: nn.blocked_conv
// CHECK: nn.unblock_channels {{.*}} {channels = 5 : i64} : (tensor<?x1x4x16xf32>) -> tensor<?x5x4xf32>
func.func @panels(%x: tensor<?x17x4xf32>) -> tensor<?x5x4xf32> {
  %w = nn.constant dense<1.0> : tensor<5x17x1xf32> : tensor<5x17x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<?x17x4xf32>, tensor<5x17x1xf32>) -> tensor<?x5x4xf32>
  return %y : tensor<?x5x4xf32>
}
// -----
// One filter to a channel, with a bias, then operands of every kind: per channel, a single number, an image.
// CHECK-LABEL: func.func @depthwise
// CHECK: %[[D:.*]] = nn.blocked_depthwise {{.*}} : (tensor<1x2x8x8x16xf32>, tensor<2x9x16xf32>, tensor<2x16xf32>) -> tensor<1x2x8x8x16xf32>
// CHECK: nn.binary {{ *}}mul %[[D]], {{.*}} : (tensor<1x2x8x8x16xf32>, tensor<1x2x1x1x16xf32>) -> tensor<1x2x8x8x16xf32>
// CHECK: nn.binary {{ *}}max {{.*}} : (tensor<1x2x8x8x16xf32>, tensor<1xf32>) -> tensor<1x2x8x8x16xf32>
// CHECK: nn.block_channels %arg0
// CHECK: nn.binary {{ *}}add {{.*}} -> tensor<1x2x8x8x16xf32>
func.func @depthwise(%x: tensor<1x24x8x8xf32>) -> tensor<1x24x8x8xf32> {
  %w = nn.constant dense<1.0> : tensor<24x1x3x3xf32> : tensor<24x1x3x3xf32>
  %b = nn.constant dense<2.0> : tensor<24xf32> : tensor<24xf32>
  %s = nn.constant dense<3.0> : tensor<24x1x1xf32> : tensor<24x1x1xf32>
  %z = nn.constant dense<0.0> : tensor<1xf32> : tensor<1xf32>
  %y = nn.conv %x, %w, %b {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 24 : i64} : (tensor<1x24x8x8xf32>, tensor<24x1x3x3xf32>, tensor<24xf32>) -> tensor<1x24x8x8xf32>
  %m = nn.binary mul %y, %s : (tensor<1x24x8x8xf32>, tensor<24x1x1xf32>) -> tensor<1x24x8x8xf32>
  %r = nn.binary max %m, %z : (tensor<1x24x8x8xf32>, tensor<1xf32>) -> tensor<1x24x8x8xf32>
  %a = nn.binary add %r, %x : (tensor<1x24x8x8xf32>, tensor<1x24x8x8xf32>) -> tensor<1x24x8x8xf32>
  return %a : tensor<1x24x8x8xf32>
}
// -----
// Groups of four channels with as many filters lie within a vector.
// CHECK-LABEL: func.func @small_groups
// CHECK: nn.blocked_depthwise {{.*}}per_group = 4 : i64{{.*}} : (tensor<1x2x8x8x16xf32>, tensor<2x4x16xf32>) -> tensor<1x2x8x8x16xf32>
func.func @small_groups(%x: tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32> {
  %w = nn.constant dense<1.0> : tensor<32x4x1x1xf32> : tensor<32x4x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 8 : i64} : (tensor<1x32x8x8xf32>, tensor<32x4x1x1xf32>) -> tensor<1x32x8x8xf32>
  return %y : tensor<1x32x8x8xf32>
}
// -----
// Padding that only the run knows, since it depends on extents, groups that cut blocks and a few filters stay as they are.
// CHECK-LABEL: func.func @stays
// CHECK-NOT: blocked
func.func @stays(%x: tensor<1x32x?x8xf32>, %y: tensor<1x32x8x8xf32>) -> (tensor<1x32x?x8xf32>, tensor<1x16x8x8xf32>, tensor<1x2x8x8xf32>) {
  %w = nn.constant dense<1.0> : tensor<32x32x3x1xf32> : tensor<32x32x3x1xf32>
  %g = nn.constant dense<1.0> : tensor<16x8x1x1xf32> : tensor<16x8x1x1xf32>
  %f = nn.constant dense<1.0> : tensor<2x32x1x1xf32> : tensor<2x32x1x1xf32>
  %a = nn.conv %x, %w {strides = array<i64: 2, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, auto_pad = #nn<auto_pad same_upper>} : (tensor<1x32x?x8xf32>, tensor<32x32x3x1xf32>) -> tensor<1x32x?x8xf32>
  %b = nn.conv %y, %g {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 4 : i64} : (tensor<1x32x8x8xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x8x8xf32>
  %c = nn.conv %y, %f {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x8x8xf32>, tensor<2x32x1x1xf32>) -> tensor<1x2x8x8xf32>
  return %a, %b, %c : tensor<1x32x?x8xf32>, tensor<1x16x8x8xf32>, tensor<1x2x8x8xf32>
}
// -----
// One filter whose rows of outputs fill no vector takes a block, but not if the kernel has one tap.
// CHECK-LABEL: func.func @narrow
// CHECK: nn.blocked_conv {{.*}} filters = 1 : i64
// CHECK-NOT: nn.conv
func.func @narrow(%x: tensor<1x64x16x16xf32>) -> tensor<1x1x13x13xf32> {
  %w = nn.constant dense<1.0> : tensor<1x64x4x4xf32> : tensor<1x64x4x4xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x16x16xf32>, tensor<1x64x4x4xf32>) -> tensor<1x1x13x13xf32>
  return %y : tensor<1x1x13x13xf32>
}
// -----
// Bytes less a zero point: the zero point is the padding and enters the sums through those of the weights; what follows
// stays in blocks.
// CHECK-LABEL: func.func @bytes
// CHECK: %[[X:.*]] = nn.block_channels %arg0 : (tensor<1x3x8x8xui8>) -> tensor<1x1x8x8x16xui8>
// CHECK: %[[Y:.*]] = nn.blocked_byte_conv %[[X]], %{{[0-9a-z_]*}}, %{{[0-9a-z_]*}}, %{{[0-9a-z_]*}} {channels = 3 : i64, {{.*}}filters = 8 : i64, {{.*}} : (tensor<1x1x8x8x16xui8>, tensor<1x1x9x16x4xi8>, tensor<ui8>, tensor<1x16xi32>) -> tensor<1x1x8x8x16xi32>
// CHECK: %[[C:.*]] = nn.cast %[[Y]]
// CHECK: nn.quantize %[[C]], {{.*}} -> tensor<1x1x8x8x16xui8>
// CHECK: nn.unblock_channels
func.func @bytes(%x: tensor<1x3x8x8xui8>) -> tensor<1x8x8x8xui8> {
  %z = nn.constant dense<7> : tensor<i32> : tensor<i32>
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %w = nn.constant dense<3> : tensor<8x3x3x3xi32> : tensor<8x3x3x3xi32>
  %a = nn.cast %x : (tensor<1x3x8x8xui8>) -> tensor<1x3x8x8xi32>
  %b = nn.binary sub %a, %z : (tensor<1x3x8x8xi32>, tensor<i32>) -> tensor<1x3x8x8xi32>
  %y = nn.conv %b, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xi32>, tensor<8x3x3x3xi32>) -> tensor<1x8x8x8xi32>
  %c = nn.cast %y : (tensor<1x8x8x8xi32>) -> tensor<1x8x8x8xf32>
  %q = nn.quantize %c, %s {axis = 0 : i64} : (tensor<1x8x8x8xf32>, tensor<f32>) -> tensor<1x8x8x8xui8>
  return %q : tensor<1x8x8x8xui8>
}
// -----
// Along one dim: 4 outputs from 6 products, of a signal and of an image's rows.
// CHECK-LABEL: func.func @along_one_dim
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}kernel = array<i64: 3>, outputs = array<i64: 4>, {{.*}}} : (tensor<1x4x400x16xf32>, tensor<6x4x64x16xf32>) -> tensor<1x4x400x16xf32>
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}kernel = array<i64: 1, 3>, outputs = array<i64: 1, 4>, {{.*}}} : (tensor<1x4x9x40x16xf32>, tensor<6x4x64x16xf32>) -> tensor<1x4x9x40x16xf32>
// DIRECT-COUNT-2: nn.blocked_conv
func.func @along_one_dim(%x: tensor<1x64x400xf32>, %z: tensor<1x64x9x40xf32>) -> (tensor<1x64x400xf32>, tensor<1x64x9x40xf32>) {
  %w = nn.constant dense<0.5> : tensor<64x64x3xf32> : tensor<64x64x3xf32>
  %v = nn.constant dense<0.5> : tensor<64x64x1x3xf32> : tensor<64x64x1x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 2, 2>, dilations = array<i64: 2>, groups = 1 : i64} : (tensor<1x64x400xf32>, tensor<64x64x3xf32>) -> tensor<1x64x400xf32>
  %u = nn.conv %z, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x9x40xf32>, tensor<64x64x1x3xf32>) -> tensor<1x64x9x40xf32>
  return %y, %u : tensor<1x64x400xf32>, tensor<1x64x9x40xf32>
}
// -----
// Many channels for few filters: bringing together pixels that lie 6 apart takes longer than it saves, at a distance of 2
// it does not.
// CHECK-LABEL: func.func @far_apart
// CHECK: nn.blocked_conv {{.*}} dilations = array<i64: 6, 6>
// WINOGRAD: nn.winograd_conv {{.*}} dilations = array<i64: 2, 2>
func.func @far_apart(%x: tensor<1x256x28x28xf32>) -> (tensor<1x64x28x28xf32>, tensor<1x64x28x28xf32>) {
  %w = nn.constant dense<0.5> : tensor<64x256x3x3xf32> : tensor<64x256x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 6, 6, 6, 6>, dilations = array<i64: 6, 6>, groups = 1 : i64} : (tensor<1x256x28x28xf32>, tensor<64x256x3x3xf32>) -> tensor<1x64x28x28xf32>
  %z = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 2, 2, 2, 2>, dilations = array<i64: 2, 2>, groups = 1 : i64} : (tensor<1x256x28x28xf32>, tensor<64x256x3x3xf32>) -> tensor<1x64x28x28xf32>
  return %y, %z : tensor<1x64x28x28xf32>, tensor<1x64x28x28xf32>
}
// -----
// A stride of 2: 2 x 2 outputs from 5 x 5 products by 4 x 4 weights.
// CHECK-LABEL: func.func @strided
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}outputs = array<i64: 2, 2>, {{.*}}stride = 2 : i64} : (tensor<1x4x28x28x16xf32>, tensor<16x4x64x16xf32>) -> tensor<1x4x14x14x16xf32>
// DIRECT: nn.blocked_conv %{{.*}} : (tensor<1x4x28x28x16xf32>, tensor<1x4x576x16xf32>) -> tensor<1x4x14x14x16xf32>
func.func @strided(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x14x14xf32> {
  %w = nn.constant dense<0.5> : tensor<64x64x3x3xf32> : tensor<64x64x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
  return %y : tensor<1x64x14x14xf32>
}
// -----
// Weights that come from memory take longer than the products of a few pieces: the kernel computes them from the taps, of
// which there is a quarter as much. The channels of a last block may be fewer: pieces of 4 x 2 have two thirds of the
// weights of 4 x 4.
// CHECK-LABEL: func.func @many_weights
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}from_taps, outputs = array<i64: 4, 4>, {{.*}}} : (tensor<1x16x14x14x16xf32>, tensor<16x256x9x16xf32>) -> tensor<1x16x14x14x16xf32>
func.func @many_weights(%x: tensor<1x256x14x14xf32>) -> tensor<1x256x14x14xf32> {
  %w = nn.constant dense<0.5> : tensor<256x256x3x3xf32> : tensor<256x256x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  return %y : tensor<1x256x14x14xf32>
}
func.func @many_weights_of_250(%x: tensor<1x250x14x14xf32>) -> tensor<1x256x14x14xf32> {
  // WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}outputs = array<i64: 4, 2>, {{.*}}} : (tensor<1x16x14x14x16xf32>, tensor<24x16x250x16xf32>) -> tensor<1x16x14x14x16xf32>
  %w = nn.constant dense<0.5> : tensor<256x250x3x3xf32> : tensor<256x250x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x250x14x14xf32>, tensor<256x250x3x3xf32>) -> tensor<1x256x14x14xf32>
  return %y : tensor<1x256x14x14xf32>
}
// -----
// With a stride, seven rows are summed tap by tap, since pieces of two rows have more weights and an output in vain; unless
// the kernel computes them.
// CHECK-LABEL: func.func @strided_deep
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}outputs = array<i64: 1, 2>, {{.*}}stride = 2 : i64} : (tensor<1x16x14x14x16xf32>, tensor<12x16x250x16xf32>) -> tensor<1x16x7x7x16xf32>
func.func @strided_deep(%x: tensor<1x250x14x14xf32>) -> tensor<1x256x7x7xf32> {
  %w = nn.constant dense<0.5> : tensor<256x250x3x3xf32> : tensor<256x250x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x250x14x14xf32>, tensor<256x250x3x3xf32>) -> tensor<1x256x7x7xf32>
  return %y : tensor<1x256x7x7xf32>
}
func.func @strided_deep_from_taps(%x: tensor<1x256x14x14xf32>) -> tensor<1x256x7x7xf32> {
  // WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}from_taps, outputs = array<i64: 2, 2>, {{.*}}stride = 2 : i64} : (tensor<1x16x14x14x16xf32>, tensor<16x256x9x16xf32>) -> tensor<1x16x7x7x16xf32>
  %w = nn.constant dense<0.5> : tensor<256x256x3x3xf32> : tensor<256x256x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x7x7xf32>
  return %y : tensor<1x256x7x7xf32>
}
// -----
// Kernels of one pixel that skip pixels: short rows, which fill no tile, are picked first.
// CHECK-LABEL: func.func @short_rows
// CHECK: %[[P:.*]] = nn.blocked_pool average {{.*}} strides = array<i64: 2, 2>} : {{.*}} -> tensor<1x4x14x14x16xf32>
// CHECK: nn.blocked_conv %[[P]], {{.*}}strides = array<i64: 1, 1>}
func.func @short_rows(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x14x14xf32> {
  %w = nn.constant dense<0.5> : tensor<64x64x1x1xf32> : tensor<64x64x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x14x14xf32>
  return %y : tensor<1x64x14x14xf32>
}
// -----
// CHECK-LABEL: func.func @long_rows
// CHECK-NOT: nn.blocked_pool
// CHECK: nn.blocked_conv {{.*}}strides = array<i64: 2, 2>}
func.func @long_rows(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x28x28xf32> {
  %w = nn.constant dense<0.5> : tensor<64x64x1x1xf32> : tensor<64x64x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x56x56xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x28x28xf32>
  return %y : tensor<1x64x28x28xf32>
}
// -----
// Of larger images 4 x 4 outputs from 9 x 9 products by 6 x 6 weights.
// CHECK-LABEL: func.func @strided_large
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}outputs = array<i64: 4, 4>, {{.*}}stride = 2 : i64} : (tensor<1x4x80x80x16xf32>, tensor<36x4x64x16xf32>) -> tensor<1x4x40x40x16xf32>
func.func @strided_large(%x: tensor<1x64x80x80xf32>) -> tensor<1x64x40x40xf32> {
  %w = nn.constant dense<0.5> : tensor<64x64x3x3xf32> : tensor<64x64x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x80x80xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x40x40xf32>
  return %y : tensor<1x64x40x40xf32>
}
// -----
// Strides that differ, and dilations with a stride, are summed directly.
// CHECK-LABEL: func.func @strided_otherwise
// CHECK-COUNT-2: nn.blocked_conv
func.func @strided_otherwise(%x: tensor<1x64x28x28xf32>) -> (tensor<1x64x14x28xf32>, tensor<1x64x14x14xf32>) {
  %w = nn.constant dense<0.5> : tensor<64x64x3x3xf32> : tensor<64x64x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x28xf32>
  %z = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 2, 2, 2, 2>, dilations = array<i64: 2, 2>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
  return %y, %z : tensor<1x64x14x28xf32>, tensor<1x64x14x14xf32>
}
// -----
// A 5 x 5 kernel: 2 x 2 outputs from 6 x 6 products.
// CHECK-LABEL: func.func @five_taps
// WINOGRAD: nn.winograd_conv %{{.*}} {{{.*}}kernel = array<i64: 5, 5>, outputs = array<i64: 2, 2>, {{.*}}} : (tensor<1x2x28x28x16xf32>, tensor<36x4x32x16xf32>) -> tensor<1x4x28x28x16xf32>
// DIRECT: nn.blocked_conv %{{.*}} : (tensor<1x2x28x28x16xf32>, tensor<1x4x800x16xf32>) -> tensor<1x4x28x28x16xf32>
func.func @five_taps(%x: tensor<1x32x28x28xf32>) -> tensor<1x64x28x28xf32> {
  %w = nn.constant dense<0.5> : tensor<64x32x5x5xf32> : tensor<64x32x5x5xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 2, 2, 2, 2>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x28x28xf32>, tensor<64x32x5x5xf32>) -> tensor<1x64x28x28xf32>
  return %y : tensor<1x64x28x28xf32>
}
// -----
// Threads share what a depthwise convolution of a small image reads by blocks, as its kernel does, and what others read by
// pixels.
// CHECK-LABEL: func.func @depthwise
// CHECK: nn.block_channels %arg0 {by_block}
// CHECK: nn.unblock_channels %{{.*}} {by_block, channels = 32 : i64}
// CHECK-LABEL: func.func @larger_depthwise
// CHECK: nn.block_channels %arg0 : (tensor
// CHECK: nn.unblock_channels %{{.*}} {channels = 32 : i64}
// CHECK-LABEL: func.func @pointwise
// CHECK: nn.block_channels %arg0 : (tensor
// CHECK: nn.unblock_channels %{{.*}} {channels = 32 : i64}
func.func @depthwise(%x: tensor<1x32x12x16xf32>) -> tensor<1x32x12x16xf32> {
  %w = nn.constant dense<0.5> : tensor<32x1x3x3xf32> : tensor<32x1x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 32 : i64} : (tensor<1x32x12x16xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x12x16xf32>
  %z = nn.unary relu %y : (tensor<1x32x12x16xf32>) -> tensor<1x32x12x16xf32>
  return %z : tensor<1x32x12x16xf32>
}
func.func @larger_depthwise(%x: tensor<1x32x16x16xf32>) -> tensor<1x32x16x16xf32> {
  %w = nn.constant dense<0.5> : tensor<32x1x3x3xf32> : tensor<32x1x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 32 : i64} : (tensor<1x32x16x16xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x16x16xf32>
  return %y : tensor<1x32x16x16xf32>
}
func.func @pointwise(%x: tensor<1x32x12x16xf32>) -> tensor<1x32x12x16xf32> {
  %w = nn.constant dense<0.5> : tensor<32x32x1x1xf32> : tensor<32x32x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x12x16xf32>, tensor<32x32x1x1xf32>) -> tensor<1x32x12x16xf32>
  return %y : tensor<1x32x12x16xf32>
}
// -----
// Channels become pixels block by block, as after a transposed convolution or a DepthToSpace.
// CHECK-LABEL: func.func @interleaved
// CHECK: nn.blocked_conv
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.reshape {{.*}} -> tensor<1x2x3x1x5x6x16xf32>
// CHECK-NEXT: nn.transpose {{.*}} {perm = array<i64: 0, 3, 4, 1, 5, 2, 6>} : {{.*}} -> tensor<1x1x5x2x6x3x16xf32>
// CHECK: nn.reshape {{.*}} -> tensor<1x1x10x18x16xf32>
// CHECK-NEXT: nn.unary relu
// CHECK-NEXT: nn.unblock_channels
func.func @interleaved(%x: tensor<1x32x5x6xf32>) -> tensor<1x16x10x18xf32> {
  %w = nn.constant dense<0.5> : tensor<96x32x1x1xf32> : tensor<96x32x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x5x6xf32>, tensor<96x32x1x1xf32>) -> tensor<1x96x5x6xf32>
  %s = nn.constant dense<[1, 2, 3, 16, 5, 6]> : tensor<6xi64> : tensor<6xi64>
  %a = nn.reshape %y, %s : (tensor<1x96x5x6xf32>, tensor<6xi64>) -> tensor<1x2x3x16x5x6xf32>
  %t = nn.transpose %a {perm = array<i64: 0, 3, 4, 1, 5, 2>} : (tensor<1x2x3x16x5x6xf32>) -> tensor<1x16x5x2x6x3xf32>
  %u = nn.constant dense<[1, 16, 10, 18]> : tensor<4xi64> : tensor<4xi64>
  %b = nn.reshape %t, %u : (tensor<1x16x5x2x6x3xf32>, tensor<4xi64>) -> tensor<1x16x10x18xf32>
  %r = nn.unary relu %b : (tensor<1x16x10x18xf32>) -> tensor<1x16x10x18xf32>
  return %r : tensor<1x16x10x18xf32>
}
// -----
// Three filters fill a block badly: worth it for Winograd's algorithm, not for many taps over long rows.
// CHECK-LABEL: func.func @few_filters
// WINOGRAD: nn.winograd_conv
// CHECK: nn.conv {{.*}} -> tensor<1x3x56x56xf32>
func.func @few_filters(%x: tensor<1x64x56x56xf32>) -> (tensor<1x3x56x56xf32>, tensor<1x3x56x56xf32>) {
  %w = nn.constant dense<0.5> : tensor<3x64x3x3xf32> : tensor<3x64x3x3xf32>
  %v = nn.constant dense<0.5> : tensor<3x64x9x9xf32> : tensor<3x64x9x9xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x56x56xf32>, tensor<3x64x3x3xf32>) -> tensor<1x3x56x56xf32>
  %z = nn.conv %x, %v {strides = array<i64: 1, 1>, pads = array<i64: 4, 4, 4, 4>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x56x56xf32>, tensor<3x64x9x9xf32>) -> tensor<1x3x56x56xf32>
  return %y, %z : tensor<1x3x56x56xf32>, tensor<1x3x56x56xf32>
}
// -----
// Weights and a bias that only the run knows are brought into panels by ops in front: filters filled up to whole blocks,
// channels of the last block apart. Winograd's weights are a product with G x G.
// CHECK-LABEL: func.func @runtime
// CHECK: nn.pad constant %arg1, {{.*}} -> tensor<48xf32>
// CHECK: nn.pad constant {{.*}} -> tensor<1x48x20x2xf32>
// CHECK: nn.slice {{.*}} -> tensor<1x48x16x2xf32>
// CHECK: nn.transpose {{.*}} -> tensor<1x3x1x2x16x16xf32>
// CHECK: nn.slice {{.*}} -> tensor<1x48x4x2xf32>
// CHECK: nn.transpose {{.*}} -> tensor<1x3x1x2x4x16xf32>
// CHECK: nn.concat {{.*}} -> tensor<1x3x40x16xf32>
// CHECK: nn.blocked_conv
// WINOGRAD: nn.transpose {{.*}} -> tensor<9x3x40x16xf32>
// WINOGRAD: nn.matmul {{.*}} : (tensor<36x9xf32>, tensor<9x1920xf32>) -> tensor<36x1920xf32>
// WINOGRAD: nn.winograd_conv {{.*}} tensor<36x3x40x16xf32>
// CHECK-NOT: nn.conv
func.func @runtime(%x: tensor<1x20x65x64xf32>, %b: tensor<40xf32>, %w: tensor<40x20x2x1xf32>, %v: tensor<40x40x3x3xf32>) -> tensor<1x40x64x64xf32> {
  %y = nn.conv %x, %w, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x20x65x64xf32>, tensor<40x20x2x1xf32>, tensor<40xf32>) -> tensor<1x40x64x64xf32>
  %z = nn.conv %y, %v {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x40x64x64xf32>, tensor<40x40x3x3xf32>) -> tensor<1x40x64x64xf32>
  return %z : tensor<1x40x64x64xf32>
}
// -----
// A convolution that no neighbour gives blocks or wants any stays, behind elementwise ops too, if it is 1 x 1 or sums few
// products; with many channels and filters, or few pixels, its arithmetic repays blocks.
// CHECK-LABEL: func.func @lone
// CHECK-NOT: blocked_conv
// CHECK: nn.conv
// CHECK-NOT: block_channels
func.func @lone(%x: tensor<2x64x20x21xf32>) -> tensor<2x48x20x21xf32> {
  %w = nn.constant dense<1.0> : tensor<48x64x1x1xf32> : tensor<48x64x1x1xf32>
  %s = nn.constant dense<3.0> : tensor<48x1x1xf32> : tensor<48x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x64x20x21xf32>, tensor<48x64x1x1xf32>) -> tensor<2x48x20x21xf32>
  %m = nn.binary mul %y, %s : (tensor<2x48x20x21xf32>, tensor<48x1x1xf32>) -> tensor<2x48x20x21xf32>
  %z = nn.unary relu %m : (tensor<2x48x20x21xf32>) -> tensor<2x48x20x21xf32>
  return %z : tensor<2x48x20x21xf32>
}
// CHECK-LABEL: func.func @many
// CHECK: nn.blocked_conv
func.func @many(%x: tensor<1x256x20x20xf32>) -> tensor<1x256x20x20xf32> {
  %w = nn.constant dense<1.0> : tensor<256x256x1x1xf32> : tensor<256x256x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x256x20x20xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x20x20xf32>
  return %y : tensor<1x256x20x20xf32>
}
// CHECK-LABEL: func.func @before_convolution
// CHECK-COUNT-2: nn.blocked_conv
func.func @before_convolution(%x: tensor<1x64x20x20xf32>) -> tensor<1x24x20x20xf32> {
  %w = nn.constant dense<1.0> : tensor<48x64x1x1xf32> : tensor<48x64x1x1xf32>
  %v = nn.constant dense<1.0> : tensor<24x48x1x1xf32> : tensor<24x48x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x20x20xf32>, tensor<48x64x1x1xf32>) -> tensor<1x48x20x20xf32>
  %r = nn.unary relu %y : (tensor<1x48x20x20xf32>) -> tensor<1x48x20x20xf32>
  %z = nn.conv %r, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x48x20x20xf32>, tensor<24x48x1x1xf32>) -> tensor<1x24x20x20xf32>
  return %z : tensor<1x24x20x20xf32>
}
// Beside an image that another convolution leaves in blocks.
// CHECK-LABEL: func.func @beside_blocks
// CHECK-NOT: nn.conv
// CHECK: return
func.func @beside_blocks(%x: tensor<1x64x20x20xf32>) -> tensor<1x48x20x20xf32> {
  %w = nn.constant dense<1.0> : tensor<48x64x1x1xf32> : tensor<48x64x1x1xf32>
  %v = nn.constant dense<1.0> : tensor<48x64x3x3xf32> : tensor<48x64x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x20x20xf32>, tensor<48x64x1x1xf32>) -> tensor<1x48x20x20xf32>
  %u = nn.conv %x, %v {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x20x20xf32>, tensor<48x64x3x3xf32>) -> tensor<1x48x20x20xf32>
  %z = nn.binary add %y, %u : (tensor<1x48x20x20xf32>, tensor<1x48x20x20xf32>) -> tensor<1x48x20x20xf32>
  return %z : tensor<1x48x20x20xf32>
}
// CHECK-LABEL: func.func @few_products
// CHECK-NOT: blocked_conv
// CHECK: nn.conv
// CHECK-NOT: unblock_channels
// CHECK-LABEL: func.func @more_products
// CHECK: nn.blocked_conv
func.func @few_products(%x: tensor<1x3x64x64xf32>) -> tensor<1x48x32x32xf32> {
  %w = nn.constant dense<1.0> : tensor<48x3x3x3xf32> : tensor<48x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x64x64xf32>, tensor<48x3x3x3xf32>) -> tensor<1x48x32x32xf32>
  return %y : tensor<1x48x32x32xf32>
}
func.func @more_products(%x: tensor<1x3x64x64xf32>) -> tensor<1x48x32x32xf32> {
  %w = nn.constant dense<1.0> : tensor<48x3x7x7xf32> : tensor<48x3x7x7xf32>
  %y = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 3, 3, 3, 3>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x64x64xf32>, tensor<48x3x7x7xf32>) -> tensor<1x48x32x32xf32>
  return %y : tensor<1x48x32x32xf32>
}
// -----
// Groups of whole blocks, too, by Winograd's algorithm: u has the channels of one.
// CHECK-LABEL: func.func @winograd_groups
// WINOGRAD: nn.winograd_conv {{.*}}groups = 2 : i64{{.*}} (tensor<1x4x28x28x16xf32>, tensor<36x6x32x16xf32>) -> tensor<1x6x28x28x16xf32>
func.func @winograd_groups(%x: tensor<1x64x28x28xf32>) -> tensor<1x96x28x28xf32> {
  %w = nn.constant dense<0.5> : tensor<96x32x3x3xf32> : tensor<96x32x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<1x64x28x28xf32>, tensor<96x32x3x3xf32>) -> tensor<1x96x28x28xf32>
  return %y : tensor<1x96x28x28xf32>
}
// -----
// Extents that only the run knows: Winograd's algorithm, pools and sums in blocks; a pool that is rounded up comes out of
// them.
// CHECK-LABEL: func.func @unknown
// WINOGRAD: %[[C:.*]] = nn.winograd_conv {{.*}} outputs = array<i64: 4, 4>{{.*}} -> tensor<?x2x?x?x16xf32>
// CHECK: %[[P:.*]] = nn.blocked_pool max %{{.*}} {{.*}}pads = array<i64: 1, 1, 1, 1>{{.*}} -> tensor<?x2x?x?x16xf32>
// CHECK: %[[D:.*]] = nn.blocked_conv %[[P]]
// CHECK: %[[S:.*]] = nn.binary add %[[D]], %[[P]] : {{.*}} -> tensor<?x2x?x?x16xf32>
// CHECK: %[[U:.*]] = nn.unblock_channels %[[S]]
// CHECK: nn.pool max %[[U]]
func.func @unknown(%x: tensor<?x32x?x?xf32>) -> tensor<?x32x?x?xf32> {
  %w = nn.constant dense<1.0> : tensor<32x32x3x3xf32> : tensor<32x32x3x3xf32>
  %v = nn.constant dense<1.0> : tensor<32x32x1x1xf32> : tensor<32x32x1x1xf32>
  %c = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<?x32x?x?xf32>, tensor<32x32x3x3xf32>) -> tensor<?x32x?x?xf32>
  %p = nn.pool max %c {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, auto_pad = #nn<auto_pad same_upper>} : (tensor<?x32x?x?xf32>) -> tensor<?x32x?x?xf32>
  %d = nn.conv %p, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<?x32x?x?xf32>, tensor<32x32x1x1xf32>) -> tensor<?x32x?x?xf32>
  %s = nn.binary add %d, %p : (tensor<?x32x?x?xf32>, tensor<?x32x?x?xf32>) -> tensor<?x32x?x?xf32>
  %y = nn.pool max %s {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode} : (tensor<?x32x?x?xf32>) -> tensor<?x32x?x?xf32>
  return %y : tensor<?x32x?x?xf32>
}
// -----
// Of an image that only the run knows few pixels are left at 512 channels: pieces of 2 x 2, whose weights are less than
// half as large. A kernel of one pixel that skips pixels has those that it reads picked first.
// CHECK-LABEL: func.func @unknown_deep
// WINOGRAD: %[[C:.*]] = nn.winograd_conv {{.*}} outputs = array<i64: 2, 2>{{.*}} -> tensor<1x32x?x?x16xf32>
// WINOGRAD: %[[P:.*]] = nn.blocked_pool average %[[C]] {{.*}}kernel = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>} : {{.*}} -> tensor<1x32x?x?x16xf32>
// WINOGRAD: nn.blocked_conv %[[P]], {{.*}}strides = array<i64: 1, 1>} : (tensor<1x32x?x?x16xf32>, tensor<1x4x512x16xf32>) -> tensor<1x4x?x?x16xf32>
func.func @unknown_deep(%x: tensor<1x512x?x?xf32>) -> tensor<1x64x?x?xf32> {
  %w = nn.constant dense<0.5> : tensor<512x512x3x3xf32> : tensor<512x512x3x3xf32>
  %v = nn.constant dense<0.5> : tensor<64x512x1x1xf32> : tensor<64x512x1x1xf32>
  %c = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x512x?x?xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x?x?xf32>
  %y = nn.conv %c, %v {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x512x?x?xf32>, tensor<64x512x1x1xf32>) -> tensor<1x64x?x?xf32>
  return %y : tensor<1x64x?x?xf32>
}
// -----
// Two groups of 56 channels are one of 112, for Winograd's algorithm alone: with a stride of 2, and in so small an image
// that it gains too little, groups stay as they are.
// CHECK-LABEL: func.func @merged_groups
// WINOGRAD: nn.winograd_conv {{.*}}groups = 2 : i64
// DIRECT: nn.conv {{.*}}groups = 4 : i64
// CHECK: nn.conv {{.*}}groups = 4 : i64
// CHECK: nn.conv {{.*}}groups = 4 : i64
func.func @merged_groups(%x: tensor<1x224x28x28xf32>, %s: tensor<1x224x4x4xf32>) -> (tensor<1x224x28x28xf32>, tensor<1x224x14x14xf32>, tensor<1x224x4x4xf32>) {
  %w = nn.constant dense<2.0> : tensor<224x56x3x3xf32> : tensor<224x56x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 4 : i64} : (tensor<1x224x28x28xf32>, tensor<224x56x3x3xf32>) -> tensor<1x224x28x28xf32>
  %z = nn.conv %y, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 4 : i64} : (tensor<1x224x28x28xf32>, tensor<224x56x3x3xf32>) -> tensor<1x224x14x14xf32>
  %t = nn.conv %s, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 4 : i64} : (tensor<1x224x4x4xf32>, tensor<224x56x3x3xf32>) -> tensor<1x224x4x4xf32>
  return %y, %z, %t : tensor<1x224x28x28xf32>, tensor<1x224x14x14xf32>, tensor<1x224x4x4xf32>
}
