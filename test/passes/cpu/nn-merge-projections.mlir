// RUN: nnc-opt %s -nn-merge-projections --split-input-file | FileCheck %s

// One product with the columns of all three; where one has no bias, zeros are added.
// CHECK-LABEL: func.func @self
// CHECK-DAG: %[[I:.*]] = nn.constant dense<[2, 5, 6, 16]>
// CHECK-DAG: %[[P:.*]] = nn.constant dense_resource<folded> : tensor<6x8x16xf32>
// CHECK: %[[Y:.*]] = nn.packed_matmul %arg0, %[[P]] {columns = 96 : i64} : (tensor<2x5x8xf32>, tensor<6x8x16xf32>) -> tensor<2x5x96xf32>
// CHECK: %[[B:.*]] = nn.constant dense<[3.0{{[^]]*}} 3.000000e+00, 0.0{{[^]]*}} 0.000000e+00, 3.0{{[^]]*}}]> : tensor<96xf32>
// CHECK: %[[S:.*]] = nn.binary {{ *}}add %[[Y]], %[[B]]
// CHECK: %[[H:.*]] = nn.reshape %[[S]], %[[I]] : (tensor<2x5x96xf32>, tensor<4xi64>) -> tensor<2x5x6x16xf32>
// CHECK: nn.attention %[[H]], %[[H]], %[[H]]
// CHECK: first_heads = array<i64: 0, 2, 4>
// CHECK-NOT: nn.packed_matmul
// The panels are 256 ones, 256 twos and 256 ones.
// CHECK: folded: "0x10000000{{((0000803F){128}){2}((00000040){128}){2}((0000803F){128})+}}"
func.func @self(%x: tensor<2x5x8xf32>) -> tensor<2x2x5x16xf32> {
  %i = nn.constant dense<[2, 5, 2, 16]> : tensor<4xi64> : tensor<4xi64>
  %p = nn.constant dense<1.0> : tensor<2x8x16xf32> : tensor<2x8x16xf32>
  %r = nn.constant dense<2.0> : tensor<2x8x16xf32> : tensor<2x8x16xf32>
  %b = nn.constant dense<3.0> : tensor<32xf32> : tensor<32xf32>
  %q0 = nn.packed_matmul %x, %p {columns = 32 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x32xf32>
  %q1 = nn.binary add %q0, %b : (tensor<2x5x32xf32>, tensor<32xf32>) -> tensor<2x5x32xf32>
  %q = nn.reshape %q1, %i : (tensor<2x5x32xf32>, tensor<4xi64>) -> tensor<2x5x2x16xf32>
  %k0 = nn.packed_matmul %x, %r {columns = 32 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x32xf32>
  %k = nn.reshape %k0, %i : (tensor<2x5x32xf32>, tensor<4xi64>) -> tensor<2x5x2x16xf32>
  %v0 = nn.packed_matmul %x, %p {columns = 32 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x32xf32>
  %v1 = nn.binary add %b, %v0 : (tensor<32xf32>, tensor<2x5x32xf32>) -> tensor<2x5x32xf32>
  %v = nn.reshape %v1, %i : (tensor<2x5x32xf32>, tensor<4xi64>) -> tensor<2x5x2x16xf32>
  %y = nn.attention %q, %k, %v {
  ^bb0(%s: tensor<2x2x5x5xf32>):
    nn.yield %s : tensor<2x2x5x5xf32>
  } {first_heads = array<i64: 0, 0, 0>, heads = 2 : i64, kv_heads = 2 : i64, q_by_row, k_by_row, v_by_row} : (tensor<2x5x2x16xf32>, tensor<2x5x2x16xf32>, tensor<2x5x2x16xf32>) -> tensor<2x2x5x16xf32>
  return %y : tensor<2x2x5x16xf32>
}
// -----
// Queries of other rows stay a product of their own, and queries that are rotated. Extents that only the run knows are copied.
// CHECK-LABEL: func.func @cross
// CHECK: %[[Q:.*]] = nn.reshape
// CHECK: %[[I:.*]] = nn.constant dense<[0, 0, 4, 16]>
// CHECK: %[[Y:.*]] = nn.packed_matmul %arg1, %{{.*}} {columns = 64 : i64} : (tensor<?x?x8xf32>, tensor<4x8x16xf32>) -> tensor<?x?x64xf32>
// CHECK: %[[H:.*]] = nn.reshape %[[Y]], %[[I]] : (tensor<?x?x64xf32>, tensor<4xi64>) -> tensor<?x?x4x16xf32>
// CHECK: nn.attention %[[Q]], %[[H]], %[[H]]
// CHECK: first_heads = array<i64: 0, 0, 2>
func.func @cross(%x: tensor<?x?x8xf32>, %m: tensor<?x?x8xf32>) -> tensor<?x2x?x16xf32> {
  %i = nn.constant dense<[0, 0, 2, 16]> : tensor<4xi64> : tensor<4xi64>
  %p = nn.constant dense<1.0> : tensor<2x8x16xf32> : tensor<2x8x16xf32>
  %q0 = nn.packed_matmul %x, %p {columns = 32 : i64} : (tensor<?x?x8xf32>, tensor<2x8x16xf32>) -> tensor<?x?x32xf32>
  %q = nn.reshape %q0, %i : (tensor<?x?x32xf32>, tensor<4xi64>) -> tensor<?x?x2x16xf32>
  %k0 = nn.packed_matmul %m, %p {columns = 32 : i64} : (tensor<?x?x8xf32>, tensor<2x8x16xf32>) -> tensor<?x?x32xf32>
  %k = nn.reshape %k0, %i : (tensor<?x?x32xf32>, tensor<4xi64>) -> tensor<?x?x2x16xf32>
  %v0 = nn.packed_matmul %m, %p {columns = 32 : i64} : (tensor<?x?x8xf32>, tensor<2x8x16xf32>) -> tensor<?x?x32xf32>
  %v = nn.reshape %v0, %i : (tensor<?x?x32xf32>, tensor<4xi64>) -> tensor<?x?x2x16xf32>
  %y = nn.attention %q, %k, %v {
  ^bb0(%s: tensor<?x2x?x?xf32>):
    nn.yield %s : tensor<?x2x?x?xf32>
  } {first_heads = array<i64: 0, 0, 0>, heads = 2 : i64, kv_heads = 2 : i64, q_by_row, k_by_row, v_by_row} : (tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>) -> tensor<?x2x?x16xf32>
  return %y : tensor<?x2x?x16xf32>
}
// -----
// Columns that end within a panel, and a product that somebody else reads.
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-3: nn.packed_matmul
// CHECK: first_heads = array<i64: 0, 0, 0>
func.func @apart(%x: tensor<2x5x8xf32>) -> (tensor<2x2x5x12xf32>, tensor<2x5x24xf32>) {
  %i = nn.constant dense<[2, 5, 2, 12]> : tensor<4xi64> : tensor<4xi64>
  %p = nn.constant dense<1.0> : tensor<2x8x16xf32> : tensor<2x8x16xf32>
  %q0 = nn.packed_matmul %x, %p {columns = 24 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x24xf32>
  %q = nn.reshape %q0, %i : (tensor<2x5x24xf32>, tensor<4xi64>) -> tensor<2x5x2x12xf32>
  %k0 = nn.packed_matmul %x, %p {columns = 24 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x24xf32>
  %k = nn.reshape %k0, %i : (tensor<2x5x24xf32>, tensor<4xi64>) -> tensor<2x5x2x12xf32>
  %v0 = nn.packed_matmul %x, %p {columns = 24 : i64} : (tensor<2x5x8xf32>, tensor<2x8x16xf32>) -> tensor<2x5x24xf32>
  %v = nn.reshape %v0, %i : (tensor<2x5x24xf32>, tensor<4xi64>) -> tensor<2x5x2x12xf32>
  %y = nn.attention %q, %k, %v {
  ^bb0(%s: tensor<2x2x5x5xf32>):
    nn.yield %s : tensor<2x2x5x5xf32>
  } {first_heads = array<i64: 0, 0, 0>, heads = 2 : i64, kv_heads = 2 : i64, q_by_row, k_by_row, v_by_row} : (tensor<2x5x2x12xf32>, tensor<2x5x2x12xf32>, tensor<2x5x2x12xf32>) -> tensor<2x2x5x12xf32>
  return %y, %v0 : tensor<2x2x5x12xf32>, tensor<2x5x24xf32>
}
