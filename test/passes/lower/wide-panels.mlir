// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s

// Panels of bytes that several tiles of rows read are made f32 first, two at a time; tiles read those.
// CHECK-LABEL: func.func private @k0
// CHECK: %[[WIDE:.*]] = memref.view {{.*}} to memref<2x256x16xf32>
// CHECK: %[[B:.*]] = vector.load {{.*}} : memref<32x256x16xi8>, vector<16xi8>
// CHECK: %[[F:.*]] = arith.sitofp %[[B]] : vector<16xi8> to vector<16xf32>
// CHECK: vector.store %[[F]], %[[WIDE]]
// CHECK: vector.load %[[WIDE]]
// CHECK: vector.fma
// CHECK-NOT: arith.sitofp
func.func @main(%a: tensor<60x256xf32>, %p: tensor<32x256x16xi8>) -> tensor<60x512xf32> {
  %y = nn.packed_matmul %a, %p {columns = 512 : i64} : (tensor<60x256xf32>, tensor<32x256x16xi8>) -> tensor<60x512xf32>
  return %y : tensor<60x512xf32>
}
// -----
// So are halves, block by block of a long sum.
// CHECK-LABEL: func.func private @k0
// CHECK: %[[WIDE:.*]] = memref.view {{.*}} to memref<4x768x16xf32>
// CHECK: %[[F:.*]] = arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: vector.store %[[F]], %[[WIDE]]
// CHECK: vector.load %[[WIDE]]
// CHECK: vector.fma
// CHECK-NOT: arith.extf
func.func @main(%a: tensor<60x3072xf32>, %p: tensor<32x3072x16xf16>) -> tensor<60x512xf32> {
  %y = nn.packed_matmul %a, %p {columns = 512 : i64} : (tensor<60x3072xf32>, tensor<32x3072x16xf16>) -> tensor<60x512xf32>
  return %y : tensor<60x512xf32>
}
// -----
// One tile of rows takes them as they come.
// CHECK-LABEL: func.func private @k0
// CHECK-NOT: vector.store {{.*}} memref<{{.*}}x256x16xf32>
// CHECK: arith.sitofp
// CHECK: vector.fma
func.func @main(%a: tensor<8x256xf32>, %p: tensor<32x256x16xi8>) -> tensor<8x512xf32> {
  %y = nn.packed_matmul %a, %p {columns = 512 : i64} : (tensor<8x256xf32>, tensor<32x256x16xi8>) -> tensor<8x512xf32>
  return %y : tensor<8x512xf32>
}
// -----
// Scales multiply what a tile reads, block by block of the steps; or what is made f32 first.
// CHECK-LABEL: func.func private @k0
// CHECK: scf.for
// CHECK: %[[S:.*]] = vector.load {{.*}} : memref<32x8x16xf32>, vector<16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[F:.*]] = arith.sitofp {{.*}} : vector<16xi8> to vector<16xf32>
// CHECK: %[[W:.*]] = arith.mulf %[[F]], %[[S]]
// CHECK: vector.fma {{.*}}, %[[W]]
func.func @main(%a: tensor<1x256xf32>, %p: tensor<32x256x16xi8>, %s: tensor<32x8x16xf32>) -> tensor<1x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<1x256xf32>, tensor<32x256x16xi8>, tensor<32x8x16xf32>) -> tensor<1x512xf32>
  return %y : tensor<1x512xf32>
}
// -----
// CHECK-LABEL: func.func private @k0
// CHECK: %[[WIDE:.*]] = memref.view {{.*}} to memref<2x256x16xf32>
// CHECK: %[[F:.*]] = arith.sitofp
// CHECK: %[[S:.*]] = vector.load {{.*}} : memref<32x8x16xf32>, vector<16xf32>
// CHECK: %[[W:.*]] = arith.mulf %[[F]], %[[S]]
// CHECK: vector.store %[[W]], %[[WIDE]]
// CHECK: vector.load %[[WIDE]]
// CHECK: vector.fma
// CHECK-NOT: arith.mulf
func.func @main(%a: tensor<60x256xf32>, %p: tensor<32x256x16xi8>, %s: tensor<32x8x16xf32>) -> tensor<60x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<60x256xf32>, tensor<32x256x16xi8>, tensor<32x8x16xf32>) -> tensor<60x512xf32>
  return %y : tensor<60x512xf32>
}
