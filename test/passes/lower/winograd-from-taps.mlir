// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --canonicalize | FileCheck %s

// Of 32 channels at a time, those of three panels are computed from 9 taps: 36 weights of 3 * 32 | 1 vectors. The products
// of the first channels are sums that start with 0, others are added to those in memory; meanwhile the taps of the next
// channels are asked for, in each of the three panels.
// CHECK: nn.plan = "Winograd F(4,3), {{[^"]*}}weights computed for 32 channels at a time"
// CHECK: memref.view {{.*}} to memref<55872xf32>
// CHECK: scf.for {{.*}} step %c3
// CHECK: scf.for {{.*}} = %c0 to %c16 step %c2
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-9: vector.load
// CHECK-COUNT-36: vector.store
// CHECK: arith.select {{.*}} : vector<16xf32>
// CHECK: scf.for
// CHECK-COUNT-3: memref.prefetch
// CHECK: scf.for
func.func @main(%x: tensor<1x16x14x14x16xf32>, %u: tensor<16x256x9x16xf32>, %b: tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32> {
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 1, 1, 1, 1>, channels = 256 : i64, filters = 256 : i64, outputs = array<i64: 4, 4>, from_taps} : (tensor<1x16x14x14x16xf32>, tensor<16x256x9x16xf32>, tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32>
  return %y : tensor<1x16x14x14x16xf32>
}
