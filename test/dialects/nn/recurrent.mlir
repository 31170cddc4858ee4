// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// The states' batch is the sequence's.
// CHECK-LABEL: func.func @lstm
func.func @lstm(%x: tensor<?x?x3xf32>, %w: tensor<2x16x3xf32>, %r: tensor<2x16x4xf32>, %h: tensor<2x5x4xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.recurrent lstm {{.*}} -> (tensor<?x2x5x4xf32>, tensor<2x5x4xf32>, tensor<2x5x4xf32>)
  %y:3 = nn.recurrent lstm %x, %w, %r, %h {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0, 0>, direction = #nn<recurrent_direction bidirectional>, hidden_size = 4 : i64, activations = ["sigmoid", "tanh", "tanh", "sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0>} : (tensor<?x?x3xf32>, tensor<2x16x3xf32>, tensor<2x16x4xf32>, tensor<2x5x4xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0, %y#1, %y#2 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @spectra
func.func @spectra(%x: tensor<2x10x1xf32>, %c: tensor<2x6x2xf32>, %s: tensor<2x100xf32>, %w: tensor<16xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  %n = nn.constant dense<9> : tensor<i64> : tensor<i64>
  %step = nn.constant dense<4> : tensor<i64> : tensor<i64>
  // CHECK: nn.dft {{.*}} -> tensor<2x10x2xf32>
  %0 = nn.dft %x {axis = 1 : i64} : (tensor<2x10x1xf32>) -> tensor<*xf32>
  // CHECK: nn.dft {{.*}} -> tensor<2x5x2xf32>
  %1 = nn.dft %x, %n {axis = 1 : i64, onesided} : (tensor<2x10x1xf32>, tensor<i64>) -> tensor<*xf32>
  // CHECK: nn.dft {{.*}} -> tensor<2x10x1xf32>
  %2 = nn.dft %c {axis = 1 : i64, inverse, onesided} : (tensor<2x6x2xf32>) -> tensor<*xf32>
  // CHECK: nn.stft {{.*}} -> tensor<2x22x9x2xf32>
  %3 = nn.stft %s, %step, %w {operandSegmentSizes = array<i32: 1, 1, 1, 0>, onesided} : (tensor<2x100xf32>, tensor<i64>, tensor<16xf32>) -> tensor<*xf32>
  return %0, %1, %2, %3 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @random
func.func @random() -> tensor<*xf32> {
  %shape = nn.constant dense<[2, 3]> : tensor<2xi64> : tensor<2xi64>
  // CHECK: nn.random uniform {{.*}} -> tensor<2x3xf32>
  %0 = nn.random uniform %shape {low = 0.0, high = 1.0, seed = 1 : i64} : (tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
