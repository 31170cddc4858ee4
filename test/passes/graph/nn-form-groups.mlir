// RUN: nnc-opt %s -nn-form-groups | FileCheck %s
// RUN: nnc-opt %s -nn-form-groups=fuse=false | FileCheck %s --check-prefix=ALONE

// A product takes the elementwise ops behind it along; a scalar constant moves in.
// CHECK-LABEL: func.func @epilogue
// ALONE-LABEL: func.func @epilogue
func.func @epilogue(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  // CHECK: %[[G:.*]] = nn.group %arg0, %arg1, %arg2 {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x4xf32>, %[[W:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<8xf32>):
  // CHECK-DAG: nn.constant dense<2.000000e+00>
  // CHECK-DAG: %[[P:.*]] = nn.matmul %[[X]], %[[W]]
  // CHECK: nn.binary {{ *}}add %[[P]], %[[B]]
  // CHECK: nn.binary {{ *}}mul
  // CHECK: nn.yield
  // CHECK: same_shape = array<i1: false, false, false>
  // CHECK: return %[[G]]
  // ALONE-COUNT-3: nn.group
  %two = nn.constant dense<2.0> : tensor<f32> : tensor<f32>
  %p = nn.matmul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %s = nn.binary add %p, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %y = nn.binary mul %s, %two : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A value that something else needs as well has memory of its own.
// CHECK-LABEL: func.func @second_use
func.func @second_use(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: nn.group
  // CHECK: nn.unary {{ *}}exp
  // CHECK: nn.group
  // CHECK: nn.unary {{ *}}neg
  %e = nn.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %n = nn.unary neg %e : (tensor<4xf32>) -> tensor<4xf32>
  return %e, %n : tensor<4xf32>, tensor<4xf32>
}

// Views, shapes and control flow are no kernels.
// CHECK-LABEL: func.func @host
func.func @host(%x: tensor<2x?xf32>, %c: tensor<i1>) -> (tensor<?xf32>, tensor<2xi64>) {
  // CHECK-NOT: nn.group
  // CHECK: nn.constant
  // CHECK: nn.reshape
  // CHECK: nn.shape_of
  // CHECK: nn.if
  // CHECK: nn.group
  // CHECK: nn.unary {{ *}}exp
  // CHECK: else
  %l = nn.constant dense<[-1]> : tensor<1xi64> : tensor<1xi64>
  %f = nn.reshape %x, %l : (tensor<2x?xf32>, tensor<1xi64>) -> tensor<?xf32>
  %s = nn.shape_of %x {begin = 0 : i64, end = 2 : i64} : (tensor<2x?xf32>) -> tensor<2xi64>
  %y = nn.if %c {
    %e = nn.unary exp %f : (tensor<?xf32>) -> tensor<?xf32>
    nn.yield %e : tensor<?xf32>
  } else {
    nn.yield %f : tensor<?xf32>
  } : (tensor<i1>) -> tensor<?xf32>
  return %y, %s : tensor<?xf32>, tensor<2xi64>
}
