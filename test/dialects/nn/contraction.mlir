// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @matmul
func.func @matmul(%a: tensor<?x1x3x4xf32>, %b: tensor<5x4x6xf32>, %v: tensor<4xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.matmul {{.*}} -> tensor<?x5x3x6xf32>
  %0 = nn.matmul %a, %b : (tensor<?x1x3x4xf32>, tensor<5x4x6xf32>) -> tensor<*xf32>
  // CHECK: nn.matmul {{.*}} -> tensor<5x6xf32>
  %1 = nn.matmul %v, %b : (tensor<4xf32>, tensor<5x4x6xf32>) -> tensor<*xf32>
  // CHECK: nn.matmul {{.*}} -> tensor<f32>
  %2 = nn.matmul %v, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<*xf32>
  // CHECK: nn.matmul {{.*}} {transpose_a, transpose_b} {{.*}} -> tensor<5x6x6xf32>
  %t = nn.transpose %b {perm = array<i64: 0, 2, 1>} : (tensor<5x4x6xf32>) -> tensor<*xf32>
  %3 = nn.matmul %b, %t {transpose_a, transpose_b} : (tensor<5x4x6xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %0, %1, %2, %3 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<?x4x9x?xf32>, %w: tensor<6x2x3x3xf32>, %u: tensor<4x3x3x3xf32>, %b: tensor<6xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.conv {{.*}} -> tensor<?x6x4x?xf32>
  %0 = nn.conv %x, %w, %b {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>, dilations = array<i64: 2, 1>, groups = 2 : i64} : (tensor<?x4x9x?xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<*xf32>
  // CHECK: nn.conv {{.*}} -> tensor<?x6x5x?xf32>
  %1 = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64, auto_pad = #nn<auto_pad same_upper>} : (tensor<?x4x9x?xf32>, tensor<6x2x3x3xf32>) -> tensor<*xf32>
  // CHECK: nn.conv_transpose {{.*}} -> tensor<?x6x18x?xf32>
  %2 = nn.conv_transpose %x, %u, %b {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 0>, groups = 2 : i64} : (tensor<?x4x9x?xf32>, tensor<4x3x3x3xf32>, tensor<6xf32>) -> tensor<*xf32>
  return %0, %1, %2 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @einsum
func.func @einsum(%a: tensor<2x3x4xf32>, %b: tensor<2x4x?xf32>) -> tensor<*xf32> {
  // CHECK: nn.einsum {{.*}} -> tensor<?x2x3xf32>
  %0 = nn.einsum %a, %b {equation = "bij,bjk->kbi"} : (tensor<2x3x4xf32>, tensor<2x4x?xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// CHECK-LABEL: func.func @panels
func.func @panels(%a: tensor<?x1x3x4xf32>, %b: tensor<5x?x20xf32>, %c: tensor<20x4xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.pack_panels {{.*}} -> tensor<5x2x?x16xf32>
  %0 = nn.pack_panels %b : (tensor<5x?x20xf32>) -> tensor<*xf32>
  // CHECK: nn.pack_panels {{.*}} {transposed} {{.*}} -> tensor<2x4x16xf32>
  %1 = nn.pack_panels %c {transposed} : (tensor<20x4xf32>) -> tensor<*xf32>
  // CHECK: nn.packed_matmul {{.*}} -> tensor<?x5x3x20xf32>
  %2 = nn.packed_matmul %a, %0 {columns = 20 : i64} : (tensor<?x1x3x4xf32>, tensor<*xf32>) -> tensor<*xf32>
  // CHECK: nn.packed_matmul {{.*}} -> tensor<?x1x3x20xf32>
  %3 = nn.packed_matmul %a, %1 {columns = 20 : i64} : (tensor<?x1x3x4xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %2, %3 : tensor<*xf32>, tensor<*xf32>
}
