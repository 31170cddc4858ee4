// RUN: nnc-opt %s -nn-flatten-normalizations -nn-sink-views -nn-form-groups | FileCheck %s

// Of an instance normalization, scale and shift of the channels, a residual and an activation are one kernel.
// CHECK-LABEL: func.func @instance
// CHECK-DAG: %[[X:.*]] = nn.reshape %arg0, {{.*}} -> tensor<2x8x30xf32>
// CHECK-DAG: %[[S:.*]] = nn.reshape %arg1, {{.*}} -> tensor<1x8x1xf32>
// CHECK-DAG: %[[R:.*]] = nn.reshape %arg2, {{.*}} -> tensor<2x8x30xf32>
// CHECK: %[[Y:.*]] = nn.group
// CHECK: nn.normalize standard {{.*}} {axes = array<i64: 2>
// CHECK: nn.binary mul
// CHECK: nn.binary add
// CHECK: nn.unary relu
// CHECK: nn.reshape %[[Y]], {{.*}} -> tensor<2x8x5x6xf32>
func.func @instance(%x: tensor<2x8x5x6xf32>, %s: tensor<8x1x1xf32>, %r: tensor<2x8x5x6xf32>) -> tensor<2x8x5x6xf32> {
  %0 = nn.normalize standard %x {axes = array<i64: 2, 3>, epsilon = 1.0E-5 : f64} : (tensor<2x8x5x6xf32>) -> tensor<2x8x5x6xf32>
  %1 = nn.binary mul %0, %s : (tensor<2x8x5x6xf32>, tensor<8x1x1xf32>) -> tensor<2x8x5x6xf32>
  %2 = nn.binary add %1, %r : (tensor<2x8x5x6xf32>, tensor<2x8x5x6xf32>) -> tensor<2x8x5x6xf32>
  %3 = nn.unary relu %2 : (tensor<2x8x5x6xf32>) -> tensor<2x8x5x6xf32>
  return %3 : tensor<2x8x5x6xf32>
}

// Layer normalization over two dims has a scale for every element.
// CHECK-LABEL: func.func @layer
// CHECK: nn.reshape %arg1, {{.*}} -> tensor<1x30xf32>
// CHECK: nn.group
// CHECK: nn.normalize standard {{.*}} {axes = array<i64: 1>
// CHECK: nn.binary mul
func.func @layer(%x: tensor<4x5x6xf32>, %s: tensor<5x6xf32>) -> tensor<4x5x6xf32> {
  %0 = nn.normalize standard %x {axes = array<i64: 1, 2>, epsilon = 1.0E-5 : f64} : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %1 = nn.binary mul %0, %s : (tensor<4x5x6xf32>, tensor<5x6xf32>) -> tensor<4x5x6xf32>
  return %1 : tensor<4x5x6xf32>
}

// What differs along one of the dims only has no place in a row.
// CHECK-LABEL: func.func @rows
// CHECK: nn.normalize
// CHECK-NEXT: nn.yield
// CHECK: nn.binary mul
func.func @rows(%x: tensor<4x5x6xf32>, %s: tensor<6xf32>) -> tensor<4x5x6xf32> {
  %0 = nn.normalize standard %x {axes = array<i64: 1, 2>, epsilon = 1.0E-5 : f64} : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %1 = nn.binary mul %0, %s : (tensor<4x5x6xf32>, tensor<6xf32>) -> tensor<4x5x6xf32>
  return %1 : tensor<4x5x6xf32>
}

// Axes that are not the last ones, extents of the run, and a result that is used twice stay.
// CHECK-LABEL: func.func @stays
// CHECK-NOT: nn.reshape
func.func @stays(%x: tensor<4x5x6xf32>, %d: tensor<4x?x6xf32>) -> (tensor<4x5x6xf32>, tensor<4x?x6xf32>, tensor<4x5x6xf32>, tensor<4x5x6xf32>) {
  %0 = nn.normalize standard %x {axes = array<i64: 0, 1>, epsilon = 1.0E-5 : f64} : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %1 = nn.unary relu %0 : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %2 = nn.normalize standard %d {axes = array<i64: 1, 2>, epsilon = 1.0E-5 : f64} : (tensor<4x?x6xf32>) -> tensor<4x?x6xf32>
  %3 = nn.unary relu %2 : (tensor<4x?x6xf32>) -> tensor<4x?x6xf32>
  %4 = nn.normalize standard %x {axes = array<i64: 1, 2>, epsilon = 1.0E-5 : f64} : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  %5 = nn.unary relu %4 : (tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  return %1, %3, %4, %5 : tensor<4x5x6xf32>, tensor<4x?x6xf32>, tensor<4x5x6xf32>, tensor<4x5x6xf32>
}

// The channels of a group are a dim of their own where they are scaled, and are long enough.
// CHECK-LABEL: func.func @group
// CHECK-DAG: nn.reshape %arg0, {{.*}} -> tensor<2x3x4x80xf32>
// CHECK-DAG: nn.reshape %arg1, {{.*}} -> tensor<1x3x4x1xf32>
// CHECK: nn.normalize standard {{.*}} {axes = array<i64: 2, 3>
// CHECK: nn.binary mul
// CHECK: nn.reshape {{.*}} -> tensor<2x12x8x10xf32>
func.func @group(%x: tensor<2x3x4x8x10xf32>, %s: tensor<12x1x1xf32>) -> tensor<2x12x8x10xf32> {
  %c = nn.constant dense<[2, 12, 8, 10]> : tensor<4xi64> : tensor<4xi64>
  %0 = nn.normalize standard %x {axes = array<i64: 2, 3, 4>, epsilon = 1.0E-5 : f64} : (tensor<2x3x4x8x10xf32>) -> tensor<2x3x4x8x10xf32>
  %1 = nn.reshape %0, %c : (tensor<2x3x4x8x10xf32>, tensor<4xi64>) -> tensor<2x12x8x10xf32>
  %2 = nn.binary mul %1, %s : (tensor<2x12x8x10xf32>, tensor<12x1x1xf32>) -> tensor<2x12x8x10xf32>
  return %2 : tensor<2x12x8x10xf32>
}
// CHECK-LABEL: func.func @short
// CHECK: nn.normalize standard {{.*}} {axes = array<i64: 2>
// CHECK-NEXT: nn.yield
func.func @short(%x: tensor<2x3x4x5x10xf32>, %s: tensor<12x1x1xf32>) -> tensor<2x12x5x10xf32> {
  %c = nn.constant dense<[2, 12, 5, 10]> : tensor<4xi64> : tensor<4xi64>
  %0 = nn.normalize standard %x {axes = array<i64: 2, 3, 4>, epsilon = 1.0E-5 : f64} : (tensor<2x3x4x5x10xf32>) -> tensor<2x3x4x5x10xf32>
  %1 = nn.reshape %0, %c : (tensor<2x3x4x5x10xf32>, tensor<4xi64>) -> tensor<2x12x5x10xf32>
  %2 = nn.binary mul %1, %s : (tensor<2x12x5x10xf32>, tensor<12x1x1xf32>) -> tensor<2x12x5x10xf32>
  return %2 : tensor<2x12x5x10xf32>
}

// Without axes every element is a row of its own, which takes nothing into its kernel.
// CHECK-LABEL: func.func @no_axes
// CHECK: nn.normalize
// CHECK-NEXT: nn.yield
func.func @no_axes(%x: tensor<4x100xf32>) -> tensor<4x100xf32> {
  %0 = nn.normalize standard %x {axes = array<i64>, epsilon = 1.0E-5 : f64} : (tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = nn.unary relu %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
