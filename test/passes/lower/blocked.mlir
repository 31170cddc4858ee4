// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX512

// All pixels are one row: 6 of them times 2 vectors of filters with AVX2, four channels to a turn, 12 times 2 and two with
// AVX-512, in registers from the first product to the relu. Weights that fit the cache are not asked for ahead.
// CHECK: func.func private @k0
// CHECK: memref.collapse_shape
// CHECK-NOT: memref.prefetch
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX2-COUNT-48: vector.fma {{.*}} vector<8xf32>
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// AVX512-COUNT-48: vector.fma {{.*}} vector<16xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: arith.maximumf
// CHECK: vector.store
func.func @main(%x: tensor<1x2x24x24x16xf32>, %p: tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x24x24x16xf32>, tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32>
  %r = nn.unary relu %y : (tensor<1x2x24x24x16xf32>) -> tensor<1x2x24x24x16xf32>
  return %r : tensor<1x2x24x24x16xf32>
}
// -----
// Padding: rows are copied into the workspace, and large weights are asked for ahead.
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<{{[1-9][0-9]*}}xi8>
// CHECK: memref.view
// CHECK: memref.prefetch
func.func @main(%x: tensor<1x16x7x7x16xf32>, %p: tensor<1x16x2304x16xf32>) -> tensor<1x16x7x7x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 256 : i64, groups = 1 : i64} : (tensor<1x16x7x7x16xf32>, tensor<1x16x2304x16xf32>) -> tensor<1x16x7x7x16xf32>
  return %y : tensor<1x16x7x7x16xf32>
}
// -----
// Far taps: where they meet padding is known of every stretch of rows and columns, so nothing is copied.
// CHECK: nn.plan = "{{[^"]*}}, cut into {{[24]}} x 1, taps in padding skipped"
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<0xi8>
// CHECK-NOT: arith.maxsi
// CHECK: return
func.func @main(%x: tensor<1x2x28x28x16xf32>, %p: tensor<1x4x288x16xf32>) -> tensor<1x4x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 18, 18, 18, 18>, dilations = array<i64: 18, 18>, channels = 32 : i64, filters = 64 : i64, groups = 1 : i64} : (tensor<1x2x28x28x16xf32>, tensor<1x4x288x16xf32>) -> tensor<1x4x28x28x16xf32>
  return %y : tensor<1x4x28x28x16xf32>
}
// -----
// Few filters of one image are cut along the rows. Taps that meet padding alone in a tile's only row, or in its
// columns, are not summed, and rows of padding, which nothing reads then, are not written: there is no branch but the
// one that copies rows.
// CHECK: nn.plan = "{{[^"]*}}, padded rows copied, taps in padding skipped"
// CHECK: func.func private @k0
// CHECK: scf.if
// CHECK-NOT: scf.if
// CHECK: arith.maxsi
// CHECK: arith.divui
// CHECK: arith.minsi
func.func @main(%x: tensor<1x2x28x28x16xf32>, %p: tensor<1x1x288x16xf32>) -> tensor<1x1x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 18, 18, 18, 18>, dilations = array<i64: 18, 18>, channels = 32 : i64, filters = 16 : i64, groups = 1 : i64} : (tensor<1x2x28x28x16xf32>, tensor<1x1x288x16xf32>) -> tensor<1x1x28x28x16xf32>
  return %y : tensor<1x1x28x28x16xf32>
}
// -----
// The only row of a long signal: an item copies what its own outputs read, here some 500 of 4,000 pixels.
// CHECK: nn.workspace_bytes = {{[1-9][0-9][0-9][0-9][0-9]}} : i64
// CHECK: nn.plan = "{{[^"]*}}, cut into {{[0-9]+}} x {{[0-9]+}}, padded rows copied"
func.func @main(%x: tensor<1x2x4000x16xf32>, %p: tensor<1x2x96x16xf32>) -> tensor<1x2x4000x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x4000x16xf32>, tensor<1x2x96x16xf32>) -> tensor<1x2x4000x16xf32>
  return %y : tensor<1x2x4000x16xf32>
}
// -----
// Winograd: both transforms of the inputs, 12 multiply-adds a line of 6, then register tiles.
// CHECK: func.func private @k0
// CHECK: scf.if
// CHECK: vector.fma
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, )+)}}vector<8xf32>)
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
func.func @main(%x: tensor<1x2x48x48x16xf32>, %u: tensor<36x2x32x16xf32>, %b: tensor<2x16xf32>) -> tensor<1x2x48x48x16xf32> {
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 1, 1, 1, 1>, channels = 32 : i64, filters = 32 : i64, outputs = array<i64: 4, 4>} : (tensor<1x2x48x48x16xf32>, tensor<36x2x32x16xf32>, tensor<2x16xf32>) -> tensor<1x2x48x48x16xf32>
  return %y : tensor<1x2x48x48x16xf32>
}
// -----
// Weights that come from memory: 16 panels are two halves of 3 + 3 + 2, one for each of two threads, and behind the last
// panels of a half at one point come its first ones at the next.
// CHECK: func.func private @k0
// AVX512: arith.select
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// AVX512: memref.prefetch
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){15})}}vector<16xf32>)
func.func @main(%x: tensor<1x16x14x14x16xf32>, %u: tensor<36x16x256x16xf32>, %b: tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32> {
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 1, 1, 1, 1>, channels = 256 : i64, filters = 256 : i64, outputs = array<i64: 4, 4>} : (tensor<1x16x14x14x16xf32>, tensor<36x16x256x16xf32>, tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32>
  return %y : tensor<1x16x14x14x16xf32>
}
// -----
// Depthwise: an input is loaded once for the outputs that share it, and the tiles at the borders have no tap outside: of
// 3 x 16 taps of a row the first and the last output leave out one. Items are the upper 8 rows of both blocks, then the
// lower ones.
// CHECK: affine_map<(d0, d1, d2, d3, d4) -> (d0, 2, 2, 8)>
// CHECK: func.func private @k0
// AVX512: scf.for
// AVX512-COUNT-23: vector.fma
// AVX512-NOT: vector.fma
// AVX512: scf.yield
func.func @main(%x: tensor<1x2x16x16x16xf32>, %w: tensor<2x9x16xf32>) -> tensor<1x2x16x16x16xf32> {
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x16x16x16xf32>, tensor<2x9x16xf32>) -> tensor<1x2x16x16x16xf32>
  return %y : tensor<1x2x16x16x16xf32>
}
// -----
// A pool in blocks keeps whole vectors too.
// CHECK: func.func private @k0
// AVX2: arith.maximumf {{.*}} vector<8xf32>
// AVX512: arith.maximumf {{.*}} vector<16xf32>
func.func @main(%x: tensor<1x2x16x16x16xf32>) -> tensor<1x2x8x8x16xf32> {
  %y = nn.blocked_pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x16x16x16xf32>) -> tensor<1x2x8x8x16xf32>
  return %y : tensor<1x2x8x8x16xf32>
}
// -----
// Channels come into blocks by squares of 8 in registers.
// CHECK: func.func private @k0
// CHECK-COUNT-8: vector.load {{.*}} vector<8xf32>
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store {{.*}} vector<8xf32>
func.func @main(%x: tensor<1x32x8x8xf32>) -> tensor<1x2x8x8x16xf32> {
  %y = nn.block_channels %x : (tensor<1x32x8x8xf32>) -> tensor<1x2x8x8x16xf32>
  return %y : tensor<1x2x8x8x16xf32>
}
// -----
// Channels that are last are copied pixel after pixel, a vector to each block; the last block has few of them, and zeros.
// CHECK: func.func private @k0(
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[V:.*]] = vector.load {{.*}} vector<16xf32>
// CHECK: vector.store %[[V]]
// CHECK: %[[W:.*]] = vector.maskedload {{.*}} vector<16xf32>
// CHECK: vector.store %[[W]]
// CHECK-NOT: vector.shuffle
// CHECK: return
func.func @main(%x: tensor<1x8x8x37xf32>) -> tensor<1x3x8x8x16xf32> {
  %y = nn.block_channels %x {channels_last} : (tensor<1x8x8x37xf32>) -> tensor<1x3x8x8x16xf32>
  return %y : tensor<1x3x8x8x16xf32>
}
// -----
// And back: no lane is written that no channel has.
// CHECK: func.func private @k0(
// CHECK: vector.store {{.*}} vector<16xf32>
// CHECK: vector.maskedstore
// CHECK-NOT: vector.shuffle
// CHECK: return
func.func @main(%x: tensor<1x3x8x8x16xf32>) -> tensor<1x8x8x37xf32> {
  %y = nn.unblock_channels %x {channels = 37 : i64, channels_last} : (tensor<1x3x8x8x16xf32>) -> tensor<1x8x8x37xf32>
  return %y : tensor<1x8x8x37xf32>
}
// -----
// A function after the sums is computed apart, four vectors at a time, so that its constants take no registers from them.
// CHECK: func.func private @k0(
// CHECK: vector.fma
// CHECK: call @k0_inner0
// CHECK: func.func private @k0_inner0({{.*}}passthrough = ["noinline"]
// AVX2: math.exp {{.*}} vector<32xf32>
// AVX512: math.exp {{.*}} vector<64xf32>
func.func @main(%x: tensor<1x2x24x24x16xf32>, %p: tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x24x24x16xf32>, tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32>
  %r = nn.unary sigmoid %y : (tensor<1x2x24x24x16xf32>) -> tensor<1x2x24x24x16xf32>
  return %r : tensor<1x2x24x24x16xf32>
}
// -----
// The expanded rows go to a ring of three in the workspace, and the window reads them there: no other memory of that size.
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<{{[1-9][0-9]*}}xi8>, %{{.*}}: memref<1x1x24x24x16xf32>
// CHECK: %[[RING:.*]] = memref.view {{.*}} to memref<{{[0-9]*}}xf32>
// CHECK: vector.fma
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}}, %[[RING]]
// CHECK: vector.load %[[RING]]
// CHECK: vector.fma
func.func @main(%x: tensor<1x1x24x24x16xf32>, %p: tensor<1x6x16x16xf32>, %b: tensor<6x16xf32>, %w: tensor<6x9x16xf32>) -> tensor<1x6x12x12x16xf32> {
  %y = nn.blocked_bottleneck %x, %p, %b, %w, %b expanded {
  ^bb0(%e: tensor<1x6x24x24x16xf32>):
    %r = nn.unary relu %e : (tensor<1x6x24x24x16xf32>) -> tensor<1x6x24x24x16xf32>
    nn.yield %r : tensor<1x6x24x24x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 16 : i64, filters = 96 : i64} : (tensor<1x1x24x24x16xf32>, tensor<1x6x16x16xf32>, tensor<6x16xf32>, tensor<6x9x16xf32>, tensor<6x16xf32>) -> tensor<1x6x12x12x16xf32>
  return %y : tensor<1x6x12x12x16xf32>
}
// -----
// With a projection the window's row goes to the workspace, too, and only the projection's to memory.
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<{{[1-9][0-9]*}}xi8>, %{{.*}}: memref<1x3x24x24xf32>, {{.*}}, %[[Y:[a-z0-9]*]]: memref<1x1x12x12x16xf32>
// CHECK: %[[RING:.*]] = memref.view {{.*}} to memref<2304xf32>
// CHECK: %[[ROW:.*]] = memref.view {{.*}} to memref<768xf32>
// CHECK-NOT: vector.store {{.*}}, %[[Y]]
// CHECK: vector.store {{.*}}, %[[RING]]
// CHECK-NOT: vector.store {{.*}}, %[[Y]]
// CHECK: vector.store {{.*}}, %[[ROW]]
// CHECK: memref.load %[[ROW]]
// CHECK: vector.store {{.*}}, %[[Y]]
func.func @main(%x: tensor<1x3x24x24xf32>, %p: tensor<1x4x27x16xf32>, %b: tensor<4x16xf32>, %w: tensor<4x9x16xf32>, %q: tensor<1x1x64x16xf32>, %c: tensor<1x16xf32>) -> tensor<1x1x12x12x16xf32> {
  %y = nn.blocked_bottleneck %x, %p, %b, %w, %b, %q, %c expanded {
  ^bb0(%e: tensor<1x4x12x12x16xf32>):
    %r = nn.unary relu %e : (tensor<1x4x12x12x16xf32>) -> tensor<1x4x12x12x16xf32>
    nn.yield %r : tensor<1x4x12x12x16xf32>
  } filtered {
  ^bb0(%f: tensor<1x4x12x12x16xf32>):
    %r = nn.unary relu %f : (tensor<1x4x12x12x16xf32>) -> tensor<1x4x12x12x16xf32>
    nn.yield %r : tensor<1x4x12x12x16xf32>
  } {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 3 : i64, filters = 64 : i64, expand_kernel = array<i64: 3, 3>, expand_strides = array<i64: 2, 2>, expand_pads = array<i64: 1, 1, 1, 1>, project_filters = 16 : i64} : (tensor<1x3x24x24xf32>, tensor<1x4x27x16xf32>, tensor<4x16xf32>, tensor<4x9x16xf32>, tensor<4x16xf32>, tensor<1x1x64x16xf32>, tensor<1x16xf32>) -> tensor<1x1x12x12x16xf32>
  return %y : tensor<1x1x12x12x16xf32>
}
// -----
// Groups of four: every lane takes channel c of its group, once for all the outputs that read the pixel. Groups of eight
// with vectors of eight are a broadcast.
// CHECK: func.func private @k0
// CHECK: vector.shuffle {{.*}} [0, 0, 0, 0, 4, 4, 4, 4
// CHECK: vector.shuffle {{.*}} [3, 3, 3, 3, 7, 7, 7, 7
func.func @main(%x: tensor<1x2x16x16x16xf32>, %w: tensor<2x36x16xf32>) -> tensor<1x2x16x16x16xf32> {
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, per_group = 4 : i64} : (tensor<1x2x16x16x16xf32>, tensor<2x36x16xf32>) -> tensor<1x2x16x16x16xf32>
  return %y : tensor<1x2x16x16x16xf32>
}
// -----
// CHECK: func.func private @k0
// AVX2-NOT: vector.shuffle
// AVX2: vector.broadcast
// AVX512: vector.shuffle {{.*}} [0, 0, 0, 0, 0, 0, 0, 0, 8,
func.func @main(%x: tensor<1x2x16x16x16xf32>, %w: tensor<2x72x16xf32>) -> tensor<1x2x16x16x16xf32> {
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, per_group = 8 : i64} : (tensor<1x2x16x16x16xf32>, tensor<2x72x16xf32>) -> tensor<1x2x16x16x16xf32>
  return %y : tensor<1x2x16x16x16xf32>
}
// -----
// Weights that come from memory do so as long as an item's products last: all pixels to an item, filters cut.
// CHECK: nn.plan = "{{[^"]*}}, cut into 8 x 1, {{[^"]*}}weights prefetched"
func.func @main(%x: tensor<1x10x7x7x16xf32>, %p: tensor<1x60x160x16xf32>) -> tensor<1x60x7x7x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 160 : i64, filters = 960 : i64, groups = 1 : i64} : (tensor<1x10x7x7x16xf32>, tensor<1x60x160x16xf32>) -> tensor<1x60x7x7x16xf32>
  return %y : tensor<1x60x7x7x16xf32>
}
// -----
// Of many taps a few at a time have their weights in registers: there is room for as many outputs as with a small kernel.
// CHECK: func.func private @k0
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{(vector<8xf32>, ){5}vector<8xf32>}})
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{(vector<16xf32>, ){13}vector<16xf32>}})
func.func @main(%x: tensor<1x2x84x16xf32>, %w: tensor<2x31x16xf32>) -> tensor<1x2x84x16xf32> {
  %y = nn.blocked_depthwise %x, %w {kernel = array<i64: 31>, strides = array<i64: 1>, pads = array<i64: 15, 15>, dilations = array<i64: 1>} : (tensor<1x2x84x16xf32>, tensor<2x31x16xf32>) -> tensor<1x2x84x16xf32>
  return %y : tensor<1x2x84x16xf32>
}
// -----
// An image whose extents only the run knows: a patch is an item, copied into the workspace; runs of a row have 12 pixels
// with AVX-512, and 4, 2 and 1 for what is left.
// CHECK: nn.plan = "direct, registers hold {{6|12}} pixels x {{16|32}} filters, cut into 1 x patches of 8 x 96 pixels, padded rows copied"
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<{{[1-9][0-9]*}}xi8>
// CHECK: memref.dim
// AVX2-COUNT-48: vector.fma {{.*}} vector<8xf32>
// AVX512-COUNT-48: vector.fma {{.*}} vector<16xf32>
// CHECK-NOT: vector.fma
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){7})}}vector<8xf32>)
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){7})}}vector<16xf32>)
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){3})}}vector<8xf32>)
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){3})}}vector<16xf32>)
func.func @main(%x: tensor<1x2x?x?x16xf32>, %p: tensor<1x2x288x16xf32>) -> tensor<1x2x?x?x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x?x?x16xf32>, tensor<1x2x288x16xf32>) -> tensor<1x2x?x?x16xf32>
  return %y : tensor<1x2x?x?x16xf32>
}
// -----
// Rows of known length fall into even runs, and large weights have two threads share the panels.
// CHECK: nn.plan = "direct, {{.*}}, cut into 2 x patches of {{[0-9]+}} x 20 pixels, padded rows copied, weights prefetched"
// CHECK: func.func private @k0
func.func @main(%x: tensor<1x16x?x20x16xf32>, %p: tensor<1x16x2304x16xf32>) -> tensor<1x16x?x20x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 256 : i64, groups = 1 : i64} : (tensor<1x16x?x20x16xf32>, tensor<1x16x2304x16xf32>) -> tensor<1x16x?x20x16xf32>
  return %y : tensor<1x16x?x20x16xf32>
}
// -----
// A 1 x 1 convolution reads its inputs in place: nothing is copied.
// CHECK: nn.plan = "direct, {{.*}} patches of 8 x 96 pixels, all pixels in one row"
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<0xi8>
func.func @main(%x: tensor<1x2x?x?x16xf32>, %p: tensor<1x2x32x16xf32>) -> tensor<1x2x?x?x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x?x?x16xf32>, tensor<1x2x32x16xf32>) -> tensor<1x2x?x?x16xf32>
  return %y : tensor<1x2x?x?x16xf32>
}
// -----
// So many channels that fewer pieces fill what a thread may take for them.
// CHECK: nn.plan = "Winograd F(4,3), {{.*}} patches of 16 x 32 pixels"
// CHECK: func.func private @k0
func.func @main(%x: tensor<1x96x?x?x16xf32>, %u: tensor<36x96x1536x16xf32>) -> tensor<1x96x?x?x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 1536 : i64, filters = 1536 : i64, outputs = array<i64: 4, 4>} : (tensor<1x96x?x?x16xf32>, tensor<36x96x1536x16xf32>) -> tensor<1x96x?x?x16xf32>
  return %y : tensor<1x96x?x?x16xf32>
}
// -----
// Winograd's pieces in patches: threads share the pieces of a patch, or its panels if there are few.
// CHECK: nn.plan = "Winograd F(4,3), registers hold {{[0-9]+}} pieces x {{[0-9]+}} filters, cut into 2 x patches of 16 x 32 pixels"
// CHECK: func.func private @k0
func.func @main(%x: tensor<1x4x?x?x16xf32>, %u: tensor<36x4x64x16xf32>) -> tensor<1x4x?x?x16xf32> {
  %y = nn.winograd_conv %x, %u {pads = array<i64: 1, 1, 1, 1>, channels = 64 : i64, filters = 64 : i64, outputs = array<i64: 4, 4>} : (tensor<1x4x?x?x16xf32>, tensor<36x4x64x16xf32>) -> tensor<1x4x?x?x16xf32>
  return %y : tensor<1x4x?x?x16xf32>
}
