// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s

// Inputs too large for the second-level cache, transformed, are not written by each of two threads that share the filters:
// the pieces are cut instead.
// CHECK: nn.plan = "Winograd F(4,3), {{[^"]*}}cut into 1 x 2"
func.func @main(%x: tensor<1x32x28x28x16xf32>, %u: tensor<36x8x512x16xf32>, %b: tensor<8x16xf32>) -> tensor<1x8x28x28x16xf32> {
  %y = nn.winograd_conv %x, %u, %b {pads = array<i64: 6, 6, 6, 6>, channels = 512 : i64, filters = 128 : i64, outputs = array<i64: 4, 4>, dilations = array<i64: 6, 6>} : (tensor<1x32x28x28x16xf32>, tensor<36x8x512x16xf32>, tensor<8x16xf32>) -> tensor<1x8x28x28x16xf32>
  return %y : tensor<1x8x28x28x16xf32>
}
