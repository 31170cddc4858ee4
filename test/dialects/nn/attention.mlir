// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<?x6x?x8xf32>, %kv: tensor<?x?x4x8xf32>, %m: tensor<?xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.attention %arg0, %arg1, %arg1, %arg2 {
  // CHECK: } {{.*}} -> tensor<?x6x?x8xf32>
  %0 = nn.attention %q, %kv, %kv, %m {
  ^bb0(%s: tensor<?x6x?x?xf32>, %x: tensor<?xf32>):
    %1 = nn.binary add %s, %x : (tensor<?x6x?x?xf32>, tensor<?xf32>) -> tensor<?x6x?x?xf32>
    nn.yield %1 : tensor<?x6x?x?xf32>
  } {heads = 6 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 2>, k_by_row, v_by_row} : (tensor<?x6x?x8xf32>, tensor<?x?x4x8xf32>, tensor<?x?x4x8xf32>, tensor<?xf32>) -> tensor<*xf32>
  // CHECK: nn.attention %arg0, %arg1, %arg1 {
  // CHECK: } {{.*}} -> tensor<?x?x6x8xf32>
  %2 = nn.attention %q, %kv, %kv {
  ^bb0(%s: tensor<?x6x?x?xf32>):
    nn.yield %s : tensor<?x6x?x?xf32>
  } {heads = 6 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 2>, k_by_row, v_by_row, y_by_row} : (tensor<?x6x?x8xf32>, tensor<?x?x4x8xf32>, tensor<?x?x4x8xf32>) -> tensor<*xf32>
  return %0, %2 : tensor<*xf32>, tensor<*xf32>
}
