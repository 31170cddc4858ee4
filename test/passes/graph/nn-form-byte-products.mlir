// RUN: nnc-opt %s -nn-form-byte-products --split-input-file | FileCheck %s

// Both zero points: the left one meets the sums of columns, the right one those of rows, which are a product too.
// CHECK-LABEL: func.func @product
// CHECK: %[[P:.*]] = nn.matmul %arg0, %[[W:.*]] : (tensor<?x4xui8>, tensor<4x8xui8>) -> tensor<?x8xi32>
// CHECK: %[[C:.*]] = nn.reduce {{ *}}sum {{.*}} {axes = array<i64: 0>} : (tensor<4x8xi32>) -> tensor<8xi32>
// CHECK: %[[M:.*]] = nn.binary {{ *}}mul %[[C]]
// CHECK: %[[Q:.*]] = nn.binary {{ *}}sub %[[P]], %[[M]]
// CHECK: %[[ONES:.*]] = nn.constant dense<1> : tensor<4x1xi8>
// CHECK: %[[R:.*]] = nn.matmul %arg0, %[[ONES]] {{.*}} -> tensor<?x1xi32>
// CHECK: %[[N:.*]] = nn.binary {{ *}}mul %[[R]]
// CHECK: %[[S:.*]] = nn.binary {{ *}}sub %[[Q]], %[[N]]
// CHECK: %[[T:.*]] = nn.binary {{ *}}mul {{.*}} : (tensor<f32>, tensor<f32>) -> tensor<f32>
// CHECK: %[[F:.*]] = nn.cast %[[S]] {{.*}} -> tensor<?x8xf32>
// CHECK: nn.binary {{ *}}mul %[[F]], %[[T]]
func.func @product(%x: tensor<?x4xui8>) -> tensor<?x8xf32> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8> : tensor<ui8>
  %w = nn.constant dense<3> : tensor<4x8xui8> : tensor<4x8xui8>
  %a = nn.dequantize %x, %s, %z {axis = 0 : i64} : (tensor<?x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<?x4xf32>
  %b = nn.dequantize %w, %s, %z {axis = 0 : i64} : (tensor<4x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x8xf32>
  %y = nn.matmul %a, %b : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
// -----
// A scale for every column that is a row until it is transposed; zero points of 0 leave nothing behind.
// CHECK-LABEL: func.func @columns
// CHECK: %[[T:.*]] = nn.transpose {{.*}} : (tensor<8x4xi8>) -> tensor<4x8xi8>
// CHECK: %[[P:.*]] = nn.matmul %arg0, %[[T]]
// CHECK-NOT: nn.binary {{ *}}sub
// CHECK: nn.binary {{ *}}mul {{.*}} : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
func.func @columns(%x: tensor<3x4xi8>) -> tensor<3x8xf32> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %t = nn.constant dense<0.5> : tensor<8xf32> : tensor<8xf32>
  %z = nn.constant dense<0> : tensor<8xi8> : tensor<8xi8>
  %w = nn.constant dense<3> : tensor<8x4xi8> : tensor<8x4xi8>
  %a = nn.dequantize %x, %s {axis = 0 : i64} : (tensor<3x4xi8>, tensor<f32>) -> tensor<3x4xf32>
  %b = nn.dequantize %w, %t, %z {axis = 0 : i64} : (tensor<8x4xi8>, tensor<8xf32>, tensor<8xi8>) -> tensor<8x4xf32>
  %c = nn.transpose %b {perm = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %y = nn.matmul %a, %c : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}
// -----
// A scale for every step of the depth, and factors that only the run knows, stay products of reals.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-2: nn.matmul {{.*}} -> tensor<3x4xf32>
func.func @stays(%x: tensor<3x4xi8>, %v: tensor<4x4xi8>) -> tensor<3x4xf32> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %t = nn.constant dense<0.5> : tensor<4xf32> : tensor<4xf32>
  %w = nn.constant dense<3> : tensor<4x4xi8> : tensor<4x4xi8>
  %a = nn.dequantize %x, %s {axis = 0 : i64} : (tensor<3x4xi8>, tensor<f32>) -> tensor<3x4xf32>
  %b = nn.dequantize %w, %t {axis = 0 : i64} : (tensor<4x4xi8>, tensor<4xf32>) -> tensor<4x4xf32>
  %y = nn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  %c = nn.dequantize %v, %s {axis = 0 : i64} : (tensor<4x4xi8>, tensor<f32>) -> tensor<4x4xf32>
  %z = nn.matmul %y, %c : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  return %z : tensor<3x4xf32>
}
// -----
// CHECK-LABEL: func.func @convolution
// CHECK: %[[Z:.*]] = nn.binary {{ *}}sub
// CHECK: %[[Y:.*]] = nn.conv %[[Z]], %{{.*}} : (tensor<1x3x8x8xi32>, tensor<8x3x3x3xi8>) -> tensor<1x8x8x8xi32>
// CHECK: nn.cast %[[Y]]
// CHECK: nn.unsqueeze {{.*}} -> tensor<8x1x1xf32>
// CHECK: nn.binary {{ *}}add
func.func @convolution(%x: tensor<1x3x8x8xui8>) -> tensor<1x8x8x8xf32> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8> : tensor<ui8>
  %t = nn.constant dense<0.5> : tensor<8xf32> : tensor<8xf32>
  %w = nn.constant dense<3> : tensor<8x3x3x3xi8> : tensor<8x3x3x3xi8>
  %a = nn.dequantize %x, %s, %z {axis = 0 : i64} : (tensor<1x3x8x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3x8x8xf32>
  %b = nn.dequantize %w, %t {axis = 0 : i64} : (tensor<8x3x3x3xi8>, tensor<8xf32>) -> tensor<8x3x3x3xf32>
  %y = nn.conv %a, %b, %t {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  return %y : tensor<1x8x8x8xf32>
}
// -----
// The result's scale goes into the factors, through bias, relu and a residual; what is quantized is divided by 1.
// CHECK-LABEL: func.func @divided
// CHECK: nn.binary {{ *}}div {{.*}} : (tensor<f32>, tensor<f32>)
// CHECK: nn.binary {{ *}}div {{.*}} : (tensor<8xf32>, tensor<f32>)
// CHECK: %[[D:.*]] = nn.binary {{ *}}div {{.*}} : (tensor<f32>, tensor<f32>)
// CHECK: nn.dequantize %arg1, %[[D]]
// CHECK: %[[R:.*]] = nn.unary {{ *}}relu
// CHECK: %[[ONE:.*]] = nn.constant dense<1.000000e+00> : tensor<f32>
// CHECK: nn.quantize %[[R]], %[[ONE]] {
func.func @divided(%x: tensor<3x4xi8>, %r: tensor<3x8xi8>) -> tensor<3x8xi8> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %t = nn.constant dense<0.25> : tensor<f32> : tensor<f32>
  %b = nn.constant dense<3.0> : tensor<8xf32> : tensor<8xf32>
  %w = nn.constant dense<3> : tensor<4x8xi8> : tensor<4x8xi8>
  %0 = nn.dequantize %x, %s {axis = 0 : i64} : (tensor<3x4xi8>, tensor<f32>) -> tensor<3x4xf32>
  %1 = nn.dequantize %w, %s {axis = 0 : i64} : (tensor<4x8xi8>, tensor<f32>) -> tensor<4x8xf32>
  %2 = nn.dequantize %r, %s {axis = 0 : i64} : (tensor<3x8xi8>, tensor<f32>) -> tensor<3x8xf32>
  %3 = nn.matmul %0, %1 : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
  %4 = nn.binary add %3, %b : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %5 = nn.binary add %4, %2 : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %6 = nn.unary relu %5 : (tensor<3x8xf32>) -> tensor<3x8xf32>
  %7 = nn.quantize %6, %t {axis = 0 : i64} : (tensor<3x8xf32>, tensor<f32>) -> tensor<3x8xi8>
  return %7 : tensor<3x8xi8>
}
// -----
// What is no product is divided as the standard says.
// CHECK-LABEL: func.func @plain
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.unary
// CHECK-NEXT: nn.quantize
func.func @plain(%x: tensor<3x4xf32>) -> tensor<3x4xi8> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %r = nn.unary relu %x : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %q = nn.quantize %r, %s {axis = 0 : i64} : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xi8>
  return %q : tensor<3x4xi8>
}
