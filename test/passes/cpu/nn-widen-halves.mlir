// RUN: nnc-opt %s -nn-widen-halves --split-input-file | FileCheck %s

// The input is widened, what follows the convolution stays in f32, and the result alone is rounded. Weights of
// convolutions become f32; so does what else is constant.
// CHECK-LABEL: func.func @convolutions
// CHECK-DAG: %[[W:.*]] = nn.constant dense<5.000000e-01> : tensor<8x3x1x1xf32>
// CHECK-DAG: %[[X:.*]] = nn.cast %arg0
// CHECK: %[[Y:.*]] = nn.conv %[[X]], %[[W]]{{.*}} -> tensor<1x8x4x4xf32>
// CHECK-NEXT: %[[R:.*]] = nn.unary relu %[[Y]]
// CHECK-NEXT: %[[TWO:.*]] = nn.constant dense<2.000000e+00> : tensor<f32>
// CHECK: %[[S:.*]] = nn.binary mul %[[R]], %[[TWO]]
// CHECK: %[[P:.*]] = nn.pool max %[[S]]{{.*}} -> tensor<1x8x2x2xf32>
// CHECK-NEXT: %[[H:.*]] = nn.cast %[[P]]{{.*}} -> tensor<1x8x2x2xf16>
// CHECK-NEXT: return %[[H]]
func.func @convolutions(%x: tensor<1x3x4x4xf16>) -> tensor<1x8x2x2xf16> {
  %w = nn.constant dense<0.5> : tensor<8x3x1x1xf16> : tensor<8x3x1x1xf16>
  %two = nn.constant dense<2.0> : tensor<f16> : tensor<f16>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x4x4xf16>, tensor<8x3x1x1xf16>) -> tensor<1x8x4x4xf16>
  %r = nn.unary relu %y : (tensor<1x8x4x4xf16>) -> tensor<1x8x4x4xf16>
  %s = nn.binary mul %r, %two : (tensor<1x8x4x4xf16>, tensor<f16>) -> tensor<1x8x4x4xf16>
  %p = nn.pool max %s {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x4x4xf16>) -> tensor<1x8x2x2xf16>
  return %p : tensor<1x8x2x2xf16>
}
// -----
// Weights of matrix products stay halves. A cast to f16 before a sum and one back after it round nothing.
// CHECK-LABEL: func.func @products
// CHECK: %[[W:.*]] = nn.constant {{.*}} : tensor<4x8xf16>
// CHECK-NEXT: %[[Y:.*]] = nn.matmul %arg0, %[[W]] : (tensor<2x4xf32>, tensor<4x8xf16>) -> tensor<2x8xf32>
// CHECK-NEXT: %[[S:.*]] = nn.softmax {{.*}}%[[Y]]
// CHECK-NEXT: return %[[S]] : tensor<2x8xf32>
func.func @products(%x: tensor<2x4xf32>) -> tensor<2x8xf32> {
  %w = nn.constant dense<0.5> : tensor<4x8xf16> : tensor<4x8xf16>
  %h = nn.cast %x : (tensor<2x4xf32>) -> tensor<2x4xf16>
  %y = nn.matmul %h, %w : (tensor<2x4xf16>, tensor<4x8xf16>) -> tensor<2x8xf16>
  %s = nn.softmax softmax %y {axis = 1 : i64} : (tensor<2x8xf16>) -> tensor<2x8xf16>
  %f = nn.cast %s : (tensor<2x8xf16>) -> tensor<2x8xf32>
  return %f : tensor<2x8xf32>
}
// -----
// There are instructions for products of bf16, so that a left factor is rounded to it where the right one is a weight,
// and only there.
// CHECK-LABEL: func.func @brains
// CHECK: %[[W:.*]] = nn.constant {{.*}} : tensor<8x8xbf16>
// CHECK-NEXT: %[[Y:.*]] = nn.matmul %arg0, %[[W]] : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<8x8xf32>
// CHECK: %[[R:.*]] = nn.cast %[[Y]] {{.*}} -> tensor<8x8xbf16>
// CHECK: nn.matmul %[[R]], %[[W]] : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<8x8xf32>
// CHECK: nn.matmul %[[Y]], %{{.*}} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
func.func @brains(%x: tensor<8x8xbf16>) -> tensor<8x8xbf16> {
  %w = nn.constant dense<0.5> : tensor<8x8xbf16> : tensor<8x8xbf16>
  %y = nn.matmul %x, %w : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<8x8xbf16>
  %z = nn.matmul %y, %w : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<8x8xbf16>
  %u = nn.matmul %y, %z : (tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<8x8xbf16>
  return %u : tensor<8x8xbf16>
}
// -----
// So does arithmetic whose result a sum reads.
// CHECK-LABEL: func.func @embeddings
// CHECK: %[[S:.*]] = nn.binary add {{.*}} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK: nn.normalize {{.*}}%[[S]]
func.func @embeddings(%a: tensor<2x4xf16>, %b: tensor<4xf16>) -> tensor<2x4xf16> {
  %s = nn.binary add %a, %b : (tensor<2x4xf16>, tensor<4xf16>) -> tensor<2x4xf16>
  %y = nn.normalize standard %s {axes = array<i64: 1>, epsilon = 1.000000e-05 : f64} : (tensor<2x4xf16>) -> tensor<2x4xf16>
  return %y : tensor<2x4xf16>
}
// -----
// What is not summed rounds after every op, and a cache stays halves when rows are appended to it.
// CHECK-LABEL: func.func @halves
// CHECK: nn.binary add %arg0, %arg0 {{.*}}xf16>
// CHECK: nn.cast {{.*}} -> tensor<2x4xf32>
// CHECK: nn.cast {{.*}} -> tensor<2x4xf16>
// CHECK: nn.matmul %{{.*}}, %arg2 : (tensor<2x4xf32>, tensor<4x4xf32>)
// CHECK: %[[ROWS:.*]] = nn.cast {{.*}} -> tensor<2x4xf16>
// CHECK: nn.concat %arg1, %[[ROWS]] {{.*}} -> tensor<9x4xf16>
func.func @halves(%x: tensor<2x4xf16>, %cache: tensor<7x4xf16>, %v: tensor<4x4xf32>) -> (tensor<2x4xf16>, tensor<9x4xf16>, tensor<2x4xf32>) {
  %d = nn.binary add %x, %x : (tensor<2x4xf16>, tensor<2x4xf16>) -> tensor<2x4xf16>
  %f = nn.cast %d : (tensor<2x4xf16>) -> tensor<2x4xf32>
  %r = nn.cast %f : (tensor<2x4xf32>) -> tensor<2x4xf16>
  %w = nn.cast %v : (tensor<4x4xf32>) -> tensor<4x4xf16>
  %y = nn.matmul %x, %w : (tensor<2x4xf16>, tensor<4x4xf16>) -> tensor<2x4xf16>
  %c = nn.concat %cache, %y {axis = 0 : i64} : (tensor<7x4xf16>, tensor<2x4xf16>) -> tensor<9x4xf16>
  %e = nn.cast %r : (tensor<2x4xf16>) -> tensor<2x4xf32>
  return %r, %c, %e : tensor<2x4xf16>, tensor<9x4xf16>, tensor<2x4xf32>
}
