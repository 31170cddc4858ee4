// RUN: nnc-opt %s -nn-sink-views -nn-form-groups | FileCheck %s

// Residual and activation join the product's kernel.
// CHECK-LABEL: func.func @residual
// CHECK: %[[R:.*]] = nn.reshape %arg2, {{.*}} -> tensor<6x16xf32>
// CHECK: %[[Y:.*]] = nn.group %arg0, %arg1, %arg3, %[[R]]
// CHECK: nn.packed_matmul
// CHECK: nn.binary add
// CHECK: nn.binary add
// CHECK: nn.unary relu
// CHECK: %[[V:.*]] = nn.reshape %[[Y]], {{.*}} -> tensor<2x3x16xf32>
// CHECK: return %[[V]]
func.func @residual(%a: tensor<6x8xf32>, %p: tensor<1x8x16xf32>, %r: tensor<2x3x16xf32>, %b: tensor<16xf32>) -> tensor<2x3x16xf32> {
  %s = nn.constant dense<[2, 3, 16]> : tensor<3xi64> : tensor<3xi64>
  %0 = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<6x8xf32>, tensor<1x8x16xf32>) -> tensor<6x16xf32>
  %1 = nn.reshape %0, %s : (tensor<6x16xf32>, tensor<3xi64>) -> tensor<2x3x16xf32>
  %2 = nn.binary add %1, %b : (tensor<2x3x16xf32>, tensor<16xf32>) -> tensor<2x3x16xf32>
  %3 = nn.binary add %r, %2 : (tensor<2x3x16xf32>, tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  %4 = nn.unary relu %3 : (tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  return %4 : tensor<2x3x16xf32>
}

// An operand that differs from row to row of one dim has no place in the other shape.
// CHECK-LABEL: func.func @stays
// CHECK: nn.packed_matmul
// CHECK-NEXT: nn.yield
func.func @stays(%a: tensor<6x8xf32>, %p: tensor<1x8x16xf32>, %r: tensor<3x1xf32>) -> tensor<2x3x16xf32> {
  %s = nn.constant dense<[2, 3, 16]> : tensor<3xi64> : tensor<3xi64>
  %0 = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<6x8xf32>, tensor<1x8x16xf32>) -> tensor<6x16xf32>
  %1 = nn.reshape %0, %s : (tensor<6x16xf32>, tensor<3xi64>) -> tensor<2x3x16xf32>
  %2 = nn.binary add %1, %r : (tensor<2x3x16xf32>, tensor<3x1xf32>) -> tensor<2x3x16xf32>
  return %2 : tensor<2x3x16xf32>
}

// x * sigmoid(x) reads the view twice.
// CHECK-LABEL: func.func @swish
// CHECK: nn.packed_matmul
// CHECK: nn.unary sigmoid
// CHECK: nn.binary mul
// CHECK: nn.yield
// CHECK-NOT: nn.group
// CHECK: return
func.func @swish(%a: tensor<6x8xf32>, %p: tensor<1x8x16xf32>) -> tensor<2x3x16xf32> {
  %s = nn.constant dense<[2, 3, 16]> : tensor<3xi64> : tensor<3xi64>
  %0 = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<6x8xf32>, tensor<1x8x16xf32>) -> tensor<6x16xf32>
  %1 = nn.reshape %0, %s : (tensor<6x16xf32>, tensor<3xi64>) -> tensor<2x3x16xf32>
  %2 = nn.unary sigmoid %1 : (tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  %3 = nn.binary mul %1, %2 : (tensor<2x3x16xf32>, tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  return %3 : tensor<2x3x16xf32>
}

// What only one of two readers could join stays where it is.
// CHECK-LABEL: func.func @two_readers
// CHECK: nn.packed_matmul
// CHECK-NEXT: nn.yield
func.func @two_readers(%a: tensor<6x8xf32>, %p: tensor<1x8x16xf32>, %b: tensor<2x1x1xf32>) -> (tensor<2x3x16xf32>, tensor<2x3x16xf32>) {
  %s = nn.constant dense<[2, 3, 16]> : tensor<3xi64> : tensor<3xi64>
  %0 = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<6x8xf32>, tensor<1x8x16xf32>) -> tensor<6x16xf32>
  %1 = nn.reshape %0, %s : (tensor<6x16xf32>, tensor<3xi64>) -> tensor<2x3x16xf32>
  %2 = nn.unary sigmoid %1 : (tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  %3 = nn.binary mul %1, %b : (tensor<2x3x16xf32>, tensor<2x1x1xf32>) -> tensor<2x3x16xf32>
  return %2, %3 : tensor<2x3x16xf32>, tensor<2x3x16xf32>
}
