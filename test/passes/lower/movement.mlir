// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s

// Squares are transposed in registers, strips of 16 rows at a time.
// CHECK: #[[STRIPS:.*]] = affine_map<(d0, d1) -> (d0 ceildiv 16)>
// CHECK: func.func @main
// CHECK: items = #[[STRIPS]]
// CHECK: func.func private @k0
// CHECK-COUNT-8: vector.load {{.*}} vector<8xf32>
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store
func.func @main(%x: tensor<40x300xf32>) -> tensor<300x40xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<40x300xf32>) -> tensor<300x40xf32>
  return %y : tensor<300x40xf32>
}
// -----
// Few rows that are neighbours of the columns: strips of 64 columns.
// CHECK: affine_map<(d0, d1) -> (d1 ceildiv 64)>
// CHECK-COUNT-24: vector.shuffle
func.func @main(%x: tensor<400x30xf32>) -> tensor<30x400xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<400x30xf32>) -> tensor<30x400xf32>
  return %y : tensor<30x400xf32>
}
// -----
// Many elements go by strips of columns, too, so that what is read of the tensor are long pieces.
// CHECK: affine_map<(d0, d1) -> (d1 ceildiv 64)>
// CHECK-COUNT-24: vector.shuffle
func.func @main(%x: tensor<1000x500xf32>) -> tensor<500x1000xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<1000x500xf32>) -> tensor<500x1000xf32>
  return %y : tensor<500x1000xf32>
}
// -----
// Few columns are written whole, for 64 rows at a time.
// CHECK: affine_map<(d0, d1) -> (d0 ceildiv 64)>
// CHECK-COUNT-24: vector.shuffle
func.func @main(%x: tensor<100x5000xf32>) -> tensor<5000x100xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<100x5000xf32>) -> tensor<5000x100xf32>
  return %y : tensor<5000x100xf32>
}
// -----
// The sides of squares count through several dims: 256 columns of 4 and 64, and 81 rows of 9 and 9.
// CHECK: affine_map<(d0, d1, d2, d3) -> (d1, d0 ceildiv 16)>
// CHECK-COUNT-24: vector.shuffle
func.func @main(%x: tensor<4x64x5x77xf32>) -> tensor<77x5x64x4xf32> {
  %y = nn.transpose %x {perm = array<i64: 3, 2, 1, 0>} : (tensor<4x64x5x77xf32>) -> tensor<77x5x64x4xf32>
  return %y : tensor<77x5x64x4xf32>
}
// -----
// CHECK: affine_map<(d0, d1, d2, d3) -> (d0, 6)>
// CHECK-COUNT-24: vector.shuffle
func.func @main(%x: tensor<2x100x9x9xf32>) -> tensor<2x9x9x100xf32> {
  %y = nn.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x100x9x9xf32>) -> tensor<2x9x9x100xf32>
  return %y : tensor<2x9x9x100xf32>
}
// -----
// Planes of three colours and pixels of them are interleaved, two vectors at a time.
// CHECK: affine_map<(d0, d1, d2, d3) -> (d0, 7)>
// CHECK-COUNT-6: vector.shuffle
// CHECK-NOT: vector.shuffle
func.func @main(%x: tensor<2x3x40x40xf32>) -> tensor<2x40x40x3xf32> {
  %y = nn.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x3x40x40xf32>) -> tensor<2x40x40x3xf32>
  return %y : tensor<2x40x40x3xf32>
}
// -----
// CHECK: affine_map<(d0, d1, d2, d3) -> (d0, 7)>
// CHECK-COUNT-6: vector.shuffle
// CHECK-NOT: vector.shuffle
func.func @main(%x: tensor<2x40x40x3xf32>) -> tensor<2x3x40x40xf32> {
  %y = nn.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<2x40x40x3xf32>) -> tensor<2x3x40x40xf32>
  return %y : tensor<2x3x40x40xf32>
}
// -----
// Where the last dim stays, rows are copied.
// CHECK: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK: items = #[[ROWS]]
// CHECK-NOT: vector.shuffle
// CHECK: vector.load {{.*}} vector<8xf32>
func.func @main(%x: tensor<4x3x2000xf32>) -> tensor<3x4x2000xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<4x3x2000xf32>) -> tensor<3x4x2000xf32>
  return %y : tensor<3x4x2000xf32>
}
// -----
// A transpose of dims of extent 1 is a copy.
// CHECK: affine_map<(d0, d1) -> ()>
// CHECK-NOT: vector.shuffle
// CHECK: vector.load
func.func @main(%x: tensor<1x30xf32>) -> tensor<30x1xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<1x30xf32>) -> tensor<30x1xf32>
  return %y : tensor<30x1xf32>
}
// -----
// Bytes move as they are, whatever they mean: 32 of them in a vector. Long pieces are shared among 16 threads.
// CHECK: #[[PARTS:.*]] = affine_map<(d0, d1) -> (16)>
// CHECK: items = #[[PARTS]]
// CHECK: vector.load {{.*}} memref<90000xi8>, vector<32xi8>
// CHECK: vector.load {{.*}} memref<10000xi8>, vector<32xi8>
func.func @main(%x: tensor<900x100xf8E4M3FN>, %z: tensor<100x100xf8E4M3FN>) -> tensor<1000x100xf8E4M3FN> {
  %y = nn.concat %x, %z {axis = 0 : i64} : (tensor<900x100xf8E4M3FN>, tensor<100x100xf8E4M3FN>) -> tensor<1000x100xf8E4M3FN>
  return %y : tensor<1000x100xf8E4M3FN>
}
// -----
// The starts of a slice are read when the kernel runs; the innermost sliced dim is a run.
// CHECK: #[[OUTER:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK: items = #[[OUTER]]
// CHECK: func.func private @k0
// CHECK: memref.load %{{.*}} : memref<1xi64>
// CHECK: vector.load
func.func @main(%x: tensor<4x100xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>) -> tensor<4x?xf32> {
  %y = nn.slice %x, %s, %e {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<4x100xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}
// -----
// An index out of range is an error of the run, and nothing is read.
// CHECK: "gather: index %0 is out of range for a dim of %1
// CHECK: func.func private @k0
// CHECK: scf.if
// CHECK: vector.load
// CHECK: } else {
// CHECK: call @nncrt_fail
func.func @main(%x: tensor<9x64xf32>, %i: tensor<5xi64>) -> tensor<5x64xf32> {
  %y = nn.gather %x, %i {axis = 0 : i64} : (tensor<9x64xf32>, tensor<5xi64>) -> tensor<5x64xf32>
  return %y : tensor<5x64xf32>
}
// -----
// A row of indices is looked at as a whole; where none is out of range, single elements are picked without a branch, and
// not by vectors, which would wait for every element at once.
// CHECK: "gather_elements: index %0 is out of range for a dim of %1
// CHECK: func.func private @k0
// CHECK: %[[SIGNS:.*]] = scf.for
// CHECK: arith.cmpi sge, %[[SIGNS]]
// CHECK: scf.for
// CHECK-NOT: scf.if
// CHECK: memref.store
// CHECK-NEXT: } {llvm.loop_annotation = #loop_annotation}
// CHECK: scf.for
// CHECK: call @nncrt_fail
func.func @main(%x: tensor<9x64xf32>, %i: tensor<9x50xi64>) -> tensor<9x50xf32> {
  %y = nn.gather_elements %x, %i {axis = 1 : i64} : (tensor<9x64xf32>, tensor<9x50xi64>) -> tensor<9x50xf32>
  return %y : tensor<9x50xf32>
}
// -----
// So are single elements that lie next to each other, whichever dims of extent 1 follow.
// CHECK: func.func private @k0
// CHECK: %[[SIGNS:.*]] = scf.for
// CHECK: arith.cmpi sge, %[[SIGNS]]
// CHECK: scf.for
// CHECK-NOT: scf.if
// CHECK: memref.store
// CHECK-NEXT: } {llvm.loop_annotation = #loop_annotation}
func.func @main(%x: tensor<9x64x1x1xf32>, %i: tensor<3x50xi64>) -> tensor<9x3x50x1x1xf32> {
  %y = nn.gather %x, %i {axis = 1 : i64} : (tensor<9x64x1x1xf32>, tensor<3x50xi64>) -> tensor<9x3x50x1x1xf32>
  return %y : tensor<9x3x50x1x1xf32>
}
// -----
// The rows of a scatter do not meet, so threads share them; each is copied, then updated.
// CHECK: #[[LEADING:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK: items = #[[LEADING]]
// CHECK: func.func private @k0
// CHECK: vector.store
// CHECK: arith.addf
func.func @main(%x: tensor<9x64xf32>, %i: tensor<9x5xi64>, %u: tensor<9x5xf32>) -> tensor<9x64xf32> {
  %y = nn.scatter_elements add %x, %i, %u {axis = 1 : i64} : (tensor<9x64xf32>, tensor<9x5xi64>, tensor<9x5xf32>) -> tensor<9x64xf32>
  return %y : tensor<9x64xf32>
}
// -----
// The kernel has room for the largest result and stores how many elements there are.
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: memref<3x4xf32>, %{{.*}}: memref<?xi64>, %[[COUNTS:.*]]: memref<1xi64>
// CHECK: memref.store %{{.*}}, %[[COUNTS]]
func.func @main(%x: tensor<3x4xf32>) -> tensor<2x?xi64> {
  %y = nn.non_zero %x : (tensor<3x4xf32>) -> tensor<2x?xi64>
  return %y : tensor<2x?xi64>
}
// -----
// 19 strips of 16 rows: fewer than two threads' worth of 40.
// CHECK: grain = 40 : i64
func.func @main(%x: tensor<200x300xf32>) -> tensor<300x200xf32> {
  %y = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<200x300xf32>) -> tensor<300x200xf32>
  return %y : tensor<300x200xf32>
}
