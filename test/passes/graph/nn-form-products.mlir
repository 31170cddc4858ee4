// RUN: nnc-opt %s -nn-form-products --split-input-file | FileCheck %s

// Attention, as it is written with einsum: heads number matrices, positions are rows and columns.
// CHECK-LABEL: func.func @attention
// CHECK: %[[Q:.*]] = nn.transpose %arg0 {perm = array<i64: 0, 2, 1, 3>}
// CHECK: %[[K:.*]] = nn.transpose %arg1 {perm = array<i64: 0, 2, 3, 1>}
// CHECK: %[[S:.*]] = nn.matmul %[[Q]], %[[K]] : {{.*}} -> tensor<2x8x5x7xf32>
// CHECK: %[[V:.*]] = nn.transpose %arg2 {perm = array<i64: 0, 2, 1, 3>}
// CHECK: %[[O:.*]] = nn.matmul %[[S]], %[[V]]
// CHECK: nn.transpose %[[O]] {perm = array<i64: 0, 2, 1, 3>} : {{.*}} -> tensor<2x5x8x16xf32>
// CHECK-NOT: nn.einsum
func.func @attention(%q: tensor<2x5x8x16xf32>, %k: tensor<2x7x8x16xf32>, %v: tensor<2x7x8x16xf32>) -> tensor<2x5x8x16xf32> {
  %s = nn.einsum %q, %k {equation = "bihd,bjhd->bhij"} : (tensor<2x5x8x16xf32>, tensor<2x7x8x16xf32>) -> tensor<2x8x5x7xf32>
  %o = nn.einsum %s, %v {equation = "bhij,bjhd->bihd"} : (tensor<2x8x5x7xf32>, tensor<2x7x8x16xf32>) -> tensor<2x5x8x16xf32>
  return %o : tensor<2x5x8x16xf32>
}
// -----
// Several indices of a kind are one dim of the product, of which one may be unknown; nothing is wanted of e but its sum.
// CHECK-LABEL: func.func @dims
// CHECK: %[[SUM:.*]] = nn.reduce sum %arg1 {axes = array<i64: 3>} {{.*}} -> tensor<7x3x4x6xf32>
// CHECK: nn.constant dense<[7, -1, 12]>
// CHECK: %[[A:.*]] = nn.reshape {{.*}} -> tensor<7x?x12xf32>
// CHECK: nn.constant dense<[7, 12, 6]>
// CHECK: %[[B:.*]] = nn.reshape {{.*}} -> tensor<7x12x6xf32>
// CHECK: %[[Y:.*]] = nn.matmul %[[A]], %[[B]]
// CHECK: nn.constant dense<[7, -1, 2, 6]>
// CHECK: nn.reshape %[[Y]], {{.*}} -> tensor<7x?x2x6xf32>
func.func @dims(%a: tensor<7x?x2x3x4xf32>, %b: tensor<7x3x4x5x6xf32>) -> tensor<7x?x2x6xf32> {
  %y = nn.einsum %a, %b {equation = "bijkl,bklem->bijm"} : (tensor<7x?x2x3x4xf32>, tensor<7x3x4x5x6xf32>) -> tensor<7x?x2x6xf32>
  return %y : tensor<7x?x2x6xf32>
}
// -----
// Rows that meet one right factor keep their dims, known or not.
// CHECK-LABEL: func.func @linear
// CHECK: nn.matmul %arg0, %arg1 : (tensor<?x?x4xf32>, tensor<4x3xf32>) -> tensor<?x?x3xf32>
// CHECK-NEXT: return
func.func @linear(%x: tensor<?x?x4xf32>, %w: tensor<4x3xf32>) -> tensor<?x?x3xf32> {
  %y = nn.einsum %x, %w {equation = "bsd,df->bsf"} : (tensor<?x?x4xf32>, tensor<4x3xf32>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}
// -----
// A bilinear form, two products; one without rows; one without a sum; one term.
// CHECK-LABEL: func.func @others
// CHECK: nn.matmul {{.*}} -> tensor<2x20xf32>
// CHECK: nn.matmul {{.*}} (tensor<2x4x5xf32>, tensor<2x5x1xf32>) -> tensor<2x4x1xf32>
// CHECK: nn.binary mul {{.*}} -> tensor<2x3xf32>
// CHECK-NEXT: nn.reduce sum
// CHECK: nn.binary mul {{.*}} (tensor<3x1xf32>, tensor<1x5xf32>) -> tensor<3x5xf32>
// CHECK: nn.reduce sum {{.*}} -> tensor<4x5xf32>
// CHECK-NEXT: nn.transpose {{.*}} -> tensor<5x4xf32>
// CHECK-NOT: nn.einsum
func.func @others(%a: tensor<2x3xf32>, %w: tensor<4x3x5xf32>, %b: tensor<2x5xf32>, %c: tensor<2x3xf32>, %u: tensor<3xf32>, %v: tensor<5xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<3x5xf32>, tensor<5x4xf32>) {
  %0 = nn.einsum %a, %w, %b {equation = "bn,anm,bm->ba"} : (tensor<2x3xf32>, tensor<4x3x5xf32>, tensor<2x5xf32>) -> tensor<2x4xf32>
  %1 = nn.einsum %a, %c {equation = "bi,bi->b"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %2 = nn.einsum %u, %v {equation = "i,j->ij"} : (tensor<3xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  %3 = nn.einsum %w {equation = "ijk->ki"} : (tensor<4x3x5xf32>) -> tensor<5x4xf32>
  return %0, %1, %2, %3 : tensor<2x4xf32>, tensor<2xf32>, tensor<3x5xf32>, tensor<5x4xf32>
}
// -----
// A diagonal, an extent of 1 that is repeated, extents that may differ, two unknown extents in one dim.
// CHECK-LABEL: func.func @stay
// CHECK-COUNT-4: nn.einsum
func.func @stay(%a: tensor<3x3xf32>, %b: tensor<1x4xf32>, %c: tensor<5x?xf32>, %d: tensor<?x4xf32>, %e: tensor<7x?x?x4xf32>, %w: tensor<7x4x3xf32>) -> (tensor<3xf32>, tensor<3x4xf32>, tensor<5x4xf32>, tensor<7x?x?x3xf32>) {
  %0 = nn.einsum %a {equation = "ii->i"} : (tensor<3x3xf32>) -> tensor<3xf32>
  %1 = nn.einsum %a, %b {equation = "ij,jk->ik"} : (tensor<3x3xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  %2 = nn.einsum %c, %d {equation = "ij,jk->ik"} : (tensor<5x?xf32>, tensor<?x4xf32>) -> tensor<5x4xf32>
  %3 = nn.einsum %e, %w {equation = "bijk,bkl->bijl"} : (tensor<7x?x?x4xf32>, tensor<7x4x3xf32>) -> tensor<7x?x?x3xf32>
  return %0, %1, %2, %3 : tensor<3xf32>, tensor<3x4xf32>, tensor<5x4xf32>, tensor<7x?x?x3xf32>
}
