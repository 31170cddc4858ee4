// RUN: nnc-opt %s -nn-fuse-expansions --split-input-file | FileCheck %s

// The 1 x 1 convolution, what activates it and the depthwise convolution are one op; a bias that is not there is zero.
// CHECK-LABEL: func.func @fuses
// CHECK-NOT: nn.blocked_conv
// CHECK: %[[Z:.*]] = nn.constant dense<0.000000e+00> : tensor<6x16xf32>
// CHECK: %[[Y:.*]] = nn.blocked_expand_depthwise %arg0, %arg1, %arg2, %arg3, %[[Z]] {
// CHECK: ^bb0(%[[E:.*]]: tensor<1x6x128x128x16xf32>):
// CHECK: %[[S:.*]] = nn.unary {{ *}}sigmoid %[[E]]
// CHECK: %[[M:.*]] = nn.binary {{ *}}mul %[[E]], %[[S]]
// CHECK: nn.constant dense<6.0
// CHECK: %[[R:.*]] = nn.binary {{ *}}min %[[M]]
// CHECK: nn.yield %[[R]]
// CHECK: channels = 24 : i64, {{.*}}filters = 96 : i64, {{.*}}strides = array<i64: 2, 2>{{.*}} -> tensor<1x6x64x64x16xf32>
// CHECK-NOT: nn.blocked_depthwise
// CHECK: nn.unary {{ *}}relu %[[Y]]
func.func @fuses(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %c: tensor<6x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x64x64x16xf32> {
  %six = nn.constant dense<6.0> : tensor<1xf32> : tensor<1xf32>
  %e = nn.blocked_conv %x, %p, %c {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>, tensor<6x16xf32>) -> tensor<1x6x128x128x16xf32>
  %s = nn.unary sigmoid %e : (tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %m = nn.binary mul %e, %s : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %r = nn.binary min %m, %six : (tensor<1x6x128x128x16xf32>, tensor<1xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %r, %w {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x64x64x16xf32>
  %z = nn.unary relu %y : (tensor<1x6x64x64x16xf32>) -> tensor<1x6x64x64x16xf32>
  return %z : tensor<1x6x64x64x16xf32>
}
// -----
// An expanded tensor that fits the cache is written: two kernels have better tiles.
// CHECK-LABEL: func.func @small
// CHECK-NOT: blocked_expand_depthwise
func.func @small(%x: tensor<1x2x32x32x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x32x32x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x32x32x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x32x32x16xf32>
  %y = nn.blocked_depthwise %e, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x32x32x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x32x32x16xf32>
  return %y : tensor<1x6x32x32x16xf32>
}
// -----
// Somebody else reads the expanded tensor.
// CHECK-LABEL: func.func @read_twice
// CHECK-NOT: blocked_expand_depthwise
func.func @read_twice(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %e, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32>
  %z = nn.binary add %y, %e : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  return %z : tensor<1x6x128x128x16xf32>
}
// -----
// A residual between the two is no activation.
// CHECK-LABEL: func.func @residual
// CHECK-NOT: blocked_expand_depthwise
func.func @residual(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>, %a: tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x128x128x16xf32>
  %s = nn.binary add %e, %a : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %s, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32>
  return %y : tensor<1x6x128x128x16xf32>
}
