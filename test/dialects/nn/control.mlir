// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// A dim on which both branches agree is known.
// CHECK-LABEL: func.func @if
func.func @if(%c: tensor<i1>, %x: tensor<2x?xf32>) -> tensor<*xf32> {
  // CHECK: nn.if %arg0 {
  // CHECK: } else {
  // CHECK: } : (tensor<i1>) -> tensor<2x?xf32>
  %y = nn.if %c {
    %e = nn.unary exp %x : (tensor<2x?xf32>) -> tensor<*xf32>
    nn.yield %e : tensor<*xf32>
  } else {
    %k = nn.constant dense<1.0> : tensor<2x3xf32> : tensor<2x3xf32>
    nn.yield %k : tensor<2x3xf32>
  } : (tensor<i1>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// Scanned values stack along a dim that only the run knows; carried ones keep their type.
// CHECK-LABEL: func.func @loop
func.func @loop(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<4xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.loop %arg0, %arg1, %arg2 {
  // CHECK: } {{.*}}: (tensor<i64>, tensor<i1>, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>)
  %y:2 = nn.loop %n, %c, %x {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %s: tensor<4xf32>):
    %e = nn.unary exp %s : (tensor<4xf32>) -> tensor<4xf32>
    nn.yield %go, %e, %s : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  } {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %y#0, %y#1 : tensor<*xf32>, tensor<*xf32>
}

// The region sees a row of each sequence; outputs are as long as the sequences.
// CHECK-LABEL: func.func @scan
func.func @scan(%x: tensor<4xf32>, %s: tensor<7x4xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  // CHECK: nn.scan %arg0, %arg1 {
  // CHECK: } {states = 1 : i64} : (tensor<4xf32>, tensor<7x4xf32>) -> (tensor<4xf32>, tensor<7x4xf32>)
  %y:2 = nn.scan %x, %s {
  ^bb0(%state: tensor<4xf32>, %row: tensor<4xf32>):
    %a = nn.binary add %state, %row : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    nn.yield %a, %a : tensor<4xf32>, tensor<4xf32>
  } {states = 1 : i64} : (tensor<4xf32>, tensor<7x4xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %y#0, %y#1 : tensor<*xf32>, tensor<*xf32>
}
