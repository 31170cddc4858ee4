// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 byte-sums=4" --split-input-file | FileCheck %s --check-prefixes=CHECK,QUADS
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
// PLAIN: arith.muli {{.*}} vector<4xi32>
// PLAIN-NOT: call_intrinsic
// CHECK: math.roundeven {{.*}} vector<
// CHECK: vector.store {{.*}}xi8>
func.func @main(%a: tensor<48x64xui8>, %p: tensor<4x16x16x4xi8>, %s: tensor<f32>) -> tensor<48x64xui8> {
  %y = nn.packed_byte_matmul %a, %p {columns = 64 : i64} : (tensor<48x64xui8>, tensor<4x16x16x4xi8>) -> tensor<48x64xi32>
  %f = nn.cast %y : (tensor<48x64xi32>) -> tensor<48x64xf32>
  %q = nn.quantize %f, %s {axis = 0 : i64} : (tensor<48x64xf32>, tensor<f32>) -> tensor<48x64xui8>
  return %q : tensor<48x64xui8>
}
// -----
// A depth that is no multiple of four: the last step's bytes are put together one by one.
// CHECK: func.func private @k0
// QUADS: "llvm.x86.avx512.vpdpbusd.512"
// QUADS: scf.yield
// QUADS: scf.for {{.*}} -> (i32)
// QUADS: arith.extui {{.*}} i8 to i32
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
