// RUN: nnc-opt %s -nn-pack-operands --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @plain
// CHECK: %[[PANELS:.*]] = nn.pack_panels %arg1 : (tensor<3x40x33xf32>) -> tensor<3x3x40x16xf32>
// CHECK: nn.packed_matmul %arg0, %[[PANELS]] {columns = 33 : i64}
// CHECK-NOT: nn.matmul
func.func @plain(%a: tensor<?x3x48x40xf32>, %b: tensor<3x40x33xf32>) -> tensor<?x3x48x33xf32> {
  %y = nn.matmul %a, %b : (tensor<?x3x48x40xf32>, tensor<3x40x33xf32>) -> tensor<?x3x48x33xf32>
  return %y : tensor<?x3x48x33xf32>
}
// -----
// Either factor may be transposed.
// CHECK-LABEL: func.func @transposed
// CHECK: nn.pack_panels %arg1 {transposed} : (tensor<32x40xf16>) -> tensor<2x40x16xf16>
// CHECK: %[[A:.*]] = nn.transpose %arg0 {perm = array<i64: 1, 0>}
// CHECK: nn.packed_matmul %[[A]]
func.func @transposed(%a: tensor<40x8xf16>, %b: tensor<32x40xf16>) -> tensor<8x32xf16> {
  %y = nn.matmul %a, %b {transpose_a, transpose_b} : (tensor<40x8xf16>, tensor<32x40xf16>) -> tensor<8x32xf16>
  return %y : tensor<8x32xf16>
}
// -----
// The rows of a whole batch count where it meets one right factor.
// CHECK-LABEL: func.func @shared
// CHECK: nn.packed_matmul
func.func @shared(%a: tensor<8x1x40xf32>, %b: tensor<40x32xf32>) -> tensor<8x1x32xf32> {
  %y = nn.matmul %a, %b : (tensor<8x1x40xf32>, tensor<40x32xf32>) -> tensor<8x1x32xf32>
  return %y : tensor<8x1x32xf32>
}
// -----
// The kernel for factors as they lie wants rows of the right one.
// CHECK-LABEL: func.func @ordered
// CHECK: %[[B:.*]] = nn.transpose %arg1 {perm = array<i64: 1, 0>}
// CHECK: nn.matmul %arg0, %[[B]] : (tensor<8x40xf32>, tensor<40x?xf32>)
func.func @ordered(%a: tensor<8x40xf32>, %b: tensor<?x40xf32>) -> tensor<8x?xf32> {
  %y = nn.matmul %a, %b {transpose_b} : (tensor<8x40xf32>, tensor<?x40xf32>) -> tensor<8x?xf32>
  return %y : tensor<8x?xf32>
}
// -----
// Columns that fill no vector are read one by one, along the sum.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[B:.*]] = nn.transpose %arg1 {perm = array<i64: 1, 0>} : (tensor<40x4xf32>) -> tensor<4x40xf32>
// CHECK: nn.matmul %arg0, %[[B]] {transpose_b}
func.func @narrow(%a: tensor<8x40xf32>, %b: tensor<40x4xf32>) -> tensor<8x4xf32> {
  %y = nn.matmul %a, %b : (tensor<8x40xf32>, tensor<40x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}
// -----
// Few rows or few columns are not worth it; an unknown number of columns has no panels.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-3: nn.matmul
func.func @stays(%a: tensor<3x40xf32>, %b: tensor<40x32xf32>, %c: tensor<8x3xf32>, %d: tensor<3x?xf32>, %e: tensor<3x32xf32>) -> (tensor<3x32xf32>, tensor<40x3xf32>, tensor<8x?xf32>) {
  %0 = nn.matmul %a, %b : (tensor<3x40xf32>, tensor<40x32xf32>) -> tensor<3x32xf32>
  %2 = nn.matmul %b, %e {transpose_b} : (tensor<40x32xf32>, tensor<3x32xf32>) -> tensor<40x3xf32>
  %3 = nn.matmul %c, %d : (tensor<8x3xf32>, tensor<3x?xf32>) -> tensor<8x?xf32>
  return %0, %2, %3 : tensor<3x32xf32>, tensor<40x3xf32>, tensor<8x?xf32>
}
// -----
// A factor that stays in the cache is read anew for some tiles of rows, one that does not for one or two.
// CHECK-LABEL: func.func @reread
// CHECK: nn.matmul %arg0, %arg1
// CHECK: nn.pack_panels %arg2
// CHECK: nn.matmul %arg3, %arg2
func.func @reread(%a: tensor<24x512xf32>, %near: tensor<512x512xf32>, %far: tensor<512x4096xf32>, %few: tensor<12x512xf32>) -> (tensor<24x512xf32>, tensor<24x4096xf32>, tensor<12x4096xf32>) {
  %0 = nn.matmul %a, %near : (tensor<24x512xf32>, tensor<512x512xf32>) -> tensor<24x512xf32>
  %1 = nn.matmul %a, %far : (tensor<24x512xf32>, tensor<512x4096xf32>) -> tensor<24x4096xf32>
  %2 = nn.matmul %few, %far : (tensor<12x512xf32>, tensor<512x4096xf32>) -> tensor<12x4096xf32>
  return %0, %1, %2 : tensor<24x512xf32>, tensor<24x4096xf32>, tensor<12x4096xf32>
}
