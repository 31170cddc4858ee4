// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=256" --split-input-file | FileCheck %s --check-prefix=SPREAD

// Seven tiles of seven pixels share what is asked for of the next three panels: one line for two steps, a seventh of the
// 3 x 512 lines each; the last tile begins where a whole share is left.
// CHECK: nn.plan = "direct, registers hold 8 pixels x 48 filters, {{.*}}, weights prefetched"
// CHECK: arith.minsi {{.*}}, %c20480
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){20})}}vector<16xf32>)
// CHECK: memref.prefetch
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-42: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// Nine tiles share one panel, an eighth each: a step gets on by two of its elements, so that eight steps ask for a line, and
// no tile for more than comes from memory meanwhile.
// SPREAD: nn.plan = "direct, registers hold 6 pixels x 16 filters, {{.*}}, weights prefetched"
// SPREAD: arith.minsi {{.*}}, %c7168
// SPREAD: %[[C2:.*]] = arith.constant 2 : index
// SPREAD-NEXT: arith.muli {{.*}}, %[[C2]]
// SPREAD: memref.prefetch
// SPREAD-NOT: memref.prefetch
// SPREAD-COUNT-48: vector.fma
// SPREAD-NOT: memref.prefetch
// SPREAD: scf.yield
func.func @main(%x: tensor<1x32x7x7x16xf32>, %p: tensor<1x128x512x16xf32>) -> tensor<1x128x7x7x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 512 : i64, filters = 2048 : i64, groups = 1 : i64} : (tensor<1x32x7x7x16xf32>, tensor<1x128x512x16xf32>) -> tensor<1x128x7x7x16xf32>
  return %y : tensor<1x128x7x7x16xf32>
}
// -----
// Two tiles at a point: three lines for two steps.
// CHECK: nn.plan = "Winograd F(2,3), registers hold 8 pieces x 48 filters
// CHECK: iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK-COUNT-3: memref.prefetch
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-48: vector.fma
func.func @main(%x: tensor<1x32x7x7x16xf32>, %u: tensor<16x32x512x16xf32>) -> tensor<1x32x7x7x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 512 : i64, filters = 512 : i64, outputs = array<i64: 2, 2>} : (tensor<1x32x7x7x16xf32>, tensor<16x32x512x16xf32>) -> tensor<1x32x7x7x16xf32>
  return %y : tensor<1x32x7x7x16xf32>
}
// -----
// Pieces of 4 x 2: 24 weights, four points and two short ones down, four across. Groups whose own weights would stay in
// the cache have theirs asked for as well.
// CHECK: nn.plan = "Winograd F(4x2,3x3), registers hold 8 pieces x 48 filters, cut into 1 x 1"
// CHECK: memref.prefetch
func.func @main(%x: tensor<1x27x14x14x16xf32>, %u: tensor<24x27x48x16xf32>) -> tensor<1x27x14x14x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 432 : i64, filters = 432 : i64, outputs = array<i64: 4, 2>, groups = 9 : i64} : (tensor<1x27x14x14x16xf32>, tensor<24x27x48x16xf32>) -> tensor<1x27x14x14x16xf32>
  return %y : tensor<1x27x14x14x16xf32>
}
// -----
// With a stride and one row to a piece three rows of points are added up: of 15, by 12 weights.
// CHECK: nn.plan = "Winograd F(1x2,3x3) of stride 2, registers hold
// CHECK: arith.minsi {{.*}}, %c3
func.func @main(%x: tensor<1x16x14x14x16xf32>, %u: tensor<12x16x256x16xf32>) -> tensor<1x16x7x7x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 256 : i64, filters = 256 : i64, outputs = array<i64: 1, 2>, stride = 2 : i64} : (tensor<1x16x14x14x16xf32>, tensor<12x16x256x16xf32>) -> tensor<1x16x7x7x16xf32>
  return %y : tensor<1x16x7x7x16xf32>
}
