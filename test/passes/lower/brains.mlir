// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 brain-pairs=1" --split-input-file | FileCheck %s --check-prefixes=CHECK,BRAINS
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=256" --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX2

// Two products of bf16 in one instruction for each accumulator; or both halves of the pairs as f32, the tile lower by what
// they take of the registers.
// CHECK: func.func private @k0
// BRAINS: scf.for {{.*}} -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// BRAINS-COUNT-24: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// BRAINS-NOT: call_intrinsic
// BRAINS: scf.yield
// WIDE: scf.for {{.*}} -> ({{((vector<16xf32>, ){15})}}vector<16xf32>)
// WIDE-COUNT-32: vector.fma {{.*}} vector<16xf32>
// WIDE-NOT: vector.fma
// WIDE: scf.yield
// AVX2: scf.for {{.*}} -> ({{((vector<8xf32>, ){7})}}vector<8xf32>)
// AVX2-COUNT-16: vector.fma {{.*}} vector<8xf32>
// AVX2-NOT: vector.fma
// AVX2: scf.yield
// CHECK: arith.maximumf
func.func @main(%a: tensor<48x40xbf16>, %p: tensor<4x20x32xbf16>) -> tensor<48x64xf32> {
  %y = nn.packed_matmul %a, %p {columns = 64 : i64} : (tensor<48x40xbf16>, tensor<4x20x32xbf16>) -> tensor<48x64xf32>
  %r = nn.unary relu %y : (tensor<48x64xf32>) -> tensor<48x64xf32>
  return %r : tensor<48x64xf32>
}
// -----
// An odd depth: the last step reads one element of the row.
// CHECK: func.func private @k0
// BRAINS: "llvm.x86.avx512bf16.dpbf16ps.512"
// BRAINS: scf.yield
// BRAINS: arith.extui {{.*}} : i16 to i32
// BRAINS: "llvm.x86.avx512bf16.dpbf16ps.512"
// BRAINS: scf.yield
func.func @main(%a: tensor<48x41xbf16>, %p: tensor<4x21x32xbf16>) -> tensor<48x64xf32> {
  %y = nn.packed_matmul %a, %p {columns = 64 : i64} : (tensor<48x41xbf16>, tensor<4x21x32xbf16>) -> tensor<48x64xf32>
  return %y : tensor<48x64xf32>
}
