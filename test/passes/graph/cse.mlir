// RUN: nnc-opt %s -cse | FileCheck %s

// Upstream's pass knows all it needs: equal constants and pure ops merge, in regions too.
// CHECK-LABEL: func.func @cse
func.func @cse(%c: tensor<i1>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK: %[[W:.*]] = nn.constant
  // CHECK-NOT: nn.constant
  // CHECK: %[[A:.*]] = nn.binary {{ *}}add %arg1, %[[W]]
  // CHECK-NEXT: nn.if
  // CHECK-NEXT: nn.yield %[[A]]
  %w = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %v = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %a = nn.binary add %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = nn.if %c {
    %b = nn.binary add %x, %v : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    nn.yield %b : tensor<2xf32>
  } else {
    nn.yield %x : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %a, %y : tensor<2xf32>, tensor<2xf32>
}

// The kind is part of an op, and so are the contents of regions.
// CHECK-LABEL: func.func @different
func.func @different(%c: tensor<i1>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  // CHECK: nn.unary {{ *}}exp
  // CHECK: nn.unary {{ *}}neg
  // CHECK-COUNT-2: nn.if
  %a = nn.unary exp %x : (tensor<2xf32>) -> tensor<2xf32>
  %b = nn.unary neg %x : (tensor<2xf32>) -> tensor<2xf32>
  %y = nn.if %c {
    nn.yield %a : tensor<2xf32>
  } else {
    nn.yield %b : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  %z = nn.if %c {
    nn.yield %b : tensor<2xf32>
  } else {
    nn.yield %a : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %a, %b, %y, %z : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
