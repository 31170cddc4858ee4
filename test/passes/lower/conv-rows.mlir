// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s

// Rows of unknown length: four vectors at once, one, and where what is left is too short for that, a half and a quarter.
// CHECK-LABEL: func.func private @k0
// CHECK: vector<64xf32>
// CHECK: vector<16xf32>
// CHECK: vector<8xf32>
// CHECK: vector<4xf32>
func.func @main(%x: tensor<1x24x?x?xf32>) -> tensor<1x24x?x?xf32> {
  %w = nn.constant dense<0.5> : tensor<24x1x3x3xf32> : tensor<24x1x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 24 : i64} : (tensor<1x24x?x?xf32>, tensor<24x1x3x3xf32>) -> tensor<1x24x?x?xf32>
  return %y : tensor<1x24x?x?xf32>
}
