// RUN: nnc-opt %s -nn-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @reduce
func.func @reduce(%x: tensor<?x3x4xf32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xi64>) {
  // CHECK: nn.reduce mean {{.*}} -> tensor<?x1x1xf32>
  %0 = nn.reduce mean %x {axes = array<i64: 1, 2>, keepdims} : (tensor<?x3x4xf32>) -> tensor<*xf32>
  // CHECK: nn.reduce l2 {{.*}} -> tensor<3xf32>
  %1 = nn.reduce l2 %x {axes = array<i64: 0, 2>} : (tensor<?x3x4xf32>) -> tensor<*xf32>
  // CHECK: nn.arg_reduce max {{.*}} -> tensor<?x4xi64>
  %2 = nn.arg_reduce max %x {axis = 1 : i64} : (tensor<?x3x4xf32>) -> tensor<*xi64>
  return %0, %1, %2 : tensor<*xf32>, tensor<*xf32>, tensor<*xi64>
}

// CHECK-LABEL: func.func @same_shape
func.func @same_shape(%x: tensor<?x3x4xf32>) -> tensor<*xf32> {
  // CHECK: nn.softmax log_softmax {{.*}} -> tensor<?x3x4xf32>
  %0 = nn.softmax log_softmax %x {axis = 2 : i64} : (tensor<?x3x4xf32>) -> tensor<*xf32>
  // CHECK: nn.normalize standard {{.*}} -> tensor<?x3x4xf32>
  %1 = nn.normalize standard %0 {axes = array<i64: 1, 2>, epsilon = 1.0e-5 : f64} : (tensor<*xf32>) -> tensor<*xf32>
  // CHECK: nn.cumulative prod {{.*}} -> tensor<?x3x4xf32>
  %2 = nn.cumulative prod %1 {axis = 0 : i64, reverse} : (tensor<*xf32>) -> tensor<*xf32>
  // CHECK: nn.lrn {{.*}} -> tensor<?x3x4xf32>
  %3 = nn.lrn %2 {alpha = 1.0 : f64, beta = 0.75 : f64, bias = 1.0 : f64, size = 3 : i64} : (tensor<*xf32>) -> tensor<*xf32>
  return %3 : tensor<*xf32>
}

// CHECK-LABEL: func.func @top_k
func.func @top_k(%x: tensor<?x9xf32>) -> (tensor<*xf32>, tensor<*xi64>) {
  %k = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  // CHECK: nn.top_k {{.*}} -> (tensor<?x4xf32>, tensor<?x4xi64>)
  %v, %i = nn.top_k %x, %k {axis = 1 : i64} : (tensor<?x9xf32>, tensor<1xi64>) -> (tensor<*xf32>, tensor<*xi64>)
  return %v, %i : tensor<*xf32>, tensor<*xi64>
}
