// RUN: nnc-opt %s -nn-form-attention --split-input-file | FileCheck %s

// Heads are read where the projections left them, and the result is written where the next one reads it.
// CHECK-LABEL: func.func @encoder
// CHECK: nn.attention %arg0, %arg1, %arg2, %arg3 {
// CHECK-NEXT: ^bb0(%[[S:.*]]: tensor<1x2x4x4xf32>, %[[M:.*]]: tensor<1x1x1x4xf32>):
// CHECK: %[[F:.*]] = nn.binary mul %[[S]]
// CHECK: %[[R:.*]] = nn.binary add %[[F]], %[[M]]
// CHECK: nn.yield %[[R]]
// CHECK: } {first_heads = array<i64: 0, 0, 0>, heads = 2 : i64, k_by_row, kv_heads = 2 : i64, q_by_row, v_by_row, y_by_row}
// CHECK-NOT: nn.softmax
// CHECK-NOT: nn.transpose
func.func @encoder(%q: tensor<1x4x2x8xf32>, %k: tensor<1x4x2x8xf32>, %v: tensor<1x4x2x8xf32>, %m: tensor<1x1x1x4xf32>) -> tensor<1x4x2x8xf32> {
  %c = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = nn.transpose %q {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32>
  %1 = nn.transpose %k {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x8x4xf32>
  %2 = nn.transpose %v {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32>
  %3 = nn.matmul %0, %1 : (tensor<1x2x4x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x4x4xf32>
  %4 = nn.binary mul %3, %c : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %5 = nn.binary add %4, %m : (tensor<1x2x4x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x2x4x4xf32>
  %6 = nn.softmax softmax %5 {axis = 3 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %7 = nn.matmul %6, %2 : (tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %8 = nn.transpose %7 {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x4x8xf32>) -> tensor<1x4x2x8xf32>
  return %8 : tensor<1x4x2x8xf32>
}
// -----
// Parts of one projection are some of its heads.
// CHECK-LABEL: func.func @parts
// CHECK: %[[X:.*]] = nn.reshape %arg0, {{.*}} -> tensor<1x4x6x8xf32>
// CHECK: nn.attention %[[X]],
// CHECK: {first_heads = array<i64: 0, 2, 4>, heads = 2
func.func @parts(%x: tensor<1x4x48xf32>) -> tensor<1x2x4x8xf32> {
  %parts = nn.constant dense<16> : tensor<3xi64> : tensor<3xi64>
  %shape = nn.constant dense<[1, 4, 2, 8]> : tensor<4xi64> : tensor<4xi64>
  %s:3 = nn.split %x, %parts {axis = 2 : i64} : (tensor<1x4x48xf32>, tensor<3xi64>) -> (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>)
  %a = nn.reshape %s#0, %shape : (tensor<1x4x16xf32>, tensor<4xi64>) -> tensor<1x4x2x8xf32>
  %b = nn.reshape %s#1, %shape : (tensor<1x4x16xf32>, tensor<4xi64>) -> tensor<1x4x2x8xf32>
  %c = nn.reshape %s#2, %shape : (tensor<1x4x16xf32>, tensor<4xi64>) -> tensor<1x4x2x8xf32>
  %0 = nn.transpose %a {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32>
  %1 = nn.transpose %b {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32>
  %2 = nn.transpose %c {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32>
  %3 = nn.matmul %0, %1 {transpose_b} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x4xf32>
  %4 = nn.softmax softmax %3 {axis = 3 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %5 = nn.matmul %4, %2 : (tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %5 : tensor<1x2x4x8xf32>
}
// -----
// Another axis, another type, or weights that are a result.
// CHECK-LABEL: func.func @stays
// CHECK-NOT: nn.attention
func.func @stays(%q: tensor<1x2x4x4xf32>, %h: tensor<1x2x4x4xf16>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf16>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %0 = nn.matmul %q, %q {transpose_b} : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.softmax softmax %0 {axis = 2 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.matmul %1, %q : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %3 = nn.matmul %h, %h {transpose_b} : (tensor<1x2x4x4xf16>, tensor<1x2x4x4xf16>) -> tensor<1x2x4x4xf16>
  %4 = nn.softmax softmax %3 {axis = 3 : i64} : (tensor<1x2x4x4xf16>) -> tensor<1x2x4x4xf16>
  %5 = nn.matmul %4, %h : (tensor<1x2x4x4xf16>, tensor<1x2x4x4xf16>) -> tensor<1x2x4x4xf16>
  %6 = nn.matmul %q, %q {transpose_b} : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %7 = nn.softmax softmax %6 {axis = 3 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %8 = nn.matmul %7, %q : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %2, %5, %7, %8 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf16>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}
// -----
// A constant triangle: key j has no weight in row i where j > i + 2. A finite number is low enough only where nothing
// else is added.
// CHECK-LABEL: func.func @causal
// CHECK: nn.attention
// CHECK: diagonal = 2 : i64
// CHECK: nn.attention
// CHECK: diagonal = 2 : i64
// CHECK: nn.attention
// CHECK: diagonal = 2 : i64
// CHECK: nn.attention
// CHECK-NOT: diagonal
func.func @causal(%q: tensor<1x2x2x8xf32>, %k: tensor<1x2x4x8xf32>, %m: tensor<1x1x1x4xf32>) -> (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) {
  %cond = nn.constant dense<[[true, true, true, false], [true, false, true, true]]> : tensor<2x4xi1> : tensor<2x4xi1>
  %low = nn.constant dense<-3.0e38> : tensor<f32> : tensor<f32>
  %inf = nn.constant dense<[[0.0, 0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32> : tensor<2x4xf32>
  %fin = nn.constant dense<[[0.0, 0.0, 0.0, -1.0e9], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32> : tensor<2x4xf32>
  %0 = nn.matmul %q, %k {transpose_b} : (tensor<1x2x2x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x4xf32>
  %1 = nn.select %cond, %0, %low : (tensor<2x4xi1>, tensor<1x2x2x4xf32>, tensor<f32>) -> tensor<1x2x2x4xf32>
  %2 = nn.softmax softmax %1 {axis = 3 : i64} : (tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  %3 = nn.matmul %2, %k : (tensor<1x2x2x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x8xf32>
  %4 = nn.matmul %q, %k {transpose_b} : (tensor<1x2x2x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x4xf32>
  %5 = nn.binary add %4, %m : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x2x2x4xf32>
  %6 = nn.binary add %inf, %5 : (tensor<2x4xf32>, tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  %7 = nn.softmax softmax %6 {axis = 3 : i64} : (tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  %8 = nn.matmul %7, %k : (tensor<1x2x2x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x8xf32>
  %9 = nn.matmul %q, %k {transpose_b} : (tensor<1x2x2x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x4xf32>
  %10 = nn.binary add %9, %fin : (tensor<1x2x2x4xf32>, tensor<2x4xf32>) -> tensor<1x2x2x4xf32>
  %11 = nn.softmax softmax %10 {axis = 3 : i64} : (tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  %12 = nn.matmul %11, %k : (tensor<1x2x2x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x8xf32>
  %13 = nn.matmul %q, %k {transpose_b} : (tensor<1x2x2x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x4xf32>
  %14 = nn.binary add %13, %fin : (tensor<1x2x2x4xf32>, tensor<2x4xf32>) -> tensor<1x2x2x4xf32>
  %15 = nn.binary add %14, %m : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x2x2x4xf32>
  %16 = nn.softmax softmax %15 {axis = 3 : i64} : (tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  %17 = nn.matmul %16, %k : (tensor<1x2x2x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x2x8xf32>
  return %3, %8, %12, %17 : tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>
}
// -----
// Values without elements have no kernel.
// CHECK-LABEL: func.func @empty
// CHECK-NOT: nn.attention
func.func @empty(%q: tensor<1x2x3x8xf32>, %v: tensor<1x2x3x0xf32>) -> tensor<1x2x3x0xf32> {
  %0 = nn.matmul %q, %q {transpose_b} : (tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>) -> tensor<1x2x3x3xf32>
  %1 = nn.softmax softmax %0 {axis = 3 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = nn.matmul %1, %v : (tensor<1x2x3x3xf32>, tensor<1x2x3x0xf32>) -> tensor<1x2x3x0xf32>
  return %2 : tensor<1x2x3x0xf32>
}
