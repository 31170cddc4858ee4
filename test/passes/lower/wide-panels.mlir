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
// Scales multiply the sums that a tile of few rows has of a block of the steps; or what a tile reads; or what is made f32
// first.
// CHECK-LABEL: func.func private @k0
// CHECK: scf.for
// CHECK: %[[S:.*]] = vector.load {{.*}} : memref<32x8x16xf32>, vector<16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[F:.*]] = arith.sitofp {{.*}} : vector<16xi8> to vector<16xf32>
// CHECK-NOT: arith.mulf
// CHECK: vector.fma {{.*}}, %[[F]]
// CHECK: scf.yield
// CHECK: vector.fma %{{.*}}, %[[S]]
func.func @main(%a: tensor<1x256xf32>, %p: tensor<32x256x16xi8>, %s: tensor<32x8x16xf32>) -> tensor<1x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<1x256xf32>, tensor<32x256x16xi8>, tensor<32x8x16xf32>) -> tensor<1x512xf32>
  return %y : tensor<1x512xf32>
}
// -----
// CHECK-LABEL: func.func private @k0
// CHECK: %[[S:.*]] = vector.load {{.*}} : memref<32x8x16xf32>, vector<16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[F:.*]] = arith.sitofp {{.*}} : vector<16xi8> to vector<16xf32>
// CHECK: %[[W:.*]] = arith.mulf %[[F]], %[[S]]
// CHECK: vector.fma {{.*}}, %[[W]]
func.func @main(%a: tensor<8x256xf32>, %p: tensor<32x256x16xi8>, %s: tensor<32x8x16xf32>) -> tensor<8x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<8x256xf32>, tensor<32x256x16xi8>, tensor<32x8x16xf32>) -> tensor<8x512xf32>
  return %y : tensor<8x512xf32>
}
// -----
// Numbers of four bits: a register that is a table turns a word into its numbers, one shift after another.
// CHECK-LABEL: func.func private @k0
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[WORDS:.*]] = vector.load {{.*}} : memref<32x32x16xi32>, vector<16xi32>
// CHECK: %[[FIRST:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%{{.*}}, %[[WORDS]])
// CHECK: vector.fma {{.*}}, %[[FIRST]]
// CHECK: %[[SHIFTED:.*]] = arith.shrui %[[WORDS]]
// CHECK: %[[SECOND:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%{{.*}}, %[[SHIFTED]])
// CHECK: vector.fma {{.*}}, %[[SECOND]]
func.func @main(%a: tensor<1x256xf32>, %p: tensor<32x32x16xi32>, %s: tensor<32x8x16xf32>) -> tensor<1x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<1x256xf32>, tensor<32x32x16xi32>, tensor<32x8x16xf32>) -> tensor<1x512xf32>
  return %y : tensor<1x512xf32>
}
// -----
// With something to add to them, numbers are scaled one by one.
// CHECK-LABEL: func.func private @k0
// CHECK: %[[S:.*]] = vector.load {{.*}} : memref<32x8x32xf32>, vector<16xf32>
// CHECK: %[[O:.*]] = vector.load {{.*}} : memref<32x8x32xf32>, vector<16xf32>
// CHECK: %[[N:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"
// CHECK: %[[W:.*]] = vector.fma %[[N]], %[[S]], %[[O]]
// CHECK: vector.fma {{.*}}, %[[W]]
func.func @main(%a: tensor<1x256xf32>, %p: tensor<32x32x16xi32>, %s: tensor<32x8x32xf32>) -> tensor<1x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<1x256xf32>, tensor<32x32x16xi32>, tensor<32x8x32xf32>) -> tensor<1x512xf32>
  return %y : tensor<1x512xf32>
}
// -----
// Words that many rows read are made f32 first, too.
// CHECK-LABEL: func.func private @k0
// CHECK: %[[WIDE:.*]] = memref.view {{.*}} to memref<2x256x16xf32>
// CHECK: %[[N:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"
// CHECK: %[[W:.*]] = arith.mulf %[[N]]
// CHECK: vector.store %[[W]], %[[WIDE]]
// CHECK: vector.load %[[WIDE]]
// CHECK-NOT: permvar
func.func @main(%a: tensor<60x256xf32>, %p: tensor<32x32x16xi32>, %s: tensor<32x8x16xf32>) -> tensor<60x512xf32> {
  %y = nn.packed_matmul %a, %p, %s {columns = 512 : i64} : (tensor<60x256xf32>, tensor<32x32x16xi32>, tensor<32x8x16xf32>) -> tensor<60x512xf32>
  return %y : tensor<60x512xf32>
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
