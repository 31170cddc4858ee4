// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s --check-prefixes=CHECK,AVX512

// Seven products for a tile of each quadrant, 12 sums with AVX2, 22 with AVX-512 (64 rows of a quadrant are five tiles of
// 11 and one of 9). Between its steps the first one forms vectors of T3 and, where the rows are new, of S3; others ask for
// the panels of the next round, and for sums that the next tile begins with.
// CHECK: func.func private @k0
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX512: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){21})}}vector<16xf32>)
// CHECK: arith.subf
// CHECK: scf.if
// CHECK: arith.subf
// CHECK: memref.prefetch
// AVX2-COUNT-84: vector.fma {{.*}} vector<8xf32>
// AVX512-COUNT-154: vector.fma {{.*}} vector<16xf32>
// The epilogue reads finished sums.
// CHECK: math.tanh
func.func @main(%a: tensor<128x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<128x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64, strassen} : (tensor<128x768xf32>, tensor<192x768x16xf32>) -> tensor<128x3072xf32>
  %z = nn.unary tanh %y : (tensor<128x3072xf32>) -> tensor<128x3072xf32>
  return %z : tensor<128x3072xf32>
}
