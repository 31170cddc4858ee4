// RUN: nnc-opt %s -nn-pack-recurrent --split-input-file | FileCheck %s

// Rows of W, and columns of the panels, in the order of the projection: of 16 units all gates. Both biases of a gate
// are one.
// CHECK-LABEL: func.func @lstm
// CHECK: %[[W:.*]] = nn.constant {{.*}} : tensor<128x3xf32>
// CHECK: %[[XW:.*]] = nn.matmul %arg0, %[[W]] {transpose_b} : (tensor<?x2x3xf32>, {{.*}}) -> tensor<?x2x128xf32>
// CHECK: %[[B:.*]] = nn.constant dense<"0x00004040{{.*}}"> : tensor<128xf32>
// CHECK: %[[SUM:.*]] = nn.binary {{ *}}add %[[XW]], %[[B]]
// CHECK: %[[R:.*]] = nn.constant {{.*}} : tensor<1x2x17x64xf32>
// CHECK: nn.packed_recurrent {{ *}}lstm %[[SUM]], %[[R]]
// CHECK-NOT: nn.recurrent
func.func @lstm(%x: tensor<?x2x3xf32>) -> tensor<?x1x2x17xf32> {
  %w = nn.constant dense<0.5> : tensor<1x68x3xf32> : tensor<1x68x3xf32>
  %r = nn.constant dense<0.25> : tensor<1x68x17xf32> : tensor<1x68x17xf32>
  %b = nn.constant dense<1.5> : tensor<1x136xf32> : tensor<1x136xf32>
  %y:3 = nn.recurrent lstm %x, %w, %r, %b {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 17 : i64, activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>} : (tensor<?x2x3xf32>, tensor<1x68x3xf32>, tensor<1x68x17xf32>, tensor<1x136xf32>) -> (tensor<?x1x2x17xf32>, tensor<1x2x17xf32>, tensor<1x2x17xf32>)
  return %y#0 : tensor<?x1x2x17xf32>
}
// -----
// Unit 1's row of W is the second column's; unit 16 would begin the next block.
// CHECK-LABEL: func.func @rnn
// CHECK: dense<{{\[\[}}1.000000e+00], [2.000000e+00], [0.000000e+00], {{.*}}]> : tensor<16x1xf32>
// CHECK: dense<{{\[\[\[\[}}3.000000e+00, 5.000000e+00, 0.000000e+00, {{.*}}], [4.000000e+00, 6.000000e+00, 0.000000e+00, {{.*}}]]]]> : tensor<1x1x2x16xf32>
func.func @rnn(%x: tensor<4x1x1xf32>) -> tensor<1x1x2xf32> {
  %w = nn.constant dense<[[[1.0], [2.0]]]> : tensor<1x2x1xf32> : tensor<1x2x1xf32>
  %r = nn.constant dense<[[[3.0, 4.0], [5.0, 6.0]]]> : tensor<1x2x2xf32> : tensor<1x2x2xf32>
  %y:3 = nn.recurrent rnn %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 2 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<4x1x1xf32>, tensor<1x2x1xf32>, tensor<1x2x2xf32>) -> (tensor<4x1x1x2xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>)
  return %y#1 : tensor<1x1x2xf32>
}
// -----
// The candidate's recurrent bias stays apart where the reset gate multiplies it.
// CHECK-LABEL: func.func @gru
// CHECK: nn.packed_recurrent {{ *}}gru %{{.*}}, %{{.*}}, %{{.*}} {{{.*}}linear_before_reset, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0>} : (tensor<4x1x48xf32>, tensor<1x1x2x48xf32>, tensor<1x16xf32>)
func.func @gru(%x: tensor<4x1x1xf32>) -> tensor<1x1x2xf32> {
  %w = nn.constant dense<0.5> : tensor<1x6x1xf32> : tensor<1x6x1xf32>
  %r = nn.constant dense<0.25> : tensor<1x6x2xf32> : tensor<1x6x2xf32>
  %b = nn.constant dense<1.5> : tensor<1x12xf32> : tensor<1x12xf32>
  %y:3 = nn.recurrent gru %x, %w, %r, %b {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 2 : i64, linear_before_reset, activations = ["sigmoid", "tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>} : (tensor<4x1x1xf32>, tensor<1x6x1xf32>, tensor<1x6x2xf32>, tensor<1x12xf32>) -> (tensor<4x1x1x2xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>)
  return %y#1 : tensor<1x1x2xf32>
}
// -----
// Weights that are not constant stay.
// CHECK-LABEL: func.func @stays
// CHECK: nn.recurrent {{ *}}rnn
func.func @stays(%x: tensor<4x1x1xf32>, %w: tensor<1x2x1xf32>) -> tensor<1x1x2xf32> {
  %r = nn.constant dense<0.25> : tensor<1x2x2xf32> : tensor<1x2x2xf32>
  %y:3 = nn.recurrent rnn %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 2 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<4x1x1xf32>, tensor<1x2x1xf32>, tensor<1x2x2xf32>) -> (tensor<4x1x1x2xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>)
  return %y#1 : tensor<1x1x2xf32>
}
