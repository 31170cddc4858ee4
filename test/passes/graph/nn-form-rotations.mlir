// RUN: nnc-opt %s -nn-form-rotations --split-input-file | FileCheck %s

// Halves that are negated and joined: the heads as two rows, and the same in reverse.
// CHECK-LABEL: func.func @turned
// CHECK-NOT: nn.concat
// CHECK: %[[ROWS:.*]] = nn.reshape %arg0, {{.*}} -> tensor<?x3x5x2x4xf32>
// CHECK: %[[REVERSED:.*]] = nn.slice %[[ROWS]], {{.*}} {axes = array<i64: 3>, steps = array<i64: -1>}
// CHECK: %[[COS:.*]] = nn.reshape %arg1, {{.*}} -> tensor<5x2x4xf32>
// CHECK: %[[REAL:.*]] = nn.binary mul %[[ROWS]], %[[COS]]
// CHECK: %[[SIGNS:.*]] = nn.constant dense<{{\[\[}}-1.000000e+00], [1.000000e+00{{\]\]}}> : tensor<2x1xf32>
// CHECK: %[[SIGNED:.*]] = nn.binary mul %[[REVERSED]], %[[SIGNS]]
// CHECK: %[[SIN:.*]] = nn.reshape %arg2, {{.*}} -> tensor<5x2x4xf32>
// CHECK: %[[IMAGINARY:.*]] = nn.binary mul %[[SIGNED]], %[[SIN]]
// CHECK: %[[SUM:.*]] = nn.binary add %[[REAL]], %[[IMAGINARY]]
// CHECK: nn.reshape %[[SUM]], {{.*}} -> tensor<?x3x5x8xf32>
func.func @turned(%x: tensor<?x3x5x8xf32>, %c: tensor<5x8xf32>, %s: tensor<5x8xf32>) -> tensor<?x3x5x8xf32> {
  %0 = nn.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %4 = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  %8 = nn.constant dense<8> : tensor<1xi64> : tensor<1xi64>
  %first = nn.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x3x5x8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x3x5x4xf32>
  %second = nn.slice %x, %4, %8 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x3x5x8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x3x5x4xf32>
  %n = nn.unary neg %second : (tensor<?x3x5x4xf32>) -> tensor<?x3x5x4xf32>
  %j = nn.concat %n, %first {axis = 3 : i64} : (tensor<?x3x5x4xf32>, tensor<?x3x5x4xf32>) -> tensor<?x3x5x8xf32>
  %a = nn.binary mul %x, %c : (tensor<?x3x5x8xf32>, tensor<5x8xf32>) -> tensor<?x3x5x8xf32>
  %b = nn.binary mul %j, %s : (tensor<?x3x5x8xf32>, tensor<5x8xf32>) -> tensor<?x3x5x8xf32>
  %y = nn.binary add %a, %b : (tensor<?x3x5x8xf32>, tensor<?x3x5x8xf32>) -> tensor<?x3x5x8xf32>
  return %y : tensor<?x3x5x8xf32>
}
// -----
// Heads that were brought in front of positions: that goes behind, and angles without heads are seen with a dim for them.
// CHECK-LABEL: func.func @behind
// CHECK: nn.unsqueeze {{.*}} {axes = array<i64: 2>} {{.*}} -> tensor<1x5x1x8xf32>
// CHECK: nn.reshape %arg0, {{.*}} -> tensor<2x5x3x2x4xf32>
// CHECK: %[[Y:.*]] = nn.reshape {{.*}} -> tensor<2x5x3x8xf32>
// CHECK: nn.transpose %[[Y]] {perm = array<i64: 0, 2, 1, 3>}
func.func @behind(%t: tensor<2x5x3x8xf32>, %c: tensor<1x1x5x8xf32>, %s: tensor<1x1x5x8xf32>) -> tensor<2x3x5x8xf32> {
  %x = nn.transpose %t {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x8xf32>) -> tensor<2x3x5x8xf32>
  %first, %second = nn.split %x {axis = 3 : i64} : (tensor<2x3x5x8xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>)
  %n = nn.unary neg %second : (tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %j = nn.concat %n, %first {axis = 3 : i64} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x8xf32>
  %a = nn.binary mul %x, %c : (tensor<2x3x5x8xf32>, tensor<1x1x5x8xf32>) -> tensor<2x3x5x8xf32>
  %b = nn.binary mul %s, %j : (tensor<1x1x5x8xf32>, tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  %y = nn.binary add %b, %a : (tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  return %y : tensor<2x3x5x8xf32>
}
// -----
// Written by halves, with the angles of one half; of longer heads the rows that turn are read where they lie.
// CHECK-LABEL: func.func @halves
// CHECK: %[[ROWS:.*]] = nn.reshape %arg0, {{.*}} -> tensor<2x5x3x4xf32>
// CHECK: nn.slice %[[ROWS]], {{.*}} steps = array<i64: 1>{{.*}} -> tensor<2x5x2x4xf32>
// CHECK: nn.slice %[[ROWS]], {{.*}} steps = array<i64: -1>{{.*}} -> tensor<2x5x2x4xf32>
// CHECK: nn.reshape %arg1, {{.*}} -> tensor<5x1x4xf32>
func.func @halves(%z: tensor<2x5x12xf32>, %c: tensor<5x4xf32>, %s: tensor<5x4xf32>) -> tensor<2x5x8xf32> {
  %4 = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  %12 = nn.constant dense<12> : tensor<1xi64> : tensor<1xi64>
  %x = nn.slice %z, %4, %12 {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<2x5x12xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x5x8xf32>
  %first, %second = nn.split %x {axis = 2 : i64} : (tensor<2x5x8xf32>) -> (tensor<2x5x4xf32>, tensor<2x5x4xf32>)
  %a = nn.binary mul %first, %c : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %b = nn.binary mul %second, %s : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %d = nn.binary mul %second, %c : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %e = nn.binary mul %first, %s : (tensor<2x5x4xf32>, tensor<5x4xf32>) -> tensor<2x5x4xf32>
  %r = nn.binary sub %a, %b : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %i = nn.binary add %d, %e : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %y = nn.concat %r, %i {axis = 2 : i64} : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x8xf32>
  return %y : tensor<2x5x8xf32>
}
// -----
// The second half is not negated: no rotation.
// CHECK-LABEL: func.func @stays
// CHECK: nn.concat
func.func @stays(%x: tensor<2x5x8xf32>, %c: tensor<5x8xf32>, %s: tensor<5x8xf32>) -> tensor<2x5x8xf32> {
  %first, %second = nn.split %x {axis = 2 : i64} : (tensor<2x5x8xf32>) -> (tensor<2x5x4xf32>, tensor<2x5x4xf32>)
  %j = nn.concat %second, %first {axis = 2 : i64} : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x8xf32>
  %a = nn.binary mul %x, %c : (tensor<2x5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x8xf32>
  %b = nn.binary mul %j, %s : (tensor<2x5x8xf32>, tensor<5x8xf32>) -> tensor<2x5x8xf32>
  %y = nn.binary add %a, %b : (tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %y : tensor<2x5x8xf32>
}
