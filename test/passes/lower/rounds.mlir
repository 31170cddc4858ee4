// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefix=AVX512

// The 2048 channels under 49 pixels are more than the second-level cache keeps beside the weights: four rounds of 32 blocks,
// between which the sums of the item's four panels wait in the workspace. The first round fills them with the bias.
// With AVX-512 machines have larger caches.
// CHECK: nn.workspace_bytes = 12544
// CHECK: nn.plan = "direct, registers hold 6 pixels x 16 filters, cut into 8 x 1, all pixels in one row, in 4 rounds over the channels, weights prefetched"
// AVX512-NOT: rounds
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c4{{.*}} step
// The bias, then a tile of six pixels that goes on from what was summed before.
// CHECK: scf.if
// CHECK-COUNT-2: vector.load {{.*}} memref<512xf32>
// CHECK-COUNT-2: vector.store
// CHECK-COUNT-12: vector.load
// A round's 512 lines of the next panel are asked for by nine tiles, an eighth of a line at a step.
// CHECK: arith.minsi {{.*}}, %c7168
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// CHECK: memref.prefetch
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-48: vector.fma
// CHECK-COUNT-12: vector.store
// What follows the sums, two pixels at a time, after the last round.
// CHECK: scf.if
// CHECK: vector.load {{.*}} vector<32xf32>
// CHECK: arith.maximumf {{.*}} vector<32xf32>
func.func @main(%x: tensor<1x128x7x7x16xf32>, %p: tensor<1x32x2048x16xf32>, %b: tensor<32x16xf32>) -> tensor<1x32x7x7x16xf32> {
  %y = nn.blocked_conv %x, %p, %b {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 2048 : i64, filters = 512 : i64, groups = 1 : i64} : (tensor<1x128x7x7x16xf32>, tensor<1x32x2048x16xf32>, tensor<32x16xf32>) -> tensor<1x32x7x7x16xf32>
  %z = nn.unary relu %y : (tensor<1x32x7x7x16xf32>) -> tensor<1x32x7x7x16xf32>
  return %z : tensor<1x32x7x7x16xf32>
}
// -----
// Fewer than 256 channels are not worth a round; more taps than one have none.
// CHECK-NOT: rounds
// CHECK: nn.plan = "direct, {{.*}} filters, cut into {{[0-9]+}} x {{[0-9]+}}, all pixels in one row
// CHECK-NOT: rounds
// CHECK: nn.plan = "direct, {{.*}} filters, cut into {{[0-9]+}} x {{[0-9]+}}
// CHECK-NOT: rounds
func.func @main(%x: tensor<1x28x28x28x16xf32>, %p: tensor<1x8x448x16xf32>, %q: tensor<1x8x512x16xf32>) -> tensor<1x8x27x27x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 448 : i64, filters = 128 : i64, groups = 1 : i64} : (tensor<1x28x28x28x16xf32>, tensor<1x8x448x16xf32>) -> tensor<1x8x28x28x16xf32>
  %z = nn.blocked_conv %y, %q {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 128 : i64, filters = 128 : i64, groups = 1 : i64} : (tensor<1x8x28x28x16xf32>, tensor<1x8x512x16xf32>) -> tensor<1x8x27x27x16xf32>
  return %z : tensor<1x8x27x27x16xf32>
}
