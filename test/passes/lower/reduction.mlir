// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels=vector-bits=512 --split-input-file | FileCheck %s --check-prefix=AVX512

// A lane along the innermost dim: vectors along it, their sum at the end.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<64xf32>)
// CHECK: vector.load {{.*}} vector<64xf32>
// CHECK: arith.addf {{.*}} vector<64xf32>
// CHECK: vector.reduction <add>, {{.*}} vector<8xf32> into f32
// CHECK: memref.store
func.func @main(%x: tensor<4x1000xf32>) -> tensor<4xf32> {
  %y = nn.reduce sum %x {axes = array<i64: 1>} : (tensor<4x1000xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
// -----
// Where the innermost dim stays, a vector holds neighbouring lanes.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<64xf32>)
// CHECK: arith.maximumf {{.*}} vector<64xf32>
// CHECK-NOT: vector.reduction
// CHECK: vector.store {{.*}} vector<64xf32>
func.func @main(%x: tensor<1000x64xf32>) -> tensor<64xf32> {
  %y = nn.reduce max %x {axes = array<i64: 0>} : (tensor<1000x64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
// -----
// f16 is summed in f32.
// CHECK: arith.extf {{.*}} vector<64xf16> to vector<64xf32>
// CHECK: arith.addf {{.*}} vector<64xf32>
// CHECK: arith.truncf {{.*}} f32 to f16
func.func @main(%x: tensor<4x?xf16>) -> tensor<4xf16> {
  %y = nn.reduce mean %x {axes = array<i64: 1>} : (tensor<4x?xf16>) -> tensor<4xf16>
  return %y : tensor<4xf16>
}
// -----
// An item is a row.
// CHECK: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK: items = #[[ROWS]]
// Four rows at once. The maximum by one comparison: a NaN shows in the sum.
// CHECK-NOT: arith.maximumf
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: arith.cmpf ogt
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-NOT: math.exp
// CHECK: vector.fma
// CHECK: memref.prefetch
// CHECK: vector.store
// CHECK: arith.divf {{.*}} f32
// With AVX-512 powers of 2^(1/16) come from a register.
// AVX512: permvar.sf.512
// AVX512: scalef.ps.512
func.func @main(%x: tensor<2x3x64xf32>) -> tensor<2x3x64xf32> {
  %y = nn.softmax softmax %x {axis = 2 : i64} : (tensor<2x3x64xf32>) -> tensor<2x3x64xf32>
  return %y : tensor<2x3x64xf32>
}
// -----
// Long rows go one by one, and their end is a vector under a mask.
// CHECK: items = #
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func @main(%x: tensor<2x6001xf32>) -> tensor<2x6001xf32> {
  %y = nn.softmax softmax %x {axis = 1 : i64} : (tensor<2x6001xf32>) -> tensor<2x6001xf32>
  return %y : tensor<2x6001xf32>
}
// -----
// Along another dim a vector holds neighbours.
// CHECK-NOT: arith.maximumf
// CHECK: arith.cmpf ogt
// CHECK: math.exp {{.*}} vector<16xf32>
func.func @main(%x: tensor<2x3x64xf32>) -> tensor<2x3x64xf32> {
  %y = nn.softmax softmax %x {axis = 1 : i64} : (tensor<2x3x64xf32>) -> tensor<2x3x64xf32>
  return %y : tensor<2x3x64xf32>
}
// -----
// Scale, shift and what else follows are applied where the rows are normalized, four at a time.
// CHECK: nn.group %arg0, %arg1 {
// CHECK-NOT: nn.group
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-4: math.sqrt
// CHECK: scf.for
// CHECK: arith.subf {{.*}} vector<8xf32>
// CHECK: vector.load %[[S:.*]][
// CHECK: arith.mulf {{.*}} vector<8xf32>
// CHECK: arith.addf {{.*}} vector<8xf32>
// CHECK: vector.store
func.func @main(%x: tensor<2x8x64xf32>, %s: tensor<64xf32>) -> tensor<2x8x64xf32> {
  %n = nn.normalize standard %x {axes = array<i64: 2>, epsilon = 1.0e-5 : f64} : (tensor<2x8x64xf32>) -> tensor<2x8x64xf32>
  %m = nn.binary mul %n, %s : (tensor<2x8x64xf32>, tensor<64xf32>) -> tensor<2x8x64xf32>
  %y = nn.binary add %m, %s : (tensor<2x8x64xf32>, tensor<64xf32>) -> tensor<2x8x64xf32>
  return %y : tensor<2x8x64xf32>
}
// -----
// CHECK: #[[KEPT:.*]] = affine_map<(d0, d1, d2) -> (d0)>
// CHECK: items = #[[KEPT]]
// CHECK: math.sqrt
func.func @main(%x: tensor<2x3x64xf32>) -> tensor<2x3x64xf32> {
  %y = nn.normalize standard %x {axes = array<i64: 1, 2>, epsilon = 1.0e-5 : f64} : (tensor<2x3x64xf32>) -> tensor<2x3x64xf32>
  return %y : tensor<2x3x64xf32>
}
// -----
// CHECK: func.func private @k0
// CHECK: arith.select {{.*}} vector<16xi1>, vector<16xi64>
// CHECK: vector.reduction <minsi>
func.func @main(%x: tensor<2x64xf32>) -> tensor<2xi64> {
  %y = nn.arg_reduce max %x {axis = 1 : i64} : (tensor<2x64xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
// -----
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<128xf32>)
// CHECK: arith.addf
func.func @main(%x: tensor<5x64xf32>) -> tensor<5x64xf32> {
  %y = nn.cumulative sum %x {axis = 0 : i64} : (tensor<5x64xf32>) -> tensor<5x64xf32>
  return %y : tensor<5x64xf32>
}
// -----
// A heap, of contiguous lanes: a vector at once is compared with the worst candidate, and only what comes before it is
// looked at.
// CHECK: call @nncrt_fail
// CHECK: scf.while
// CHECK: %[[WORST:.*]] = vector.broadcast {{.*}} : f32 to vector<8xf32>
// CHECK: arith.cmpf ugt, %{{.*}}, %[[WORST]] : vector<8xf32>
// CHECK: vector.bitcast {{.*}} : vector<8xi1> to vector<1xi8>
// CHECK: scf.while
// CHECK: math.cttz
func.func @main(%x: tensor<5x64xf32>, %k: tensor<1xi64>) -> tensor<5x?xf32> {
  %y, %i = nn.top_k %x, %k {axis = 1 : i64} : (tensor<5x64xf32>, tensor<1xi64>) -> (tensor<5x?xf32>, tensor<5x?xi64>)
  return %y : tensor<5x?xf32>
}
// -----
// The pixels of blocks of channels: threads that have written halves of the blocks share them the same way.
// CHECK: nn.group
// CHECK: grain = 51 : i64
func.func @main(%x: tensor<1x18x2x80x16xf32>) -> tensor<1x18x1x1x16xf32> {
  %y = nn.reduce mean %x {axes = array<i64: 2, 3>, keepdims} : (tensor<1x18x2x80x16xf32>) -> tensor<1x18x1x1x16xf32>
  return %y : tensor<1x18x1x1x16xf32>
}
// -----
// Of many pixels at most a cache line's lanes: one block is one thread's.
// CHECK: nn.group
// CHECK: grain = 16 : i64
func.func @main(%x: tensor<1x1x200x80x16xf32>) -> tensor<1x1x1x1x16xf32> {
  %y = nn.reduce mean %x {axes = array<i64: 2, 3>, keepdims} : (tensor<1x1x200x80x16xf32>) -> tensor<1x1x1x1x16xf32>
  return %y : tensor<1x1x1x1x16xf32>
}
// -----
// What is left of a row after its vectors is taken by halves, not one element after another.
// CHECK: func.func private @k0
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK: vector.load {{.*}} vector<4xf32>
// CHECK-NOT: vector.load
// CHECK: memref.load {{.*}} : memref<42xf32
func.func @main(%x: tensor<3x14xf32>) -> tensor<3xf32> {
  %y = nn.reduce max %x {axes = array<i64: 1>} : (tensor<3x14xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
// -----
// Five results of neighbouring lanes are registers, into which keys are sorted without a branch.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} -> (vector<8xi64>, vector<8xi64>, vector<8xi64>, vector<8xi64>, vector<8xi64>)
// CHECK-COUNT-4: arith.minsi {{.*}} : vector<8xi64>
// CHECK-NOT: scf.while
// CHECK: return
func.func @main(%x: tensor<2x100x64xf32>) -> (tensor<2x5x64xf32>, tensor<2x5x64xi64>) {
  %k = nn.constant dense<5> : tensor<1xi64> : tensor<1xi64>
  %y, %i = nn.top_k %x, %k {axis = 1 : i64} : (tensor<2x100x64xf32>, tensor<1xi64>) -> (tensor<2x5x64xf32>, tensor<2x5x64xi64>)
  return %y, %i : tensor<2x5x64xf32>, tensor<2x5x64xi64>
}
