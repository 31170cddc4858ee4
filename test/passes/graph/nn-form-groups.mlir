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

// A piece of a split is read where it lies: the group has the whole tensor, once for each box.
// CHECK-LABEL: func.func @gate
// ALONE-LABEL: func.func @gate
func.func @gate(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  // CHECK-NOT: nn.split
  // CHECK: nn.group %arg0, %arg0 {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x64xf32>, %[[B:.*]]: tensor<?x64xf32>):
  // CHECK-DAG: nn.constant dense<0> : tensor<1xi64>
  // CHECK-DAG: nn.constant dense<32> : tensor<1xi64>
  // CHECK-DAG: nn.slice %[[A]], {{.*}} {axes = array<i64: 1>, steps = array<i64: 1>}
  // CHECK-DAG: nn.slice %[[B]], {{.*}} {axes = array<i64: 1>, steps = array<i64: 1>}
  // CHECK: nn.binary {{ *}}mul
  // CHECK: same_shape = array<i1: true, true>
  // ALONE-COUNT-2: nn.group
  %a, %b = nn.split %x {axis = 1 : i64} : (tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>)
  %y = nn.binary mul %a, %b : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// A slice of a slice is a box of what that is a slice of.
// CHECK-LABEL: func.func @box_of_box
func.func @box_of_box(%x: tensor<20x64xf32>) -> tensor<9x32xf32> {
  // CHECK-NOT: nn.slice
  // CHECK: nn.group %arg0 {
  // CHECK-DAG: %[[STARTS:.*]] = nn.constant dense<[2, 32]>
  // CHECK-DAG: %[[ENDS:.*]] = nn.constant dense<[19, 64]>
  // CHECK: nn.slice %{{.*}}, %[[STARTS]], %[[ENDS]] {axes = array<i64: 0, 1>, steps = array<i64: 2, 1>}
  %one = nn.constant dense<1> : tensor<1xi64> : tensor<1xi64>
  %end = nn.constant dense<100> : tensor<1xi64> : tensor<1xi64>
  %half = nn.constant dense<[0, -32]> : tensor<2xi64> : tensor<2xi64>
  %ends = nn.constant dense<[100, 100]> : tensor<2xi64> : tensor<2xi64>
  %s = nn.slice %x, %half, %ends {axes = array<i64: 0, 1>, steps = array<i64: 2, 1>} : (tensor<20x64xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<10x32xf32>
  %t = nn.slice %s, %one, %end {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<10x32xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<9x32xf32>
  %y = nn.unary neg %t : (tensor<9x32xf32>) -> tensor<9x32xf32>
  return %y : tensor<9x32xf32>
}

// A box of few neighbours is copied, one with steps along the last dim too, and what is given to a product.
// CHECK-LABEL: func.func @copies
func.func @copies(%x: tensor<20x64xf32>, %w: tensor<64x20xf32>) -> (tensor<20x7xf32>, tensor<20x32xf32>, tensor<10x20xf32>) {
  // CHECK-COUNT-6: nn.group
  // CHECK-NOT: nn.group
  // CHECK: return
  %zero = nn.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %few = nn.constant dense<7> : tensor<1xi64> : tensor<1xi64>
  %ten = nn.constant dense<10> : tensor<1xi64> : tensor<1xi64>
  %end = nn.constant dense<64> : tensor<1xi64> : tensor<1xi64>
  %a = nn.slice %x, %zero, %few {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<20x64xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<20x7xf32>
  %b = nn.slice %x, %zero, %end {axes = array<i64: 1>, steps = array<i64: 2>} : (tensor<20x64xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<20x32xf32>
  %c = nn.slice %x, %zero, %ten {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<20x64xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<10x64xf32>
  %p = nn.unary neg %a : (tensor<20x7xf32>) -> tensor<20x7xf32>
  %q = nn.unary neg %b : (tensor<20x32xf32>) -> tensor<20x32xf32>
  %r = nn.matmul %c, %w : (tensor<10x64xf32>, tensor<64x20xf32>) -> tensor<10x20xf32>
  return %p, %q, %r : tensor<20x7xf32>, tensor<20x32xf32>, tensor<10x20xf32>
}
