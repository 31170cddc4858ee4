// RUN: nnc-opt %s -nn-fuse-projections --split-input-file | FileCheck %s

// The input and its panels take the place of the product.
// CHECK-LABEL: func.func @product
// CHECK-NOT: nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %arg0, %arg2, %arg1 {{.*}}operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 0>
func.func @product(%x: tensor<32x1x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x1x16xf32>, tensor<8x16x16xf32>) -> tensor<32x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<32x1x1x128xf32>
}
// -----
// So does the bias; the number of steps may be open.
// CHECK-LABEL: func.func @bias
// CHECK-NOT: nn.packed_matmul
// CHECK-NOT: nn.binary
// CHECK: nn.packed_recurrent {{ *}}rnn %arg0, %arg2, %arg1, %arg3 {{.*}}operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 1>
func.func @bias(%x: tensor<?x1x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>, %b: tensor<128xf32>) -> (tensor<?x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<?x1x16xf32>, tensor<8x16x16xf32>) -> tensor<?x1x128xf32>
  %sum = nn.binary add %xw, %b : (tensor<?x1x128xf32>, tensor<128xf32>) -> tensor<?x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %sum, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<?x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<?x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<?x1x1x128xf32>
}
// -----
// Others want the product.
// CHECK-LABEL: func.func @two_users
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @two_users(%x: tensor<32x1x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>, tensor<32x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x1x16xf32>, tensor<8x16x16xf32>) -> tensor<32x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0, %xw : tensor<32x1x1x128xf32>, tensor<32x1x128xf32>
}
// -----
// A sequence that may end early.
// CHECK-LABEL: func.func @lengths
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @lengths(%x: tensor<32x1x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>, %l: tensor<1xi32>) -> (tensor<32x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x1x16xf32>, tensor<8x16x16xf32>) -> tensor<32x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r, %l {operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x128xf32>, tensor<1x8x128x16xf32>, tensor<1xi32>) -> (tensor<32x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<32x1x1x128xf32>
}
// -----
// Several sequences share what is read of R.
// CHECK-LABEL: func.func @batch
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @batch(%x: tensor<32x2x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x2x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x2x16xf32>, tensor<8x16x16xf32>) -> tensor<32x2x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x2x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x2x128xf32>, tensor<1x2x128xf32>, tensor<1x2x128xf32>)
  return %y#0 : tensor<32x1x2x128xf32>
}
// -----
// CHECK-LABEL: func.func @open_batch
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @open_batch(%x: tensor<32x?x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x?x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x?x16xf32>, tensor<8x16x16xf32>) -> tensor<32x?x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x?x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x?x128xf32>, tensor<1x?x128xf32>, tensor<1x?x128xf32>)
  return %y#0 : tensor<32x1x?x128xf32>
}
// -----
// The first-level cache keeps R.
// CHECK-LABEL: func.func @small
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @small(%x: tensor<32x1x16xf32>, %w: tensor<6x16x16xf32>, %r: tensor<1x6x96x16xf32>) -> (tensor<32x1x1x96xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 96 : i64} : (tensor<32x1x16xf32>, tensor<6x16x16xf32>) -> tensor<32x1x96xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 96 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x96xf32>, tensor<1x6x96x16xf32>) -> (tensor<32x1x1x96xf32>, tensor<1x1x96xf32>, tensor<1x1x96xf32>)
  return %y#0 : tensor<32x1x1x96xf32>
}
// -----
// Too few steps for others to hide behind.
// CHECK-LABEL: func.func @short
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @short(%x: tensor<12x1x16xf32>, %w: tensor<8x16x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<12x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<12x1x16xf32>, tensor<8x16x16xf32>) -> tensor<12x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<12x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<12x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<12x1x1x128xf32>
}
// -----
// The input is so long that its products would not fit in.
// CHECK-LABEL: func.func @deep
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @deep(%x: tensor<32x1x272xf32>, %w: tensor<8x272x16xf32>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x1x272xf32>, tensor<8x272x16xf32>) -> tensor<32x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<32x1x1x128xf32>
}
// -----
// R and W come from memory.
// CHECK-LABEL: func.func @large
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @large(%x: tensor<32x1x64xf32>, %w: tensor<92x64x16xf32>, %r: tensor<1x92x1472x16xf32>) -> (tensor<32x1x1x1472xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 1472 : i64} : (tensor<32x1x64xf32>, tensor<92x64x16xf32>) -> tensor<32x1x1472xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 1472 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x1472xf32>, tensor<1x92x1472x16xf32>) -> (tensor<32x1x1x1472xf32>, tensor<1x1x1472xf32>, tensor<1x1x1472xf32>)
  return %y#0 : tensor<32x1x1x1472xf32>
}
// -----
// Panels that store halves.
// CHECK-LABEL: func.func @halves
// CHECK: %[[XW:.*]] = nn.packed_matmul
// CHECK: nn.packed_recurrent {{ *}}rnn %[[XW]], %arg2
func.func @halves(%x: tensor<32x1x16xf32>, %w: tensor<8x16x16xf16>, %r: tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>) {
  %xw = nn.packed_matmul %x, %w {columns = 128 : i64} : (tensor<32x1x16xf32>, tensor<8x16x16xf16>) -> tensor<32x1x128xf32>
  %y:3 = nn.packed_recurrent rnn %xw, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<32x1x128xf32>, tensor<1x8x128x16xf32>) -> (tensor<32x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#0 : tensor<32x1x1x128xf32>
}
