// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s --check-prefix=AVX2

// Seven products for a tile of each quadrant, of 22 sums (64 rows of a quadrant are five tiles of 11 and one of 9). Between its steps the first one forms vectors of T3 and, where the rows are new, of S3; others ask for
// the panels of the next round, and for sums that the next tile begins with.
// CHECK: func.func private @k0
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){21})}}vector<16xf32>)
// CHECK: arith.subf
// CHECK: scf.if
// CHECK: arith.subf
// CHECK: memref.prefetch
// CHECK-COUNT-154: vector.fma {{.*}} vector<16xf32>
// The epilogue reads finished sums.
// CHECK: math.tanh
// With AVX2, whose tiles hold half as many sums, it would not pay.
// AVX2: func.func private @k0
// AVX2-NOT: arith.subf
// AVX2-COUNT-12: vector.fma {{.*}} vector<8xf32>
// AVX2: math.tanh
func.func @main(%a: tensor<128x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<128x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64, strassen} : (tensor<128x768xf32>, tensor<192x768x16xf32>) -> tensor<128x3072xf32>
  %z = nn.unary tanh %y : (tensor<128x3072xf32>) -> tensor<128x3072xf32>
  return %z : tensor<128x3072xf32>
}
