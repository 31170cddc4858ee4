// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels=vector-bits=512 --split-input-file | FileCheck %s --check-prefix=AVX512

// Maxima of four rows at once. With 16 registers each row has its exponentials in a loop of its own; 2^n is the sum with
// the magic number, 127 included, moved to where the exponent is; and nothing is compared or added for what becomes 0.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-4: vector.reduction <maxnumf>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: arith.constant dense<-88.02{{.*}}> : vector<8xf32>
// CHECK: arith.constant dense<0x4B40007F> : vector<8xf32>
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: arith.addi {{.*}} vector<8xi32>
// CHECK: arith.shli {{.*}} vector<8xi32>
// CHECK-NOT: arith.select
// CHECK: vector.store
// CHECK: scf.yield
// CHECK: vector.reduction <add>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-COUNT-6: vector.fma
// CHECK: scf.yield

// AVX512: func.func private @k0
// AVX512-COUNT-4: vector.reduction <maxnumf>
// AVX512: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// AVX512-COUNT-4: scalef.ps.512
func.func @main(%x: tensor<64x512xf32>) -> tensor<64x512xf32> {
  %y = nn.softmax softmax %x {axis = 1 : i64} : (tensor<64x512xf32>) -> tensor<64x512xf32>
  return %y : tensor<64x512xf32>
}
// -----
// A row that is too long to have others beside it: four maxima, the exponentials vector by vector.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: vector.reduction <maxnumf>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-COUNT-6: vector.fma
// CHECK: scf.yield
// CHECK: vector.reduction <add>
func.func @main(%x: tensor<64x8192xf32>) -> tensor<64x8192xf32> {
  %y = nn.softmax softmax %x {axis = 1 : i64} : (tensor<64x8192xf32>) -> tensor<64x8192xf32>
  return %y : tensor<64x8192xf32>
}
// -----
// Attention's weights, too.
// CHECK: func.func private @k0
// CHECK-COUNT-4: vector.reduction <maxnumf>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: arith.constant dense<0x4B40007F> : vector<8xf32>
// CHECK-COUNT-6: vector.fma
// CHECK: scf.yield
func.func @main(%q: tensor<1x2x48x64xf32>) -> tensor<1x2x48x64xf32> {
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x48x48xf32>):
    nn.yield %s : tensor<1x2x48x48xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>) -> tensor<1x2x48x64xf32>
  return %y : tensor<1x2x48x64xf32>
}
