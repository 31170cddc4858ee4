// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @views
func.func @views(%x: tensor<2x?x1x3xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  %s = nn.constant dense<[0, -1, 6]> : tensor<3xi64> : tensor<3xi64>
  // CHECK: nn.reshape {{.*}} -> tensor<2x?x6xf32>
  %0 = nn.reshape %x, %s : (tensor<2x?x1x3xf32>, tensor<3xi64>) -> tensor<*xf32>
  // CHECK: nn.squeeze {{.*}} -> tensor<2x?x3xf32>
  %1 = nn.squeeze %x {axes = array<i64: 2>} : (tensor<2x?x1x3xf32>) -> tensor<*xf32>
  // CHECK: nn.unsqueeze {{.*}} -> tensor<1x2x?x1x3x1xf32>
  %2 = nn.unsqueeze %x {axes = array<i64: 0, 5>} : (tensor<2x?x1x3xf32>) -> tensor<*xf32>
  // CHECK: nn.flatten {{.*}} -> tensor<?x3xf32>
  %3 = nn.flatten %x {axis = 2 : i64} : (tensor<2x?x1x3xf32>) -> tensor<*xf32>
  return %0, %1, %2, %3 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @moves
func.func @moves(%x: tensor<2x?x6xf32>, %y: tensor<2x4x6xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  %starts = nn.constant dense<[-1, 1]> : tensor<2xi64> : tensor<2xi64>
  %ends = nn.constant dense<[-100, 9]> : tensor<2xi64> : tensor<2xi64>
  %sizes = nn.constant dense<[1, 5]> : tensor<2xi64> : tensor<2xi64>
  // CHECK: nn.transpose {{.*}} -> tensor<6x2x?xf32>
  %0 = nn.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x?x6xf32>) -> tensor<*xf32>
  // CHECK: nn.concat {{.*}} -> tensor<2x?x6xf32>
  %1 = nn.concat %x, %y {axis = 1 : i64} : (tensor<2x?x6xf32>, tensor<2x4x6xf32>) -> tensor<*xf32>
  // CHECK: nn.slice {{.*}} -> tensor<2x2x5xf32>
  %2 = nn.slice %y, %starts, %ends {axes = array<i64: 1, 2>, steps = array<i64: -2, 1>} : (tensor<2x4x6xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<*xf32>
  // CHECK: nn.split {{.*}} -> (tensor<2x?x1xf32>, tensor<2x?x5xf32>)
  %3:2 = nn.split %x, %sizes {axis = 2 : i64} : (tensor<2x?x6xf32>, tensor<2xi64>) -> (tensor<*xf32>, tensor<*xf32>)
  // CHECK: nn.split {{.*}} -> (tensor<2x2x6xf32>, tensor<2x2x6xf32>)
  %4:2 = nn.split %y {axis = 1 : i64} : (tensor<2x4x6xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0, %1, %2, %3#1, %4#1 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}

// CHECK-LABEL: func.func @grows
func.func @grows(%x: tensor<1x3xf32>, %s: tensor<2xi64>, %n: tensor<i64>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xi64>) {
  %l = nn.constant dense<[4, 1, 3]> : tensor<3xi64> : tensor<3xi64>
  %r = nn.constant dense<[2, 5]> : tensor<2xi64> : tensor<2xi64>
  %p = nn.constant dense<[1, 0, 0, -1]> : tensor<4xi64> : tensor<4xi64>
  %v = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1> : tensor<i64> : tensor<i64>
  // CHECK: nn.broadcast_to {{.*}} -> tensor<4x1x3xf32>
  %0 = nn.broadcast_to %x, %l : (tensor<1x3xf32>, tensor<3xi64>) -> tensor<*xf32>
  // CHECK: nn.tile {{.*}} -> tensor<2x15xf32>
  %1 = nn.tile %x, %r : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  // CHECK: nn.pad {{ *}}constant {{.*}} -> tensor<2x2xf32>
  %2 = nn.pad constant %x, %p : (tensor<1x3xf32>, tensor<4xi64>) -> tensor<*xf32>
  // CHECK: nn.fill {{.*}} -> tensor<?x?xf32>
  %3 = nn.fill %s, %v : (tensor<2xi64>, tensor<f32>) -> tensor<*xf32>
  // CHECK: nn.range {{.*}} -> tensor<?xi64>
  %4 = nn.range %one, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<*xi64>
  return %0, %1, %2, %3, %4 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xi64>
}

// CHECK-LABEL: func.func @matrices
func.func @matrices(%x: tensor<3x?xf32>, %l: tensor<3xi64>) -> (tensor<*xi64>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.shape_of {{.*}} -> tensor<1xi64>
  %0 = nn.shape_of %x {begin = 1 : i64, end = 2 : i64} : (tensor<3x?xf32>) -> tensor<*xi64>
  // CHECK: nn.trilu {{.*}} -> tensor<3x?xf32>
  %1 = nn.trilu %x {upper} : (tensor<3x?xf32>) -> tensor<*xf32>
  // CHECK: nn.eye_like {{.*}} -> tensor<3x?xf32>
  %2 = nn.eye_like %x {k = 1 : i64} : (tensor<3x?xf32>) -> tensor<*xf32>
  // CHECK: nn.reverse_sequence {{.*}} -> tensor<3x?xf32>
  %3 = nn.reverse_sequence %x, %l {batch_axis = 0 : i64, time_axis = 1 : i64} : (tensor<3x?xf32>, tensor<3xi64>) -> tensor<*xf32>
  return %0, %1, %2, %3 : tensor<*xi64>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}
