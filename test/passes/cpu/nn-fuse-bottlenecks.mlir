// RUN: nnc-opt %s -nn-fuse-bottlenecks --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-fuse-bottlenecks -cse -nn-form-groups --split-input-file | FileCheck %s --check-prefix=GROUPS

// The 1 x 1 convolution, what activates it and the depthwise convolution are one op; a bias that is not there is zero.
// CHECK-LABEL: func.func @fuses
// CHECK-NOT: nn.blocked_conv
// CHECK: %[[Z:.*]] = nn.constant dense<0.000000e+00> : tensor<6x16xf32>
// CHECK: %[[Y:.*]] = nn.blocked_bottleneck %arg0, %arg1, %arg2, %arg3, %[[Z]] expanded {
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
// CHECK-NOT: blocked_bottleneck
func.func @small(%x: tensor<1x2x32x32x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x32x32x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x32x32x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x32x32x16xf32>
  %y = nn.blocked_depthwise %e, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x32x32x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x32x32x16xf32>
  return %y : tensor<1x6x32x32x16xf32>
}
// -----
// Weights that do not stay in the cache would be fetched again for every row.
// CHECK-LABEL: func.func @heavy
// CHECK-NOT: blocked_bottleneck
func.func @heavy(%x: tensor<1x24x64x64x16xf32>, %p: tensor<1x24x384x16xf32>, %w: tensor<24x9x16xf32>) -> tensor<1x24x64x64x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 384 : i64, filters = 384 : i64, groups = 1 : i64} : (tensor<1x24x64x64x16xf32>, tensor<1x24x384x16xf32>) -> tensor<1x24x64x64x16xf32>
  %y = nn.blocked_depthwise %e, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x24x64x64x16xf32>, tensor<24x9x16xf32>) -> tensor<1x24x64x64x16xf32>
  return %y : tensor<1x24x64x64x16xf32>
}
// -----
// Somebody else reads the expanded tensor.
// CHECK-LABEL: func.func @read_twice
// CHECK-NOT: blocked_bottleneck
func.func @read_twice(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %e, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32>
  %z = nn.binary add %y, %e : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  return %z : tensor<1x6x128x128x16xf32>
}
// -----
// A residual between the two is no activation.
// CHECK-LABEL: func.func @residual
// CHECK-NOT: blocked_bottleneck
func.func @residual(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %w: tensor<6x9x16xf32>, %a: tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32> {
  %e = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>) -> tensor<1x6x128x128x16xf32>
  %s = nn.binary add %e, %a : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %s, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x128x128x16xf32>
  return %y : tensor<1x6x128x128x16xf32>
}
// -----
// The first convolution of a network reads the picture; the 1 x 1 convolution behind is part of the kernel.
// CHECK-LABEL: func.func @stem
// CHECK-NOT: nn.blocked_conv
// CHECK: %[[Z:.*]] = nn.constant dense<0.000000e+00> : tensor<1x16xf32>
// CHECK: %[[Y:.*]] = nn.blocked_bottleneck %arg0, %arg1, %arg2, %arg3, %arg2, %arg4, %[[Z]] expanded {
// CHECK: nn.unary {{ *}}relu
// CHECK: } filtered {
// CHECK: nn.unary {{ *}}sigmoid
// CHECK: expand_kernel = array<i64: 3, 3>, expand_pads = array<i64: 1, 1, 1, 1>, expand_strides = array<i64: 2, 2>{{.*}}project_filters = 16 : i64{{.*}} -> tensor<1x1x112x112x16xf32>
// CHECK-NOT: nn.blocked_conv
// CHECK: return %[[Y]]
func.func @stem(%x: tensor<1x3x224x224xf32>, %p: tensor<1x2x27x16xf32>, %c: tensor<2x16xf32>, %w: tensor<2x9x16xf32>, %q: tensor<1x1x32x16xf32>) -> tensor<1x1x112x112x16xf32> {
  %e = nn.blocked_conv %x, %p, %c {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 3 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x3x224x224xf32>, tensor<1x2x27x16xf32>, tensor<2x16xf32>) -> tensor<1x2x112x112x16xf32>
  %r = nn.unary relu %e : (tensor<1x2x112x112x16xf32>) -> tensor<1x2x112x112x16xf32>
  %d = nn.blocked_depthwise %r, %w, %c {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x112x112x16xf32>, tensor<2x9x16xf32>, tensor<2x16xf32>) -> tensor<1x2x112x112x16xf32>
  %s = nn.unary sigmoid %d : (tensor<1x2x112x112x16xf32>) -> tensor<1x2x112x112x16xf32>
  %y = nn.blocked_conv %s, %q {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x112x112x16xf32>, tensor<1x1x32x16xf32>) -> tensor<1x1x112x112x16xf32>
  return %y : tensor<1x1x112x112x16xf32>
}
// -----
// What the depthwise convolution leaves fits the cache.
// CHECK-LABEL: func.func @small_result
// CHECK: nn.blocked_bottleneck
// CHECK-NOT: filtered
// CHECK: nn.blocked_conv
func.func @small_result(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %c: tensor<6x16xf32>, %w: tensor<6x25x16xf32>, %q: tensor<1x1x96x16xf32>) -> tensor<1x1x32x32x16xf32> {
  %e = nn.blocked_conv %x, %p, %c {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>, tensor<6x16xf32>) -> tensor<1x6x128x128x16xf32>
  %d = nn.blocked_depthwise %e, %w {kernel = array<i64: 5, 5>, strides = array<i64: 4, 4>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x25x16xf32>) -> tensor<1x6x32x32x16xf32>
  %y = nn.blocked_conv %d, %q {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 96 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x6x32x32x16xf32>, tensor<1x1x96x16xf32>) -> tensor<1x1x32x32x16xf32>
  return %y : tensor<1x1x32x32x16xf32>
}
// -----
// The region keeps its own constant where another op has the same one: a group takes nothing from outside but operands.
// CHECK-LABEL: func.func @shared
// GROUPS-LABEL: func.func @shared
// GROUPS: nn.group
// GROUPS: nn.blocked_bottleneck
// GROUPS: nn.constant dense<6.0
// GROUPS-NEXT: nn.binary {{ *}}min
// GROUPS: nn.yield
func.func @shared(%x: tensor<1x2x128x128x16xf32>, %p: tensor<1x6x24x16xf32>, %c: tensor<6x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x64x64x16xf32> {
  %six = nn.constant dense<6.0> : tensor<1xf32> : tensor<1xf32>
  %e = nn.blocked_conv %x, %p, %c {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 24 : i64, filters = 96 : i64, groups = 1 : i64} : (tensor<1x2x128x128x16xf32>, tensor<1x6x24x16xf32>, tensor<6x16xf32>) -> tensor<1x6x128x128x16xf32>
  %s = nn.unary sigmoid %e : (tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %m = nn.binary mul %e, %s : (tensor<1x6x128x128x16xf32>, tensor<1x6x128x128x16xf32>) -> tensor<1x6x128x128x16xf32>
  %r = nn.binary min %m, %six : (tensor<1x6x128x128x16xf32>, tensor<1xf32>) -> tensor<1x6x128x128x16xf32>
  %y = nn.blocked_depthwise %r, %w {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x6x128x128x16xf32>, tensor<6x9x16xf32>) -> tensor<1x6x64x64x16xf32>
  %z = nn.binary min %y, %six : (tensor<1x6x64x64x16xf32>, tensor<1xf32>) -> tensor<1x6x64x64x16xf32>
  return %z : tensor<1x6x64x64x16xf32>
}
