// RUN: nnc-opt %s -nn-form-byte-weights --split-input-file | FileCheck %s

// Scales apply to sums; zero points of which nothing is left but bytes are taken off the constant.
// CHECK-LABEL: func.func @centered
// CHECK: %[[W:.*]] = nn.constant dense<{{\[\[}}-128, 0], [127, 2{{\]\]}}> : tensor<2x2xi8>
// CHECK: %[[S:.*]] = nn.matmul %arg0, %[[W]] : (tensor<?x2xf32>, tensor<2x2xi8>) -> tensor<?x2xf32>
// CHECK: %[[Y:.*]] = nn.binary {{ *}}mul %[[S]], %{{.*}} : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
// CHECK: return %[[Y]]
func.func @centered(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %s = nn.constant dense<[0.5, 0.25]> : tensor<2xf32> : tensor<2xf32>
  %z = nn.constant dense<[128, 127]> : tensor<2xui8> : tensor<2xui8>
  %w = nn.constant dense<[[0, 127], [255, 129]]> : tensor<2x2xui8> : tensor<2x2xui8>
  %b = nn.dequantize %w, %s, %z {axis = 1 : i64} : (tensor<2x2xui8>, tensor<2xf32>, tensor<2xui8>) -> tensor<2x2xf32>
  %y = nn.matmul %x, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
// -----
// Others are taken off the sums.
// CHECK-LABEL: func.func @row_sums
// CHECK: %[[R:.*]] = nn.reduce {{ *}}sum %arg0 {axes = array<i64: 1>, keepdims} : (tensor<3x2xf32>) -> tensor<3x1xf32>
// CHECK: %[[Z:.*]] = nn.cast {{.*}} : (tensor<2xui8>) -> tensor<2xf32>
// CHECK: %[[P:.*]] = nn.binary {{ *}}mul %[[R]], %[[Z]] : (tensor<3x1xf32>, tensor<2xf32>) -> tensor<3x2xf32>
// CHECK: %[[S:.*]] = nn.matmul %arg0, %{{.*}} : (tensor<3x2xf32>, tensor<2x2xui8>) -> tensor<3x2xf32>
// CHECK: %[[D:.*]] = nn.binary {{ *}}sub %[[S]], %[[P]]
// CHECK: nn.binary {{ *}}mul %[[D]]
func.func @row_sums(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %s = nn.constant dense<[0.5, 0.25]> : tensor<2xf32> : tensor<2xf32>
  %z = nn.constant dense<[100, 127]> : tensor<2xui8> : tensor<2xui8>
  %w = nn.constant dense<[[0, 127], [255, 129]]> : tensor<2x2xui8> : tensor<2x2xui8>
  %b = nn.dequantize %w, %s, %z {axis = 1 : i64} : (tensor<2x2xui8>, tensor<2xf32>, tensor<2xui8>) -> tensor<2x2xf32>
  %y = nn.matmul %x, %b : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
// -----
// Bytes are moved as the reals were, before they became reals and after; of a table of words only rows become reals.
// CHECK-LABEL: func.func @tied
// CHECK: %[[G:.*]] = nn.gather %[[W:.*]], %arg1 {{.*}} : (tensor<9x4xui8>, tensor<3xi64>) -> tensor<3x4xui8>
// CHECK: nn.dequantize %[[G]]
// CHECK: %[[C:.*]] = nn.constant dense<5> : tensor<9x4xi8>
// CHECK: %[[T:.*]] = nn.transpose %[[C]] {perm = array<i64: 1, 0>} : (tensor<9x4xi8>) -> tensor<4x9xi8>
// CHECK: nn.matmul %arg0, %[[T]]
func.func @tied(%x: tensor<3x4xf32>, %i: tensor<3xi64>) -> (tensor<3x4xf32>, tensor<3x9xf32>) {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8> : tensor<ui8>
  %w = nn.constant dense<12> : tensor<9x4xui8> : tensor<9x4xui8>
  %r = nn.dequantize %w, %s, %z {axis = 0 : i64} : (tensor<9x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<9x4xf32>
  %g = nn.gather %r, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %t = nn.transpose %w {perm = array<i64: 1, 0>} : (tensor<9x4xui8>) -> tensor<4x9xui8>
  %b = nn.dequantize %t, %s, %z {axis = 0 : i64} : (tensor<4x9xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x9xf32>
  %y = nn.matmul %x, %b : (tensor<3x4xf32>, tensor<4x9xf32>) -> tensor<3x9xf32>
  return %g, %y : tensor<3x4xf32>, tensor<3x9xf32>
}
// -----
// Scales that change every two rows are panels beside those of the numbers.
// CHECK-LABEL: func.func @blocked
// CHECK: %[[W:.*]] = nn.constant dense<{{\[\[}}[-3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [-2, 2, 0, {{.*}}], [2, 1, 0, {{.*}}], [3, 2, 0, {{.*}}]{{\]\]}}> : tensor<1x4x16xi8>
// CHECK: %[[S:.*]] = nn.constant dense<{{\[\[}}[5.000000e-01, 2.500000e-01, 0.000000e+00, {{.*}}], [1.000000e+00, 2.000000e+00, 0.000000e+00, {{.*}}]{{\]\]}}> : tensor<1x2x16xf32>
// CHECK: nn.packed_matmul %arg0, %[[W]], %[[S]] {columns = 2 : i64} : (tensor<3x4xf32>, tensor<1x4x16xi8>, tensor<1x2x16xf32>) -> tensor<3x2xf32>
func.func @blocked(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %s = nn.constant dense<[[0.5, 1.0], [0.25, 2.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %z = nn.constant dense<[[8, 5], [8, 9]]> : tensor<2x2xui8> : tensor<2x2xui8>
  %w = nn.constant dense<[[5, 6, 7, 8], [9, 10, 10, 11]]> : tensor<2x4xui8> : tensor<2x4xui8>
  %b = nn.dequantize %w, %s, %z {axis = 1 : i64, block_size = 2 : i64} : (tensor<2x4xui8>, tensor<2x2xf32>, tensor<2x2xui8>) -> tensor<2x4xf32>
  %y = nn.matmul %x, %b {transpose_b} : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
// -----
// Numbers of four bits lie eight in a word: -8 to -1 and then 0 to 7.
// CHECK-LABEL: func.func @words
// CHECK: %[[W:.*]] = nn.constant dense<{{\[\[}}[-19088744, 0, {{.*}}], [1985229328, 0, {{.*}}]{{\]\]}}> : tensor<1x2x16xi32>
// CHECK: %[[S:.*]] = nn.constant dense<{{\[\[}}[5.000000e-01, 0.000000e+00, {{.*}}], [2.500000e-01, 0.000000e+00, {{.*}}]{{\]\]}}> : tensor<1x2x16xf32>
// CHECK: nn.packed_matmul %arg0, %[[W]], %[[S]] {columns = 1 : i64} : (tensor<3x16xf32>, tensor<1x2x16xi32>, tensor<1x2x16xf32>) -> tensor<3x1xf32>
func.func @words(%x: tensor<3x16xf32>) -> tensor<3x1xf32> {
  %s = nn.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %w = nn.constant dense<[[-8], [-7], [-6], [-5], [-4], [-3], [-2], [-1], [0], [1], [2], [3], [4], [5], [6], [7]]> : tensor<16x1xi8> : tensor<16x1xi8>
  %b = nn.dequantize %w, %s {axis = 0 : i64, block_size = 8 : i64} : (tensor<16x1xi8>, tensor<2x1xf32>) -> tensor<16x1xf32>
  %y = nn.matmul %x, %b : (tensor<3x16xf32>, tensor<16x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
// -----
// A block of other numbers that are neighbours is taken to -8 to 7, and what that takes away is added to the scaled ones: 3
// times 18, and nothing in the other block.
// CHECK-LABEL: func.func @shifted
// CHECK: %[[W:.*]] = nn.constant dense<{{\[\[}}[-1985229329, 0, {{.*}}], [286331153, 0, {{.*}}]{{\]\]}}> : tensor<1x2x16xi32>
// CHECK: %[[S:.*]] = nn.constant dense<{{\[\[}}[3.000000e+00, {{.*}}, 5.400000e+01, 0.000000e+00, {{.*}}], [2.000000e+00, {{.*}}, 0.000000e+00]{{\]\]}}> : tensor<1x2x32xf32>
// CHECK: nn.packed_matmul %arg0, %[[W]], %[[S]]
func.func @shifted(%x: tensor<3x16xf32>) -> tensor<3x1xf32> {
  %s = nn.constant dense<[[3.0], [2.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %w = nn.constant dense<[[17], [16], [15], [14], [13], [12], [11], [10], [1], [1], [1], [1], [1], [1], [1], [1]]> : tensor<16x1xi8> : tensor<16x1xi8>
  %b = nn.dequantize %w, %s {axis = 0 : i64, block_size = 8 : i64} : (tensor<16x1xi8>, tensor<2x1xf32>) -> tensor<16x1xf32>
  %y = nn.matmul %x, %b : (tensor<3x16xf32>, tensor<16x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
// -----
// A scale for a whole column does not keep numbers of four bits from being words; of bytes it multiplies the sums.
// CHECK-LABEL: func.func @columns
// CHECK: nn.packed_matmul %arg0, {{.*}} : (tensor<3x8xf32>, tensor<1x1x16xi32>, tensor<1x1x16xf32>) -> tensor<3x2xf32>
// CHECK: nn.matmul %arg0, {{.*}} : (tensor<3x8xf32>, tensor<8x2xi8>) -> tensor<3x2xf32>
func.func @columns(%x: tensor<3x8xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %s = nn.constant dense<[0.5, 0.25]> : tensor<2xf32> : tensor<2xf32>
  %w = nn.constant dense<[[1, 2], [3, 4], [5, 6], [7, 0], [-1, -2], [-3, -4], [-5, -6], [-7, -8]]> : tensor<8x2xi8> : tensor<8x2xi8>
  %v = nn.constant dense<[[1, 2], [3, 4], [5, 6], [7, 0], [-1, -2], [-3, -4], [-5, -6], [-7, -99]]> : tensor<8x2xi8> : tensor<8x2xi8>
  %b = nn.dequantize %w, %s {axis = 1 : i64} : (tensor<8x2xi8>, tensor<2xf32>) -> tensor<8x2xf32>
  %c = nn.dequantize %v, %s {axis = 1 : i64} : (tensor<8x2xi8>, tensor<2xf32>) -> tensor<8x2xf32>
  %y = nn.matmul %x, %b : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  %z = nn.matmul %x, %c : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}
// -----
// A scale for every step of the depth, and factors that only the run knows, stay products of reals.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-2: nn.matmul {{.*}}, tensor<4x4xf32>)
func.func @stays(%x: tensor<3x4xf32>, %v: tensor<4x4xi8>) -> tensor<3x4xf32> {
  %s = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %t = nn.constant dense<0.5> : tensor<4xf32> : tensor<4xf32>
  %w = nn.constant dense<3> : tensor<4x4xi8> : tensor<4x4xi8>
  %b = nn.dequantize %w, %t {axis = 0 : i64} : (tensor<4x4xi8>, tensor<4xf32>) -> tensor<4x4xf32>
  %y = nn.matmul %x, %b : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  %c = nn.dequantize %v, %s {axis = 0 : i64} : (tensor<4x4xi8>, tensor<f32>) -> tensor<4x4xf32>
  %z = nn.matmul %y, %c : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  return %z : tensor<3x4xf32>
}
