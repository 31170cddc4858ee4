// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX512

// The register tile: 6 rows times 2 vectors with AVX2, eight steps to a turn; 12 times 2 with AVX-512; carried by the loop
// over the depth, bias and relu applied while the sums are in registers.
// CHECK: func.func private @k0
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX2-COUNT-96: vector.fma {{.*}} vector<8xf32>
// AVX2-NOT: vector.fma
// AVX2: scf.yield
// AVX2: arith.addf {{.*}} vector<8xf32>
// AVX2: vector.store
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// AVX512-COUNT-24: vector.fma {{.*}} vector<16xf32>
// AVX512-NOT: vector.fma
// AVX512: scf.yield
func.func @main(%a: tensor<48x40xf32>, %p: tensor<4x40x16xf32>, %b: tensor<64xf32>) -> tensor<48x64xf32> {
  %y = nn.packed_matmul %a, %p {columns = 64 : i64} : (tensor<48x40xf32>, tensor<4x40x16xf32>) -> tensor<48x64xf32>
  %z = nn.binary add %y, %b : (tensor<48x64xf32>, tensor<64xf32>) -> tensor<48x64xf32>
  %r = nn.unary relu %z : (tensor<48x64xf32>) -> tensor<48x64xf32>
  return %r : tensor<48x64xf32>
}
// -----
// One row, by panels that the third-level cache keeps and the second has no room for: each is asked for ten steps
// ahead, in two steps of a round.
// AVX512: func.func private @k0
// AVX512-COUNT-8: memref.prefetch {{.*}}, read, locality<3>
// AVX512-NOT: memref.prefetch
// AVX512: scf.yield
func.func @main(%a: tensor<1x512xf32>, %p: tensor<32x512x16xf32>) -> tensor<1x512xf32> {
  %y = nn.packed_matmul %a, %p {cached, columns = 512 : i64} : (tensor<1x512xf32>, tensor<32x512x16xf32>) -> tensor<1x512xf32>
  return %y : tensor<1x512xf32>
}
// -----
// One row: four panels side by side, and threads share the panels. Four sums are too few for AVX-512, whose steps go
// to two parts of them in turn.
// CHECK: func.func private @k0
// AVX2-COUNT-8: vector.fma {{.*}} vector<8xf32>
// AVX2: scf.yield
// AVX512-COUNT-8: vector.fma {{.*}} vector<16xf32>
// AVX512: scf.yield
// AVX512-COUNT-4: arith.addf
func.func @main(%a: tensor<1x40xf32>, %p: tensor<64x40x16xf32>) -> tensor<1x1024xf32> {
  %y = nn.packed_matmul %a, %p {columns = 1024 : i64} : (tensor<1x40xf32>, tensor<64x40x16xf32>) -> tensor<1x1024xf32>
  return %y : tensor<1x1024xf32>
}
// -----
// Rows whose number is not known: full tiles, then the rest as a sum of powers of two (4 rows; 2 in two parts, 1 in
// four); batch and rows are one dim
// where an affine map can say so.
// CHECK: affine_map<(d0, d1, d2) -> (1, (d0 * 7) ceildiv {{.*}})>
// CHECK: func.func private @k0
// AVX2-COUNT-12: vector.fma
// AVX2: scf.yield
// AVX2-COUNT-8: vector.fma
// AVX2: scf.yield
// AVX2-COUNT-8: vector.fma
// AVX2: scf.yield
// AVX2-COUNT-8: vector.fma
// AVX2: scf.yield
// AVX2-NOT: vector.fma
func.func @main(%a: tensor<?x7x40xf32>, %p: tensor<1x40x16xf32>) -> tensor<?x7x16xf32> {
  %y = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<?x7x40xf32>, tensor<1x40x16xf32>) -> tensor<?x7x16xf32>
  return %y : tensor<?x7x16xf32>
}
// -----
// A convolution: inputs gathered by whole vectors, 6 filters times 2 vectors of pixels in registers,
// four steps to a turn with AVX2.
// CHECK: func.func private @k0
// CHECK: memref.alloca
// AVX2: vector.load {{.*}} memref<1x16x58x58xf32>, vector<8xf32>
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX2-COUNT-48: vector.fma {{.*}} vector<8xf32>
// AVX2: scf.yield
// AVX2: arith.maximumf {{.*}} vector<8xf32>
// AVX512-COUNT-24: vector.fma {{.*}} vector<16xf32>
// AVX512: scf.yield
func.func @main(%x: tensor<1x16x58x58xf32>, %p: tensor<1x4x144x6xf32>) -> tensor<1x24x56x56xf32> {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, filters = 24 : i64, groups = 1 : i64} : (tensor<1x16x58x58xf32>, tensor<1x4x144x6xf32>) -> tensor<1x24x56x56xf32>
  %r = nn.unary relu %y : (tensor<1x24x56x56xf32>) -> tensor<1x24x56x56xf32>
  return %r : tensor<1x24x56x56xf32>
}
// -----
// A depthwise convolution runs along the rows of its input.
// CHECK: func.func private @k0
// AVX2: vector.load {{.*}} memref<1x9x56x56xf32>, vector<32xf32>
// AVX2: vector.fma {{.*}} vector<32xf32>
// AVX512: vector.fma {{.*}} vector<64xf32>
func.func @main(%x: tensor<1x9x56x56xf32>, %w: tensor<9x1x3x3xf32>) -> tensor<1x9x56x56xf32> {
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 9 : i64} : (tensor<1x9x56x56xf32>, tensor<9x1x3x3xf32>) -> tensor<1x9x56x56xf32>
  return %y : tensor<1x9x56x56xf32>
}
// -----
// Few filters of one group share what they read: four with AVX-512, two by two where registers are fewer.
// CHECK: func.func private @k0
// AVX2: vector.load {{.*}} memref<1x9x56x56xf32>, vector<32xf32>
// AVX2-COUNT-2: vector.fma {{.*}} vector<32xf32>
// AVX2: scf.yield {{.*}} : vector<32xf32>, vector<32xf32>
// AVX512: vector.load {{.*}} memref<1x9x56x56xf32>, vector<64xf32>
// AVX512-COUNT-4: vector.fma {{.*}} vector<64xf32>
// AVX512: scf.yield {{.*}} : vector<64xf32>, vector<64xf32>, vector<64xf32>, vector<64xf32>
func.func @main(%x: tensor<1x9x56x56xf32>, %w: tensor<4x9x3x3xf32>) -> tensor<1x4x56x56xf32> {
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x9x56x56xf32>, tensor<4x9x3x3xf32>) -> tensor<1x4x56x56xf32>
  return %y : tensor<1x4x56x56xf32>
}
// -----
// CHECK: func.func private @k0
// CHECK: math.fma
func.func @main(%x: tensor<1x2x5xf32>, %w: tensor<2x3x4xf32>) -> tensor<1x3x12xf32> {
  %y = nn.conv_transpose %x, %w {strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x5xf32>, tensor<2x3x4xf32>) -> tensor<1x3x12xf32>
  return %y : tensor<1x3x12xf32>
}
// -----
// A long sum: the rows of an item are copied, and what has been summed so far waits in the workspace.
// CHECK: func.func private @k0(%{{.*}}, %[[WORKSPACE:.*]]: memref<{{.*}}xi8>
// CHECK-DAG: memref.view %[[WORKSPACE]]
// AVX512: vector.store {{.*}} memref<96x{{.*}}xf32>
// AVX512-COUNT-24: vector.fma {{.*}} vector<16xf32>
func.func @main(%a: tensor<96x5000xf32>, %p: tensor<8x5000x16xf32>) -> tensor<96x128xf32> {
  %y = nn.packed_matmul %a, %p {columns = 128 : i64} : (tensor<96x5000xf32>, tensor<8x5000x16xf32>) -> tensor<96x128xf32>
  return %y : tensor<96x128xf32>
}
// -----
// A factor with an unknown number of columns is read as it lies: 4 rows times some vectors.
// CHECK: func.func private @k0
// AVX2-COUNT-12: vector.fma {{.*}} vector<8xf32>
// AVX512-COUNT-24: vector.fma {{.*}} vector<16xf32>
func.func @main(%a: tensor<48x40xf32>, %b: tensor<40x?xf32>) -> tensor<48x?xf32> {
  %y = nn.matmul %a, %b : (tensor<48x40xf32>, tensor<40x?xf32>) -> tensor<48x?xf32>
  return %y : tensor<48x?xf32>
}
// -----
// A product with a vector is dot products along the rows.
// CHECK: func.func private @k0
// CHECK: vector.fma
// CHECK: vector.reduction <add>
func.func @main(%a: tensor<48x400xf32>, %b: tensor<400xf32>) -> tensor<48xf32> {
  %y = nn.matmul %a, %b : (tensor<48x400xf32>, tensor<400xf32>) -> tensor<48xf32>
  return %y : tensor<48xf32>
}
// -----
// A transposed factor is packed by squares of 8.
// CHECK: func.func private @k0
// CHECK-COUNT-24: vector.shuffle {{.*}} vector<8xf32>
func.func @main(%b: tensor<64x40xf32>) -> tensor<4x40x16xf32> {
  %y = nn.pack_panels %b {transposed} : (tensor<64x40xf32>) -> tensor<4x40x16xf32>
  return %y : tensor<4x40x16xf32>
}
// -----
// Two extents that only the run knows: as many items as there are rows share the tiles, which straddle rows. Tiles of whole
// vectors copy them channel by channel, and while the filters pass by, the next tile's are fetched.
// CHECK: func.func private @k0
// CHECK: memref.collapse_shape
// CHECK: %[[TILE:.*]] = arith.constant {{16|32}} : index
// CHECK-NEXT: %[[TILES:.*]] = arith.divui %{{.*}}, %[[TILE]]
// CHECK: arith.muli {{.*}}, %[[TILES]]
// CHECK: scf.for
// CHECK: %[[A:.*]] = vector.load {{.*}} memref<1x32x?xf32>
// CHECK: vector.store %[[A]]
// CHECK: %[[B:.*]] = vector.load {{.*}} memref<1x32x?xf32>
// CHECK: vector.store %[[B]]
// CHECK: memref.prefetch {{.*}}, read, locality<2>, data : memref<1x32x?xf32>
// CHECK: vector.fma
func.func @main(%x: tensor<1x32x?x?xf32>, %p: tensor<1x4x32x6xf32>) -> tensor<1x24x?x?xf32> {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, filters = 24 : i64, groups = 1 : i64} : (tensor<1x32x?x?xf32>, tensor<1x4x32x6xf32>) -> tensor<1x24x?x?xf32>
  return %y : tensor<1x24x?x?xf32>
}
// -----
// Many rows by small panels: items go along the rows first, so that two threads have half the rows each.
// CHECK: affine_map<(d0, d1) -> ({{[1-9][0-9]}}, {{[1-9]}})>
func.func @main(%a: tensor<3136x96xf32>, %p: tensor<24x96x16xf32>) -> tensor<3136x384xf32> {
  %y = nn.packed_matmul %a, %p {columns = 384 : i64} : (tensor<3136x96xf32>, tensor<24x96x16xf32>) -> tensor<3136x384xf32>
  return %y : tensor<3136x384xf32>
}
// -----
// Of three blocks of rows one thread would get two: with AVX-512 there are four, of 9, 9, 8 and 8 tiles.
// AVX512: affine_map<(d0, d1) -> (1, 4)>
// CHECK: nn.packed_matmul
func.func @main(%a: tensor<400x512xf32>, %p: tensor<2x512x16xf32>) -> tensor<400x30xf32> {
  %y = nn.packed_matmul %a, %p {columns = 30 : i64} : (tensor<400x512xf32>, tensor<2x512x16xf32>) -> tensor<400x30xf32>
  return %y : tensor<400x30xf32>
}
// -----
// The last of four blocks of panels is one panel of 13; so halves are of rows.
// CHECK: affine_map<(d0, d1) -> (2, 4)>
func.func @main(%a: tensor<250x768xf32>, %p: tensor<13x768x16xf32>) -> tensor<250x200xf32> {
  %y = nn.packed_matmul %a, %p {columns = 200 : i64} : (tensor<250x768xf32>, tensor<13x768x16xf32>) -> tensor<250x200xf32>
  return %y : tensor<250x200xf32>
}
// -----
// Large panels are read from memory once: items that follow each other have the same ones.
// CHECK: affine_map<(d0, d1) -> ({{[1-9]+}}, {{[1-9][0-9]}})>
func.func @main(%a: tensor<3136x768xf32>, %p: tensor<48x768x16xf32>) -> tensor<3136x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<3136x768xf32>, tensor<48x768x16xf32>) -> tensor<3136x768xf32>
  return %y : tensor<3136x768xf32>
}
// -----
// Rows of two dims that only the run knows are one dim, which an item walks by blocks: an affine map has no product of
// extents. Tiles fetch more of the panels that follow where there are few of them.
// CHECK: #[[ITEMS:.*]] = affine_map<(d0, d1, d2) -> ({{[0-9]+}}, 1)>
// CHECK: nn.group {{.*}}
// CHECK: items = #[[ITEMS]]
// CHECK: func.func private @k0
// AVX512: %[[TILES:.*]] = arith.maxsi
// AVX512: arith.divui %{{.*}}, %[[TILES]]
// AVX512: scf.for
// AVX512: scf.for {{.*}} -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// AVX512: memref.prefetch
func.func @main(%a: tensor<?x?x64xf32>, %p: tensor<40x64x16xf32>) -> tensor<?x?x640xf32> {
  %y = nn.packed_matmul %a, %p {columns = 640 : i64} : (tensor<?x?x64xf32>, tensor<40x64x16xf32>) -> tensor<?x?x640xf32>
  return %y : tensor<?x?x640xf32>
}
// -----
// Pixels of two rows in one vector, and those whose windows leave the input, are put together by masked loads; with stride 2
// one by one.
// CHECK: func.func private @k0
// CHECK-COUNT-2: vector.maskedload {{.*}}x13xf32>
// CHECK: func.func private @k1
// CHECK-NOT: vector.maskedload {{.*}}x13xf32>
func.func @main(%x: tensor<1x16x?x13xf32>, %p: tensor<1x4x144x6xf32>) -> (tensor<1x24x?x13xf32>, tensor<1x24x?x7xf32>) {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, filters = 24 : i64, groups = 1 : i64} : (tensor<1x16x?x13xf32>, tensor<1x4x144x6xf32>) -> tensor<1x24x?x13xf32>
  %z = nn.packed_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, filters = 24 : i64, groups = 1 : i64} : (tensor<1x16x?x13xf32>, tensor<1x4x144x6xf32>) -> tensor<1x24x?x7xf32>
  return %y, %z : tensor<1x24x?x13xf32>, tensor<1x24x?x7xf32>
}
// -----
// A part of a channel's taps, with stride 2: each is copied by whole vectors where it reads inside.
// CHECK: func.func private @k0
// CHECK: vector.shuffle
// CHECK-NOT: vector.maskedload
func.func @main(%x: tensor<1x1x4000xf32>, %p: tensor<1x4x900x6xf32>) -> tensor<1x24x1551xf32> {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 900>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, filters = 24 : i64, groups = 1 : i64} : (tensor<1x1x4000xf32>, tensor<1x4x900x6xf32>) -> tensor<1x24x1551xf32>
  return %y : tensor<1x24x1551xf32>
}
// -----
// One to eight pixels, of a number that only the run knows, are the scalars: one of them, with its sums in four parts, or
// four beside each other. Vectors have the six filters of a panel.
// CHECK: func.func private @k0
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){7})}}vector<8xf32>)
// AVX2-COUNT-2: vector.maskedload {{.*}}x6xf32>
// AVX2-COUNT-2: vector.fma {{.*}} vector<8xf32>
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){7})}}vector<8xf32>)
// AVX2-COUNT-2: vector.maskedload {{.*}}x6xf32>
// AVX2-COUNT-8: vector.fma {{.*}} vector<8xf32>
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX512-COUNT-3: vector.maskedload {{.*}}x6xf32>
// AVX512-COUNT-3: vector.fma {{.*}} vector<8xf32>
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX512-COUNT-3: vector.maskedload {{.*}}x6xf32>
// AVX512-COUNT-12: vector.fma {{.*}} vector<8xf32>
func.func @main(%x: tensor<1x64x?xf32>, %p: tensor<1x3x192x6xf32>) -> tensor<1x13x?xf32> {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, filters = 13 : i64, groups = 1 : i64} : (tensor<1x64x?xf32>, tensor<1x3x192x6xf32>) -> tensor<1x13x?xf32>
  return %y : tensor<1x13x?xf32>
}
// -----
// The last tile of 96 pixels is whole or has 16 of them.
// CHECK: func.func private @k0
// CHECK-NOT: vector.maskedload {{.*}}x6xf32>
func.func @main(%x: tensor<1x64x96xf32>, %p: tensor<1x3x192x6xf32>) -> tensor<1x13x96xf32> {
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, filters = 13 : i64, groups = 1 : i64} : (tensor<1x64x96xf32>, tensor<1x3x192x6xf32>) -> tensor<1x13x96xf32>
  return %y : tensor<1x13x96xf32>
}
// -----
// Outer products of a few elements: an item takes nanoseconds, and a thread is not woken for less than some microseconds.
// CHECK: nn.group
// AVX2: grain = 925 : i64
// AVX512: grain = 462 : i64
func.func @main(%a: tensor<?x2048x1xf32>, %b: tensor<?x1x2xf32>) -> tensor<?x2048x2xf32> {
  %y = nn.matmul %a, %b : (tensor<?x2048x1xf32>, tensor<?x1x2xf32>) -> tensor<?x2048x2xf32>
  return %y : tensor<?x2048x2xf32>
}
// -----
// One panel's rows are two items, so that threads share them.
// CHECK: affine_map<(d0, d1) -> (1, 2)>
// CHECK: an item is 3{{[0-9]}} x 16
func.func @main(%a: tensor<64x4096xf32>, %panels: tensor<1x4096x16xf32>) -> tensor<64x16xf32> {
  %y = nn.packed_matmul %a, %panels {columns = 16 : i64} : (tensor<64x4096xf32>, tensor<1x4096x16xf32>) -> tensor<64x16xf32>
  return %y : tensor<64x16xf32>
}
// -----
// A few rows are one tile, which reads the right factor once, as it lies; the last vector of columns overlaps the one before
// it, and the last item of columns takes what is left of them.
// AVX512: affine_map<(d0, d1) -> (d0 ceildiv 7, 1)>
// AVX512: func.func private @k0
// AVX512-COUNT-3: vector.load {{.*}} memref<40x197xf32>, vector<16xf32>
// AVX512-COUNT-21: vector.fma {{.*}} vector<16xf32>
// AVX512-COUNT-7: vector.fma {{.*}} vector<16xf32>
// AVX512: scf.if
// AVX512-COUNT-7: vector.fma {{.*}} vector<16xf32>
func.func @main(%a: tensor<7x40xf32>, %b: tensor<40x197xf32>) -> tensor<7x197xf32> {
  %y = nn.matmul %a, %b : (tensor<7x40xf32>, tensor<40x197xf32>) -> tensor<7x197xf32>
  return %y : tensor<7x197xf32>
}
