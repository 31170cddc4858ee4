// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels -nn-plan-memory | FileCheck %s

// A row's product reads every weight once, and swings; the weights of a product of many rows are read again and again
// from the second-level cache. Twin groups swing both.
// CHECK: call @nncrt_launch_swinging
// CHECK: call @nncrt_launch_swinging
// CHECK: call @nncrt_launch(
func.func @main(%a: tensor<1x64xf32>, %b: tensor<200x64xf32>, %p: tensor<4x64x16xf32>,
                %q: tensor<16x64x16xf32>) -> (tensor<1x64xf32>, tensor<200x256xf32>) {
  %0 = nn.packed_matmul %a, %p {columns = 64 : i64} : (tensor<1x64xf32>, tensor<4x64x16xf32>) -> tensor<1x64xf32>
  %1 = nn.packed_matmul %0, %p {columns = 64 : i64} : (tensor<1x64xf32>, tensor<4x64x16xf32>) -> tensor<1x64xf32>
  %2 = nn.packed_matmul %b, %q {columns = 256 : i64} : (tensor<200x64xf32>, tensor<16x64x16xf32>) -> tensor<200x256xf32>
  return %1, %2 : tensor<1x64xf32>, tensor<200x256xf32>
}
