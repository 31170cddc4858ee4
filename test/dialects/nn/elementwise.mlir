// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s
// RUN: nnc-opt %s | nnc-opt | FileCheck %s --check-prefix=ROUNDTRIP

// Result types follow from the operands; numpy's broadcasting, also with extents that are unknown.
// CHECK-LABEL: func.func @shapes
// ROUNDTRIP-LABEL: func.func @shapes
func.func @shapes(%x: tensor<?x1x4xf32>, %y: tensor<3x1xf32>, %c: tensor<4xi1>) -> (tensor<*xf32>, tensor<*xi1>, tensor<*xf16>) {
  // ROUNDTRIP: nn.unary {{ *}}leaky_relu %arg0 {alpha = 1.000000e-01 : f64}
  // CHECK: nn.unary {{ *}}leaky_relu {{.*}} -> tensor<?x1x4xf32>
  %0 = nn.unary leaky_relu %x {alpha = 0.1 : f64} : (tensor<?x1x4xf32>) -> tensor<*xf32>
  // CHECK: nn.unary {{ *}}is_nan {{.*}} -> tensor<?x1x4xi1>
  %1 = nn.unary is_nan %x : (tensor<?x1x4xf32>) -> tensor<*xi1>
  // CHECK: nn.binary {{ *}}add {{.*}} -> tensor<?x3x4xf32>
  %2 = nn.binary add %x, %y : (tensor<?x1x4xf32>, tensor<3x1xf32>) -> tensor<*xf32>
  // CHECK: nn.compare {{ *}}le {{.*}} -> tensor<?x3x4xi1>
  %3 = nn.compare le %x, %y : (tensor<?x1x4xf32>, tensor<3x1xf32>) -> tensor<*xi1>
  // CHECK: nn.select {{.*}} -> tensor<?x3x4xf32>
  %4 = nn.select %c, %x, %y : (tensor<4xi1>, tensor<?x1x4xf32>, tensor<3x1xf32>) -> tensor<*xf32>
  // CHECK: nn.cast {{.*}} -> tensor<3x1xf16>
  %5 = nn.cast %y : (tensor<3x1xf32>) -> tensor<*xf16>
  return %4, %3, %5 : tensor<*xf32>, tensor<*xi1>, tensor<*xf16>
}
