// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 byte-sums=4" --split-input-file | FileCheck %s --check-prefixes=CHECK,QUADS
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 byte-sums=4 matrix-unit" --split-input-file | FileCheck %s --check-prefixes=CHECK,UNIT
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=256 byte-sums=2" --split-input-file | FileCheck %s --check-prefixes=CHECK,PAIRS
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=128" --split-input-file | FileCheck %s --check-prefixes=CHECK,PLAIN

// Four products in one instruction; or bytes widened to 16 bits, each vector and each broadcast once, and summed in
// pairs; or byte by byte. The requantization is done while the sums are in registers.
// CHECK: func.func private @k0
// QUADS: scf.for {{.*}} -> ({{((vector<16xi32>, ){23})}}vector<16xi32>)
// QUADS-COUNT-24: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// QUADS-NOT: call_intrinsic
// QUADS: scf.yield
// PAIRS: scf.for {{.*}} -> ({{((vector<8xi32>, ){7})}}vector<8xi32>)
// PAIRS-COUNT-16: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// PAIRS-NOT: call_intrinsic
// PAIRS: scf.yield
// Two by two tiles of the matrix unit; the rows of a tile are copied, and each of the four products of its only chunk is
// followed by a part of what is to be done with the tile before.
// UNIT: call_intrinsic "llvm.x86.ldtilecfg"
// UNIT: vector.store {{.*}} vector<64xi8>
// UNIT: [[TILES:%[0-9]+]]:3 = scf.for
// UNIT-COUNT-4: "llvm.x86.tilezero"
// UNIT: scf.for
// UNIT-COUNT-2: "llvm.x86.tileloadd64"
// UNIT-COUNT-2: "llvm.x86.tdpbusd"
// UNIT-COUNT-2: "llvm.x86.tdpbusd"
// UNIT: scf.for
// UNIT: math.roundeven
// UNIT-COUNT-4: "llvm.x86.tilestored64"
// UNIT: scf.for {{.*}} to [[TILES]]#2
// UNIT: math.roundeven
// UNIT: "llvm.x86.tilerelease"
// PLAIN: arith.muli {{.*}} vector<4xi32>
// PLAIN-NOT: call_intrinsic
// QUADS: math.roundeven {{.*}} vector<
// QUADS: vector.store {{.*}}xi8>
// PAIRS: math.roundeven {{.*}} vector<
// PAIRS: vector.store {{.*}}xi8>
// PLAIN: math.roundeven {{.*}} vector<
// PLAIN: vector.store {{.*}}xi8>
func.func @main(%a: tensor<48x64xui8>, %p: tensor<4x16x16x4xi8>, %s: tensor<f32>) -> tensor<48x64xui8> {
  %y = nn.packed_byte_matmul %a, %p {columns = 64 : i64} : (tensor<48x64xui8>, tensor<4x16x16x4xi8>) -> tensor<48x64xi32>
  %f = nn.cast %y : (tensor<48x64xi32>) -> tensor<48x64xf32>
  %q = nn.quantize %f, %s {axis = 0 : i64} : (tensor<48x64xf32>, tensor<f32>) -> tensor<48x64xui8>
  return %q : tensor<48x64xui8>
}
// -----
// A depth that is no multiple of four: the last step's bytes are put together one by one. So few rows are no work for the
// matrix unit.
// CHECK: func.func private @k0
// QUADS: "llvm.x86.avx512.vpdpbusd.512"
// QUADS: scf.yield
// QUADS: scf.for {{.*}} -> (i32)
// QUADS: arith.extui {{.*}} i8 to i32
// UNIT: "llvm.x86.avx512.vpdpbusd.512"
func.func @main(%a: tensor<4x7xui8>, %p: tensor<1x2x16x4xi8>) -> tensor<4x16xi32> {
  %y = nn.packed_byte_matmul %a, %p {columns = 16 : i64} : (tensor<4x7xui8>, tensor<1x2x16x4xi8>) -> tensor<4x16xi32>
  return %y : tensor<4x16xi32>
}
// -----
// A convolution multiplies four channels at a time, and pads with the zero point.
// CHECK: func.func private @k0
// CHECK: memref.view
// CHECK: arith.constant 16843009 : i32
// QUADS: "llvm.x86.avx512.vpdpbusd.512"
// PAIRS: "llvm.x86.avx2.pmadd.wd"
func.func @main(%x: tensor<1x1x8x8x16xui8>, %p: tensor<1x1x36x16x4xi8>, %z: tensor<ui8>) -> tensor<1x1x8x8x16xi32> {
  %y = nn.blocked_byte_conv %x, %p, %z {operandSegmentSizes = array<i32: 1, 1, 1, 0>, channels = 16 : i64, filters = 16 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x1x8x8x16xui8>, tensor<1x1x36x16x4xi8>, tensor<ui8>) -> tensor<1x1x8x8x16xi32>
  return %y : tensor<1x1x8x8x16xi32>
}
// -----
// By the matrix unit a row of taps is one run of bytes, in pieces of 32 and 16 of them, and the last 4 of the 36 steps
// are a chunk of 16, of which 12 are zeros.
// UNIT: func.func private @k0
// UNIT: vector.load {{.*}} vector<8xi32>
// UNIT: vector.load {{.*}} vector<4xi32>
// UNIT: vector.load {{.*}} vector<64xi8>
// UNIT: dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1]> : vector<16xi32>
// UNIT: arith.andi
// UNIT: vector.store {{.*}} vector<64xi8>
// UNIT: "llvm.x86.tdpbsud"
// UNIT: "llvm.x86.tdpbsud"
func.func @main(%x: tensor<1x1x8x8x16xi8>, %p: tensor<1x1x36x16x4xui8>) -> tensor<1x1x8x8x16xi32> {
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, channels = 16 : i64, filters = 16 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x1x8x8x16xi8>, tensor<1x1x36x16x4xui8>) -> tensor<1x1x8x8x16xi32>
  return %y : tensor<1x1x8x8x16xi32>
}
// -----
// Sums of four steps are over before a tile is loaded.
// UNIT: func.func private @k0
// UNIT-NOT: llvm.x86.t
// UNIT: "llvm.x86.avx512.vpdpbusd.512"
func.func @main(%x: tensor<1x1x8x8x16xui8>, %p: tensor<1x1x4x16x4xi8>) -> tensor<1x1x8x8x16xi32> {
  %y = nn.blocked_byte_conv %x, %p {operandSegmentSizes = array<i32: 1, 1, 0, 0>, channels = 16 : i64, filters = 16 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x1x8x8x16xui8>, tensor<1x1x4x16x4xi8>) -> tensor<1x1x8x8x16xi32>
  return %y : tensor<1x1x8x8x16xi32>
}
