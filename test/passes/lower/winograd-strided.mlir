// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --canonicalize | FileCheck %s

// 7 outputs are three pieces of two and a short one of one. At 3 x 3 points, the taps themselves, all 16 pieces have
// products, at 3 x 2 and 2 x 3 the 12 that are whole the other way, at 2 x 2 the 9 that are whole. Points behind the third
// have the last of four weights.
// CHECK: nn.plan = "Winograd F(2,3) of stride 2, registers hold 8 pieces x 48 filters
// CHECK: scf.for {{.*}} = %c0 to %c9 step %c1
// CHECK-COUNT-2: arith.minsi {{.*}}, %c3
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK: scf.for {{.*}} = %c0 to %c6 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){17})}}vector<16xf32>)
// CHECK: scf.for {{.*}} = %c0 to %c6 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){17})}}vector<16xf32>)
// CHECK: scf.for {{.*}} = %c0 to %c4 step %c1
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){14})}}vector<16xf32>)
func.func @main(%x: tensor<1x32x14x14x16xf32>, %u: tensor<16x32x512x16xf32>) -> tensor<1x32x7x7x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 512 : i64, filters = 512 : i64, outputs = array<i64: 2, 2>, stride = 2 : i64} : (tensor<1x32x14x14x16xf32>, tensor<16x32x512x16xf32>) -> tensor<1x32x7x7x16xf32>
  return %y : tensor<1x32x7x7x16xf32>
}
