// RUN: nnc-opt %s -split-input-file -nn-form-groups -nn-reuse-operands | FileCheck %s
// RUN: nnc-opt %s -split-input-file -nn-form-groups -nn-reuse-operands -nn-build-kernels -nn-plan-memory | FileCheck %s --check-prefix=PLAN

// The elementwise group takes over what the softmax wrote, through a view too; one place serves both. The softmax reads
// all over its operand, which is an input anyway.
// CHECK-LABEL: func.func @main
// CHECK: nn.softmax
// CHECK-NOT: nn.in_place
// CHECK: nn.unary exp
// CHECK: } {nn.in_place = 0 : i64}
// CHECK: nn.softmax
// CHECK-NOT: nn.in_place
// PLAN: nn.arena_bytes = 4096 : i64
// The kernel does not touch the memref of that operand.
// PLAN: func.func private @k1(%{{.*}}: !llvm.ptr, %{{[^:]*}}: memref<0xi8>, %[[IN:[^:]*]]: memref<1024xf32>, %[[OUT:[^:]*]]: memref<1024xf32>
// PLAN-NOT: vector.load %[[IN]]
// PLAN: vector.load %[[OUT]]
func.func @main(%x: tensor<32x32xf32>) -> tensor<1024xf32> {
  %s = nn.constant dense<1024> : tensor<1xi64> : tensor<1xi64>
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %1 = nn.reshape %0, %s : (tensor<32x32xf32>, tensor<1xi64>) -> tensor<1024xf32>
  %2 = nn.unary exp %1 : (tensor<1024xf32>) -> tensor<1024xf32>
  %3 = nn.softmax softmax %2 {axis = 0} : (tensor<1024xf32>) -> tensor<1024xf32>
  return %3 : tensor<1024xf32>
}

// -----

// Not what is read later, nor what is broadcast, nor what has elements of another width.
// CHECK-LABEL: func.func @main
// CHECK-NOT: nn.in_place
// CHECK: return
func.func @main(%x: tensor<32x32xf32>, %y: tensor<32x1xf32>) -> (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf16>) {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %1 = nn.unary exp %0 : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %2 = nn.softmax softmax %1 {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %3 = nn.softmax softmax %0 {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %4 = nn.reduce max %x {axes = array<i64: 1>, keepdims} : (tensor<32x32xf32>) -> tensor<32x1xf32>
  %5 = nn.binary add %4, %x : (tensor<32x1xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %6 = nn.softmax softmax %5 {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %7 = nn.cast %6 : (tensor<32x32xf32>) -> tensor<32x32xf16>
  %8 = nn.softmax softmax %7 {axis = 1} : (tensor<32x32xf16>) -> tensor<32x32xf16>
  return %2, %3, %8 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf16>
}

// -----

// The residual of a product, not its left factor, whose rows other items read.
// CHECK-LABEL: func.func @main
// CHECK: nn.packed_matmul
// CHECK: } {nn.in_place = 2 : i64}
// CHECK-NOT: nn.in_place
func.func @main(%x: tensor<32x16xf32>, %w: tensor<1x16x16xf32>) -> tensor<32x16xf32> {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<32x16xf32>) -> tensor<32x16xf32>
  %1 = nn.softmax softmax %x {axis = 0} : (tensor<32x16xf32>) -> tensor<32x16xf32>
  %2 = nn.packed_matmul %0, %w {columns = 16} : (tensor<32x16xf32>, tensor<1x16x16xf32>) -> tensor<32x16xf32>
  %3 = nn.binary add %2, %1 : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
  %4 = nn.packed_matmul %3, %w {columns = 16} : (tensor<32x16xf32>, tensor<1x16x16xf32>) -> tensor<32x16xf32>
  %5 = nn.binary add %4, %3 : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
  %6 = nn.softmax softmax %5 {axis = 1} : (tensor<32x16xf32>) -> tensor<32x16xf32>
  return %6 : tensor<32x16xf32>
}

// -----

// Memory of a size that only the run knows is taken over as well: one allocation, given back once.
// CHECK-LABEL: func.func @main
// CHECK: {nn.in_place = 0 : i64, same_shape
// PLAN: nn.arena_bytes = 0 : i64
// PLAN: func.func @nn_entry
// PLAN: call @nncrt_alloc
// PLAN-NOT: call @nncrt_alloc
// PLAN: call @nncrt_free
// PLAN-NOT: call @nncrt_free
func.func @main(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<?x16xf32>) -> tensor<?x16xf32>
  %1 = nn.unary exp %0 : (tensor<?x16xf32>) -> tensor<?x16xf32>
  %2 = nn.softmax softmax %1 {axis = 1} : (tensor<?x16xf32>) -> tensor<?x16xf32>
  return %2 : tensor<?x16xf32>
}
