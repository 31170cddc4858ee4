// RUN: nnc-opt %s -nn-slice-volumes --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-slice-volumes -nn-block-channels --split-input-file | FileCheck %s --check-prefix=BLOCKS

// The slices under the kernel are channels: of 4 slices, the fifth being zeros, 3 for each of 4 outputs. A pool that halves
// the depth takes the larger of two slices, and the activation between stays in slices.
// CHECK-LABEL: func.func @net
// CHECK: nn.transpose {{.*}} -> tensor<1x4x16x8x8xf32>
// CHECK: nn.concat {{.*}} (tensor<4x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<5x16x8x8xf32>
// CHECK: nn.constant dense<[4, 0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 4]>
// CHECK: nn.gather {{.*}} -> tensor<12x16x8x8xf32>
// CHECK: nn.reshape {{.*}} -> tensor<4x48x8x8xf32>
// CHECK: nn.conv {{.*}} -> tensor<4x32x8x8xf32>
// CHECK: nn.unary relu {{.*}} tensor<4x32x8x8xf32>
// CHECK: nn.pool max {{.*}} -> tensor<4x32x4x4xf32>
// CHECK: nn.constant dense<[0, 2]>
// CHECK: nn.gather {{.*}} -> tensor<2x32x4x4xf32>
// CHECK: nn.constant dense<[1, 3]>
// CHECK: nn.gather {{.*}} -> tensor<2x32x4x4xf32>
// CHECK: nn.binary max
// CHECK: nn.gather {{.*}} -> tensor<6x32x4x4xf32>
// CHECK: nn.reshape {{.*}} -> tensor<2x96x4x4xf32>
// CHECK: nn.conv {{.*}} -> tensor<2x16x4x4xf32>
// CHECK: nn.transpose {{.*}} -> tensor<1x16x2x4x4xf32>
// All of it in blocks: slices are blocks, and so are the zeros.
// BLOCKS-LABEL: func.func @net
// BLOCKS: nn.block_channels
// BLOCKS-NOT: nn.block_channels
// BLOCKS: nn.blocked_pool
// BLOCKS: nn.gather {{.*}} -> tensor<2x2x4x4x16xf32>
// BLOCKS: nn.constant {{.*}} : tensor<1x2x4x4x16xf32>
// BLOCKS: nn.gather {{.*}} -> tensor<6x2x4x4x16xf32>
// BLOCKS: nn.reshape {{.*}} -> tensor<2x6x4x4x16xf32>
// BLOCKS: nn.unblock_channels
// BLOCKS-NOT: nn.unblock_channels
func.func @net(%x: tensor<1x16x4x8x8xf32>) -> tensor<1x16x2x4x4xf32> {
  %w = nn.constant dense<0.5> : tensor<32x16x3x3x3xf32> : tensor<32x16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x16x4x8x8xf32>, tensor<32x16x3x3x3xf32>) -> tensor<1x32x4x8x8xf32>
  %r = nn.unary relu %y : (tensor<1x32x4x8x8xf32>) -> tensor<1x32x4x8x8xf32>
  %p = nn.pool max %r {kernel = array<i64: 2, 2, 2>, strides = array<i64: 2, 2, 2>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>} : (tensor<1x32x4x8x8xf32>) -> tensor<1x32x2x4x4xf32>
  %v = nn.constant dense<0.5> : tensor<16x32x3x1x1xf32> : tensor<16x32x3x1x1xf32>
  %q = nn.conv %p, %v {strides = array<i64: 1, 1, 1>, pads = array<i64: 1, 0, 0, 1, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x32x2x4x4xf32>, tensor<16x32x3x1x1xf32>) -> tensor<1x16x2x4x4xf32>
  return %q : tensor<1x16x2x4x4xf32>
}
// -----
// Copies of 512 slices of 1 MB each: too much.
// CHECK-LABEL: func.func @large
// CHECK-NOT: nn.gather
// CHECK: nn.conv {{.*}} -> tensor<1x32x128x128x128xf32>
func.func @large(%x: tensor<1x16x128x128x128xf32>) -> tensor<1x32x128x128x128xf32> {
  %w = nn.constant dense<0.5> : tensor<32x16x3x3x3xf32> : tensor<32x16x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x16x128x128x128xf32>, tensor<32x16x3x3x3xf32>) -> tensor<1x32x128x128x128xf32>
  return %y : tensor<1x32x128x128x128xf32>
}
// -----
// Weights that only the run knows.
// CHECK-LABEL: func.func @unknown
// CHECK: nn.conv {{.*}} -> tensor<1x8x4x8x8xf32>
func.func @unknown(%x: tensor<1x16x4x8x8xf32>, %w: tensor<8x16x1x1x1xf32>) -> tensor<1x8x4x8x8xf32> {
  %y = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x16x4x8x8xf32>, tensor<8x16x1x1x1xf32>) -> tensor<1x8x4x8x8xf32>
  return %y : tensor<1x8x4x8x8xf32>
}
// -----
// A depthwise kernel reads the slices where they lie, in blocks from the convolution before to the one behind.
// CHECK-LABEL: func.func @depthwise
// CHECK: nn.conv {{.*}} -> tensor<4x32x8x8xf32>
// CHECK-NOT: nn.gather
// CHECK: nn.blocked_depthwise {{.*}}depth = array<i64: 4, 3, 2, 1, 1, 1>{{.*}} (tensor<4x2x8x8x16xf32>, tensor<2x27x16xf32>) -> tensor<2x2x8x8x16xf32>
// CHECK: nn.conv {{.*}} -> tensor<2x16x8x8xf32>
// BLOCKS-LABEL: func.func @depthwise
// BLOCKS: nn.block_channels
// BLOCKS: nn.blocked_conv
// BLOCKS-NOT: block_channels
// BLOCKS: nn.blocked_depthwise
// BLOCKS-NOT: block_channels
// BLOCKS: nn.blocked_conv
func.func @depthwise(%x: tensor<1x16x4x8x8xf32>) -> tensor<1x16x2x8x8xf32> {
  %w = nn.constant dense<0.5> : tensor<32x16x1x1x1xf32> : tensor<32x16x1x1x1xf32>
  %d = nn.constant dense<0.5> : tensor<32x1x3x3x3xf32> : tensor<32x1x3x3x3xf32>
  %v = nn.constant dense<0.5> : tensor<16x32x1x1x1xf32> : tensor<16x32x1x1x1xf32>
  %e = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x16x4x8x8xf32>, tensor<32x16x1x1x1xf32>) -> tensor<1x32x4x8x8xf32>
  %f = nn.conv %e, %d {strides = array<i64: 2, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1>, groups = 32 : i64} : (tensor<1x32x4x8x8xf32>, tensor<32x1x3x3x3xf32>) -> tensor<1x32x2x8x8xf32>
  %y = nn.conv %f, %v {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x32x2x8x8xf32>, tensor<16x32x1x1x1xf32>) -> tensor<1x16x2x8x8xf32>
  return %y : tensor<1x16x2x8x8xf32>
}
// -----
// Groups of whole blocks: slices of a group are images, those under the kernel its channels.
// CHECK-LABEL: func.func @groups
// CHECK: nn.reshape {{.*}} -> tensor<4x16x8x8xf32>
// CHECK: nn.constant dense<[0, 2, 1, 3]>
// CHECK: nn.gather {{.*}} -> tensor<4x16x8x8xf32>
// CHECK: nn.reshape {{.*}} -> tensor<1x64x8x8xf32>
// CHECK: nn.conv {{.*}}groups = 2 : i64{{.*}} (tensor<1x64x8x8xf32>, tensor<32x32x1x1xf32>) -> tensor<1x32x8x8xf32>
func.func @groups(%x: tensor<1x32x2x8x8xf32>) -> tensor<1x32x1x8x8xf32> {
  %w = nn.constant dense<0.5> : tensor<32x16x2x1x1xf32> : tensor<32x16x2x1x1xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 2 : i64} : (tensor<1x32x2x8x8xf32>, tensor<32x16x2x1x1xf32>) -> tensor<1x32x1x8x8xf32>
  return %y : tensor<1x32x1x8x8xf32>
}
// -----
// What is pooled of a whole volume is pooled of its slices first, and what that gives scales each of them.
// CHECK-LABEL: func.func @squeezed
// CHECK: %[[X:.*]] = nn.conv {{.*}} -> tensor<6x32x8x8xf32>
// CHECK: nn.reduce {{ *}}mean %[[X]] {axes = array<i64: 2, 3>, keepdims} : (tensor<6x32x8x8xf32>) -> tensor<6x32x1x1xf32>
// CHECK: nn.reduce {{ *}}mean {{.*}} {axes = array<i64: 1>, keepdims} : (tensor<2x3x32x1xf32>) -> tensor<2x1x32x1xf32>
// CHECK: %[[G:.*]] = nn.unary {{ *}}sigmoid {{.*}} -> tensor<2x32x1x1xf32>
// CHECK: %[[I:.*]] = nn.constant dense<[0, 0, 0, 1, 1, 1]>
// CHECK: %[[R:.*]] = nn.gather %[[G]], %[[I]] {{.*}} -> tensor<6x32x1x1xf32>
// CHECK: nn.binary {{ *}}mul %[[X]], %[[R]] : (tensor<6x32x8x8xf32>, tensor<6x32x1x1xf32>) -> tensor<6x32x8x8xf32>
func.func @squeezed(%x: tensor<2x16x3x8x8xf32>) -> tensor<2x32x3x8x8xf32> {
  %w = nn.constant dense<0.5> : tensor<32x16x1x1x1xf32> : tensor<32x16x1x1x1xf32>
  %e = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<2x16x3x8x8xf32>, tensor<32x16x1x1x1xf32>) -> tensor<2x32x3x8x8xf32>
  %p = nn.reduce mean %e {axes = array<i64: 2, 3, 4>, keepdims} : (tensor<2x32x3x8x8xf32>) -> tensor<2x32x1x1x1xf32>
  %g = nn.unary sigmoid %p : (tensor<2x32x1x1x1xf32>) -> tensor<2x32x1x1x1xf32>
  %y = nn.binary mul %e, %g : (tensor<2x32x3x8x8xf32>, tensor<2x32x1x1x1xf32>) -> tensor<2x32x3x8x8xf32>
  return %y : tensor<2x32x3x8x8xf32>
}
