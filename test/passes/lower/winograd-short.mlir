// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --canonicalize | FileCheck %s

// 14 outputs are three pieces of four and a short one of two, which has products at four of the six points: at 4 x 4 points
// all 16 pieces, at 4 x 2 and 2 x 4 the 12 that are whole the other way, at 2 x 2 the 9 that are whole. The workspace
// holds the inputs of all points, and the products of a group of three panels: 36 points of 3 * 16 | 1 vectors.
// CHECK: func.func private @k0
// CHECK: memref.view {{.*}} to memref<148032xf32>
// CHECK: memref.view {{.*}} to memref<28224xf32>
// CHECK: scf.for {{.*}} step %c3
// CHECK: scf.for {{.*}} = %c0 to %c16 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK: scf.for {{.*}} = %c0 to %c8 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){17})}}vector<16xf32>)
// CHECK: scf.for {{.*}} = %c0 to %c8 step %c1
// CHECK: scf.for {{.*}} = %c0 to %c4 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){14})}}vector<16xf32>)
func.func @main(%x: tensor<1x16x14x14x16xf32>, %u: tensor<36x16x256x16xf32>, %b: tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32> {
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 1, 1, 1, 1>, channels = 256 : i64, filters = 256 : i64, outputs = array<i64: 4, 4>} : (tensor<1x16x14x14x16xf32>, tensor<36x16x256x16xf32>, tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32>
  return %y : tensor<1x16x14x14x16xf32>
}
