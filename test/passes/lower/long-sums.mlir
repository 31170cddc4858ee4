// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s --check-prefix=AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s --check-prefix=AVX512

// Sums that a tile's rows cannot wait for in the first-level cache are cut, and what has been summed waits in the
// workspace. A round adds three quarters of a page of each row, with AVX2 of 72 of them, with AVX-512 of 144.
// AVX2: func.func private @k0
// AVX2: memref<72x384xf32>
// AVX2: scf.for {{.*}} to %c3072{{[_0-9]*}} step %c768
// AVX512: func.func private @k0
// AVX512: memref<144x528xf32>
// AVX512: scf.for {{.*}} to %c3072{{[_0-9]*}} step %c768
func.func @main(%a: tensor<2304x3072xf32>, %p: tensor<96x3072x16xf32>) -> tensor<2304x1536xf32> {
  %y = nn.packed_matmul %a, %p {columns = 1536 : i64} : (tensor<2304x3072xf32>, tensor<96x3072x16xf32>) -> tensor<2304x1536xf32>
  return %y : tensor<2304x1536xf32>
}
