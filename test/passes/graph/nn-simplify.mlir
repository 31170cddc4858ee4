// RUN: nnc-opt %s -nn-simplify -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @neutral
func.func @neutral(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %one = nn.constant dense<1.0> : tensor<4xf32> : tensor<4xf32>
  %zero = nn.constant dense<0.0> : tensor<f32> : tensor<f32>
  %nzero = nn.constant dense<-0.0> : tensor<f32> : tensor<f32>
  %a = nn.binary mul %x, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %b = nn.binary div %a, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %c = nn.binary sub %b, %zero : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %d = nn.binary add %nzero, %c : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK-NEXT: return %arg0
  return %d : tensor<?x4xf32>
}

// -0 + 0 is 0: the addition stays.
// CHECK-LABEL: func.func @signed_zero
func.func @signed_zero(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = nn.constant dense<0.0> : tensor<f32> : tensor<f32>
  %e = nn.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %a = nn.binary add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = nn.binary add %e, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: %[[E:.*]] = nn.unary {{ *}}exp
  // CHECK: %[[A:.*]] = nn.binary {{ *}}add %arg0
  // CHECK: return %[[A]], %[[E]]
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// What is normalized around its mean has no -0 either; what is only scaled may.
// CHECK-LABEL: func.func @normalized
// CHECK: %[[N:.*]] = nn.normalize standard
// CHECK: %[[R:.*]] = nn.normalize rms
// CHECK: %[[S:.*]] = nn.binary add %[[R]]
// CHECK: return %[[N]], %[[S]]
func.func @normalized(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %zero = nn.constant dense<0.0> : tensor<4xf32> : tensor<4xf32>
  %n = nn.normalize standard %x {axes = array<i64: 1>, epsilon = 1.0E-5 : f64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %r = nn.normalize rms %x {axes = array<i64: 1>, epsilon = 1.0E-5 : f64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %a = nn.binary add %n, %zero : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %b = nn.binary add %r, %zero : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
}

// A constant that broadcasts x keeps its op.
// CHECK-LABEL: func.func @broadcasts
func.func @broadcasts(%x: tensor<1x4xf32>) -> tensor<3x4xf32> {
  %one = nn.constant dense<1.0> : tensor<3x1xf32> : tensor<3x1xf32>
  // CHECK: nn.binary {{ *}}mul
  %y = nn.binary mul %x, %one : (tensor<1x4xf32>, tensor<3x1xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @powers
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = nn.constant dense<2.0> : tensor<f32> : tensor<f32>
  %eight = nn.constant dense<8.0> : tensor<f32> : tensor<f32>
  // CHECK: %[[C:.*]] = nn.constant dense<1.250000e-01>
  // CHECK: %[[S:.*]] = nn.binary {{ *}}mul %arg0, %arg0
  // CHECK: nn.binary {{ *}}mul %[[S]], %[[C]]
  %a = nn.binary pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = nn.binary div %a, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

// CHECK-LABEL: func.func @pairs
func.func @pairs(%x: tensor<4xf32>, %c: tensor<4xi1>, %h: tensor<4xf16>) -> (tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf16>) {
  %a = nn.unary neg %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.unary neg %a : (tensor<4xf32>) -> tensor<4xf32>
  %d = nn.unary logical_not %c : (tensor<4xi1>) -> tensor<4xi1>
  %e = nn.unary logical_not %d : (tensor<4xi1>) -> tensor<4xi1>
  %f = nn.unary relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %g = nn.unary relu %f : (tensor<4xf32>) -> tensor<4xf32>
  %i = nn.cast %h : (tensor<4xf16>) -> tensor<4xf32>
  %j = nn.cast %i : (tensor<4xf32>) -> tensor<4xf16>
  // CHECK-NEXT: %[[R:.*]] = nn.unary {{ *}}relu %arg0
  // CHECK-NEXT: return %arg0, %arg1, %[[R]], %arg2
  return %b, %e, %g, %j : tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf16>
}

// CHECK-LABEL: func.func @lossy_cast
func.func @lossy_cast(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-COUNT-2: nn.cast
  %a = nn.cast %x : (tensor<4xf32>) -> tensor<4xf16>
  %b = nn.cast %a : (tensor<4xf16>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

// CHECK-LABEL: func.func @select
func.func @select(%x: tensor<4xf32>, %y: tensor<f32>, %c: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %true = nn.constant dense<true> : tensor<i1> : tensor<i1>
  %false = nn.constant dense<false> : tensor<4xi1> : tensor<4xi1>
  %a = nn.select %true, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = nn.select %false, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = nn.select %c, %x, %x : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[B:.*]] = nn.broadcast_to %arg1
  // CHECK: return %arg0, %[[B]], %arg0
  return %a, %b, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @transposes
func.func @transposes(%x: tensor<2x3x4xf32>, %y: tensor<1x3x1xf32>) -> (tensor<2x3x4xf32>, tensor<4x3x2xf32>, tensor<3x1x1xf32>) {
  %a = nn.transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = nn.transpose %a {perm = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  %c = nn.transpose %a {perm = array<i64: 1, 0, 2>} : (tensor<3x4x2xf32>) -> tensor<4x3x2xf32>
  %d = nn.transpose %y {perm = array<i64: 1, 0, 2>} : (tensor<1x3x1xf32>) -> tensor<3x1x1xf32>
  // CHECK-DAG: %[[C:.*]] = nn.transpose %arg0 {perm = array<i64: 2, 1, 0>}
  // CHECK-DAG: %[[D:.*]] = nn.reshape %arg1
  // CHECK: return %arg0, %[[C]], %[[D]]
  return %b, %c, %d : tensor<2x3x4xf32>, tensor<4x3x2xf32>, tensor<3x1x1xf32>
}

// CHECK-LABEL: func.func @views
func.func @views(%x: tensor<?x3x4xf32>) -> (tensor<?x3x4xf32>, tensor<?x6xf32>) {
  %s = nn.constant dense<[-1, 12]> : tensor<2xi64> : tensor<2xi64>
  %t = nn.constant dense<[-1, 6]> : tensor<2xi64> : tensor<2xi64>
  %a = nn.unsqueeze %x {axes = array<i64: 0>} : (tensor<?x3x4xf32>) -> tensor<1x?x3x4xf32>
  %b = nn.squeeze %a {axes = array<i64: 0>} : (tensor<1x?x3x4xf32>) -> tensor<?x3x4xf32>
  %c = nn.reshape %x, %s : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<?x12xf32>
  %d = nn.reshape %c, %t : (tensor<?x12xf32>, tensor<2xi64>) -> tensor<?x6xf32>
  // CHECK: %[[S:.*]] = nn.constant dense<[-1, 6]>
  // CHECK-NEXT: %[[D:.*]] = nn.reshape %arg0, %[[S]]
  // CHECK-NEXT: return %arg0, %[[D]]
  return %b, %d : tensor<?x3x4xf32>, tensor<?x6xf32>
}

// What only symbolic extents prove.
// CHECK-LABEL: func.func @symbolic
func.func @symbolic(%x: tensor<?x?xf32> {nn.dims = ["n", "m"]}, %y: tensor<?x?xf32> {nn.dims = ["n", "m"]}, %z: tensor<1x?xf32> {nn.dims = ["1", "m"]}) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %s = nn.shape_of %y {begin = 0 : i64, end = 2 : i64} : (tensor<?x?xf32>) -> tensor<2xi64>
  %a = nn.reshape %x, %s : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %b = nn.broadcast_to %z, %s : (tensor<1x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %c = nn.binary add %x, %b : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  // CHECK-NEXT: %[[C:.*]] = nn.binary {{ *}}add %arg0, %arg2
  // CHECK-NEXT: return %arg0, %[[C]]
  return %a, %c : tensor<?x?xf32>, tensor<?x?xf32>
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<2x3xf32>, %e: tensor<0x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %zeros = nn.constant dense<0> : tensor<4xi64> : tensor<4xi64>
  %ones = nn.constant dense<1> : tensor<2xi64> : tensor<2xi64>
  %starts = nn.constant dense<[0]> : tensor<1xi64> : tensor<1xi64>
  %ends = nn.constant dense<[9]> : tensor<1xi64> : tensor<1xi64>
  %a = nn.slice %x, %starts, %ends {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  %b = nn.concat %x, %e {axis = 0 : i64} : (tensor<2x3xf32>, tensor<0x3xf32>) -> tensor<2x3xf32>
  %c = nn.pad constant %x, %zeros : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<2x3xf32>
  %d = nn.tile %x, %ones : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %f = nn.split %x {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0, %arg0
  return %a, %b, %c, %d, %f : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @concats
func.func @concats(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<7xf32> {
  %a = nn.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  // CHECK: nn.concat %arg0, %arg0, %arg1
  %b = nn.concat %x, %a {axis = 0 : i64} : (tensor<2xf32>, tensor<5xf32>) -> tensor<7xf32>
  return %b : tensor<7xf32>
}

// CHECK-LABEL: func.func @reductions
func.func @reductions(%x: tensor<2x1xf32>) -> (tensor<2xf32>, tensor<2x1xf32>) {
  %a = nn.reduce mean %x {axes = array<i64: 1>} : (tensor<2x1xf32>) -> tensor<2xf32>
  %b = nn.reduce max %x {axes = array<i64: 1>, keepdims} : (tensor<2x1xf32>) -> tensor<2x1xf32>
  // CHECK-NEXT: %[[A:.*]] = nn.squeeze %arg0
  // CHECK-NEXT: return %[[A]], %arg0
  return %a, %b : tensor<2xf32>, tensor<2x1xf32>
}

// CHECK-LABEL: func.func @pad_conv
func.func @pad_conv(%x: tensor<1x2x5x5xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<1x3x5x6xf32> {
  %pads = nn.constant dense<[0, 0, 1, 1, 0, 0, 1, 2]> : tensor<8xi64> : tensor<8xi64>
  %p = nn.pad constant %x, %pads : (tensor<1x2x5x5xf32>, tensor<8xi64>) -> tensor<1x2x7x8xf32>
  // CHECK: nn.conv %arg0, %arg1 {{.*}}pads = array<i64: 1, 1, 1, 2>
  %y = nn.conv %p, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x7x8xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x5x6xf32>
  return %y : tensor<1x3x5x6xf32>
}

// CHECK-LABEL: func.func @known_branch
func.func @known_branch(%x: tensor<4xf32>) -> tensor<?xf32> {
  %false = nn.constant dense<false> : tensor<1xi1> : tensor<1xi1>
  // CHECK-NEXT: %[[Y:.*]] = nn.unary {{ *}}exp %arg0
  // CHECK-NEXT: return %[[Y]] : tensor<4xf32>
  %y = nn.if %false {
    nn.yield %x : tensor<4xf32>
  } else {
    %e = nn.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
    nn.yield %e : tensor<4xf32>
  } : (tensor<1xi1>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @shape_parts
func.func @shape_parts(%x: tensor<?x?x?xf32>) -> (tensor<i64>, tensor<2xi64>) {
  %i = nn.constant dense<-1> : tensor<i64> : tensor<i64>
  %starts = nn.constant dense<[1]> : tensor<1xi64> : tensor<1xi64>
  %ends = nn.constant dense<[9]> : tensor<1xi64> : tensor<1xi64>
  // CHECK-DAG: %[[P:.*]] = nn.shape_of %arg0 {begin = 2 : i64, end = 3 : i64}
  // CHECK-DAG: %[[S:.*]] = nn.squeeze %[[P]]
  // CHECK-DAG: %[[Q:.*]] = nn.shape_of %arg0 {begin = 1 : i64, end = 3 : i64}
  // CHECK: return %[[S]], %[[Q]]
  %s = nn.shape_of %x {begin = 0 : i64, end = 3 : i64} : (tensor<?x?x?xf32>) -> tensor<3xi64>
  %g = nn.gather %s, %i {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %p = nn.slice %s, %starts, %ends {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<3xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  return %g, %p : tensor<i64>, tensor<2xi64>
}

// A product transposes its factors itself; other dims must stay where they are.
// CHECK-LABEL: func.func @transposed_factors
func.func @transposed_factors(%a: tensor<2x4x3xf32>, %b: tensor<2x5x4xf32>) -> (tensor<2x3x5xf32>, tensor<4x3x2xf32>) {
  // CHECK: nn.matmul %arg0, %arg1 {transpose_a, transpose_b}
  // CHECK: %[[T:.*]] = nn.transpose %arg0 {perm = array<i64: 1, 2, 0>}
  // CHECK: nn.matmul %[[T]], {{.*}} : (tensor<4x3x2xf32>
  %0 = nn.transpose %a {perm = array<i64: 0, 2, 1>} : (tensor<2x4x3xf32>) -> tensor<2x3x4xf32>
  %1 = nn.transpose %b {perm = array<i64: 0, 2, 1>} : (tensor<2x5x4xf32>) -> tensor<2x4x5xf32>
  %2 = nn.matmul %0, %1 : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
  %3 = nn.transpose %a {perm = array<i64: 1, 2, 0>} : (tensor<2x4x3xf32>) -> tensor<4x3x2xf32>
  %4 = nn.constant dense<2.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %5 = nn.matmul %3, %4 : (tensor<4x3x2xf32>, tensor<2x2xf32>) -> tensor<4x3x2xf32>
  return %2, %5 : tensor<2x3x5xf32>, tensor<4x3x2xf32>
}

// -----

// A list that grows is continued where it was put together last; one that begins otherwise is not.
// CHECK-LABEL: func.func @growing_lists
// CHECK: %[[A:.*]] = nn.concat %arg0, %arg1 {{.*}} -> tensor<1x8x5xf32>
// CHECK: %[[B:.*]] = nn.concat %[[A]], %arg2 {{.*}} -> tensor<1x12x5xf32>
// CHECK: nn.concat %arg1, %arg0, %arg2
// CHECK: nn.concat %[[B]], %arg0 {{.*}} -> tensor<1x16x5xf32>
func.func @growing_lists(%x: tensor<1x4x5xf32>, %y: tensor<1x4x5xf32>, %z: tensor<1x4x5xf32>) -> (tensor<1x8x5xf32>, tensor<1x12x5xf32>, tensor<1x12x5xf32>, tensor<1x16x5xf32>) {
  %a = nn.concat %x, %y {axis = 1} : (tensor<1x4x5xf32>, tensor<1x4x5xf32>) -> tensor<1x8x5xf32>
  %b = nn.concat %x, %y, %z {axis = 1} : (tensor<1x4x5xf32>, tensor<1x4x5xf32>, tensor<1x4x5xf32>) -> tensor<1x12x5xf32>
  %c = nn.concat %y, %x, %z {axis = 1} : (tensor<1x4x5xf32>, tensor<1x4x5xf32>, tensor<1x4x5xf32>) -> tensor<1x12x5xf32>
  %d = nn.concat %x, %y, %z, %x {axis = 1} : (tensor<1x4x5xf32>, tensor<1x4x5xf32>, tensor<1x4x5xf32>, tensor<1x4x5xf32>) -> tensor<1x16x5xf32>
  return %a, %b, %c, %d : tensor<1x8x5xf32>, tensor<1x12x5xf32>, tensor<1x12x5xf32>, tensor<1x16x5xf32>
}

// -----

// What is done to two tensors transposed alike is done before: one transpose is left, and it may meet another. Where both
// have other uses it would be a third.
// CHECK-LABEL: func.func @alike
// CHECK: %[[T:.*]] = nn.transpose %arg1 {perm = array<i64: 0, 2, 1>}
// CHECK: %[[S:.*]] = nn.binary {{ *}}add %arg0, %arg1 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK: %[[U:.*]] = nn.transpose %arg0 {perm = array<i64: 0, 2, 1>}
// CHECK: %[[P:.*]] = nn.binary {{ *}}mul %[[T]], %[[U]]
// CHECK: return %[[S]], %[[T]], %[[U]], %[[P]]
func.func @alike(%x: tensor<2x3x4xf32>, %y: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>) {
  %0 = nn.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %1 = nn.transpose %y {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %2 = nn.binary add %0, %1 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %3 = nn.transpose %2 {perm = array<i64: 0, 2, 1>} : (tensor<2x4x3xf32>) -> tensor<2x3x4xf32>
  %4 = nn.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %5 = nn.binary mul %1, %4 : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  return %3, %1, %4, %5 : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>
}

// -----

// The places that are not zero in what is known: of a list of ones they are the numbers below its length.
// CHECK-LABEL: func.func @known_places
// CHECK-DAG: %[[A:.*]] = nn.constant dense<{{\[}}[0, 1, 2, 3]]> : tensor<1x4xi64>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<{{\[}}[0, 1, 1], [2, 0, 1]]> : tensor<2x3xi64>
// CHECK-DAG: %[[C:.*]] = nn.constant dense<> : tensor<1x0xi64>
// CHECK-DAG: %[[D:.*]] = nn.non_zero %arg0
// CHECK: return %[[A]], %[[B]], %[[C]], %[[D]]
func.func @known_places(%x: tensor<2x3xf32>) -> (tensor<1x?xi64>, tensor<2x?xi64>, tensor<1x?xi64>, tensor<2x?xi64>) {
  %shape = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  %one = nn.constant dense<1> : tensor<1xi64> : tensor<1xi64>
  %ones = nn.fill %shape, %one : (tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %a = nn.non_zero %ones : (tensor<4xi64>) -> tensor<1x?xi64>
  %some = nn.constant dense<[[false, false, true], [true, true, false]]> : tensor<2x3xi1> : tensor<2x3xi1>
  %b = nn.non_zero %some : (tensor<2x3xi1>) -> tensor<2x?xi64>
  %none = nn.constant dense<0.0> : tensor<3xf32> : tensor<3xf32>
  %c = nn.non_zero %none : (tensor<3xf32>) -> tensor<1x?xi64>
  %d = nn.non_zero %x : (tensor<2x3xf32>) -> tensor<2x?xi64>
  return %a, %b, %c, %d : tensor<1x?xi64>, tensor<2x?xi64>, tensor<1x?xi64>, tensor<2x?xi64>
}

// -----

// The only element of a dim is picked by naming the dim otherwise; an index that only the run knows may be out of range.
// CHECK-LABEL: func.func @only_element
// CHECK-DAG: %[[A:.*]] = nn.squeeze %arg0 {axes = array<i64: 1>} : (tensor<?x1x4xf32>) -> tensor<?x4xf32>
// CHECK-DAG: %[[C:.*]] = nn.unsqueeze %arg0 {axes = array<i64: 2>} : (tensor<?x1x4xf32>) -> tensor<?x1x1x4xf32>
// CHECK-DAG: %[[D:.*]] = nn.gather %arg0, %arg1
// CHECK: return %[[A]], %arg0, %[[C]], %[[D]]
func.func @only_element(%x: tensor<?x1x4xf32>, %any: tensor<i64>) -> (tensor<?x4xf32>, tensor<?x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x4xf32>) {
  %zero = nn.constant dense<0> : tensor<i64> : tensor<i64>
  %last = nn.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %rows = nn.constant dense<0> : tensor<1x1xi64> : tensor<1x1xi64>
  %a = nn.gather %x, %zero {axis = 1 : i64} : (tensor<?x1x4xf32>, tensor<i64>) -> tensor<?x4xf32>
  %b = nn.gather %x, %last {axis = 1 : i64} : (tensor<?x1x4xf32>, tensor<1xi64>) -> tensor<?x1x4xf32>
  %c = nn.gather %x, %rows {axis = 1 : i64} : (tensor<?x1x4xf32>, tensor<1x1xi64>) -> tensor<?x1x1x4xf32>
  %d = nn.gather %x, %any {axis = 1 : i64} : (tensor<?x1x4xf32>, tensor<i64>) -> tensor<?x4xf32>
  return %a, %b, %c, %d : tensor<?x4xf32>, tensor<?x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x4xf32>
}
// -----
// Taps that read nothing but padding at every output are cut off: 24 pixels away there is nothing in an image of 16.
// CHECK-LABEL: @far_taps
// CHECK: %[[W:.*]] = nn.slice %{{.*}}, %{{.*}}, %{{.*}} {axes = array<i64: 2, 3>{{.*}} -> tensor<3x2x1x3xf32>
// CHECK: nn.conv %{{.*}}, %[[W]] {dilations = array<i64: 24, 12>, groups = 1 : i64, pads = array<i64: 0, 12, 0, 12>
func.func @far_taps(%x: tensor<1x2x16x16xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<1x3x16x16xf32> {
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 24, 12, 24, 12>, dilations = array<i64: 24, 12>, groups = 1 : i64} : (tensor<1x2x16x16xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x16x16xf32>
  return %y : tensor<1x3x16x16xf32>
}
// -----
// On one side only, and not more than there is padding to go with them: 5 of 12 pixels.
// CHECK-LABEL: @far_taps_of_one_side
// CHECK: nn.slice {{.*}} -> tensor<3x2x2xf32>
// CHECK: pads = array<i64: 5, 0>
func.func @far_taps_of_one_side(%x: tensor<1x2x12xf32>, %w: tensor<3x2x3xf32>) -> tensor<1x3x5xf32> {
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 5, 12>, dilations = array<i64: 12>, groups = 1 : i64} : (tensor<1x2x12xf32>, tensor<3x2x3xf32>) -> tensor<1x3x5xf32>
  return %y : tensor<1x3x5xf32>
}

// Bytes are transposed as bytes, and become numbers in the kernel that follows; wider elements stay as they are, and so do
// bytes that something else takes as numbers.
// CHECK-LABEL: func.func @picture
func.func @picture(%x: tensor<1x8x8x3xui8>, %y: tensor<8x4xf16>) -> (tensor<1x3x8x8xf32>, tensor<4x8xf32>, tensor<1x3x8x8xf32>, tensor<1x8x8x3xf32>) {
  // CHECK: %[[T:.*]] = nn.transpose %arg0 {{.*}} -> tensor<1x3x8x8xui8>
  // CHECK: nn.cast %[[T]]
  // CHECK: %[[H:.*]] = nn.cast %arg1
  // CHECK: nn.transpose %[[H]]
  // CHECK: %[[C:.*]] = nn.cast %arg0
  // CHECK: nn.transpose %[[C]]
  %0 = nn.cast %x : (tensor<1x8x8x3xui8>) -> tensor<1x8x8x3xf32>
  %1 = nn.transpose %0 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %2 = nn.cast %y : (tensor<8x4xf16>) -> tensor<8x4xf32>
  %3 = nn.transpose %2 {perm = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %4 = nn.cast %x {saturate = false} : (tensor<1x8x8x3xui8>) -> tensor<1x8x8x3xf32>
  %5 = nn.transpose %4 {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  return %1, %3, %5, %4 : tensor<1x3x8x8xf32>, tensor<4x8xf32>, tensor<1x3x8x8xf32>, tensor<1x8x8x3xf32>
}

// A window that is the whole image makes a product, for all images of the batch together.
// CHECK-LABEL: @whole_window
func.func @whole_window(%x: tensor<?x128x3x3xf32>) -> tensor<?x512x1x1xf32> {
  // CHECK-DAG: %[[W:.*]] = nn.reshape {{.*}} -> tensor<512x1152xf32>
  // CHECK-DAG: %[[X:.*]] = nn.flatten %arg0 {axis = 1 : i64} : (tensor<?x128x3x3xf32>) -> tensor<?x1152xf32>
  // CHECK: %[[Y:.*]] = nn.matmul %[[X]], %[[W]] {transpose_b}
  // CHECK: nn.binary {{ *}}add %[[Y]]
  // CHECK: nn.unsqueeze {{.*}}axes = array<i64: 2, 3>
  %w = nn.constant dense<0.5> : tensor<512x128x3x3xf32> : tensor<512x128x3x3xf32>
  %b = nn.constant dense<0.25> : tensor<512xf32> : tensor<512xf32>
  %y = nn.conv %x, %w, %b {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<?x128x3x3xf32>, tensor<512x128x3x3xf32>, tensor<512xf32>) -> tensor<?x512x1x1xf32>
  return %y : tensor<?x512x1x1xf32>
}

// Padding, or few weights, leave it a convolution.
// CHECK-LABEL: @no_whole_window
func.func @no_whole_window(%x: tensor<1x128x3x3xf32>, %z: tensor<1x64x1x1xf32>) -> (tensor<1x512x3x3xf32>, tensor<1x16x1x1xf32>) {
  // CHECK-COUNT-2: nn.conv
  %w = nn.constant dense<0.5> : tensor<512x128x3x3xf32> : tensor<512x128x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x128x3x3xf32>, tensor<512x128x3x3xf32>) -> tensor<1x512x3x3xf32>
  %v = nn.constant dense<0.5> : tensor<16x64x1x1xf32> : tensor<16x64x1x1xf32>
  %u = nn.conv %z, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x1x1xf32>, tensor<16x64x1x1xf32>) -> tensor<1x16x1x1xf32>
  return %y, %u : tensor<1x512x3x3xf32>, tensor<1x16x1x1xf32>
}
