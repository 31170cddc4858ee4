// RUN: nnc-opt %s -nn-infer-shapes -canonicalize | FileCheck %s

// What exporters write for x.view(x.size(0), -1) with static inputs: all of it is known.
// CHECK-LABEL: func.func @static
func.func @static(%x: tensor<2x3x4xf32>) -> tensor<*xf32> {
  %i = nn.constant dense<0> : tensor<i64> : tensor<i64>
  %rest = nn.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %s = nn.shape_of %x {begin = 0 : i64, end = 3 : i64} : (tensor<2x3x4xf32>) -> tensor<*xi64>
  %n = nn.gather %s, %i {axis = 0 : i64} : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %u = nn.unsqueeze %n {axes = array<i64: 0>} : (tensor<*xi64>) -> tensor<*xi64>
  %l = nn.concat %u, %rest {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK: %[[S:.*]] = nn.constant dense<[2, -1]>
  // CHECK-NEXT: %[[Y:.*]] = nn.reshape %arg0, %[[S]] : {{.*}} -> tensor<2x12xf32>
  // CHECK-NEXT: return %[[Y]] : tensor<2x12xf32>
  %y = nn.reshape %x, %l : (tensor<2x3x4xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// Extents in floats: a size scaled by 1.5 and rounded down.
// CHECK-LABEL: func.func @floats
func.func @floats(%x: tensor<1x5xf32>, %v: tensor<f32>) -> tensor<*xf32> {
  %f = nn.constant dense<1.5> : tensor<f32> : tensor<f32>
  %s = nn.shape_of %x {begin = 1 : i64, end = 2 : i64} : (tensor<1x5xf32>) -> tensor<*xi64>
  %c = nn.cast %s : (tensor<*xi64>) -> tensor<*xf32>
  %m = nn.binary mul %c, %f : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
  %d = nn.unary floor %m : (tensor<*xf32>) -> tensor<*xf32>
  %n = nn.cast %d : (tensor<*xf32>) -> tensor<*xi64>
  // CHECK: nn.fill {{.*}} -> tensor<7xf32>
  %y = nn.fill %n, %v : (tensor<*xi64>, tensor<f32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// PyTorch's pads: a matrix that is flipped, transposed and flattened.
// CHECK-LABEL: func.func @matrix
func.func @matrix(%x: tensor<4x5xf32>) -> tensor<*xf32> {
  %p = nn.constant dense<[1, 2, 3, 4]> : tensor<4xi64> : tensor<4xi64>
  %two = nn.constant dense<[-1, 2]> : tensor<2xi64> : tensor<2xi64>
  %flat = nn.constant dense<[-1]> : tensor<1xi64> : tensor<1xi64>
  %start = nn.constant dense<[-1]> : tensor<1xi64> : tensor<1xi64>
  %end = nn.constant dense<[-9223372036854775807]> : tensor<1xi64> : tensor<1xi64>
  %a = nn.reshape %p, %two : (tensor<4xi64>, tensor<2xi64>) -> tensor<*xi64>
  %b = nn.slice %a, %start, %end {axes = array<i64: 0>, steps = array<i64: -1>} : (tensor<*xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  %c = nn.transpose %b {perm = array<i64: 1, 0>} : (tensor<*xi64>) -> tensor<*xi64>
  // CHECK: %[[P:.*]] = nn.constant dense<[3, 1, 4, 2]> : tensor<4xi64>
  // CHECK: nn.pad {{ *}}constant %arg0, %[[P]] : {{.*}} -> tensor<11x8xf32>
  %d = nn.reshape %c, %flat : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %y = nn.pad constant %x, %d : (tensor<4x5xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// An extent is never the -1 that PyTorch's expand compares it with.
// CHECK-LABEL: func.func @expand
func.func @expand(%x: tensor<1x4xf32>, %z: tensor<?x?xf32>) -> tensor<*xf32> {
  %minus = nn.constant dense<-1> : tensor<i64> : tensor<i64>
  %ones = nn.constant dense<1> : tensor<2xi64> : tensor<2xi64>
  %four = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  %s = nn.shape_of %z {begin = 0 : i64, end = 1 : i64} : (tensor<?x?xf32>) -> tensor<*xi64>
  %l = nn.concat %s, %four {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK: nn.constant dense<false> : tensor<2xi1>
  %c = nn.compare eq %l, %minus : (tensor<*xi64>, tensor<i64>) -> tensor<*xi1>
  %w = nn.select %c, %ones, %l : (tensor<*xi1>, tensor<2xi64>, tensor<*xi64>) -> tensor<*xi64>
  // CHECK: nn.broadcast_to {{.*}} -> tensor<?x4xf32>
  %y = nn.broadcast_to %x, %w : (tensor<1x4xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// Equal functions of equal extents are equal, whatever the function: the two halves add up elementwise.
// CHECK-LABEL: func.func @halves
func.func @halves(%x: tensor<?x6xf32>) -> tensor<*xf32> {
  %l = nn.constant dense<[-1, 2, 3]> : tensor<3xi64> : tensor<3xi64>
  %zero = nn.constant dense<[0]> : tensor<1xi64> : tensor<1xi64>
  %last = nn.constant dense<[-1]> : tensor<1xi64> : tensor<1xi64>
  %a = nn.slice %x, %zero, %last {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<?x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xf32>
  %b = nn.reshape %a, %l : (tensor<*xf32>, tensor<3xi64>) -> tensor<*xf32>
  // CHECK: nn.reshape {{.*}} -> tensor<?x2x3xf32>
  return %b : tensor<*xf32>
}
