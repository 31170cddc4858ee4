// RUN: nnc-opt %s -nn-block-last-channels --split-input-file | FileCheck %s

// A block of ConvNeXt: both transposes are part of the ops that bring channels into blocks and out of them.
// CHECK-LABEL: func.func @image
// CHECK: %[[X:.*]] = nn.block_channels %arg0 {by_block, channels_last} : (tensor<?x8x?x20xf32>) -> tensor<?x2x8x?x16xf32>
// CHECK: %[[Y:.*]] = nn.blocked_pool {{.*}}%[[X]]
// CHECK: nn.unblock_channels %[[Y]] {by_block, channels = 20 : i64, channels_last} : (tensor<?x2x8x?x16xf32>) -> tensor<?x8x?x20xf32>
// CHECK-NOT: nn.transpose
func.func @image(%x: tensor<?x8x?x20xf32>) -> tensor<?x8x?x20xf32> {
  %t = nn.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x8x?x20xf32>) -> tensor<?x20x8x?xf32>
  %b = nn.block_channels %t {by_block} : (tensor<?x20x8x?xf32>) -> tensor<?x2x8x?x16xf32>
  %p = nn.blocked_pool max %b {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<?x2x8x?x16xf32>) -> tensor<?x2x8x?x16xf32>
  %u = nn.unblock_channels %p {by_block, channels = 20 : i64} : (tensor<?x2x8x?x16xf32>) -> tensor<?x20x8x?xf32>
  %y = nn.transpose %u {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x20x8x?xf32>) -> tensor<?x8x?x20xf32>
  return %y : tensor<?x8x?x20xf32>
}
// -----
// A transformer's tokens are an image's pixels, numbered through. What is done to each element of them is done to the
// blocks; a second tensor stays where it is.
// CHECK-LABEL: func.func @tokens
// CHECK: %[[SHAPE:.*]] = nn.constant dense<[1, 4, 6, 32]>
// CHECK: %[[I:.*]] = nn.reshape %arg0, %[[SHAPE]]
// CHECK: %[[X:.*]] = nn.block_channels %[[I]] {channels_last} : (tensor<1x4x6x32xf32>) -> tensor<1x2x4x6x16xf32>
// CHECK: %[[P:.*]] = nn.blocked_pool {{.*}}%[[X]]
// CHECK: %[[G:.*]] = nn.unary gelu %[[P]] : (tensor<1x2x4x6x16xf32>)
// CHECK: %[[H:.*]] = nn.binary {{ *}}mul %[[G]], %{{.*}} : (tensor<1x2x4x6x16xf32>, tensor<f32>)
// CHECK: %[[U:.*]] = nn.unblock_channels %[[H]] {channels = 32 : i64, channels_last} : {{.*}} -> tensor<1x4x6x32xf32>
// CHECK: %[[T:.*]] = nn.reshape %[[U]], {{.*}} -> tensor<1x24x32xf32>
// CHECK: nn.binary {{ *}}add %[[T]], %arg0
// CHECK-NOT: nn.transpose
func.func @tokens(%x: tensor<1x24x32xf32>) -> tensor<1x24x32xf32> {
  %image = nn.constant dense<[1, 32, 4, 6]> : tensor<4xi64> : tensor<4xi64>
  %tokens = nn.constant dense<[1, 32, 24]> : tensor<3xi64> : tensor<3xi64>
  %half = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %t = nn.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<1x24x32xf32>) -> tensor<1x32x24xf32>
  %i = nn.reshape %t, %image : (tensor<1x32x24xf32>, tensor<4xi64>) -> tensor<1x32x4x6xf32>
  %b = nn.block_channels %i : (tensor<1x32x4x6xf32>) -> tensor<1x2x4x6x16xf32>
  %p = nn.blocked_pool max %b {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x4x6x16xf32>) -> tensor<1x2x4x6x16xf32>
  %u = nn.unblock_channels %p {channels = 32 : i64} : (tensor<1x2x4x6x16xf32>) -> tensor<1x32x4x6xf32>
  %v = nn.reshape %u, %tokens : (tensor<1x32x4x6xf32>, tensor<3xi64>) -> tensor<1x32x24xf32>
  %w = nn.transpose %v {perm = array<i64: 0, 2, 1>} : (tensor<1x32x24xf32>) -> tensor<1x24x32xf32>
  %g = nn.unary gelu %w : (tensor<1x24x32xf32>) -> tensor<1x24x32xf32>
  %h = nn.binary mul %g, %half : (tensor<1x24x32xf32>, tensor<f32>) -> tensor<1x24x32xf32>
  %y = nn.binary add %h, %x : (tensor<1x24x32xf32>, tensor<1x24x32xf32>) -> tensor<1x24x32xf32>
  return %y : tensor<1x24x32xf32>
}
// -----
// Other transposes, and views that take channels apart, stay; channels that others want in order are there for them.
// CHECK-LABEL: func.func @others
// CHECK: %[[U:.*]] = nn.unblock_channels %arg0 {channels = 32 : i64} : {{.*}} -> tensor<1x32x4x6xf32>
// CHECK: nn.transpose %[[U]] {perm = array<i64: 0, 3, 2, 1>}
// CHECK: %[[V:.*]] = nn.reshape %[[U]], {{.*}} -> tensor<1x2x384xf32>
// CHECK: nn.transpose %[[V]]
// CHECK: nn.unblock_channels %arg0 {channels = 32 : i64, channels_last} : {{.*}} -> tensor<1x4x6x32xf32>
// CHECK: nn.unary relu %[[U]] : (tensor<1x32x4x6xf32>)
func.func @others(%x: tensor<1x2x4x6x16xf32>) -> (tensor<1x6x4x32xf32>, tensor<1x384x2xf32>, tensor<1x4x6x32xf32>, tensor<1x32x4x6xf32>) {
  %halves = nn.constant dense<[1, 2, 384]> : tensor<3xi64> : tensor<3xi64>
  %u = nn.unblock_channels %x {channels = 32 : i64} : (tensor<1x2x4x6x16xf32>) -> tensor<1x32x4x6xf32>
  %a = nn.transpose %u {perm = array<i64: 0, 3, 2, 1>} : (tensor<1x32x4x6xf32>) -> tensor<1x6x4x32xf32>
  %v = nn.reshape %u, %halves : (tensor<1x32x4x6xf32>, tensor<3xi64>) -> tensor<1x2x384xf32>
  %b = nn.transpose %v {perm = array<i64: 0, 2, 1>} : (tensor<1x2x384xf32>) -> tensor<1x384x2xf32>
  %c = nn.transpose %u {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x32x4x6xf32>) -> tensor<1x4x6x32xf32>
  %d = nn.unary relu %u : (tensor<1x32x4x6xf32>) -> tensor<1x32x4x6xf32>
  return %a, %b, %c, %d : tensor<1x6x4x32xf32>, tensor<1x384x2xf32>, tensor<1x4x6x32xf32>, tensor<1x32x4x6xf32>
}
