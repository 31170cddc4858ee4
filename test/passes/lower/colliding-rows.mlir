// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s --check-prefix=AVX2

// Twelve rows that lie whole pages apart would evict each other from the first-level cache: eight of them and three panels,
// or six and four, make tiles as large. Six rows, all that AVX2 has registers for, do not.
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK-COUNT-3: vector.load
// CHECK-NOT: vector.load
// CHECK-COUNT-8: memref.load
// CHECK-NOT: memref.load
// CHECK: scf.yield
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX2-COUNT-2: vector.load
// AVX2-NOT: vector.load
// AVX2-COUNT-6: memref.load
// AVX2-NOT: memref.load
// AVX2: vector.load
// AVX2: scf.yield
func.func @main(%a: tensor<96x1024xf32>, %p: tensor<48x1024x16xf32>) -> tensor<96x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<96x1024xf32>, tensor<48x1024x16xf32>) -> tensor<96x768xf32>
  return %y : tensor<96x768xf32>
}
// -----
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK-COUNT-4: vector.load
// CHECK-NOT: vector.load
// CHECK-COUNT-6: memref.load
// CHECK-NOT: memref.load
// CHECK: scf.yield
func.func @main(%a: tensor<96x3072xf32>, %p: tensor<64x3072x16xf32>) -> tensor<96x1024xf32> {
  %y = nn.packed_matmul %a, %p {columns = 1024 : i64} : (tensor<96x3072xf32>, tensor<64x3072x16xf32>) -> tensor<96x1024xf32>
  return %y : tensor<96x1024xf32>
}
// -----
// Rows a little further apart lie in other sets.
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<16xf32>, ){23})}}vector<16xf32>)
// CHECK-COUNT-2: vector.load
// CHECK-NOT: vector.load
// CHECK-COUNT-12: memref.load
// CHECK: scf.yield
func.func @main(%a: tensor<96x1088xf32>, %p: tensor<48x1088x16xf32>) -> tensor<96x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<96x1088xf32>, tensor<48x1088x16xf32>) -> tensor<96x768xf32>
  return %y : tensor<96x768xf32>
}
