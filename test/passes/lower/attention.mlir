// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s

// Both products by the micro-kernel, from packed keys and copied values; scores and weights stay in the workspace.
// CHECK: affine_map<(d0, d1, d2, d3) -> (d0, 2, d2 ceildiv 48)>
// CHECK: func.func private @k0
// CHECK: memref.view {{.*}} memref<3x64x16xf32>
// CHECK: vector.shuffle
// CHECK-COUNT-24: vector.fma {{.*}} vector<16xf32>
// CHECK: scalef.ps.512
// CHECK-COUNT-24: vector.fma {{.*}} vector<16xf32>
func.func @main(%q: tensor<1x2x48x64xf32>) -> tensor<1x2x48x64xf32> {
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x48x48xf32>):
    nn.yield %s : tensor<1x2x48x48xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>) -> tensor<1x2x48x64xf32>
  return %y : tensor<1x2x48x64xf32>
}
// -----
// One row reads keys and values where they lie.
// CHECK: func.func private @k0
// CHECK-NOT: vector.shuffle
// CHECK: vector.load {{.*}} memref<12800xf32>, vector<16xf32>
// CHECK: vector.reduction <add>
func.func @main(%q: tensor<1x2x1x64xf32>, %k: tensor<1x2x100x64xf32>) -> tensor<1x2x1x64xf32> {
  %y = nn.attention %q, %k, %k {
  ^bb0(%s: tensor<1x2x1x100xf32>):
    nn.yield %s : tensor<1x2x1x100xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x1x64xf32>, tensor<1x2x100x64xf32>, tensor<1x2x100x64xf32>) -> tensor<1x2x1x64xf32>
  return %y : tensor<1x2x1x64xf32>
}
// -----
// The last panel has one key; its other columns are multiplied, too, and numbers left there by others can be slow to.
// CHECK: memref.view {{.*}} memref<4x64x16xf32>
// CHECK: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: vector.store %[[ZEROS]], %{{.*}} : memref<4x64x16xf32>, vector<16xf32>
// CHECK: vector.shuffle
func.func @main(%q: tensor<1x2x49x64xf32>) -> tensor<1x2x49x64xf32> {
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x49x49xf32>):
    nn.yield %s : tensor<1x2x49x49xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x49x64xf32>, tensor<1x2x49x64xf32>, tensor<1x2x49x64xf32>) -> tensor<1x2x49x64xf32>
  return %y : tensor<1x2x49x64xf32>
}
