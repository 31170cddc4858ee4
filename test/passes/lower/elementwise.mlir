// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels=vector-bits=128 --split-input-file | FileCheck %s --check-prefix=NEON

// Functions go four vectors at a time, then one, and end with part of one.
// CHECK: scf.for
// CHECK: math.tanh {{.*}} vector<32xf32>
// CHECK: scf.for
// CHECK: math.tanh {{.*}} vector<8xf32>
// CHECK: scf.if
// CHECK: vector.maskedload
// CHECK: math.tanh {{.*}} vector<8xf32>
// CHECK: vector.maskedstore
// A machine without masks ends with single elements.
// NEON-NOT: vector.maskedload
// NEON: math.tanh {{.*}} : f32
func.func @function(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %y = nn.unary tanh %x : (tensor<1000xf32>) -> tensor<1000xf32>
  return %y : tensor<1000xf32>
}
// -----
// An operand per channel of a blocked tensor: pixels follow each other without a division for each.
// CHECK: items = #[[ITEMS:[a-z0-9]+]]
// CHECK: func.func private @k0
// CHECK: scf.for %[[BLOCK:.*]] =
// CHECK: arith.remui
// CHECK: scf.for %[[PIXEL:.*]] =
// CHECK-NOT: arith.remui
// CHECK-NOT: arith.divui
// CHECK: arith.mulf {{.*}} vector<8xf32>
func.func @blocked(%x: tensor<2x4x7x7x16xf32>, %s: tensor<4x1x1x16xf32>) -> tensor<2x4x7x7x16xf32> {
  %y = nn.binary mul %x, %s : (tensor<2x4x7x7x16xf32>, tensor<4x1x1x16xf32>) -> tensor<2x4x7x7x16xf32>
  return %y : tensor<2x4x7x7x16xf32>
}
// -----
// Quantizing by a constant: no division, halves rounded by adding 1.5 * 2^23; what is dequantized at once was never a byte.
// CHECK: func.func private @k0
// CHECK: math.fma {{.*}} vector<8xf32>
// CHECK-NOT: arith.divf
// CHECK-NOT: math.roundeven
// CHECK: %[[BITS:.*]] = arith.bitcast {{.*}} vector<8xi32>
// CHECK: %[[SUM:.*]] = arith.subi %[[BITS]]
// CHECK: %[[N:.*]] = arith.subi %[[SUM]]
// CHECK: arith.sitofp %[[N]]
func.func @rounded(%x: tensor<64xf32>) -> tensor<64xf32> {
  %s = nn.constant dense<3.000000e-02> : tensor<f32> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8> : tensor<ui8>
  %q = nn.quantize %x, %s, %z {axis = 0 : i64} : (tensor<64xf32>, tensor<f32>, tensor<ui8>) -> tensor<64xui8>
  %y = nn.dequantize %q, %s, %z {axis = 0 : i64} : (tensor<64xui8>, tensor<f32>, tensor<ui8>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
// -----
// Both halves are read where they lie, in one loop over all elements: nothing lies outside of the dim that is halved.
// CHECK: [[ITEMS:#[a-z0-9]+]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK: items = [[ITEMS]]
// CHECK: func.func private @k0({{.*}}: memref<1x4x40xf32>, {{.*}}: memref<1x4x40xf32>, {{.*}}: memref<1x2x40xf32>
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: vector.load {{.*}} : memref<160xf32>, vector<8xf32>
// CHECK: vector.load {{.*}} : memref<160xf32>, vector<8xf32>
// CHECK: vector.store {{.*}} : memref<80xf32>, vector<8xf32>
func.func @gate(%x: tensor<1x4x40xf32>) -> tensor<1x2x40xf32> {
  %a, %b = nn.split %x {axis = 1 : i64} : (tensor<1x4x40xf32>) -> (tensor<1x2x40xf32>, tensor<1x2x40xf32>)
  %y = nn.binary mul %a, %b : (tensor<1x2x40xf32>, tensor<1x2x40xf32>) -> tensor<1x2x40xf32>
  return %y : tensor<1x2x40xf32>
}
// -----
// A batch of them: the halves are items, and their elements one loop.
// CHECK: [[ITEMS:#[a-z0-9]+]] = affine_map<(d0, d1, d2) -> (d0)>
// CHECK: items = [[ITEMS]]
// CHECK: vector.load {{.*}} : memref<640xf32>, vector<8xf32>
func.func @gates(%x: tensor<4x4x40xf32>) -> tensor<4x2x40xf32> {
  %a, %b = nn.split %x {axis = 1 : i64} : (tensor<4x4x40xf32>) -> (tensor<4x2x40xf32>, tensor<4x2x40xf32>)
  %y = nn.binary mul %a, %b : (tensor<4x2x40xf32>, tensor<4x2x40xf32>) -> tensor<4x2x40xf32>
  return %y : tensor<4x2x40xf32>
}
