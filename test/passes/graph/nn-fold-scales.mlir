// RUN: nnc-opt %s -nn-fold-scales -canonicalize | FileCheck %s

// Batch normalization behind a convolution.
// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x1x4xf32>) -> tensor<1x2x4xf32> {
  %w = nn.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %b = nn.constant dense<[1.0, -1.0]> : tensor<2xf32> : tensor<2xf32>
  %m = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %s = nn.constant dense<[[[10.0], [100.0]]]> : tensor<1x2x1xf32> : tensor<1x2x1xf32>
  %t = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  // CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[\[}}1.000000e+01]], {{\[\[}}2.000000e+02]]]>
  // CHECK-DAG: %[[B:.*]] = nn.constant dense<[5.000000e-01, -2.995000e+02]>
  // CHECK: %[[Y:.*]] = nn.conv %arg0, %[[W]], %[[B]]
  // CHECK-NEXT: return %[[Y]]
  %y = nn.conv %x, %w, %b {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  %c = nn.binary sub %y, %m : (tensor<1x2x4xf32>, tensor<2x1xf32>) -> tensor<1x2x4xf32>
  %d = nn.binary mul %s, %c : (tensor<1x2x1xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %e = nn.binary add %d, %t : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x2x4xf32>
  return %e : tensor<1x2x4xf32>
}

// In front of one, with groups: channel 2 and 3 belong to the second filter.
// CHECK-LABEL: func.func @before
func.func @before(%x: tensor<?x4x4xf32>) -> tensor<?x2x4xf32> {
  %w = nn.constant dense<1.0> : tensor<2x2x1xf32> : tensor<2x2x1xf32>
  %s = nn.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32> : tensor<4x1xf32>
  // CHECK: %[[W:.*]] = nn.constant dense<{{\[\[\[}}1.000000e+00], [2.000000e+00]], {{\[\[}}3.000000e+00], [4.000000e+00]]]>
  // CHECK-NEXT: nn.conv %arg0, %[[W]] {
  %a = nn.binary mul %x, %s : (tensor<?x4x4xf32>, tensor<4x1xf32>) -> tensor<?x4x4xf32>
  %y = nn.conv %a, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<?x4x4xf32>, tensor<2x2x1xf32>) -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}

// A transposed convolution has its filters in columns.
// CHECK-LABEL: func.func @transposed
func.func @transposed(%x: tensor<1x2x4xf32>) -> tensor<1x4x4xf32> {
  %w = nn.constant dense<1.0> : tensor<2x2x1xf32> : tensor<2x2x1xf32>
  %s = nn.constant dense<[[1.0], [2.0], [4.0], [0.5]]> : tensor<4x1xf32> : tensor<4x1xf32>
  // CHECK: %[[W:.*]] = nn.constant dense<{{\[\[\[}}1.000000e+00], [5.000000e-01]], {{\[\[}}2.500000e-01], [2.000000e+00]]]>
  // CHECK-NEXT: nn.conv_transpose %arg0, %[[W]] {
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 2 : i64} : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x4x4xf32>
  %d = nn.binary div %y, %s : (tensor<1x4x4xf32>, tensor<4x1xf32>) -> tensor<1x4x4xf32>
  return %d : tensor<1x4x4xf32>
}

// Columns of a product's weights, past its bias.
// CHECK-LABEL: func.func @matmul
func.func @matmul(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %b = nn.constant dense<[5.0, 6.0]> : tensor<2xf32> : tensor<2xf32>
  %s = nn.constant dense<[10.0, 100.0]> : tensor<2xf32> : tensor<2xf32>
  // CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[}}1.000000e+01, 2.000000e+01], [3.000000e+02, 4.000000e+02]]>
  // CHECK-DAG: %[[B:.*]] = nn.constant dense<[5.000000e+01, 6.000000e+02]>
  // CHECK: %[[P:.*]] = nn.matmul %arg0, %[[W]] {transpose_b}
  // CHECK-NEXT: nn.binary {{ *}}add %[[P]], %[[B]]
  %p = nn.matmul %x, %w {transpose_b} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %a = nn.binary add %p, %b : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %y = nn.binary mul %a, %s : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Not: a factor per pixel, a weight that would overflow, a second use.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<1x1x2xf16>) -> (tensor<1x1x2xf16>, tensor<1x1x2xf16>, tensor<1x1x2xf16>, tensor<1x1x2xf16>) {
  %w = nn.constant dense<1000.0> : tensor<1x1x1xf16> : tensor<1x1x1xf16>
  %p = nn.constant dense<[1.0, 2.0]> : tensor<2xf16> : tensor<2xf16>
  %s = nn.constant dense<1000.0> : tensor<f16> : tensor<f16>
  %two = nn.constant dense<2.0> : tensor<f16> : tensor<f16>
  // CHECK-COUNT-3: nn.binary {{ *}}mul
  %a = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x2xf16>, tensor<1x1x1xf16>) -> tensor<1x1x2xf16>
  %b = nn.binary mul %a, %p : (tensor<1x1x2xf16>, tensor<2xf16>) -> tensor<1x1x2xf16>
  %c = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x2xf16>, tensor<1x1x1xf16>) -> tensor<1x1x2xf16>
  %d = nn.binary mul %c, %s : (tensor<1x1x2xf16>, tensor<f16>) -> tensor<1x1x2xf16>
  %e = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x2xf16>, tensor<1x1x1xf16>) -> tensor<1x1x2xf16>
  %f = nn.binary mul %e, %two : (tensor<1x1x2xf16>, tensor<f16>) -> tensor<1x1x2xf16>
  return %b, %d, %e, %f : tensor<1x1x2xf16>, tensor<1x1x2xf16>, tensor<1x1x2xf16>, tensor<1x1x2xf16>
}
