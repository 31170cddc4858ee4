// RUN: nnc-opt %s -nn-split-reductions --split-input-file | FileCheck %s

// Parts first, as many as divide the elements, at most 32; then what they gave.
// CHECK-LABEL: func.func @all
// CHECK: %[[X:.*]] = nn.reshape %arg0, {{.*}} -> tensor<1x32x8192xf32>
// CHECK: %[[P:.*]] = nn.reduce sum_square %[[X]] {axes = array<i64: 2>} : {{.*}} -> tensor<1x32xf32>
// CHECK: %[[Y:.*]] = nn.reduce {{ *}}sum %[[P]] {axes = array<i64: 1>} : {{.*}} -> tensor<1xf32>
// CHECK: nn.reshape %[[Y]], {{.*}} -> tensor<1x1xf32>
func.func @all(%x: tensor<512x512xf32>) -> tensor<1x1xf32> {
  %y = nn.reduce sum_square %x {axes = array<i64: 0, 1>, keepdims} : (tensor<512x512xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
// -----
// CHECK-LABEL: func.func @two
// CHECK: nn.reshape {{.*}} -> tensor<2x31x8191xi32>
// CHECK: nn.reduce {{ *}}max {{.*}} -> tensor<2x31xi32>
// CHECK: nn.reduce {{ *}}max {{.*}} -> tensor<2xi32>
func.func @two(%x: tensor<2x253921xi32>) -> tensor<2xi32> {
  %y = nn.reduce max %x {axes = array<i64: 1>} : (tensor<2x253921xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}
// -----
// CHECK-LABEL: func.func @logarithm
// CHECK: nn.reduce {{ *}}sum
// CHECK: nn.reduce {{ *}}log_sum
func.func @logarithm(%x: tensor<262144xf64>) -> tensor<f64> {
  %y = nn.reduce log_sum %x {axes = array<i64: 0>} : (tensor<262144xf64>) -> tensor<f64>
  return %y : tensor<f64>
}
// -----
// Few elements, many results, rows that are kept behind those that are not, parts that would be rounded to f16, a mean
// of integers, an extent that only the run knows, and a prime number of elements stay one reduction.
// CHECK-LABEL: func.func @stay
// CHECK-NOT: nn.reshape
// CHECK: return
func.func @stay(%a: tensor<1000xf32>, %b: tensor<8x65536xf32>, %c: tensor<131072x2xf32>, %d: tensor<262144xf16>, %e: tensor<262144xi32>, %f: tensor<?xf32>, %g: tensor<262147xf32>) -> (tensor<f32>, tensor<8xf32>, tensor<2xf32>, tensor<f16>, tensor<i32>, tensor<f32>, tensor<f32>) {
  %0 = nn.reduce sum %a {axes = array<i64: 0>} : (tensor<1000xf32>) -> tensor<f32>
  %1 = nn.reduce sum %b {axes = array<i64: 1>} : (tensor<8x65536xf32>) -> tensor<8xf32>
  %2 = nn.reduce sum %c {axes = array<i64: 0>} : (tensor<131072x2xf32>) -> tensor<2xf32>
  %3 = nn.reduce sum %d {axes = array<i64: 0>} : (tensor<262144xf16>) -> tensor<f16>
  %4 = nn.reduce mean %e {axes = array<i64: 0>} : (tensor<262144xi32>) -> tensor<i32>
  %5 = nn.reduce sum %f {axes = array<i64: 0>} : (tensor<?xf32>) -> tensor<f32>
  %6 = nn.reduce sum %g {axes = array<i64: 0>} : (tensor<262147xf32>) -> tensor<f32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<f32>, tensor<8xf32>, tensor<2xf32>, tensor<f16>, tensor<i32>, tensor<f32>, tensor<f32>
}
