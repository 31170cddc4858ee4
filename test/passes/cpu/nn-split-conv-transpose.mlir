// RUN: nnc-opt %s -nn-split-conv-transpose --split-input-file | FileCheck %s

// Stride 2, three taps: the outputs with even numbers have taps 0 and 2, backwards, the odd ones tap 1.
// CHECK-LABEL: func.func @strided
// CHECK: nn.constant {{.*}}dense<{{\[\[\[}}3.000000e+00, 1.000000e+00]], {{\[\[}}0.000000e+00, 2.000000e+00]]]> : tensor<2x1x2xf32>
// CHECK: %[[C:.*]] = nn.conv %arg0, {{.*}} pads = array<i64: 1, 1>, strides = array<i64: 1>} : {{.*}} -> tensor<1x2x5xf32>
// CHECK: nn.reshape %[[C]], {{.*}} -> tensor<1x1x2x1x5xf32>
// CHECK: nn.transpose {{.*}} {perm = array<i64: 0, 1, 3, 4, 2>} : {{.*}} -> tensor<1x1x1x5x2xf32>
// CHECK: nn.reshape {{.*}} -> tensor<1x1x10xf32>
// CHECK: nn.slice {{.*}} -> tensor<1x1x9xf32>
func.func @strided(%x: tensor<1x1x4xf32>) -> tensor<1x1x9xf32> {
  %w = nn.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x9xf32>
  return %y : tensor<1x1x9xf32>
}
// -----
// Stride 1: the taps backwards, nothing to interleave.
// CHECK-LABEL: func.func @backwards
// CHECK: dense<{{\[\[\[}}3.000000e+00, 2.000000e+00, 1.000000e+00]]]>
// CHECK: nn.conv {{.*}} pads = array<i64: 1, 1>
// CHECK-NOT: nn.transpose
func.func @backwards(%x: tensor<?x1x4xf32>) -> tensor<?x1x4xf32> {
  %w = nn.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<?x1x4xf32>, tensor<1x1x3xf32>) -> tensor<?x1x4xf32>
  return %y : tensor<?x1x4xf32>
}
// -----
// Weights and a bias that only the run knows: zeros up to whole strides, the taps backwards, and remainders first.
// CHECK-LABEL: func.func @computed_weights
// CHECK: nn.constant dense<[0, 0, 0, 0, 0, 1]>
// CHECK: %[[P:.*]] = nn.pad {{ *}}constant %arg1, {{.*}} -> tensor<1x1x4xf32>
// CHECK: %[[R:.*]] = nn.reshape %[[P]], {{.*}} -> tensor<1x1x1x2x2xf32>
// CHECK: %[[B:.*]] = nn.slice %[[R]], {{.*}} {axes = array<i64: 3>, steps = array<i64: -1>}
// CHECK: %[[T:.*]] = nn.transpose %[[B]] {perm = array<i64: 0, 4, 2, 1, 3>}
// CHECK: %[[W:.*]] = nn.reshape %[[T]], {{.*}} -> tensor<2x1x2xf32>
// CHECK: %[[BIAS:.*]] = nn.reshape {{.*}} -> tensor<2xf32>
// CHECK: nn.conv %arg0, %[[W]], %[[BIAS]] {{.*}} pads = array<i64: 1, 1>
func.func @computed_weights(%x: tensor<1x1x4xf32>, %w: tensor<1x1x3xf32>, %b: tensor<1xf32>) -> tensor<1x1x9xf32> {
  %y = nn.conv_transpose %x, %w, %b {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x9xf32>
  return %y : tensor<1x1x9xf32>
}
// -----
// Weights of extents that only the run knows stay with the reference, as do dilated taps of larger strides.
// CHECK-LABEL: func.func @stay
// CHECK: nn.conv_transpose
// CHECK: nn.conv_transpose
func.func @stay(%x: tensor<1x1x4xf32>, %w: tensor<1x?x3xf32>, %v: tensor<1x1x3xf32>) -> (tensor<1x?x9xf32>, tensor<1x1x11xf32>) {
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x?x3xf32>) -> tensor<1x?x9xf32>
  %z = nn.conv_transpose %x, %v {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 2>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x11xf32>
  return %y, %z : tensor<1x?x9xf32>, tensor<1x1x11xf32>
}
// -----
// Extents that the run decides: it computes the shapes, and the cut counts from the end.
// CHECK-LABEL: func.func @any_extent
// CHECK: %[[C:.*]] = nn.conv %arg0, {{.*}} -> tensor<1x2x?xf32>
// CHECK: %[[S:.*]] = nn.shape_of %[[C]] {begin = 2 : i64, end = 3 : i64}
// CHECK: nn.concat {{.*}}, %[[S]]
// CHECK: nn.reshape %[[C]], {{.*}} -> tensor<1x1x2x1x?xf32>
// CHECK: nn.binary {{ *}}mul %[[S]]
// CHECK: nn.reshape {{.*}} -> tensor<1x1x?xf32>
// CHECK: nn.constant dense<-1> : tensor<1xi64>
// CHECK: nn.slice {{.*}} -> tensor<1x1x?xf32>
func.func @any_extent(%x: tensor<1x1x?xf32>) -> tensor<1x1x?xf32> {
  %w = nn.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x1x?xf32>, tensor<1x1x3xf32>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}
// -----
// Whole blocks of filters, and a kernel whose remainders have 1 or 2 taps: four convolutions with 9 taps in place of one
// with 16 for 25 pixels in place of 16. Each looks at its own inputs, so that only the end is cut.
// CHECK-LABEL: func.func @apart
// CHECK: nn.conv {{.*}} pads = array<i64: 0, 0, 0, 0>{{.*}}tensor<16x8x1x1xf32>) -> tensor<1x16x4x4xf32>
// CHECK: nn.conv {{.*}} pads = array<i64: 0, 0, 0, 1>{{.*}}tensor<16x8x1x2xf32>) -> tensor<1x16x4x4xf32>
// CHECK: nn.conv {{.*}} pads = array<i64: 0, 0, 1, 0>{{.*}}tensor<16x8x2x1xf32>) -> tensor<1x16x4x4xf32>
// CHECK: nn.conv {{.*}} pads = array<i64: 0, 0, 1, 1>{{.*}}tensor<16x8x2x2xf32>) -> tensor<1x16x4x4xf32>
// CHECK-NEXT: nn.unary relu
// CHECK: nn.concat {{.*}} -> tensor<1x64x4x4xf32>
// CHECK-NOT: nn.unary
// CHECK: nn.transpose
// CHECK: nn.slice {{.*}} -> tensor<1x16x7x7xf32>
func.func @apart(%x: tensor<1x8x4x4xf32>) -> tensor<1x16x7x7xf32> {
  %w = nn.constant dense<1.0> : tensor<8x16x3x3xf32> : tensor<8x16x3x3xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x8x4x4xf32>, tensor<8x16x3x3xf32>) -> tensor<1x16x7x7xf32>
  %r = nn.unary relu %y : (tensor<1x16x7x7xf32>) -> tensor<1x16x7x7xf32>
  return %r : tensor<1x16x7x7xf32>
}
// -----
// A depthwise one: each remainder is a depthwise convolution, though together they would multiply no more zeros.
// CHECK-LABEL: func.func @depthwise
// CHECK-COUNT-4: nn.conv {{.*}} groups = 32 : i64, {{.*}}tensor<32x1x2x2xf32>) -> tensor<1x32x4x4xf32>
// CHECK: nn.concat {{.*}} -> tensor<1x128x4x4xf32>
// CHECK-NOT: nn.conv_transpose
func.func @depthwise(%x: tensor<1x32x4x4xf32>) -> tensor<1x32x8x8xf32> {
  %w = nn.constant dense<1.0> : tensor<32x1x4x4xf32> : tensor<32x1x4x4xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, groups = 32 : i64} : (tensor<1x32x4x4xf32>, tensor<32x1x4x4xf32>) -> tensor<1x32x8x8xf32>
  return %y : tensor<1x32x8x8xf32>
}
// -----
// Groups of whole blocks.
// CHECK-LABEL: func.func @groups
// CHECK-COUNT-4: nn.conv {{.*}} groups = 2 : i64, {{.*}} -> tensor<1x32x4x4xf32>
// CHECK: nn.concat {{.*}} -> tensor<1x128x4x4xf32>
func.func @groups(%x: tensor<1x32x4x4xf32>) -> tensor<1x32x7x7xf32> {
  %w = nn.constant dense<1.0> : tensor<32x16x3x3xf32> : tensor<32x16x3x3xf32>
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, groups = 2 : i64} : (tensor<1x32x4x4xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x7x7xf32>
  return %y : tensor<1x32x7x7xf32>
}
