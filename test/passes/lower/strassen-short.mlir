// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s --check-prefix=AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s --check-prefix=AVX512

// With AVX-512 sums of a short depth are whole, which takes few rounds; with AVX2 the product takes the plain way.
// AVX2: func.func private @k0
// AVX2-NOT: arith.subf
// AVX512: func.func private @k0
// AVX512: arith.subf
func.func @main(%a: tensor<128x768xf32>, %p: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64, strassen} : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32>
  return %y : tensor<128x768xf32>
}
