// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s --check-prefix=AVX2

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
// With AVX2 a tile has one panel of a round's two, and a turn four steps.
// AVX2: registers hold 6 x 16 sums
// AVX2: func.func private @k0
// AVX2: memref<2x772x16xf32>
// AVX2: arith.subf
// AVX2-COUNT-336: vector.fma {{.*}} vector<8xf32>
// AVX2: math.tanh
func.func @main(%a: tensor<128x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<128x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64, strassen} : (tensor<128x768xf32>, tensor<192x768x16xf32>) -> tensor<128x3072xf32>
  %z = nn.unary tanh %y : (tensor<128x3072xf32>) -> tensor<128x3072xf32>
  return %z : tensor<128x3072xf32>
}
// -----
// Where the epilogue is short, quadrants are stored from registers, each as soon as its last product is added: the upper
// left one after the second product of seven, and in rows that both halves have (99 of either are one more than 197) by
// the upper one. Of AVX2 these sums are half as long as pay.
// CHECK: func.func private @k0
// CHECK-COUNT-22: vector.fma
// CHECK-NOT: arith.maximumf
// CHECK-COUNT-22: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-22: arith.maximumf
// CHECK: vector.fma
// AVX2: func.func private @k0
// AVX2-NOT: arith.subf
func.func @main(%a: tensor<197x512xf32>, %p: tensor<192x512x16xf32>) -> tensor<197x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64, strassen} : (tensor<197x512xf32>, tensor<192x512x16xf32>) -> tensor<197x3072xf32>
  %z = nn.unary relu %y : (tensor<197x3072xf32>) -> tensor<197x3072xf32>
  return %z : tensor<197x3072xf32>
}
// -----
// With AVX2 S of such long sums would fill the third-level cache.
// CHECK: func.func private @k0
// CHECK: arith.subf
// AVX2: func.func private @k0
// AVX2-NOT: arith.subf
func.func @main(%a: tensor<197x3072xf32>, %p: tensor<48x3072x16xf32>) -> tensor<197x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64, strassen} : (tensor<197x3072xf32>, tensor<48x3072x16xf32>) -> tensor<197x768xf32>
  return %y : tensor<197x768xf32>
}
